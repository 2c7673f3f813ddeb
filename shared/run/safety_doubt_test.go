package run_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// A queue that loses more than a fifth of its members waits for a second complete read; who joins does so at once.
func TestSecondReadOfAQueue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		lose       int
		wait, just time.Duration
	}{
		{"a third of it", 3, time.Minute, 50 * time.Second},
		{"all of it", 10, 5 * time.Minute, 4 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := hallOf(t, lot{})
			team := h.group("Team0").DBID
			for i := range c.lose {
				h.do(h.RemoveMember(h.ctx, team, h.person(fmt.Sprint("P", 6*i)).DBID))
			}
			if c.lose < 10 {
				h.do(h.AddMember(h.ctx, team, h.person("P1").DBID))
			}
			before := len(h.members("Team queue 0"))
			report := h.run()
			want := before
			if c.lose < 10 {
				want++
			}
			if n := len(h.members("Team queue 0")); n != want {
				t.Errorf("%d members after the first read, want %d: who joins joins, nobody leaves", n, want)
			}
			if held, ok := heldOf(report.Plan, membersKey(h.dn("Team queue 0").DBID)); !ok || held.Code != plan.HeldSecond {
				t.Errorf("held: %+v", held)
			}
			h.pass(c.just)
			h.run()
			if n := len(h.members("Team queue 0")); n != want {
				t.Errorf("%d members %s later, want %d", n, c.just, want)
			}
			h.pass(c.wait - c.just + time.Second)
			h.run()
			if n := len(h.members("Team queue 0")); n != want-c.lose {
				t.Errorf("%d members after the second read, want %d", n, want-c.lose)
			}
			h.pass(10 * time.Minute)
			h.quiet(2)
		})
	}
}

// A loss that was undone before the second read never happened.
func TestSecondReadDisagrees(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	backup := h.Editor.Site().Clone()
	for i := range 5 {
		h.do(h.RemoveMember(h.ctx, h.group("Team0").DBID, h.person(fmt.Sprint("P", 6*i)).DBID))
	}
	h.run()
	h.do(h.RestoreTable(h.ctx, backup, engagetest.TableMember))
	h.pass(2 * time.Minute)
	report := h.run()
	if n := len(h.members("Team queue 0")); n != 10 || len(report.Plan.Held) > 0 {
		t.Errorf("%d members, %d changes held", n, len(report.Plan.Held))
	}
	if n := h.guardian.removed()["member"]; n > 0 {
		t.Errorf("%d members were taken out", n)
	}
}

// A table that had rows and is empty is unknown, until a second complete read 15 minutes later says the same. Then the guard
// still applies. Back before that, nothing has happened.
func TestEmptiedTable(t *testing.T) {
	t.Parallel()
	for _, table := range []engagetest.Table{
		engagetest.TableLink, engagetest.TableLevel, engagetest.TableGroup, engagetest.TableMember, engagetest.TablePerson, engagetest.TableValue,
		engagetest.TableDN, engagetest.TableSwitch,
	} {
		t.Run(string(table), func(t *testing.T) {
			t.Parallel()
			h := hallOf(t, lot{preset: rules.PresetCurrent})
			backup, before := h.Editor.Site().Clone(), h.state()
			h.do(h.EmptyTable(h.ctx, table))
			for range 4 {
				h.run()
				h.pass(4 * time.Minute)
			}
			h.unchanged(before, "while the read was not settled")
			removed := h.guardian.removed()
			h.run() // 16 minutes: it is settled now
			h.run()
			h.withinTheGuard(removed)
			h.do(h.RestoreTable(h.ctx, backup, table))
			for range 4 {
				h.pass(10 * time.Minute)
				h.run()
			}
			h.unchanged(before, "after the table was whole again")
			h.quiet(2)
		})
	}
}

// state is what an emptied table could take away.
type state struct {
	users, skills, memberships int
}

func (h *house) state() state {
	s := state{memberships: h.memberships()}
	for _, u := range h.org.Users() {
		if u.State == "active" {
			s.users++
		}
		s.skills += len(u.Skills) + len(u.Languages)
	}
	return s
}

func (h *house) unchanged(before state, when string) {
	h.t.Helper()
	if now := h.state(); now != before {
		h.t.Errorf("%s: %+v, before: %+v", when, now, before)
	}
}

