package apply_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

func (b *bench) drawn(kind model.Kind, class plan.Class) int {
	b.Helper()
	return must[mapping.Tally](b)(b.table.Drawn(b.Context(), mapping.Window{Kind: kind, Class: string(class), Length: plan.GuardWindow(b.settings, class)}, time.Now())).Sum
}

func (b *bench) inState(keys []model.Key, s mapping.State) (n int) {
	b.Helper()
	for _, key := range keys {
		if b.row(key).State == s {
			n++
		}
	}
	return n
}

// The guard stops what is over the limit right before the write, says why with every number, and lets it pass once when it
// is approved. Held rows are never executed, whatever message comes.
func TestTheGuardHoldsWhatIsOverTheLimit(t *testing.T) {
	in(t, func(b *bench) {
		var all, changed []model.Object
		var keys []model.Key
		for i := range int64(14) {
			all = append(all, queueOf(i+1, fmt.Sprint("Q", i)))
			keys = append(keys, all[i].Key)
		}
		b.have(all...)
		b.census[model.KindQueue] = 40
		var wishes []mapping.Wish
		for _, o := range all {
			wishes = append(wishes, goal(o, mapping.GoalAbsent))
		}
		b.wish(wishes...)
		b.settle()
		b.same("deleted", 14-len(b.org.Queues()), 10)
		b.same("held", b.inState(keys, mapping.StateHeld), 4)
		b.same("drawn", b.drawn(model.KindQueue, plan.ClassRemovals), 10)
		var held model.Key
		for _, key := range keys {
			if row := b.row(key); row.State == mapping.StateHeld {
				held = key
				if !strings.Contains(row.Reason, "10 removals of kind queue") || !strings.Contains(row.Reason, "limit of 10 (of 40 mapped)") {
					b.Errorf("reason %q", row.Reason)
				}
				b.look(key, model.CauseDrift)
				b.look(key, model.CauseDeleted)
			}
		}
		b.same("deleted after looks at held rows", 14-len(b.org.Queues()), 10)
		b.approve(held)
		b.same("deleted after one approval", 14-len(b.org.Queues()), 11)
		b.same("drawn: what is approved draws nothing", b.drawn(model.KindQueue, plan.ClassRemovals), 10)

		// A day later the window is free again for a new desired state.
		time.Sleep(27 * time.Hour)
		for _, o := range all {
			if b.row(o.Key).State == mapping.StateHeld {
				changed = append(changed, o)
			}
		}
		b.wish(goal(changed[0], mapping.GoalAbsent))
		b.settle()
		b.state(changed[0].Key, mapping.StateGone)
	})
}

// A deactivation counts as a removal, whatever else changes with it; other changes are updates, and creations are free.
func TestDeactivationsCountAsRemovals(t *testing.T) {
	in(t, func(b *bench) {
		var all []model.Object
		for i := range int64(12) {
			all = append(all, user(i+1, "Ann"))
		}
		b.have(all...)
		b.census[model.KindUser] = 30
		b.same("drawn by creations", b.drawn(model.KindUser, plan.ClassUpdates)+b.drawn(model.KindUser, plan.ClassRemovals), 0)
		for i := range all {
			all[i].State, all[i].Name = model.StateInactive, "Anna"
		}
		b.want(all...)
		b.settle()
		active := 0
		for _, u := range b.org.Users() {
			if u.State == "active" {
				active++
			}
		}
		b.same("still active", active, 2)
		b.same("updates", b.drawn(model.KindUser, plan.ClassUpdates), 0)
		// What is active again draws nothing on removals.
		all[0].State = model.StateActive
		b.have(all[0])
		b.same("removals", b.drawn(model.KindUser, plan.ClassRemovals), 10)
		b.same("updates", b.drawn(model.KindUser, plan.ClassUpdates), 1)
	})
}

// The windows count distinct keys: an object that is changed again and again counts once, until the window is over.
func TestAKeyCountsOnceAWindow(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "A"))
		b.census[model.KindWrapUpCode] = 100
		for i := range 5 {
			b.have(code(1, fmt.Sprint("B", i)))
		}
		b.same("drawn", b.drawn(model.KindWrapUpCode, plan.ClassUpdates), 1)
		time.Sleep(67 * time.Minute)
		b.have(code(1, "C"))
		b.same("drawn an hour later", b.drawn(model.KindWrapUpCode, plan.ClassUpdates), 1)
	})
}

