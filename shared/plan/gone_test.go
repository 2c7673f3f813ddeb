package plan_test

import (
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 1 "queue or queue member deleted in Engage: deleted in the EX Org", whatever its DN type; the members row just
// goes. Preset current: the queue stays and loses its members.
func TestAQueueDeletedInEngage(t *testing.T) {
	for _, dn := range rules.QueueTypes() {
		w := world2023().have(aQueue(7, dnType(dn)), aMembers(7, 1, 2), aUser(1), aUser(2))
		p := w.run(w.input(aUser(1), aUser(2)))
		wantPlan(t, p, []string{"delete queue/7"}, nil)
		wantLines(t, "forgotten", forgotten(p), "members/7")
		if p.Changes[0].Label != "Queue 7" || p.Changes[0].Object.Name != "Queue 7" {
			t.Errorf("a delete does not carry the last desired object: %+v", p.Changes[0])
		}
		wantEmpty(t, w, aUser(1), aUser(2))

		w = worldCurrent().have(aQueue(7, dnType(dn)), aMembers(7, 1, 2), aUser(1), aUser(2))
		p = w.run(w.input(aUser(1), aUser(2)))
		wantPlan(t, p, []string{"orphan queue/7", "empty members/7 members -u1@example.com -u2@example.com"}, nil)
		wantLines(t, "forgotten", forgotten(p))
		p = w.run(w.input(aUser(1), aUser(2)))
		wantPlan(t, p, nil, nil)
		wantLines(t, "forgotten once it is emptied", forgotten(p), "members/7")
		wantEmpty(t, w, aUser(1), aUser(2))
	}
}

// wantEmpty fails unless a run over these objects has nothing to do or hold.
func wantEmpty(t *testing.T, w *world, desired ...model.Object) {
	t.Helper()
	if p := w.run(w.input(desired...)); !p.Empty() || len(p.Held) != 0 {
		t.Errorf("one more run: changes %v, held %v, forgotten %v", said(p), heldSaid(p), forgotten(p))
	}
}

// The members row of an emptied queue stays until the emptying was made true: else a crash would leave its members there.
func TestTheRowOfEmptiedMembersStaysUntilItIsConverged(t *testing.T) {
	w := worldCurrent().have(aQueue(7), aMembers(7, 1), aUser(1))
	w.run(w.input(aUser(1)))
	w.settled[members(7)] = false
	p := w.run(w.input(aUser(1)))
	wantPlan(t, p, nil, nil)
	wantLines(t, "forgotten", forgotten(p))
	w.settled[members(7)] = true
	p = w.run(w.input(aUser(1)))
	wantLines(t, "forgotten", forgotten(p), "members/7")
}

// What a deletion does is settable per DN type: delete, empty or orphan.
func TestWhatTheDeletionOfAQueueDoesIsSetPerDNType(t *testing.T) {
	w := world2023()
	w.settings.Queues.OnDelete = map[int]rules.OnDelete{
		model.DNACDQueue: rules.Delete, model.DNVirtualQueue: rules.Empty, model.DNRoutingPoint: rules.Orphan, model.DNRoutingQueue: rules.Delete,
	}
	w.have(aUser(1),
		aQueue(3, dnType(model.DNACDQueue)), aMembers(3, 1), aQueue(5, dnType(model.DNVirtualQueue)), aMembers(5, 1),
		aQueue(4, dnType(model.DNRoutingPoint)), aMembers(4, 1), aQueue(9, dnType(99)), aMembers(9, 1))
	p := w.run(w.input(aUser(1)))
	wantPlan(t, p, []string{
		"delete queue/3", "orphan queue/4", "orphan queue/5", "orphan queue/9", "empty members/5 members -u1@example.com",
	}, nil)
	wantLines(t, "forgotten", forgotten(p), "members/3", "members/4", "members/9")
}

// RULES 1 "any other object deleted in Engage: not deleted: becomes an orphan". Preset current: a deleted Person's user
// becomes inactive.
func TestAnyOtherObjectDeletedInEngage(t *testing.T) {
	objects := []model.Object{named(model.KindSkill, 2, "Chess"), named(model.KindLanguage, 3, "English"), named(model.KindWrapUpCode, 4, "Sale"), aUser(1)}
	w := world2023().have(objects...)
	wantPlan(t, w.run(w.input()), []string{"orphan skill/2", "orphan language/3", "orphan wrapupcode/4", "orphan user/1"}, nil)
	wantEmpty(t, w)

	w = worldCurrent().have(objects...)
	wantPlan(t, w.run(w.input()), []string{"orphan skill/2", "orphan language/3", "orphan wrapupcode/4", "deactivate user/1 state[active>inactive]"}, nil)
	wantPlan(t, w.run(w.input()), []string{"orphan user/1"}, nil)
	wantEmpty(t, w)
}

// A deactivation that is not made true yet keeps its row in the index.
func TestADeactivationStaysUntilItIsConverged(t *testing.T) {
	w := worldCurrent().have(aUser(1))
	w.run(w.input())
	w.settled[user(1)] = false
	wantEmpty(t, w)
	if w.rows[user(1)].Orphan || w.rows[user(1)].Object.State != model.StateInactive {
		t.Errorf("row: %+v", w.rows[user(1)])
	}
}

// A user that was inactive already, or whose state is not controlled, or that never had an EX user, becomes an orphan.
func TestWhatCanNotBeDeactivatedBecomesAnOrphan(t *testing.T) {
	w := worldCurrent().have(aUser(1, inactive))
	wantPlan(t, w.run(w.input()), []string{"orphan user/1"}, nil)

	w = worldCurrent().have(aUser(1))
	w.settings.Users.State = rules.Ignored
	wantPlan(t, w.run(w.input()), []string{"orphan user/1"}, nil)

	w = worldCurrent().have(aUser(1))
	w.rows[user(1)] = model.Known{Object: aUser(1)}
	wantPlan(t, w.run(w.input()), []string{"orphan user/1"}, nil)
}

// RULES 1 "the Source: never deleted".
func TestTheSourceIsNeverDeleted(t *testing.T) {
	for _, preset := range rules.Presets() {
		w := newWorld(preset).have(named(model.KindSource, 1, "EXCS"))
		wantEmpty(t, w)
		if _, ok := w.rows[key(model.KindSource, 1)]; !ok {
			t.Error("its row is gone")
		}
	}
}

// RULES 4.19 "orphan user: not written to; its memberships go, because members are Engage's".
func TestAnOrphanUserLosesItsMembershipsOnly(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2))
	p := w.run(w.input(aQueue(7), aMembers(7, 2), aUser(2)))
	wantPlan(t, p, []string{"orphan user/1", "update members/7 members -u1@example.com"}, nil)
}

