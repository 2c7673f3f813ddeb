package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// oneOfEach is a site in which the desired objects create, adopt, update, deactivate, empty, delete and orphan something.
func oneOfEach(preset rules.Preset) (*world, []model.Object) {
	w := newWorld(preset).have(
		named(model.KindSkill, 2, "Chess"), named(model.KindLanguage, 3, "English"), named(model.KindWrapUpCode, 4, "Sale"),
		aQueue(7), aMembers(7, 1, 2), aQueue(8), aMembers(8, 1, 2), aUser(1, has(2, "Chess", 1)), aUser(2), aUser(3), aUser(4))
	return w, []model.Object{
		named(model.KindLanguage, 3, "English"), named(model.KindWrapUpCode, 4, "Sold"), named(model.KindSkill, 5, "Go"),
		aQueue(7, name("Sales")), aMembers(7, 2, 9), aUser(1, has(5, "Go", 1)), aUser(2, inactive), aUser(9), aUser(10, employee("E4")),
	}
}

// RULES 5.1 "No proof, no removal": the zero Proven holds everything, whatever is approved.
func TestWithoutProofEverythingIsHeld(t *testing.T) {
	for _, preset := range rules.Presets() {
		w, desired := oneOfEach(preset)
		in := w.input(desired...)
		in.Proof = model.Proven{}
		p := plan.Make(in)
		if len(p.Changes) != 0 || len(p.Forget) != 0 || len(p.Held) == 0 {
			t.Fatalf("changes %v, forgotten %v, %d held", said(p), forgotten(p), len(p.Held))
		}
		in.Approved = approveAll(p)
		if p := plan.Make(in); len(p.Changes) != 0 || len(p.Forget) != 0 {
			t.Errorf("approved: changes %v, forgotten %v", said(p), forgotten(p))
		}
		for _, h := range p.Held {
			if h.Code != plan.HeldUnproven {
				t.Errorf("%s is held as %s", h.Change.Key, h.Code)
			}
		}
		if p.HeldHashAll != "" || len(p.HeldHash) != 0 {
			t.Errorf("what is unproven can be approved: %s %v", p.HeldHashAll, p.HeldHash)
		}
	}
}

