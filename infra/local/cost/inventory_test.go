package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small is a template by hand, with a reference wherever one may stand.
const small = `{"Resources": {
  "S": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "excs-try-snapshot", "MemorySize": 1024, "Timeout": 300, "TracingConfig": {"Mode": "Active"}}},
  "A": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "excs-try-apply", "MemorySize": 512, "Timeout": 60}},
  "W": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "excs-try-webhook", "MemorySize": 256, "Timeout": 60}},
  "Y": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "excs-try-sync", "MemorySize": 1024, "Timeout": 900}},
  "M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "A"}, "ScalingConfig": {"MaximumConcurrency": 3}}},
  "R": {"Type": "AWS::Scheduler::Schedule", "Properties": {"Name": "excs-try-snapshot", "ScheduleExpression": "rate(5 minutes)"}},
  "V": {"Type": "AWS::Scheduler::Schedule", "Properties": {"Name": "excs-try-verify", "ScheduleExpression": "rate(1 day)"}},
  "O": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x"}},
  "P": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"MetricStat": {}}, {"Expression": "m1+m2"}, {"MetricStat": {}}]}},
  "D": {"Type": "AWS::CloudWatch::Dashboard"},
  "E": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": {"Fn::Join": ["", ["excs/", "engage"]]}}},
  "F": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "excs-try/exorg"}},
  "K": {"Type": "AWS::KMS::Key", "Properties": {}},
  "L": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
  "N": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}},
  "I": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}},
  "J": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Interface", "SubnetIds": {"Ref": "Subnets"}}},
  "G": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}},
  "Q": {"Type": "AWS::SSM::Parameter", "Properties": {"Tier": "Advanced"}},
  "T": {"Type": "AWS::SSM::Parameter", "Properties": {"Tier": "Standard"}},
  "B": {"Type": "AWS::DynamoDB::Table", "Properties": {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}},
  "X": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}
}}`

func TestATemplateIsCounted(t *testing.T) {
	t.Parallel()
	i, err := countTemplate([]byte(small))
	must(t, err)
	want(t, i, Inventory{
		Memory:  map[string]float64{"snapshot": 1024, "apply": 512, "webhook": 256, "sync": 1024},
		Timeout: map[string]float64{"snapshot": 300, "apply": 60, "webhook": 60, "sync": 900},
		Traced:  true, Mappings: 1, Concurrency: 3, Runs: 8760, Sweeps: 365.0 / 12, Alarms: 2, AlarmMetrics: 3, Dashboards: 1, Secrets: 2, Keys: 1,
		Parameters: 1, LogDays: 90, Endpoints: 3, Recovery: true,
	})
}

func TestTemplatesThatCanNotBeCounted(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, from, to, says string }{
		{"no JSON", `{"Resources"`, `"Resources"`, "the template is no JSON"},
		{"a function less", "excs-try-sync", "excs-try-other", "no function sync with memory and timeout"},
		{"a function without memory", `"MemorySize": 512, `, ``, "no function apply with memory and timeout"},
		{"a schedule by cron", "rate(5 minutes)", "cron(0 8 * * ? *)", `resource R: the schedule "cron(0 8 * * ? *)" is no rate(…)`},
		{"a schedule that never fires", "rate(5 minutes)", "rate(0 minutes)", "never fires"},
		{"a property of another type", `"MemorySize": 512`, `"MemorySize": "512"`, "resource A: read its properties"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			harmed := strings.Replace(small, tc.from, tc.to, 1)
			if harmed == small {
				t.Fatal("nothing was harmed")
			}
			_, err := countTemplate([]byte(harmed))
			says(t, err, tc.says)
		})
	}
}

// The constants that measuring takes from the stack are the stack's, and every template of the stack can be counted.
func TestTheStacksOwnTemplates(t *testing.T) {
	t.Parallel()
	i, err := readInventory(filepath.Join(root, templateFile))
	must(t, err)
	want(t, i.Timeout[functionSync], syncTimeout.Seconds())
	want(t, i.Runs, 43_800.0)
	want(t, i.Sweeps, 730.0)
	if i.Mappings != 1 || i.Secrets < 2 || i.LogDays == 0 || !i.Recovery || !i.Traced || i.Concurrency < 2 {
		t.Errorf("%+v", i)
	}
	for _, function := range []string{functionSnapshot, functionApply, functionWebhook, functionSync} {
		if _, err := os.Stat(filepath.Join(root, "functions", function)); err != nil {
			t.Error(err)
		}
	}
}
