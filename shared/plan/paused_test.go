package plan_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

const why = "kind x is paused since 2025-11-25T09:00:00Z by jane: reorganisation"

// pausing gives a plan's question what is paused: kinds and keys; queues with their member lists.
func pausing(kinds []model.Kind, keys ...model.Key) func(model.Key) string {
	return func(k model.Key) string {
		partner := k
		if k.Kind == model.KindMembers {
			partner = queue(k.DBID)
		}
		for _, x := range []model.Key{k, partner} {
			if slices.Contains(kinds, x.Kind) || slices.Contains(keys, x) {
				return why
			}
		}
		return ""
	}
}

// While everything is paused nothing goes, nothing is forgotten, and no approval helps; the plan shows what waits.
func TestEverythingIsPaused(t *testing.T) {
	for _, preset := range rules.Presets() {
		w, desired := oneOfEach(preset)
		in := w.input(desired...)
		whole := plan.Make(in)
		in.Paused = pausing(model.Kinds())
		p := plan.Make(in)
		in.Approved = approveAll(p)
		for _, p := range []plan.Plan{p, plan.Make(in)} {
			if len(p.Changes)+len(p.Forget) != 0 || len(p.Held) == 0 {
				t.Fatalf("changes %v, forgotten %v, %d held", said(p), forgotten(p), len(p.Held))
			}
			if p.HeldHashAll != "" {
				t.Error("a pause can be approved away")
			}
			for _, h := range p.Held {
				if h.Code != plan.HeldPaused || strings.TrimSuffix(h.Reason, plan.AccountOpen) != why {
					t.Errorf("%s is held as %s: %s", h.Change.Key, h.Code, h.Reason)
				}
			}
			for _, c := range whole.Changes {
				if c.Action != model.ActionRefresh && !heldAs(p, c.Key, plan.HeldPaused) {
					t.Errorf("%s does not show as paused", phrase(c))
				}
			}
		}
	}
}

// A paused kind waits and the others go on; what goes with a paused change waits with it.
func TestAPausedKindWaitsAlone(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	in.Paused = pausing([]model.Kind{model.KindUser})
	p := plan.Make(in)
	for _, c := range p.Changes {
		if c.Key.Kind == model.KindUser {
			t.Errorf("paused, and planned: %s", phrase(c))
		}
		if c.Key.Kind == model.KindMembers && slices.Contains(c.Object.Members, 9) {
			t.Errorf("a user whose creation is paused joins: %s", phrase(c))
		}
	}
	for _, k := range []model.Key{key(model.KindSkill, 5), key(model.KindWrapUpCode, 4), queue(7)} {
		if !plansFor(p, k) {
			t.Errorf("%s is not paused and waits", k)
		}
	}
}

// A pause of a queue stops its member list too.
func TestAPausedQueueKeepsItsMembers(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	in.Paused = pausing(nil, queue(7))
	p := plan.Make(in)
	for _, k := range []model.Key{queue(7), key(model.KindMembers, 7)} {
		if plansFor(p, k) || !heldAs(p, k, plan.HeldPaused) {
			t.Errorf("%s is not held as paused: %v", k, heldSaid(p))
		}
	}
	if !plansFor(p, queue(8)) {
		t.Error("the other queue waits too")
	}
}

// The EX object of a paused row is not taken over by a newcomer: that would write to it.
func TestAPausedRowIsNotTakenOver(t *testing.T) {
	w := world2023().orphan(aUser(4, employee("E7")))
	in := w.input(aUser(9, employee("E7")))
	in.Paused = pausing(nil, user(4))
	p := plan.Make(in)
	if len(p.Changes) != 0 || !heldAs(p, user(9), plan.HeldPaused) {
		t.Errorf("changes %v, held %v", said(p), heldSaid(p))
	}
}

// A pause is the weakest reason: the tenant's first plan, a missing proof and the guard's other doubts show through it.
func TestAPauseHidesNothing(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	in.Paused = pausing(model.Kinds())
	in.FirstRun = true
	for _, h := range plan.Make(in).Held {
		if h.Code != plan.HeldFirstPlan {
			t.Errorf("first plan: %s is held as %s", h.Change.Key, h.Code)
		}
	}
	in.Proof = proofBack()
	for _, h := range plan.Make(in).Held {
		if h.Code == plan.HeldPaused && h.Change.Action != model.ActionCreate {
			t.Errorf("went back: %s is held as paused", phrase(h.Change))
		}
	}
}

