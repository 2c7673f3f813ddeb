package run_test

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest/reference"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// second makes another process's runner on the same table.
func (h *house) second(change func(*run.Config)) *run.Runner {
	c := h.Runner.Config
	c.Table = h.Table.Restart()
	c.Holder = "another process"
	tokens := atomic.Int64{}
	c.NewToken = func() string { return "second-" + strconv.FormatInt(tokens.Add(1), 36) }
	if change != nil {
		change(&c)
	}
	return run.New(c)
}

// Two runs at once: the second is refused while the first holds the lease, and nothing of it is written.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	reading, goOn := make(chan struct{}), make(chan struct{})
	first := h.second(func(c *run.Config) {
		read := c.Read
		c.Read = func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
			close(reading)
			<-goOn
			return read(ctx)
		}
	})
	done := make(chan error, 1)
	go func() {
		_, err := first.Sync(h.ctx, run.Request{Cause: model.CauseEngage})
		done <- err
	}()
	<-reading
	if _, err := h.Service.Sync(h.ctx); model.CodeOf(err) != model.CodeConflict {
		t.Errorf("the second run: %v", err)
	}
	close(goOn)
	h.do(<-done)
	h.rest()
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A run that lost its lease while it read must not write what it read then: a later run knows better.
func TestRunThatLostItsLease(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	reading, goOn := make(chan struct{}), make(chan struct{})
	slow := h.second(func(c *run.Config) {
		read := c.Read
		c.Read = func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
			s, counts, err := read(ctx)
			close(reading)
			<-goOn
			return s, counts, err
		}
	})
	_, alias := h.dn("Virtual").DBID, "Virtual"
	backup := h.Editor.Site().Clone()
	h.do(h.DeleteQueue(h.ctx, h.dn(alias).DBID)) // the slow run reads this
	done := make(chan error, 1)
	go func() {
		_, err := slow.Sync(h.ctx, run.Request{Cause: model.CauseEngage})
		done <- err
	}()
	<-reading
	h.do(h.RestoreBackup(h.ctx, backup)) // and then the queue is back
	h.pass(16 * time.Minute)
	h.run()
	close(goOn)
	if err := <-done; err == nil {
		t.Error("the slow run went on")
	}
	h.rest()
	if h.deleted() > 0 || !h.hasQueue(alias) {
		t.Error("the slow run deleted a queue that is back")
	}
	h.run()
	h.equal()
	h.quiet(2)
}

// An operator who approves while a run is under way waits for it.
func TestApproveWaitsForTheRun(t *testing.T) {
	t.Parallel()
	h, report := heldQueues(t, lot{})
	lease, err := h.Table.TakeLease(h.ctx, "a run", h.Now(), 15*time.Minute)
	h.do(err)
	waits := 0
	h.Runner.Sleep = func(ctx context.Context, d time.Duration) error {
		if waits++; waits == 3 {
			return h.Table.ReleaseLease(ctx, lease)
		}
		return h.Sleep(ctx, d)
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{})
	h.do(err)
	lease, err = h.Table.TakeLease(h.ctx, "a run that hangs", h.Now(), 15*time.Minute)
	h.do(err)
	h.Runner.Sleep = h.Sleep
	if _, err = h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{}); model.CodeOf(err) != model.CodeConflict {
		t.Errorf("approve while a run hangs: %v", err)
	}
	h.do(h.Table.ReleaseLease(h.ctx, lease))
	h.run()
	if n := h.deleted(); n != 15 {
		t.Errorf("%d deleted", n)
	}
}

// A run that dies between any two calls of the table, and a new process that takes over: the EX Org ends as it would have
// without the crash, with no object made twice, and then nothing is written any more.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	for _, story := range crashes() {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			p := play(t, story)
			calls := crashAt(t, p, story, 0, mapping.FaultNone)
			if calls < 10 {
				t.Fatalf("the run makes %d calls: there is nothing to cut", calls)
			}
			step := stride
			if story.back != nil {
				step = max(stride, 3) // odd, so that both faults have their turn
			}
			for k := 1 + len(story.name)%step; k <= calls; k += step {
				// Every call is lost on its way there or on its way back, by turns.
				f := []mapping.Fault{mapping.FaultBefore, mapping.FaultAfter}[(k+story.turn)%2]
				crashAt(t, p, story, k, f)
				if t.Failed() {
					t.Fatalf("cut at call %d of %d, fault %d", k, calls, f)
				}
			}
		})
	}
}

// booth is the smallest site that has one of everything.
func booth(t testing.TB) *engagetest.Site {
	t.Helper()
	site := desk(t)
	site.Persons, site.Levels, site.Members, site.Links, site.DNs, site.Groups, site.Skills, site.Props = nil, nil, nil, nil, nil, nil, nil, nil
	site.Values = site.Values[:3] // English, German, Resolved
	f := furnish(t, site)
	sales, english, team := f.skill("Sales"), f.skill("English"), f.group("Back")
	f.queue("Virtual", engagetest.VirtualQueue, team)
	f.person("Ann", map[int64]int{sales: 3, english: 4}, team)
	return site
}

