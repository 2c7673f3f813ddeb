package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"excs/functions/internal/stage"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

// A run that an operator makes measures what a run of the schedule measures, but for what belongs to the schedule; every
// other action is one line that says what it cost in calls, of whichever client.
func TestMetricsOfActions(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	set, lines := stage.Measured(s.Service, s.Clock, telemetry.FunctionSync)
	h.Instruments = set
	do := func(payload string) telemetrytest.Readings {
		t.Helper()
		s.Reset()
		must(t, h, payload)
		text := lines.Take()
		got, err := telemetrytest.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		if calls := got.Last("exOrgCalls{by=sync}"); calls != float64(s.APICalls()) {
			t.Errorf("%s: %v calls counted, %d made", payload, calls, s.APICalls())
		}
		if !strings.Contains(payload, `"sync"`) && (len(got) != 4 || strings.Count(text, `"_aws"`) != 1) {
			t.Errorf("%s: measured %v", payload, got)
		}
		return got
	}
	do(`{"action":"plan"}`)
	run := do(`{"action":"sync"}`)
	if run.Last("mapped{kind=user}") == 0 || run.Last("inEngage{kind=user}") != run.Last("mapped{kind=user}") || run.Last("proofFailures") != 0 || run.Last("rows") == 0 {
		t.Errorf("a run measured %v", run)
	}
	for _, series := range []string{"snapshots", "deadLetters", "budgetLeft", "applied", "changesByCause{cause=engage}"} {
		if !math.IsNaN(run.Last(series)) {
			t.Errorf("a manual run measured %s: %v", series, run[series])
		}
	}
	s.Converge(t)
	s.Clock.Pass(time.Hour)
	s.Counter.Take()
	swept := do(`{"action":"verify"}`)
	if swept.Last("exOrgCalls{by=sync}") == 0 {
		t.Error("a sweep made no call")
	}
	for _, payload := range []string{`{"action":"explain","keys":["user/101"]}`, `{"action":"list"}`, `{"action":"status"}`} {
		do(payload)
	}
	if _, err := h.Handle(t.Context(), []byte(`{"action":"dance"}`)); err == nil {
		t.Fatal("an unknown action was done")
	}
	if text := lines.Take(); strings.Contains(text, "_aws") {
		t.Errorf("a refused payload was measured: %s", text)
	}
}
