package run_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// working counts the active users that are in a queue.
func (h *house) working() int {
	in := map[string]bool{}
	for _, q := range h.org.Queues() {
		for _, m := range h.org.Members(q.ID) {
			if u, _ := h.org.User(m.UserID); u.State == "active" {
				in[m.UserID] = true
			}
		}
	}
	return len(in)
}

// Case 51: people whose removal the guard holds keep their queues, however many reads agree; one hash lets all of it pass.
func TestHeldPeopleKeepTheirQueues(t *testing.T) {
	t.Parallel()
	remove := map[string]struct {
		preset rules.Preset
		do     func(h *house, i int) error
		// inactive says that the users are deactivated once that is approved.
		inactive bool
	}{
		"disabled": {rules.Preset202307, func(h *house, i int) error {
			return h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", i)).DBID, engagetest.StateDisabled)
		}, true},
		"deleted, and orphans": {rules.Preset202307, func(h *house, i int) error { return h.Fire(h.ctx, h.person(fmt.Sprint("P", i)).DBID) }, false},
		"deleted under current": {rules.PresetCurrent, func(h *house, i int) error {
			return h.Fire(h.ctx, h.person(fmt.Sprint("P", i)).DBID)
		}, true},
	}
	for name, c := range remove {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hallOf(t, lot{preset: c.preset})
			members, working := h.memberships(), h.working()
			for i := range 24 {
				h.do(c.do(h, i))
			}
			_, err := h.Editor.AddSkill(h.ctx, "Chess")
			h.do(err)
			var report run.Report
			for range 10 {
				report = h.run()
				h.pass(time.Minute)
			}
			h.skill("Chess") // other changes go on
			if h.memberships() != members || h.working() != working {
				t.Fatalf("%d memberships and %d people at work, want %d and %d", h.memberships(), h.working(), members, working)
			}
			for _, held := range report.Plan.Held {
				if held.Code != plan.HeldGuard && held.Code != plan.HeldDepends {
					t.Errorf("%s is held for %s: %s", held.Change.Key, held.Code, held.Reason)
				}
			}
			// A run of the member lists alone lets nobody out either.
			h.someKinds(model.KindMembers)
			if h.memberships() != members {
				t.Fatalf("a run of kind members took %d out", members-h.memberships())
			}
			_, err = h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
			h.do(err)
			h.run()
			h.run()
			if got := h.memberships(); got != members-24 {
				t.Errorf("%d memberships after the approval, want %d", got, members-24)
			}
			if got := h.guardian.removed()["deactivate user"]; c.inactive && got != 24 {
				t.Errorf("%d users were deactivated after the approval", got)
			}
			h.pass(10 * time.Minute)
			h.quiet(2)
		})
	}
}

// A queue whose members wait with their users' removal is not deleted under them.
func TestTheQueueOfHeldPeopleStays(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	for i := range 24 {
		h.do(h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", i)).DBID, engagetest.StateDisabled))
	}
	h.do(h.DeleteQueue(h.ctx, h.dn("Team queue 0").DBID))
	h.do(h.DeleteQueue(h.ctx, h.dn("Spare 0").DBID))
	members := h.memberships()
	report := h.run()
	h.pass(10 * time.Minute)
	h.run()
	if !h.hasQueue("Team queue 0") || h.hasQueue("Spare 0") || h.memberships() != members {
		t.Fatalf("the queue of held people went, or another one stayed; %d of %d memberships", h.memberships(), members)
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.run()
	if h.hasQueue("Team queue 0") {
		t.Error("the queue stays although all was approved")
	}
}

// Case 64: a third of the kind is the most that is removed without an approval, however small the site.
func TestTheGuardOfASmallSite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lost, gone int }{{8, 0}, {6, 0}, {5, 5}} {
		t.Run(fmt.Sprint(c.lost), func(t *testing.T) {
			t.Parallel()
			site := desk(t)
			f := furnish(t, site)
			have := 0
			for _, dn := range site.DNs {
				if slices.Contains(rules.QueueTypes(), int(dn.Type)) {
					have++
				}
			}
			for i := have; i < 17; i++ {
				f.queue(fmt.Sprint("Line ", i), engagetest.VirtualQueue)
			}
			h := lot{site: site}.build(t)
			report := h.run()
			if n := report.Plan.Counts[model.KindQueue].Create; n != 17 {
				t.Fatalf("%d queues", n)
			}
			h.pass(26 * time.Hour)
			for i := range c.lost {
				h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Line ", 16-i)).DBID))
			}
			report = h.run()
			if h.deleted() != c.gone || c.gone == 0 && len(report.Plan.Held) != c.lost {
				t.Errorf("%d deleted, %d held", h.deleted(), len(report.Plan.Held))
			}
		})
	}
}