// What follows from a table in doubt waits, all of it: what is made and renamed as well as what is lost, and no approval
// stands in for the proof. What does not follow from it goes on.
func TestWhatFollowsFromADoubtWaits(t *testing.T) {
	const (
		sk, la, qu, us, me, wr = model.KindSkill, model.KindLanguage, model.KindQueue, model.KindUser, model.KindMembers, model.KindWrapUpCode
	)
	cases := []struct {
		name   string
		empty  model.Table
		kind   model.Kind // instead of a table
		set    func(*rules.Settings)
		held   []model.Kind
		skills bool // of users only what their skills and languages are part of
	}{
		{name: "persons", empty: model.TablePerson, held: []model.Kind{us, me}},
		{name: "persons, and queues only where one of them serves", empty: model.TablePerson, set: func(s *rules.Settings) { s.Scope.Linked = true }, held: []model.Kind{us, me, qu}},
		{name: "levels", empty: model.TableSkillLevel, held: []model.Kind{me}, skills: true},
		{name: "DNs", empty: model.TableDN, held: []model.Kind{qu, me}},
		{name: "switches", empty: model.TableSwitch, held: []model.Kind{qu, me}},
		{name: "groups", empty: model.TableGroup, held: []model.Kind{me}},
		{name: "groups that say who is a user", empty: model.TableGroup, set: func(s *rules.Settings) { s.Scope.Groups = []string{"Pilot"} }, held: []model.Kind{me, us}},
		{name: "agents of groups", empty: model.TableGroupAgent, held: []model.Kind{me}},
		{name: "expressions", empty: model.TableScript, held: []model.Kind{me}},
		{name: "links", empty: model.TableGroupDN, held: []model.Kind{me}},
		{name: "links that say what is a queue", empty: model.TableGroupDN, set: func(s *rules.Settings) { s.Scope.Linked = true }, held: []model.Kind{me, qu}},
		{name: "skills", empty: model.TableSkill, held: []model.Kind{sk, la, me}, skills: true},
		{name: "attributes", empty: model.TableAttribute, held: []model.Kind{sk, la, wr}, skills: true},
		{name: "values", empty: model.TableAttrValue, held: []model.Kind{sk, la, wr}, skills: true},
		{name: "values of the attribute of languages", empty: model.ValuesOf("language"), held: []model.Kind{sk, la}, skills: true},
		{name: "values of the attribute of codes", empty: model.ValuesOf("DispositionCode"), held: []model.Kind{wr}},
		{name: "values of an attribute that decides nothing", empty: model.ValuesOf("Product")},
		{name: "no language is left", kind: la, held: []model.Kind{sk, la}, skills: true},
		{name: "no skill is left", kind: sk, held: []model.Kind{sk, la}, skills: true},
		{name: "no user is left", kind: us, held: []model.Kind{us, me}},
		{name: "no code is left", kind: wr, held: []model.Kind{wr}},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				w, desired := oneOfEach(preset)
				if c.set != nil {
					c.set(&w.settings)
				}
				in := w.input(desired...)
				whole := plan.Make(in)
				in.Proof = proof().Doubting(c.kind, "all are gone at once")
				if c.kind == "" {
					in.Proof = proofWithout(c.empty)
				}
				p := plan.Make(in)
				in.Approved = approveAll(p)
				approved := plan.Make(in)
				for _, change := range whole.Changes {
					follows := slices.Contains(c.held, change.Key.Kind) || c.skills && change.Key.Kind == us && hasSkills(change)
					if held := heldAs(p, change.Key, plan.HeldUnproven); held != follows {
						t.Errorf("%s: held is %v", phrase(change), held)
					}
					if follows && (plansFor(p, change.Key) || plansFor(approved, change.Key)) {
						t.Errorf("in doubt and not held: %s", phrase(change))
					}
					if !follows && !plansFor(p, change.Key) && !heldAs(p, change.Key, plan.HeldDepends) {
						t.Errorf("not in doubt and not planned: %s", phrase(change))
					}
				}
				for _, k := range forgotten(p) {
					if slices.Contains(c.held, model.KindMembers) && k == "members/8" && !plansFor(p, queue(8)) {
						t.Error("the members row of a queue that stays is forgotten")
					}
				}
			})
		}
	}
}

// hasSkills says whether the skills and languages of the user are a part of the change: of one that is made they are.
func hasSkills(c model.Change) bool {
	made := c.Action == model.ActionCreate || c.Action == model.ActionAdopt || c.Action == model.ActionRestore
	return made || slices.ContainsFunc(c.Fields, func(f model.Field) bool { return f.Name == model.FieldSkills || f.Name == model.FieldLanguages })
}

// A doubt about the levels keeps nobody active who left: of one user's change only the fields in doubt wait, and the row
// keeps them.
func TestADoubtedFieldHoldsUpNoOther(t *testing.T) {
	w := world2023().have(aUser(1, has(9, "Chess", 3)), aUser(2, has(9, "Chess", 3)), aUser(3, has(9, "Chess", 3)))
	in := w.input(aUser(1, inactive), aUser(2, name("New")), aUser(3))
	in.Proof = proofWithout(model.TableSkillLevel)
	p := w.run(in)
	wantPlan(t, p, []string{"deactivate user/1 state[active>inactive]", "update user/2 name[User 2>New]"}, []string{
		"unproven: deactivate user/1 skills -Chess", "unproven: update user/2 skills -Chess", "unproven: update user/3 skills -Chess",
	})
	for dbid := range int64(3) {
		if got := w.rows[user(dbid+1)].Object.Skills; len(got) != 1 {
			t.Errorf("user/%d: the row holds the skills %v", dbid+1, got)
		}
	}
	wantEmpty(t, w, aUser(1, has(9, "Chess", 3), inactive), aUser(2, name("New"), has(9, "Chess", 3)), aUser(3, has(9, "Chess", 3)))
}

func plansFor(p plan.Plan, k model.Key) bool {
	return slices.ContainsFunc(p.Changes, func(c model.Change) bool { return c.Key == k })
}

