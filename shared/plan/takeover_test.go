package plan_test

import (
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 4.16 "re-created Person": the same employee id under a new DBID takes over the same EX user, whatever its address.
func TestARecreatedPersonTakesOverItsUser(t *testing.T) {
	cases := []struct {
		name  string
		gone  model.Object
		fresh model.Object
		want  string
	}{
		{"the same employee id and address", aUser(4, employee("E7"), mail("jane@x")), aUser(9, employee("E7"), mail("jane@x"), name("User 4")),
			"adopt user/9 from user/4 adopting ex-user-4 externalId[4>9]"},
		{"the same employee id, another address and name", aUser(4, employee("E7"), mail("jane@x")), aUser(9, employee("E7"), mail("jane.roe@x")),
			"adopt user/9 from user/4 adopting ex-user-4 name[User 4>User 9] email[jane@x>jane.roe@x] externalId[4>9]"},
		{"the same address, and no employee id before", aUser(4, employee(""), mail("jane@x")), aUser(9, employee("E7"), mail("JANE@X"), name("User 4")),
			"adopt user/9 from user/4 adopting ex-user-4 externalId[4>9]"},
		{"the same address, and no employee id now", aUser(4, employee("E7"), mail("jane@x")), aUser(9, employee(""), mail("jane@x"), name("User 4")),
			"adopt user/9 from user/4 adopting ex-user-4 externalId[4>9]"},
		{"skills that the new Person lacks go", aUser(4, employee("E7"), mail("jane@x"), has(1, "Chess", 2)), aUser(9, employee("E7"), mail("jane@x"), name("User 4"), has(2, "Go", 1)),
			"adopt user/9 from user/4 adopting ex-user-4 externalId[4>9] skills +Go(1) -Chess"},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/lost now/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(c.gone)
				p := w.run(w.input(c.fresh))
				wantPlan(t, p, []string{c.want}, nil)
				wantGone(t, w, c.gone.Key)
				if w.rows[c.fresh.Key].EXID != "ex-user-4" {
					t.Errorf("the EX id did not survive: %s", w.rows[c.fresh.Key].EXID)
				}
			})
			t.Run(string(preset)+"/an orphan/"+c.name, func(t *testing.T) {
				w := newWorld(preset).orphan(c.gone)
				wantPlan(t, w.run(w.input(c.fresh)), []string{c.want}, nil)
				wantGone(t, w, c.gone.Key)
			})
		}
	}
}

func wantGone(t *testing.T, w *world, k model.Key) {
	t.Helper()
	if _, ok := w.rows[k]; ok {
		t.Errorf("the row %s is still there", k)
	}
	if _, ok := w.index[k]; ok {
		t.Errorf("%s is still in the index", k)
	}
}

// Preset current: "a Person re-created with a new DBID takes the same user over again (active, new external id)".
func TestARecreatedPersonIsActivatedAgainUnderPresetCurrent(t *testing.T) {
	w := worldCurrent().have(aUser(4))
	wantPlan(t, w.run(w.input()), []string{"deactivate user/4 state[active>inactive]"}, nil)
	wantPlan(t, w.run(w.input()), []string{"orphan user/4"}, nil)
	p := w.run(w.input(aUser(9, employee("E4"), mail("u4@example.com"), name("User 4"))))
	wantPlan(t, p, []string{"adopt user/9 from user/4 adopting ex-user-4 state[inactive>active] externalId[4>9]"}, nil)
}

// RULES 4.16: by e-mail only if not both have an employee id or they are equal, else rejected, naming the orphan.
func TestARecycledAddressIsRejectedNamingTheOrphan(t *testing.T) {
	for _, preset := range rules.Presets() {
		w := newWorld(preset).have(aUser(4, mail("jane@x")), aQueue(7), aMembers(7, 4))
		in := w.input(aUser(9, mail("Jane@X")), aQueue(7), aMembers(7, 9))
		p := w.run(in)
		if len(p.Rejects) != 1 || p.Rejects[0].Key != user(9) {
			t.Fatalf("rejects: %v", p.Rejects)
		}
		for _, word := range []string{"Jane@X", "ex-user-4", "user/4", "E4", "E9", "link"} {
			if !strings.Contains(p.Rejects[0].Reason, word) {
				t.Errorf("the reason does not say %q: %s", word, p.Rejects[0].Reason)
			}
		}
		for _, c := range p.Changes {
			if c.Key == user(9) {
				t.Errorf("a rejected newcomer has a change: %s", phrase(c))
			}
			if c.Key == members(7) && len(c.Object.Members) != 0 {
				t.Errorf("a rejected newcomer is to become a member: %v", c.Object.Members)
			}
		}
		n := p.Counts[model.KindUser]
		if n.Rejected != 1 || n.Engage != 1 || n.Unchanged != 0 {
			t.Errorf("counts: %+v", n)
		}
	}
}

