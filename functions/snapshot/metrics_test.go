package main

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

// watched is the handler on a stage, with what it tells CloudWatch.
type watched struct {
	*stage.Stage
	t     *testing.T
	h     *Handler
	lines *stage.Lines
}

func watch(t *testing.T, s *stage.Stage) *watched {
	t.Helper()
	set, lines := stage.Measured(s.Service, s.Clock, telemetry.FunctionSnapshot)
	return &watched{Stage: s, t: t, h: &Handler{Runner: s.Runner, Log: set.Log, Instruments: set}, lines: lines}
}

// run makes one run and gives what it measured, and its other lines.
func (w *watched) run() (telemetrytest.Readings, []string) {
	w.t.Helper()
	_, _ = w.h.Handle(w.t.Context(), nil) // what a run answers is the business of other tests
	return w.lines.Metrics(w.t)
}

// want compares what was measured of some series.
func (w *watched) want(got telemetrytest.Readings, want map[string]float64) {
	w.t.Helper()
	for series, v := range want {
		if len(got[series]) != 1 || got[series][0] != v {
			w.t.Errorf("%s is %v, want %v", series, got[series], v)
		}
	}
}

// alarmLine is what an alarm's line says.
type alarmLine struct {
	Message, Level, Alarm, Command, Then, Runbook, Says, Tenant string
	Count                                                       int
	Keys                                                        []string
}

// alarms gives the alarms that the lines say, by slug.
func alarms(t *testing.T, lines []string) map[string]alarmLine {
	t.Helper()
	said := map[string]alarmLine{}
	for _, line := range lines {
		var a alarmLine
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if a.Message == "alarm" {
			said[a.Alarm] = a
		}
	}
	return said
}

// agents counts the living agents of the site.
func agents(site *engagetest.Site) int {
	n := 0
	for _, p := range site.Persons {
		if p.Tenant == site.Tenant && p.Agent {
			n++
		}
	}
	return n
}

// The first run finds everything in Engage and nothing converged; when the workers are done, the next one finds all of it
// converged, and nothing else.
func TestMetricsOfARun(t *testing.T) {
	s, editor := stage.Tiny(t)
	w := watch(t, s)
	first, said := w.run()
	users := float64(agents(editor.Site()))
	w.want(first, map[string]float64{
		"inEngage{kind=user}": users, "mapped{kind=user}": users, "converged{kind=user}": 0, "rejected{kind=user}": 0, "orphaned{kind=user}": 0,
		"inEngage{kind=source}": 1, "mapped{kind=source}": 1, "converged{kind=source}": 0,
		"snapshots": 1, "proofFailures": 0, "wentBack": 0, "guardTrips": 0, "held": 0, "deadLetters": 0, "deadLetterAge": 0, "authFailures": 0,
		"exOrgCalls{by=snapshot}": float64(s.APICalls()), "exOrgCalls{by=apply}": 0, "oldestUnconverged": 0, "applied": 0,
	})
	if s.APICalls() == 0 || first.Last("rows") < users || first.Last("budgetLeft") == 100 {
		t.Errorf("calls %d, rows %v, budget left %v", s.APICalls(), first["rows"], first["budgetLeft"])
	}
	if a := alarms(t, said); len(a) > 0 {
		t.Errorf("alarms %v", a)
	}
	s.Converge(t)
	s.Clock.Pass(time.Minute)
	s.Counter.Take() // the workers' calls, which in AWS another process counts
	second, _ := w.run()
	for _, k := range model.Kinds() {
		of := "{kind=" + string(k) + "}"
		if second.Last("inEngage"+of) != second.Last("mapped"+of) || second.Last("converged"+of) != second.Last("mapped"+of) {
			t.Errorf("%s: %v in Engage, %v mapped, %v converged", k, second["inEngage"+of], second["mapped"+of], second["converged"+of])
		}
	}
	w.want(second, map[string]float64{"exOrgCalls{by=snapshot}": 0, "budgetLeft": 100, "converged{kind=user}": users})
}

