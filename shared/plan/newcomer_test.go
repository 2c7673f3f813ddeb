package plan_test

import (
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 1 "new object in Engage: the EX Org object is created", in wave order, for every kind.
func TestNewObjectInEngageIsCreated(t *testing.T) {
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			w := newWorld(preset)
			p := w.run(w.input(
				aMembers(7, 1), aUser(1), aQueue(7), named(model.KindWrapUpCode, 4, "Sale"),
				named(model.KindLanguage, 3, "English"), named(model.KindSkill, 2, "Chess"), named(model.KindSource, 1, "EXCS"),
			))
			wantPlan(t, p, []string{
				"create source/1", "create skill/2", "create language/3", "create wrapupcode/4", "create queue/7", "create user/1", "create members/7",
			}, nil)
			for _, c := range p.Changes {
				if c.Key.Kind == model.KindMembers && (c.Label != "Queue 7" || len(c.Object.Members) != 1) {
					t.Errorf("members: %+v", c)
				}
			}
		})
	}
}

// RULES 3.8: an object that already exists is adopted, never duplicated, and what adoption would change shows.
func TestAnObjectThatExistsIsAdoptedAndShowsWhatChanges(t *testing.T) {
	cases := []struct {
		name   string
		object model.Object
		seen   model.Observed
		by     plan.By
		want   string
	}{
		{"a skill of the same name but for case changes nothing",
			named(model.KindSkill, 2, "Chess"), model.Observed{Kind: model.KindSkill, EXID: "x", Name: "CHESS "}, plan.ByName,
			"adopt skill/2 adopting x"},
		{"a code of the same name but for case is renamed",
			named(model.KindWrapUpCode, 2, "Sale"), model.Observed{Kind: model.KindWrapUpCode, EXID: "x", Name: "sale"}, plan.ByName,
			"adopt wrapupcode/2 adopting x name[sale>Sale]"},
		{"a queue of the same name gets the peer id",
			aQueue(7), model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Queue 7"}, plan.ByName,
			"adopt queue/7 adopting x peerId[>7]"},
		{"a queue with the peer id gets the name",
			aQueue(7), model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Old", PeerID: "7"}, plan.ByPeerID,
			"adopt queue/7 adopting x name[Old>Queue 7]"},
		{"a user with the external id gets what Engage says",
			aUser(1, has(2, "Chess", 3)),
			model.Observed{Kind: model.KindUser, EXID: "x", Name: "Old", Email: "OLD@x", State: model.StateActive, ExternalKeys: []string{"1"},
				Skills: []model.Assigned{{EXID: "s9", Name: "Chess", Level: 10}}}, plan.ByExternalID,
			"adopt user/1 adopting x name[Old>User 1] email[OLD@x>u1@example.com] skills +Chess(1→3)"},
		{"a deleted user of the address is restored",
			aUser(1), model.Observed{Kind: model.KindUser, EXID: "x", Name: "User 1", Email: "u1@example.com", Deleted: true}, plan.ByEmail,
			"restore user/1 adopting x state[deleted>active]"},
		{"a source that was switched off is adopted and switched on",
			named(model.KindSource, 1, "EXCS"), model.Observed{Kind: model.KindSource, EXID: "x", Name: "EXCS", Deactivated: true}, plan.ByName,
			"adopt source/1 adopting x state[deactivated>active]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world2023()
			in := w.input(c.object)
			in.Matches[c.object.Key] = plan.Match{Observed: c.seen, By: c.by}
			wantPlan(t, w.run(in), []string{c.want}, nil)
		})
	}
}

// A division that differs shows in an adoption when the Home Division is known and enforced.
func TestAdoptionShowsTheMoveToTheHomeDivisionWhenItIsEnforced(t *testing.T) {
	seen := model.Observed{Kind: model.KindUser, EXID: "x", Name: "User 1", Email: "u1@example.com", State: model.StateActive, DivisionID: "sales"}
	for preset, want := range map[rules.Preset]struct{ goes, held []string }{
		rules.Preset202307:  {held: []string{"adoption: adopt user/1 adopting x division[sales>home]"}},
		rules.PresetCurrent: {goes: []string{"adopt user/1 adopting x"}},
	} {
		w := newWorld(preset)
		in := w.input(aUser(1))
		in.Home = "home"
		in.Matches[user(1)] = plan.Match{Observed: seen, By: plan.ByExternalID}
		wantPlan(t, w.run(in), want.goes, want.held)
	}
}

