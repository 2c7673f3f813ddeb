package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/plan"
)

// A plan and its hashes do not depend on the order in which rows came.
func TestAPlanDoesNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		in := w.input(s.objects()...)
		in.Rejects = []model.Reject{{Key: user(9001), Reason: "b"}, {Key: user(9000), Reason: "a"}}
		in.Notes = []model.Note{{Text: "b"}, {Text: "a"}}
		want := plan.Make(in)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffle(r, in.Objects)
		shuffle(r, in.Delta.New)
		shuffle(r, in.Delta.Changed)
		shuffle(r, in.Delta.Lost)
		shuffle(r, in.Rejects)
		shuffle(r, in.Notes)
		if diff := cmp.Diff(want, plan.Make(in)); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// P11: making a plan changes nothing that it was given.
func TestMakeChangesNothingThatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		in, same := w.input(s.objects()...), w.input(s.objects()...)
		slices.SortFunc(in.Delta.Lost, model.Key.Compare)
		slices.SortFunc(same.Delta.Lost, model.Key.Compare)
		plan.Make(in)
		proofs := cmp.Comparer(func(a, b model.Proven) bool { return a.Valid() == b.Valid() })
		if diff := cmp.Diff(same, in, proofs); diff != "" {
			t.Fatalf("the input was changed:\n%s", diff)
		}
	})
}

// P4: what goes without an approval, with what was drawn before, never passes a limit of the guard.
func TestTheGuardNeverLetsMoreThroughThanItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		in := w.input(s.objects()...)
		in.Drawn = plan.Drawn{}
		for _, k := range model.Kinds() {
			in.Drawn[k] = map[plan.Class]int{}
			for _, c := range plan.Classes(k) {
				in.Drawn[k][c] = rapid.IntRange(0, 60).Draw(t, "drawn")
			}
		}
		for _, h := range plan.Make(in).Held {
			if rapid.IntRange(0, 3).Draw(t, "approve") == 0 {
				in.Approved[h.ID] = true
			}
		}
		through := plan.Drawn{}
		memberships, lost := 0, 0
		for _, o := range w.rows {
			memberships += len(o.Object.Members)
		}
		p := plan.Make(in)
		for _, c := range p.Changes {
			if p.Approved[c.Key] {
				continue
			}
			if through[c.Key.Kind] == nil {
				through[c.Key.Kind] = map[plan.Class]int{}
			}
			for _, class := range drawnBy(c) {
				through[c.Key.Kind][class]++
			}
			for _, f := range c.Fields {
				if f.Name == model.FieldMembers {
					lost += len(f.Removed)
				}
			}
		}
		for k, classes := range through {
			for c, n := range classes {
				limit, active := plan.GuardLimit(in.Settings, c, in.Delta.Mapped[k], in.Delta.Mapped[k])
				if active && in.Drawn.Of(k, c)+n > limit {
					t.Fatalf("%d %s of %s after %d, limit %d", n, c, k, in.Drawn.Of(k, c), limit)
				}
			}
		}
		limit, active := plan.GuardLimit(in.Settings, plan.ClassMemberships, memberships, memberships)
		if drawn := in.Drawn.Of(model.KindMembers, plan.ClassMemberships); active && lost > 0 && drawn+lost > limit {
			t.Fatalf("%d memberships after %d, limit %d", lost, drawn, limit)
		}
	})
}

// drawnBy gives the classes that the guard counts a change as. Member lists count by their members, and additions are of
// what was mapped before.
func drawnBy(c model.Change) []plan.Class {
	class := plan.ClassOf(c)
	switch {
	case class == plan.ClassRemovals:
		return []plan.Class{class}
	case c.Key.Kind == model.KindMembers || class == plan.ClassNone:
		return nil
	case c.Key.Kind == model.KindUser && c.Action == model.ActionUpdate:
		return slices.DeleteFunc(plan.FieldClasses(c.Fields), func(c plan.Class) bool { return c == plan.ClassAssignments }) // levels always go
	default:
		return []plan.Class{class}
	}
}