// A rejected object is living: it keeps what it has, and so do the members of a rejected queue.
func TestARejectedObjectIsNotLost(t *testing.T) {
	for _, preset := range rules.Presets() {
		w := newWorld(preset).have(aUser(1), aQueue(7), aMembers(7, 1))
		in := w.input()
		in.Rejects = []model.Reject{{Key: user(1), Reason: "r"}, {Key: queue(7), Reason: "r"}}
		p := w.run(in)
		wantPlan(t, p, nil, nil)
		wantLines(t, "forgotten", forgotten(p))
	}
}

// A queue that no agent group lists any more loses its members; its row stays, because control has begun.
func TestLosingTheLastLinkEmptiesTheQueue(t *testing.T) {
	for _, preset := range rules.Presets() {
		w := newWorld(preset).have(aQueue(7), aMembers(7, 1), aUser(1))
		wantPlan(t, w.run(w.input(aQueue(7), aUser(1))), []string{"empty members/7 members -u1@example.com"}, nil)
		wantEmpty(t, w, aQueue(7), aUser(1))
		if _, ok := w.rows[members(7)]; !ok {
			t.Error("the row is gone")
		}
		// The same when translate says it itself, with an empty set.
		w = newWorld(preset).have(aQueue(7), aMembers(7, 1), aUser(1))
		wantPlan(t, w.run(w.input(aQueue(7), aUser(1), aMembers(7))), []string{"empty members/7 members -u1@example.com"}, nil)
		wantEmpty(t, w, aQueue(7), aUser(1), aMembers(7))
	}
}

