package run_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
)

// told returns the events of some actions, the earliest first.
func (h *house) told(actions ...model.Action) []run.Event {
	h.t.Helper()
	events, more, err := h.Runner.History(h.ctx, run.HistoryRequest{})
	h.do(err)
	if more {
		h.t.Error("there are more events than are shown")
	}
	slices.Reverse(events)
	return slices.DeleteFunc(events, func(e run.Event) bool { return !slices.Contains(actions, e.Action) })
}

// Runs that changed something, and they alone, stay in the history with what they let through; what they wrote is found by the run and by the
// object, with what was there before.
func TestTheHistoryOfARun(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	before := len(h.told(run.EventRun))
	h.busy(10)
	if n := len(h.told(run.EventRun)); n != before {
		t.Fatalf("runs that changed nothing are in the history: %d, then %d", before, n)
	}
	h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
	h.busy(2)
	events := h.told(run.EventRun)
	if len(events) != before+1 {
		t.Fatalf("%d events, then %d", before, len(events))
	}
	last := events[len(events)-1]
	if want := []run.CountedWrite{{Kind: model.KindUser, Action: model.ActionUpdate, Count: 1}}; !slices.Equal(last.Changes, want) || last.Run == 0 || last.Hash == "" {
		t.Errorf("the event is %+v", last)
	}
	record, err := h.Runner.RunRecord(h.ctx, last.Run)
	h.do(err)
	if len(record.Written) != 1 || record.Event.Run != last.Run {
		t.Fatalf("the record is %+v", record)
	}
	w := record.Written[0]
	if w.Key != ann || w.Action != model.ActionUpdate || w.Before == nil || w.Before.Name != "Ann Agent" || len(w.Fields) != 1 || w.Fields[0].After != "Anna Agent" || w.EXID != h.user(mail("Ann")).ID {
		t.Errorf("written was %+v", w)
	}
	list, err := h.Runner.WrittenTo(h.ctx, ann)
	h.do(err)
	if len(list) != 2 || list[1].Action != model.ActionCreate || list[1].Before != nil {
		t.Errorf("to her was written %+v", list)
	}
	if _, err := h.Runner.RunRecord(h.ctx, 999999); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("an unknown run: %v", err)
	}
}

// Every sort of write has what was there before on record: a state, a set, a member list, a queue that is deleted.
func TestWhatWasWrittenIsKnown(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, queue := h.person("Ann"), h.dn("ACD")
	id := h.user(mail("Ann")).ID
	h.do(h.SetPersonState(h.ctx, ann.DBID, engagetest.StateDisabled))
	h.busy(3)
	list, err := h.Runner.WrittenTo(h.ctx, userKey(ann.DBID))
	h.do(err)
	if list[0].Action != model.ActionDeactivate || list[0].Before.State != model.StateActive {
		t.Errorf("the deactivation is on record as %+v", list[0])
	}
	members := model.Key{Kind: model.KindMembers, DBID: queue.DBID}
	list, err = h.Runner.WrittenTo(h.ctx, members)
	h.do(err)
	if !slices.Equal(list[0].Left, []string{id}) {
		t.Errorf("the member who left is on record as %+v", list[0])
	}
	h.do(h.DeleteQueue(h.ctx, queue.DBID))
	h.busy(3)
	list, err = h.Runner.WrittenTo(h.ctx, model.Key{Kind: model.KindQueue, DBID: queue.DBID})
	h.do(err)
	if list[0].Action != model.ActionDelete || list[0].Before.Name != "ACD" {
		t.Errorf("the delete is on record as %+v", list[0])
	}
}

// What is kept of an object goes when an operator forgets it.
func TestForgetErasesWhatWasWritten(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	_, err := h.Runner.Forget(h.ctx, []model.Key{ann}, run.By{Who: "jane"})
	h.do(err)
	list, err := h.Runner.WrittenTo(h.ctx, ann)
	h.do(err)
	if len(list) != 0 {
		t.Errorf("there is still %+v", list)
	}
	if acts := h.told(mapping.ActionForget); len(acts) != 1 || acts[0].Who != "jane" || acts[0].What != ann.String() {
		t.Errorf("the decision is told as %+v", acts)
	}
}

// Engage away is one event, not one a minute, and so is its return.
func TestTheHistoryOfAnOutage(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	read := h.Runner.Read
	h.Runner.Read = func(context.Context) (*model.Snapshot, model.Counts, error) {
		return nil, nil, model.Errorf(model.CodeUnavailable, "read Engage", "no answer")
	}
	since := len(h.told(run.EventRun))
	for range 30 {
		_, _ = h.Runner.Sync(h.ctx, run.Request{Cause: model.CauseEngage}) // it fails
		h.pass(time.Minute)
	}
	h.Runner.Read = read
	h.busy(5)
	events := h.told(run.EventRun)[since:]
	if len(events) != 2 || !strings.Contains(events[0].Failed, "no answer") || events[1].What != "Engage is read again" {
		t.Errorf("the outage is told as %+v", events)
	}
}

// Other settings and another version of the functions are events, with what differs.
func TestTheHistoryOfADeployment(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.change(func(s *rules.Settings) { s.Fights = 3 })
	h.Runner.Version = "12"
	h.busy(2)
	settings, deployed := h.told(run.EventSettings), h.told(run.EventDeployment)
	if len(settings) != 1 || settings[0].What != "fights: 3, before 5" || len(deployed) != 1 || deployed[0].What != "version 12 of the functions, after none" {
		t.Errorf("told are %+v and %+v", settings, deployed)
	}
}

// An approval that is given twice says who gave it first and when.
func TestAnApprovalGivenTwice(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	_, err := h.org.AddQueue(map[string]any{"name": "ACD"})
	h.do(err)
	report := h.sync()
	if report.Plan.HeldHashAll == "" {
		t.Fatal("nothing is held")
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	d, err := h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "john"})
	if err == nil && (d.Earlier == nil || d.Earlier.Who != "jane") {
		t.Errorf("the second approval says %+v", d)
	}
	h.busy(5)
	h.pass(25 * time.Hour)
	h.busy(2)
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "john"})
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "already approved by jo") {
		t.Errorf("the third one: %v", err)
	}
}