// P3 and RULES 5.1: without a proof nothing goes, and a kind in doubt loses nothing, approved or not.
func TestNoProofNoRemoval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		in := w.settleInput(s.objects())
		in.Proof = model.Proven{}
		if p := plan.Make(in); !p.Empty() {
			t.Fatalf("no proof at all: %v, forgotten %v", said(p), forgotten(p))
		}
		in.Proof = proofWithout(rapid.SliceOfDistinct(rapid.SampledFrom(tables), rapid.ID[model.Table]).Draw(t, "empty")...)
		if rapid.Bool().Draw(t, "went back") {
			in.Proof = proofBack()
		}
		if in.Proof.WentBack() != "" {
			for _, c := range plan.Make(in).Changes {
				if c.Action != model.ActionCreate && len(c.Fields) > 0 {
					t.Fatalf("%s: %s", in.Proof.WentBack(), phrase(c))
				}
			}
			return
		}
		// Whatever the tables that are empty decide: to the row it is as if they had never been read.
		before := map[model.Key]model.Object{}
		for k, row := range w.rows {
			before[k] = row.Object
		}
		for _, c := range plan.Make(in).Changes {
			for table := range in.Proof.Doubts() {
				if follows[table](c, before[c.Key]) {
					t.Fatalf("%s: %s", in.Proof.Doubts()[table], phrase(c))
				}
			}
		}
	})
}

// P1: carrying a plan out, approvals and waits included, leads in a few runs to an empty plan; and a plan whose held part
// waits has nothing more to do either.
func TestCarryingAPlanOutLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		for range 3 {
			w.run(w.input(s.objects()...))
			if rapid.Bool().Draw(t, "edit") {
				s.edit(t)
			}
		}
		for range 6 {
			w.run(w.input(s.objects()...))
		}
		if p := w.run(w.input(s.objects()...)); !p.Empty() {
			t.Fatalf("held changes make others go round: %v, forgotten %v", said(p), forgotten(p))
		}
		for range 8 {
			w.run(w.settleInput(s.objects()))
		}
		p := plan.Make(w.input(s.objects()...))
		if !p.Empty() || len(p.Held) != 0 {
			t.Fatalf("not empty: %v\nheld %v\nforgotten %v", said(p), heldSaid(p), forgotten(p))
		}
		for _, o := range s.objects() {
			row, ok := w.rows[o.Key]
			if !ok || row.Orphan || row.Leaving || row.Object.Fingerprint() != o.Fingerprint() {
				t.Fatalf("%s is not as desired: %+v", o.Key, row)
			}
		}
	})
}

// P5: after any history no EX object belongs to two keys, but for names that are one.
func TestNoEXObjectBelongsToTwoKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		for range rapid.IntRange(1, 5).Draw(t, "runs") {
			if rapid.Bool().Draw(t, "approve") {
				w.run(w.settleInput(s.objects()))
			} else {
				w.run(w.input(s.objects()...))
			}
			s.edit(t)
		}
		owners := map[string]model.Key{}
		for k, row := range w.rows {
			if row.EXID == "" || row.Object.SameAs != 0 || k.Kind == model.KindMembers {
				continue
			}
			id := string(k.Kind) + row.EXID
			if other, ok := owners[id]; ok {
				t.Fatalf("%s and %s have the EX object %s", k, other, row.EXID)
			}
			owners[id] = k
		}
	})
}