func heldAs(p plan.Plan, k model.Key, code plan.HeldCode) bool {
	return slices.ContainsFunc(p.Held, func(h plan.Held) bool { return h.Change.Key == k && h.Code == code })
}

// RULES 4.20 "the source went back: no removal, no change of identity": nothing that exists is touched; only what matches
// nothing is created; an approval of single changes does not help.
func TestASourceThatWentBackTouchesNothing(t *testing.T) {
	for _, preset := range rules.Presets() {
		w, desired := oneOfEach(preset)
		in := w.input(desired...)
		in.Proof = proofBack()
		for range 2 {
			p := plan.Make(in)
			for _, c := range p.Changes {
				if c.Action != model.ActionCreate {
					t.Errorf("%s", phrase(c))
				}
			}
			if len(p.Held) == 0 {
				t.Error("nothing is held")
			}
			for _, h := range p.Held {
				if h.Code != plan.HeldWentBack && h.Code != plan.HeldDepends {
					t.Errorf("%s is held as %s", h.Change.Key, h.Code)
				}
			}
			in.Approved = approveAll(p)
		}
	}
}

// RULES 5.8: while a tenant has no approved first plan, nothing goes if anything would be adopted, changed or removed.
func TestTheFirstPlanIsHeldIfItTouchesWhatIsThere(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(7), aMembers(7, 1), aUser(1), named(model.KindSkill, 2, "Chess"))
	in.FirstRun = true
	if p := plan.Make(in); len(p.Changes) != 4 || len(p.Held) != 0 {
		t.Errorf("an empty org: %v, held %v", said(p), heldSaid(p))
	}
	in.Matches[skill(2)] = plan.Match{Observed: model.Observed{Kind: model.KindSkill, EXID: "x", Name: "Chess"}, By: plan.ByName}
	p := plan.Make(in)
	if len(p.Changes) != 0 || len(p.Held) != 4 {
		t.Fatalf("a skill is there: %v, held %v", said(p), heldSaid(p))
	}
	for _, h := range p.Held {
		if h.Code != plan.HeldFirstPlan {
			t.Errorf("%s: %s", h.Code, phrase(h.Change))
		}
	}
	if p.HeldHashAll == "" || !strings.Contains(p.Text(plan.Options{}), plan.ApproveCommand(p.HeldHashAll)) {
		t.Error("the text does not say how to approve the whole plan")
	}
	in.Approved = approveAll(p)
	if p := plan.Make(in); len(p.Changes) != 4 || len(p.Held) != 0 {
		t.Errorf("approved: %v, held %v", said(p), heldSaid(p))
	}
}

// A lost mapping table returns to the first plan; a restored one does too, and then any change of what is there is held.
func TestTheFirstPlanAfterARestoredTableIsHeldToo(t *testing.T) {
	for _, preset := range rules.Presets() {
		w, desired := oneOfEach(preset)
		in := w.input(desired...)
		in.FirstRun = true
		if p := plan.Make(in); len(p.Changes) != 0 || len(p.Held) == 0 {
			t.Errorf("%v", said(p))
		}
	}
	// Orphans and refreshes write nothing to the EX Org, so they do not make a first plan.
	w := world2023().have(aUser(1), aUser(2))
	in := w.input(aUser(1, userName("x")))
	in.FirstRun = true
	wantPlan(t, plan.Make(in), []string{"refresh user/1", "orphan user/2"}, nil)
}

// A first plan of some kinds is held if the whole one would be: it must not open the door for the other kinds.
func TestAFirstPlanOfSomeKindsIsHeldForTheOthersSake(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(7), named(model.KindSkill, 2, "Chess"))
	in.FirstRun, in.Kinds = true, []model.Kind{model.KindQueue}
	wantPlan(t, plan.Make(in), []string{"create queue/7"}, nil)
	in.Matches[skill(2)] = plan.Match{Observed: model.Observed{Kind: model.KindSkill, EXID: "x", Name: "Chess"}, By: plan.ByName}
	wantPlan(t, plan.Make(in), nil, []string{"first plan: create queue/7"})
}

