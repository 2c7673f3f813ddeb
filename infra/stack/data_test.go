package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/rules"
)

// The table's keys, index and expiry are those that shared/mapping writes: no emulator and no deployment tells a mistake.
func TestTable(t *testing.T) {
	schema := mapping.Schema()
	keys := func(pk, sk string) []any {
		return []any{map[string]any{"AttributeName": pk, "KeyType": "HASH"}, map[string]any{"AttributeName": sk, "KeyType": "RANGE"}}
	}
	var included []any
	for _, name := range schema.IndexInclude {
		included = append(included, name)
	}
	var attributes []any
	for _, name := range []string{schema.PK, schema.SK, schema.IndexPK, schema.IndexSK} {
		attributes = append(attributes, map[string]any{"AttributeName": name, "AttributeType": "S"})
	}
	each(t, func(t *testing.T, s synthesized) {
		if n := len(s.all("AWS::DynamoDB::Table")); n != 1 {
			t.Fatalf("%d tables", n)
		}
		table := s.table(t)
		want := map[string]any{
			"KeySchema": keys(schema.PK, schema.SK), "AttributeDefinitions": attributes,
			"GlobalSecondaryIndexes": []any{map[string]any{
				"IndexName": schema.IndexName, "KeySchema": keys(schema.IndexPK, schema.IndexSK),
				"Projection": map[string]any{"ProjectionType": "INCLUDE", "NonKeyAttributes": included},
			}},
			"TimeToLiveSpecification":          map[string]any{"AttributeName": schema.TTL, "Enabled": true},
			"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 35.0},
		}
		for name, wanted := range want {
			if d := cmp.Diff(wanted, table.Properties[name]); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		s.want(t, table, map[string]any{"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": nil, "StreamSpecification": nil})
	})
}

// What can not be had again outlives the stack; what a development stage can do without does not; and all of it goes when
// the stack's name was given as permission.
func TestRemoval(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		told := s.stage.Destroy
		policy := func(kept bool) string {
			if kept && !told {
				return "Retain"
			}
			return "Delete"
		}
		want := map[string]string{
			"AWS::DynamoDB::Table": policy(true), "AWS::KMS::Key": policy(true), "AWS::SecretsManager::Secret": policy(!s.stage.Development),
			"AWS::Logs::LogGroup": policy(!s.stage.Development), "AWS::SQS::Queue": policy(false),
		}
		for kind, wanted := range want {
			for _, r := range s.all(kind) {
				deletion := strings.Replace(wanted, "Retain", "RetainExceptOnCreate", 1) // what a failed creation made is empty
				if r.DeletionPolicy != deletion || r.UpdateReplacePolicy != wanted {
					t.Errorf("%s %s: DeletionPolicy %s, UpdateReplacePolicy %s, want %s", kind, r.id, r.DeletionPolicy, r.UpdateReplacePolicy, wanted)
				}
			}
		}
		s.want(t, s.table(t), map[string]any{"DeletionProtectionEnabled": !s.stage.Development && !told})
	})
}

// A stack that serves people can not be taken down by one command.
func TestTerminationProtection(t *testing.T) {
	for name, context := range variants(t) {
		stage := parse(t, context)
		s := build(t, newApp(t), stage)
		if got, want := *s.TerminationProtection(), !stage.Development && !stage.Destroy; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Two equal looks at an object are two, a group's throughput is its own, and what a worker does not answer for stays hidden
// for six of its timeouts.
func TestQueues(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		if n := len(s.all("AWS::SQS::Queue")); n != 3 {
			t.Fatalf("%d queues", n)
		}
		work, dead, lost := s.queue(t, "work.fifo"), s.queue(t, "dead.fifo"), s.queue(t, "undelivered")
		for _, q := range []resource{work, dead} {
			s.want(t, q, map[string]any{
				"FifoQueue": true, "ContentBasedDeduplication": nil, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
				"DelaySeconds": nil, "MaximumMessageSize": nil,
			})
		}
		timeout := s.function(t, "apply").Properties["Timeout"].(float64)
		s.want(t, work, map[string]any{
			"VisibilityTimeout": 6 * timeout, "RedrivePolicy.deadLetterTargetArn": "${" + dead.id + ".Arn}", "RedrivePolicy.maxReceiveCount": 20,
			"RedriveAllowPolicy": nil,
		})
		s.want(t, dead, map[string]any{
			"MessageRetentionPeriod": 14 * 24 * 3600, "RedrivePolicy": nil, "RedriveAllowPolicy.redrivePermission": "byQueue",
			"RedriveAllowPolicy.sourceQueueArns": s.arn("sqs", s.stage.StackName()+"-work.fifo"),
		})
		s.want(t, lost, map[string]any{"FifoQueue": nil, "SqsManagedSseEnabled": true, "KmsMasterKeyId": nil, "MessageRetentionPeriod": 14 * 24 * 3600})
	})
}

