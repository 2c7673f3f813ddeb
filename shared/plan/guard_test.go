package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// RULES 4.25 "guard": removals of users and queues, 10 or 5 %, the larger; tripped, all of that kind's removals are held,
// creates and other kinds go on.
func TestTheGuardOnRemovals(t *testing.T) {
	cases := []struct {
		name         string
		mapped, lost int64
		drawn        int
		trips        bool
	}{
		{"ten of a hundred go", 100, 10, 0, false},
		{"eleven of a hundred do not", 100, 11, 0, true},
		{"5 % of 400 is 20: twenty go", 400, 20, 0, false},
		{"twenty-one of 400 do not", 400, 21, 0, true},
		{"what was drawn in the window counts", 100, 3, 8, true},
		{"what was drawn in the window leaves room", 100, 2, 8, false},
		{"a window that is full lets nothing through", 100, 1, 10, true},
		{"below ten mapped there is no guard", 9, 9, 0, false},
		{"of ten mapped, three go", 10, 3, 0, false},
		{"of ten mapped, four do not: never above a third", 10, 4, 0, true},
		{"of seventeen mapped, five go", 17, 5, 0, false},
		{"of seventeen mapped, six do not", 17, 6, 0, true},
		{"a third of 29 is 9", 29, 10, 0, true},
		{"from 30 on ten go", 30, 10, 0, false},
		{"below ten mapped, what was drawn does not count", 9, 1, 50, false},
	}
	for _, preset := range rules.Presets() {
		for _, kind := range []model.Kind{model.KindQueue, model.KindUser} {
			make, action := plainQueue, model.ActionDelete
			if kind == model.KindUser {
				make, action = plainUser, model.ActionDeactivate
			}
			for _, c := range cases {
				t.Run(fmt.Sprintf("%s/%s/%s", preset, kind, c.name), func(t *testing.T) {
					w := newWorld(preset).have(many(1, c.mapped, make)...)
					w.settings.Users.OnDelete = rules.Deactivate
					w.settings.Queues.OnDelete[model.DNVirtualQueue] = rules.Delete
					in := w.input(concat(many(1+c.lost, c.mapped-c.lost, make), []model.Object{make(5000), named(model.KindSkill, 1, "Chess")})...)
					in.Drawn = plan.Drawn{kind: {plan.ClassRemovals: c.drawn}}
					p := plan.Make(in)
					removed := p.Counts[kind].Delete + p.Counts[kind].Deactivate
					if c.trips {
						if removed != 0 || p.Counts[kind].Held != int(c.lost) {
							t.Errorf("%d removed, %d held", removed, p.Counts[kind].Held)
						}
						wantTripped(t, p, kind, plan.ClassRemovals)
					} else if removed != int(c.lost) || len(p.Held) != 0 {
						t.Errorf("%d removed, held %v", removed, heldSaid(p))
					}
					if p.Counts[kind].Create != 1 || p.Counts[model.KindSkill].Create != 1 {
						t.Errorf("creates: %+v", p.Counts)
					}
					for _, h := range p.Held {
						if h.Change.Action != action {
							t.Errorf("held: %s", phrase(h.Change))
						}
					}
				})
			}
		}
	}
}

// wantTripped fails unless the verdict of kind and class is tripped and says numbers and command.
func wantTripped(t *testing.T, p plan.Plan, kind model.Kind, class plan.Class) {
	t.Helper()
	for _, v := range p.Guard {
		if v.Kind != kind || v.Class != class {
			continue
		}
		want := plan.ApproveCommand(p.Hash, kind)
		if !v.Tripped || v.Command != want || p.HeldHash[kind] == "" || len(v.Objects) == 0 || len(v.Objects) > 10 {
			t.Errorf("verdict %+v, want the command %s", v, want)
		}
		for _, n := range []int{v.Wanted, v.Limit, v.Mapped} {
			if !strings.Contains(strings.ReplaceAll(v.Text, ",", ""), fmt.Sprint(n)) {
				t.Errorf("the text does not say %d: %s", n, v.Text)
			}
		}
		return
	}
	t.Errorf("no verdict for %s %s: %+v", kind, class, p.Guard)
}

