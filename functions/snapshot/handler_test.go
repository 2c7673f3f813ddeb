package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// fake is a Runner made of a function.
type fake func(run.Request) (run.Report, error)

var _ Runner = fake(nil)

func (f fake) Sync(_ context.Context, req run.Request) (run.Report, error) { return f(req) }

func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

// Whatever the event says, the run is a whole one on behalf of Engage.
func TestEveryEventIsARun(t *testing.T) {
	for _, event := range []string{`{}`, `null`, `{"kinds":["user"],"action":"plan"}`, `[]`, `{"source":"aws.scheduler"}`} {
		var got run.Request
		log, _ := logged()
		h := &Handler{Log: log, Runner: fake(func(r run.Request) (run.Report, error) { got = r; return run.Report{Run: 1}, nil })}
		if a, err := h.Handle(t.Context(), json.RawMessage(event)); err != nil || a.Run != 1 {
			t.Errorf("%s: %+v, %v", event, a, err)
		}
		if d := cmp.Diff(run.Request{Cause: model.CauseEngage}, got); d != "" {
			t.Errorf("%s: %s", event, d)
		}
	}
}

// The answer counts what the report lists and passes on what the read did not prove.
func TestAnswer(t *testing.T) {
	log, lines := logged()
	report := run.Report{
		Run: 7, Requeued: 2, Sent: 3, FirstPlan: true, WentBack: "it fell", Doubts: map[model.Table]string{model.TableSkill: "empty"},
		Plan: plan.Plan{Hash: "h", Changes: make([]model.Change, 4), Held: []plan.Held{{Code: plan.HeldFirstPlan}, {Code: plan.HeldGuard}}, Rejects: make([]model.Reject, 5)},
	}
	h := &Handler{Log: log, Runner: fake(func(run.Request) (run.Report, error) { return report, nil })}
	got, err := h.Handle(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"run":7,"changes":4,"held":2,"rejected":5,"requeued":2,"sent":3,"planHash":"h","firstPlan":true,"wentBack":"it fell","doubts":{"cfg_skill":"empty"}}`
	if string(b) != want {
		t.Errorf("answer %s, want %s", b, want)
	}
	if text := lines.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"msg":"run done","run":7,"changes":4,"held":2,"rejected":5`) {
		t.Errorf("log: %s", text)
	}
}

// An organisation that was empty needs no approval, so the answer does not ask for one.
func TestAnswerWithoutApproval(t *testing.T) {
	log, _ := logged()
	h := &Handler{Log: log, Runner: fake(func(run.Request) (run.Report, error) { return run.Report{Run: 1, FirstPlan: true}, nil })}
	if got, err := h.Handle(t.Context(), nil); err != nil || got.FirstPlan {
		t.Errorf("%+v, %v", got, err)
	}
}

// A run under way is no fault: nothing is done, and the answer says why.
func TestSkipped(t *testing.T) {
	log, lines := logged()
	busy := model.Errorf(model.CodeConflict, "take the lease", "another run holds it")
	h := &Handler{Log: log, Runner: fake(func(run.Request) (run.Report, error) { return run.Report{}, busy })}
	got, err := h.Handle(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Answer{Skipped: "take the lease: another run holds it"}, got); d != "" {
		t.Error(d)
	}
	if !strings.Contains(lines.String(), `"level":"INFO"`) {
		t.Errorf("log: %s", lines)
	}
}

// Any other error is the invocation's, logged once with its code and the run's number.
func TestFailed(t *testing.T) {
	for _, code := range []model.Code{model.CodeInvalid, model.CodeDenied, model.CodeUnavailable, model.CodeThrottled, model.CodeStale, model.CodeInternal} {
		log, lines := logged()
		failure := model.Errorf(code, "read Engage", "no answer")
		h := &Handler{Log: log, Runner: fake(func(run.Request) (run.Report, error) { return run.Report{Run: 3, Requeued: 1}, failure })}
		got, err := h.Handle(t.Context(), nil)
		if model.CodeOf(err) != code {
			t.Errorf("error %v, want code %s", err, code)
		}
		if d := cmp.Diff(Answer{}, got); d != "" {
			t.Errorf("an error comes with an answer: %s", d)
		}
		if text := lines.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"run":3,"requeued":1,"code":"`+string(code)+`"`) {
			t.Errorf("log: %s", text)
		}
	}
}