// Held removals are never written to a row (RULES 8): who would leave a queue is in its row until that goes.
func TestHeldRemovalsAreNeverWrittenToARow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		before := map[model.Key][]int64{}
		for k, row := range w.rows {
			before[k] = row.Object.Members
		}
		p := w.run(w.input(s.objects()...))
		exchanged := map[int64]int64{}
		for _, c := range p.Changes {
			if c.Key.Kind == model.KindUser && !c.From.IsZero() {
				exchanged[c.From.DBID] = c.Key.DBID
			}
		}
		for _, h := range p.Held {
			row, ok := w.rows[h.Change.Key]
			switch h.Change.Action {
			case model.ActionDelete, model.ActionDeactivate, model.ActionOrphan:
				if !ok || row.Leaving || row.Orphan || w.index[h.Change.Key] == 0 {
					t.Fatalf("%s is held, and its row is %+v", phrase(h.Change), row)
				}
			}
			if h.Change.Key.Kind != model.KindMembers || !h.Change.From.IsZero() {
				continue
			}
			for _, m := range before[h.Change.Key] {
				if n, ok := exchanged[m]; ok {
					m = n
				}
				label := fmt.Sprintf("u%d@example.com", m)
				if len(h.Change.Fields) > 0 && slices.Contains(h.Change.Fields[0].Removed, label) && !slices.Contains(row.Object.Members, m) {
					t.Fatalf("%s is held, and %d is no member any more: %v", phrase(h.Change), m, row.Object.Members)
				}
			}
		}
	})
}

// Every desired object is accounted for once: changed, held, rejected or unchanged; and every count is of something.
func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := genWorld(t)
		p := plan.Make(w.input(s.objects()...))
		for k, n := range p.Counts {
			busy := map[model.Key]bool{}
			gone := 0
			for _, c := range p.Changes {
				if c.Key.Kind == k {
					busy[c.Key] = true
				}
			}
			for _, h := range p.Held {
				if h.Change.Key.Kind == k {
					busy[h.Change.Key] = true
				}
			}
			for b := range busy {
				if !slices.ContainsFunc(s.objects(), func(o model.Object) bool { return o.Key == b }) {
					gone++
				}
			}
			if n.Engage-n.Rejected != n.Unchanged+len(busy)-gone {
				t.Fatalf("%s: %+v, %d with a change, %d of them gone", k, n, len(busy), gone)
			}
		}
	})
}

// follows says of each table whether a change would make something of its rows, or of their absence.
var follows = map[model.Table]func(c model.Change, before model.Object) bool{
	model.TablePerson:     isOf(model.KindUser, model.KindMembers),
	model.TableSkill:      either(isOf(model.KindSkill, model.KindLanguage, model.KindMembers), losesSkills),
	model.TableSkillLevel: either(isOf(model.KindMembers), losesSkills),
	model.TableDN:         isOf(model.KindQueue, model.KindMembers),
	model.TableSwitch:     isOf(model.KindQueue, model.KindMembers),
	model.TableGroup:      isOf(model.KindMembers),
	model.TableGroupAgent: isOf(model.KindMembers),
	model.TableGroupDN:    isOf(model.KindMembers),
	model.TableScript:     isOf(model.KindMembers),
	model.TableAttribute:  either(isOf(model.KindSkill, model.KindLanguage, model.KindWrapUpCode), losesSkills),
	model.TableAttrValue:  either(isOf(model.KindSkill, model.KindLanguage, model.KindWrapUpCode), losesSkills),
}

func isOf(kinds ...model.Kind) func(model.Change, model.Object) bool {
	return func(c model.Change, _ model.Object) bool {
		// A refresh exchanges the old key of a user that was taken over, and the members of a queue that was taken over go on
		// under its new key as they are: nothing of either goes to the EX Org.
		silent := c.Action == model.ActionRefresh || c.Key.Kind == model.KindMembers && c.Action == model.ActionAdopt && len(c.Fields) == 0
		return slices.Contains(kinds, c.Key.Kind) && !silent
	}
}

func either(a, b func(model.Change, model.Object) bool) func(model.Change, model.Object) bool {
	return func(c model.Change, before model.Object) bool { return a(c, before) || b(c, before) }
}

// losesSkills says whether a user that is there would have other skills or languages than its row holds.
func losesSkills(c model.Change, before model.Object) bool {
	return c.Key.Kind == model.KindUser && !before.Key.IsZero() &&
		(!slices.Equal(c.Object.Skills, before.Skills) || !slices.Equal(c.Object.Languages, before.Languages))
}
