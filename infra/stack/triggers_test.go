package stack_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/notice"
)

// Every schedule is on, starts its function with the sample's payload under a role that may do nothing else, and leaves word
// of what it could not start.
func TestSchedules(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		want := map[string]struct{ function, expression, sample string }{
			"snapshot": {"snapshot", s.stage.Snapshot, "snapshot-empty.json"},
			"verify":   {"sync", s.stage.Verify, "sync-verify-scheduler.json"},
		}
		if n := len(s.all("AWS::Scheduler::Schedule")); n != len(want) {
			t.Errorf("%d schedules", n)
		}
		lost := "${" + s.queue(t, "undelivered").id + ".Arn}"
		for name, w := range want {
			r := s.named(t, "AWS::Scheduler::Schedule", "Name", s.stage.StackName()+"-"+name)
			target := "${" + s.function(t, w.function).id + ".Arn}"
			s.want(t, r, map[string]any{
				"State": "ENABLED", "ScheduleExpression": w.expression, "ScheduleExpressionTimezone": s.stage.TimeZone, "FlexibleTimeWindow.Mode": "OFF",
				"GroupName": "default", "Target.Arn": target, "Target.DeadLetterConfig.Arn": lost, "Target.RetryPolicy.MaximumRetryAttempts": 2,
			})
			if d := cmp.Diff(sample(t, w.sample), decode(t, []byte(s.show(path(any(r.Properties), "Target", "Input"))))); d != "" {
				t.Errorf("%s: the payload is not that of events/%s: %s", name, w.sample, d)
			}
			role := path(any(r.Properties), "Target", "RoleArn")
			got := map[string][]string{}
			for _, st := range s.role(t, role) {
				for _, a := range st.actions {
					got[st.effect+" "+a] = st.resources
				}
			}
			if d := cmp.Diff(map[string][]string{"Allow lambda:InvokeFunction": {target}, "Allow sqs:SendMessage": {lost}}, got); d != "" {
				t.Errorf("%s: its role: %s", name, d)
			}
			s.trust(t, role)
		}
	})
}

// trust checks that only the schedules of this account can take the role.
func (s synthesized) trust(t *testing.T, arn any) {
	t.Helper()
	id, _, _ := strings.Cut(strings.TrimPrefix(s.show(arn), "${"), ".")
	got := s.statements(s.Resources[id].Properties["AssumeRolePolicyDocument"])
	if len(got) != 1 || got[0].principal != "scheduler.amazonaws.com" {
		t.Fatalf("%s: %+v", id, got)
	}
	account := "${AWS::AccountId}"
	if s.stage.Account != "" {
		account = s.stage.Account
	}
	equals := path(got[0].condition, "StringEquals")
	if at := s.show(path(equals, "aws:SourceAccount")); at != account {
		t.Errorf("%s: account %s", id, at)
	}
	if at := s.show(path(equals, "aws:SourceArn")); at != s.arn("scheduler", "schedule-group/default") {
		t.Errorf("%s: source %s", id, at)
	}
}

func sample(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../events", name))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// Without an address nobody outside can call anything; with one there are both permissions, and no more.
func TestWebhookAddress(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		urls := s.all("AWS::Lambda::Url")
		public := map[string]resource{}
		for _, p := range s.all("AWS::Lambda::Permission") {
			if s.show(p.Properties["Principal"]) == "*" {
				public[s.show(p.Properties["Action"])] = p
			}
		}
		_, told := s.Outputs["WebhookUrl"]
		if told != s.stage.WebhookURL {
			t.Errorf("output WebhookUrl: %v", told)
		}
		if !s.stage.WebhookURL {
			if len(urls)+len(public) > 0 {
				t.Errorf("an open door: %v %v", urls, public)
			}
			return
		}
		function := "${" + s.function(t, "webhook").id + ".Arn}"
		if len(urls) != 1 || len(public) != 2 {
			t.Fatalf("%d addresses, %d public permissions", len(urls), len(public))
		}
		s.want(t, urls[0], map[string]any{"AuthType": "NONE", "InvokeMode": "BUFFERED", "TargetFunctionArn": function, "Cors": nil})
		s.want(t, public["lambda:InvokeFunctionUrl"], map[string]any{"FunctionName": function, "FunctionUrlAuthType": "NONE"})
		s.want(t, public["lambda:InvokeFunction"], map[string]any{"FunctionName": function, "InvokedViaFunctionUrl": true})
	})
}