// RULES 8 "an object of a living key is never adopted", whether the mapping table or the EX object itself says so.
func TestAnEXObjectOfALivingKeyIsNeverAdopted(t *testing.T) {
	cases := []struct {
		name   string
		living model.Object
		fresh  model.Object
		match  plan.Match
	}{
		{"the mapping table says who owns the user", aUser(1), aUser(9),
			plan.Match{Observed: model.Observed{Kind: model.KindUser, EXID: "ex-user-1", Email: "u9@example.com"}, By: plan.ByEmail, Owners: []model.Key{user(1)}}},
		{"the user carries the external id of a living Person", aUser(1), aUser(9),
			plan.Match{Observed: model.Observed{Kind: model.KindUser, EXID: "x", Email: "u9@example.com", ExternalKeys: []string{"1"}}, By: plan.ByEmail}},
		{"the queue carries the peer id of a living DN", aQueue(1), aQueue(9),
			plan.Match{Observed: model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Queue 9", PeerID: "1"}, By: plan.ByName}},
		{"the mapping table says who owns the code", named(model.KindWrapUpCode, 1, "A"), named(model.KindWrapUpCode, 9, "B"),
			plan.Match{Observed: model.Observed{Kind: model.KindWrapUpCode, EXID: "x", Name: "B"}, By: plan.ByName, Owners: []model.Key{key(model.KindWrapUpCode, 1)}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world2023().have(c.living)
			in := w.input(c.living, c.fresh)
			in.Matches[c.fresh.Key] = c.match
			p := w.run(in)
			wantPlan(t, p, []string{"create " + c.fresh.Key.String()}, nil)
			if len(p.Notes) != 1 || !strings.Contains(p.Notes[0].Text, c.living.Key.String()) {
				t.Errorf("no note names the owner %s: %v", c.living.Key, p.Notes)
			}
		})
	}
}

// A rejected key is living too: its EX object is not up for adoption.
func TestTheEXObjectOfARejectedKeyIsNotAdopted(t *testing.T) {
	w := world2023().have(aUser(1))
	in := w.input(aUser(9))
	in.Rejects = []model.Reject{{Key: user(1), Reason: "the address is taken"}}
	in.Matches[user(9)] = plan.Match{Observed: model.Observed{Kind: model.KindUser, EXID: "ex-user-1", Email: "u9@example.com"}, By: plan.ByEmail, Owners: []model.Key{user(1)}}
	wantPlan(t, w.run(in), []string{"create user/9"}, nil)
}

// RULES 3.10: adopting a user by e-mail alone after the first run waits for approval if it would rename or deactivate it.
func TestAdoptingAUserByAddressAloneWaitsIfItWouldRenameOrDeactivate(t *testing.T) {
	cases := []struct {
		name    string
		object  model.Object
		seen    model.Observed
		held    bool
		control func(*rules.Users)
	}{
		{"the same name and state goes on", aUser(1), model.Observed{Name: "User 1", State: model.StateActive}, false, nil},
		{"another name waits", aUser(1), model.Observed{Name: "Somebody Else", State: model.StateActive}, true, nil},
		{"another name goes on when names are not controlled", aUser(1), model.Observed{Name: "Somebody Else", State: model.StateActive}, false,
			func(u *rules.Users) { u.Name = rules.AtCreation }},
		{"a deactivation waits", aUser(1, inactive), model.Observed{Name: "User 1", State: model.StateActive}, true, nil},
		{"an inactive Person and an inactive user go on", aUser(1, inactive), model.Observed{Name: "User 1", State: model.StateInactive}, false, nil},
		{"the external id of a Person who is gone waits", aUser(1), model.Observed{Name: "User 1", State: model.StateActive, ExternalKeys: []string{"77"}}, true, nil},
		{"its own external id goes on", aUser(1), model.Observed{Name: "User 1", State: model.StateActive, ExternalKeys: []string{"1"}}, false, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := world2023()
			if c.control != nil {
				c.control(&w.settings.Users)
			}
			c.seen.Kind, c.seen.EXID, c.seen.Email = model.KindUser, "x", "u1@example.com"
			in := w.input(c.object)
			in.Matches[user(1)] = plan.Match{Observed: c.seen, By: plan.ByEmail}
			p := plan.Make(in)
			if got := len(p.Held) == 1 && p.Held[0].Code == plan.HeldAdoption; got != c.held {
				t.Fatalf("held: %v, want %v (%v, %v)", got, c.held, said(p), heldSaid(p))
			}
			if !c.held {
				return
			}
			in.Approved = approveAll(p)
			if p := plan.Make(in); len(p.Changes) != 1 || len(p.Held) != 0 {
				t.Errorf("approved: %v, held %v", said(p), heldSaid(p))
			}
			in.Approved, in.FirstRun = nil, true
			if p := plan.Make(in); len(p.Held) != 1 || p.Held[0].Code != plan.HeldFirstPlan {
				t.Errorf("in the first plan it waits for that alone: %v", heldSaid(p))
			}
		})
	}
}

// An EX user that a row of a gone Person owned, unknown to this run, is adopted by its address only with an approval.
func TestAnEXUserOfAGoneOwnerIsAdoptedOnlyWithApproval(t *testing.T) {
	w := world2023()
	in := w.input(aUser(9))
	in.Matches[user(9)] = plan.Match{Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "User 9", Email: "u9@example.com", State: model.StateActive},
		By: plan.ByEmail, Owners: []model.Key{user(4)}}
	p := plan.Make(in)
	wantPlan(t, p, nil, []string{"adoption: adopt user/9 from user/4 adopting x"})
	if !strings.Contains(p.Held[0].Reason, "user/4") {
		t.Errorf("the reason does not name the owner: %s", p.Held[0].Reason)
	}
}