// withinTheGuard checks that what was removed since is not more than the guard allows.
func (h *house) withinTheGuard(before map[string]int) {
	h.t.Helper()
	now := h.guardian.removed()
	for what, limit := range map[string]int{"delete queue": 10, "deactivate user": 10, "member": 40} {
		if n := now[what] - before[what]; n > limit {
			h.t.Errorf("%s: %d times, the guard allows %d", what, n, limit)
		}
	}
}

// A source that went back (a restored backup) removes nothing and changes no identity until an operator accepts it.
func TestSourceWentBack(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{preset: rules.PresetCurrent})
	backup := h.Editor.Site().Clone()
	fresh := []int64{}
	for i := range 3 {
		p, err := h.Hire(h.ctx, engagetest.Newcomer{First: fmt.Sprint("New", i), Last: "Agent", Email: mail(fmt.Sprint("New", i)), Groups: []int64{h.group("Team1").DBID}})
		h.do(err)
		fresh = append(fresh, p.DBID)
	}
	h.do(h.Fire(h.ctx, h.person("P7").DBID))
	h.run()
	h.pass(time.Hour)
	h.run()
	before, removed := h.state(), h.guardian.removed()
	h.do(h.RestoreBackup(h.ctx, backup))
	for range 3 {
		report := h.run()
		if report.WentBack == "" {
			t.Fatal("nobody noticed that the source went back")
		}
		h.pass(20 * time.Minute)
	}
	if now := h.guardian.removed(); !maps.Equal(now, removed) {
		t.Errorf("removed: %v, before: %v", now, removed)
	}
	if now := h.state(); now.users < before.users {
		t.Errorf("%+v, before: %+v", now, before)
	}
	s, err := h.Runner.Status(h.ctx)
	h.do(err)
	if s.WentBack.IsZero() {
		t.Error("the status does not say since when")
	}
	report := h.run()
	// The hash of a plan does not accept the source, nor does any other.
	for _, hash := range []string{report.Plan.Hash, report.Plan.HeldHashAll, "", "0000"} {
		if d, err := h.Runner.Approve(h.ctx, hash, nil, run.By{}); d.Source || err == nil && len(report.Plan.Held) == 0 {
			t.Errorf("the hash %q accepts the source: %+v, %v", hash, d, err)
		}
	}
	decision, err := h.Runner.Approve(h.ctx, report.SourceHash, nil, run.By{})
	h.do(err)
	if !decision.Source {
		t.Errorf("the approval does not accept the source: %+v", decision)
	}
	h.pass(time.Minute)
	h.run()
	for i, dbid := range fresh {
		if u := h.user(mail(fmt.Sprint("New", i))); u.State != "inactive" {
			t.Errorf("user/%d is %s after the source was accepted", dbid, u.State)
		}
	}
	report = h.run()
	if report.WentBack != "" {
		t.Errorf("the accepted source still went back: %s", report.WentBack)
	}
}

// An acceptance of the source that nobody used lapses.
func TestSourceAcceptanceExpires(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{preset: rules.PresetCurrent})
	backup := h.Editor.Site().Clone()
	_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "New", Last: "Agent", Email: mail("New")})
	h.do(err)
	h.do(h.Fire(h.ctx, h.person("P7").DBID)) // who comes back tells a backup from deletions
	h.run()
	h.do(h.RestoreBackup(h.ctx, backup))
	report := h.run()
	_, err = h.Runner.Approve(h.ctx, report.SourceHash, nil, run.By{})
	h.do(err)
	h.pass(h.Settings.Approval + time.Second)
	if report = h.run(); report.WentBack == "" {
		t.Error("an acceptance of last hour was used")
	}
}

// The newest objects deleted one after another are no restored backup.
func TestNewestObjectsDeleted(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	for i := 39; i > 36; i-- {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
		if report := h.run(); report.WentBack != "" {
			t.Fatal(report.WentBack)
		}
		h.pass(time.Minute)
	}
	if n := h.deleted(); n != 3 {
		t.Errorf("%d deleted", n)
	}
}