// Members that are additive or ignored never leave, whatever goes.
func TestMembersThatAreNotExactNeverLeave(t *testing.T) {
	for _, control := range []rules.SetControl{rules.Additive, rules.SetIgnored} {
		for _, preset := range rules.Presets() {
			t.Run(string(control)+"/"+string(preset), func(t *testing.T) {
				w := newWorld(preset).have(aQueue(7), aMembers(7, 1, 2), aQueue(8), aMembers(8, 1), aQueue(9), aMembers(9, 1), aUser(1), aUser(2))
				w.settings.Members.Control = control
				p := w.run(w.input(aQueue(7), aMembers(7, 1), aQueue(8), aUser(1), aUser(2)))
				for _, c := range p.Changes {
					if c.Action == model.ActionEmpty {
						t.Errorf("emptied: %s", phrase(c))
					}
					for _, f := range c.Fields {
						if len(f.Removed) > 0 {
							t.Errorf("removed: %s", phrase(c))
						}
					}
				}
			})
		}
	}
}

// A crash between row and index leaves an index entry of a row that is an orphan already: only the entry goes.
func TestAnIndexEntryThatOutlivedItsRowsGoalGoes(t *testing.T) {
	w := world2023().have(aUser(1), aQueue(7), aMembers(7))
	w.orphan(aUser(1))
	w.leaving("ex", aQueue(7))
	p := w.run(w.input())
	wantPlan(t, p, nil, nil)
	wantLines(t, "forgotten", forgotten(p), "queue/7 (index)", "user/1 (index)", "members/7")
	wantEmpty(t, w)
	if !w.rows[user(1)].Orphan {
		t.Error("the orphan's row is gone")
	}
}

// The emptying of a queue is held: the queue's row waits with it, so that the emptying is not forgotten.
func TestAQueueWhoseEmptyingIsHeldWaitsWithIt(t *testing.T) {
	w := worldCurrent().have(aQueue(7), aMembers(7, numbers(1, 12)...)).have(many(1, 12, plainUser)...)
	rest := concat(many(1, 12, plainUser), []model.Object{aQueue(8), aMembers(8, numbers(1, 12)...), aQueue(9), aMembers(9, numbers(1, 12)...)})
	w.have(rest...)
	in := w.input(rest...)
	p := w.run(in)
	wantLines(t, "changes", said(p))
	if len(p.Held) != 2 || p.Held[0].Code != plan.HeldDepends || p.Held[1].Code != plan.HeldSecond {
		t.Fatalf("held: %v", heldSaid(p))
	}
	in = w.input(rest...)
	in.Waiting = waitingSince(p, now.Add(-5*time.Minute))
	p = w.run(in)
	if len(p.Held) != 0 || len(p.Changes) != 2 {
		t.Errorf("after the second read: %v, held %v", said(p), heldSaid(p))
	}
}

// One of two names that share an EX object goes: the EX object stays with the other, and is nobody's orphan.
func TestAnEXObjectThatIsSharedStaysWithTheOther(t *testing.T) {
	for _, kind := range []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode} {
		both := []model.Object{named(kind, 2, "Chess"), named(kind, 5, "chess", sameAs(2))}
		w := world2023().have(both...)
		p := w.run(w.input(both[0]))
		wantPlan(t, p, nil, nil)
		wantLines(t, "the other goes", forgotten(p), key(kind, 5).String())

		w = world2023().have(both...)
		p = w.run(w.input(named(kind, 5, "chess")))
		if len(p.Held) != 0 || len(p.Changes) != 1 || p.Changes[0].Key != key(kind, 5) {
			t.Errorf("the owner goes: %v", said(p))
		}
		wantLines(t, "the owner goes", forgotten(p), key(kind, 2).String())
		wantEmpty(t, w, named(kind, 5, "chess"))

		w = world2023().have(both...)
		p = w.run(w.input())
		wantPlan(t, p, []string{"orphan " + key(kind, 2).String()}, nil)
		wantLines(t, "both go", forgotten(p), key(kind, 5).String())
	}
}

// RULES 4.7 "a skill that becomes a language: language created and assigned, skill assignments removed, the EX skill an orphan".
func TestASkillThatBecomesALanguage(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "English"), aUser(1, has(2, "English", 3)))
	p := w.run(w.input(named(model.KindLanguage, 2, "English"), aUser(1, speaks(2, "English", 3))))
	wantPlan(t, p, []string{"orphan skill/2", "create language/2", "update user/1 skills -English languages +English(3)"}, nil)
}