// Deactivations count as removals. One that comes by an adoption waits for an approval of its own and draws nothing.
func TestDeactivationsCountAsRemovals(t *testing.T) {
	w := world2023().have(many(1, 100, plainUser)...)
	var desired []model.Object
	for i := int64(1); i <= 100; i++ {
		o := aUser(i)
		if i <= 10 {
			o.State = model.StateInactive
		}
		desired = append(desired, o)
	}
	in := w.input(append(desired, aUser(500, inactive))...)
	if p := plan.Make(in); p.Counts[model.KindUser].Deactivate != 10 {
		t.Errorf("ten go: %+v", p.Counts[model.KindUser])
	}
	in.Matches[user(500)] = plan.Match{By: plan.ByExternalID, Observed: model.Observed{Kind: model.KindUser, EXID: "x", Name: "User 500",
		Email: "u500@example.com", State: model.StateActive, ExternalKeys: []string{"500"}}}
	p := plan.Make(in)
	if p.Counts[model.KindUser].Held != 1 || p.Counts[model.KindUser].Deactivate != 10 || p.Held[0].Code != plan.HeldAdoption {
		t.Errorf("the eleventh comes by adoption: %+v", p.Counts[model.KindUser])
	}
	delete(in.Matches, user(500))
	desired[10].State = model.StateInactive
	in = w.input(desired...)
	p = plan.Make(in)
	if p.Counts[model.KindUser].Held != 11 || p.Counts[model.KindUser].Deactivate != 0 {
		t.Errorf("the eleventh is mapped: %+v", p.Counts[model.KindUser])
	}
	wantTripped(t, p, model.KindUser, plan.ClassRemovals)
}

// Under preset current a deleted queue's members are emptied: that takes something away, and the guard counts it so.
func TestEmptiedMemberListsCountAsRemovals(t *testing.T) {
	for _, lost := range []int64{10, 11} {
		w := worldCurrent().have(many(1, 5, plainUser)...)
		for i := int64(1); i <= 100; i++ {
			w.have(aQueue(i), aMembers(i, 1, 2))
		}
		desired := many(1, 5, plainUser)
		for i := lost + 1; i <= 100; i++ {
			desired = append(desired, aQueue(i), aMembers(i, 1, 2))
		}
		p := plan.Make(w.input(desired...))
		if got := p.Counts[model.KindMembers].Empty; (got == 0) != (lost == 11) {
			t.Errorf("%d lost: %d emptied", lost, got)
		}
		if lost == 11 {
			wantTripped(t, p, model.KindMembers, plan.ClassRemovals)
			if p.Counts[model.KindQueue].Orphan != 0 {
				t.Error("queues are orphans although their members were not emptied")
			}
		}
	}
}

// RULES 4 "fields: 60 minutes, the larger of 50 and 30 % of a kind": tripped, all of that kind's updates are held.
func TestTheGuardOnUpdates(t *testing.T) {
	edits := map[string]func(*model.Object){
		"names":        name("X"),
		"external ids": func(o *model.Object) { o.ExternalKey += "x" },
	}
	for what, edit := range edits {
		for _, c := range []struct {
			mapped, changed int64
			drawn           int
			trips           bool
		}{
			{100, 50, 0, false}, {100, 51, 0, true}, {200, 60, 0, false}, {200, 61, 0, true}, {200, 60, 1, true}, {9, 9, 0, false},
		} {
			t.Run(fmt.Sprintf("%s/%d of %d", what, c.changed, c.mapped), func(t *testing.T) {
				w := world2023().have(many(1, c.mapped, plainUser)...).have(aQueue(7))
				in := w.input(concat(
					many(1, c.changed, func(i int64) model.Object { return aUser(i, edit) }), many(1+c.changed, c.mapped-c.changed, plainUser),
					[]model.Object{aUser(5000), aQueue(7, name("Sales"))})...)
				in.Drawn = plan.Drawn{model.KindUser: {plan.ClassUpdates: c.drawn}}
				p := plan.Make(in)
				n := p.Counts[model.KindUser]
				if c.trips && (n.Update != 0 || n.Held != int(c.changed)) || !c.trips && (n.Update != int(c.changed) || n.Held != 0) {
					t.Errorf("%+v", n)
				}
				if c.trips {
					wantTripped(t, p, model.KindUser, plan.ClassUpdates)
				}
				if n.Create != 1 || p.Counts[model.KindQueue].Update != 1 {
					t.Errorf("what is no update of users was held: %v", heldSaid(p))
				}
			})
		}
	}
}