// RULES 4.16: "Two living Persons of one employee id are two users": a newcomer never takes the user of a living one.
func TestTwoLivingPersonsOfOneEmployeeIDAreTwoUsers(t *testing.T) {
	w := world2023().have(aUser(4, employee("E7")))
	wantPlan(t, w.run(w.input(aUser(4, employee("E7")), aUser(9, employee("E7")))), []string{"create user/9"}, nil)
}

// Two newcomers of one employee id: the lower DBID takes the user over, the other is created.
func TestOnlyOneNewcomerTakesOver(t *testing.T) {
	w := world2023().have(aUser(4, employee("E7")))
	p := w.run(w.input(aUser(9, employee("E7")), aUser(8, employee("E7"), name("User 4"), mail("u4@example.com"))))
	wantPlan(t, p, []string{"adopt user/8 from user/4 adopting ex-user-4 externalId[4>8]", "create user/9"}, nil)
}

// The employee id decides before the address: who has the same employee id takes over, even if another newcomer has the address.
func TestTheEmployeeIDDecidesBeforeTheAddress(t *testing.T) {
	w := world2023().have(aUser(4, employee("E7"), mail("jane@x")))
	p := w.run(w.input(aUser(8, employee(""), mail("jane@x")), aUser(9, employee("E7"), mail("new@x"), name("User 4"))))
	wantPlan(t, p, []string{"create user/8", "adopt user/9 from user/4 adopting ex-user-4 email[jane@x>new@x] externalId[4>9]"}, nil)
}

// Of several gone rows the one lost in this run comes before orphans, and a younger orphan before an older one.
func TestTheLikeliestRowIsTakenOver(t *testing.T) {
	w := world2023().orphan(aUser(2, employee("E7")), aUser(3, employee("E7"))).have(aUser(1, employee("E7")))
	p := plan.Make(w.input(aUser(9, employee("E7"))))
	if len(p.Changes) != 1 || p.Changes[0].From != user(1) {
		t.Errorf("lost now: %v", said(p))
	}
	w = world2023().orphan(aUser(2, employee("E7")), aUser(3, employee("E7")))
	if p := plan.Make(w.input(aUser(9, employee("E7")))); len(p.Changes) != 1 || p.Changes[0].From != user(3) {
		t.Errorf("orphans: %v", said(p))
	}
}

// A row that never got an EX object has nothing to take over.
func TestARowWithoutAnEXObjectIsNotTakenOver(t *testing.T) {
	w := world2023().have(aUser(4))
	w.rows[user(4)] = model.Known{Object: aUser(4)}
	p := w.run(w.input(aUser(9, employee("E4"))))
	wantPlan(t, p, []string{"orphan user/4", "create user/9"}, nil)
}

// A rejected Person is living: nobody takes its user over.
func TestTheUserOfARejectedPersonIsNotTakenOver(t *testing.T) {
	w := world2023().have(aUser(4))
	in := w.input(aUser(9, employee("E4")))
	in.Rejects = []model.Reject{{Key: user(4), Reason: "the address is taken"}}
	wantPlan(t, w.run(in), []string{"create user/9"}, nil)
}

