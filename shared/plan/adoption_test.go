package plan_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

func seenSkills(names ...string) func(*model.Observed) {
	return func(o *model.Observed) {
		for _, n := range names {
			o.Skills = append(o.Skills, model.Assigned{EXID: "s-" + n, Name: n, Level: 10})
		}
	}
}

func called(n string) func(*model.Observed) { return func(o *model.Observed) { o.Name = n } }

// The rule of adoption, case by case. why is a part of the reason.
func TestAdoptable(t *testing.T) {
	owner := func(k model.Key, stale bool) []plan.Holder { return []plan.Holder{{Key: k, Owner: true, Stale: stale}} }
	person := func(edits ...func(*model.Observed)) model.Observed {
		return seenUser("x", "u1@example.com", append([]func(*model.Observed){called("User 1")}, edits...)...)
	}
	cases := []struct {
		name string
		m    plan.Meeting
		may  plan.May
		why  string
	}{
		{"nothing in common", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Other", "")}, plan.MayNot, "nothing in common"},
		{"a deleted skill", plan.Meeting{Want: named(model.KindSkill, 2, "Chess"), Seen: model.Observed{Kind: model.KindSkill, EXID: "x", Name: "Chess", Deleted: true}}, plan.MayNot, "deleted"},
		{"a deleted queue with its own mark", plan.Meeting{Want: aQueue(7), Seen: model.Observed{Kind: model.KindQueue, EXID: "x", Name: "Queue 7", PeerID: "7", Deleted: true}}, plan.MayNot, "deleted"},
		{"a deleted user is restored", plan.Meeting{Want: aUser(1), Seen: person(deleted)}, plan.MayAdopt, ""},
		{"a queue without a mark", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "queue 7", "")}, plan.MayAdopt, ""},
		{"a queue with its own mark", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Old", "7")}, plan.MayAdopt, ""},
		{"a queue with a stranger's mark", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", "zzz")}, plan.MayApproved, "peer id zzz"},
		{"the same in the first plan", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", "zzz"), First: true}, plan.MayAdopt, ""},
		{"a queue with the mark of its former owner", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", "4"), Holders: owner(queue(4), true)}, plan.MayAdopt, ""},
		{"a queue with the mark of a key that has another", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", "4"), Holders: []plan.Holder{{Key: queue(4), Stale: true}}}, plan.MayApproved, "peer id 4"},
		{"a queue of a living key", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", ""), Holders: owner(queue(4), false)}, plan.MayNot, "queue/4"},
		{"that shares its name", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", ""), Holders: []plan.Holder{{Key: queue(4), Shares: true}}}, plan.MayAdopt, ""},
		{"a living key forbids it in the first plan too", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", ""), Holders: owner(queue(4), false), First: true}, plan.MayNot, "queue/4"},
		{"a queue whose members would leave", plan.Meeting{Want: aQueue(7), Seen: seenQueue("x", "Queue 7", "7"), Leave: []string{"ann@x"}}, plan.MayApproved, "ann@x"},
		{"a code", plan.Meeting{Want: named(model.KindWrapUpCode, 2, "Sale"), Seen: model.Observed{Kind: model.KindWrapUpCode, EXID: "x", Name: "sale"}}, plan.MayAdopt, ""},
		{"a user as it is", plan.Meeting{Want: aUser(1), Seen: person()}, plan.MayAdopt, ""},
		{"a user that gains skills", plan.Meeting{Want: aUser(1, has(2, "Chess", 3)), Seen: person()}, plan.MayAdopt, ""},
		{"a user that loses a skill", plan.Meeting{Want: aUser(1), Seen: person(seenSkills("Go"))}, plan.MayApproved, "skills away: Go"},
		{"a user that is renamed", plan.Meeting{Want: aUser(1), Seen: person(called("Zoe"))}, plan.MayApproved, "rename"},
		{"renamed, but known by its external id", plan.Meeting{Want: aUser(1), Seen: person(called("Zoe"), carries("1"))}, plan.MayAdopt, ""},
		{"known by its external id, and deactivated", plan.Meeting{Want: aUser(1, inactive), Seen: person(carries("1"))}, plan.MayApproved, "deactivate"},
		{"with another's external id beside its own", plan.Meeting{Want: aUser(1), Seen: person(carries("1", "boss"))}, plan.MayApproved, "external id boss"},
		{"of a Person who is gone", plan.Meeting{Want: aUser(1), Seen: person(), Holders: owner(user(4), true)}, plan.MayApproved, "user/4"},
		{"in another division", plan.Meeting{Want: aUser(1), Seen: person(func(o *model.Observed) { o.DivisionID = "sales" }), Home: "home"}, plan.MayApproved, "home division"},
		{"made by an unfinished creation", plan.Meeting{Want: aUser(1), Seen: person(called("Zoe")), Own: true}, plan.MayAdopt, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.m.Settings = rules.Default(1, rules.Preset202307)
			a := plan.Adoptable(c.m)
			if a.May != c.may || !strings.Contains(a.Reason, c.why) || (c.why == "") != (a.Reason == "") {
				t.Errorf("%+v, want %q because of %q", a, c.may, c.why)
			}
		})
	}
}

// Of several EX objects the choice does not depend on their order, and is the one that FindMatches makes.
func TestBestIsOneChoice(t *testing.T) {
	found := []model.Observed{
		seenQueue("d", "queue 7", ""), seenQueue("c", "Queue 7", ""), seenQueue("b", "Queue 7", "9"), seenQueue("a", "Old", "7"),
		{Kind: model.KindQueue, EXID: "0", Name: "Queue 7", PeerID: "7", Deleted: true},
	}
	for range 20 {
		rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		for n, want := range map[int]string{5: "a", 4: ""} {
			best, _ := plan.Best(aQueue(7), found[:n])
			match := plan.FindMatches([]model.Object{aQueue(7)}, found[:n])[queue(7)]
			if best.EXID != match.Observed.EXID || want != "" && best.EXID != want {
				t.Fatalf("best is %q, the match %q, want %q", best.EXID, match.Observed.EXID, want)
			}
		}
	}
}

// The delete of a queue that was there before EXCS waits for an approval of its own, unless the settings take it for made.
func TestTheDeleteOfAnAdoptedQueueWaits(t *testing.T) {
	for _, s := range []rules.AdoptedDelete{rules.AdoptedApprove, rules.AdoptedAsMade} {
		w := world2023().have(aQueue(7))
		w.settings.Queues.AdoptedDelete = s
		known := w.rows[queue(7)]
		known.Adopted = true
		w.rows[queue(7)] = known
		in := w.input()
		in.Proof = w.input(aQueue(7)).Proof
		p := plan.Make(in)
		if got := len(p.Held) == 1 && p.Held[0].Code == plan.HeldAdopted && p.HeldHashAll != ""; got != (s == rules.AdoptedApprove) {
			t.Errorf("%s: %v, held %v", s, said(p), heldSaid(p))
		}
		in.Approved = approveAll(p)
		if p = plan.Make(in); len(p.Changes) != 1 || p.Changes[0].Action != model.ActionDelete {
			t.Errorf("%s, approved: %v, held %v", s, said(p), heldSaid(p))
		}
	}
}

// A newcomer that nobody looked up waits, can not be approved, and holds nobody else up. In a first plan it opens no door.
func TestALookingNewcomerWaits(t *testing.T) {
	w := world2023()
	in := w.input(aQueue(7), aQueue(8))
	in.Looking = map[model.Key]string{queue(7): "looking"}
	p := plan.Make(in)
	wantPlan(t, p, []string{"create queue/8"}, []string{"looking: create queue/7"})
	if p.HeldHashAll != "" {
		t.Error("it can be approved")
	}
	in.FirstRun = true
	p = plan.Make(in)
	wantPlan(t, p, nil, []string{"looking: create queue/7", "first plan: create queue/8"})
}