// Updates are counted for every kind, and an adoption that changes something is one.
func TestUpdatesOfEveryKindAreCounted(t *testing.T) {
	makers := map[model.Kind]func(int64, string) model.Object{
		model.KindWrapUpCode: func(i int64, suffix string) model.Object {
			return named(model.KindWrapUpCode, i, fmt.Sprintf("Code %d%s", i, suffix))
		},
		model.KindQueue: func(i int64, suffix string) model.Object {
			return aQueue(i, name(fmt.Sprintf("Queue %d%s", i, suffix)))
		},
	}
	for kind, make := range makers {
		w := world2023()
		var changed []model.Object
		for i := int64(1); i <= 60; i++ {
			w.have(make(i, ""))
			changed = append(changed, make(i, " new"))
		}
		if p := plan.Make(w.input(changed...)); p.Counts[kind].Held != 60 {
			t.Errorf("%s: %+v", kind, p.Counts[kind])
		}
	}
	w := world2023().have(many(1, 20, plainQueue)...)
	in := w.input(many(1, 80, plainQueue)...)
	for i := int64(21); i <= 80; i++ {
		in.Matches[queue(i)] = plan.Match{By: plan.ByName, Observed: model.Observed{Kind: model.KindQueue, EXID: fmt.Sprint("x", i), Name: aQueue(i).Name}}
	}
	if p := plan.Make(in); p.Counts[model.KindQueue].Held != 60 || p.Counts[model.KindQueue].Adopt != 0 {
		t.Errorf("sixty adoptions that write a peer id: %+v", p.Counts[model.KindQueue])
	}
}

// Adoptions that change nothing are no updates, but additions all the same.
func TestAdoptionsThatChangeNothingAreNoUpdates(t *testing.T) {
	w := world2023().have(many(1, 20, func(i int64) model.Object { return named(model.KindSkill, i, fmt.Sprint("S", i)) })...)
	in := w.input(many(1, 70, func(i int64) model.Object { return named(model.KindSkill, i, fmt.Sprint("S", i)) })...)
	for i := int64(21); i <= 70; i++ {
		in.Matches[skill(i)] = plan.Match{By: plan.ByName, Observed: model.Observed{Kind: model.KindSkill, EXID: fmt.Sprint("x", i), Name: fmt.Sprint("s", i)}}
	}
	if p := plan.Make(in); p.Counts[model.KindSkill].Adopt != 50 || len(p.Guard) != 1 || p.Guard[0].Class != plan.ClassNames {
		t.Errorf("%+v %+v", p.Counts[model.KindSkill], p.Guard)
	}
}

// A switch that is replaced re-creates all its DNs: a change of identity of every queue is an update of every queue.
func TestTakeoversAreUpdates(t *testing.T) {
	w := world2023().have(many(1, 100, plainQueue)...)
	in := w.input(many(1001, 100, func(i int64) model.Object {
		return aQueue(i, line(aQueue(i-1000).Identity.Number, "sw"), name(aQueue(i-1000).Name))
	})...)
	p := plan.Make(in)
	if p.Counts[model.KindQueue].Held != 100 || len(p.Changes) != 0 {
		t.Errorf("%+v", p.Counts[model.KindQueue])
	}
	in.Approved = approveAll(p)
	p = w.run(in)
	if p.Counts[model.KindQueue].Adopt != 100 || p.Counts[model.KindQueue].Delete != 0 {
		t.Errorf("approved: %+v", p.Counts[model.KindQueue])
	}
	wantEmpty(t, w, in.Objects...)
}

