package translate_test

import (
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/translate"
)

// rapidTB lets helpers that want a testing.TB report to rapid.
type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Helper()                   {}
func (r rapidTB) Fatal(args ...any)         { r.t.Fatal(args...) }
func (r rapidTB) Fatalf(f string, a ...any) { r.t.Fatalf(f, a...) }

func diff(t *rapid.T, what string, want, got any) {
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// Members and assignments are what a slow and obvious reference says, whatever the site.
func TestPropertyReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, s := drawWorld(rt), drawSettings(rt)
		s.Limits.QueueMembers = 5000
		r := translate.Translate(prove(t, &w.Snapshot), s, nil)
		users, queues, lists := map[int64]bool{}, map[int64]bool{}, map[int64]model.Object{}
		for _, o := range r.Objects {
			switch o.Key.Kind {
			case model.KindUser:
				users[o.Key.DBID] = true
				skills, languages := w.referenceAssignments(s, o.Key.DBID)
				diff(rt, "skills of "+o.Key.String(), skills, byName(o.Skills))
				diff(rt, "languages of "+o.Key.String(), languages, byName(o.Languages))
			case model.KindQueue:
				queues[o.Key.DBID] = true
			case model.KindMembers:
				lists[o.Key.DBID] = o
			default:
			}
		}
		for queue := range queues {
			members, linked, sure := w.referenceMembers(s, queue, users)
			list, has := lists[queue]
			if has != linked {
				rt.Fatalf("queue %d: members object %v, linked %v", queue, has, linked)
			}
			if linked {
				diff(rt, "members", members, list.Members)
				diff(rt, "AddOnly", !sure, list.AddOnly)
			}
		}
		for queue := range lists {
			if !queues[queue] {
				rt.Fatalf("members/%d without its queue", queue)
			}
		}
	})
}

func byName(as []model.Assignment) map[string]float64 {
	out := map[string]float64{}
	for _, a := range as {
		out[strings.ToLower(a.Name)] = a.Level.Float()
	}
	return out
}

// What a result promises of itself: keys sorted and single, addresses and names the EX Org can tell apart, sets sorted,
// every member a user, every rejected key without a row absent.
func TestPropertyWellFormed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, s := drawWorld(rt), drawSettings(rt)
		r := translate.Translate(prove(t, &w.Snapshot), s, nil)
		keys := make([]model.Key, len(r.Objects))
		taken := map[[2]string]model.Object{}
		for i, o := range r.Objects {
			keys[i] = o.Key
			c := o.Clone()
			c.Normalize()
			diff(rt, "normalized", c, o)
			if o.Key.Kind == model.KindUser {
				unique(rt, taken, [2]string{"e-mail", model.Fold(o.Email)}, o)
			}
			if o.Key.Kind != model.KindUser && o.Key.Kind != model.KindMembers {
				unique(rt, taken, [2]string{"name of a " + string(o.Key.Kind), model.Fold(o.Name)}, o)
			}
		}
		if !slices.IsSortedFunc(keys, model.Key.Compare) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			rt.Fatalf("keys are not sorted and single: %v", keys)
		}
		for _, reject := range r.Rejects {
			if slices.Contains(keys, reject.Key) && reject.Key.Kind != model.KindMembers {
				rt.Fatalf("%v is rejected and there, and nothing is mapped", reject)
			}
		}
		if len(r.Frozen)+len(r.Suspects) > 0 {
			rt.Fatalf("nothing is mapped, yet frozen: %v, suspects: %v", r.Frozen, r.Suspects)
		}
	})
}

func unique(t *rapid.T, taken map[[2]string]model.Object, id [2]string, o model.Object) {
	if o.SameAs != 0 {
		if other := taken[id]; other.Key.DBID != o.SameAs {
			t.Fatalf("%v is the same as %d, and %v has its %s", o.Key, o.SameAs, other.Key, id[0])
		}
		return
	}
	if other, again := taken[id]; again {
		t.Fatalf("%v and %v have one %s", other.Key, o.Key, id[0])
	}
	taken[id] = o
}

