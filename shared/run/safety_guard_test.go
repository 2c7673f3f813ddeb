package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// hall is a contact centre of 60 agents in 6 groups with a queue each, and 40 queues more: enough for the guard to count.
func hall(t testing.TB) *engagetest.Site {
	t.Helper()
	site := desk(t)
	f := furnish(t, site)
	groups := make([]int64, 6)
	for i := range groups {
		groups[i] = f.group(fmt.Sprint("Team", i))
		f.queue(fmt.Sprint("Team queue ", i), engagetest.VirtualQueue, groups[i])
	}
	for i := range 60 {
		f.person(fmt.Sprint("P", i), nil, groups[i%6])
	}
	for i := range 40 {
		f.queue(fmt.Sprint("Spare ", i), engagetest.VirtualQueue)
	}
	return site
}

// hallOf builds the hall and settles it.
func hallOf(t *testing.T, l lot) *house {
	t.Helper()
	l.site = hall(t)
	h := l.build(t)
	h.run()
	h.pass(2 * time.Hour)
	h.run() // or the next read would have the allowances of two hours
	return h
}

// mishap is a way to trip the guard, and what proves that it was not carried out.
type mishap struct {
	name   string
	preset rules.Preset
	kind   model.Kind
	wreck  func(h *house)
	// done counts what was carried out.
	done func(h *house) int
	all  int
}

func mishaps() []mishap {
	return []mishap{
		{
			name: "many queues deleted", kind: model.KindQueue, all: 15,
			wreck: func(h *house) {
				for i := range 15 {
					h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
				}
			},
			done: func(h *house) int { return h.guardian.removed()["delete queue"] },
		},
		{
			name: "many Persons deleted under current", preset: rules.PresetCurrent, kind: model.KindUser, all: 12,
			wreck: func(h *house) {
				for i := range 12 {
					h.do(h.Fire(h.ctx, h.person(fmt.Sprint("P", i)).DBID))
				}
			},
			done: func(h *house) int { return h.guardian.removed()["deactivate user"] },
		},
		{
			name: "many Persons disabled", kind: model.KindUser, all: 12,
			wreck: func(h *house) {
				for i := range 12 {
					h.do(h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", i)).DBID, engagetest.StateDisabled))
				}
			},
			done: func(h *house) int { return h.guardian.removed()["deactivate user"] },
		},
		{
			name: "many Persons renamed", kind: model.KindUser, all: 55,
			wreck: func(h *house) {
				for i := range 55 {
					h.do(h.RenamePerson(h.ctx, h.person(fmt.Sprint("P", i)).DBID, fmt.Sprint("P", i), "Renamed"))
				}
			},
			done: func(h *house) int {
				n := 0
				for _, u := range h.org.Users() {
					if strings.HasSuffix(u.Name, "Renamed") {
						n++
					}
				}
				return n
			},
		},
		{
			name: "most memberships gone", kind: model.KindMembers, all: 36,
			wreck: func(h *house) {
				for i := range 60 {
					if i%6 < 4 { // the first 4 teams lose everybody but their last two or so
						if i >= 4 {
							h.do(h.RemoveMember(h.ctx, h.group(fmt.Sprint("Team", i%6)).DBID, h.person(fmt.Sprint("P", i)).DBID))
						}
					}
				}
			},
			done: func(h *house) int { return h.guardian.removed()["member"] },
		},
	}
}

// Each way to trip the guard: held, listed, other changes go on, and an approval covers exactly what was held.
func TestGuard(t *testing.T) {
	t.Parallel()
	for _, m := range mishaps() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			h := hallOf(t, lot{preset: m.preset})
			before := m.done(h)
			m.wreck(h)
			_, err := h.Editor.AddSkill(h.ctx, "Chess")
			h.do(err)
			if m.kind == model.KindMembers {
				// The loss of each queue waits for a second read too.
				h.sync()
				h.pass(6 * time.Minute)
			}
			report := h.run()
			h.skill("Chess") // other changes go on
			if n := m.done(h) - before; n > 0 {
				t.Fatalf("%d of %d were carried out", n, m.all)
			}
			hash := h.tripped(report.Plan, m.kind)

			h.pass(time.Minute)
			h.run() // it stays held, run after run
			_, err = h.Runner.Approve(h.ctx, hash, []model.Kind{m.kind}, run.By{})
			h.do(err)
			// What comes after the approval is not covered by it, and does not void it.
			_, err = h.Editor.AddSkill(h.ctx, "Go")
			h.do(err)
			h.run()
			h.run()
			if n := m.done(h) - before; n != m.all {
				t.Errorf("%d of %d were carried out after the approval", n, m.all)
			}
			h.skill("Go")
			h.pass(10 * time.Minute)
			h.quiet(2)
		})
	}
}

// tripped checks that the plan holds the kind for the guard, that the operator's list shows it, and gives its hash.
func (h *house) tripped(p plan.Plan, kind model.Kind) string {
	h.t.Helper()
	i := slices.IndexFunc(p.Guard, func(v plan.Verdict) bool { return (v.Kind == kind || kind == model.KindMembers) && v.Tripped })
	if i < 0 {
		h.t.Fatalf("the guard has not tripped: %+v", p.Guard)
	}
	hash := p.HeldHash[kind]
	if hash == "" || !strings.Contains(p.Guard[i].Command, p.Hash) {
		h.t.Errorf("the verdict does not name the way through: %+v", p.Guard[i])
	}
	list, err := h.Runner.List(h.ctx, []model.Kind{kind})
	h.do(err)
	if !slices.ContainsFunc(list, func(l run.Listed) bool { return l.State == "held" && l.Reason != "" }) {
		h.t.Errorf("nothing is listed as held: %+v", list)
	}
	return hash
}

