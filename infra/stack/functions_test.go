package stack_test

import (
	"excs/shared/rules"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/stack"
)

// The bundle is what lies below functions/: one that is written and not deployed would be noticed by nobody.
func TestEveryFunctionIsDeployed(t *testing.T) {
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, m := range mains {
		folders = append(folders, filepath.Base(filepath.Dir(m)))
	}
	names := stack.FunctionNames()
	slices.Sort(names)
	if d := cmp.Diff(folders, names); d != "" {
		t.Error(d)
	}
	each(t, func(t *testing.T, s synthesized) {
		var deployed []string
		for _, f := range s.all("AWS::Lambda::Function") {
			deployed = append(deployed, strings.TrimPrefix(f.Properties["FunctionName"].(string), s.stage.StackName()+"-"))
		}
		slices.Sort(deployed)
		if d := cmp.Diff(names, deployed); d != "" {
			t.Error(d)
		}
	})
}

func TestFunctions(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		for _, name := range stack.FunctionNames() {
			f, size := s.function(t, name), s.stage.Sizes[name]
			s.want(t, f, map[string]any{
				"Architectures": "arm64", "Runtime": "provided.al2023", "Handler": "bootstrap",
				"MemorySize": size.Memory, "Timeout": size.Timeout.Seconds(),
				"TracingConfig.Mode": "Active", "RecursiveLoop": "Terminate",
				// Reserved concurrency would make the queue burn receives.
				"ReservedConcurrentExecutions": nil,
				"LoggingConfig.LogFormat":      "JSON", "LoggingConfig.ApplicationLogLevel": "INFO", "LoggingConfig.SystemLogLevel": "INFO",
			})
			logs := s.named(t, "AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/"+s.stage.StackName()+"-"+name)
			s.want(t, f, map[string]any{"LoggingConfig.LogGroup": "${" + logs.id + "}"})
			s.want(t, logs, map[string]any{"RetentionInDays": s.stage.LogDays})
		}
		if n, want := len(s.all("AWS::Logs::LogGroup")), len(stack.FunctionNames()); n != want {
			t.Errorf("%d log groups for %d functions", n, want)
		}
		if webhook := s.stage.Sizes["webhook"].Timeout.Seconds(); webhook < 60 {
			t.Errorf("the webhook has %v s: its reads wait for the request budget", webhook)
		}
	})
}

// A function's environment holds what its wiring asks for (the source says it) and nothing else, and it fits.
func TestEnvironments(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		for _, name := range stack.FunctionNames() {
			variables := path(any(s.function(t, name).Properties), "Environment", "Variables").(map[string]any)
			want := s.wired(t, name)
			if d := cmp.Diff(want, slices.Sorted(maps.Keys(variables))); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			bytes := 0
			for key, value := range variables {
				got, wanted := s.show(value), s.value(t, key)
				if got != wanted {
					t.Errorf("%s: %s is %s, want %s", name, key, got, wanted)
				}
				// An ARN or a URL takes the place of each reference.
				bytes += len(key) + len(got) + 120
			}
			if bytes > 4096 {
				t.Errorf("%s: the environment has about %d bytes, Lambda takes 4096", name, bytes)
			}
		}
	})
}

