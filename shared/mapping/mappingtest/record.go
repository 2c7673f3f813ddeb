package mappingtest

import (
	"fmt"
	"reflect"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func recordChecks() []Check { return append(recordOutcomeChecks(), recordMergeChecks()...) }

func recordOutcomeChecks() []Check {
	return []Check{
		{"an outcome for a key without a row is not found", func(c *C) {
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: userKey(1), Version: 1, State: mapping.StateConverged}, c.Clock.Now())
			c.code(err, model.CodeNotFound)
		}},
		{"an outcome of the row's version is recorded as a whole", func(c *C) {
			r := c.put(1, User(1))
			c.Clock.Advance(time.Second)
			after, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, EXID: "ex", State: mapping.StateConverged, Applied: 42}, c.Clock.Now())
			c.ok(err)
			equal(c, "EX id", after.EXID, "ex")
			equal(c, "state", after.State, mapping.StateConverged)
			equal(c, "applied", after.Applied, 42)
			equal(c, "version", after.Version, 1)
			c.want(after.Since.Equal(c.Clock.Now()), "since is %s", after.Since)
			c.want(reflect.DeepEqual(c.get(r.Key), after), "what Record gives is not what is stored")
		}},
		{"a stale outcome keeps EX id, intent, marks, seen body and history, and nothing else", staleOutcome},
		{"an outcome without a state is a note on the way and leaves the rest", noteOnTheWay},
		{"an outcome with a state takes away reason, wait and failures that it does not have", func(c *C) {
			now := c.Clock.Now()
			r := c.put(1, User(1))
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, State: mapping.StateWaiting, Reason: "r", WaitUntil: now, WaitsFor: userKey(2), Attempts: 2, LastError: "e"}, now)
			c.ok(err)
			after := c.record(r, mapping.StateConverged)
			c.want(after.Reason == "" && after.WaitUntil.IsZero() && after.WaitsFor.IsZero() && after.Attempts == 0 && after.LastError == "" && after.LastErrorAt.IsZero(), "row is %+v", after)
		}},
		{"a row is unconverged from the moment it is to be made true until it is, and anew when a person let it go", unconvergedSince},
		{"since moves only when the state does", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateHeld)
			c.Clock.Advance(time.Minute)
			c.want(c.record(r, mapping.StateHeld).Since.Equal(r.Since), "since moved")
		}},
		{"an EX id is forgotten on request and replaced by a new one", func(c *C) {
			r := c.put(1, User(1))
			for _, step := range []struct {
				o    mapping.Outcome
				want string
			}{
				{mapping.Outcome{EXID: "a"}, "a"}, {mapping.Outcome{}, "a"}, {mapping.Outcome{EXID: "b"}, "b"},
				{mapping.Outcome{ClearEXID: true}, ""}, {mapping.Outcome{ClearEXID: true, EXID: "c"}, "c"},
			} {
				step.o.Key, step.o.Version = r.Key, r.Version
				after, err := c.Store.Record(c.Ctx, step.o, c.Clock.Now())
				c.ok(err)
				equal(c, "EX id", after.EXID, step.want)
			}
		}},
		{"the history keeps the youngest entries, and a repeated record adds none", func(c *C) {
			r := c.put(1, User(1))
			at := c.Clock.Now()
			for i := range 12 {
				o := mapping.Outcome{Key: r.Key, Version: 1, History: []mapping.Entry{{At: at.Add(time.Duration(i) * time.Second), Action: model.ActionUpdate, Note: fmt.Sprint(i)}}}
				for range 2 {
					_, err := c.Store.Record(c.Ctx, o, at)
					c.ok(err)
				}
			}
			h := c.get(r.Key).History
			equal(c, "entries", len(h), mapping.HistoryLength)
			for i, e := range h {
				equal(c, "note", e.Note, fmt.Sprint(12-mapping.HistoryLength+i))
			}
		}},
	}
}

