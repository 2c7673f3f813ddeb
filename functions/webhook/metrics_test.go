package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

// measure gives the webhook instruments, and a look at what they write.
func (t *town) measure() func() telemetrytest.Readings {
	set, lines := stage.Measured(t.Service, t.clock, telemetry.FunctionWebhook)
	t.webhook.Instruments = set
	t.Counter.Take()
	return func() telemetrytest.Readings {
		t.tb.Helper()
		text := lines.Take()
		if n := strings.Count(text, "\n"); n != 1 {
			t.tb.Errorf("%d lines for one invocation: %s", n, text)
		}
		got, err := telemetrytest.Read(text)
		if err != nil {
			t.tb.Fatal(err)
		}
		return got
	}
}

func counted(accepted, ignored, rejected float64) telemetrytest.Readings {
	return telemetrytest.Readings{
		"webhookAccepted": {accepted}, "webhookIgnored": {ignored}, "webhookRejected": {rejected},
		"exOrgCalls{by=webhook}": {0}, "throttles": {0}, "budgetRefusals": {0}, "authFailures": {0},
	}
}

// Every invocation is one line that counts what became of the notifications, whichever way they came, and says 0 of the rest.
func TestMetricsOfNotifications(t *testing.T) {
	w, event := open(t)
	measured := w.measure()
	request := func(secret, method, body string) json.RawMessage {
		r := post(secret, body)
		r.RequestContext.HTTP.Method = method
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, step := range []struct {
		name    string
		payload json.RawMessage
		want    telemetrytest.Readings
	}{
		{"an event of a mapped user", json.RawMessage(event), counted(1, 0, 0)},
		{"the same event once more", json.RawMessage(event), counted(0, 1, 0)},
		{"an event that can not be understood", json.RawMessage(`{"detail":5}`), counted(0, 0, 1)},
		{"a request without the secret", request("", http.MethodPost, event), counted(0, 0, 1)},
		{"a request that does not post", request(oldSecret, http.MethodGet, event), counted(0, 0, 1)},
		{"a request whose body is no event", request(oldSecret, http.MethodPost, `[]`), counted(0, 0, 1)},
		{"a request with a good and a bad event", request(oldSecret, http.MethodPost, `[`+event+`,{"detail":5}]`), counted(0, 1, 1)},
		{"an envelope that Lambda never made", json.RawMessage(`{"requestContext":{"http":7}}`), counted(0, 0, 1)},
	} {
		if _, err := w.webhook.Handle(t.Context(), step.payload); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if d := cmp.Diff(step.want, measured()); d != "" {
			t.Errorf("%s: %s", step.name, d)
		}
		w.clock.Pass(time.Second)
	}
}

// A notification of an object that EXCS does not know may have to be looked up in the EX Org: the calls are the webhook's.
func TestMetricsOfAStranger(t *testing.T) {
	w := synced(t)
	measured := w.measure()
	w.news()
	id, err := w.org.AddUser(map[string]any{"name": "Some Body", "email": "some.body@agents.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.org.DeactivateUser(id); err != nil {
		t.Fatal(err)
	}
	w.org.ResetCounters()
	for _, e := range w.news() {
		if _, err := w.webhook.Handle(t.Context(), e.Envelope); err != nil {
			t.Fatal(err)
		}
		got := measured()
		if got.Last("webhookAccepted")+got.Last("webhookIgnored") != 1 || got.Last("exOrgCalls{by=webhook}") != float64(apiCalls(w)) {
			t.Errorf("measured %v, %v calls", got, w.org.Calls())
		}
		w.org.ResetCounters()
	}
}

func apiCalls(w *town) int {
	n := 0
	for operation, calls := range w.org.Calls() {
		if !strings.Contains(operation, "/oauth/") {
			n += calls
		}
	}
	return n
}

// While the table can not be reached the invocation fails, once, and is measured once: 503 is no rejection.
func TestMetricsWhileTheTableIsDown(t *testing.T) {
	w, event := open(t)
	measured := w.measure()
	w.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	b, err := json.Marshal(post(oldSecret, event))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.webhook.Handle(t.Context(), b)
	if response, ok := answer.(events.LambdaFunctionURLResponse); err != nil || !ok || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("answer %+v, %v", answer, err)
	}
	if d := cmp.Diff(counted(0, 0, 0), measured()); d != "" {
		t.Error(d)
	}
	if u := w.Counter.Take(); u != (exorg.Usage{}) {
		t.Errorf("calls %+v", u)
	}
}
