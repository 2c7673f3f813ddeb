package run_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
	"excs/shared/run"
)

var midday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// testTable is a table and a work queue with what a test put there.
type testTable struct {
	t     *testing.T
	table *mapping.Memory
	queue *queue.Memory
}

func newTable(t *testing.T) *testTable {
	now := func() time.Time { return midday }
	return &testTable{t: t, table: mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: now}}), queue: queue.NewMemory(queue.MemoryConfig{Now: now})}
}

func (d *testTable) document(name string, v any) {
	d.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.table.PutDocument(d.t.Context(), name, 1, body); err != nil {
		d.t.Fatal(err)
	}
}

// row makes a row that has been in a state for so long.
func (d *testTable) row(key model.Key, goal mapping.Goal, state mapping.State, reason string, since time.Duration) {
	d.t.Helper()
	row, err := d.table.PutDesired(d.t.Context(), 1, mapping.Wish{Key: key, Goal: goal, Desired: model.Object{Key: key, Name: "Name of " + key.String()}, Cause: model.CauseEngage})
	if err != nil {
		d.t.Fatal(err)
	}
	if state == row.State {
		return
	}
	if _, err := d.table.Record(d.t.Context(), mapping.Outcome{Key: key, Version: row.Version, State: state, Reason: reason}, midday.Add(-since)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *testTable) overview(few int) run.Overview {
	d.t.Helper()
	r := run.New(run.Config{Table: d.table, TableName: "mapping", Queue: d.queue, Now: func() time.Time { return midday }})
	o, err := r.Overview(d.t.Context(), few)
	if err != nil {
		d.t.Fatal(err)
	}
	return o
}

func user(dbid int64) model.Key                    { return model.Key{Kind: model.KindUser, DBID: dbid} }
func queueOf(n int64) model.Key                    { return model.Key{Kind: model.KindQueue, DBID: n} }
func tally(o run.Overview, k model.Kind) run.Tally { return o.Tallies[k.Order()] }

// What waits for a retry is on the list with its reason from the first failure on; what waits for its turn is not.
func TestListShowsFailuresFromTheFirst(t *testing.T) {
	d := newTable(t)
	d.row(user(1), mapping.GoalPresent, mapping.StateWaiting, "the budget is spent", time.Minute)
	d.row(user(2), mapping.GoalPresent, mapping.StatePending, "", time.Minute)
	row, err := d.table.Get(t.Context(), user(2))
	if err != nil {
		t.Fatal(err)
	}
	o := mapping.Outcome{Key: user(2), Version: row.Version, State: mapping.StateWaiting, Reason: "400: no", Attempts: 1, WaitUntil: midday}
	if _, err := d.table.Record(t.Context(), o, midday); err != nil {
		t.Fatal(err)
	}
	r := run.New(run.Config{Table: d.table, TableName: "mapping", Queue: d.queue, Now: func() time.Time { return midday }})
	list, err := r.List(t.Context(), nil)
	if err != nil || len(list) != 1 || list[0].Key != user(2) || list[0].Reason != "400: no" || list[0].Name != "Name of user/2" {
		t.Errorf("list %+v, %v", list, err)
	}
}

// Each state counts in its column: orphans are not mapped, what is being deleted is not mapped any more, what is held by a
// worker is not converged, and what the last run held counts beside that.
func TestTallies(t *testing.T) {
	d := newTable(t)
	d.document("site", map[string]any{
		"table": "mapping", "mapped": map[string]int{"user": 20, "queue": 5}, "orphans": map[string]any{"at": midday, "counts": map[string]int{"user": 1}},
		"lastPlan": map[string]any{"engage": map[string]int{"user": 23, "queue": 5}},
	})
	d.row(user(1), mapping.GoalPresent, mapping.StatePending, "", 0)
	d.row(user(2), mapping.GoalPresent, mapping.StateWaiting, "the budget is spent", time.Minute)
	d.row(user(3), mapping.GoalPresent, mapping.StateWaiting, mapping.Damped+"name", 2*time.Minute)
	d.row(user(4), mapping.GoalPresent, mapping.StateQuarantined, "no", 3*time.Minute)
	d.row(user(5), mapping.GoalPresent, mapping.StateInvisible, "in no list", 4*time.Minute)
	d.row(user(6), mapping.GoalPresent, mapping.StateHeld, "guard", 5*time.Minute)
	d.row(user(7), mapping.GoalOrphan, mapping.StateOrphan, "", 0)
	d.row(user(8), mapping.GoalPresent, mapping.StateConverged, "", time.Hour)
	d.row(queueOf(1), mapping.GoalAbsent, mapping.StatePending, "", 0)
	d.row(queueOf(2), mapping.GoalAbsent, mapping.StateQuarantined, "denied", time.Hour)
	d.document("rejects", []map[string]any{{"key": "user/30", "reason": "no address", "since": midday}, {"key": "user/31", "reason": "no address", "since": midday.Add(-time.Hour)}})
	d.document("held", map[string]any{"items": []map[string]any{
		{"id": "a", "key": "user/6", "action": "update", "code": plan.HeldGuard, "version": 2, "since": midday},
		{"id": "b", "key": "user/8", "action": "deactivate", "code": plan.HeldGuard, "since": midday},
		{"id": "c", "key": "user/40", "action": "create", "code": plan.HeldFirstPlan, "since": midday},
	}})
	o := d.overview(10)
	want := run.Tally{Kind: model.KindUser, Engage: 23, Mapped: 20, Converged: 14, Waiting: 3, Held: 3, Quarantined: 1, Invisible: 1, Orphaned: 1, Rejected: 2}
	if diff := cmp.Diff(want, tally(o, model.KindUser)); diff != "" {
		t.Error(diff)
	}
	want = run.Tally{Kind: model.KindQueue, Engage: 5, Mapped: 5, Converged: 5, Waiting: 1, Quarantined: 1}
	if diff := cmp.Diff(want, tally(o, model.KindQueue)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(run.Tally{Kind: model.KindSkill}, tally(o, model.KindSkill)); diff != "" {
		t.Error(diff)
	}
	var named []model.Key
	for _, n := range append(append(append(o.Quarantined, o.Invisible...), o.Damped...), o.Rejected...) {
		named = append(named, n.Key)
	}
	if diff := cmp.Diff([]model.Key{queueOf(2), user(4), user(5), user(3), user(31), user(30)}, named); diff != "" {
		t.Error("the oldest come first", diff)
	}
	if o.Quarantined[1].Name != "Name of user/4" || o.DampedCount != 1 {
		t.Errorf("%+v, %d", o.Quarantined, o.DampedCount)
	}
}

// Held changes are grouped by kind, by what can be approved, what is approved, and what can not be; an approval that ran
// out is none.
func TestStopped(t *testing.T) {
	d := newTable(t)
	item := func(id, key, code string) map[string]any {
		return map[string]any{"id": id, "key": key, "action": "delete", "code": code, "reason": "because", "since": midday}
	}
	d.document("held", map[string]any{
		"hash": "whole", "all": "all", "kinds": map[string]string{"queue": "queues", "user": "users"}, "wentBack": "it fell",
		"items": []map[string]any{
			item("a", "queue/1", string(plan.HeldGuard)), item("b", "queue/2", string(plan.HeldGuard)), item("c", "queue/3", string(plan.HeldUnproven)),
			item("d", "user/1", string(plan.HeldGuard)), item("e", "user/2", string(plan.HeldGuard)), item("f", "user/3", string(plan.HeldDepends)),
		},
	})
	d.document("approvals", map[string]any{"items": []map[string]any{
		{"id": "b", "kind": "queue", "until": midday.Add(time.Minute)}, {"id": "d", "kind": "user", "until": midday},
	}})
	d.row(queueOf(2), mapping.GoalPresent, mapping.StateConverged, "", time.Hour)
	got := d.overview(2).Stopped
	lines := got.Lines
	got.Lines = nil
	want := run.Stopped{Hash: "whole", All: "all", WentBack: "it fell", Count: 6, Groups: []run.StoppedGroup{
		{Kind: model.KindQueue, Hash: "queues", Open: 1, Approved: 1, Bound: 1},
		{Kind: model.KindUser, Hash: "users", Open: 2, Bound: 1},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(lines) != 2 || lines[0].Approved || !lines[1].Approved || lines[1].Name != "Name of queue/2" || lines[1].Action != model.ActionDelete || lines[1].Code != plan.HeldGuard {
		t.Errorf("lines %+v", lines)
	}
}

// The oldest object on its way is told by since when it has not been right, however often its state changed meanwhile.
func TestOldest(t *testing.T) {
	d := newTable(t)
	d.row(user(1), mapping.GoalPresent, mapping.StateWaiting, "the budget is spent", time.Minute)
	d.row(user(2), mapping.GoalPresent, mapping.StateInvisible, "", 3*time.Minute)
	d.row(user(3), mapping.GoalPresent, mapping.StateQuarantined, "no", time.Hour)
	items, err := d.table.List(t.Context(), []mapping.State{mapping.StateWaiting, mapping.StateInvisible}, nil)
	if err != nil {
		t.Fatal(err)
	}
	oldest := items[0]
	for _, i := range items {
		if i.Unconverged.Before(oldest.Unconverged) {
			oldest = i
		}
	}
	o := d.overview(1)
	if !o.Oldest.Equal(oldest.Unconverged) || o.OldestKey.Kind != model.KindUser || o.OldestKey == user(3) {
		t.Errorf("%s since %s, want since %s", o.OldestKey, o.Oldest, oldest.Unconverged)
	}
}

// A pause is shown with what rests in it, each object with its closest pause; what rests is not late.
func TestPausesAreShown(t *testing.T) {
	d := newTable(t)
	d.row(user(1), mapping.GoalPresent, mapping.StatePending, "", 0)
	d.row(user(2), mapping.GoalPresent, mapping.StateWaiting, mapping.Paused+"user/2 is paused", 2*time.Hour)
	d.row(user(3), mapping.GoalPresent, mapping.StateQuarantined, "no", time.Hour)
	d.row(queueOf(1), mapping.GoalPresent, mapping.StateWaiting, mapping.Paused+"a user is paused", 3*time.Hour)
	d.row(queueOf(2), mapping.GoalPresent, mapping.StateWaiting, "the budget is spent", time.Minute)
	add := []mapping.Pause{
		{Scope: mapping.Scope{Kind: model.KindUser}, Who: "jane", Note: "reorganisation", Since: midday},
		{Scope: mapping.Scope{Key: user(2)}, Note: "under repair", Since: midday},
	}
	if _, err := d.table.Pause(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	d.document("held", map[string]any{"items": []map[string]any{
		{"id": "a", "key": "user/1", "action": "update", "code": plan.HeldPaused, "since": midday}, // which has a row on its way, and counts once
		{"id": "b", "key": "user/9", "action": "create", "code": plan.HeldPaused, "since": midday},
		{"id": "c", "key": "queue/9", "action": "update", "code": plan.HeldPaused, "since": midday}, // whose pause has ended
	}})
	o := d.overview(5)
	if o.Stopped.Count != 0 || len(o.Stopped.Groups) != 0 || tally(o, model.KindUser).Held != 0 {
		t.Errorf("what is paused counts as held: %+v", o.Stopped)
	}
	want := []run.Rest{{Pause: add[0], Resting: 2}, {Pause: add[1], Name: "Name of user/2", Resting: 1}}
	if diff := cmp.Diff(want, o.Pauses); diff != "" {
		t.Error(diff)
	}
	if o.OldestKey != queueOf(2) {
		t.Errorf("the oldest is %s", o.OldestKey)
	}
	if got := tally(o, model.KindUser); got.Waiting != 2 || got.Quarantined != 1 {
		t.Errorf("users %+v", got)
	}
}

// A work queue that can not be read hides nothing else; a table that can not be read is an error.
func TestOverviewFailures(t *testing.T) {
	d := newTable(t)
	r := run.New(run.Config{Table: d.table, Queue: deaf{d.queue}, Now: func() time.Time { return midday }})
	o, err := r.Overview(t.Context(), 1)
	if err != nil || o.DepthFailure == "" || len(o.Tallies) != len(model.Kinds()) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, failing := range []string{"GetDocument", "List", "GetMany", "GetPauses"} {
		table := mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: func() time.Time { return midday }}, Fault: func(op string) mapping.Fault {
			if op == failing {
				return mapping.FaultBefore
			}
			return mapping.FaultNone
		}})
		d := &testTable{t: t, table: table}
		d.row(user(1), mapping.GoalPresent, mapping.StatePending, "", 0)
		r := run.New(run.Config{Table: table, Queue: newTable(t).queue, Now: func() time.Time { return midday }})
		if _, err := r.Overview(t.Context(), 1); model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("%s: %v", failing, err)
		}
	}
}

// deaf is a queue whose depth can not be read.
type deaf struct{ *queue.Memory }

// Depth fails.
func (deaf) Depth(context.Context) (int, int, error) {
	return 0, 0, model.Errorf(model.CodeDenied, "read the depth of the queue", "AccessDenied")
}