func recordMergeChecks() []Check {
	return []Check{
		{"the later time of a write stays", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			for _, at := range []time.Time{now, now.Add(time.Minute), now} {
				_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, Written: at}, now)
				c.ok(err)
			}
			c.want(c.get(r.Key).Written.Equal(now.Add(time.Minute)), "written at %s", c.get(r.Key).Written)
		}},
		{"an unknown state is invalid", func(c *C) {
			r := c.put(1, User(1))
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, State: "done"}, c.Clock.Now())
			c.code(err, model.CodeInvalid)
		}},
	}
}

func unconvergedSince(c *C) {
	began := c.Clock.Now()
	r := c.put(1, User(1))
	is := func(what string, want time.Time) {
		c.Clock.Advance(time.Minute)
		got := c.get(r.Key).Unconverged
		c.want(got.Equal(want), "%s: unconverged since %s, want %s", what, got, want)
	}
	is("pending", began)
	for _, s := range []mapping.State{mapping.StateWaiting, mapping.StateInvisible, mapping.StatePending, mapping.StateWaiting} {
		c.record(r, s)
		is(string(s), began)
	}
	o := User(1)
	o.Name = "Jane Roe"
	r = c.put(2, o)
	is("another desired state on the way", began)
	c.record(r, mapping.StateConverged)
	is("converged", time.Time{})
	for run, s := range []mapping.State{mapping.StateHeld, mapping.StateQuarantined} {
		o.Name += "."
		r = c.put(int64(3+run), o)
		c.record(r, s)
		is(string(s), time.Time{})
		let := c.Clock.Now()
		_, err := c.Store.Release(c.Ctx, r.Key, r.Version, false, model.CauseReplay, let)
		c.ok(err)
		is("let go", let)
	}
}

func staleOutcome(c *C) {
	now := c.Clock.Now()
	r := c.put(1, User(1))
	c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "i", At: now}, ""))
	o := User(1)
	o.Name = "Jane Roe"
	c.put(2, o)
	entry := mapping.Entry{At: now, Action: model.ActionCreate}
	given, err := c.Store.Record(c.Ctx, mapping.Outcome{
		Key: r.Key, Version: 1, EXID: "ex", ClearIntent: true, Written: now, Seen: []byte("body"), SeenCodes: []string{"c"},
		History: []mapping.Entry{entry},
		State:   mapping.StateConverged, Reason: "r", Applied: 9, WaitUntil: now, WaitsFor: userKey(2), Attempts: 4, LastError: "e",
	}, now)
	c.code(err, model.CodeStale)
	got := c.get(r.Key)
	want := mapping.Row{
		Key: r.Key, EXID: "ex", Goal: mapping.GoalPresent, Desired: o, Version: 2, Run: 2, State: mapping.StatePending, Since: now, Unconverged: now,
		Cause: model.CauseEngage, Written: now, Seen: []byte("body"), SeenCodes: []string{"c"}, History: []mapping.Entry{entry},
	}
	c.want(reflect.DeepEqual(got, want), "row is\n%+v\nwant\n%+v", got, want)
	c.want(reflect.DeepEqual(given, got), "the row beside the error is not what is stored")
}

func noteOnTheWay(c *C) {
	now := c.Clock.Now()
	r := c.put(1, User(1))
	before, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, State: mapping.StateWaiting, Reason: "r", Applied: 3, WaitUntil: now.Add(time.Hour), WaitsFor: userKey(2), Attempts: 2, LastError: "e"}, now)
	c.ok(err)
	c.Clock.Advance(time.Minute)
	after, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, EXID: "ex", Written: c.Clock.Now()}, c.Clock.Now())
	c.ok(err)
	before.EXID, before.Written = "ex", c.Clock.Now()
	c.want(reflect.DeepEqual(after, before), "row is\n%+v\nwant\n%+v", after, before)
	after, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, Attempts: 3, LastError: "again"}, c.Clock.Now())
	c.ok(err)
	equal(c, "attempts", after.Attempts, 3)
	equal(c, "error", after.LastError, "again")
	c.want(after.LastErrorAt.Equal(c.Clock.Now()), "error at %s", after.LastErrorAt)
	equal(c, "state", after.State, mapping.StateWaiting)
}
