package plan_test

import (
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 1 "mapped object modified in Engage: the changes are applied", field by field.
func TestAMappedObjectModifiedInEngageIsUpdated(t *testing.T) {
	jane := aUser(1, has(1, "Billing", 3), has(2, "Sales", 4), speaks(3, "English", 2))
	cases := []struct {
		name          string
		before, after model.Object
		want          string
	}{
		{"a user's name", jane, edited(jane, one(name("Jane Roe"))), "update user/1 name[User 1>Jane Roe]"},
		{"a user's address", jane, edited(jane, one(mail("roe@x"))), "update user/1 email[u1@example.com>roe@x]"},
		{"the case of an address is nothing to write", jane, edited(jane, one(mail("U1@EXAMPLE.COM"))), "refresh user/1"},
		{"a Person disabled", jane, edited(jane, one(inactive)), "deactivate user/1 state[active>inactive]"},
		{"a Person enabled", edited(jane, one(inactive)), jane, "update user/1 state[inactive>active]"},
		{"a skill gained", jane, edited(jane, one(has(9, "Chess", 1))), "update user/1 skills +Chess(1)"},
		{"a skill lost", jane, aUser(1, has(1, "Billing", 3), speaks(3, "English", 2)), "update user/1 skills -Sales"},
		{"another level", jane, aUser(1, has(1, "Billing", 4), has(2, "Sales", 4), speaks(3, "English", 2)), "update user/1 skills +Billing(3→4)"},
		{"a language gained, another level", jane, aUser(1, has(1, "Billing", 3), has(2, "Sales", 4), speaks(3, "English", 5), speaks(4, "French", 1)),
			"update user/1 languages +English(2→5) +French(1)"},
		{"a skill of another DBID and the same name is the same skill", jane, aUser(1, has(11, "Billing", 3), has(2, "Sales", 4), speaks(3, "English", 2)), "refresh user/1"},
		{"only what EXCS remembers of a Person", jane, edited(jane, one(userName("janed"))), "refresh user/1"},
		{"a queue's name", aQueue(7), aQueue(7, name("Sales")), "update queue/7 name[Queue 7>Sales]"},
		{"the case of a queue's name", aQueue(7, name("sales")), aQueue(7, name("Sales")), "update queue/7 name[sales>Sales]"},
		{"a queue's DN type", aQueue(7), aQueue(7, dnType(model.DNACDQueue)), "refresh queue/7"},
		{"a code's name", named(model.KindWrapUpCode, 4, "Sale"), named(model.KindWrapUpCode, 4, "Sold"), "update wrapupcode/4 name[Sale>Sold]"},
		{"the case of a code's name", named(model.KindWrapUpCode, 4, "sale"), named(model.KindWrapUpCode, 4, "Sale"), "update wrapupcode/4 name[sale>Sale]"},
		{"the source's name", named(model.KindSource, 1, "EXCS"), named(model.KindSource, 1, "Engage"), "update source/1 name[EXCS>Engage]"},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(c.before)
				wantPlan(t, w.run(w.input(c.after)), []string{c.want}, nil)
				if p := w.run(w.input(c.after)); !p.Empty() {
					t.Errorf("the second run has changes: %v", said(p))
				}
			})
		}
	}
}

func one(f func(*model.Object)) []func(*model.Object) { return []func(*model.Object){f} }

// The case of a skill's name is not even another fingerprint: nothing to do at all.
func TestTheCaseOfASkillsNameIsNothingToDo(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "Chess"))
	in := w.input(named(model.KindSkill, 2, "CHESS"))
	if !in.Delta.Empty() {
		t.Fatalf("delta: %+v", in.Delta)
	}
	if p := w.run(in); !p.Empty() || len(p.Held) != 0 {
		t.Errorf("plan: %v", said(p))
	}
}

// RULES 2: neither skills nor languages can be renamed: a new one is made, assignments move, the old one is an orphan.
func TestARenamedSkillIsMadeAnewAndItsAssignmentsMove(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "Chess"), aUser(1, has(2, "Chess", 3)))
	p := w.run(w.input(named(model.KindSkill, 2, "Go"), aUser(1, has(2, "Go", 3))))
	wantPlan(t, p, []string{"create skill/2 name[Chess>Go]", "update user/1 skills +Go(3) -Chess"}, nil)
	if len(p.Notes) != 1 || !strings.Contains(p.Notes[0].Text, "'Chess' (ex-skill-2) stays in the EX Org as an orphan") {
		t.Errorf("notes: %v", p.Notes)
	}
	if text := p.Text(plan.Options{}); !strings.Contains(text, `+ skill/2 "Go": a new EX object, name Chess → Go`) {
		t.Errorf("text:\n%s", text)
	}
}

