package stack_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/aws/stack"
	"excs/shared/awstest"
)

// What the template does not say as AWS wants it, and what is not known here, is refused with the resource's name.
func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, says string
		change     func(template object)
	}{
		{"a resource type that is not known", "the resource type AWS::S3::Bucket of Store is not known to the local stack", func(template object) {
			template["Resources"].(object)["Store"] = object{"Type": "AWS::S3::Bucket"}
		}},
		{"a property that is not known", `AWS::SQS::Queue Lost: unknown field "Flavour"`, func(template object) { at(template, "Lost")["Flavour"] = "sweet" }},
		{"a FIFO queue by its name only", "end in .fifo", func(template object) { delete(at(template, "Work"), "FifoQueue") }},
		{"dead letters of a FIFO queue in a standard queue", "must be a FIFO queue", func(template object) {
			at(template, "Work")["RedrivePolicy"].(object)["deadLetterTargetArn"] = arn("Lost")
		}},
		{"dead letters that their queue does not take", "does not name arn:aws:sqs:eu-central-1:000000000000:excs-test-work.fifo", func(template object) {
			at(template, "Dead")["RedriveAllowPolicy"] = object{"redrivePermission": "byQueue", "sourceQueueArns": []any{"arn:aws:sqs:eu-central-1:000000000000:other.fifo"}}
		}},
		{"a visibility below the function's timeout", "the visibility timeout of excs-test-work.fifo, 2s, is less than the timeout of excs-test-worker, 3s", func(template object) {
			at(template, "Work")["VisibilityTimeout"] = 2
		}},
		{"a mapping whose function may not receive", "not authorized to perform: sqs:ReceiveMessage", func(template object) {
			document(template, "WorkerRole")["Statement"] = document(template, "WorkerRole")["Statement"].([]any)[:1]
		}},
		{"a function that may not write its log", "not authorized to perform: logs:CreateLogStream", func(template object) {
			document(template, "DoorRole")["Statement"] = []any{statement("Other", "*", "sqs:SendMessage")}
		}},
		{"a function whose role does not trust Lambda", "does not trust lambda.amazonaws.com", func(template object) {
			at(template, "DoorRole")["AssumeRolePolicyDocument"] = trust("ec2.amazonaws.com")
		}},
		{"a failure destination that is a FIFO queue", "is no standard queue", func(template object) {
			at(template, "ClockConfig")["DestinationConfig"] = object{"OnFailure": object{"Destination": arn("Dead")}}
		}},
		{"a schedule that is none", "write rate(…), cron(…) or at(…)", func(template object) { at(template, "Schedule")["ScheduleExpression"] = "sometimes" }},
		{"a pattern that is not known", "the filter numeric", func(template object) {
			at(template, "Rule")["EventPattern"] = object{"detail": object{"a": []any{object{"numeric": []any{">", 1}}}}}
		}},
		{"a partner's bus under another name", "is called as its source", func(template object) { at(template, "Bus")["Name"] = "mine" }},
		{"a signed URL", "AWS_IAM", func(template object) { at(template, "Url")["AuthType"] = "AWS_IAM" }},
		{"a parameter over the limit of its tier", "4097 bytes", func(template object) { at(template, "Parameter")["Value"] = strings.Repeat("x", 4097) }},
		{"a dashboard that is no JSON", "is no JSON", func(template object) { at(template, "Dashboard")["DashboardBody"] = "{" }},
		{"another runtime", "only provided.al2023", func(template object) { at(template, "DoorFunction")["Runtime"] = "nodejs22.x" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := try(t, func(template object, _ *stack.Config) { tc.change(template) })
			if err == nil {
				_ = s.Close()
				t.Fatal("it was deployed")
			}
			if !strings.Contains(number.ReplaceAllString(err.Error(), "excs-test"), tc.says) {
				t.Errorf("the error is %v, want %q in it", err, tc.says)
			}
		})
	}
}

// number takes the number out of a stack's name.
var number = regexp.MustCompile(`excs-test\d+`)

// document gives the policy of a role.
func document(template object, role string) object {
	return at(template, role)["Policies"].([]any)[0].(object)["PolicyDocument"].(object)
}

