package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// verdict gives what the guard says of a kind and class, the zero Verdict if it says nothing.
func verdict(p plan.Plan, kind model.Kind, class plan.Class) plan.Verdict {
	i := slices.IndexFunc(p.Guard, func(v plan.Verdict) bool { return v.Kind == kind && v.Class == class })
	if i < 0 {
		return plan.Verdict{}
	}
	return p.Guard[i]
}

// drawn counts what a plan draws from a window; what passes without being drawn is not in it.
func drawn(p plan.Plan, kind model.Kind, class plan.Class) int {
	n := 0
	for _, d := range p.Draws {
		if d.Kind == kind && d.Class == class && !d.Free {
			n++
		}
	}
	return n
}

// RULES 4 "users and queues made or adopted: the larger of 1,000 and 100 %; skills, languages, codes: 50 and 50 %".
func TestTheGuardOnWhatIsMade(t *testing.T) {
	code := func(i int64) model.Object { return named(model.KindWrapUpCode, i, fmt.Sprint("Code ", i)) }
	for _, c := range []struct {
		kind         model.Kind
		class        plan.Class
		make         func(int64) model.Object
		mapped, made int64
		held         bool
	}{
		{model.KindQueue, plan.ClassMade, plainQueue, 20, 1000, false},
		{model.KindQueue, plan.ClassMade, plainQueue, 20, 1001, true},
		{model.KindUser, plan.ClassMade, plainUser, 1100, 1100, false},
		{model.KindUser, plan.ClassMade, plainUser, 1100, 1101, true},
		{model.KindUser, plan.ClassMade, plainUser, 9, 1500, false},
		{model.KindWrapUpCode, plan.ClassNames, code, 20, 50, false},
		{model.KindWrapUpCode, plan.ClassNames, code, 20, 51, true},
		{model.KindWrapUpCode, plan.ClassNames, code, 120, 60, false},
		{model.KindWrapUpCode, plan.ClassNames, code, 120, 61, true},
		{model.KindWrapUpCode, plan.ClassNames, code, 9, 300, false},
	} {
		t.Run(fmt.Sprintf("%s/%d to %d", c.kind, c.made, c.mapped), func(t *testing.T) {
			w := world2023().have(many(1, c.mapped, c.make)...)
			in := w.input(many(1, c.mapped+c.made, c.make)...)
			p := plan.Make(in)
			n := p.Counts[c.kind]
			if c.held && (n.Create != 0 || n.Held != int(c.made)) || !c.held && n.Create != int(c.made) {
				t.Fatalf("%+v", n)
			}
			if c.held {
				wantTripped(t, p, c.kind, c.class)
				in.Approved = approveAll(p)
				if p = plan.Make(in); p.Counts[c.kind].Create != int(c.made) || drawn(p, c.kind, c.class) != 0 {
					t.Errorf("approved: %+v, %d drawn", p.Counts[c.kind], drawn(p, c.kind, c.class))
				}
				in.Approved = nil
			}
			in.FirstLoad = true
			if p = plan.Make(in); p.Counts[c.kind].Create != int(c.made) || drawn(p, c.kind, c.class) != 0 {
				t.Errorf("a first load: %+v, %d drawn", p.Counts[c.kind], drawn(p, c.kind, c.class))
			}
		})
	}
}

// What is added does not raise its own limit: shares are of what was mapped when the window began.
func TestWhatIsMadeIsOfTheWindowsStart(t *testing.T) {
	code := func(i int64) model.Object { return named(model.KindWrapUpCode, i, fmt.Sprint("Code ", i)) }
	w := world2023().have(many(1, 400, code)...)
	in := w.input(many(1, 480, code)...)
	in.Start = func(window time.Duration) map[model.Kind]int {
		if window == 24*time.Hour {
			return map[model.Kind]int{model.KindWrapUpCode: 200}
		}
		return map[model.Kind]int{model.KindWrapUpCode: 390}
	}
	in.Drawn = plan.Drawn{model.KindWrapUpCode: {plan.ClassNames: 20}}
	if p := plan.Make(in); p.Counts[model.KindWrapUpCode].Create != 80 {
		t.Errorf("80 after 20: %+v", p.Guard)
	}
	in.Drawn = plan.Drawn{model.KindWrapUpCode: {plan.ClassNames: 21}}
	if p := plan.Make(in); p.Counts[model.KindWrapUpCode].Held != 80 {
		t.Errorf("80 after 21: %+v", p.Guard)
	}
}

