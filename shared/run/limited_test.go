package run_test

import (
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// A run that is asked for one object changes that one and no other, whatever else differs; the next whole run does the rest.
func TestARunOfOneKeyLeavesAllOthers(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := h.person("Ann"), h.person("Bob")
	h.do(h.RenamePerson(h.ctx, ann.DBID, "Ann", "Asked"))
	h.do(h.RenamePerson(h.ctx, bob.DBID, "Bob", "Unasked"))
	h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID))
	h.pass(time.Minute)
	report := h.look(userKey(ann.DBID))
	if len(report.Plan.Changes) != 1 || report.Plan.Changes[0].Key != userKey(ann.DBID) {
		t.Errorf("a run of one key plans %+v", report.Plan.Changes)
	}
	h.rest()
	if a, b := h.user(mail("Ann")), h.user(mail("Bob")); a.Name != "Ann Asked" || b.Name == "Bob Unasked" || !h.hasQueue("Virtual") {
		t.Errorf("the users are %q and %q, the queue is there: %v", a.Name, b.Name, h.hasQueue("Virtual"))
	}
	h.pass(time.Minute)
	h.run()
	h.equal()
}

// An approval is for what was shown: a row that a worker held and that has moved on since stays as it is, although it is held
// again, until it is shown and approved as it is now.
func TestAnApprovalIsForTheVersionThatWasShown(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Late"})
	h.do(err)
	key := queueKey(d.DBID)
	h.sync()
	_, err = h.org.AddQueue(map[string]any{"name": "Late", "peerId": "zzz"})
	h.do(err)
	h.rest()
	h.pass(time.Minute)
	shown := h.run().Plan
	before := h.row(key)
	if before.State != mapping.StateHeld {
		t.Fatalf("the row is %s (%s)", before.State, before.Reason)
	}
	_, err = h.Table.Release(h.ctx, key, before.Version, false, model.CauseManual, h.Now())
	h.do(err)
	h.look(key)
	h.rest()
	if now := h.row(key); now.State != mapping.StateHeld || now.Version == before.Version {
		t.Fatalf("the row is %s in version %d, it was %d", now.State, now.Version, before.Version)
	}
	decision, err := h.Runner.Approve(h.ctx, shown.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	h.rest()
	if q := h.queue("Late"); decision.Released != 0 || q.PeerID != "zzz" {
		t.Errorf("an approval of version %d released %d rows, the queue is %+v", before.Version, decision.Released, q)
	}
	h.pass(time.Minute)
	h.approveAll(h.run().Plan)
	h.rest()
	if q := h.queue("Late"); q.PeerID != decimal(key.DBID) {
		t.Errorf("after the approval of what is now: %+v", q)
	}
}
