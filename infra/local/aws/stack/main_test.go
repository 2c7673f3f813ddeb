package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"excs/infra/local/aws/stack"
	"excs/shared/awstest"
)

// programs is the folder of the functions: one program under several names, built once. The stacks of all tests share the
// stand-ins, and each has a name of its own.
var (
	programs    string
	tables, sqs *awstest.Server
	made        atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "stack-"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(programs) }()
	first := filepath.Join(programs, "worker")
	if said, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", first, "./testdata/function").CombinedOutput(); err != nil {
		fmt.Printf("build the function: %v\n%s", err, said)
		return 1
	}
	for _, name := range []string{"door", "clock"} {
		if err := os.Link(first, filepath.Join(programs, name)); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	ctx := context.Background()
	if tables, err = awstest.StartDynamoDB(ctx, "eu-central-1"); err == nil {
		defer tables.Stop()
		sqs, err = awstest.StartSQS(ctx, "eu-central-1")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer sqs.Stop()
	return m.Run()
}

// object is a part of a template.
type object = map[string]any

func ref(id string) object { return object{"Ref": id} }
func arn(id string) object { return object{"Fn::GetAtt": []any{id, "Arn"}} }
func statement(sid string, resource any, actions ...string) object {
	return object{"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
}

func trust(service string) object {
	return object{"Version": "2012-10-17", "Statement": []any{object{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": service}}}}
}

func function(name string, extra ...any) (role, group, fn object) {
	title := strings.ToUpper(name[:1]) + name[1:]
	statements := append([]any{statement("Logs", arn(title+"Logs"), "logs:CreateLogStream", "logs:PutLogEvents")}, extra...)
	role = object{"Type": "AWS::IAM::Role", "Properties": object{
		"AssumeRolePolicyDocument": trust("lambda.amazonaws.com"), "Policies": []any{object{"PolicyName": "access", "PolicyDocument": object{"Statement": statements}}},
	}}
	group = object{"Type": "AWS::Logs::LogGroup", "Properties": object{"LogGroupName": "/aws/lambda/excs-test-" + name, "RetentionInDays": 7}}
	fn = object{"Type": "AWS::Lambda::Function", "Properties": object{
		"FunctionName": "excs-test-" + name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": arn(title + "Role"), "MemorySize": 128, "Timeout": 3,
		"Architectures": []any{"arm64"}, "Code": object{"S3Bucket": object{"Fn::Sub": "assets-${AWS::AccountId}"}, "S3Key": "x.zip"},
		"Environment":   object{"Variables": object{"EXCS_TABLE": ref("Table")}},
		"LoggingConfig": object{"LogFormat": "JSON", "LogGroup": ref(title + "Logs"), "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"},
	}}
	return role, group, fn
}

// small is the template of a stack with one of everything.
func small() object {
	r := object{
		"Table": object{"Type": "AWS::DynamoDB::Table", "Properties": object{
			"TableName": "excs-test-mapping", "BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": []any{object{"AttributeName": "pk", "AttributeType": "S"}, object{"AttributeName": "xpk", "AttributeType": "S"}},
			"KeySchema":            []any{object{"AttributeName": "pk", "KeyType": "HASH"}},
			"GlobalSecondaryIndexes": []any{object{"IndexName": "sparse", "KeySchema": []any{object{"AttributeName": "xpk", "KeyType": "HASH"}},
				"Projection": object{"ProjectionType": "INCLUDE", "NonKeyAttributes": []any{"state"}}}},
			"TimeToLiveSpecification": object{"AttributeName": "ttl", "Enabled": true},
		}},
		"Dead": object{"Type": "AWS::SQS::Queue", "Properties": object{"QueueName": "excs-test-dead.fifo", "FifoQueue": true, "MessageRetentionPeriod": 1209600,
			"RedriveAllowPolicy": object{"redrivePermission": "byQueue", "sourceQueueArns": []any{object{"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:excs-test-work.fifo"}}}}},
		"Work": object{"Type": "AWS::SQS::Queue", "Properties": object{"QueueName": "excs-test-work.fifo", "FifoQueue": true, "VisibilityTimeout": 3,
			"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId", "SqsManagedSseEnabled": true,
			"RedrivePolicy": object{"deadLetterTargetArn": arn("Dead"), "maxReceiveCount": 1}}},
		"Lost": object{"Type": "AWS::SQS::Queue", "Properties": object{"QueueName": "excs-test-undelivered"}},
		"LostPolicy": object{"Type": "AWS::SQS::QueuePolicy", "Properties": object{"Queues": []any{ref("Lost")}, "PolicyDocument": object{"Statement": []any{
			object{"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": object{"Service": "events.amazonaws.com"}, "Resource": arn("Lost"), "Condition": object{"ArnEquals": object{"aws:SourceArn": arn("Rule")}}},
		}}}},
		"Parameter": object{"Type": "AWS::SSM::Parameter", "Properties": object{"Name": "/excs-test/settings", "Type": "String", "Value": "{}"}},
		"Secret":    object{"Type": "AWS::SecretsManager::Secret", "Properties": object{"Name": "excs-test/engage", "GenerateSecretString": object{"ExcludePunctuation": true}}},
		"Hook": object{"Type": "AWS::SecretsManager::Secret", "Properties": object{"Name": "excs-test/webhook",
			"GenerateSecretString": object{"PasswordLength": 48, "SecretStringTemplate": "{}", "GenerateStringKey": "secret"}}},
		"Given": object{"Type": "AWS::SecretsManager::Secret", "Properties": object{"Name": "excs-test/exorg", "GenerateSecretString": object{}}},
		"Mapping": object{"Type": "AWS::Lambda::EventSourceMapping", "Properties": object{"EventSourceArn": arn("Work"), "FunctionName": ref("WorkerFunction"), "BatchSize": 10,
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "ScalingConfig": object{"MaximumConcurrency": 2}}},
		"Url":              object{"Type": "AWS::Lambda::Url", "Properties": object{"AuthType": "NONE", "InvokeMode": "BUFFERED", "TargetFunctionArn": arn("DoorFunction")}},
		"UrlPermission":    object{"Type": "AWS::Lambda::Permission", "Properties": object{"FunctionName": arn("DoorFunction"), "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}},
		"InvokePermission": object{"Type": "AWS::Lambda::Permission", "Properties": object{"FunctionName": arn("DoorFunction"), "Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": true}},
		"Bus":              object{"Type": "AWS::Events::EventBus", "Properties": object{"Name": "aws.partner/x", "EventSourceName": "aws.partner/x"}},
		"Rule": object{"Type": "AWS::Events::Rule", "Properties": object{"Name": "excs-test-door", "EventBusName": ref("Bus"), "State": "ENABLED",
			"EventPattern": object{"source": []any{object{"prefix": "aws.partner/x"}}, "detail": object{"kind": []any{"User"}}},
			"Targets":      []any{object{"Arn": arn("DoorFunction"), "Id": "Target0", "DeadLetterConfig": object{"Arn": arn("Lost")}}}}},
		"RulePermission": object{"Type": "AWS::Lambda::Permission", "Properties": object{"FunctionName": arn("DoorFunction"), "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": arn("Rule")}},
		"ScheduleRole": object{"Type": "AWS::IAM::Role", "Properties": object{"AssumeRolePolicyDocument": trust("scheduler.amazonaws.com"), "Policies": []any{object{"PolicyName": "access", "PolicyDocument": object{"Statement": []any{
			statement("Start", arn("ClockFunction"), "lambda:InvokeFunction"), statement("Lost", arn("Lost"), "sqs:SendMessage")}}}}}},
		"Schedule": object{"Type": "AWS::Scheduler::Schedule", "Properties": object{"Name": "excs-test-clock", "ScheduleExpression": "rate(1 minute)", "State": "ENABLED", "FlexibleTimeWindow": object{"Mode": "OFF"},
			"Target": object{"Arn": arn("ClockFunction"), "RoleArn": arn("ScheduleRole"), "Input": `{"Do":"note","Text":"<aws.scheduler.scheduled-time>"}`, "DeadLetterConfig": object{"Arn": arn("Lost")}}}},
		"ClockConfig": object{"Type": "AWS::Lambda::EventInvokeConfig", "Properties": object{"FunctionName": ref("ClockFunction"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60,
			"DestinationConfig": object{"OnFailure": object{"Destination": arn("Lost")}}}},
		"Topic":     object{"Type": "AWS::SNS::Topic", "Properties": object{"TopicName": "excs-test-alarms"}},
		"Alarm":     object{"Type": "AWS::CloudWatch::Alarm", "Properties": object{"AlarmName": "excs-test-depth", "Namespace": "EXCS", "MetricName": "depth", "Dimensions": []any{object{"Name": "stack", "Value": "excs-test"}}, "Threshold": 1, "AlarmActions": []any{ref("Topic")}}},
		"Dashboard": object{"Type": "AWS::CloudWatch::Dashboard", "Properties": object{"DashboardName": "excs-test", "DashboardBody": object{"Fn::Join": []any{"", []any{`{"widgets":[{"type":"text","properties":{}},{"type":"custom","properties":{"title":"Board","endpoint":"`, arn("DoorFunction"), `","params":{"a":1}}}]}`}}}}},
	}
	for name, extra := range map[string][]any{
		"worker": {statement("Work", arn("Work"), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")},
		"door":   nil,
		"clock":  {statement("Lost", arn("Lost"), "sqs:SendMessage")},
	} {
		title := strings.ToUpper(name[:1]) + name[1:]
		r[title+"Role"], r[title+"Logs"], r[title+"Function"] = function(name, extra...)
	}
	return object{"Resources": r, "Outputs": object{"WebhookUrl": object{"Value": object{"Fn::GetAtt": []any{"Url", "FunctionUrl"}}}, "Table": object{"Value": ref("Table")}}}
}

// at gives the properties of a resource of a template.
func at(template object, id string) object {
	return template["Resources"].(object)[id].(object)["Properties"].(object)
}

// try starts a stack of the small template, changed.
func try(t *testing.T, change func(template object, c *stack.Config)) (*stack.Stack, error) {
	t.Helper()
	template := small()
	name := fmt.Sprintf("excs-test%d", made.Add(1))
	c := stack.Config{Name: name, DynamoDB: tables.URL, SQS: sqs.URL, Programs: programs, Secrets: map[string]string{"exorg": "given"}, RetryDelay: func(int) time.Duration { return 10 * time.Millisecond }}
	if change != nil {
		change(template, &c)
	}
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	c.Template = []byte(strings.ReplaceAll(string(text), "excs-test", name))
	return stack.Start(t.Context(), c)
}

// start starts a stack that ends with the test.
func start(t *testing.T, change func(template object, c *stack.Config)) *stack.Stack {
	t.Helper()
	s, err := try(t, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually waits until what is true sooner or later is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it never came to this: " + what)
}

// said says whether a function wrote a line with the text.
func said(s *stack.Stack, function, text string) bool {
	for _, line := range s.Lines(function) {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// depth counts the messages of a queue.
func depth(t *testing.T, s *stack.Stack, queue string) int {
	t.Helper()
	waiting, inFlight, err := s.Depth(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	return waiting + inFlight
}