// The bus is there only where it is asked for; the rule is on that bus, and everything on its way is let through.
func TestPartnerBus(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		buses, rules := s.all("AWS::Events::EventBus"), s.all("AWS::Events::Rule")
		if s.stage.EventSource == "" {
			if len(buses)+len(rules) > 0 {
				t.Errorf("%v %v", buses, rules)
			}
			return
		}
		if len(buses) != 1 || len(rules) != 1 {
			t.Fatalf("%d buses, %d rules", len(buses), len(rules))
		}
		function, lost := "${"+s.function(t, "webhook").id+".Arn}", s.queue(t, "undelivered")
		s.want(t, buses[0], map[string]any{"Name": s.stage.EventSource, "EventSourceName": s.stage.EventSource})
		s.want(t, rules[0], map[string]any{"EventBusName": "${" + buses[0].id + "}", "State": "ENABLED"})
		targets := rules[0].Properties["Targets"].([]any)
		if len(targets) != 1 || s.show(path(targets[0], "Arn")) != function || s.show(path(targets[0], "DeadLetterConfig", "Arn")) != "${"+lost.id+".Arn}" {
			t.Errorf("targets %v", targets)
		}
		arn := "${" + rules[0].id + ".Arn}"
		s.want(t, s.named(t, "AWS::Lambda::Permission", "SourceArn", arn), map[string]any{
			"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
		})
		s.letsIn(t, lost, arn)
	})
}

// letsIn checks that a rule may leave on the queue what it could not deliver.
func (s synthesized) letsIn(t *testing.T, queue resource, rule string) {
	t.Helper()
	for _, policy := range s.all("AWS::SQS::QueuePolicy") {
		if s.show(policy.Properties["Queues"]) != "${"+queue.id+"}" {
			continue
		}
		for _, st := range s.statements(policy.Properties["PolicyDocument"]) {
			if st.principal == "events.amazonaws.com" && st.effect == "Allow" && cmp.Equal(st.actions, []string{"sqs:SendMessage"}) &&
				s.show(path(st.condition, "ArnEquals", "aws:SourceArn")) == rule {
				return
			}
		}
	}
	t.Errorf("%s may not send to %s", rule, queue.id)
}

// The rule lets through what the webhook looks at, and leaves out what it would only drop.
func TestPartnerPattern(t *testing.T) {
	s := of(t, "local")
	pattern := s.all("AWS::Events::Rule")[0].Properties["EventPattern"]
	var types []string
	for _, e := range path(pattern, "detail", "eventBody", "entityType").([]any) {
		types = append(types, path(e, "equals-ignore-case").(string))
	}
	prefix := path(pattern, "source").([]any)[0].(map[string]any)["prefix"].(string)
	passes := func(event any) bool {
		source, _ := path(event, "source").(string)
		entity, _ := path(event, "detail", "eventBody", "entityType").(string)
		for _, one := range types {
			if strings.EqualFold(one, entity) {
				return strings.HasPrefix(source, prefix)
			}
		}
		return false
	}
	files, err := filepath.Glob("../../events/webhook-*.json")
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, file := range files {
		event := sample(t, filepath.Base(file))
		if path(event, "requestContext") != nil {
			continue // the other door
		}
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		n, err := notice.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if want := n.Kind != ""; passes(event) != want {
			t.Errorf("%s: passes %v, kind %q", file, !want, n.Kind)
		}
		looked++
	}
	if looked < 6 {
		t.Errorf("only %d samples", looked)
	}
	// Whatever is let through is a kind, and every kind that an event can tell of is let through.
	kinds := map[model.Kind]bool{}
	for _, one := range types {
		n, err := notice.Parse([]byte(`{"entityType":"` + one + `","action":"Update","entity":{"id":"3fa85f64-5717-4562-b3fc-2c963f66afa6"}}`))
		if err != nil || n.Kind == "" {
			t.Errorf("%s is let through: kind %q, %v", one, n.Kind, err)
		}
		kinds[n.Kind] = true
	}
	for _, kind := range model.Kinds() {
		// Members are told of by their queue, the source by nobody.
		if kind != model.KindMembers && kind != model.KindSource && !kinds[kind] {
			t.Errorf("no event of kind %s is let through", kind)
		}
	}
}