// The members row of a queue that goes and had no members is forgotten, whatever the preset.
func TestTheRowOfAQueueWithoutMembersGoesWithIt(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7))
	p := w.run(w.input())
	wantPlan(t, p, []string{"delete queue/7"}, nil)
	wantLines(t, "forgotten", forgotten(p), "members/7")

	w = worldCurrent().have(aQueue(7), aMembers(7))
	p = w.run(w.input())
	wantPlan(t, p, []string{"orphan queue/7"}, nil)
	wantLines(t, "forgotten", forgotten(p), "members/7")
	wantEmpty(t, w)
}

// The members row of a queue whose row is not there any more is forgotten: nothing is left that could be emptied.
func TestTheMembersOfAQueueThatIsNotMappedAreForgotten(t *testing.T) {
	for _, preset := range rules.Presets() {
		w := newWorld(preset).have(aMembers(7, 1), aUser(1))
		p := w.run(w.input(aUser(1)))
		wantPlan(t, p, nil, nil)
		wantLines(t, "forgotten", forgotten(p), "members/7")
	}
}

// The deletion of a queue is held: its members row stays, and so do its members.
func TestTheMembersOfAQueueThatIsHeldStay(t *testing.T) {
	w := world2023().have(many(1, 40, plainQueue)...).have(aMembers(1, 1), aUser(1))
	in := w.input(concat(many(21, 20, plainQueue), []model.Object{aUser(1)})...)
	p := w.run(in)
	if p.Counts[model.KindQueue].Held != 20 || len(p.Forget) != 0 {
		t.Errorf("held %d, forgotten %v", p.Counts[model.KindQueue].Held, forgotten(p))
	}
	if got := w.rows[members(1)].Object.Members; len(got) != 1 {
		t.Errorf("members %v", got)
	}
	in = w.input(in.Objects...)
	in.Approved = approveAll(p)
	wantLines(t, "forgotten", forgotten(w.run(in)), "members/1")
}

// An index entry is no row: it goes on any proven read, but not without a proof.
func TestAnIndexEntryGoesOnAnyProvenRead(t *testing.T) {
	w := world2023().have(aUser(1))
	w.orphan(aUser(1))
	in := w.input()
	in.Proof = proofWithout(model.TablePerson)
	wantLines(t, "a doubt", forgotten(plan.Make(in)), "user/1 (index)")
	in.Proof = model.Proven{}
	wantLines(t, "no proof", forgotten(plan.Make(in)))
}

// A row that shares its EX object is forgotten only on a read that proves its kind.
func TestASharedRowIsForgottenOnlyWithProof(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 5, "chess", sameAs(2)))
	in := w.input(named(model.KindSkill, 2, "Chess"))
	in.Proof = proofWithout(model.TableSkill)
	wantLines(t, "a doubt", forgotten(plan.Make(in)))
	in.Proof = proof()
	wantLines(t, "a proof", forgotten(plan.Make(in)), "skill/5")
}

// A key that is gone and whose EX object another living key has by now is dismissed by no rule of its kind: its row goes, and nothing is written
// to the object. While the other key is about to take it over nothing is decided yet.
func TestAKeyWhoseObjectAnotherHas(t *testing.T) {
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			w := newWorld(preset).have(aUser(1), aUser(2))
			in := w.input(aUser(2))
			in.Taken = map[model.Key]plan.Taking{user(1): {By: user(2)}}
			p := plan.Make(in)
			if len(p.Changes)+len(p.Held)+len(p.Forget) > 0 {
				t.Errorf("while it is being taken over: changes %v, held %v, forgotten %v", said(p), p.Held, p.Forget)
			}
			in.Taken = map[model.Key]plan.Taking{user(1): {By: user(2), Done: true}}
			p = plan.Make(in)
			if len(p.Changes)+len(p.Held) > 0 || len(p.Forget) != 1 || p.Forget[0].Key != user(1) || p.Forget[0].IndexOnly {
				t.Errorf("when it is taken over: changes %v, held %v, forgotten %v", said(p), p.Held, p.Forget)
			}
		})
	}
}
