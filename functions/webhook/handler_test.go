package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"excs/functions/internal/stage"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/telemetry"
)

// An EventBridge event that can not be understood is logged, counted, and no error: telling it again would not help. What
// came with it is heard.
func TestUnreadableEvents(t *testing.T) {
	w, event := open(t)
	var log bytes.Buffer
	w.webhook.Log = telemetry.New(&log, telemetry.Options{Function: "webhook"})
	for _, payload := range []string{`{}`, `[]`, `17`, `"text"`, `{"detail":{"eventBody":{"entityType":"User"}}}`, `{"detail":{"userEmail":"ada@agents.example"}}`} {
		if r := w.tell(json.RawMessage(payload)); r.Rejected != 1 || r.Heard != 0 {
			t.Errorf("%s: %+v", payload, r)
		}
	}
	if lines := strings.Count(log.String(), "can not be understood"); lines != 6 || strings.Contains(log.String(), "ada@") {
		t.Errorf("the log:\n%s", log.String())
	}
	if r := w.tell(json.RawMessage(`[{},` + event + `,{"entityType":"User"}]`)); r.Rejected != 2 || r.Sent != 1 {
		t.Errorf("%+v", r)
	}
}

// A table that does not answer is an error to EventBridge, so that Lambda tells the event again, and 503 to a request.
// Told again, the event is heard.
func TestTableUnavailable(t *testing.T) {
	w, event := open(t)
	w.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	_, err := w.webhook.Handle(t.Context(), json.RawMessage(event))
	if model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
	response := serve(t, w.webhook, post(oldSecret, event))
	if response.StatusCode != http.StatusServiceUnavailable || response.Headers["retry-after"] == "" {
		t.Errorf("%d %v %s", response.StatusCode, response.Headers, response.Body)
	}
	w.Table.SetFault(nil)
	if r := w.tell(json.RawMessage(event)); r.Sent != 1 {
		t.Errorf("%+v", r)
	}
}

// Whatever fails at whatever moment, an event that is told until it is taken leads to a look.
func TestFaultsLoseNothing(t *testing.T) {
	for seed := range int64(16) {
		w, event := open(t)
		w.Table.SetFault(mapping.FaultsBySeed(seed, 40))
		heard := false
		for range 50 {
			if _, err := w.webhook.Handle(t.Context(), json.RawMessage(event)); err == nil {
				heard = true
				break
			}
			w.clock.Pass(time.Minute) // Lambda's pause between two tries
			if seed%2 == 0 {
				w.restart()
			}
		}
		w.Table.SetFault(nil)
		w.settle()
		if u, _ := w.org.User(w.exID(w.firstUser())); !heard || u.State != "active" {
			t.Errorf("seed %d: heard %v, the user is %s", seed, heard, u.State)
		}
	}
}

// The work is cut off before the function's time is over, so that there is time to take back what is half done.
func TestDeadline(t *testing.T) {
	var left time.Duration
	h := &Handler{Log: quiet(), Gate: Closed(), Listener: hearing(func(ctx context.Context) error {
		end, ok := ctx.Deadline()
		if ok {
			left = time.Until(end)
		}
		return ctx.Err()
	})}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := h.Handle(ctx, stage.Sample(t, "webhook-user-deleted.json")); err != nil {
		t.Fatal(err)
	}
	if left <= 0 || left > time.Minute-time.Second {
		t.Errorf("%s are left to the work of a minute", left)
	}
}

// hearing is a listener that does what it is told.
type hearing func(ctx context.Context) error

func (f hearing) Hear(ctx context.Context, ns []notice.Notice) (listen.Report, error) {
	return listen.Report{Heard: len(ns)}, f(ctx)
}

// What is logged of an event are counts: no name, no address, no value.
func TestLog(t *testing.T) {
	w, event := open(t)
	var log bytes.Buffer
	w.webhook.Log = telemetry.New(&log, telemetry.Options{Function: "webhook", Level: "DEBUG"})
	w.tell(json.RawMessage(event))
	w.tell(stage.Sample(t, "webhook-noise.json"))
	serve(t, w.webhook, post("a forged secret that is long enough", event))
	serve(t, w.webhook, post(oldSecret, `{"userEmail":"ada@agents.example"`))
	text := log.String()
	for _, hidden := range []string{oldSecret, "forged", "ada@", "active"} {
		if strings.Contains(text, hidden) {
			t.Errorf("the log shows %q:\n%s", hidden, text)
		}
	}
	for _, shown := range []string{`"sent":1`, `"ignored":{"login times":1}`, `"status":401`, `"status":400`} {
		if !strings.Contains(text, shown) {
			t.Errorf("the log lacks %s:\n%s", shown, text)
		}
	}
}
