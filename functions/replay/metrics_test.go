package main

import (
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/telemetry"
)

// A replay says at once what it left: the alarm need not wait for the next run.
func TestMetricsOfAReplay(t *testing.T) {
	s, cure := poisoned(t)
	h := onStage(s)
	var lines *stage.Lines
	h.Instruments, lines = stage.Measured(s.Service, s.Clock, telemetry.FunctionReplay)
	cure()
	for _, step := range []struct {
		payload string
		left    float64
	}{{`{"dryRun":true}`, 1}, {`{}`, 0}, {`{}`, 0}} {
		if _, err := h.Handle(t.Context(), []byte(step.payload)); err != nil {
			t.Fatal(err)
		}
		if got, _ := lines.Metrics(t); len(got) != 1 || got.Last("deadLetters") != step.left {
			t.Errorf("%s: measured %v, want %v dead letters", step.payload, got, step.left)
		}
	}
	if _, err := h.Handle(t.Context(), []byte(`{"max":-1}`)); err == nil {
		t.Fatal("a payload that makes no sense was taken")
	}
	if text := lines.Take(); text != "" {
		t.Errorf("it was measured: %s", text)
	}
}
