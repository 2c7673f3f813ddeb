package run_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// tripped gives the verdict of a class in the plan of a run; the zero Verdict if it did not trip.
func trippedOf(r run.Report, class plan.Class) plan.Verdict {
	for _, v := range r.Plan.Guard {
		if v.Class == class && v.Tripped {
			return v
		}
	}
	return plan.Verdict{}
}

// A group that is linked to 300 queues by mistake: nobody is put into any of them, and nothing else waits.
func TestAGroupLinkedToManyQueues(t *testing.T) {
	t.Parallel()
	site := hall(t)
	f := furnish(t, site)
	for i := range 300 {
		f.queue(fmt.Sprint("Line ", i), engagetest.VirtualQueue)
	}
	h := lot{site: site}.build(t)
	h.run()
	h.pass(2 * time.Hour)
	h.run()
	before, working := h.memberships(), h.working()
	for i := range 300 { // 10 agents each
		h.do(h.Link(h.ctx, h.group("Team0").DBID, h.dn(fmt.Sprint("Line ", i)).DBID))
	}
	_, err := h.Editor.AddSkill(h.ctx, "Chess")
	h.do(err)
	h.run()
	// What comes later and fits goes on.
	h.do(h.AddMember(h.ctx, h.group("Team1").DBID, h.person("P2").DBID))
	var report run.Report
	for range 5 {
		h.pass(2 * time.Minute)
		report = h.run()
	}
	h.skill("Chess")
	v := trippedOf(report, plan.ClassJoins)
	if v.Held != 3000 || len(v.Objects) != 10 || v.Command == "" {
		t.Errorf("the guard says %+v", v)
	}
	if h.memberships() != before+1 || h.working() != working {
		t.Fatalf("%d memberships, want %d and the one of another group", h.memberships(), before)
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.run()
	if got := h.memberships(); got != before+3001 {
		t.Errorf("%d memberships after the approval, want %d", got, before+3001)
	}
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// What the guard holds of what is made keeps nothing else from going on: a user gets all but the skill that is held.
func TestDependantsOfAHeldSkillWait(t *testing.T) {
	t.Parallel()
	site := hall(t)
	f := furnish(t, site)
	for i := range 10 {
		f.skill(fmt.Sprint("Known ", i))
	}
	h := lot{site: site}.build(t)
	h.run()
	h.pass(26 * time.Hour)
	h.run()
	var one int64
	for i := range 60 {
		skill, err := h.Editor.AddSkill(h.ctx, fmt.Sprint("New ", i))
		h.do(err)
		one = skill.DBID
	}
	p0 := h.person("P0").DBID
	h.do(h.AddLevel(h.ctx, p0, one, 3))
	h.do(h.AddLevel(h.ctx, p0, h.engageSkill("Known 1").DBID, 2))
	h.do(h.RenamePerson(h.ctx, p0, "P0", "Renamed"))
	h.minutes(12)
	report := h.sync()
	if v := trippedOf(report, plan.ClassNames); v.Held != 60 {
		t.Fatalf("the guard says %+v", report.Plan.Guard)
	}
	u := h.user(h.addressOf("P0"))
	if has := h.abilities(u.Email); u.Name != "P0 Renamed" || len(has) != 1 {
		t.Errorf("the user is %s with %v: its name and the other skill do not wait", u.Name, has)
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.pass(10 * time.Minute)
	h.run()
	if has := h.abilities(u.Email); len(has) != 2 {
		t.Errorf("after the approval the user has %v", has)
	}
	h.quiet(2)
}

// addressOf gives the address that the EX user of a Person has.
func (h *house) addressOf(first string) string {
	h.t.Helper()
	u, ok := h.org.User(h.row(model.Key{Kind: model.KindUser, DBID: h.person(first).DBID}).EXID)
	if !ok {
		h.t.Fatalf("%s has no EX user", first)
	}
	return u.Email
}

// called counts the users whose name ends as given.
func (h *house) called(suffix string) int {
	n := 0
	for _, u := range h.org.Users() {
		if strings.HasSuffix(u.Name, suffix) {
			n++
		}
	}
	return n
}

// emails counts the users whose address ends as given.
func (h *house) emails(suffix string) int {
	n := 0
	for _, u := range h.org.Users() {
		if strings.HasSuffix(u.Email, suffix) {
			n++
		}
	}
	return n
}

// An address wave: another mail domain for everybody waits for a person, and what else changes of the users does not.
func TestAnAddressWave(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	for i := range 30 {
		h.do(h.ChangeEmail(h.ctx, h.person(fmt.Sprint("P", i)).DBID, fmt.Sprintf("p%d@wave.example", i)))
	}
	h.do(h.RenamePerson(h.ctx, h.person("P0").DBID, "P0", "Renamed"))
	var report run.Report
	for range 5 {
		report = h.run()
		h.pass(10 * time.Minute)
	}
	if v := trippedOf(report, plan.ClassAddresses); v.Held != 30 || len(v.Objects) != 10 {
		t.Errorf("the guard says %+v", report.Plan.Guard)
	}
	if h.emails("@wave.example") != 0 || h.called("Renamed") != 1 {
		t.Errorf("%d addresses and %d names were changed", h.emails("@wave.example"), h.called("Renamed"))
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.run()
	if n := h.emails("@wave.example"); n != 30 {
		t.Errorf("%d addresses were changed after the approval", n)
	}
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A few addresses a day go on, and no more.
func TestTheAddressesOfADay(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	for i := range 12 {
		h.do(h.ChangeEmail(h.ctx, h.person(fmt.Sprint("P", i)).DBID, fmt.Sprintf("p%d@day.example", i)))
		h.run()
		h.pass(time.Hour)
	}
	if n := h.emails("@day.example"); n != 10 {
		t.Errorf("%d addresses within 12 hours, want 10", n)
	}
	h.pass(26 * time.Hour)
	h.run()
	if n := h.emails("@day.example"); n != 12 {
		t.Errorf("%d addresses a day later, want 12", n)
	}
}

// A recycled address: another user gets it once a second read, 15 minutes later, agrees.
func TestARecycledAddress(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	old := h.addressOf("P0")
	h.do(h.ChangeEmail(h.ctx, h.person("P0").DBID, "p0@new.example"))
	h.run()
	h.pass(5 * time.Hour)
	h.run()
	h.do(h.ChangeEmail(h.ctx, h.person("P1").DBID, old))
	report := h.run()
	if len(report.Plan.Held) != 1 || report.Plan.Held[0].Code != plan.HeldSecond {
		t.Fatalf("held: %+v", report.Plan.Held)
	}
	h.pass(14 * time.Minute)
	h.run()
	if h.addressOf("P1") == old {
		t.Error("the address went before 15 minutes were over")
	}
	h.pass(time.Minute)
	h.run()
	if h.addressOf("P1") != old {
		t.Errorf("P1 has %s, want %s", h.addressOf("P1"), old)
	}
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A day without a complete read, then the edits of 20 hours at once: nothing is held that an hour's edits would not have been,
// and the next hour has its own allowance.
func TestADaysGap(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{settings: func(s *rules.Settings) { s.Guard.Updates = rules.Threshold{Count: 3} }})
	rename := func(from, to int) {
		for i := from; i < to; i++ {
			h.do(h.RenamePerson(h.ctx, h.person(fmt.Sprint("P", i)).DBID, fmt.Sprint("P", i), "Renamed"))
		}
	}
	for i := range 11 {
		h.do(h.DeleteQueue(h.ctx, h.dn(fmt.Sprint("Spare ", i)).DBID))
	}
	rename(0, 50)
	h.pass(20 * time.Hour)
	report := h.run()
	if v := trippedOf(report, plan.ClassUpdates); v.Tripped {
		t.Errorf("50 updates after 20 hours: %s", v.Text)
	}
	if v := trippedOf(report, plan.ClassRemovals); v.Held != 11 {
		t.Errorf("a gap lets no removal through: %+v", report.Plan.Guard)
	}
	h.pass(time.Minute)
	rename(50, 53)
	if v := trippedOf(h.run(), plan.ClassUpdates); v.Tripped {
		t.Errorf("the hour after the gap has its own allowance: %s", v.Text)
	}
	h.pass(time.Minute)
	rename(53, 54)
	if v := trippedOf(h.run(), plan.ClassUpdates); !v.Tripped {
		t.Error("the hour after the gap has more than its own allowance")
	}
}

// What was edited during a pause has the allowances of its hours when it ends.
func TestAPauseIsAGap(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{settings: func(s *rules.Settings) { s.Guard.Updates = rules.Threshold{Count: 3} }})
	_, err := h.Runner.Pause(h.ctx, run.PauseRequest{By: run.By{Note: "a migration"}})
	h.do(err)
	for i := range 30 {
		if i%3 == 0 {
			h.run()
			h.pass(time.Hour)
		}
		h.do(h.RenamePerson(h.ctx, h.person(fmt.Sprint("P", i)).DBID, fmt.Sprint("P", i), "Renamed"))
	}
	shown, err := h.Runner.Resume(h.ctx, run.ResumeRequest{})
	h.do(err)
	if v := trippedOf(shown.Report, plan.ClassUpdates); v.Tripped {
		t.Errorf("30 updates after 10 hours: %s", v.Text)
	}
	_, err = h.Runner.Resume(h.ctx, run.ResumeRequest{Hash: shown.Hash})
	h.do(err)
	h.rest()
	if n := h.called("Renamed"); n != 30 {
		t.Errorf("%d users were renamed, want 30", n)
	}
}