// Only a part of a first plan is approved: the rest stays held.
func TestAFirstPlanCanBeApprovedKindByKind(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(7), named(model.KindSkill, 2, "Chess"))
	in.FirstRun = true
	in.Matches[skill(2)] = plan.Match{Observed: model.Observed{Kind: model.KindSkill, EXID: "x", Name: "Chess"}, By: plan.ByName}
	p := plan.Make(in)
	for _, h := range p.Held {
		if h.Change.Key.Kind == model.KindSkill {
			in.Approved[h.ID] = true
		}
	}
	wantPlan(t, plan.Make(in), []string{"adopt skill/2 adopting x"}, []string{"first plan: create queue/7"})
}

// RULES 4.24 "a change of the settings removes nothing until approved": deletes, deactivations, emptied queues, orphans and
// losses inside sets wait; creates, updates and gains go on.
func TestAChangeOfTheSettingsRemovesNothing(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	in.SettingsChanged = true
	p := plan.Make(in)
	wantPlan(t, p, []string{
		"create skill/5", "update wrapupcode/4 name[Sale>Sold]", "update queue/7 name[Queue 7>Sales]",
		"create user/9", "adopt user/10 from user/4 adopting ex-user-4 name[User 4>User 10] email[u4@example.com>u10@example.com] externalId[4>10]",
		"update members/7 members +u9@example.com",
	}, []string{
		"settings: orphan skill/2", "settings: delete queue/8", "settings: update user/1 skills +Go(1) -Chess",
		"settings: deactivate user/2 state[active>inactive]", "settings: orphan user/3",
		"settings: update members/7 members -u1@example.com",
	})
	wantLines(t, "forgotten", forgotten(p))
	in.Approved = approveAll(p)
	p = plan.Make(in)
	if len(p.Held) != 0 {
		t.Errorf("approved: %v", heldSaid(p))
	}
	wantLines(t, "forgotten", forgotten(p), "members/8")
}

// RULES 4.26: a queue of 10 or more that would lose over 20 % waits for a second complete read 60 s or more later; all of
// them: 5 minutes. Who joins does so at once, and the row keeps old ∪ new meanwhile; only when all leave, nobody joins.
func TestAQueueThatLosesManyMembersWaitsForASecondRead(t *testing.T) {
	cases := []struct {
		name       string
		size, keep int64
		wait       time.Duration
	}{
		{"10 members, 2 leave: 20 % is not over 20 %", 10, 8, 0},
		{"10 members, 3 leave", 10, 7, 60 * time.Second},
		{"9 members, all leave: too small a queue", 9, 0, 0},
		{"100 members, 20 leave", 100, 80, 0},
		{"100 members, 21 leave", 100, 79, 60 * time.Second},
		{"100 members, half of them leave", 100, 50, 60 * time.Second},
		{"100 members, over half of them leave", 100, 49, 5 * time.Minute},
		{"100 members, all but one leave", 100, 1, 5 * time.Minute},
		{"10 members, all leave", 10, 0, 5 * time.Minute},
	}
	for _, preset := range rules.Presets() {
		for _, c := range cases {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				w := newWorld(preset).have(many(1, 300, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, c.size)...), aQueue(8), aMembers(8, numbers(1, 300)...))
				desired := concat(many(1, 300, plainUser), []model.Object{aQueue(7), aMembers(7, append(numbers(1, c.keep), 200)...), aQueue(8), aMembers(8, numbers(1, 300)...)})
				in := w.input(desired...)
				p := w.run(in)
				if c.wait == 0 {
					if len(p.Held) != 0 || len(w.rows[members(7)].Object.Members) != int(c.keep)+1 {
						t.Errorf("held %v, the row holds %v", heldSaid(p), w.rows[members(7)].Object.Members)
					}
					return
				}
				joined := int64(1)
				if c.keep == 0 {
					joined = 0
				}
				if joined == 1 {
					wantLines(t, "changes", said(p), "update members/7 members +u200@example.com")
				}
				if len(p.Held) != 1 || p.Held[0].Code != plan.HeldSecond || !p.Held[0].Since.Equal(now) {
					t.Fatalf("held: %+v", p.Held)
				}
				if got := len(w.rows[members(7)].Object.Members); got != int(c.size+joined) {
					t.Errorf("the row holds %d members, want old ∪ new, or old when all would leave", got)
				}
				again := w.input(desired...)
				again.Waiting = waitingSince(p, now)
				again.Now = now.Add(c.wait - time.Second)
				if q := plan.Make(again); len(q.Changes) != 0 || len(q.Held) != 1 || q.Held[0].ID != p.Held[0].ID || !q.Held[0].Since.Equal(now) {
					t.Errorf("a second early: %v, held %v", said(q), q.Held)
				}
				again.Now = now.Add(c.wait)
				if q := w.run(again); len(q.Held) != 0 || len(w.rows[members(7)].Object.Members) != int(c.keep)+1 {
					t.Errorf("after the wait: held %v, the row holds %v", heldSaid(q), w.rows[members(7)].Object.Members)
				}
				wantEmpty(t, w, desired...)
			})
		}
	}
}

