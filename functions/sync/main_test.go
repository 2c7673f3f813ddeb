package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"excs/shared/model"
	"excs/shared/run"
)

// fake is a Runner made of functions; one that is not set fails the test.
type fake struct {
	t       *testing.T
	plan    func(run.Request) (run.Report, error)
	sync    func(run.Request) (run.Report, error)
	approve func(hash string, kinds []model.Kind) (run.Decision, error)
	discard func(hash string, kinds []model.Kind) (run.Decision, error)
	list    func(kinds []model.Kind) ([]run.Listed, error)
	status  func() (run.Status, error)
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

func (f *fake) Approve(_ context.Context, hash string, kinds []model.Kind) (run.Decision, error) {
	if f.approve == nil {
		f.t.Fatal("Approve was called")
	}
	return f.approve(hash, kinds)
}

func (f *fake) Discard(_ context.Context, hash string, kinds []model.Kind) (run.Decision, error) {
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