// More lost memberships than 50 and 30 % of all need an approval: nobody leaves, everybody who joins does.
func TestTheGuardOnMemberships(t *testing.T) {
	for _, c := range []struct {
		keep  int64
		drawn int
		trips bool
	}{{5, 24, false}, {5, 25, true}, {4, 0, true}} {
		w := world2023().have(many(1, 20, plainUser)...)
		desired := many(1, 20, plainUser)
		for i := int64(1); i <= 30; i++ { // 180 memberships: 54 may go
			w.have(aQueue(i), aMembers(i, numbers(1, 6)...))
			desired = append(desired, aQueue(i), aMembers(i, append(numbers(1, c.keep), 20)...))
		}
		in := w.input(desired...)
		in.Drawn = plan.Drawn{model.KindMembers: {plan.ClassMemberships: c.drawn}}
		p := w.run(in)
		want := int(c.keep) + 1
		if c.trips {
			want = 7
			wantTripped(t, p, model.KindMembers, plan.ClassMemberships)
		}
		for i := int64(1); i <= 30; i++ {
			if got := len(w.rows[members(i)].Object.Members); got != want {
				t.Fatalf("keep %d: the row of queue %d holds %d members, want %d (held %d)", c.keep, i, got, want, len(p.Held))
			}
		}
		if !c.trips {
			continue
		}
		again := w.input(desired...)
		again.Approved = approveAll(p)
		w.run(again)
		if got := len(w.rows[members(1)].Object.Members); got != int(c.keep)+1 {
			t.Errorf("approved: the row holds %d members", got)
		}
	}
}

// The memberships that shares are of are those when the window began, if the caller knows them.
func TestMembershipsAreOfTheWindowsStart(t *testing.T) {
	w := world2023().have(many(1, 8, plainUser)...).have(aQueue(1), aMembers(1, numbers(1, 8)...), aQueue(2), aMembers(2, numbers(1, 8)...))
	in := w.input(concat(many(1, 8, plainUser), []model.Object{aQueue(1), aMembers(1, 1), aQueue(2), aMembers(2, numbers(1, 8)...)})...)
	if p := plan.Make(in); len(p.Held) != 0 {
		t.Errorf("7 of 16: %v", heldSaid(p))
	}
	in.Settings.Guard.MemberLossCount, in.Settings.Guard.MemberLoss = 0, 0.5
	if p := plan.Make(in); len(p.Held) != 0 {
		t.Errorf("7 of 16: %v", heldSaid(p))
	}
	in.Memberships = 12
	if p := plan.Make(in); len(p.Held) != 1 || p.Held[0].Code != plan.HeldGuard {
		t.Errorf("7 of 12: %v", heldSaid(p))
	}
}

// Shares are of the mapped objects at the window's start; a window that began with nothing still has a guard.
func TestSharesAreOfTheWindowsStart(t *testing.T) {
	w := world2023().have(many(1, 400, plainQueue)...)
	in := w.input(many(16, 385, plainQueue)...)
	if p := plan.Make(in); p.Counts[model.KindQueue].Delete != 15 {
		t.Errorf("15 of 400: %+v", p.Counts[model.KindQueue])
	}
	in.Mapped = map[model.Kind]int{}
	if p := plan.Make(in); p.Counts[model.KindQueue].Held != 15 {
		t.Errorf("nothing was mapped when the window began: %+v", p.Counts[model.KindQueue])
	}
	in.Mapped[model.KindQueue] = 1000
	if p := plan.Make(in); p.Counts[model.KindQueue].Delete != 15 {
		t.Errorf("1000 when the window began: %+v", p.Counts[model.KindQueue])
	}
}

// RULES 4.28 "approval: covers the held set of one kind by its hash, and any subset of it": what was approved passes, what
// came since is counted by itself, and the approved do not use up its room.
func TestAnApprovalCoversAnySubsetOfTheHeldSet(t *testing.T) {
	w := world2023().have(many(1, 100, plainQueue)...)
	held := plan.Make(w.input(many(21, 80, plainQueue)...))
	if len(held.Held) != 20 {
		t.Fatalf("%d held", len(held.Held))
	}
	in := w.input(many(16, 85, plainQueue)...)
	in.Approved = approveAll(held)
	if p := plan.Make(in); p.Counts[model.KindQueue].Delete != 15 || len(p.Held) != 0 {
		t.Errorf("a subset: %+v", p.Counts[model.KindQueue])
	}
	in = w.input(many(31, 70, plainQueue)...)
	in.Approved = approveAll(held)
	if p := plan.Make(in); p.Counts[model.KindQueue].Delete != 30 || len(p.Held) != 0 {
		t.Errorf("ten more, within the limit: %+v", p.Counts[model.KindQueue])
	}
	in = w.input(many(32, 69, plainQueue)...)
	in.Approved = approveAll(held)
	if p := plan.Make(in); p.Counts[model.KindQueue].Delete != 20 || len(p.Held) != 11 {
		t.Errorf("eleven more: %+v", p.Counts[model.KindQueue])
	}
}