// Those who join make the share of those who leave smaller; the loss waits its time all the same.
func TestJoiningMembersDoNotCutTheWaitShort(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 10)...), aQueue(8), aMembers(8, numbers(1, 60)...))
	desired := concat(many(1, 60, plainUser), []model.Object{aQueue(7), aMembers(7, append(numbers(1, 7), numbers(30, 20)...)...), aQueue(8), aMembers(8, numbers(1, 60)...)})
	p := w.run(w.input(desired...))
	if len(p.Held) != 1 || len(w.rows[members(7)].Object.Members) != 30 {
		t.Fatalf("held %v", heldSaid(p))
	}
	again := w.input(desired...)
	again.Waiting, again.Now = waitingSince(p, now), now.Add(30*time.Second)
	if p := w.run(again); len(p.Held) != 1 {
		t.Errorf("half a minute later 3 of 30 leave: %v", said(p))
	}
	again.Now = now.Add(time.Minute)
	if p := w.run(again); len(p.Held) != 0 {
		t.Errorf("a minute later: %v", heldSaid(p))
	}
}

// Those go whom both reads want away: who is wanted away later waits for himself, and who is wanted back meanwhile begins anew.
func TestBothReadsMustAgreeOnWhoLeaves(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 20)...), aQueue(8), aMembers(8, numbers(1, 60)...))
	rest := concat(many(1, 60, plainUser), []model.Object{aQueue(7), aQueue(8), aMembers(8, numbers(1, 60)...)})
	at := func(last plan.Plan, from time.Time, minutes int, staying ...int64) (plan.Input, plan.Plan) {
		in := w.input(append(slices.Clone(rest), aMembers(7, staying...))...)
		in.Waiting, in.Now = map[string]time.Time{}, from.Add(time.Duration(minutes)*time.Minute)
		for _, h := range last.Held {
			for id, since := range h.Waited {
				in.Waiting[id] = since
			}
		}
		return in, w.run(in)
	}
	row := func() []int64 { return w.rows[members(7)].Object.Members }
	_, first := at(plan.Plan{}, now, 0, numbers(1, 12)...) // 13 to 20 leave
	// Half a minute later one more leaves, and 20 is back.
	in := w.input(append(slices.Clone(rest), aMembers(7, append(numbers(1, 11), 20)...))...)
	in.Waiting, in.Now = first.Held[0].Waited, now.Add(30*time.Second)
	second := w.run(in)
	if len(second.Changes) != 0 || len(second.Held) != 1 || !second.Held[0].Since.Equal(now) {
		t.Fatalf("half a minute later: %v, held %+v", said(second), second.Held)
	}
	_, third := at(second, now, 1, numbers(1, 11)...) // 20 leaves again
	if want := append(numbers(1, 12), 20); !slices.Equal(row(), want) || len(third.Held) != 1 {
		t.Errorf("a minute later the row holds %v, want %v: those whom both reads want away are gone", row(), want)
	}
	if _, p := at(third, now, 2, numbers(1, 11)...); !slices.Equal(row(), numbers(1, 11)) || len(p.Held) != 0 {
		t.Errorf("two minutes later the row holds %v, held %v", row(), heldSaid(p))
	}
}