// Table and queues are made as the template says; what is not made is told, with the reason.
func TestDeployed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	if s.Region() != "eu-central-1" || s.Account() != "000000000000" || s.Output("Table") != s.Name()+"-mapping" || s.Output("Nothing") != "" {
		t.Errorf("%s in %s of %s, outputs %v", s.Name(), s.Region(), s.Account(), s.Outputs())
	}
	table := s.Description(t)
	want := map[string]any{"keys": "pk HASH", "index": "sparse xpk HASH INCLUDE [state]", "billing": "PAY_PER_REQUEST"}
	if d := cmp.Diff(want, table); d != "" {
		t.Errorf("the table: %s", d)
	}
	attributes := s.QueueAttributes(t, "work.fifo")
	for name, value := range map[string]string{
		"FifoQueue": "true", "VisibilityTimeout": "3", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:000000000000:` + s.Name() + `-dead.fifo","maxReceiveCount":1}`,
	} {
		if attributes[name] != value {
			t.Errorf("the queue's %s is %q, want %q", name, attributes[name], value)
		}
	}
	if got := s.QueueAttributes(t, "dead.fifo")["MessageRetentionPeriod"]; got != "1209600" {
		t.Errorf("dead letters are kept for %s s", got)
	}
	for _, d := range s.Deployed() {
		if d.Count == 0 || d.What == "" || d.Enacted == strings.Contains(d.What, "tests of infra") {
			t.Errorf("%+v", d)
		}
	}
	var webhook struct{ Secret string }
	if err := json.Unmarshal([]byte(s.Secret("webhook")), &webhook); err != nil || len(webhook.Secret) != 48 {
		t.Errorf("the generated secret is %q: %v", s.Secret("webhook"), err)
	}
	if len(s.Secret("engage")) != 32 || s.Secret("exorg") != "given" {
		t.Errorf("the secrets are %q and %q", s.Secret("engage"), s.Secret("exorg"))
	}
	if got := strings.Join(s.Functions(), " "); got != "clock door worker" {
		t.Errorf("functions %s", got)
	}
	if len(s.Alarms()) != 1 || s.Alarms()[0].Name != "depth" || s.Alarms()[0].Metrics[0].Dimensions["stack"] != s.Name() {
		t.Errorf("alarms %+v", s.Alarms())
	}
	widgets, err := s.Widgets()
	if err != nil || len(widgets) != 1 || widgets[0].Endpoint != "arn:aws:lambda:eu-central-1:000000000000:function:"+s.Name()+"-door" || string(widgets[0].Params) != `{"a":1}` {
		t.Errorf("widgets %+v, %v", widgets, err)
	}
	if p := s.Problems(); len(p) > 0 {
		t.Errorf("problems %q", p)
	}
}

// The templates that the tests of infra keep are known in full, with every option: each deploys, and no role lacks anything
// that a deployment asks for.
func TestTheRealTemplates(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../stack/testdata/*.template.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var named struct {
				Outputs struct{ Stack struct{ Value string } }
			}
			if err := json.Unmarshal(text, &named); err != nil {
				t.Fatal(err)
			}
			name := named.Outputs.Stack.Value
			// A stage may be bound to an account; the stand-ins know one only.
			text = []byte(strings.ReplaceAll(string(text), "123456789012", awstest.Account))
			s, err := stack.Start(t.Context(), stack.Config{Name: name, Template: text, DynamoDB: tables.URL, SQS: sqs.URL, Programs: programs})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if p := s.Problems(); len(p) > 0 {
				t.Errorf("problems %q", p)
			}
			if s.Output("Table") != name+"-mapping" || len(s.Functions()) < 6 {
				t.Errorf("outputs %v, functions %v", s.Outputs(), s.Functions())
			}
		})
	}
}

// Build compiles functions as they run.
func TestBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := stack.Build(t.Context(), "../../../..", dir, "replay"); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), dir+"/replay").CombinedOutput(); err == nil || !strings.Contains(string(said), "replay can not start") {
		t.Errorf("the program says %s", said)
	}
	if err := stack.Build(t.Context(), "../../../..", dir, "nonsense"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stack.Build(ctx, "../../../..", dir, "replay"); err == nil {
		t.Error("a build went on after its context")
	}
}