// Every series of the list has a value in every run, but for what a 0 would lie about: there is no gap while it runs.
func TestEverySeriesIsThere(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	for range 2 {
		_, _ = w.h.Handle(t.Context(), nil)
		text := w.lines.Take()
		got, err := telemetrytest.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		var missing []string
		for _, m := range telemetry.Metrics() {
			series := []string{string(m.Name)}
			if own := m.Own(); own != "" {
				series = nil
				for _, of := range telemetry.Values(own) {
					series = append(series, string(m.Name)+"{"+own+"="+of+"}")
				}
			}
			for _, name := range series {
				if math.IsNaN(got.Last(name)) {
					missing = append(missing, name)
				}
			}
		}
		if d := cmp.Diff([]string{"timeToApply"}, missing); d != "" {
			t.Error(d)
		}
		if n := strings.Count(text, `"_aws"`); n > len(model.Kinds()) {
			t.Errorf("%d lines of metrics, one a kind is enough", n)
		}
	}
}

// An object that fails for good is counted, with its dead letter and their age, and the alarm's line says which it is and
// what to paste.
func TestMetricsOfAQuarantine(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	s.Org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPost, Route: "/api/v2/routing/wrapupcodes", Status: http.StatusForbidden})
	w.run()
	s.Converge(t)
	first, said := w.run()
	codes := first.Last("quarantined{kind=wrapupcode}")
	if codes == 0 || first.Last("deadLetters") != codes || first.Last("converged{kind=wrapupcode}") != first.Last("mapped{kind=wrapupcode}")-codes {
		t.Errorf("%v quarantined, %v dead letters, %v of %v converged", codes, first["deadLetters"], first["converged{kind=wrapupcode}"], first["mapped{kind=wrapupcode}"])
	}
	a := alarms(t, said)[telemetry.AlarmDeadLetters]
	if a.Count != int(codes) || len(a.Keys) == 0 || len(a.Keys) > 5 || !strings.HasPrefix(a.Keys[0], "wrapupcode/") || a.Command != "make replay DRY=1 STAGE=test" ||
		a.Runbook != "Dead letters" || a.Level != "WARN" || a.Tenant != "101" {
		t.Errorf("alarm %+v", a)
	}
	s.Clock.Pass(time.Hour)
	later, _ := w.run()
	if age := later.Last("deadLetterAge") - first.Last("deadLetterAge"); age != 3600 {
		t.Errorf("an hour later the oldest is %v s older", age)
	}
	w.want(later, map[string]float64{"oldestUnconverged": 0}) // it waits for a person, and has an alarm of its own
}

// Who is fired is an orphan from that run on; who can not become a user is rejected.
func TestMetricsOfOrphansAndRejects(t *testing.T) {
	s, editor := stage.Tiny(t)
	w := watch(t, s)
	w.run()
	s.Converge(t)
	before, _ := w.run()
	var left []int64
	for _, p := range editor.Site().Persons {
		if p.Tenant == editor.Site().Tenant && p.Agent {
			left = append(left, p.DBID)
		}
	}
	if err := editor.Fire(t.Context(), left[0]); err != nil {
		t.Fatal(err)
	}
	after, _ := w.run()
	users := before.Last("inEngage{kind=user}")
	w.want(after, map[string]float64{
		"orphaned{kind=user}": 1, "inEngage{kind=user}": users - 1, "mapped{kind=user}": users - 1, "rejected{kind=user}": 0,
	})
	twin, ok := editor.Site().Person(left[1])
	if !ok {
		t.Fatal("no such Person")
	}
	if err := editor.ChangeEmail(t.Context(), left[2], twin.Email); err != nil {
		t.Fatal(err)
	}
	got, _ := w.run()
	w.want(got, map[string]float64{"rejected{kind=user}": 1, "inEngage{kind=user}": users - 1, "orphaned{kind=user}": 1})
	s.Clock.Pass(time.Hour)
	got, _ = w.run()
	w.want(got, map[string]float64{"rejected{kind=user}": 1, "orphaned{kind=user}": 1})
}