type crash struct {
	name string
	edit func(h *house)
	// back takes the edit back before the next run; nil: Engage keeps to it.
	back func(h *house, before *engagetest.Site)
	// restored says that Engage is then as it was before the edit.
	restored bool
	// first says that the crash hits the first run of the tenant.
	first bool
	turn  int
}

func crashes() []crash {
	return []crash{
		{name: "first run", first: true, edit: func(*house) {}},
		{name: "edits", turn: 1, edit: func(h *house) {
			ann := h.person("Ann")
			h.do(h.Fire(h.ctx, ann.DBID))
			_, err := h.Rehire(h.ctx, ann, engagetest.SameEmployee)
			h.do(err)
			_, err = h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
			h.do(err)
			h.do(h.RenameSkill(h.ctx, h.engageSkill("Sales").DBID, "Selling"))
			_, err = h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve"), Groups: []int64{h.group("Back").DBID}})
			h.do(err)
		}},
		{name: "deletions", edit: func(h *house) {
			h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID))
			h.do(h.DeleteSkill(h.ctx, h.engageSkill("Sales").DBID))
			_, err := h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Fresh", Groups: []int64{h.group("Back").DBID}})
			h.do(err)
		}},
		{name: "edits taken back", turn: 1, edit: turnOver, back: restore, restored: true},
		{name: "deletions taken back", edit: func(h *house) {
			h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID))
			h.do(h.DeleteSkill(h.ctx, h.engageSkill("Sales").DBID))
			h.do(h.Fire(h.ctx, h.person("Ann").DBID))
		}, back: restore, restored: true},
		{name: "a queue made again, and the old one after all", turn: 1, edit: func(h *house) {
			_, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
			h.do(err)
			_, err = h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Fresh"})
			h.do(err)
		}, back: func(h *house, before *engagetest.Site) {
			before.DNs = append(before.DNs, h.dn("Fresh")) // or Engage would have gone back
			restore(h, before)
		}},
		{name: "a queue made again, and none after all", edit: func(h *house) {
			_, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
			h.do(err)
			_, err = h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Fresh"})
			h.do(err)
		}, back: func(h *house, _ *engagetest.Site) { h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID)) }},
		{name: "a person who comes and goes", turn: 1, edit: func(h *house) {
			_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve"), Groups: []int64{h.group("Back").DBID}})
			h.do(err)
			_, err = h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Fresh", Groups: []int64{h.group("Back").DBID}})
			h.do(err)
		}, back: func(h *house, _ *engagetest.Site) {
			h.do(h.Fire(h.ctx, h.person("Eve").DBID))
			h.do(h.DeleteQueue(h.ctx, h.dn("Fresh").DBID))
		}},
		{name: "first run, then edits", first: true, edit: func(*house) {}, back: func(h *house, _ *engagetest.Site) { turnOver(h) }},
	}
}

// turnOver changes one of everything without making or deleting anything.
func turnOver(h *house) {
	ann := h.person("Ann")
	h.do(h.SetPersonState(h.ctx, ann.DBID, engagetest.StateDisabled))
	h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
	h.do(h.ChangeLevel(h.ctx, ann.DBID, h.engageSkill("Sales").DBID, 1))
	h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Real"))
	h.do(h.RenameSkill(h.ctx, h.engageSkill("English").DBID, "German"))
	h.do(h.RenameSkill(h.ctx, h.engageSkill("Sales").DBID, "Selling"))
}

// restore gives Engage back what it held before.
func restore(h *house, before *engagetest.Site) { h.do(h.RestoreBackup(h.ctx, before)) }

// played is a story that was told once to a database: what a read gives before the edits and after them.
type played struct {
	editor *engagetest.Editor
	takes  []take
	at     int
}

type take struct {
	snapshot *model.Snapshot
	counts   model.Counts
}

func (p *played) read(context.Context) (*model.Snapshot, model.Counts, error) {
	return p.takes[p.at].snapshot, p.takes[p.at].counts, nil
}

func play(t *testing.T, c crash) *played {
	t.Helper()
	h := lot{site: booth(t)}.build(t)
	p := &played{editor: h.Editor}
	shoot := func() {
		s, counts, err := h.config.Read(h.ctx)
		h.do(err)
		p.takes = append(p.takes, take{s, counts})
	}
	shoot()
	before := h.Editor.Site().Clone()
	c.edit(h)
	shoot()
	if c.back != nil {
		c.back(h, before)
		shoot()
	}
	return p
}

