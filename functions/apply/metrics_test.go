package main

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
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

// watch makes a worker anew, so that its lines go where its metrics go.
func watch(t *testing.T, s *stage.Stage) *watched {
	t.Helper()
	set, lines := stage.Measured(s.Service, s.Clock, telemetry.FunctionApply)
	s.Worker.Log = set.Log
	return &watched{Stage: s, t: t, h: &Handler{Worker: s.Worker, Queue: s.Work, Log: set.Log, Instruments: set}, lines: lines}
}

// batch hands what is visible to the handler, at most ten messages, and gives what it measured and its other lines.
func (w *watched) batch() (telemetrytest.Readings, []entry) {
	w.t.Helper()
	batch, err := w.Work.Receive(w.t.Context(), queue.BatchSize, 0)
	if err != nil || len(batch) == 0 {
		w.t.Fatal(len(batch), err)
	}
	return w.given(batch)
}

func (w *watched) given(batch []queue.Received) (telemetrytest.Readings, []entry) {
	w.t.Helper()
	answer, err := w.h.Handle(w.t.Context(), handedOver(batch))
	if err != nil {
		w.t.Fatal(err)
	}
	failed := failures(answer)
	for _, r := range batch {
		if len(failed) == 0 {
			if err := w.Work.Delete(w.t.Context(), []queue.Received{r}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	got, others := w.lines.Metrics(w.t)
	return got, entries(w.t, others)
}

// look sends one message and works on it.
func (w *watched) look(key model.Key, cause model.Cause) (telemetrytest.Readings, []entry) {
	w.t.Helper()
	if err := w.Work.Send(w.t.Context(), []queue.Message{{Key: key, Version: 1, Token: string(cause) + strconv.FormatInt(w.Clock.Now().UnixNano(), 36), Cause: cause}}); err != nil {
		w.t.Fatal(err)
	}
	return w.batch()
}

// entry is what a log line says.
type entry struct {
	Level, Message, Kind, Key, Cause, Action, Alarm, CorrelationID, Tenant, Command, State string
	Run                                                                                    int64
	Attempt, Count, Calls                                                                  int
	Keys                                                                                   []string
}

func entries(t *testing.T, lines []string) []entry {
	t.Helper()
	var all []entry
	for _, line := range lines {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// said gives the lines with a message.
func said(all []entry, message string) []entry {
	var some []entry
	for _, e := range all {
		if e.Message == message {
			some = append(some, e)
		}
	}
	return some
}

func user(n int64) model.Key { return model.Key{Kind: model.KindUser, DBID: n} }

// Over a whole first load every write is counted once by what was done and once by why, as many as the audit lines say;
// every object that converged is counted; each batch is one line.
func TestMetricsOfAFirstLoad(t *testing.T) {
	s, _ := stage.Tiny(t)
	w := watch(t, s)
	began := s.Clock.Now()
	report, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Reset()
	s.Counter.Take() // the run's calls
	sum := map[string]float64{}
	took, applied, batches := 0, 0, 0
	for {
		if waiting, _, err := s.Work.Depth(t.Context()); err != nil || waiting == 0 {
			break
		}
		batch, err := s.Work.Receive(t.Context(), queue.BatchSize, 0)
		if err != nil || len(batch) == 0 {
			break
		}
		s.Clock.Pass(time.Second)
		got, lines := w.given(batch)
		batches++
		for series, values := range got {
			name, _, _ := strings.Cut(series, "{")
			sum[name] += got.Sum(series)
			if name == "timeToApply" {
				took += len(values)
				for _, v := range values {
					if v <= 0 || v > s.Clock.Now().Sub(began).Seconds() {
						t.Errorf("an object took %v s", v)
					}
				}
			}
		}
		applied += len(said(lines, "applied"))
	}
	if batches < 2 || applied == 0 || sum["changesByAction"] != float64(applied) || sum["changesByCause"] != float64(applied) {
		t.Errorf("%d batches, %d audit lines, %v by action, %v by cause", batches, applied, sum["changesByAction"], sum["changesByCause"])
	}
	if int(sum["applied"]) != took || took == 0 || took > report.Sent {
		t.Errorf("%v objects converged, %d times were measured, %d were sent", sum["applied"], took, report.Sent)
	}
	if sum["exOrgCalls"] != float64(s.APICalls()) || sum["throttles"]+sum["authFailures"]+sum["guardTrips"] != 0 {
		t.Errorf("%v calls counted, %d made; %v", sum["exOrgCalls"], s.APICalls(), sum)
	}
}

// converged is a stage whose first load is done.
func converged(t *testing.T) (*watched, *engagetest.Editor) {
	t.Helper()
	s, editor := stage.Tiny(t)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	s.Clock.Pass(time.Hour)
	s.Counter.Take()
	s.Reset()
	return watch(t, s), editor
}

// A repair is one line that says what was done, why, at which cost, and the audit line beside it has everything to search
// by: tenant, kind, key, run, cause, attempt, and the EX Org's id of the request.
func TestMetricsOfARepair(t *testing.T) {
	w, editor := converged(t)
	person, ok := editor.Site().Person(101)
	if !ok {
		t.Fatal("no Person 101")
	}
	u, ok := w.Org.UserByEmail(person.Email)
	if !ok {
		t.Fatal("no user")
	}
	if err := w.Org.EditUser(u.ID, func(raw map[string]any) { raw["name"] = "Somebody Else" }); err != nil {
		t.Fatal(err)
	}
	got, lines := w.look(user(101), model.CauseDrift)
	want := telemetrytest.Readings{
		"changesByAction{action=update}": {1}, "changesByCause{cause=drift}": {1}, "applied": {1}, "exOrgCalls{by=apply}": {float64(w.APICalls())},
		"throttles": {0}, "budgetRefusals": {0}, "authFailures": {0},
	}
	if d := cmp.Diff(want, got); d != "" || w.APICalls() < 2 {
		t.Errorf("%s, %d calls", d, w.APICalls())
	}
	row, err := w.Table.Get(t.Context(), user(101))
	if err != nil {
		t.Fatal(err)
	}
	audit := said(lines, "applied")
	if len(audit) != 1 {
		t.Fatalf("%d audit lines", len(audit))
	}
	e := audit[0]
	if e.CorrelationID == "" {
		t.Error("the line has no correlation id")
	}
	e.CorrelationID = ""
	if d := cmp.Diff(entry{
		Level: "INFO", Message: "applied", Tenant: "101", Kind: "user", Key: "user/101", Cause: "drift", Action: "update", Run: row.Run, Attempt: 1, Calls: w.APICalls(),
	}, e); d != "" {
		t.Error(d)
	}
	// Once more nothing is wrong: it is looked at and no change, and no time is measured.
	w.Reset()
	w.Clock.Pass(time.Hour)
	got, _ = w.look(user(101), model.CauseDrift)
	if got.Last("applied") != 1 || !math.IsNaN(got.Last("changesByAction{action=update}")) || !math.IsNaN(got.Last("timeToApply")) {
		t.Errorf("looked at again: %v", got)
	}
}

// Messages of one object in one batch are one look, and are counted once.
func TestMessagesOfOneObjectCountOnce(t *testing.T) {
	w, editor := converged(t)
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Clock.Pass(7 * time.Second)
	batch, err := w.Work.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil || len(batch) != 1 {
		t.Fatal(len(batch), err)
	}
	twice := batch[0]
	twice.ID = "another"
	got, _ := w.given(append(batch, twice))
	if got.Last("changesByAction{action=update}") != 1 || got.Last("changesByCause{cause=engage}") != 1 || got.Last("applied") != 1 {
		t.Errorf("counted %v", got)
	}
	if took := got["timeToApply"]; len(took) != 1 || math.Floor(took[0]) != 7 {
		t.Errorf("it took %v s", took)
	}
}

// What the guard refuses is counted in the batch that met it, and the alarm's line names the objects.
func TestMetricsOfAGuardThatTrips(t *testing.T) {
	w, _ := converged(t)
	w.Worker.Settings.Guard.ActiveFrom = 1
	w.Worker.Settings.Guard.Updates.Count, w.Worker.Settings.Guard.Updates.Share = 0, 0
	// What a run lets through it has drawn already; a worker draws for what it finds itself.
	w.Clock.Pass(10 * time.Minute)
	row, err := w.Table.Get(t.Context(), model.Key{Kind: model.KindUser, DBID: 101})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Org.EditUser(row.EXID, func(raw map[string]any) { raw["name"] = "Somebody" }); err != nil {
		t.Fatal(err)
	}
	if err := w.Work.Send(t.Context(), []queue.Message{{Key: row.Key, Version: row.Version, Token: "drift", Cause: model.CauseDrift}}); err != nil {
		t.Fatal(err)
	}
	got, lines := w.batch()
	if got.Last("guardTrips") != 1 || got.Last("applied") != 0 {
		t.Errorf("measured %v", got)
	}
	alarm := said(lines, "alarm")
	if len(alarm) != 1 || alarm[0].Alarm != telemetry.AlarmGuardTripped || alarm[0].Count != 1 || alarm[0].Keys[0] != "user/101" || alarm[0].Command != "make plan STAGE=test" {
		t.Errorf("alarm %+v", alarm)
	}
	if held := said(lines, "not converged yet"); len(held) != 1 || held[0].Key != "user/101" || held[0].State != "held" || held[0].Cause != "drift" {
		t.Errorf("lines %+v", held)
	}
}

// Refused credentials and permissions are counted, and the alarm's line names the objects that met them.
func TestMetricsOfARefusal(t *testing.T) {
	for name, status := range map[string]int{"credentials": http.StatusUnauthorized, "a permission": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			w, _ := converged(t)
			w.Org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: status, Times: 4})
			got, lines := w.look(user(101), model.CauseDrift)
			if got.Last("authFailures") != 1 || got.Last("applied") != 0 {
				t.Errorf("measured %v", got)
			}
			alarm := said(lines, "alarm")
			if len(alarm) != 1 || alarm[0].Alarm != telemetry.AlarmAuthFailed || alarm[0].Count != 1 || alarm[0].Keys[0] != "user/101" {
				t.Errorf("alarm %+v", alarm)
			}
		})
	}
}

// A 429 is counted; while it binds everybody other work is put off, and the alarm's line says which.
func TestMetricsOfAThrottle(t *testing.T) {
	w, _ := converged(t)
	w.Org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusTooManyRequests, RetryAfter: time.Minute, Times: 1})
	got, _ := w.look(user(101), model.CauseDrift)
	if got.Last("throttles") != 1 || got.Last("applied") != 0 {
		t.Errorf("measured %v", got)
	}
	w.Clock.Pass(40 * time.Second)
	got, lines := w.look(user(102), model.CauseDrift)
	if got.Last("throttles") != 0 || got.Last("budgetRefusals") == 0 || got.Last("exOrgCalls{by=apply}") != 0 {
		t.Errorf("measured %v", got)
	}
	alarm := said(lines, "alarm")
	if len(alarm) != 1 || alarm[0].Alarm != telemetry.AlarmBudget || !slices.Equal(alarm[0].Keys, []string{"user/102"}) {
		t.Errorf("alarm %+v", alarm)
	}
}

// While the table can not be reached the counts are told all the same.
func TestMetricsWithoutTheTable(t *testing.T) {
	w, _ := converged(t)
	w.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	got, lines := w.look(user(101), model.CauseDrift)
	if got.Last("applied") != 0 || got.Last("exOrgCalls{by=apply}") != 0 {
		t.Errorf("measured %v", got)
	}
	if failed := said(lines, "look failed and comes back"); len(failed) != 1 || failed[0].Key != "user/101" || failed[0].Kind != "user" || failed[0].Cause != "drift" {
		t.Errorf("lines %+v", failed)
	}
}