// arn is what an ARN of this stack's account and region looks like in the template.
func (s synthesized) arn(service, resource string) string {
	region, account := "${AWS::Region}", "${AWS::AccountId}"
	if s.stage.Region != "" {
		region, account = s.stage.Region, s.stage.Account
	}
	return "arn:${AWS::Partition}:" + service + ":" + region + ":" + account + ":" + resource
}

// No queue and no topic answers to plain HTTP.
func TestTLSOnly(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		refused := map[string]bool{}
		for kind, property := range map[string]string{"AWS::SQS::QueuePolicy": "Queues", "AWS::SNS::TopicPolicy": "Topics"} {
			for _, policy := range s.all(kind) {
				for _, st := range s.statements(policy.Properties["PolicyDocument"]) {
					if st.effect == "Deny" && fmt.Sprint(path(st.condition, "Bool", "aws:SecureTransport")) == "false" {
						refused[s.show(policy.Properties[property])] = true
					}
				}
			}
		}
		for _, r := range append(s.all("AWS::SQS::Queue"), s.all("AWS::SNS::Topic")...) {
			if !refused["${"+r.id+"}"] {
				t.Errorf("%s takes plain HTTP", r.id)
			}
		}
	})
}

// A stage decides who owns the key. With a key of its own everything is encrypted by it but the queue that services write
// to, and CloudWatch may use it: otherwise no alarm would arrive, and nothing would say so.
func TestKey(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		keys := s.all("AWS::KMS::Key")
		if !s.stage.CustomerKey {
			if len(keys) > 0 || strings.Contains(string(s.text), "KmsMasterKeyId") {
				t.Error("a key that nobody asked for")
			}
			s.want(t, s.table(t), map[string]any{"SSESpecification": nil})
			return
		}
		arn, id := s.stage.KeyARN, ""
		switch {
		case arn != "" && len(keys) > 0:
			t.Fatal("a new key beside the one that is there")
		case arn == "" && len(keys) != 1:
			t.Fatalf("%d keys", len(keys))
		case arn == "":
			id = keys[0].id
			s.want(t, keys[0], map[string]any{"EnableKeyRotation": true})
			arn = "${" + id + ".Arn}"
		}
		s.want(t, s.table(t), map[string]any{"SSESpecification.SSEEnabled": true, "SSESpecification.SSEType": "KMS", "SSESpecification.KMSMasterKeyId": arn})
		for _, name := range []string{"work.fifo", "dead.fifo"} {
			s.want(t, s.queue(t, name), map[string]any{"KmsMasterKeyId": arn, "KmsDataKeyReusePeriodSeconds": 3600})
		}
		for kind, property := range map[string]string{"AWS::SecretsManager::Secret": "KmsKeyId", "AWS::Logs::LogGroup": "KmsKeyId"} {
			for _, r := range s.all(kind) {
				s.want(t, r, map[string]any{property: arn})
			}
		}
		for _, topic := range s.all("AWS::SNS::Topic") {
			if at := s.show(topic.Properties["KmsMasterKeyId"]); at != arn && at != "${"+id+"}" {
				t.Errorf("topic %s has the key %s", topic.id, at)
			}
		}
		if id != "" {
			s.keyPolicy(t, keys[0])
		}
	})
}

func (s synthesized) keyPolicy(t *testing.T, key resource) {
	t.Helper()
	found := map[string]statement{}
	for _, st := range s.statements(key.Properties["KeyPolicy"]) {
		found[st.principal] = st
	}
	alarms := found["cloudwatch.amazonaws.com"]
	if d := cmp.Diff([]string{"kms:Decrypt", "kms:GenerateDataKey*"}, alarms.actions); d != "" {
		t.Errorf("what alarms may do with the key: %s", d)
	}
	if at := s.show(path(alarms.condition, "ArnLike", "aws:SourceArn")); at != s.arn("cloudwatch", "alarm:"+s.stage.StackName()+"-*") {
		t.Errorf("which alarms may: %s", at)
	}
	logs := statement{}
	for principal, st := range found {
		if strings.Contains(principal, "logs.") {
			logs = st
		}
	}
	if at := s.show(path(logs.condition, "ArnLike", "kms:EncryptionContext:aws:logs:arn")); at != s.arn("logs", "log-group:/aws/lambda/"+s.stage.StackName()+"-*") {
		t.Errorf("which log groups may: %s", at)
	}
}