// RULES 4.16 "re-created DN": the same number and switch, else the same resolved name, takes over row and EX queue; the
// peer id is rewritten.
func TestARecreatedDNTakesOverItsQueue(t *testing.T) {
	cases := []struct {
		name  string
		gone  model.Object
		fresh model.Object
		want  string
	}{
		{"the same line and name", aQueue(5, line("8001", "sw"), name("Sales")), aQueue(6, line("8001", "sw"), name("Sales")),
			"adopt queue/6 from queue/5 adopting ex-queue-5 peerId[5>6]"},
		{"the same line under a new alias and type", aQueue(5, line("8001", "sw"), name("Sales")), aQueue(6, line("8001", "sw"), name("Verkauf"), dnType(model.DNACDQueue)),
			"adopt queue/6 from queue/5 adopting ex-queue-5 name[Sales>Verkauf] peerId[5>6]"},
		{"another number, the same name", aQueue(5, line("8001", "sw"), name("Sales")), aQueue(6, line("8002", "sw"), name("sales")),
			"adopt queue/6 from queue/5 adopting ex-queue-5 name[Sales>sales] peerId[5>6]"},
		{"the same number on another switch is another line, but the name is the same", aQueue(5, line("8001", "a"), name("Sales")), aQueue(6, line("8001", "b"), name("Sales")),
			"adopt queue/6 from queue/5 adopting ex-queue-5 peerId[5>6]"},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/lost now/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(c.gone)
				wantPlan(t, w.run(w.input(c.fresh)), []string{c.want}, nil)
				wantGone(t, w, c.gone.Key)
			})
			t.Run(string(preset)+"/on its way out/"+c.name, func(t *testing.T) {
				w := newWorld(preset).leaving("ex-queue-5", c.gone)
				wantPlan(t, w.run(w.input(c.fresh)), []string{c.want}, nil)
			})
			t.Run(string(preset)+"/an orphan/"+c.name, func(t *testing.T) {
				w := newWorld(preset).orphan(c.gone)
				wantPlan(t, w.run(w.input(c.fresh)), []string{c.want}, nil)
			})
			t.Run(string(preset)+"/deleted already/"+c.name, func(t *testing.T) {
				w := newWorld(preset).leaving("", c.gone)
				p := w.run(w.input(c.fresh))
				wantPlan(t, p, []string{"create queue/6 from queue/5"}, nil)
				if text := p.Text(plan.Options{}); !strings.Contains(text, "made again as queue/5 was") {
					t.Errorf("the text does not say what it is made from:\n%s", text)
				}
			})
		}
	}
}

// Neither the line nor the name is the same: the old queue goes by its rule, the new one is created.
func TestAnotherDNIsAnotherQueue(t *testing.T) {
	w := world2023().have(aQueue(5))
	wantPlan(t, w.run(w.input(aQueue(6))), []string{"delete queue/5", "create queue/6"}, nil)
}

// The line decides before the name, over all newcomers.
func TestTheLineDecidesBeforeTheName(t *testing.T) {
	w := world2023().have(aQueue(5, line("8001", "sw"), name("Sales")))
	p := w.run(w.input(aQueue(6, line("8002", "sw"), name("Sales")), aQueue(7, line("8001", "sw"), name("Verkauf"))))
	wantPlan(t, p, []string{"create queue/6", "adopt queue/7 from queue/5 adopting ex-queue-5 name[Sales>Verkauf] peerId[5>7]"}, nil)
}

// RULES 4.18 "an orphan whose name a new Engage object takes: taken over", compared without case and outer space.
func TestAnOrphanWhoseNameANewcomerHasIsTakenOver(t *testing.T) {
	for _, kind := range []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode, model.KindQueue} {
		t.Run(string(kind), func(t *testing.T) {
			old, fresh := named(kind, 3, "Chess"), named(kind, 8, " chess")
			w := world2023().orphan(old)
			p := w.run(w.input(fresh))
			if len(p.Changes) != 1 || p.Changes[0].Action != model.ActionAdopt || p.Changes[0].From != old.Key || p.Changes[0].Adopt != exID(old.Key) {
				t.Errorf("orphan: %v", said(p))
			}
			w = world2023().have(old)
			p = w.run(w.input(fresh))
			if len(p.Changes) != 1 || p.Changes[0].From != old.Key {
				t.Errorf("lost in this run: %v", said(p))
			}
		})
	}
}