// A queue whose EX object belonged to a gone row that this run was not told about is taken over from it by name.
func TestAnEXQueueOfAGoneOwnerIsTakenOver(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(9))
	in.Matches[queue(9)] = plan.Match{Observed: model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Queue 9", PeerID: "4"}, By: plan.ByName, Owners: []model.Key{queue(4)}}
	wantPlan(t, plan.Make(in), []string{"adopt queue/9 from queue/4 adopting x peerId[4>9]"}, nil)
}

// RULES 4.5 "two skills or languages equal but for case or outer space: one EX object, mapped by both".
func TestANewcomerThatSharesANameIsMappedWithoutAnEXObjectOfItsOwn(t *testing.T) {
	w := world2023()
	in := w.input(named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 5, "chess ", sameAs(2)))
	in.Matches = plan.FindMatches(in.Objects, []model.Observed{{Kind: model.KindSkill, EXID: "x", Name: "Chess"}})
	p := w.run(in)
	wantPlan(t, p, []string{"adopt skill/2 adopting x", "create skill/5"}, nil)
	if text := p.Text(plan.Options{}); !strings.Contains(text, `+ skill/5 "chess ": shares the EX object of skill/2`) {
		t.Errorf("the text does not say that it is shared:\n%s", text)
	}
}

// A new skill of a lower DBID owns the common EX object from then on; nothing is made or renamed in the EX Org.
func TestANewLowerDBIDJoinsTheCommonEXObject(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 5, "Chess"))
	in := w.input(named(model.KindSkill, 2, "CHESS"), named(model.KindSkill, 5, "Chess", sameAs(2)))
	in.Matches[skill(2)] = plan.Match{Observed: model.Observed{Kind: model.KindSkill, EXID: "ex-skill-5", Name: "Chess"}, By: plan.ByName, Owners: []model.Key{skill(5)}}
	p := w.run(in)
	if len(p.Notes) != 0 {
		t.Errorf("notes: %v", p.Notes)
	}
	wantPlan(t, p, []string{"adopt skill/2 adopting ex-skill-5", "refresh skill/5"}, nil)
	wantLines(t, "forgotten", forgotten(p))
	if p := w.run(w.input(named(model.KindSkill, 2, "CHESS"), named(model.KindSkill, 5, "Chess", sameAs(2)))); !p.Empty() {
		t.Errorf("a second run has changes: %v", said(p))
	}
}

// The row of a creation that is under way is found again; a new desired state of it is still a creation.
func TestAChangeOfAnObjectThatIsNotMadeYetIsStillACreate(t *testing.T) {
	w := world2023().have(aQueue(7))
	w.rows[queue(7)] = model.Known{Object: aQueue(7)}
	p := w.run(w.input(aQueue(7, name("Sales"))))
	wantPlan(t, p, []string{"create queue/7"}, nil)
}

// A plan limited to some kinds says nothing of the others, and members do not name users that are not made.
func TestAPlanOfSomeKindsLeavesTheOthersAlone(t *testing.T) {
	w := world2023().have(aQueue(7), aMembers(7, 1), aUser(1), aUser(2))
	in := w.input(aQueue(7, name("Sales")), aMembers(7, 1, 2, 3), aUser(1, name("A")), aUser(2), aUser(3))
	in.Kinds = []model.Kind{model.KindMembers}
	p := plan.Make(in)
	wantPlan(t, p, []string{"update members/7 members +u2@example.com"}, nil)
	if len(p.Counts) != 1 || p.Counts[model.KindMembers].Engage != 1 {
		t.Errorf("counts: %v", p.Counts)
	}
	in.Kinds = []model.Kind{model.KindQueue, model.KindUser}
	wantPlan(t, plan.Make(in), []string{"update queue/7 name[Queue 7>Sales]", "update user/1 name[User 1>A]", "create user/3"}, nil)
}