// What is held for another reason does not go, so it does not use up the guard's room.
func TestWhatIsHeldAnywayIsNotCounted(t *testing.T) {
	w := world2023().have(many(1, 100, plainQueue)...)
	var desired []model.Object
	for i := int64(1); i <= 100; i++ {
		switch {
		case i <= 40:
			desired = append(desired, aQueue(i, line("x", "y"), name("X")))
		case i <= 80:
			desired = append(desired, aQueue(i, name("X")))
		default:
			desired = append(desired, aQueue(i))
		}
	}
	p := plan.Make(w.input(desired...))
	if n := p.Counts[model.KindQueue]; n.Held != 40 || n.Update != 40 || n.Unchanged != 20 {
		t.Errorf("%+v", n)
	}
}

// The guard says how it stands even when it lets everything through, and names a limit that it does not apply.
func TestTheGuardSaysHowItStands(t *testing.T) {
	w := world2023().have(many(1, 400, plainUser)...)
	w.settings.Users.OnDelete = rules.Deactivate
	in := w.input(many(4, 397, plainUser)...)
	in.Drawn = plan.Drawn{model.KindUser: {plan.ClassRemovals: 2, plan.ClassUpdates: 7}}
	p := plan.Make(in)
	var texts []string
	for _, v := range p.Guard {
		texts = append(texts, v.Text)
		if v.Command != "" || v.Tripped {
			t.Errorf("tripped: %+v", v)
		}
	}
	wantLines(t, "verdicts", texts,
		"user: 3 removals after 2 in the last 24 h; the limit is 20, the larger of 10 and 5 % of 400 mapped",
		"user: 0 updates after 7 in the last 60 min; the limit is 120, the larger of 50 and 30 % of 400 mapped")

	small := world2023().have(aQueue(1))
	p = plan.Make(small.input())
	if len(p.Guard) != 1 || p.Guard[0].Text != "queue: 1 removal; no limit below 10 mapped" {
		t.Errorf("a small site: %+v", p.Guard)
	}
}

// The classes of the guard, by action and fields.
func TestTheClassOfAChange(t *testing.T) {
	off := []model.Field{{Name: model.FieldState, Before: "active", After: "inactive"}}
	on := []model.Field{{Name: model.FieldState, Before: "inactive", After: "active"}}
	gone := []model.Field{{Name: model.FieldState, Before: "deleted", After: "inactive"}}
	cases := []struct {
		action model.Action
		fields []model.Field
		want   plan.Class
	}{
		{model.ActionCreate, nil, plan.ClassNone}, {model.ActionOrphan, nil, plan.ClassNone}, {model.ActionRefresh, nil, plan.ClassNone},
		{model.ActionDelete, nil, plan.ClassRemovals}, {model.ActionEmpty, nil, plan.ClassRemovals}, {model.ActionDeactivate, off, plan.ClassRemovals},
		{model.ActionUpdate, off, plan.ClassRemovals}, {model.ActionAdopt, off, plan.ClassRemovals}, {model.ActionRestore, gone, plan.ClassUpdates},
		{model.ActionUpdate, on, plan.ClassUpdates}, {model.ActionAdopt, on, plan.ClassUpdates}, {model.ActionAdopt, nil, plan.ClassNone},
		{model.ActionRestore, nil, plan.ClassUpdates},
	}
	for _, c := range cases {
		if got := plan.ClassOf(model.Change{Key: queue(1), Action: c.action, Fields: c.fields}); got != c.want {
			t.Errorf("%s %v is %q, want %q", c.action, c.fields, got, c.want)
		}
	}
}