// P8 rename and swap: two objects of one kind exchange their names; no EX object is deleted or exchanged. An address that was
// another user's waits for a second read.
func TestASwapOfNamesIsTwoUpdates(t *testing.T) {
	w := world2023().have(aQueue(1, name("A")), aQueue(2, name("B")), aUser(1, mail("a@x")), aUser(2, mail("b@x")))
	desired := []model.Object{aQueue(1, name("B")), aQueue(2, name("A")), aUser(1, mail("b@x")), aUser(2, mail("a@x"))}
	users := []string{"update user/1 email[a@x>b@x]", "update user/2 email[b@x>a@x]"}
	p := w.run(w.input(desired...))
	wantPlan(t, p, []string{"update queue/1 name[A>B]", "update queue/2 name[B>A]"}, []string{"second read: " + users[0], "second read: " + users[1]})
	in := w.input(desired...)
	in.Waiting, in.Now = waitingSince(p, now), now.Add(15*time.Minute)
	wantPlan(t, w.run(in), users, nil)
}

// Members of re-created persons and queues are the same EX users in the same EX queue: nobody leaves or joins.
func TestRecreatedPersonsAndQueuesKeepTheirMembers(t *testing.T) {
	for _, preset := range rules.Presets() {
		t.Run(string(preset)+"/persons", func(t *testing.T) {
			w := newWorld(preset).have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2))
			p := w.run(w.input(aQueue(7), aMembers(7, 2, 11), aUser(2), aUser(11, employee("E1"), mail("u1@example.com"), name("User 1"))))
			wantPlan(t, p, []string{"adopt user/11 from user/1 adopting ex-user-1 externalId[1>11]", "refresh members/7"}, nil)
		})
		t.Run(string(preset)+"/queues", func(t *testing.T) {
			w := newWorld(preset).have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2))
			p := w.run(w.input(aQueue(70, line("8007", "sw"), name("Queue 7")), aMembers(70, 1, 2), aUser(1), aUser(2)))
			wantPlan(t, p, []string{"adopt queue/70 from queue/7 adopting ex-queue-7 peerId[7>70]", "adopt members/70 from members/7 adopting ex-members-7"}, nil)
			wantLines(t, "forgotten", forgotten(p), "members/7")
			wantGone(t, w, members(7))
		})
		t.Run(string(preset)+"/a queue and who joins and leaves", func(t *testing.T) {
			w := newWorld(preset).have(aQueue(7), aMembers(7, 1, 2), aUser(1), aUser(2), aUser(3))
			p := w.run(w.input(aQueue(70, line("8007", "sw"), name("Queue 7")), aMembers(70, 2, 3), aUser(1), aUser(2), aUser(3)))
			wantPlan(t, p, []string{"adopt queue/70 from queue/7 adopting ex-queue-7 peerId[7>70]",
				"adopt members/70 from members/7 adopting ex-members-7 members +u3@example.com -u1@example.com"}, nil)
		})
		t.Run(string(preset)+"/a queue that lost its link on the way", func(t *testing.T) {
			w := newWorld(preset).have(aQueue(7), aMembers(7, 1), aUser(1))
			p := w.run(w.input(aQueue(70, line("8007", "sw"), name("Queue 7")), aUser(1)))
			wantPlan(t, p, []string{"adopt queue/70 from queue/7 adopting ex-queue-7 peerId[7>70]",
				"empty members/70 from members/7 adopting ex-members-7 members -u1@example.com"}, nil)
			wantLines(t, "forgotten", forgotten(p), "members/7")
		})
		t.Run(string(preset)+"/a queue without members that lost its link", func(t *testing.T) {
			w := newWorld(preset).have(aQueue(7), aMembers(7))
			p := w.run(w.input(aQueue(70, line("8007", "sw"), name("Queue 7"))))
			wantPlan(t, p, []string{"adopt queue/70 from queue/7 adopting ex-queue-7 peerId[7>70]"}, nil)
			wantLines(t, "forgotten", forgotten(p), "members/7")
		})
	}
}

// A takeover that is held keeps everything as it was: the old row is not lost, the old user stays in its queues.
func TestAHeldTakeoverKeepsTheOldRowAndItsMemberships(t *testing.T) {
	w := world2023().have(many(1, 100, plainUser)...).have(aQueue(7), aMembers(7, 1, 2))
	var desired []model.Object
	for i := int64(1); i <= 100; i++ {
		desired = append(desired, aUser(1000+i, employee(aUser(i).Identity.EmployeeID), mail(aUser(i).Email), name(aUser(i).Name)))
	}
	desired = append(desired, aQueue(7), aMembers(7, 1001, 1002))
	in := w.input(desired...)
	p := w.run(in)
	if len(p.Changes) != 0 || len(p.Held) != 100 {
		t.Fatalf("changes %v, %d held", said(p), len(p.Held))
	}
	if got := w.rows[members(7)].Object.Members; len(got) != 2 || got[0] != 1 {
		t.Errorf("members of the queue are %v", got)
	}
	in.Approved = approveAll(p)
	p = w.run(in)
	if len(p.Held) != 0 || len(p.Changes) != 101 {
		t.Errorf("approved: %d changes, held %v", len(p.Changes), heldSaid(p))
	}
	if got := w.rows[members(7)].Object.Members; len(got) != 2 || got[0] != 1001 {
		t.Errorf("after the approval the members are %v", got)
	}
}