// Members of a queue that is new, and not part of the plan, wait for it.
func TestMembersOfANewQueueGoWithIt(t *testing.T) {
	w := world2023().have(aUser(1))
	in := w.input(aQueue(7), aMembers(7, 1), aUser(1))
	in.Kinds = []model.Kind{model.KindMembers}
	p := plan.Make(in)
	wantPlan(t, p, nil, []string{"depends: create members/7"})
	if p.HeldHashAll != "" {
		t.Errorf("a change that depends on another can be approved: %s", p.HeldHashAll)
	}
}

// Members that are linked for the first time, on a queue that is mapped already, are created at once.
func TestTheFirstLinkOfAMappedQueueIsACreate(t *testing.T) {
	w := world2023().have(aQueue(7), aUser(1))
	wantPlan(t, w.run(w.input(aQueue(7), aMembers(7, 1), aUser(1))), []string{"create members/7"}, nil)

	// The same for a queue that came back into scope with its row.
	w = world2023().orphan(aQueue(7)).have(aUser(1))
	wantPlan(t, w.run(w.input(aQueue(7), aMembers(7, 1), aUser(1))), []string{"update queue/7 goal[orphan>present]", "create members/7"}, nil)
}

// An EX object that the newcomer owns already, beside a gone owner, is taken over from the other.
func TestAnOwnerItemOfTheNewcomerItselfDoesNotCount(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(9), aQueue(10))
	in.Matches[queue(9)] = plan.Match{Observed: model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Queue 9", PeerID: "9"}, By: plan.ByPeerID, Owners: []model.Key{queue(9), queue(4)}}
	in.Matches[queue(10)] = plan.Match{Observed: model.Observed{Kind: model.KindQueue, EXID: "y", Name: "Queue 10", PeerID: "10"}, By: plan.ByPeerID, Owners: []model.Key{queue(10)}}
	wantPlan(t, plan.Make(in), []string{"adopt queue/9 from queue/4 adopting x", "adopt queue/10 adopting y"}, nil)
}

// An EX object whose gone owner another newcomer takes over is not adopted a second time.
func TestAnEXObjectThatIsTakenOverIsNotAdoptedByAnother(t *testing.T) {
	w := world2023().have(aQueue(5, line("8001", "sw"), name("Sales")))
	in := w.input(aQueue(6, line("8001", "sw"), name("Verkauf")), aQueue(8, line("8002", "sw"), name("Old name")))
	in.Matches[queue(8)] = plan.Match{Observed: model.Observed{Kind: model.KindQueue, EXID: "ex-queue-5", Name: "Old name", PeerID: "5"}, By: plan.ByName, Owners: []model.Key{queue(5)}}
	wantPlan(t, plan.Make(in), []string{"adopt queue/6 from queue/5 adopting ex-queue-5 name[Sales>Verkauf] peerId[5>6]", "create queue/8"}, nil)
}

// A match that names a user by its external id goes on although a gone key owned it: the id on the EX user says who it is.
func TestAnExternalIDIsStrongerThanAGoneOwner(t *testing.T) {
	w := world2023()
	in := w.input(aUser(9))
	in.Matches[user(9)] = plan.Match{Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "User 9", Email: "u9@example.com", State: model.StateActive, ExternalKeys: []string{"9"}},
		By: plan.ByExternalID, Owners: []model.Key{user(4)}}
	wantPlan(t, plan.Make(in), []string{"adopt user/9 from user/4 adopting x"}, nil)
}

// What was matched for an object that shares another's EX object does not matter.
func TestAMatchOfASharingObjectDoesNotMatter(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 2, "Chess"))
	in := w.input(named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 5, "CHESS", sameAs(2)))
	in.Matches[skill(5)] = plan.Match{Observed: model.Observed{Kind: model.KindSkill, EXID: "other", Name: "chess"}, By: plan.ByName}
	p := w.run(in)
	wantPlan(t, p, []string{"create skill/5"}, nil)
	if w.rows[skill(5)].EXID != "ex-skill-2" {
		t.Errorf("skill/5 has %s", w.rows[skill(5)].EXID)
	}
}

// A skill that is renamed to a newcomer's name has no EX object of that name to share: the newcomer's is created.
func TestARenamedSkillBringsNoEXObjectToItsNewName(t *testing.T) {
	w := world2023().have(named(model.KindSkill, 5, "Go"))
	wantPlan(t, w.run(w.input(named(model.KindSkill, 4, "Chess"), named(model.KindSkill, 5, "Chess", sameAs(4)))),
		[]string{"create skill/4", "create skill/5 name[Go>Chess]"}, nil)
}