// A queue that keeps losing people is under the wait that the first loss began.
func TestAQueueThatKeepsLosingPeopleDoesNotBeginAnew(t *testing.T) {
	w := world2023().have(many(1, 100, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 40)...), aQueue(8), aMembers(8, numbers(1, 100)...))
	waiting := map[string]time.Time{}
	for i := range int64(4) {
		in := w.input(concat(many(1, 100, plainUser), []model.Object{aQueue(7), aMembers(7, numbers(1, 28-i)...), aQueue(8), aMembers(8, numbers(1, 100)...)})...)
		in.Waiting, in.Now = waiting, now.Add(time.Duration(i)*20*time.Second)
		p := w.run(in)
		waiting = map[string]time.Time{}
		for _, h := range p.Held {
			for id, since := range h.Waited {
				waiting[id] = since
			}
		}
	}
	if got := w.rows[members(7)].Object.Members; !slices.Equal(got, numbers(1, 28)) {
		t.Errorf("after a minute the row holds %v, want the 28 whom the first read left", got)
	}
}

// An operator who approves the loss does not have to wait for the second read.
func TestAnApprovalStandsInForTheSecondRead(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 20)...), aQueue(8), aMembers(8, numbers(1, 60)...))
	in := w.input(concat(many(1, 60, plainUser), []model.Object{aQueue(7), aMembers(7, numbers(1, 10)...), aQueue(8), aMembers(8, numbers(1, 60)...)})...)
	in.Approved = approveAll(plan.Make(in))
	if p := w.run(in); len(p.Held) != 0 || len(w.rows[members(7)].Object.Members) != 10 {
		t.Errorf("held %v", heldSaid(p))
	}
}

// What goes because it was approved is marked, for the worker's own guard, even if a part of it has to wait for a user.
func TestWhatGoesByApprovalIsMarked(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 20)...), aQueue(8), aMembers(8, numbers(1, 60)...))
	in := w.input(concat(many(1, 60, plainUser), []model.Object{aUser(99), aUser(98), aQueue(7), aMembers(7, append(numbers(1, 10), 98, 99)...), aQueue(8), aMembers(8, numbers(1, 60)...)})...)
	in.Matches[user(99)] = plan.Match{By: plan.ByEmail,
		Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "Somebody", Email: "u99@example.com", State: model.StateActive}}
	for _, h := range plan.Make(in).Held {
		in.Approved[h.ID] = h.Change.Key.Kind == model.KindMembers
	}
	p := w.run(in)
	if len(p.Approved) != 1 || !p.Approved[members(7)] {
		t.Errorf("approved: %v", p.Approved)
	}
	if got := w.rows[members(7)].Object.Members; !slices.Equal(got, append(numbers(1, 10), 98)) {
		t.Errorf("the row holds %v", got)
	}
}

// A change that is held for several reasons carries the strongest.
func TestTheStrongestReasonIsTheOneThatShows(t *testing.T) {
	w := world2023().have(aUser(1), aQueue(7), aMembers(7, numbers(1, 20)...))
	in := w.input(aUser(1, employee("X"), userName("x"), mail("x@x"), inactive), aQueue(7), aMembers(7, 1))
	in.SettingsChanged, in.FirstRun = true, true
	codes := func() []plan.HeldCode {
		var cs []plan.HeldCode
		for _, h := range plan.Make(in).Held {
			cs = append(cs, h.Code)
		}
		return cs
	}
	in.Proof = model.Proven{}
	check := func(want ...plan.HeldCode) {
		t.Helper()
		if got := codes(); !slices.Equal(got, want) {
			t.Errorf("codes %v, want %v", got, want)
		}
	}
	check(plan.HeldUnproven, plan.HeldUnproven)
	in.Proof = proofBack()
	check(plan.HeldWentBack, plan.HeldWentBack)
	in.Proof = proof()
	check(plan.HeldFirstPlan, plan.HeldFirstPlan)
	in.FirstRun = false
	check(plan.HeldIdentity, plan.HeldSettings)
	in.SettingsChanged = false
	in.Settings.Guard.MemberLossCount = 0
	check(plan.HeldIdentity, plan.HeldGuard)
}
