package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/widget"
	"excs/shared/widget/widgettest"
)

// onStage is the function on a stage, made as wire makes it: the Runner has neither Engage nor an EX Org.
func onStage(s *stage.Stage) *Handler {
	return &Handler{Tenant: onlooker(s), Dead: s.Dead, Log: quiet(), SyncARN: widgettest.SyncARN, ReplayARN: widgettest.ReplayARN}
}

func onlooker(s *stage.Stage) *run.Runner {
	return run.New(run.Config{Table: s.Table, TableName: excstest.TableName, Queue: s.Work, Settings: s.Settings, Now: s.Clock.Now})
}

func look(t *testing.T, s *stage.Stage) run.Overview {
	t.Helper()
	o, err := onlooker(s).Overview(t.Context(), widget.Few)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func of(t *testing.T, o run.Overview, k model.Kind) run.Tally {
	t.Helper()
	for _, tally := range o.Tallies {
		if tally.Kind == k {
			return tally
		}
	}
	t.Fatalf("no tally of %s", k)
	return run.Tally{}
}

func sync(t *testing.T, s *stage.Stage) run.Report {
	t.Helper()
	report, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// converged is a tenant on which all is well.
func converged(t *testing.T) (*stage.Stage, *engagetest.Editor) {
	t.Helper()
	s, editor := stage.Tiny(t)
	sync(t, s)
	s.Converge(t)
	return s, editor
}

// Before the first run there is nothing, after it everything is on its way, and in the end everything is converged.
func TestFirstLoad(t *testing.T) {
	s, _ := stage.Tiny(t)
	if o := look(t, s); o.LastRun != 0 || of(t, o, model.KindUser) != (run.Tally{Kind: model.KindUser, Engage: -1}) {
		t.Errorf("before the first run: %+v", o)
	}
	report := sync(t, s)
	o := look(t, s)
	for _, tally := range o.Tallies {
		n := report.Plan.Counts[tally.Kind].Engage
		if want := (run.Tally{Kind: tally.Kind, Engage: n, Mapped: n, Waiting: n}); tally != want || n == 0 {
			t.Errorf("after the first run: %+v, want %+v", tally, want)
		}
	}
	if o.Waiting != report.Sent || o.Oldest.Before(o.LastProven) || o.Oldest.After(s.Clock.Now()) || o.LastRun != report.Run || o.LastProven.IsZero() {
		t.Errorf("after the first run: %+v", o)
	}
	s.Converge(t)
	o = look(t, s)
	for _, tally := range o.Tallies {
		n := report.Plan.Counts[tally.Kind].Engage
		if want := (run.Tally{Kind: tally.Kind, Engage: n, Mapped: n, Converged: n}); tally != want {
			t.Errorf("in the end: %+v, want %+v", tally, want)
		}
	}
	if page := must(t, onStage(s), `{}`); !strings.Contains(page, "All is well") {
		t.Error(page)
	}
}

// A look writes nothing, receives nothing, asks the EX Org for nothing and reads little.
func TestALookDisturbsNothing(t *testing.T) {
	s, _ := poisoned(t)
	h := onStage(s)
	s.Reset()
	_, dead := s.Messages(t)
	for range 3 {
		must(t, h, `{}`)
	}
	if writes := s.TableWrites(); len(writes) > 0 {
		t.Errorf("the table was written to: %v", writes)
	}
	if n := s.Org.Totals().Calls; n > 0 {
		t.Errorf("%d calls to the EX Org", n)
	}
	if units := s.Table.Units(); units.Reads > 3*40 {
		t.Errorf("%v read units for three looks", units.Reads)
	}
	waiting, inFlight, err := s.Dead.Depth(t.Context())
	if err != nil || waiting != dead || inFlight != 0 {
		t.Errorf("%d letters wait and %d are in flight, %v", waiting, inFlight, err)
	}
	got, err := s.Dead.Receive(t.Context(), 10, 0)
	if err != nil || len(got) != dead || got[0].Count != 1 {
		t.Errorf("received %+v, %v", got, err)
	}
}

var person = model.Key{Kind: model.KindUser, DBID: 101}

// poisoned is a converged tenant on which then one person's new name can not be written.
func poisoned(t *testing.T) (*stage.Stage, *exorgtest.Armed) {
	t.Helper()
	s, editor := converged(t)
	armed := s.Org.Fail(exorgtest.Fault{
		Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusBadRequest,
		Code: "bad.request", Message: "the name is not liked",
	})
	if err := editor.RenamePerson(t.Context(), person.DBID, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	sync(t, s)
	s.Converge(t)
	return s, armed
}

// An object that failed for good is counted and named, with its reason and since when; its dead letter is counted.
func TestQuarantine(t *testing.T) {
	s, _ := poisoned(t)
	s.Clock.Pass(3 * time.Hour)
	o := look(t, s)
	tally := of(t, o, model.KindUser)
	if tally.Quarantined != 1 || tally.Waiting != 0 || tally.Converged != tally.Mapped-1 {
		t.Errorf("users: %+v", tally)
	}
	if len(o.Quarantined) != 1 || o.Quarantined[0].Key != person || o.Quarantined[0].Name != "Ada Lovelace" || !strings.Contains(o.Quarantined[0].Reason, "the name is not liked") {
		t.Errorf("quarantined: %+v", o.Quarantined)
	}
	if !o.Oldest.IsZero() {
		t.Errorf("%s counts as on its way", o.OldestKey)
	}
	page := must(t, onStage(s), `{}`)
	for _, says := range []string{"Action needed", "1 object is in quarantine", "Ada Lovelace", "The dead-letter queue holds 1 letter.", `{&#34;keys&#34;:[&#34;user/101&#34;]}`, "<div>3 h</div>"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %s: %s", says, page)
		}
	}
}

// A rejected object is named with its reason and since when it has been so, not since the last run.
func TestRejects(t *testing.T) {
	s, editor := converged(t)
	mail := editor.Site().Persons[1].Email
	if err := editor.ChangeEmail(t.Context(), person.DBID, mail); err != nil {
		t.Fatal(err)
	}
	sync(t, s)
	began := s.Clock.Now()
	s.Converge(t)
	s.Clock.Pass(26 * time.Hour)
	sync(t, s)
	o := look(t, s)
	if tally := of(t, o, model.KindUser); tally.Rejected != 1 || len(o.Rejected) != 1 {
		t.Fatalf("%+v, %+v", tally, o.Rejected)
	}
	if r := o.Rejected[0]; !r.Since.Equal(began) || r.Reason == "" || r.State != "rejected" {
		t.Errorf("reject %+v", r)
	}
}

// An orphan is counted, and is no fault. Its kind has one object less in Engage and in the mapping.
func TestOrphans(t *testing.T) {
	s, editor := converged(t)
	before := of(t, look(t, s), model.KindUser)
	if err := editor.Fire(t.Context(), person.DBID); err != nil {
		t.Fatal(err)
	}
	sync(t, s)
	s.Converge(t)
	after := of(t, look(t, s), model.KindUser)
	want := run.Tally{Kind: model.KindUser, Engage: before.Engage - 1, Mapped: before.Mapped - 1, Converged: before.Converged - 1, Orphaned: 1}
	if d := cmp.Diff(want, after); d != "" {
		t.Error(d)
	}
	if page := must(t, onStage(s), `{}`); !strings.Contains(page, "All is well") {
		t.Error(page)
	}
}

// A queue on its way out counts as waiting and not as mapped, so that the others stay converged.
func TestADeletionUnderWay(t *testing.T) {
	s, editor := converged(t)
	before := of(t, look(t, s), model.KindQueue)
	if err := editor.DeleteQueue(t.Context(), aQueue(t, s)); err != nil {
		t.Fatal(err)
	}
	sync(t, s)
	after := of(t, look(t, s), model.KindQueue)
	if after.Waiting != 1 || after.Mapped != before.Mapped-1 || after.Converged != after.Mapped {
		t.Errorf("before %+v, after %+v", before, after)
	}
	s.Converge(t)
	if end := of(t, look(t, s), model.KindQueue); end.Waiting != 0 || end.Converged != end.Mapped {
		t.Errorf("in the end %+v", end)
	}
}

// aQueue is the DBID of a mapped queue.
func aQueue(t *testing.T, s *stage.Stage) int64 {
	t.Helper()
	keys, err := s.Table.Keys(t.Context(), model.KindQueue)
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	return keys[0].DBID
}

// unplanned is a tenant whose organisation was not empty: its first plan waits.
func unplanned(t *testing.T) (*stage.Stage, run.Report) {
	t.Helper()
	s, editor := stage.Tiny(t)
	if _, err := s.Org.AddUser(map[string]any{"name": "Somebody Else", "email": editor.Site().Persons[0].Email}); err != nil {
		t.Fatal(err)
	}
	return s, sync(t, s)
}

// A first plan is shown with the hash that approves it; once it is approved there is nothing to approve any more.
func TestFirstPlan(t *testing.T) {
	s, report := unplanned(t)
	o := look(t, s)
	if !o.Stopped.First || o.Stopped.All != report.Plan.HeldHashAll || o.Stopped.Hash != report.Plan.Hash || o.Stopped.Count != len(report.Plan.Held) || len(o.Stopped.Lines) != widget.Few {
		t.Fatalf("stopped %+v", o.Stopped)
	}
	if tally := of(t, o, model.KindUser); tally.Held != tally.Engage || tally.Mapped != 0 {
		t.Errorf("users %+v", tally)
	}
	page := must(t, onStage(s), `{}`)
	for _, says := range []string{"Approve this plan", `&#34;planHash&#34;:&#34;` + report.Plan.HeldHashAll} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %s: %s", says, page)
		}
	}
	if _, err := s.Runner.Approve(t.Context(), report.Plan.HeldHashAll, nil, run.By{}); err != nil {
		t.Fatal(err)
	}
	for _, g := range look(t, s).Stopped.Groups {
		if g.Open != 0 || g.Approved == 0 {
			t.Errorf("after the approval %+v", g)
		}
	}
	if page := must(t, onStage(s), `{}`); strings.Contains(page, "Approve this plan") || !strings.Contains(page, "approved for the next run") {
		t.Error(page)
	}
	s.Clock.Pass(s.Settings.Approval)
	for _, g := range look(t, s).Stopped.Groups {
		if g.Open == 0 || g.Approved != 0 {
			t.Errorf("after the approval ran out %+v", g)
		}
	}
	if _, err := s.Runner.Approve(t.Context(), report.Plan.HeldHashAll, nil, run.By{}); err != nil {
		t.Fatal(err)
	}
	sync(t, s)
	if left := look(t, s).Stopped; left.Count != 0 {
		t.Errorf("after the run %+v", left)
	}
}