// Who takes over what was mapped adds nothing, nor does what shares an EX object; a skill that is renamed is made anew.
func TestWhatIsNotMade(t *testing.T) {
	w := world2023().have(many(1, 20, plainUser)...).have(named(model.KindSkill, 3, "Chess")).have(many(100, 10, func(i int64) model.Object { return named(model.KindSkill, i, fmt.Sprint("S", i)) })...)
	heir := aUser(50, employee("E1"), userName("u1"), mail("u1@example.com"))
	in := w.input(concat(many(2, 19, plainUser), []model.Object{heir, aUser(60), named(model.KindSkill, 3, "Go")},
		many(100, 10, func(i int64) model.Object { return named(model.KindSkill, i, fmt.Sprint("S", i)) }))...)
	p := plan.Make(in)
	if v := verdict(p, model.KindUser, plan.ClassMade); v.Wanted != 1 {
		t.Errorf("users made: %+v", v)
	}
	if v := verdict(p, model.KindSkill, plan.ClassNames); v.Wanted != 1 {
		t.Errorf("skills made: %+v", v)
	}
	// The one that is new is remembered as new: its memberships are no additions to what was mapped.
	if drawn(p, model.KindUser, plan.ClassNewcomers) != 1 {
		t.Errorf("draws %+v", p.Draws)
	}
}

// crowded is a site of 60 users in 30 queues of 20, and a few queues of nobody.
func crowded(links int64) (*world, []model.Object) {
	w := world2023().have(many(1, 60, plainUser)...)
	desired := many(1, 60, plainUser)
	for i := int64(1); i <= 30; i++ {
		w.have(aQueue(i), aMembers(i, numbers(1+i, 20)...))
		desired = append(desired, aQueue(i), aMembers(i, numbers(1+i, 20)...))
	}
	for i := int64(100); i < 100+links; i++ {
		w.have(aQueue(i))
		desired = append(desired, aQueue(i), aMembers(i, numbers(1, 50)...))
	}
	return w, desired
}

// RULES 4 "memberships added to users mapped before the window: the larger of 1,000 and 50 % of all". A list that is not
// controlled yet waits whole; lists that nothing is added to go on.
func TestTheGuardOnMembershipsAdded(t *testing.T) {
	w, desired := crowded(20) // 1,000 added to 600
	if p := plan.Make(w.input(desired...)); len(p.Held) != 0 || drawn(p, model.KindMembers, plan.ClassJoins) != 1000 {
		t.Errorf("1,000 added: held %v, %d drawn", heldSaid(p), drawn(p, model.KindMembers, plan.ClassJoins))
	}
	w, desired = crowded(21)
	in := w.input(append(desired[:len(desired):len(desired)], aUser(500), aQueue(200), aMembers(200, 500))...)
	p := plan.Make(in)
	wantTripped(t, p, model.KindMembers, plan.ClassJoins)
	wantLines(t, "changes", said(p), "create queue/200", "create user/500", "create members/200")
	if n := p.Counts[model.KindMembers].Held; n != 21 {
		t.Errorf("%d lists are held", n)
	}
	if v := verdict(p, model.KindMembers, plan.ClassJoins); v.Held != 1050 || v.Objects[0] != "u1@example.com in Queue 100" {
		t.Errorf("%+v", v)
	}
	for _, h := range p.Held {
		if len(h.Change.Object.Members) != 50 || h.Code != plan.HeldGuard {
			t.Errorf("%s is held as %s", phrase(h.Change), h.Code)
		}
	}
	in.Approved = approveAll(p)
	if p := plan.Make(in); p.Counts[model.KindMembers].Create != 22 || len(p.Held) != 0 {
		t.Errorf("approved: %+v", p.Counts[model.KindMembers])
	}
	// Users who are new within the window are not counted.
	in.Approved = nil
	in.Counted = func(k model.Kind, c plan.Class, name string) bool {
		return k == model.KindUser && c == plan.ClassNewcomers && name == "user/7"
	}
	if v := verdict(plan.Make(in), model.KindMembers, plan.ClassJoins); v.Wanted != 1029 {
		t.Errorf("one of them is new: %+v", v)
	}
}

