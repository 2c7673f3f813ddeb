package stack_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"excs/infra/local/aws/stack"
)

// Messages go to the function, what it fails on goes to the dead letters, and the order of a group is kept.
func TestQueueToFunction(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.Send(t, "work.fifo", "user/1", "one", "two")
	s.Send(t, "work.fifo", "user/2", "fail")
	eventually(t, "the good ones are worked on", func() bool { return said(s, "worker", "worked on two") && said(s, "worker", "worked on fail") })
	eventually(t, "the bad one is a dead letter", func() bool { return depth(t, s, "dead.fifo") == 1 && depth(t, s, "work.fifo") == 0 })
	bodies, err := s.Peek(t.Context(), "dead.fifo")
	if err != nil || len(bodies) != 1 || bodies[0] != "fail" {
		t.Errorf("dead letters %q, %v", bodies, err)
	}
	if depth(t, s, "dead.fifo") != 1 {
		t.Error("the look took the dead letter away")
	}
	f := s.Figures()
	if f.Mappings["worker"].Failed != 1 || f.Functions["worker"].Invocations == 0 || f.Calls["worker"]["sqs:DeleteMessage"] == 0 {
		t.Errorf("figures %+v", f)
	}
	if p := s.Problems(); len(p) > 0 {
		t.Errorf("problems %q", p)
	}
}

