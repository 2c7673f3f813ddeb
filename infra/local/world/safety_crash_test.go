package world_test

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
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
	if _, err := h.World.Sync(h.ctx); model.CodeOf(err) != model.CodeConflict {
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
			for k := 1; k <= calls; k += stride {
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
	}
}

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
	c.edit(h)
	shoot()
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
	_, err := h.Runner.Sync(h.ctx, run.Request{Cause: model.CauseEngage})
	h.Table.SetFault(nil)
	whole := int(calls.Load())
	if k > 0 && err == nil && f == mapping.FaultBefore {
		t.Errorf("call %d was cut and nobody noticed", k)
	}
	// Another process takes over, once the lease of the dead one has run out; half of the messages are worked on before.
	h.pass(16 * time.Minute)
	h.Runner = h.second(nil)
	h.rest()
	h.run()
	h.pass(16 * time.Minute)
	h.run()
	h.equal()
	h.onePerKey()
	h.wantNone(mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible)
	h.quiet(1)
	return whole
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
