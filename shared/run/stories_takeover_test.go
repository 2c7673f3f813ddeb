package run_test

import (
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// A takeover that is on its way when Engage changes again: what takes over whom is decided anew, and the EX object is
// neither doubled nor left behind.
func TestStoryTakeoverOvertaken(t *testing.T) {
	t.Parallel()
	t.Run("the queue is renamed before the takeover is worked on", func(t *testing.T) {
		t.Parallel()
		h := lot{}.build(t).settled()
		q := h.queue("Virtual").ID
		d, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
		h.do(err)
		h.sync()
		h.do(h.SetAlias(h.ctx, d.DBID, "Real"))
		h.run()
		h.pass(10 * time.Minute)
		h.run()
		if after := h.queue("Real"); after.ID != q || after.PeerID != decimal(d.DBID) {
			t.Errorf("the queue is %+v, want %s taken over", after, q)
		}
		if n := len(h.org.Queues()); n != 5 {
			t.Errorf("%d queues, want 5", n)
		}
		h.quiet(2)
	})
	t.Run("the queue is deleted before the takeover is worked on", func(t *testing.T) {
		t.Parallel()
		h := lot{}.build(t).settled()
		d, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
		h.do(err)
		h.sync()
		h.do(h.DeleteQueue(h.ctx, d.DBID))
		for range 3 {
			h.run()
			h.pass(10 * time.Minute)
		}
		if h.hasQueue("Virtual") {
			t.Error("the EX queue is left behind, and nobody is told")
		}
		h.quiet(2)
	})
	t.Run("the queue is created a third time before the takeover is worked on", func(t *testing.T) {
		t.Parallel()
		h := lot{}.build(t).settled()
		q := h.queue("Virtual").ID
		for range 2 {
			_, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
			h.do(err)
			h.sync()
		}
		for range 3 {
			h.run()
			h.pass(10 * time.Minute)
		}
		if after := h.queue("Virtual"); after.ID != q || after.PeerID != decimal(h.dn("Virtual").DBID) {
			t.Errorf("the queue is %+v, want %s taken over", after, q)
		}
		h.onePerKey()
		h.quiet(2)
	})
	t.Run("the Person is renamed before the takeover is worked on", func(t *testing.T) {
		t.Parallel()
		h := lot{}.build(t).settled()
		ann, before := h.person("Ann"), h.user(mail("Ann")).ID
		h.do(h.Fire(h.ctx, ann.DBID))
		again, err := h.Rehire(h.ctx, ann, engagetest.SameEmployeeNewEmail)
		h.do(err)
		h.sync()
		h.do(h.RenamePerson(h.ctx, again.DBID, "Anna", "Agent"))
		h.run()
		h.pass(10 * time.Minute)
		h.run()
		if u := h.user(again.Email); u.ID != before || u.Name != "Anna Agent" {
			t.Errorf("the user is %+v, want %s", u, before)
		}
		h.onePerKey()
		h.quiet(2)
	})
}

// A run that died after it wrote the row of a new queue, and the queue is gone from Engage before the next run: its EX
// queue must not stay for ever. Found by seed 3 of the simulation.
func TestCrashedRunAndAVanishedQueue(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d, err := h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Brief", Groups: []int64{h.group("Back").DBID}})
	h.do(err)
	h.Table.SetFault(func(op string) mapping.Fault {
		if op == "PutDesired" { // the row of the queue is written, its answer lost: the run ends here
			return mapping.FaultAfter
		}
		return mapping.FaultNone
	})
	if _, err := h.Runner.Sync(h.ctx, run.Request{Cause: model.CauseEngage}); err == nil {
		t.Fatal("the run did not die")
	}
	h.Table.SetFault(nil)
	if row := h.row(queueKey(d.DBID)); row.Version == 0 {
		t.Fatal("the row was not written")
	}
	h.do(h.DeleteQueue(h.ctx, d.DBID))
	_, err = h.Runner.Requeue(h.ctx)
	h.do(err)
	h.rest()
	if !h.hasQueue("Brief") {
		t.Fatal("the worker was to make the queue before the next run")
	}
	h.run()
	h.pass(10 * time.Minute)
	h.run()
	if h.hasQueue("Brief") {
		t.Error("the EX queue of a DN that is gone is left behind")
	}
	h.quiet(2)
}

// A run that died before it wrote the index costs the next one a look at the rows, and no later one: a run without
// changes reads no row.
func TestCrashedRunLeavesNoCost(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
	h.Table.SetFault(func(op string) mapping.Fault {
		if op == "PutIndex" {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	if _, err := h.Service.Sync(h.ctx); err == nil {
		t.Fatal("the run did not die")
	}
	h.Table.SetFault(nil)
	h.run()
	rows := 0
	h.Table.SetFault(func(op string) mapping.Fault {
		if op == "GetMany" {
			rows++
		}
		return mapping.FaultNone
	})
	h.sync()
	h.Table.SetFault(nil)
	if rows > 0 {
		t.Errorf("a run without changes read rows %d times", rows)
	}
	h.quiet(1)
}

// The first run dies, and so does a creation of it half-way. What EXCS made itself is no organisation that somebody must
// approve: the tenant goes on.
func TestCrashedFirstRunAndAnOpenCreation(t *testing.T) {
	t.Parallel()
	h := lot{org: []exorgtest.Option{exorgtest.WithIndexLag(30 * time.Second)}}.build(t)
	rows := atomic.Int64{}
	h.Table.SetFault(func(op string) mapping.Fault {
		// The wave of the Source, skills, languages and codes has seven rows; the run dies with the first of the queues.
		if op == "PutDesired" && rows.Add(1) > 7 {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	if _, err := h.Service.Sync(h.ctx); err == nil {
		t.Fatal("the run did not die")
	}
	h.Table.SetFault(nil)
	lost := h.org.Fail(exorgtest.Fault{Kind: exorgtest.ResetAfter, Method: "POST", Route: "/api/v2/routing/skills", Times: 1})
	_, err := h.Drain(h.ctx, nil)
	h.do(err)
	if lost.Struck() == 0 {
		t.Fatal("no creation was left open")
	}
	h.pass(time.Minute) // now lists show what was made; the worker has not looked again
	report := h.sync()
	if report.FirstPlan && len(report.Plan.Held) > 0 {
		t.Errorf("the tenant waits for an approval of what EXCS made itself: %+v", report.Plan.Held[0])
	}
	h.rest()
	h.equal()
	h.pass(10 * time.Minute)
	h.onePerKey()
	h.quiet(1)
}