// A schedule fires by hand with its input, and by the clock.
func TestSchedules(t *testing.T) {
	t.Parallel()
	s := start(t, func(template object, _ *stack.Config) {
		at(template, "Schedule")["Description"] = "x"
	})
	if got := s.Schedules(); len(got) != 1 || got["clock"] != "rate(1 minute)" {
		t.Errorf("schedules %v", got)
	}
	if err := s.Fire("clock"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it ran", func() bool { return said(s, "clock", `got {"Do":"note","Text":"20`) })
	eventually(t, "it is over", func() bool { return !s.Busy() })
	if err := s.Fire("nothing"); err == nil {
		t.Error("a schedule that is not there fired")
	}
	ticking := start(t, func(template object, c *stack.Config) {
		c.Ticking = true
		soon := time.Now().UTC().Add(2 * time.Second)
		at(template, "Schedule")["ScheduleExpression"] = "at(" + soon.Format("2006-01-02T15:04:05") + ")"
	})
	eventually(t, "it ran by the clock", func() bool { return said(ticking, "clock", `got {"Do":"note"`) })
	off := start(t, func(template object, c *stack.Config) {
		c.Ticking = true
		at(template, "Schedule")["State"] = "DISABLED"
	})
	if err := off.Fire("clock"); err == nil || !strings.Contains(err.Error(), "switched off") {
		t.Errorf("the error is %v", err)
	}
}

// letter is what is read of an event that failed for good.
type letter struct {
	RequestContext struct {
		Condition              string
		ApproximateInvokeCount int
		FunctionArn            string
	}
	RequestPayload  json.RawMessage
	ResponsePayload struct{ ErrorMessage string }
	ResponseContext struct{ FunctionError string }
}

// An event whose invocations fail is tried as often as the configuration says and then left where it says.
func TestAnEventThatFails(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const event = `{"Do":"fail","Text":"no luck"}`
	if err := s.InvokeAsync("clock", []byte(event)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given up", func() bool { return s.Pending() == 0 })
	if n := s.Figures().Functions["clock"].Invocations; n != 2 {
		t.Errorf("it was tried %d times, one retry was configured", n)
	}
	bodies, err := s.Peek(t.Context(), "undelivered")
	if err != nil || len(bodies) != 1 {
		t.Fatalf("undelivered %q, %v", bodies, err)
	}
	var l letter
	if err := json.Unmarshal([]byte(bodies[0]), &l); err != nil {
		t.Fatal(err)
	}
	if l.RequestContext.Condition != "RetriesExhausted" || l.RequestContext.ApproximateInvokeCount != 2 || string(l.RequestPayload) != event ||
		l.ResponsePayload.ErrorMessage != "no luck" || l.ResponseContext.FunctionError != "Unhandled" || !strings.HasSuffix(l.RequestContext.FunctionArn, "-clock:$LATEST") {
		t.Errorf("undelivered %+v", l)
	}
	if s.Metrics(); len(s.Problems()) > 0 {
		t.Errorf("problems %q", s.Problems())
	}
	// A function without a destination loses the event after Lambda's three tries, which somebody should know of.
	if err := s.InvokeAsync("door", []byte(event)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given up too", func() bool { return s.Pending() == 0 })
	if p := strings.Join(s.Problems(), ""); !strings.Contains(p, "is lost after 3 tries") || !strings.Contains(p, "no luck") {
		t.Errorf("problems %q", p)
	}
}

// An event that got too old is given up although a try was left.
func TestAnEventThatIsTooOld(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ object, c *stack.Config) { c.RetryDelay = func(int) time.Duration { return time.Hour } })
	if err := s.InvokeAsync("clock", []byte(`{"Do":"fail","Text":"x"}`)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given up", func() bool { return s.Pending() == 0 })
	bodies, err := s.Peek(t.Context(), "undelivered")
	if err != nil || len(bodies) != 1 || !strings.Contains(bodies[0], `"condition":"EventAgeExceeded"`) {
		t.Errorf("undelivered %q, %v", bodies, err)
	}
	if err := s.InvokeAsync("clock", make([]byte, 1<<20+1)); err == nil {
		t.Error("an event over 1 MB was taken")
	}
}

// A rule passes on what matches, of its own bus only.
func TestRule(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, tc := range []struct {
		name, event string
		targets     int
	}{
		{"an event of the partner", `{"source":"aws.partner/x","detail":{"kind":"User","n":1}}`, 1},
		{"an event that does not match", `{"source":"aws.partner/x","detail":{"kind":"Flow"}}`, 0},
		{"an event of another bus", `{"source":"aws.partner/xy","detail":{"kind":"User"}}`, 0},
		{"an event of AWS", `{"source":"aws.ec2","detail":{"kind":"User"}}`, 0},
	} {
		if n, err := s.Deliver([]byte(tc.event)); err != nil || n != tc.targets {
			t.Errorf("%s went to %d targets, %v", tc.name, n, err)
		}
	}
	eventually(t, "the function got it", func() bool { return said(s, "door", `"n":1`) })
	if _, err := s.Deliver([]byte(`{`)); err == nil {
		t.Error("half an event was delivered")
	}
}

// What EventBridge or Scheduler may not start is left in their dead-letter queue, and somebody knows of it.
func TestDeliveriesThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, func(template object, _ *stack.Config) {
		delete(template["Resources"].(object), "RulePermission")
		document(template, "ScheduleRole")["Statement"] = []any{statement("Lost", arn("Lost"), "sqs:SendMessage")}
	})
	const event = `{"source":"aws.partner/x","detail":{"kind":"User"}}`
	if n, err := s.Deliver([]byte(event)); err != nil || n != 1 {
		t.Errorf("%d targets, %v", n, err)
	}
	if err := s.Fire("clock"); err != nil {
		t.Fatal(err)
	}
	if n := depth(t, s, "undelivered"); n != 2 {
		t.Errorf("%d are undelivered", n)
	}
	problems := strings.Join(s.Problems(), "\n")
	for _, text := range []string{"no permission of " + s.Name() + "-door lets the rule invoke it", "can not start", "not authorized to perform: lambda:InvokeFunction"} {
		if !strings.Contains(problems, text) {
			t.Errorf("%q is not among the problems:\n%s", text, problems)
		}
	}
	// Without the queue's permission the event is gone, which is an error here.
	gone := start(t, func(template object, _ *stack.Config) {
		delete(template["Resources"].(object), "RulePermission")
		delete(template["Resources"].(object), "LostPolicy")
	})
	if _, err := gone.Deliver([]byte(event)); err == nil || !strings.Contains(err.Error(), "events.amazonaws.com is not authorized to perform: sqs:SendMessage") {
		t.Errorf("the error is %v", err)
	}
}