// The lists of queues that the guard holds are not counted: they wait for their queues.
func TestMembersOfAHeldQueueAreNotCounted(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(many(1, 20, plainQueue)...).have(aMembers(1, numbers(1, 20)...))
	desired := concat(many(1, 60, plainUser), many(1, 1100, plainQueue), []model.Object{aMembers(1, numbers(1, 20)...)})
	for i := int64(100); i < 200; i++ {
		desired = append(desired, aMembers(i, numbers(1, 60)...))
	}
	p := plan.Make(w.input(desired...))
	if v := verdict(p, model.KindMembers, plan.ClassJoins); v.Wanted != 0 || p.Counts[model.KindQueue].Held != 1080 || p.Counts[model.KindMembers].Held != 100 {
		t.Errorf("%+v, %+v", v, p.Counts)
	}
	for _, h := range p.Held {
		if h.Change.Key.Kind == model.KindMembers && h.Code != plan.HeldDepends {
			t.Errorf("%s is held as %s", h.Change.Key, h.Code)
		}
	}
}

// RULES 4 "a queue of 10 or more that would more than triple waits for a second read": who leaves goes at once.
func TestAQueueThatGrowsManifoldWaitsForASecondRead(t *testing.T) {
	for _, c := range []struct {
		size, grown int64
		waits       bool
	}{{10, 30, false}, {10, 31, true}, {9, 60, false}, {20, 60, false}} {
		w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, c.size)...), aQueue(8), aMembers(8, numbers(1, 60)...))
		desired := concat(many(1, 60, plainUser), []model.Object{aQueue(7), aMembers(7, numbers(1, c.grown)...), aQueue(8), aMembers(8, numbers(1, 60)...)})
		p := w.run(w.input(desired...))
		if got := len(p.Held) == 1 && p.Held[0].Code == plan.HeldSecond; got != c.waits {
			t.Errorf("from %d to %d: held %v", c.size, c.grown, heldSaid(p))
		}
		if !c.waits {
			continue
		}
		again := w.input(desired...)
		again.Waiting, again.Now = waitingSince(p, now), now.Add(59*time.Second)
		if p := plan.Make(again); len(p.Changes) != 0 {
			t.Errorf("a second early: %v", said(p))
		}
		again.Now = now.Add(time.Minute)
		if w.run(again); len(w.rows[members(7)].Object.Members) != int(c.grown) {
			t.Errorf("after the wait the row holds %v", w.rows[members(7)].Object.Members)
		}
	}
}

// Who moves to a queue that must wait stays where he is: nobody is out of work because EXCS holds the half of an edit.
func TestWhoMovesStaysUntilHeMayJoin(t *testing.T) {
	w := world2023().have(many(1, 60, plainUser)...).have(aQueue(7), aMembers(7, numbers(1, 10)...), aQueue(8), aMembers(8, numbers(11, 40)...), aQueue(9), aMembers(9, numbers(50, 11)...))
	// 23 of 40 move to queue 7, one of them is in queue 9 too, and another leaves for good.
	desired := concat(many(1, 60, plainUser), []model.Object{
		aQueue(7), aMembers(7, numbers(1, 32)...), aQueue(8), aMembers(8, append(numbers(34, 16), 50)...), aQueue(9), aMembers(9, append(numbers(50, 11), 11)...),
	})
	in := w.input(desired...)
	in.Settings.Guard.QueueLoss = 1 // that queue 8 loses many is not looked at here
	p := w.run(in)
	if got, want := w.rows[members(8)].Object.Members, append(numbers(12, 21), numbers(34, 17)...); !slices.Equal(got, want) {
		t.Errorf("queue 8 has %v, want %v: 11 works in queue 9, 33 left for good, the others move", got, want)
	}
	in = w.input(desired...)
	in.Settings.Guard.QueueLoss = 1
	in.Waiting, in.Now = waitingSince(p, now), now.Add(time.Minute)
	w.run(in)
	wantEmpty(t, w, desired...)
}

