package stack

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// resource is something that a function may be given access to.
type resource string

const (
	theTable resource = "Table"
	theIndex resource = "Index"
	theWork  resource = "Work"
	theDead  resource = "DeadLetters"
	theLost  resource = "Undelivered"
)

// grant is what a function's code does with a resource, as IAM calls it: the batch calls of SQS go by the name of the single
// call. The lists are written by hand because CDK's grants give more (scans, streams, purges); a test compares them with
// what the packages of each function ask of their stores and queues.
type grant struct {
	on      resource
	actions []string
}

var (
	// A run reads and writes rows, index and documents, and drops what it replaced.
	tableRuns = grant{theTable, []string{
		"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
	}}
	// The worker writes rows, owners and windows, draws on the budget, notes credentials that lead to another organisation, and
	// makes sure that the table is the one that the first plan was approved for.
	tableWorks = grant{theTable, []string{
		"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
	}}
	// The webhook marks rows as queued.
	tableHears = grant{theTable, []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}}
	// A replay sets rows pending; it reaches no EX Org and draws on no budget.
	tableReplays = grant{theTable, []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"}}
	tableShows   = grant{theTable, []string{"dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem"}}
	indexLists   = grant{theIndex, []string{"dynamodb:Query"}}

	workSends  = grant{theWork, []string{"sqs:SendMessage"}}
	workCounts = grant{theWork, []string{"sqs:GetQueueAttributes"}}
	// The event source mapping receives and deletes under the worker's role.
	workConsumes = grant{theWork, []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}}
	deadSends    = grant{theDead, []string{"sqs:SendMessage"}}
	deadCounts   = grant{theDead, []string{"sqs:GetQueueAttributes"}}
	deadMoves    = grant{theDead, []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}}
)

// role makes the role of a function. Its policy is part of the role and complete.
func (s *Stack) role(f function) awsiam.Role {
	document := awsiam.NewPolicyDocument(nil)
	document.AddStatements(s.statements(f)...)
	return awsiam.NewRole(s.Stack, jsii.String(constructOf(f.name)+"Role"), &awsiam.RoleProps{
		Description:    jsii.String("EXCS: what the function " + *s.called(f.name) + " may do"),
		AssumedBy:      awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"access": document},
	})
}

func (s *Stack) statements(f function) []awsiam.PolicyStatement {
	all := []awsiam.PolicyStatement{
		allow("Logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, s.logs[f.name].LogGroupArn()),
		// X-Ray has no resources.
		allow("Traces", []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, jsii.String("*")),
		allow("Settings", []string{"ssm:GetParameter"}, s.parameter.ParameterArn()),
	}
	if arns := s.secretsOf(f); len(arns) > 0 {
		all = append(all, allow("Secrets", []string{"secretsmanager:GetSecretValue"}, arns...))
	}
	for _, on := range []resource{theTable, theIndex, theWork, theDead} {
		if actions := f.actionsOn(on); len(actions) > 0 {
			all = append(all, allow(string(on), actions, s.arnOf(on)))
		}
	}
	if f.again != nil {
		all = append(all, allow(string(theLost), []string{"sqs:SendMessage"}, s.lost.QueueArn()))
	}
	if s.key != nil {
		all = append(all, s.keyStatement(f))
	}
	if f.database && s.network != nil {
		all = append(all, s.interfaces(f)...)
	}
	return all
}

// actionsOn joins what a function does with one resource.
func (f function) actionsOn(on resource) []string {
	set := map[string]bool{}
	for _, g := range f.grants {
		if g.on == on {
			for _, a := range g.actions {
				set[a] = true
			}
		}
	}
	return sortedKeys(set)
}

func (s *Stack) arnOf(on resource) *string {
	switch on {
	case theTable:
		return s.table.TableArn()
	case theIndex:
		return jsii.String(*s.table.TableArn() + "/index/" + indexName())
	case theWork:
		return s.work.QueueArn()
	default:
		return s.dead.QueueArn()
	}
}

// secretsOf lists the secrets whose names the function's environment holds.
func (s *Stack) secretsOf(f function) []*string {
	var arns []*string
	if f.database {
		arns = append(arns, s.secrets[engageSecret])
	}
	if f.organisation {
		arns = append(arns, s.secrets[s.exorgSecretOf(f.name)])
	}
	if f.name == webhook && s.secrets[webhookSecret] != nil {
		arns = append(arns, s.secrets[webhookSecret])
	}
	return arns
}

// keyStatement lets a function use the customer's key, through the services that hold its data and no other way.
func (s *Stack) keyStatement(f function) awsiam.PolicyStatement {
	actions := []string{"kms:Decrypt", "kms:DescribeKey"}
	if f.writes() {
		actions = append(actions, "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo")
	}
	via := []string{"dynamodb", "secretsmanager", "sqs"}
	for i, service := range via {
		via[i] = service + "." + *s.Region() + "." + *s.UrlSuffix()
	}
	statement := allow("Key", actions, s.key.KeyArn())
	statement.AddCondition(jsii.String("StringEquals"), map[string]any{"kms:ViaService": via})
	return statement
}

// writes says whether the function writes to the table or to a queue.
func (f function) writes() bool {
	for _, g := range f.grants {
		for _, a := range g.actions {
			if strings.HasSuffix(a, "SendMessage") || strings.HasSuffix(a, "PutItem") {
				return true
			}
		}
	}
	return false
}

// interfaces lets Lambda attach a function to the network, and keeps the function's own code from doing the same: Lambda
// does it under the function's role.
func (s *Stack) interfaces(f function) []awsiam.PolicyStatement {
	actions := []string{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
		"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
	}
	own := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("NetworkByLambdaOnly"), Effect: awsiam.Effect_DENY, Actions: jsii.Strings(actions...), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnEquals": map[string]any{"lambda:SourceFunctionArn": s.arn("lambda", "function:"+*s.called(f.name))}},
	})
	// Lambda asks for these before an interface exists: they can not be bound to one.
	return []awsiam.PolicyStatement{allow("Network", actions, jsii.String("*")), own}
}

func allow(sid string, actions []string, on ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Sid: &sid, Actions: jsii.Strings(actions...), Resources: &on})
}