// A change of the settings removes nothing until it is approved, run after run; what it adds is made at once.
func TestSettingsChanged(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	queues := len(h.org.Queues())
	h.change(func(s *rules.Settings) { s.Queues.Types = []int{model.DNVirtualQueue} })
	for range 3 {
		report := h.run()
		if held, ok := heldOf(report.Plan, queueKey(h.dn("ACD").DBID)); !ok || held.Code != plan.HeldSettings {
			t.Fatalf("held: %+v", held)
		}
		h.pass(time.Minute)
	}
	// A run of some kinds only must not count as the run that has nothing to hold.
	h.someKinds(model.KindSkill)
	report := h.run()
	if n := len(h.org.Queues()); n != queues {
		t.Fatalf("%d queues, there were %d", n, queues)
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{})
	h.do(err)
	_, err = h.Editor.AddSkill(h.ctx, "Chess")
	h.do(err)
	h.run()
	if n := len(h.org.Queues()); n != queues-3 {
		t.Errorf("%d queues after the approval, want %d", n, queues-3)
	}
	h.skill("Chess")
	// Later removals are free again.
	h.do(h.DeleteQueue(h.ctx, h.dn("Spare 1").DBID))
	h.run()
	if h.hasQueue("Spare 1") {
		t.Error("a removal after the settings were approved is held")
	}
}

// A table that is in doubt hides that the settings changed: once the doubt is gone they must still be held for that.
func TestSettingsChangedBehindADoubt(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	queues := len(h.org.Queues())
	backup := h.Editor.Site().Clone()
	h.do(h.EmptyTable(h.ctx, engagetest.TableDN))
	h.change(func(s *rules.Settings) { s.Queues.Types = []int{model.DNVirtualQueue} })
	h.run()
	h.pass(time.Minute)
	h.do(h.RestoreTable(h.ctx, backup, engagetest.TableDN))
	h.run()
	h.pass(time.Minute)
	h.run()
	if n := len(h.org.Queues()); n != queues {
		t.Errorf("%d queues, there were %d: a change of the settings removed some", n, queues)
	}
}

// An e-mail column that is gone stops the run, however often it comes; nobody's address changes.
func TestEmailColumnGone(t *testing.T) {
	t.Parallel()
	h := lot{settings: func(s *rules.Settings) { s.Email.Template = rules.DefaultTemplate }}.build(t).settled()
	h.do(h.RemoveEmailColumn(h.ctx))
	h.org.ResetCounters()
	for range 3 {
		if _, err := h.Service.Sync(h.ctx); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "e-mail column") {
			t.Fatalf("the run ends with: %v", err)
		}
		h.rest()
		h.pass(time.Minute)
	}
	if n := h.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes", n)
	}
	h.user(mail("Ann"))
	s, err := h.Runner.Status(h.ctx)
	h.do(err)
	if s.ProofFailed != 3 || !strings.Contains(s.ProofFailure, "e-mail column") {
		t.Errorf("status: %+v", s)
	}
}

// A tenant that is disabled, or gone, is no proof: nothing is done.
func TestTenantDisabled(t *testing.T) {
	t.Parallel()
	for name, wreck := range map[string]func(h *house) error{
		"disabled": func(h *house) error { return h.SetTenantState(h.ctx, engagetest.MainTenant, engagetest.StateDisabled) },
		"deleted":  func(h *house) error { return h.DeleteTenant(h.ctx, engagetest.MainTenant) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lot{}.build(t).settled()
			h.do(h.DeleteQueue(h.ctx, h.dn("ACD").DBID))
			h.do(wreck(h))
			h.org.ResetCounters()
			if _, err := h.Service.Sync(h.ctx); model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("the run ends with: %v", err)
			}
			h.rest()
			if n := h.org.Totals().Calls; n > 0 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// A read that proves nothing writes nothing, but rows that are due are queued again all the same.
func TestUnprovenReadStillQueuesWhatIsDue(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	h.sync() // the messages of the first run …
	for {    // … are all lost
		got, err := h.Work.Receive(h.ctx, 10, 0)
		h.do(err)
		if len(got) == 0 {
			break
		}
		h.do(h.Work.Delete(h.ctx, got))
	}
	h.do(h.SetTenantState(h.ctx, engagetest.MainTenant, engagetest.StateDisabled))
	h.pass(time.Minute)
	report, err := h.Service.Sync(h.ctx)
	if err == nil || report.Requeued > 0 {
		t.Errorf("after a minute: %d queued again, error %v: their messages may still be on their way", report.Requeued, err)
	}
	h.pass(10 * time.Minute)
	report, err = h.Service.Sync(h.ctx)
	if model.CodeOf(err) != model.CodeInvalid || report.Requeued == 0 {
		t.Fatalf("after the marks are too old: %d queued again, error %v", report.Requeued, err)
	}
	h.rest()
	h.do(h.SetTenantState(h.ctx, engagetest.MainTenant, engagetest.StateEnabled))
	h.wantNone(mapping.StatePending, mapping.StateWaiting, mapping.StateQuarantined)
	h.equal()
}
