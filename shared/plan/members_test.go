package plan_test

import (
	"slices"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 4.15 "expression that does not parse: nobody leaves a queue on its account": old ∪ new before anything is compared.
func TestNobodyLeavesASetThatMayBeIncomplete(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2), aUser(3))
	incomplete := edited(aMembers(7, 3), one(addOnly))
	desired := []model.Object{aQueue(7), incomplete, aUser(1), aUser(2), aUser(3)}
	p := w.run(w.input(desired...))
	wantPlan(t, p, []string{"update members/7 members +u3@example.com"}, nil)
	if got := w.rows[members(7)].Object; !slices.Equal(got.Members, []int64{1, 2, 3}) || !got.AddOnly {
		t.Errorf("the row holds %+v", got)
	}
	wantEmpty(t, w, desired...)

	// The expression is put right: who is not in it leaves now.
	p = w.run(w.input(aQueue(7), aMembers(7, 3), aUser(1), aUser(2), aUser(3)))
	wantPlan(t, p, []string{"update members/7 members -u1@example.com -u2@example.com"}, nil)
}

// An incomplete set that adds nobody writes nothing to the EX Org.
func TestAnIncompleteSetThatAddsNobodyIsOnlyRemembered(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2))
	desired := []model.Object{aQueue(7), edited(aMembers(7, 1), one(addOnly)), aUser(1), aUser(2)}
	wantPlan(t, w.run(w.input(desired...)), []string{"refresh members/7"}, nil)
	wantEmpty(t, w, desired...)
}

// A disabled Person stays a mapped user; a person is named by the address, in gains and in losses.
func TestMembersAreNamedByAddress(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1, 2, 3), aUser(1), aUser(2), aUser(3))
	p := w.run(w.input(aQueue(7), aMembers(7, 2, 3, 4), aUser(1, inactive), aUser(2), aUser(3), aUser(4, mail("new@x"))))
	wantPlan(t, p, []string{"deactivate user/1 state[active>inactive]", "create user/4", "update members/7 members +new@x -u1@example.com"}, nil)
}

// Members of additive control join and never leave; of ignored control they do neither.
func TestMembersByControl(t *testing.T) {
	for control, want := range map[rules.SetControl]string{
		rules.Exact:      "update members/7 members +u3@example.com -u1@example.com",
		rules.Additive:   "update members/7 members +u3@example.com",
		rules.SetIgnored: "refresh members/7",
	} {
		w := world2023().have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2), aUser(3))
		w.settings.Members.Control = control
		desired := []model.Object{aQueue(7), aMembers(7, 2, 3), aUser(1), aUser(2), aUser(3)}
		wantPlan(t, w.run(w.input(desired...)), []string{want}, nil)
		wantEmpty(t, w, desired...)
	}
}

// A new user whose creation is held is left out of the member list until it goes; everybody else joins at once.
func TestAMemberWhoseUserIsHeldJoinsLater(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1), aUser(1), aUser(2))
	in := w.input(aQueue(7), aMembers(7, 1, 2, 9), aUser(1), aUser(2), aUser(9))
	in.Matches[user(9)] = plan.Match{By: plan.ByEmail,
		Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "Somebody", Email: "u9@example.com", State: model.StateActive}}
	p := w.run(in)
	wantLines(t, "changes", said(p), "update members/7 members +u2@example.com")
	if len(p.Held) != 1 || p.Held[0].Code != plan.HeldAdoption {
		t.Fatalf("held: %v", heldSaid(p))
	}
	again := w.input(in.Objects...)
	again.Matches, again.Approved = in.Matches, approveAll(p)
	p = w.run(again)
	wantLines(t, "approved", said(p), "adopt user/9 adopting x name[Somebody>User 9]", "update members/7 members +u9@example.com")
	wantEmpty(t, w, in.Objects...)
}

// A member list of which all that could be done is done has no change, run after run.
func TestAMemberListThatWaitsForAUserHasNoChange(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1), aUser(1))
	in := w.input(aQueue(7), aMembers(7, 1, 9), aUser(1), aUser(9))
	in.Matches[user(9)] = plan.Match{By: plan.ByEmail,
		Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "Somebody", Email: "u9@example.com", State: model.StateActive}}
	p := w.run(in)
	wantLines(t, "changes", said(p))
	if w.rows[members(7)].Object.Fingerprint() != aMembers(7, 1).Fingerprint() {
		t.Error("the row was written")
	}
}

// A held removal of a re-created queue: the new row starts with everybody, who joins does so, and the loss waits.
func TestARecreatedQueueKeepsItsMembersWhileTheirLossIsHeld(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 20)...), aQueue(8), aMembers(8, numbers(1, 60)...))
	desired := concat(many(1, 60, plainUser), []model.Object{aQueue(70, line("8007", "sw"), name("Queue 7")), aMembers(70, append(numbers(11, 10), 30)...), aQueue(8), aMembers(8, numbers(1, 60)...)})
	p := w.run(w.input(desired...))
	wantLines(t, "changes", said(p), "adopt queue/70 from queue/7 adopting ex-queue-7 peerId[7>70]",
		"adopt members/70 from members/7 adopting ex-members-7 members +u30@example.com")
	if len(p.Held) != 1 || p.Held[0].Code != plan.HeldSecond {
		t.Fatalf("held: %v", heldSaid(p))
	}
	if got := w.rows[members(70)].Object.Members; len(got) != 21 {
		t.Errorf("the new row holds %v", got)
	}
	wantGone(t, w, members(7))
}