// What is held takes nothing of the allowance: a later change that fits it goes on.
func TestLaterChangesThatFitGoOn(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	mishaps()[0].wreck(h)
	h.run()
	h.pass(time.Minute)
	for i := 20; i < 23; i++ {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	report := h.run()
	if h.deleted() != 3 || len(report.Plan.Held) != 15 {
		t.Errorf("%d deleted, %d held: want the 3 that came later, and the 15", h.deleted(), len(report.Plan.Held))
	}
	// The allowance of 10 has 7 left: eight more wait, seven go.
	h.pass(time.Minute)
	for i := 23; i < 31; i++ {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	h.run()
	if h.deleted() != 3 {
		t.Errorf("%d deleted, want 3", h.deleted())
	}
	for i := 31; i < 38; i++ {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	h.pass(time.Minute)
	h.run()
	if h.deleted() != 10 {
		t.Errorf("%d deleted, want 10", h.deleted())
	}
}

// Agents who would be left without a queue are counted from every cause together.
func TestAgentsLeftWithoutAQueue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		emptied, lines int
		held           bool
	}{{"20 of 64 go", 10, 1, false}, {"22 do not, whatever the causes", 12, 1, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// A loss within one queue waits for a second read; that is not what is looked at here.
			h := hallOf(t, lot{settings: func(s *rules.Settings) { s.Guard.QueueSize = 1000 }})
			working := h.working()
			for i := range c.emptied { // two of each team leave their groups
				team, who := 1+i%5, 1+i%5+6*(i/5)
				h.do(h.RemoveMember(h.ctx, h.group(fmt.Sprint("Team", team)).DBID, h.person(fmt.Sprint("P", who)).DBID))
			}
			h.do(h.DeleteQueue(h.ctx, h.dn("Team queue 0").DBID)) // its ten agents have no other
			report := h.run()
			h.pass(10 * time.Minute)
			h.run()
			lost := working - h.working()
			if c.held && (lost != 0 || !h.hasQueue("Team queue 0")) || !c.held && lost != 20 {
				t.Errorf("%d people are out of work; held %v", lost, report.Plan.Guard)
			}
		})
	}
}

// The hash of a plan lets pass what that plan held for a day, whatever plans came after it; any other hash is not found.
func TestAPlanOfTheLastDayIsApproved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		want  int
	}{{"hours later", 20 * time.Hour, 15}, {"days later", 50 * time.Hour, 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, shown := heldQueues(t, lot{})
			for i := range 5 { // each run has another plan
				h.pass(c.after / 5)
				_, err := h.Editor.AddSkill(h.ctx, fmt.Sprint("Skill ", i))
				h.do(err)
				h.run()
			}
			h.do(h.DeleteQueue(h.ctx, h.dn("Spare 20").DBID))
			for i := 21; i < 33; i++ { // a second batch, which nobody approved
				h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
			}
			h.run()
			_, err := h.Runner.Approve(h.ctx, shown.Plan.Hash, nil, run.By{})
			if c.want == 0 {
				if model.CodeOf(err) != model.CodeNotFound {
					t.Errorf("the plan of two days ago: %v", err)
				}
				return
			}
			h.do(err)
			h.run()
			if h.deleted() != c.want {
				t.Errorf("%d deleted, want %d", h.deleted(), c.want)
			}
			// It is used up: the same queues, restored and deleted again, wait again.
			h.run()
			if open := h.openApprovals(); open != 0 {
				t.Errorf("%d approvals are open after their use", open)
			}
		})
	}
}

func (h *house) openApprovals() int {
	h.t.Helper()
	s, err := h.Runner.Status(h.ctx)
	h.do(err)
	n := 0
	for _, a := range s.Approvals {
		n += a.Changes
	}
	return n
}