// wired reads from the source of a function which variables its wiring asks for.
func (s synthesized) wired(t *testing.T, name string) []string {
	t.Helper()
	files, err := filepath.Glob("../../functions/" + name + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{
		"VarTable": "EXCS_TABLE", "VarQueueURL": "EXCS_QUEUE_URL", "VarDLQURL": "EXCS_DLQ_URL", "VarSettings": "EXCS_SETTINGS",
		"VarEngageSecret": "EXCS_ENGAGE_SECRET", "VarExorgSecret": "EXCS_EXORG_SECRET", "VarExorgReadSecret": "EXCS_EXORG_READ_SECRET",
		"VarWebhookSecret": "EXCS_WEBHOOK_SECRET", "VarSyncARN": "EXCS_SYNC_ARN", "VarReplayARN": "EXCS_REPLAY_ARN",
	}
	found := map[string]bool{"EXCS_SETTINGS_HASH": true} // every function compares it when it starts
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bVar[A-Z]\w*`).FindAllString(string(text), -1) {
			variable, ok := constants[m]
			if !ok {
				t.Fatalf("%s asks for %s, of which this test knows nothing", file, m)
			}
			found[variable] = true
		}
	}
	if found["EXCS_EXORG_READ_SECRET"] && !s.stage.ReadSecret {
		delete(found, "EXCS_EXORG_READ_SECRET")
		found["EXCS_EXORG_SECRET"] = true
	}
	if !s.stage.WebhookURL {
		delete(found, "EXCS_WEBHOOK_SECRET")
	}
	return slices.Sorted(maps.Keys(found))
}

// value is what a variable must hold.
func (s synthesized) value(t *testing.T, variable string) string {
	t.Helper()
	switch variable {
	case "EXCS_TABLE":
		return "${" + s.table(t).id + "}"
	case "EXCS_QUEUE_URL":
		return "${" + s.queue(t, "work.fifo").id + "}"
	case "EXCS_DLQ_URL":
		return "${" + s.queue(t, "dead.fifo").id + "}"
	case "EXCS_SETTINGS_HASH":
		return rules.TextHash(s.stage.Settings)
	case "EXCS_SETTINGS":
		return "ssm:${" + s.named(t, "AWS::SSM::Parameter", "Name", "/"+s.stage.StackName()+"/settings").id + "}"
	case "EXCS_SYNC_ARN":
		return "${" + s.function(t, "sync").id + ".Arn}"
	case "EXCS_REPLAY_ARN":
		return "${" + s.function(t, "replay").id + ".Arn}"
	}
	secrets := map[string]string{
		"EXCS_ENGAGE_SECRET": "engage", "EXCS_EXORG_SECRET": "exorg", "EXCS_EXORG_READ_SECRET": "exorg-read", "EXCS_WEBHOOK_SECRET": "webhook",
	}
	return s.secret(t, secrets[variable])
}

// secret is the ARN of a secret in the template.
func (s synthesized) secret(t *testing.T, name string) string {
	t.Helper()
	for given, arn := range s.stage.Secrets {
		if string(given) == name {
			return arn
		}
	}
	return "${" + s.named(t, "AWS::SecretsManager::Secret", "Name", s.stage.StackName()+"/"+name).id + "}"
}

// Messages that failed come back alone, the setting bounds the workers, and nothing is filtered away.
func TestWorkFeedsApply(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		mappings := s.all("AWS::Lambda::EventSourceMapping")
		if len(mappings) != 1 {
			t.Fatalf("%d mappings", len(mappings))
		}
		s.want(t, mappings[0], map[string]any{
			"EventSourceArn": "${" + s.queue(t, "work.fifo").id + ".Arn}", "FunctionName": "${" + s.function(t, "apply").id + "}",
			"BatchSize": 10, "FunctionResponseTypes": "ReportBatchItemFailures", "ScalingConfig.MaximumConcurrency": s.stage.Concurrency,
			"MaximumBatchingWindowInSeconds": nil, "ProvisionedPollerConfig": nil, "FilterCriteria": nil, "Enabled": nil,
		})
	})
}

// Events that Lambda keeps for a function end in the queue of what was not delivered, not in nothing.
func TestAsynchronousCalls(t *testing.T) {
	want := map[string][2]int{"snapshot": {0, 60}, "webhook": {2, 3600}, "sync": {0, 900}}
	each(t, func(t *testing.T, s synthesized) {
		configs := s.all("AWS::Lambda::EventInvokeConfig")
		if len(configs) != len(want) {
			t.Errorf("%d configurations, want %d", len(configs), len(want))
		}
		for name, w := range want {
			s.want(t, s.named(t, "AWS::Lambda::EventInvokeConfig", "FunctionName", "${"+s.function(t, name).id+"}"), map[string]any{
				"MaximumRetryAttempts": w[0], "MaximumEventAgeInSeconds": w[1], "Qualifier": "$LATEST",
				"DestinationConfig.OnFailure.Destination": "${" + s.queue(t, "undelivered").id + ".Arn}", "DestinationConfig.OnSuccess": nil,
			})
		}
	})
}

// Only what reads the Configuration Database is placed in a network, with what Lambda needs for it.
func TestNetwork(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		v := s.stage.VPC
		for _, name := range stack.FunctionNames() {
			config := path(any(s.function(t, name).Properties), "VpcConfig")
			inside := v.ID != "" && (name == "snapshot" || name == "sync")
			if (config != nil) != inside {
				t.Errorf("%s: network %v", name, config)
			}
			if !inside {
				continue
			}
			if d := cmp.Diff(v.Subnets, strs(path(config, "SubnetIds"))); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			groups := v.SecurityGroups
			if len(groups) == 0 {
				groups = []string{"${" + s.named(t, "AWS::EC2::SecurityGroup", "GroupName", s.stage.StackName()+"-functions").id + ".GroupId}"}
			}
			if got := s.show(path(config, "SecurityGroupIds")); got != strings.Join(groups, ",") {
				t.Errorf("%s: groups %s, want %v", name, got, groups)
			}
		}
		s.endpoints(t)
	})
}

func (s synthesized) endpoints(t *testing.T) {
	t.Helper()
	found := map[string]resource{}
	region := s.stage.Region
	if region == "" {
		region = "${AWS::Region}"
	}
	for _, r := range s.all("AWS::EC2::VPCEndpoint") {
		found[strings.TrimPrefix(s.show(r.Properties["ServiceName"]), "com.amazonaws."+region+".")] = r
	}
	if !s.stage.VPC.Endpoints {
		if len(found) > 0 {
			t.Errorf("endpoints that nobody asked for: %v", found)
		}
		return
	}
	v := s.stage.VPC
	if got := slices.Sorted(maps.Keys(found)); !cmp.Equal(got, []string{"dynamodb", "secretsmanager", "sqs", "ssm"}) {
		t.Fatalf("endpoints %v", got)
	}
	s.want(t, found["dynamodb"], map[string]any{"VpcEndpointType": "Gateway", "VpcId": v.ID, "RouteTableIds": strings.Join(v.RouteTables, ",")})
	group := s.named(t, "AWS::EC2::SecurityGroup", "GroupName", s.stage.StackName()+"-endpoints")
	for _, service := range []string{"secretsmanager", "sqs", "ssm"} {
		s.want(t, found[service], map[string]any{
			"VpcEndpointType": "Interface", "VpcId": v.ID, "PrivateDnsEnabled": true, "SubnetIds": strings.Join(v.Subnets, ","),
			"SecurityGroupIds": "${" + group.id + ".GroupId}",
		})
	}
	doors := group.Properties["SecurityGroupIngress"].([]any)
	if len(doors) != 1 {
		t.Fatalf("%d rules let somebody in", len(doors))
	}
	functions := s.named(t, "AWS::EC2::SecurityGroup", "GroupName", s.stage.StackName()+"-functions")
	s.want(t, resource{Type: "rule of", id: group.id, Properties: doors[0].(map[string]any)}, map[string]any{
		"SourceSecurityGroupId": "${" + functions.id + ".GroupId}", "FromPort": 443, "ToPort": 443, "IpProtocol": "tcp", "CidrIp": nil,
	})
	s.want(t, functions, map[string]any{"SecurityGroupIngress": nil})
}