// A run that can not read Engage is counted, says what the last one saw of it, and the second one in a row is an alarm.
func TestMetricsWhileEngageIsDown(t *testing.T) {
	_, reader := stage.SQLite(t, stage.Site())
	down := false
	s := stage.New(t, stage.Settings(), stage.Breaking(reader, stage.Settings(), &down))
	w := watch(t, s)
	w.run()
	s.Converge(t)
	up, _ := w.run()
	down = true
	for n := 1; n <= 3; n++ {
		got, said := w.run()
		w.want(got, map[string]float64{"proofFailures": float64(n), "snapshots": 1, "rows": 0, "snapshotDuration": 0})
		for _, series := range []string{"inEngage{kind=user}", "mapped{kind=queue}", "converged{kind=user}", "orphaned{kind=user}"} {
			if got.Last(series) != up.Last(series) {
				t.Errorf("run %d says %v of %s, it was %v", n, got[series], series, up[series])
			}
		}
		a, alarmed := alarms(t, said)[telemetry.AlarmProofFailed]
		if alarmed != (n >= 2) || alarmed && (a.Count != n || a.Command != "make status STAGE=test") {
			t.Errorf("run %d: alarm %+v", n, a)
		}
	}
	down = false
	got, said := w.run()
	w.want(got, map[string]float64{"proofFailures": 0})
	if a := alarms(t, said); len(a) > 0 {
		t.Errorf("alarms %v", a)
	}
}

// A run that is skipped says 0 of what is counted, no run among it, and nothing of what it did not look at.
func TestMetricsOfASkippedRun(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	if _, err := s.Table.TakeLease(t.Context(), "somebody", s.Clock.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	got, _ := w.run()
	w.want(got, map[string]float64{"snapshots": 0, "applied": 0, "webhookAccepted": 0, "changesByAction{action=create}": 0, "exOrgCalls{by=webhook}": 0, "deadLetters": 0})
	for _, series := range []string{"mapped{kind=user}", "oldestUnconverged", "proofFailures", "guardTrips", "held", "deadLetterAge", "rows", "snapshotDuration"} {
		if !math.IsNaN(got.Last(series)) {
			t.Errorf("%s is %v", series, got[series])
		}
	}
}

// What a queue or a budget does not tell is a gap and a line in the log, not a 0 and not the end of the run.
func TestWhatCanNotBeMeasuredIsAGap(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	broken := queue.NewMemory(queue.MemoryConfig{Now: s.Clock.Now, Faults: func(string) error { return model.Errorf(model.CodeDenied, "count", "no permission") }})
	w.h.Instruments.Dead = broken
	s.Table.SetFault(func(op string) mapping.Fault {
		if op == "BudgetLeft" {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	got, others := w.run()
	w.want(got, map[string]float64{"snapshots": 1})
	if !math.IsNaN(got.Last("deadLetters")) || !math.IsNaN(got.Last("budgetLeft")) {
		t.Errorf("dead letters %v, budget left %v", got["deadLetters"], got["budgetLeft"])
	}
	text := strings.Join(others, "\n")
	if !strings.Contains(text, "the depth of the dead-letter queue could not be read") || !strings.Contains(text, "the request budget could not be read") {
		t.Errorf("log: %s", text)
	}
}

// Measuring must not make the run of every minute dear: a run that finds nothing to do takes no more of the table than this
// (0.24 USD a month at list prices).
func TestARunWithoutChangesStaysCheap(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	w.run()
	s.Converge(t)
	w.run()
	for range 2 {
		s.Clock.Pass(time.Minute)
		s.Reset()
		w.run()
		if u := s.Table.Units(); u.Reads > 30.5 || u.Writes > 3 {
			t.Errorf("%v read units, %v write units", u.Reads, u.Writes)
		}
		if n := s.Org.Totals().Calls; n > 0 {
			t.Errorf("%d calls of the EX Org", n)
		}
	}
}