// Limits and the size from which on there are any.
func TestGuardLimit(t *testing.T) {
	s := rules.Default(1, rules.Preset202307)
	cases := []struct {
		class        plan.Class
		atStart, now int
		limit        int
		active       bool
	}{
		{plan.ClassRemovals, 100, 100, 10, true}, {plan.ClassRemovals, 1000, 1000, 50, true}, {plan.ClassRemovals, 9, 9, 3, false},
		{plan.ClassRemovals, 0, 10, 3, true}, {plan.ClassRemovals, 10, 0, 3, true}, {plan.ClassRemovals, 17, 17, 5, true},
		{plan.ClassAgents, 1000, 1000, 300, true}, {plan.ClassAgents, 60, 60, 20, true}, {plan.ClassAgents, 9, 9, 3, false},
		{plan.ClassUpdates, 100, 0, 50, true}, {plan.ClassUpdates, 1000, 0, 300, true},
		{plan.ClassMade, 2000, 0, 2000, true}, {plan.ClassMade, 20, 20, 1000, true}, {plan.ClassMade, 9, 5000, 1000, false},
		{plan.ClassNames, 200, 200, 100, true}, {plan.ClassJoins, 9, 9000, 1000, false}, {plan.ClassJoins, 9000, 9, 4500, true},
		{plan.ClassAddresses, 1000, 1000, 50, true}, {plan.ClassAddresses, 20, 20, 10, true}, {plan.ClassAssignments, 1000, 1000, 600, true},
		{plan.ClassMemberships, 101, 0, 50, true}, {plan.ClassMemberships, 1000, 0, 300, true}, {plan.ClassMemberships, 9, 9, 50, false},
	}
	for _, c := range cases {
		if limit, active := plan.GuardLimit(s, c.class, c.atStart, c.now); limit != c.limit || active != c.active {
			t.Errorf("%s of %d/%d: %d %v, want %d %v", c.class, c.atStart, c.now, limit, active, c.limit, c.active)
		}
	}
}

// Windows are written as people say them.
func TestTheWindowIsWrittenAsPeopleSayIt(t *testing.T) {
	for window, want := range map[time.Duration]string{
		24 * time.Hour: "24 h", 60 * time.Minute: "60 min", 90 * time.Minute: "90 min", 90 * time.Second: "1m30s", 30 * time.Second: "30s", 2 * time.Hour: "2 h",
	} {
		w := world2023().have(many(1, 20, plainUser)...)
		w.settings.Guard.UpdateWindow = window
		in := w.input(concat(many(2, 19, plainUser), []model.Object{aUser(1, name("B"))})...)
		in.Drawn = plan.Drawn{model.KindUser: {plan.ClassUpdates: 1}}
		p := plan.Make(in)
		if len(p.Guard) != 1 || !strings.Contains(p.Guard[0].Text, "after 1 in the last "+want+";") {
			t.Errorf("%s: %+v", window, p.Guard)
		}
	}
}

// What was approved is said beside what was counted.
func TestTheVerdictSaysWhatWasApproved(t *testing.T) {
	w := world2023().have(many(1, 100, plainQueue)...)
	in := w.input(many(21, 80, plainQueue)...)
	in.Approved = approveAll(plan.Make(in))
	p := plan.Make(in)
	if len(p.Guard) != 1 || p.Guard[0].Approved != 20 || p.Guard[0].Wanted != 0 || !strings.Contains(p.Guard[0].Text, "20 approved") {
		t.Errorf("%+v", p.Guard)
	}
}

// A window that is over its limit (an approval let more through) trips only when something more is wanted.
func TestAFullWindowTripsOnlyWhenSomethingIsWanted(t *testing.T) {
	w := world2023().have(many(1, 100, plainQueue)...)
	in := w.input(concat(many(1, 99, plainQueue), []model.Object{aQueue(100, name("B"))})...)
	in.Drawn = plan.Drawn{model.KindQueue: {plan.ClassRemovals: 40}}
	p := plan.Make(in)
	if len(p.Held) != 0 || p.Guard[0].Tripped || p.Guard[0].Class != plan.ClassRemovals {
		t.Errorf("%+v", p.Guard)
	}
}