// Drift is counted as well, and an approval lasts for one time: what has converged has used it up.
func TestAnApprovalIsForOneTime(t *testing.T) {
	in(t, func(b *bench) {
		b.settings.Guard.Updates.Count = 0
		b.set(func(s *rules.Settings) { s.Guard.Updates.Share = 0.01 })
		b.have(code(1, "A"))
		b.census[model.KindWrapUpCode] = 20
		w := present(code(1, "B"))
		w.Approved = true
		b.wish(w)
		b.settle()
		b.state(w.Key, mapping.StateConverged)
		time.Sleep(2 * time.Hour)
		b.ok(b.org.EditCode(b.exID(code(1, "")), func(raw map[string]any) { raw["name"] = "Edited" }))
		b.drift(w.Key)
		b.state(w.Key, mapping.StateHeld)
		b.same("name", b.org.Codes()[0].Name, "Edited")
	})
}

// Below the guard's size nothing is stopped, and all is counted.
func TestASmallSiteIsCountedAndNotStopped(t *testing.T) {
	in(t, func(b *bench) {
		b.set(func(s *rules.Settings) { s.Guard.Updates.Count, s.Guard.Updates.Share = 0, 0 })
		b.have(code(1, "A"), code(2, "X"))
		b.census[model.KindWrapUpCode] = 9
		b.have(code(1, "B"))
		b.same("drawn", b.drawn(model.KindWrapUpCode, plan.ClassUpdates), 1)
		b.census[model.KindWrapUpCode] = 10
		b.want(code(2, "Y"))
		b.settle()
		b.state(code(2, "").Key, mapping.StateHeld)
	})
}

// More memberships than the guard allows do not go without approval; who joins does so at once.
func TestTheGuardOfMemberships(t *testing.T) {
	in(t, func(b *bench) {
		b.set(func(s *rules.Settings) { s.Guard.MemberLossCount, s.Guard.MemberLoss = 0, 0.5 })
		users, dbids := people(20)
		b.have(append(users, line(), queueOf(22, "Desk"), user(300, "New"))...)
		b.have(membersOf(21, dbids...))
		b.census[model.KindMembers] = 20
		b.want(membersOf(21, append(dbids[:8:8], 300)...))
		b.settle()
		b.state(membersOf(21).Key, mapping.StateHeld)
		b.same("members", len(b.memberIDs(line())), 21)
		b.same("drawn", b.drawn(model.KindMembers, plan.ClassMemberships), 0)
		b.approve(membersOf(21).Key)
		b.same("members", len(b.memberIDs(line())), 9)
		b.same("drawn: what is approved draws nothing", b.drawn(model.KindMembers, plan.ClassMemberships), 0)
		b.true()
	})
}

// What the guard has counted stays counted when the write fails, and is not counted again by the next try.
func TestAFailedWriteIsCountedOnce(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "A"))
		b.census[model.KindWrapUpCode] = 100
		b.org.Fail(fault500("PUT", "/api/v2/routing/wrapupcodes/{codeId}", 3))
		b.have(code(1, "B"))
		b.same("drawn", b.drawn(model.KindWrapUpCode, plan.ClassUpdates), 1)
	})
}

// A row of which nothing was made true yet is no way around the guard: what a worker finds and adopts is drawn like any update.
func TestWhatAWorkerFindsIsCounted(t *testing.T) {
	in(t, func(b *bench) {
		b.set(func(s *rules.Settings) { s.Guard.Updates.Count, s.Guard.Updates.Share = 1, 0 })
		b.have(queueOf(1, "Known"))
		b.census[model.KindQueue] = 20
		for _, name := range []string{"first", "second"} {
			must[string](b)(b.org.AddQueue(map[string]any{"name": name}))
		}
		b.want(queueOf(2, "First"), queueOf(3, "Second"))
		b.settle()
		b.same("held", b.inState([]model.Key{queueOf(2, "").Key, queueOf(3, "").Key}, mapping.StateHeld), 1)
		b.same("drawn", b.drawn(model.KindQueue, plan.ClassUpdates), 1)
		for _, q := range b.org.Queues() {
			if row := b.row(queueOf(3, "").Key); row.State == mapping.StateHeld && q.Name == "Second" {
				b.Errorf("what is held was written: %+v", q)
			}
		}
	})
}

// Addresses and assignments that a worker sets back are counted as those that a plan changes.
func TestRepairsAreCountedByTheirFields(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Chess"), user(2, "Ann"), user(3, "Bob"))
		b.census[model.KindUser] = 40
		chess := b.exID(skill(1, ""))
		time.Sleep(5 * time.Minute)
		b.ok(b.org.EditUser(b.exID(user(2, "")), func(raw map[string]any) { raw["email"] = "other@example.com" }))
		b.ok(b.org.SetUserSkill(b.exID(user(3, "")), chess, 3))
		b.drift(user(2, "").Key)
		b.drift(user(3, "").Key)
		b.same("addresses", b.drawn(model.KindUser, plan.ClassAddresses), 1)
		b.same("assignments", b.drawn(model.KindUser, plan.ClassAssignments), 1)
		b.same("updates", b.drawn(model.KindUser, plan.ClassUpdates), 1)
	})
}