// The wait for a second read goes on during a pause, so it is over when that ends.
func TestASecondReadIsWaitedForDuringAPause(t *testing.T) {
	var many []int64
	for i := range int64(20) {
		many = append(many, i+1)
	}
	w := world2023().have(aQueue(7), aMembers(7, many...))
	desired := []model.Object{aQueue(7), aMembers(7, many[:10]...)}
	in := w.input(desired...)
	in.Paused = pausing([]model.Kind{model.KindMembers})
	p := plan.Make(in)
	if len(p.Held) != 1 {
		t.Fatalf("held %v", heldSaid(p))
	}
	in = w.input(desired...)
	in.Waiting, in.Now = waitingSince(p, p.Held[0].Since), now.Add(time.Hour)
	if p = plan.Make(in); len(p.Changes) != 1 || heldAs(p, key(model.KindMembers, 7), plan.HeldSecond) {
		t.Errorf("after the pause: changes %v, held %v", said(p), heldSaid(p))
	}
}

// What is paused is not drawn from the guard's windows.
func TestThePausedIsNotCounted(t *testing.T) {
	w := world2023()
	for i := range int64(100) {
		w.have(aQueue(i + 1))
	}
	in := w.input()
	if p := plan.Make(in); len(p.Guard) != 1 || !p.Guard[0].Tripped {
		t.Fatalf("guard %+v", p.Guard)
	}
	in.Paused = pausing([]model.Kind{model.KindQueue})
	if p := plan.Make(in); len(p.Guard) != 0 {
		t.Errorf("guard %+v", p.Guard)
	}
}

// P: whatever is paused, nothing of it is in the changes, but for member lists that name an heir or pass to a new queue as
// they are; and when the pause is over, runs come to the same end as without it.
func TestNothingPausedGoesAndAllOfItComesLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		kinds := rapid.SliceOfNDistinct(rapid.SampledFrom(model.Kinds()), 0, 3, rapid.ID[model.Kind]).Draw(t, "kinds")
		var keys []model.Key
		for range rapid.IntRange(0, 4).Draw(t, "keys") {
			keys = append(keys, model.Key{Kind: rapid.SampledFrom(model.Kinds()).Draw(t, "kind"), DBID: rapid.Int64Range(1, 70).Draw(t, "dbid")})
		}
		paused := pausing(kinds, keys...)
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			before := map[model.Key]model.Known{}
			for k, row := range w.rows {
				before[k] = row
			}
			in := w.settleInput(s.objects())
			in.Paused = paused
			p := w.run(in)
			for _, c := range p.Changes {
				lists := c.Key.Kind == model.KindMembers && (c.Action == model.ActionRefresh || c.Action == model.ActionAdopt && len(c.Fields) == 0)
				if (paused(c.Key) != "" || paused(c.From) != "") && !lists {
					t.Fatalf("paused, and planned: %s", phrase(c))
				}
			}
			s.edit(t)
		}
		for n := 0; ; n++ {
			p := w.run(w.settleInput(s.objects()))
			if len(p.Changes)+len(p.Forget)+len(p.Held) == 0 {
				break
			}
			if n == 12 {
				t.Fatalf("it does not come to an end: changes %v, held %v", said(p), heldSaid(p))
			}
		}
		for _, o := range s.objects() {
			row, ok := w.rows[o.Key]
			rejected := !ok && o.Key.Kind == model.KindUser // an address that another's orphan has
			if !rejected && o.Key.Kind != model.KindMembers && row.Object.Fingerprint() != o.Fingerprint() {
				t.Fatalf("%s did not come: %+v", o.Key, row)
			}
		}
	})
}

// A plan without anything to count has an empty list of verdicts, not null.
func TestAnEmptyPlanHasNoNull(t *testing.T) {
	b, err := plan.Make(world2023().input()).JSON(plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]json.RawMessage
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	for name, value := range d {
		if strings.TrimSpace(string(value)) == "null" {
			t.Errorf("%s is null", name)
		}
	}
}