// Translate changes nothing that it is given: neither the snapshot nor the facts.
func TestPropertyLeavesItsArgumentsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, w := drawSettings(rt), drawWorld(rt)
		first, _, _ := table{}.converge(rapidTB{t, rt}, prove(t, &w.Snapshot), s, nil)
		next, rows, again := drawWorld(rt), table{}.after(first), table{}.after(first)
		for k, v := range again {
			again[k] = model.Known{Object: v.Object.Clone(), EXID: v.EXID}
		}
		p := prove(t, &next.Snapshot)
		before := next.clone()
		r := translate.Translate(p, s, model.Facts(rows))
		for _, o := range r.Objects {
			for i := range o.Skills {
				o.Skills[i].Level = -1
			}
			for i := range o.Members {
				o.Members[i] = -1
			}
		}
		diff(rt, "facts", again, rows)
		diff(rt, "snapshot", before.Snapshot, next.Snapshot)
	})
}

// The order of rows does not matter.
func TestPropertyPermutation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, s := drawWorld(rt), drawSettings(rt)
		first := translate.Translate(prove(t, &w.Snapshot), s, nil)
		rng := rand.New(rand.NewSource(rapid.Int64().Draw(rt, "order")))
		c := w.clone()
		shuffle(rng, c.Persons)
		shuffle(rng, c.Skills)
		shuffle(rng, c.Levels)
		shuffle(rng, c.DNs)
		shuffle(rng, c.Groups)
		shuffle(rng, c.GroupAgents)
		shuffle(rng, c.GroupDNs)
		shuffle(rng, c.Attributes)
		shuffle(rng, c.Values)
		diff(rt, "result", first, translate.Translate(prove(t, &c.Snapshot), s, nil))
	})
}

func shuffle[T any](rng *rand.Rand, rows []T) {
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
}

// history draws a few sites, one after another, and runs them against one table.
func history(t *testing.T, rt *rapid.T, check func(w *world, r translate.Result, rows table)) {
	s := drawSettings(rt)
	rows := table{}
	for range rapid.IntRange(1, 4).Draw(rt, "runs") {
		w := drawWorld(rt)
		r, _, _ := rows.converge(rapidTB{t, rt}, prove(t, &w.Snapshot), s, nil)
		before := rows
		rows = rows.after(r)
		check(w, r, before)
		p := prove(t, &w.Snapshot)
		// A run without changes says the same again: with every row known …
		diff(rt, "with its own output as facts", r.Objects, translate.Translate(p, s, model.Facts(rows.living(r))).Objects)
		// … with the hints of the run before, without reading a row …
		_, _, hints := before.converge(rapidTB{t, rt}, p, s, nil)
		for k := range hints {
			hints[k] = rows[k]
		}
		again, reads, _ := rows.living(r).converge(rapidTB{t, rt}, p, s, hints)
		diff(rt, "with the hints", r.Objects, again.Objects)
		diff(rt, "rows read with the hints", 0, reads)
		// … and without hints, at the cost of some reads.
		again, _, _ = rows.living(r).converge(rapidTB{t, rt}, p, s, nil)
		diff(rt, "without hints", r.Objects, again.Objects)
		rows = rows.living(r)
	}
}

// living drops the rows of what the run lost, as a caller does whose deletions are done.
func (rows table) living(r translate.Result) table {
	out := table{}
	for _, o := range r.Objects {
		out[o.Key] = rows[o.Key]
	}
	return out
}

// A run without changes gives the same objects, whatever happened before, and reads no row.
func TestPropertyFixpoint(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		history(t, rt, func(*world, translate.Result, table) {})
	})
}

// The caller's loop, which answers only some rows, ends where knowing every row from the start does: more facts never make
// an earlier right decision wrong.
func TestPropertyFewFactsSuffice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSettings(rt)
		w := drawWorld(rt)
		first, _, _ := table{}.converge(rapidTB{t, rt}, prove(t, &w.Snapshot), s, nil)
		rows := table{}.after(first)
		next := drawWorld(rt)
		p := prove(t, &next.Snapshot)
		some, _, _ := rows.converge(rapidTB{t, rt}, p, s, nil)
		all := translate.Translate(p, s, model.Facts(rows))
		diff(rt, "objects", all.Objects, some.Objects)
		diff(rt, "rejects", all.Rejects, some.Rejects)
	})
}