// RULES 4 "addresses of existing users: 24 hours, the larger of 10 and 5 %": the addresses wait, the rest goes.
func TestTheGuardOnAddresses(t *testing.T) {
	for _, c := range []struct {
		mapped, changed int64
		drawn           int
		held            bool
	}{{60, 10, 0, false}, {60, 11, 0, true}, {60, 1, 10, true}, {400, 20, 0, false}, {400, 21, 0, true}, {9, 9, 0, false}} {
		w := world2023().have(many(1, c.mapped, plainUser)...)
		in := w.input(concat(many(1, c.changed, func(i int64) model.Object { return aUser(i, name("X"), mail(fmt.Sprintf("x%d@example.com", i))) }),
			many(1+c.changed, c.mapped-c.changed, plainUser))...)
		in.Drawn = plan.Drawn{model.KindUser: {plan.ClassAddresses: c.drawn}}
		p := w.run(in)
		if got := len(p.Held) == int(c.changed); got != c.held || p.Counts[model.KindUser].Update != int(c.changed) {
			t.Errorf("%+v: %v, held %v", c, p.Counts[model.KindUser], heldSaid(p))
		}
		if row := w.rows[user(1)].Object; row.Name != "X" || (row.Email == "u1@example.com") != c.held {
			t.Errorf("%+v: the row holds %s %s", c, row.Name, row.Email)
		}
		if !c.held {
			continue
		}
		wantTripped(t, p, model.KindUser, plan.ClassAddresses)
		in = w.input(in.Objects...)
		in.Approved = approveAll(p)
		if p := w.run(in); len(p.Held) != 0 || w.rows[user(1)].Object.Email != "x1@example.com" || drawn(p, model.KindUser, plan.ClassAddresses) != 0 {
			t.Errorf("approved: %v", heldSaid(p))
		}
	}
}

// An address that another mapped user had is believed once a second read, 15 minutes later, agrees; the user's own former one
// comes back at once.
func TestAnAddressOfAnotherWaits(t *testing.T) {
	had := map[string]bool{}
	counted := func(k model.Kind, c plan.Class, name string) bool {
		return k == model.KindUser && c == plan.ClassFormer && had[name]
	}
	w := world2023().have(many(1, 60, plainUser)...)
	run := func(waiting map[string]time.Time, at time.Time, edits ...model.Object) plan.Plan {
		in := w.input(append(edits, many(int64(1+len(edits)), int64(60-len(edits)), plainUser)...)...)
		in.Counted, in.Waiting, in.Now = counted, waiting, at
		p := w.run(in)
		for _, d := range p.Draws {
			if d.Class == plan.ClassFormer {
				had[d.Name] = true
			}
		}
		return p
	}
	one, two := aUser(1, mail("new@example.com")), aUser(2, mail("u1@example.com"), name("X"))
	run(nil, now, one)
	p := run(nil, now.Add(time.Hour), one, two)
	wantPlan(t, p, []string{"update user/2 name[User 2>X]"}, []string{"second read: update user/2 email[u2@example.com>u1@example.com]"})
	if p := run(waitingSince(p, now.Add(time.Hour)), now.Add(74*time.Minute), one, two); len(p.Changes) != 0 {
		t.Errorf("a minute early: %v", said(p))
	}
	// What else changes of the user does not begin the wait anew.
	two.Name = "Y"
	p = run(waitingSince(p, now.Add(time.Hour)), now.Add(75*time.Minute), one, two)
	wantPlan(t, p, []string{"update user/2 name[X>Y] email[u2@example.com>u1@example.com]"}, nil)
	// user/2 goes back to its own.
	wantPlan(t, run(nil, now.Add(2*time.Hour), one, aUser(2)), []string{"update user/2 name[Y>User 2] email[u1@example.com>u2@example.com]"}, nil)
	for name := range had {
		if strings.Contains(name, "user/") && !strings.Contains(name, " user/") {
			t.Errorf("a name of the window: %q", name)
		}
	}
}

