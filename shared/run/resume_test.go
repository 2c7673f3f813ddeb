package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// A resume shows the plan first and writes nothing; the hash of a plan that is another one by now is refused and everything stays
// paused; the right hash resumes and carries out exactly that plan.
func TestAResumeShowsItsPlanFirst(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.pauseFor(run.PauseRequest{})
	ann, bob := h.person("Ann").DBID, h.person("Bob").DBID
	h.do(h.RenamePerson(h.ctx, ann, "Anna", "Agent"))
	h.busy(1)
	all := run.ResumeRequest{PauseRequest: run.PauseRequest{}}
	h.Table.ResetUnits()
	shown, err := h.Runner.Resume(h.ctx, all)
	h.do(err)
	if u := h.Table.Units(); u.Writes != 0 {
		t.Errorf("showing the plan wrote %v units", u.Writes)
	}
	if shown.Resumed || len(shown.Ended) != 1 || len(shown.Plan.Changes) != 1 || shown.Plan.Changes[0].Key != userKey(ann) {
		t.Fatalf("shown: resumed %v, ended %v, changes %v", shown.Resumed, shown.Ended, shown.Plan.Changes)
	}

	h.do(h.RenamePerson(h.ctx, bob, "Robert", "Agent"))
	before := h.org.Totals().Writes
	old := all
	old.Hash = shown.Hash
	_, err = h.Runner.Resume(h.ctx, old)
	if model.CodeOf(err) != model.CodeConflict || !strings.Contains(err.Error(), shown.Hash) || !strings.Contains(err.Error(), "2 changes") {
		t.Fatalf("error %v", err)
	}
	h.busy(3)
	if pauses, _ := h.Runner.Pauses(h.ctx); len(pauses) != 1 || h.org.Totals().Writes != before {
		t.Fatalf("paused %v, %d writes", pauses, h.org.Totals().Writes-before)
	}

	shown, err = h.Runner.Resume(h.ctx, all)
	h.do(err)
	all.Hash = shown.Hash
	out, err := h.Runner.Resume(h.ctx, all)
	h.do(err)
	if !out.Resumed || out.Sent != 2 || out.Plan.Hash != shown.Plan.Hash || out.Run == 0 || len(out.Paused) != 0 {
		t.Errorf("resumed %v, %d sent, hash %s of %s, run %d", out.Resumed, out.Sent, out.Plan.Hash, shown.Plan.Hash, out.Run)
	}
	h.rest()
	h.equal()
	_, err = h.Runner.Resume(h.ctx, run.ResumeRequest{})
	if model.CodeOf(err) != model.CodeNotFound || err.Error() != "everything is not paused: nothing is" {
		t.Errorf("a second resume: %v", err)
	}
}

// Pauses of different scopes stand beside each other: the end of one leaves the others, an object's outlives that of everything.
func TestPausesStandBesideEachOther(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.pauseFor(run.PauseRequest{Kinds: []model.Kind{model.KindQueue}})
	h.pauseFor(run.PauseRequest{})
	h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
	h.do(h.RenamePerson(h.ctx, h.person("Bob").DBID, "Robert", "Agent"))
	h.do(h.SetAlias(h.ctx, h.dn("ACD").DBID, "Reception"))
	h.busy(2)

	out := h.resumeFor(run.PauseRequest{})
	if len(out.Paused) != 2 || len(out.Plan.Changes) != 1 || out.Report.Resting != 2 {
		t.Errorf("after the pause of everything: paused %v, changes %v, %d rest", out.Paused, out.Plan.Changes, out.Report.Resting)
	}
	h.busy(3)
	if h.user(mail("Bob")).Name != "Robert Agent" || h.user(mail("Ann")).Name != "Ann Agent" || h.hasQueue("Reception") {
		t.Errorf("Bob is %q, Ann %q, the queue renamed: %v", h.user(mail("Bob")).Name, h.user(mail("Ann")).Name, h.hasQueue("Reception"))
	}
	for scope, says := range map[string]run.PauseRequest{
		"everything is not paused; paused are: kind queue, " + ann.String():            {},
		"kind user is not paused; paused are: kind queue, " + ann.String():             {Kinds: []model.Kind{model.KindUser}},
		queueKey(1).String() + " is not paused by itself: kind queue is paused since ": {Keys: []model.Key{queueKey(1)}},
	} {
		_, err := h.Runner.Resume(h.ctx, run.ResumeRequest{PauseRequest: says})
		if model.CodeOf(err) != model.CodeNotFound || !strings.HasPrefix(err.Error(), scope) {
			t.Errorf("error %v, want %s", err, scope)
		}
	}
	h.resumeFor(run.PauseRequest{Kinds: []model.Kind{model.KindQueue}})
	h.resumeFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.rest()
	h.equal()
	if !slices.ContainsFunc(h.row(ann).History, func(e mapping.Entry) bool {
		return e.Action == mapping.ActionPause && e.Who == "jane" && e.Note == "tonight"
	}) {
		t.Errorf("the history does not tell of the pause: %+v", h.row(ann).History)
	}
}

