package verify_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

// Whatever an administrator does to mapped objects, in whatever number, through lists that shift and sweeps that are cut
// off: after some hours of verify and worker the EX Org is as it was.
func TestAnythingIsUndone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithSeed(rapid.Uint64().Draw(r, "seed")), exorgtest.WithExpandOmission(rapid.SampledFrom([]float64{0, 0.3}).Draw(r, "omission")))
		before := g.picture(t)
		for range rapid.IntRange(1, 6).Draw(r, "edits") {
			g.vandalise(t, r)
		}
		if rapid.Bool().Draw(r, "shift") {
			g.org.Fail(exorgtest.Fault{Kind: exorgtest.PageSkip, Method: http.MethodGet, Times: rapid.IntRange(1, 20).Draw(r, "skips")})
		}
		for range 4 {
			for _, kinds := range [][]model.Kind{nil, {model.KindMembers}, {model.KindUser}} {
				g.cutOff(t, r, verify.Request{Kinds: kinds})
			}
			g.org.Heal()
			g.converge(t)
			g.rest()
		}
		if d := cmp.Diff(before, g.picture(t)); d != "" {
			r.Fatalf("the EX Org is not as it was (-before +after):\n%s", d)
		}
		if rest := g.heal(t, 1); len(rest) > 0 {
			r.Fatalf("a further sweep still finds %v", what(rest))
		}
	})
}

// cutOff makes a sweep in pieces of a random length.
func (g *stage) cutOff(t testing.TB, r *rapid.T, req verify.Request) {
	t.Helper()
	for range 40 {
		length := rapid.IntRange(15, 200).Draw(r, "seconds")
		report, err := g.Sweep(until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + seconds(length))}, req)
		must(t, err)
		if report.Done {
			return
		}
		g.clock.Pass(seconds(rapid.IntRange(1, 100).Draw(r, "pause")))
	}
	t.Fatal("the sweep does not come to its end")
}

// vandalise changes a controlled field of a mapped object, or deletes the object.
func (g *stage) vandalise(t testing.TB, r *rapid.T) {
	t.Helper()
	pick := func(kind model.Kind) mapping.Row {
		rows := slices.DeleteFunc(g.rowsOf(t, kind), func(row mapping.Row) bool { return row.Desired.SameAs != 0 })
		return rows[rapid.IntRange(0, len(rows)-1).Draw(r, string(kind))]
	}
	user, queue, members := pick(model.KindUser), pick(model.KindQueue), pick(model.KindMembers)
	edits := []func() error{
		func() error {
			if user.Desired.State == model.StateInactive {
				return nil // whom Engage has disabled stays deleted: there is nothing to undo
			}
			return g.org.DeleteUser(user.EXID)
		},
		func() error { return g.org.DeactivateUser(user.EXID) },
		func() error { return g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }) },
		func() error {
			return g.org.EditUser(user.EXID, func(raw map[string]any) { raw["email"] = "other-" + user.EXID + "@elsewhere.example" })
		},
		func() error {
			return g.org.RemoveExternalID(user.EXID, exorgtest.ExternalID{Authority: "engage", Key: user.Desired.ExternalKey})
		},
		func() error { return g.org.SetUserSkill(user.EXID, pick(model.KindSkill).EXID, 0.5) },
		func() error { return g.org.SetUserLanguage(user.EXID, pick(model.KindLanguage).EXID, 1) },
		func() error { return g.org.DeleteQueue(queue.EXID) },
		func() error {
			return g.org.EditQueue(queue.EXID, func(raw map[string]any) { raw["name"] = "Other " + queue.EXID })
		},
		func() error { return g.org.EditQueue(queue.EXID, func(raw map[string]any) { delete(raw, "peerId") }) },
		func() error { return g.org.AddMembers(members.EXID, user.EXID) },
		func() error { return g.org.RemoveMembers(members.EXID, user.EXID) },
		func() error { return g.org.DeleteSkill(pick(model.KindSkill).EXID) },
		func() error { return g.org.DeleteLanguage(pick(model.KindLanguage).EXID) },
		func() error { return g.org.DeleteCode(pick(model.KindWrapUpCode).EXID) },
		func() error { return g.org.DeleteSource(pick(model.KindSource).EXID) },
	}
	// An edit may be refused: the object is gone already. That is as good.
	_ = rapid.SampledFrom(edits).Draw(r, "edit")()
}

// Whatever is asked for whenever, a sweep makes no more calls in a minute than its share, and never a write.
func TestAlwaysWithinTheShare(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	rapid.Check(t, func(r *rapid.T) {
		g.org.ResetCounters()
		for range rapid.IntRange(1, 4).Draw(r, "sweeps") {
			kinds := rapid.SliceOfNDistinct(rapid.SampledFrom(model.Kinds()), 0, 3, rapid.ID[model.Kind]).Draw(r, "kinds")
			ctx := context.Context(until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + seconds(rapid.IntRange(0, 100).Draw(r, "time")))})
			if _, err := g.Sweep(ctx, verify.Request{Kinds: kinds, Dry: rapid.Bool().Draw(r, "dry")}); err != nil {
				r.Fatal(err)
			}
			g.clock.Pass(seconds(rapid.IntRange(0, 30).Draw(r, "pause")))
		}
		if n := g.mostPerMinute(); n > 60 {
			r.Fatalf("%d calls in a minute", n)
		}
		if n := g.org.Totals().Writes; n > 0 || g.waiting(t) > 0 {
			r.Fatalf("%d writes, %d messages in a site that is right", n, g.waiting(t))
		}
	})
}