// The topic's own policy replaces the one that lets the account in, so it must let the alarms in.
func TestAlarmTopic(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		topic := s.named(t, "AWS::SNS::Topic", "TopicName", s.stage.StackName()+"-alarms")
		var let []string
		for _, policy := range s.all("AWS::SNS::TopicPolicy") {
			for _, st := range s.statements(policy.Properties["PolicyDocument"]) {
				if st.effect == "Allow" && st.principal == "cloudwatch.amazonaws.com" && cmp.Equal(st.actions, []string{"sns:Publish"}) {
					let = append(let, st.resources...)
				}
			}
		}
		if d := cmp.Diff([]string{"${" + topic.id + "}"}, let); d != "" {
			t.Errorf("where alarms may publish: %s", d)
		}
		var told []string
		for _, sub := range s.all("AWS::SNS::Subscription") {
			s.want(t, sub, map[string]any{"Protocol": "email", "TopicArn": "${" + topic.id + "}", "RedrivePolicy.deadLetterTargetArn": "${" + s.queue(t, "undelivered").id + ".Arn}"})
			told = append(told, s.show(sub.Properties["Endpoint"]))
		}
		if d := cmp.Diff(s.stage.AlarmEmails, told); d != "" {
			t.Errorf("who is told: %s", d)
		}
	})
}

// The parameter holds exactly what the stage gives, and the functions' own reader understands it.
func TestSettingsParameter(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		p := s.named(t, "AWS::SSM::Parameter", "Name", "/"+s.stage.StackName()+"/settings")
		s.want(t, p, map[string]any{"Type": "String", "Tier": "Standard", "Value": s.stage.Settings})
		parsed, err := rules.Parse([]byte(p.Properties["Value"].(string)))
		if err != nil || parsed.Tenant != s.stage.Tenant {
			t.Errorf("tenant %d, %v", parsed.Tenant, err)
		}
	})
}

// Settings that a standard parameter can not hold get an advanced one.
func TestLongSettings(t *testing.T) {
	var switches []any
	for i := range 300 {
		switches = append(switches, fmt.Sprintf("switch-%010d", i))
	}
	stage := parse(t, map[string]any{"stages": map[string]any{"dev": map[string]any{"settings": map[string]any{"tenant": 1.0, "scope": map[string]any{"switches": switches}}}}})
	if n := len(stage.Settings); n <= 4096 || n > 8192 {
		t.Fatalf("%d bytes: not what this test is about", n)
	}
	s := synthesized{stage, read(t, build(t, newApp(t), stage))}
	s.want(t, s.named(t, "AWS::SSM::Parameter", "Name", "/excs-dev/settings"), map[string]any{"Tier": "Advanced"})
}

// A stage that names a secret by its ARN gets none made; one that is made says on use that it is not set yet.
func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		want := map[string]bool{"engage": true, "exorg": true, "exorg-read": s.stage.ReadSecret, "webhook": s.stage.WebhookURL}
		given := map[string]bool{}
		for name := range s.stage.Secrets {
			given[string(name)] = true
		}
		made := map[string]resource{}
		for _, r := range s.all("AWS::SecretsManager::Secret") {
			made[strings.TrimPrefix(s.show(r.Properties["Name"]), s.stage.StackName()+"/")] = r
		}
		for name, wanted := range want {
			r, ok := made[name]
			if ok != (wanted && !given[name]) {
				t.Errorf("secret %s: made %v", name, ok)
			}
			if !ok {
				continue
			}
			delete(made, name)
			// Letters and digits: a text that begins with a brace would be taken for JSON.
			s.want(t, r, map[string]any{"SecretString": nil, "GenerateSecretString.ExcludePunctuation": true})
			if name == "webhook" {
				s.want(t, r, map[string]any{"GenerateSecretString.SecretStringTemplate": "{}", "GenerateSecretString.GenerateStringKey": "secret", "GenerateSecretString.PasswordLength": 48})
			}
		}
		if len(made) > 0 {
			t.Errorf("secrets that nobody asked for: %v", made)
		}
	})
}