// Who takes over the user of a paused Person waits for the end of that pause, and shows in the plan of its resume.
func TestAnHeirWaitsForThePauseOfItsUser(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := h.person("Ann")
	id := h.user(ann.Email).ID
	h.pauseFor(run.PauseRequest{Keys: []model.Key{userKey(ann.DBID)}})
	h.do(h.Fire(h.ctx, ann.DBID))
	heir, err := h.Rehire(h.ctx, ann, engagetest.SameEmployee)
	h.do(err)
	h.do(h.RenamePerson(h.ctx, heir.DBID, "Annette", "Agent"))
	h.busy(3)
	if u, _ := h.org.User(id); u.Name != "Ann Agent" || h.row(userKey(heir.DBID)).Version != 0 {
		t.Fatalf("the user is %q, the heir's row %+v", u.Name, h.row(userKey(heir.DBID)))
	}
	report := h.sync()
	if i := slices.IndexFunc(report.Plan.Held, func(x plan.Held) bool { return x.Change.Key == userKey(heir.DBID) }); i < 0 || report.Plan.Held[i].Code != plan.HeldPaused {
		t.Errorf("held %v", report.Plan.Held)
	}
	out := h.resumeFor(run.PauseRequest{Keys: []model.Key{userKey(ann.DBID)}})
	if !slices.ContainsFunc(out.Plan.Changes, func(c model.Change) bool { return c.Key == userKey(heir.DBID) && c.From == userKey(ann.DBID) }) {
		t.Errorf("changes %v", out.Plan.Changes)
	}
	h.run()
	if u, _ := h.org.User(id); u.Name != "Annette Agent" {
		t.Errorf("after the pause the user is %q", u.Name)
	}
	h.pass(time.Hour)
	h.run()
	h.equal()
}

// A member list that waits for a paused user goes with the resume of that user, at once.
func TestAMemberListGoesWithItsUser(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := h.person("Ann").DBID
	h.pauseFor(run.PauseRequest{Keys: []model.Key{userKey(ann)}})
	h.do(h.RemoveMember(h.ctx, h.group("Front").DBID, ann))
	h.busy(2)
	list := membersKey(h.dn("ACD").DBID)
	if row := h.row(list); row.State != mapping.StateWaiting || row.WaitsFor != userKey(ann) || !h.Now().Before(row.WaitUntil) {
		t.Fatalf("the list is %s until %s for %s", row.State, row.WaitUntil, row.WaitsFor)
	}
	h.wantMembers("ACD", "Ann Agent", "Bob Agent")
	out := h.resumeFor(run.PauseRequest{Keys: []model.Key{userKey(ann)}})
	if !slices.ContainsFunc(out.Objects, func(o run.Resting) bool { return o.Key == list && o.Action == model.ActionUpdate }) {
		t.Errorf("objects %+v", out.Objects)
	}
	_, err := h.Drain(h.ctx, nil)
	h.do(err)
	h.wantMembers("ACD", "Bob Agent")
	h.rest()
	h.equal()
}

// What an operator approved during a pause shows in status, and goes when the pause ends, as long as the approval lasts.
func TestAnApprovalDuringAPause(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.pauseFor(run.PauseRequest{})
	ann := h.person("Ann")
	h.do(h.ChangeEmployeeID(h.ctx, ann.DBID, "X1"))
	h.do(h.ChangeUserName(h.ctx, ann.DBID, "somebody.else"))
	h.do(h.ChangeEmail(h.ctx, ann.DBID, "somebody.else@northwind.example"))
	h.busy(1)
	report := h.sync()
	hash := report.Plan.HeldHash[model.KindUser]
	if hash == "" {
		t.Fatalf("nothing can be approved: %v", report.Plan.Held)
	}
	_, err := h.Runner.Approve(h.ctx, hash, nil, run.By{Who: "jane", Note: "it is the same person"})
	h.do(err)
	status, err := h.Runner.Status(h.ctx)
	h.do(err)
	if len(status.Approvals) != 1 || status.Approvals[0].Kind != model.KindUser || status.Approvals[0].Changes != 1 || status.Approvals[0].Who != "jane" {
		t.Errorf("approvals %+v", status.Approvals)
	}
	h.busy(2)
	if _, ok := h.org.UserByEmail("somebody.else@northwind.example"); ok {
		t.Fatal("it was made during the pause")
	}
	h.resumeFor(run.PauseRequest{})
	h.rest()
	if _, ok := h.org.UserByEmail("somebody.else@northwind.example"); !ok {
		t.Error("it was not made after the pause")
	}
	if h.row(userKey(ann.DBID)).Approved {
		t.Error("the approval of a converged object still stands")
	}
	status, err = h.Runner.Status(h.ctx)
	h.do(err)
	if len(status.Approvals) != 0 {
		t.Errorf("approvals %+v", status.Approvals)
	}
}

// Status tells of the last runs: idle ones in a row are one line, failed ones say why.
func TestStatusTellsOfTheLastRuns(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	for range 5 {
		h.run()
	}
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
	h.run()
	read := h.Runner.Read
	h.Runner.Read = down
	if _, err := h.Service.Sync(h.ctx); err == nil {
		t.Fatal("no error")
	}
	h.Runner.Read = read
	h.run()
	status, err := h.Runner.Status(h.ctx)
	h.do(err)
	n := len(status.Runs)
	if n < 5 {
		t.Fatalf("runs %+v", status.Runs)
	}
	first, idle, changed, failed, last := status.Runs[n-5], status.Runs[n-4], status.Runs[n-3], status.Runs[n-2], status.Runs[n-1]
	if first.Changes < 10 || idle.Idle != 5 || changed.Changes != 1 || changed.Idle != 0 || !strings.Contains(failed.Failed, "no answer") || last.Idle != 1 || last.Run != status.LastRun {
		t.Errorf("runs %+v", status.Runs)
	}
}