// A skill that leaves a common EX object for a name of its own leaves no orphan behind: the others still have it.
func TestASkillThatLeavesACommonNameLeavesNoOrphan(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 5, "chess", sameAs(2)))
	p := w.run(w.input(named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 5, "Go")))
	wantPlan(t, p, []string{"create skill/5 name[chess>Go]"}, nil)
	if len(p.Notes) != 0 {
		t.Errorf("notes: %v", p.Notes)
	}
}

// A wrap-up code can be renamed, but not one whose EX code another Engage value shares: that would rename the other's too.
func TestARenamedCodeThatSharesItsEXCodeIsMadeAnew(t *testing.T) {
	a, b := named(model.KindWrapUpCode, 2, "Sale"), named(model.KindWrapUpCode, 5, "Sale", sameAs(2))
	cases := []struct {
		name    string
		desired []model.Object
		want    []string
	}{
		{"the owner leaves", []model.Object{named(model.KindWrapUpCode, 2, "Sold"), named(model.KindWrapUpCode, 5, "Sale")},
			[]string{"create wrapupcode/2 name[Sale>Sold]", "refresh wrapupcode/5"}},
		{"the other leaves", []model.Object{a, named(model.KindWrapUpCode, 5, "Sold")}, []string{"create wrapupcode/5 name[Sale>Sold]"}},
		{"one comes in", []model.Object{a, b, named(model.KindWrapUpCode, 8, "sale", sameAs(2))}, []string{"create wrapupcode/8 name[Other>sale]"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world2023().have(a, b)
			if len(c.desired) == 3 {
				w.have(named(model.KindWrapUpCode, 8, "Other"))
			}
			wantPlan(t, w.run(w.input(c.desired...)), c.want, nil)
		})
	}
}

// RULES 2: name, e-mail and state are each controlled, atCreation or ignored; what is not controlled is not updated.
func TestFieldsThatAreNotControlledAreNotUpdated(t *testing.T) {
	before := aUser(1, has(1, "Chess", 1), speaks(2, "English", 1))
	after := aUser(1, name("B"), mail("b@x"), inactive, has(3, "Go", 1), speaks(4, "French", 1))
	cases := []struct {
		name string
		edit func(*rules.Users)
		want string
	}{
		{"all controlled", func(*rules.Users) {},
			"deactivate user/1 name[User 1>B] email[u1@example.com>b@x] state[active>inactive] skills +Go(1) -Chess languages +French(1) -English"},
		{"name at creation", func(u *rules.Users) { u.Name = rules.AtCreation },
			"deactivate user/1 email[u1@example.com>b@x] state[active>inactive] skills +Go(1) -Chess languages +French(1) -English"},
		{"e-mail ignored", func(u *rules.Users) { u.Email = rules.Ignored },
			"deactivate user/1 name[User 1>B] state[active>inactive] skills +Go(1) -Chess languages +French(1) -English"},
		{"state ignored: no deactivation", func(u *rules.Users) { u.State = rules.Ignored },
			"update user/1 name[User 1>B] email[u1@example.com>b@x] skills +Go(1) -Chess languages +French(1) -English"},
		{"skills additive never lose", func(u *rules.Users) { u.Skills = rules.Additive },
			"deactivate user/1 name[User 1>B] email[u1@example.com>b@x] state[active>inactive] skills +Go(1) languages +French(1) -English"},
		{"sets ignored", func(u *rules.Users) { u.Skills, u.Languages = rules.SetIgnored, rules.SetIgnored },
			"deactivate user/1 name[User 1>B] email[u1@example.com>b@x] state[active>inactive]"},
		{"nothing controlled: a refresh", func(u *rules.Users) {
			u.Name, u.Email, u.State, u.Skills, u.Languages = rules.Ignored, rules.AtCreation, rules.Ignored, rules.SetIgnored, rules.SetIgnored
		}, "refresh user/1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world2023().have(before)
			c.edit(&w.settings.Users)
			wantPlan(t, w.run(w.input(after)), []string{c.want}, nil)
		})
	}
}

