package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// fake is a Runner made of functions; one that is not set fails the test.
type fake struct {
	t       *testing.T
	plan    func(run.Request) (run.Report, error)
	sync    func(run.Request) (run.Report, error)
	approve func(hash string, kinds []model.Kind) (run.Decision, error)
	keys    []model.Key // of the last decision
	discard func(hash string, kinds []model.Kind) (run.Decision, error)
	list    func(kinds []model.Kind) ([]run.Listed, error)
	status  func() (run.Status, error)
	by      []run.By // of the decisions
}

var _ Runner = (*fake)(nil)

func (f *fake) Plan(_ context.Context, req run.Request) (run.Report, error) {
	if f.plan == nil {
		f.t.Fatal("Plan was called")
	}
	return f.plan(req)
}

func (f *fake) Sync(_ context.Context, req run.Request) (run.Report, error) {
	if f.sync == nil {
		f.t.Fatal("Sync was called")
	}
	return f.sync(req)
}

func (f *fake) Approve(_ context.Context, hash string, kinds []model.Kind, by run.By, keys ...model.Key) (run.Decision, error) {
	f.by, f.keys = append(f.by, by), keys
	if f.approve == nil {
		f.t.Fatal("Approve was called")
	}
	return f.approve(hash, kinds)
}

func (f *fake) Discard(_ context.Context, hash string, kinds []model.Kind, by run.By, keys ...model.Key) (run.Decision, error) {
	f.by, f.keys = append(f.by, by), keys
	if f.discard == nil {
		f.t.Fatal("Discard was called")
	}
	return f.discard(hash, kinds)
}

func (f *fake) List(_ context.Context, kinds []model.Kind) ([]run.Listed, error) {
	if f.list == nil {
		f.t.Fatal("List was called")
	}
	return f.list(kinds)
}

func (f *fake) Status(context.Context) (run.Status, error) {
	if f.status == nil {
		f.t.Fatal("Status was called")
	}
	return f.status()
}

// operator is an Operator made of functions; one that is not set fails the test, but for what is paused: nothing.
type operator struct {
	t       *testing.T
	paused  mapping.Pauses
	pause   func(run.PauseRequest) (run.Standstill, error)
	resume  func(run.ResumeRequest) (run.Resumption, error)
	release func([]model.Key, run.By) ([]run.Released, error)
	link    func(run.LinkRequest) (run.Linked, error)
	forget  func([]model.Key, run.By) ([]run.Forgotten, error)
	history func(run.HistoryRequest) ([]run.Event, bool, error)
	record  func(int64) (run.Record, error)
	report  func([]model.Kind) ([]run.Finding, error)
	written func(model.Key) ([]mapping.Wrote, error)
}

func (o *operator) History(_ context.Context, req run.HistoryRequest) ([]run.Event, bool, error) {
	if o.history == nil {
		o.t.Fatal("History was called")
	}
	return o.history(req)
}

func (o *operator) RunRecord(_ context.Context, n int64) (run.Record, error) {
	if o.record == nil {
		o.t.Fatal("RunRecord was called")
	}
	return o.record(n)
}

func (o *operator) Report(_ context.Context, kinds []model.Kind) ([]run.Finding, error) {
	if o.report == nil {
		o.t.Fatal("Report was called")
	}
	return o.report(kinds)
}

func (o *operator) WrittenTo(_ context.Context, key model.Key) ([]mapping.Wrote, error) {
	if o.written == nil {
		o.t.Fatal("WrittenTo was called")
	}
	return o.written(key)
}

var _ Operator = (*operator)(nil)

func (o *operator) Pauses(context.Context) (mapping.Pauses, error) { return o.paused, nil }

func (o *operator) Pause(_ context.Context, req run.PauseRequest) (run.Standstill, error) {
	if o.pause == nil {
		o.t.Fatal("Pause was called")
	}
	return o.pause(req)
}

func (o *operator) Resume(_ context.Context, req run.ResumeRequest) (run.Resumption, error) {
	if o.resume == nil {
		o.t.Fatal("Resume was called")
	}
	return o.resume(req)
}

func (o *operator) Release(_ context.Context, keys []model.Key, by run.By) ([]run.Released, error) {
	if o.release == nil {
		o.t.Fatal("Release was called")
	}
	return o.release(keys, by)
}

func (o *operator) Link(_ context.Context, req run.LinkRequest) (run.Linked, error) {
	if o.link == nil {
		o.t.Fatal("Link was called")
	}
	return o.link(req)
}

func (o *operator) Forget(_ context.Context, keys []model.Key, by run.By) ([]run.Forgotten, error) {
	if o.forget == nil {
		o.t.Fatal("Forget was called")
	}
	return o.forget(keys, by)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// logged is a logger and what it wrote.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

// ask invokes the handler and gives the answer as Lambda would send it.
func ask(t *testing.T, h *Handler, payload string) (string, error) {
	t.Helper()
	answer, err := h.Handle(t.Context(), json.RawMessage(payload))
	if err != nil {
		if answer != nil {
			t.Errorf("an error comes with the answer %v", answer)
		}
		return "", err
	}
	if text, ok := answer.(string); ok {
		return text, nil
	}
	b, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), nil
}

// must is ask for an answer.
func must(t *testing.T, h *Handler, payload string) string {
	t.Helper()
	answer, err := ask(t, h, payload)
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	return answer
}

// into is must for a JSON answer.
func into[T any](t *testing.T, h *Handler, payload string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(must(t, h, payload)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