// The owner of a common EX object goes and a newcomer of the same name comes while another still shares it: nobody's EX
// object is taken over, the newcomer joins.
func TestACommonEXObjectIsNotTakenOverFromItsSharers(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 5, "Chess"), named(model.KindSkill, 7, "CHESS", sameAs(5)))
	p := w.run(w.input(named(model.KindSkill, 3, "chess"), named(model.KindSkill, 7, "CHESS", sameAs(3))))
	wantPlan(t, p, []string{"adopt skill/3 adopting ex-skill-5", "refresh skill/7"}, nil)
	wantLines(t, "forgotten", forgotten(p), "skill/5")
}

// An address that two gone Persons had: the one who is not taken over still makes a newcomer a reject.
func TestARecycledAddressIsRejectedAlthoughOneOfItsOwnersIsTakenOver(t *testing.T) {
	w := world2023().orphan(aUser(4, mail("jane@x"), employee("E4")), aUser(3, mail("jane@x"), employee("E3")))
	p := plan.Make(w.input(aUser(8, mail("new@x"), employee("E4"), name("User 4")), aUser(9, mail("jane@x"), employee("E9"))))
	wantPlan(t, p, []string{"adopt user/8 from user/4 adopting ex-user-4 email[jane@x>new@x] externalId[4>8]"}, nil)
	if len(p.Rejects) != 1 || p.Rejects[0].Key != user(9) || !strings.Contains(p.Rejects[0].Reason, "user/3") {
		t.Errorf("rejects: %v", p.Rejects)
	}
}

// Once its only owner is taken over, an address is free.
func TestAnAddressIsFreeOnceItsOwnerIsTakenOver(t *testing.T) {
	w := world2023().orphan(aUser(4, mail("jane@x"), employee("E4")))
	p := plan.Make(w.input(aUser(8, mail("new@x"), employee("E4"), name("User 4")), aUser(9, mail("jane@x"), employee("E9"))))
	wantPlan(t, p, []string{"adopt user/8 from user/4 adopting ex-user-4 email[jane@x>new@x] externalId[4>8]", "create user/9"}, nil)
	if len(p.Rejects) != 0 {
		t.Errorf("rejects: %v", p.Rejects)
	}
}

// A queue on its way out comes before an orphan of the same line; of two equal ones the younger.
func TestAQueueOnItsWayOutComesBeforeAnOrphan(t *testing.T) {
	w := world2023().orphan(aQueue(3, line("1", "sw"))).leaving("ex-queue-2", aQueue(2, line("1", "sw")))
	if p := plan.Make(w.input(aQueue(9, line("1", "sw")))); len(p.Changes) != 1 || p.Changes[0].From != queue(2) {
		t.Errorf("%v", said(p))
	}
}

// Kinds do not mix: a language does not take over a skill of its name.
func TestATakeoverStaysWithinItsKind(t *testing.T) {
	w := world2023().orphan(named(model.KindSkill, 3, "English"))
	wantPlan(t, plan.Make(w.input(named(model.KindLanguage, 8, "English"))), []string{"create language/8"}, nil)
}

// A name that a renamed, living object takes is not its yet: the gone object's EX object is there for a newcomer.
func TestARenamedObjectDoesNotKeepANewcomerFromTakingOver(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 3, "Chess"), named(model.KindSkill, 5, "Go"))
	p := plan.Make(w.input(named(model.KindSkill, 5, "Chess", sameAs(4)), named(model.KindSkill, 4, "Chess")))
	wantPlan(t, p, []string{"adopt skill/4 from skill/3 adopting ex-skill-3", "create skill/5 name[Go>Chess]"}, nil)
}
