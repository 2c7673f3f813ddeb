package apply_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// begun wishes for an object, loses the answer to its creation and lets the creation's outcome be open: the object is there,
// or (never) is not.
func begun(b *bench, o model.Object, never bool) {
	b.Helper()
	b.want(o)
	hit := false
	cut := func(_ int, r *http.Request) error {
		if r.Method != http.MethodPost || hit || r.URL.Path == "/oauth/token" {
			return nil
		}
		hit = true
		return errCut
	}
	b.wire.mu.Lock()
	if never {
		b.wire.before = cut
	} else {
		b.wire.after = cut
	}
	b.wire.mu.Unlock()
	b.drain()
	b.wire.clear()
	if row := b.row(o.Key); row.Intent == nil || row.EXID != "" {
		b.Fatalf("the creation is not open: %+v", row)
	}
}

// An Engage object that goes while its creation's outcome is not known becomes an orphan with the EX id of what was made, so
// that the administrator sees it and somebody who comes back finds it. Nothing is written to it.
func TestWhatGoesWhileItIsCreated(t *testing.T) {
	for _, o := range []model.Object{user(5, "Ann"), skill(1, "Billing"), language(2, "German"), code(3, "Sold")} {
		t.Run(string(o.Key.Kind), func(t *testing.T) {
			in(t, func(b *bench) {
				begun(b, o, false)
				made := slices.Collect(maps.Keys(b.living()[o.Key.Kind]))
				b.same("made", len(made), 1)
				b.wish(goal(o, mapping.GoalOrphan))
				b.org.ResetCounters()
				b.minutes(10)
				row := b.state(o.Key, mapping.StateOrphan)
				b.same("EX id", row.EXID, made[0])
				b.same("intent", row.Intent, "<nil>")
				b.same("owners", b.owners(o.Key.Kind, made[0]), []model.Key{o.Key})
				b.same("writes", b.writes(), []string{})

				heir := o
				heir.Key.DBID = 77
				if o.Key.Kind == model.KindUser {
					heir.ExternalKey = "77"
				}
				w := present(heir)
				w.From = o.Key
				b.wish(w)
				b.settle()
				b.same("the heir has it", b.row(heir.Key).EXID, made[0])
				b.same("objects", len(b.living()[o.Key.Kind]), 1)
			})
		})
	}
}

// If nothing was made there is no orphan to list: the row goes once the index would show it.
func TestWhatGoesAndWasNeverCreated(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		begun(b, o, true)
		b.wish(goal(o, mapping.GoalOrphan))
		b.minutes(3)
		b.state(o.Key, mapping.StateWaiting)
		b.minutes(10)
		b.gone(o.Key)
		b.same("users", len(b.org.Users()), 0)
	})
}

// A user of the same address whom somebody else made is not taken for what the creation made.
func TestAStrangerIsNotTakenForTheCreated(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		begun(b, o, true)
		id := b.addUser("Ann Other", o.Email)
		b.ok(b.org.TouchUser(id))
		b.wish(goal(o, mapping.GoalOrphan))
		b.minutes(15)
		b.gone(o.Key)
		b.same("owners", len(b.owners(model.KindUser, id)), 0)
	})
}

// A key that an operator links to another EX user takes its external id along: the user that it had, an orphan by now, can not
// keep it.
func TestALinkTakesTheExternalIDAlong(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		b.have(o)
		former := b.exID(o)
		other := b.addUser("Annie", "annie@example.org")
		left := mapping.Leftover(o.Key, former)
		row := must[mapping.Row](b)(b.table.PutDesired(b.Context(), b.run, goal(model.Object{Key: left, Name: "Ann"}, mapping.GoalOrphan)))
		must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{Key: left, Version: row.Version, EXID: former, State: mapping.StateOrphan}, time.Now()))
		b.ok(b.table.Own(b.Context(), model.KindUser, former, left, []model.Key{o.Key}, false))
		b.ok(b.table.Own(b.Context(), model.KindUser, other, o.Key, nil, false))
		must[mapping.Row](b)(b.table.Bind(b.Context(), o.Key, b.row(o.Key).Version, other, time.Now(), mapping.Entry{At: time.Now(), Action: mapping.ActionLink}))
		b.ok(b.org.EditUser(former, func(raw map[string]any) { raw["email"] = "former@example.org" }))
		b.requeue()
		b.settle()
		b.state(o.Key, mapping.StateConverged)
		u, _ := b.org.User(other)
		b.same("name", u.Name, "Ann")
		b.same("address", u.Email, o.Email)
		b.same("external ids", len(u.External), 1)
		was, _ := b.org.User(former)
		b.same("external ids of the former", len(was.External), 0)
		b.quiet()
	})
}