// RULES 4.20: a mapped DBID whose identifying fields all changed is another object: held, never written.
func TestAMappedDBIDThatNamesAnotherObjectIsHeld(t *testing.T) {
	cases := []struct {
		name          string
		before, after model.Object
		held          bool
	}{
		{"a Person: employee id, user name and address changed", aUser(1), aUser(1, employee("E2"), userName("u2"), mail("u2@x")), true},
		{"a Person: the employee id is the same", aUser(1), aUser(1, userName("u2"), mail("u2@x")), false},
		{"a Person: the user name is the same but for case", aUser(1), aUser(1, employee("E2"), userName("U1"), mail("u2@x")), false},
		{"a Person: the address is the same", aUser(1), aUser(1, employee("E2"), userName("u2")), false},
		{"a Person without employee id: user name and address changed", aUser(1, employee("")), aUser(1, employee("E2"), userName("u2"), mail("u2@x")), true},
		{"a Person of whom only the address was known proves nothing", aUser(1, employee(""), userName("")), aUser(1, employee("E2"), userName("u2"), mail("u2@x")), false},
		{"a DN: number and switch changed", aQueue(7, line("1", "a")), aQueue(7, line("2", "b")), true},
		{"a DN: the switch is the same", aQueue(7, line("1", "a")), aQueue(7, line("2", "a")), false},
		{"a DN: the number is the same", aQueue(7, line("1", "a")), aQueue(7, line("1", "b")), false},
		{"a DN without a switch: the number changed", aQueue(7, line("1", "")), aQueue(7, line("2", "b")), true},
		{"a DN of which nothing was known", aQueue(7, line("", "")), aQueue(7, line("2", "b")), false},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(c.before)
				in := w.input(c.after)
				p := w.run(in)
				if got := len(p.Held) == 1 && p.Held[0].Code == plan.HeldIdentity && len(p.Changes) == 0; got != c.held {
					t.Fatalf("held %v, changes %v", heldSaid(p), said(p))
				}
				if !c.held {
					return
				}
				if w.rows[c.before.Key].Object.Fingerprint() != c.before.Fingerprint() {
					t.Error("the row was written")
				}
				in.Approved = approveAll(p)
				if p := plan.Make(in); len(p.Held) != 0 {
					t.Errorf("approved, it is held still: %v", heldSaid(p))
				}
			})
		}
	}
}

// An orphan whose Engage object is there again under the same DBID is made right again.
func TestAnOrphanThatIsInEngageAgainIsAnUpdate(t *testing.T) {
	w := world2023().orphan(aUser(1)).leaving("ex-queue-7", aQueue(7))
	p := w.run(w.input(aUser(1), aQueue(7)))
	wantPlan(t, p, []string{"update queue/7 goal[leaving>present]", "update user/1 goal[orphan>present]"}, nil)
	if w.rows[user(1)].Orphan || w.rows[user(1)].EXID != "ex-user-1" {
		t.Errorf("row: %+v", w.rows[user(1)])
	}
}

// A queue that was deleted already and is in Engage again under the same DBID is created.
func TestADeletedQueueThatIsInEngageAgainIsCreated(t *testing.T) {
	w := world2023().leaving("", aQueue(7))
	wantPlan(t, w.run(w.input(aQueue(7))), []string{"create queue/7"}, nil)
}

// A crash between row and index leaves a row that the index does not know: the index is put right, nothing is written.
func TestARowThatTheIndexDoesNotKnowIsOnlyRefreshed(t *testing.T) {
	w := world2023().have(aUser(1), aMembers(7, 1), aQueue(7))
	for _, k := range []model.Key{user(1), members(7), queue(7)} {
		delete(w.index, k)
	}
	p := w.run(w.input(aUser(1), aMembers(7, 1), aQueue(7)))
	wantPlan(t, p, []string{"refresh queue/7", "refresh user/1", "refresh members/7"}, nil)
	if p := w.run(w.input(aUser(1), aMembers(7, 1), aQueue(7))); !p.Empty() {
		t.Errorf("the second run has changes: %v", said(p))
	}
}

// The row has the desired state already and the index an older one: the index is put right, nothing is written.
func TestAnIndexThatIsBehindItsRowIsPutRight(t *testing.T) {
	desired := []model.Object{aUser(1), aMembers(7, 1), aQueue(7)}
	w := world2023().have(desired...)
	for _, o := range desired {
		w.index[o.Key] = 12345
	}
	wantPlan(t, w.run(w.input(desired...)), []string{"refresh queue/7", "refresh user/1", "refresh members/7"}, nil)
	wantEmpty(t, w, desired...)
}

// A key whose row was not read is left alone and noted, never guessed at.
func TestAKeyWhoseRowWasNotReadIsLeftAlone(t *testing.T) {
	w := world2023().have(aUser(1), aUser(2), aQueue(7), aMembers(7, 1))
	in := w.input(aUser(1, name("B")), aQueue(7), aMembers(7, 2))
	in.Facts = model.Facts{}
	p := plan.Make(in)
	wantPlan(t, p, nil, nil)
	if len(p.Notes) != 3 {
		t.Errorf("notes: %v", p.Notes)
	}
}

// A reject of translate for a key that is desired all the same (it keeps what its row holds) does not stop it.
func TestARejectedObjectThatIsDesiredAllTheSameIsPlanned(t *testing.T) {
	w := world2023().have(aUser(1))
	in := w.input(aUser(1, name("B")))
	in.Rejects = []model.Reject{{Key: user(1), Reason: "no address: the last one is kept"}}
	p := plan.Make(in)
	wantPlan(t, p, []string{"update user/1 name[User 1>B]"}, nil)
	if n := p.Counts[model.KindUser]; n.Engage != 1 || n.Rejected != 1 || n.Update != 1 {
		t.Errorf("counts: %+v", n)
	}
}