// Reads that fail are told with their reason, and how many there were in a row.
func TestFailedReads(t *testing.T) {
	settings := stage.Settings()
	_, reader := stage.SQLite(t, stage.Site())
	down := false
	s := stage.New(t, settings, stage.Breaking(reader, settings, &down))
	sync(t, s)
	s.Converge(t)
	down = true
	for range 2 {
		s.Clock.Pass(time.Minute)
		if _, err := s.Sync(t.Context()); err == nil {
			t.Fatal("the read did not fail")
		}
	}
	o := look(t, s)
	if o.ProofFailed != 2 || !strings.Contains(o.ProofFailure, "no answer") || !o.LastRunAt.Equal(s.Clock.Now()) || !o.LastProven.Before(o.LastRunAt) {
		t.Errorf("%d, %q, run at %s, proven at %s", o.ProofFailed, o.ProofFailure, o.LastRunAt, o.LastProven)
	}
	if page := must(t, onStage(s), `{}`); !strings.Contains(page, "2 runs in a row could not read Engage completely") {
		t.Error(page)
	}
}

// A table that was restored from a backup is another table, whatever its name is, and has no approved first plan.
func TestRestoredTable(t *testing.T) {
	s, _ := converged(t)
	r := run.New(run.Config{Table: s.Table.Restore(), TableName: excstest.TableName, Queue: s.Work, Settings: s.Settings, Now: s.Clock.Now})
	restored, err := r.Overview(t.Context(), widget.Few)
	if err != nil {
		t.Fatal(err)
	}
	if o := look(t, s); o.FirstPlan.IsZero() || !restored.FirstPlan.IsZero() {
		t.Errorf("first plans %s and %s", o.FirstPlan, restored.FirstPlan)
	}
}