// heldQueues deletes queues beyond the guard and gives the run that holds them.
func heldQueues(t *testing.T, l lot) (*house, run.Report) {
	t.Helper()
	h := hallOf(t, l)
	mishaps()[0].wreck(h)
	return h, h.run()
}

// deleted counts the queues that EXCS deleted.
func (h *house) deleted() int { return h.guardian.removed()["delete queue"] }

// What comes after the approval is held again on its own; what was approved and has been undone in Engage is not done.
func TestApprovalCoversExactlyTheSet(t *testing.T) {
	t.Parallel()
	h, report := heldQueues(t, lot{})
	_, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{})
	h.do(err)
	for i := 15; i < 30; i++ {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	report = h.run()
	if n := h.deleted(); n != 15 {
		t.Errorf("%d queues were deleted, want the 15 that were approved", n)
	}
	if n := len(report.Plan.Held); n != 15 {
		t.Errorf("%d changes are held, want the 15 that came later", n)
	}
}

// An approval covers any subset of the set: some of it may have been undone in Engage since.
func TestApprovalCoversASubset(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	backup := h.Editor.Site().Clone()
	mishaps()[0].wreck(h)
	report := h.run()
	_, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{})
	h.do(err)
	// Somebody brings the queues back, and deletes three of them again.
	h.do(h.RestoreBackup(h.ctx, backup))
	for i := range 3 {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	h.run()
	if n := h.deleted(); n != 3 {
		t.Errorf("%d queues were deleted, want 3", n)
	}
}

// An approval lasts for as long as the setting says, and not longer.
func TestApprovalExpires(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		want  int
	}{{"just before", 29 * time.Minute, 15}, {"just after", 31 * time.Minute, 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, report := heldQueues(t, lot{settings: func(s *rules.Settings) { s.Approval = 30 * time.Minute }})
			decision, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindQueue], nil, run.By{})
			h.do(err)
			if want := h.Now().Add(30 * time.Minute); !decision.Until.Equal(want) {
				t.Errorf("it lasts until %s, want %s", decision.Until, want)
			}
			h.pass(c.after)
			report = h.run()
			if n := h.deleted(); n != c.want {
				t.Errorf("%d queues were deleted, want %d", n, c.want)
			}
			if c.want == 0 && len(report.Plan.Held) != 15 {
				t.Errorf("%d changes are held", len(report.Plan.Held))
			}
		})
	}
}

// Discard takes an approval back; what Engage still asks for is held again.
func TestDiscard(t *testing.T) {
	t.Parallel()
	h, report := heldQueues(t, lot{})
	hash := report.Plan.HeldHash[model.KindQueue]
	_, err := h.Runner.Approve(h.ctx, hash, nil, run.By{})
	h.do(err)
	decision, err := h.Runner.Discard(h.ctx, hash, nil, run.By{})
	h.do(err)
	if len(decision.Changes) != 15 {
		t.Errorf("%d changes were discarded", len(decision.Changes))
	}
	report = h.run()
	if n := h.deleted(); n != 0 || len(report.Plan.Held) != 15 {
		t.Errorf("%d deleted, %d held", n, len(report.Plan.Held))
	}
}

// Approving what nobody holds is a clear error and changes nothing.
func TestApproveNothing(t *testing.T) {
	t.Parallel()
	h, report := heldQueues(t, lot{})
	for _, c := range []struct {
		hash  string
		kinds []model.Kind
	}{{"", nil}, {"0000", nil}, {report.Plan.HeldHash[model.KindQueue], []model.Kind{model.KindUser}}} {
		if _, err := h.Runner.Approve(h.ctx, c.hash, c.kinds, run.By{}); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("approve %q %v: %v", c.hash, c.kinds, err)
		}
	}
	h.run()
	if n := h.deleted(); n != 0 {
		t.Errorf("%d deleted", n)
	}
}

// The window rolls: deletions that were let through earlier count, and are forgotten after 24 hours.
func TestGuardWindowRolls(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	remove := func(from, to int) {
		for i := from; i < to; i++ {
			h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
		}
	}
	remove(0, 6)
	h.run()
	h.pass(time.Hour)
	remove(6, 12)
	h.run()
	if n := h.deleted(); n != 6 {
		t.Errorf("%d deleted within a day, want 6: 12 are more than 10", n)
	}
	h.pass(26 * time.Hour)
	h.run()
	if n := h.deleted(); n != 12 {
		t.Errorf("%d deleted after a day, want 12", n)
	}
}

// Below ten mapped objects the guard does not count: a small site would be held up by everything.
func TestGuardIsOffOnASmallSite(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	for _, alias := range []string{"ACD", "Entry", "Virtual", "Routing"} {
		h.do(h.DeleteQueue(h.ctx, h.dn(alias).DBID))
	}
	h.run()
	if n := h.deleted(); n != 4 {
		t.Errorf("%d queues deleted, want 4", n)
	}
}