// A queue is re-created and its members' change can not go, for whatever reason: the new row takes the old members, so
// that the next run still knows who would leave.
func TestTheMembersOfARecreatedQueueAreNotForgottenWhenTheirChangeIsHeld(t *testing.T) {
	fresh := aQueue(70, line("8007", "sw"), name("Queue 7"))
	cases := []struct {
		name    string
		desired []model.Object
		edit    func(*plan.Input)
	}{
		{"everybody leaves and somebody joins", []model.Object{fresh, aMembers(70, 30)}, func(*plan.Input) {}},
		{"everybody leaves", []model.Object{fresh, aMembers(70)}, func(*plan.Input) {}},
		{"it lost its link", []model.Object{fresh}, func(*plan.Input) {}},
		{"the link table is empty", []model.Object{fresh}, func(in *plan.Input) { in.Proof = proofWithout(model.TableGroupDN) }},
		{"the plan is about queues only", []model.Object{fresh, aMembers(70, 1)}, func(in *plan.Input) { in.Kinds = []model.Kind{model.KindQueue} }},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 20)...), aQueue(8), aMembers(8, numbers(1, 60)...))
				desired := concat(many(1, 60, plainUser), c.desired, []model.Object{aQueue(8), aMembers(8, numbers(1, 60)...)})
				in := w.input(desired...)
				c.edit(&in)
				p := w.run(in)
				if got := w.rows[members(70)].Object.Members; !slices.Equal(got, numbers(1, 20)) {
					t.Errorf("the new row holds %v; changes %v", got, said(p))
				}
				wantGone(t, w, members(7))
				for _, change := range p.Changes {
					if len(change.Fields) > 0 && change.Key.Kind == model.KindMembers {
						t.Errorf("it writes to the EX Org: %s", phrase(change))
					}
				}
				next := w.input(desired...)
				if q := w.run(next); len(q.Held) != 1 || q.Held[0].Code != plan.HeldSecond {
					t.Errorf("the next run holds %v and does %v", heldSaid(q), said(q))
				}
			})
		}
	}
}

// A user is taken over while the change of its queue is held: the row names the heir, or the worker would have the user
// leave the queue when the old row is gone.
func TestTheHeirOfAMemberIsInTheRowAlthoughTheListIsHeld(t *testing.T) {
	for name, edit := range map[string]func(*plan.Input){
		"its loss waits for a second read": func(*plan.Input) {},
		"the link table is empty":          func(in *plan.Input) { in.Proof = proofWithout(model.TableGroupDN) },
		"the plan is about users only":     func(in *plan.Input) { in.Kinds = []model.Kind{model.KindUser} },
		"the queue is rejected": func(in *plan.Input) {
			in.Objects = in.Objects[:len(in.Objects)-2]
			in.Rejects = []model.Reject{{Key: queue(7), Reason: "r"}}
		},
		"the guard has no room for updates": func(in *plan.Input) { in.Drawn = plan.Drawn{model.KindMembers: {plan.ClassUpdates: 500}} },
	} {
		t.Run(name, func(t *testing.T) {
			w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 12)...))
			for i := int64(20); i < 40; i++ {
				w.have(aQueue(i), aMembers(i, numbers(1, 5)...))
			}
			var desired []model.Object
			for i := int64(20); i < 40; i++ {
				desired = append(desired, aQueue(i), aMembers(i, 2, 3, 4, 5, 101))
			}
			desired = concat(desired, many(2, 59, plainUser), []model.Object{aUser(101, employee("E1"), mail("u1@example.com"), plainName(1)), aQueue(7), aMembers(7, 2, 101)})
			in := w.input(desired...)
			if name == "the queue is rejected" {
				in = w.input(desired[:len(desired)-2]...)
				in.Objects = desired
			}
			edit(&in)
			p := w.run(in)
			if !plansFor(p, user(101)) {
				t.Fatalf("the user was not taken over: %v", heldSaid(p))
			}
			want := append(numbers(2, 11), 101)
			if got := w.rows[members(7)].Object.Members; !slices.Equal(got, want) {
				t.Errorf("the row holds %v, want %v", got, want)
			}
		})
	}
}

func plainName(dbid int64) func(*model.Object) { return name(aUser(dbid).Name) }

// An empty list that is only said to be incomplete is no emptying.
func TestAnEmptyListThatStaysEmptyIsNotEmptied(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7))
	desired := []model.Object{aQueue(7), edited(aMembers(7), one(addOnly))}
	wantPlan(t, w.run(w.input(desired...)), []string{"refresh members/7"}, nil)
	wantEmpty(t, w, desired...)
}