// Of thousands that wait the widget names a few and reads few.
func TestManyRows(t *testing.T) {
	s, _ := stage.Tiny(t)
	const many = 3000
	for i := range int64(many) {
		key := model.Key{Kind: model.KindUser, DBID: 100_000 + i}
		row, err := s.Table.PutDesired(t.Context(), 1, mapping.Wish{Key: key, Goal: mapping.GoalPresent, Desired: model.Object{Key: key, Name: "Somebody"}, Cause: model.CauseEngage})
		if err != nil {
			t.Fatal(err)
		}
		outcome := mapping.Outcome{Key: key, Version: row.Version, State: mapping.StateQuarantined, Reason: "no"}
		if _, err := s.Table.Record(t.Context(), outcome, s.Clock.Now().Add(time.Duration(-i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	s.Reset()
	o := look(t, s)
	if tally := of(t, o, model.KindUser); tally.Quarantined != many || len(o.Quarantined) != widget.Few {
		t.Fatalf("%d are counted and %d are named", tally.Quarantined, len(o.Quarantined))
	}
	for i, n := range o.Quarantined {
		if want := int64(100_000 + many - 1 - i); n.Key.DBID != want || n.Name != "Somebody" {
			t.Errorf("%d: %+v, want %d: the oldest come first", i, n, want)
		}
	}
	if units := s.Table.Units().Reads; units > 500 {
		t.Errorf("%v read units", units)
	}
}

// A pause is shown with its reason and who set it, until it ends; it is no fault.
func TestPause(t *testing.T) {
	s, _ := converged(t)
	by := run.By{Who: "Jean Sammet", Note: "under repair"}
	if _, err := s.Runner.Pause(t.Context(), run.PauseRequest{Keys: []model.Key{person}, By: by}); err != nil {
		t.Fatal(err)
	}
	s.Clock.Pass(5 * time.Minute)
	sync(t, s)
	page := must(t, onStage(s), `{}`)
	for _, says := range []string{">Paused<", "1 pause is in force", "user/101 ", "by Jean Sammet", "under repair", `{&#34;action&#34;:&#34;resume&#34;,&#34;keys&#34;:[&#34;user/101&#34;]}`} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %s: %s", says, page)
		}
	}
	if strings.Contains(page, "Action needed") || strings.Contains(page, "Needs a look") {
		t.Errorf("a pause is told as a fault: %s", page)
	}
	if _, err := s.Table.Resume(t.Context(), []mapping.Scope{{Key: person}}); err != nil {
		t.Fatal(err)
	}
	if page := must(t, onStage(s), `{}`); !strings.Contains(page, "All is well") {
		t.Error(page)
	}
}
