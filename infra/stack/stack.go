package stack

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Stack is one tenant's stack. New fills every field; functions and logs have an entry for each of FunctionNames.
type Stack struct {
	awscdk.Stack

	stage Stage
	name  string

	key       awskms.IKey // nil with the keys that AWS owns
	table     awsdynamodb.Table
	work      awssqs.Queue
	dead      awssqs.Queue
	lost      awssqs.Queue // <stack>-undelivered
	parameter awsssm.StringParameter
	secrets   map[secret]*string // ARNs
	network   *network           // nil outside of a VPC

	logs      map[string]awslogs.LogGroup
	functions map[string]awslambda.Function
	url       awslambda.FunctionUrl // nil without one

	topic  awssns.Topic
	alarms []awscloudwatch.CfnAlarm
}

// network holds the security groups of the functions that read the Configuration Database.
type network struct{ groups []*string }

// Code gives the folder with the bootstrap of a function; the stack only copies it.
type Code func(function string) (dir string, err error)

// New builds the stack of a stage in an app. The error is that of code.
func New(app constructs.Construct, stage Stage, code Code) (*Stack, error) {
	name := stage.StackName()
	s := &Stack{
		Stack: awscdk.NewStack(app, &name, &awscdk.StackProps{
			StackName:   &name,
			Description: jsii.String("EXCS: keeps a Genesys Cloud EX organisation equal to the Engage tenant " + strconv.FormatInt(stage.Tenant, 10)),
			Env:         stage.target(),
			// A stack that serves people is not taken down by one command.
			TerminationProtection: jsii.Bool(!stage.Development && !stage.Destroy),
		}),
		stage: stage, name: name,
		logs: map[string]awslogs.LogGroup{}, functions: map[string]awslambda.Function{},
	}
	s.data()
	s.credentials()
	s.place()
	if err := s.flow(code); err != nil {
		return nil, err
	}
	s.triggers()
	s.watch()
	s.outputs()
	s.tag()
	return s, nil
}

// called gives the name of a resource: two stacks in one account share none.
func (s *Stack) called(suffix string) *string { return jsii.String(s.name + "-" + suffix) }

// arn gives the ARN of a resource of this account and region by its name, for places where its own attribute would close a
// circle.
func (s *Stack) arn(service, resource string) *string {
	return jsii.String("arn:" + *s.Partition() + ":" + service + ":" + *s.Region() + ":" + *s.Account() + ":" + resource)
}

// kept is the removal policy of what can not be had again: it outlives the stack unless told otherwise (destroyTable). What a
// creation made that then failed is empty, and would only be in the way of the next attempt: it goes.
func (s *Stack) kept() awscdk.RemovalPolicy {
	if s.stage.Destroy {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
}

// guarded is the removal policy of what a development stage can do without.
func (s *Stack) guarded() awscdk.RemovalPolicy {
	if s.stage.Development {
		return awscdk.RemovalPolicy_DESTROY
	}
	return s.kept()
}

// tag marks everything that can be marked, so that a bill can be read by tenant and stage.
func (s *Stack) tag() {
	tags := awscdk.Tags_Of(s.Stack)
	for _, pair := range [][2]string{
		{"application", "excs"}, {"stage", s.stage.Name}, {"tenant", strconv.FormatInt(s.stage.Tenant, 10)},
	} {
		tags.Add(jsii.String(pair[0]), jsii.String(pair[1]), nil)
	}
	for _, key := range sortedKeys(s.stage.Tags) {
		tags.Add(jsii.String(key), jsii.String(s.stage.Tags[key]), nil)
	}
}