// crashAt lets the run die at its k-th call (0: never) and gives the number of calls that a whole run makes.
func crashAt(t *testing.T, p *played, c crash, k int, f mapping.Fault) int {
	t.Helper()
	h := lot{played: p}.build(t)
	if p.at = 0; !c.first {
		h.run()
		h.pass(20 * time.Minute)
	}
	p.at = 1
	calls := atomic.Int64{}
	h.Table.SetFault(func(string) mapping.Fault {
		switch n := calls.Add(1); {
		case k == 0 || n < int64(k):
			return mapping.FaultNone
		case n == int64(k):
			return f
		default: // whatever it still tries, it is dead
			return mapping.FaultBefore
		}
	})
	report, died := h.Runner.Sync(h.ctx, run.Request{Cause: model.CauseEngage})
	h.Table.SetFault(nil)
	whole := int(calls.Load())
	if k > 0 && died == nil && f == mapping.FaultBefore {
		t.Errorf("call %d was cut and nobody noticed", k)
	}
	// Another process takes over, once the lease of the dead one has run out. By turns all messages are worked on before
	// its run, or none.
	h.pass(16 * time.Minute)
	h.Runner = h.second(nil)
	p.at = len(p.takes) - 1
	if k%4 < 2 {
		h.rest()
	}
	if c.restored && died != nil {
		h.neverCalledConverged(report.Run)
	}
	h.run()
	h.pass(16 * time.Minute)
	h.run()
	h.equal()
	h.nothingElse()
	if marked, err := h.Table.Marked(h.ctx); err != nil || len(marked) > 0 {
		t.Errorf("marked as being changed after two complete runs: %v, %v", marked, err)
	}
	h.onePerKey()
	h.wantNone(mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible)
	h.quiet(1)
	return whole
}

// differs says whether the EX Org is not what Engage asks for.
func (h *house) differs() bool {
	want, got := reference.Expected(h.Editor.Site(), domain, false), reference.Observed(h.org, func(string) bool { return true })
	for kind, lines := range want {
		for _, line := range lines {
			if !slices.ContainsFunc(got[kind], func(have string) bool { return fold(have) == fold(line) }) {
				return true
			}
		}
	}
	return len(got["queue"]) != len(want["queue"])
}

// neverCalledConverged checks after a death, when Engage is back at what it was before, that an EX Org that is something
// else is told to be on its way.
func (h *house) neverCalledConverged(dead int64) {
	h.t.Helper()
	if !h.differs() {
		return
	}
	status, err := h.Runner.Status(h.ctx)
	h.do(err)
	if status.BeingChanged == 0 && status.LastRun == dead {
		return // it came to its end, and only its answer was lost
	}
	if status.BeingChanged+status.States[mapping.StatePending]+status.States[mapping.StateWaiting] == 0 {
		h.t.Error("the EX Org is not what Engage asks for, and status calls everything converged")
	}
	o, err := h.Runner.Overview(h.ctx, 5)
	h.do(err)
	if !slices.ContainsFunc(o.Tallies, func(t run.Tally) bool { return t.Waiting > 0 }) {
		h.t.Error("the EX Org is not what Engage asks for, and the dashboard calls everything converged")
	}
}

// nothingElse checks that the EX Org has no queue that Engage has not.
func (h *house) nothingElse() {
	h.t.Helper()
	want := reference.Expected(h.Editor.Site(), domain, false)
	if got := h.org.Queues(); len(got) != len(want["queue"]) {
		h.t.Errorf("the EX Org has the queues %v, Engage %v", got, want["queue"])
	}
}

// onePerKey checks that no two living users share an external id or a name that is one person's, and no two queues a peer
// id.
func (h *house) onePerKey() {
	h.t.Helper()
	keys, peers := map[string]string{}, map[string]string{}
	for _, u := range h.org.Users() {
		for _, x := range u.External {
			if other := keys[x.Key]; other != "" && u.State != "deleted" {
				h.t.Errorf("the users %s and %s share the external id %s", other, u.ID, x.Key)
			}
			keys[x.Key] = u.ID
		}
	}
	for _, q := range h.org.Queues() {
		if other := peers[q.PeerID]; other != "" && q.PeerID != "" {
			h.t.Errorf("the queues %s and %s share the peer id %s", other, q.ID, q.PeerID)
		}
		peers[q.PeerID] = q.ID
	}
	h.noDoubles("skill", slices.DeleteFunc(h.org.Skills(), func(s exSkill) bool { return s.State == "deleted" }))
	h.noDoubles("language", slices.DeleteFunc(h.org.Languages(), func(s exSkill) bool { return s.State == "deleted" }))
}

func (h *house) noDoubles(what string, list []exSkill) {
	h.t.Helper()
	seen := map[string]bool{}
	for _, s := range list {
		if seen[fold(s.Name)] {
			h.t.Errorf("two %ss are called %s", what, s.Name)
		}
		seen[fold(s.Name)] = true
	}
}