// RULES 4 "assignments: added ones are not counted, those taken away or re-levelled the larger of 100 users and 60 %, and
// only the taking away is held".
func TestTheGuardOnAssignments(t *testing.T) {
	before := func(i int64) model.Object {
		return aUser(i, has(1, "Chess", 2), has(2, "Go", 1), speaks(3, "English", 1))
	}
	after := map[string]func(int64) model.Object{
		"added": func(i int64) model.Object { return edited(before(i), []func(*model.Object){has(5, "Bridge", 1)}) },
		"levels": func(i int64) model.Object {
			return aUser(i, has(1, "Chess", 5), has(2, "Go", 1), speaks(3, "English", 1))
		},
		"taken": func(i int64) model.Object {
			return aUser(i, has(1, "Chess", 3), has(5, "Bridge", 1), speaks(3, "English", 1))
		},
		"languages": func(i int64) model.Object { return aUser(i, has(1, "Chess", 2), has(2, "Go", 1)) },
		"renamed": func(i int64) model.Object {
			return aUser(i, has(1, "Chess", 2), has(2, "Weiqi", 1), speaks(3, "English", 1))
		},
	}
	for name, edit := range after {
		for _, n := range []int64{120, 121} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				w := world2023().have(many(1, 200, before)...)
				in := w.input(append(many(1, n, edit), many(1+n, 200-n, before)...)...)
				in.Settings.Guard.UpdateWindow = time.Hour
				p := w.run(in)
				row := w.rows[user(1)].Object
				v := verdict(p, model.KindUser, plan.ClassAssignments)
				holds := n == 121 && (name == "taken" || name == "languages")
				if v.Tripped != holds || (len(p.Held) > 0) != holds || verdict(p, model.KindUser, plan.ClassUpdates).Wanted != 0 {
					t.Errorf("%+v, %d held", p.Guard, len(p.Held))
				}
				want := edit(1)
				if holds && name == "taken" {
					want = aUser(1, has(1, "Chess", 3), has(2, "Go", 1), has(5, "Bridge", 1), speaks(3, "English", 1))
				} else if holds {
					want = before(1)
				}
				if row.Fingerprint() != want.Fingerprint() {
					t.Errorf("the row holds %v %v, want %v %v", row.Skills, row.Languages, want.Skills, want.Languages)
				}
				counts := map[string]int{"added": 0, "renamed": 0}
				if c, ok := counts[name]; !ok && v.Wanted != int(n) || ok && v.Wanted != c {
					t.Errorf("counted %d", v.Wanted)
				}
				if !holds {
					return
				}
				in = w.input(in.Objects...)
				in.Approved = approveAll(p)
				if w.run(in); w.rows[user(1)].Object.Fingerprint() != edit(1).Fingerprint() {
					t.Errorf("approved: the row holds %v %v", w.rows[user(1)].Object.Skills, w.rows[user(1)].Object.Languages)
				}
			})
		}
	}
}

// RULES 4 "guard after a gap": n times the hourly allowances for additions and fields, at most 24; none for removals, and
// nothing of it is drawn from the hour that begins.
func TestTheGuardAfterAGap(t *testing.T) {
	w := world2023().have(many(1, 100, plainUser)...).have(many(1, 100, plainQueue)...)
	in := w.input(concat(many(1, 100, func(i int64) model.Object { return aUser(i, name("X")) }), many(12, 89, plainQueue))...)
	for gap, held := range map[int]bool{0: true, 1: true, 2: false, 20: false, 100: false} {
		in.Gap = gap
		p := plan.Make(in)
		if (p.Counts[model.KindUser].Held == 100) != held || p.Counts[model.KindQueue].Held != 11 {
			t.Errorf("after %d hours: %+v", gap, p.Counts)
		}
		if n := drawn(p, model.KindUser, plan.ClassUpdates); n != 0 {
			t.Errorf("after %d hours %d are drawn", gap, n)
		}
		if v := verdict(p, model.KindUser, plan.ClassUpdates); v.Limit != 50*max(1, min(gap, 24)) {
			t.Errorf("after %d hours the limit is %d: %s", gap, v.Limit, v.Text)
		}
	}
	in.Settings.Guard.Addresses = rules.Threshold{Count: 1}
	in.Gap = 24
	in.Objects[0].Email, in.Objects[1].Email = "a@x.example", "b@x.example"
	if v := verdict(plan.Make(in), model.KindUser, plan.ClassAddresses); !v.Tripped {
		t.Errorf("addresses have a day's allowance as it is: %+v", v)
	}
}
