package mappingtest

import (
	"reflect"
	"sync/atomic"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func desiredChecks() []Check {
	return []Check{
		{"a first wish makes a pending row of version 1", func(c *C) {
			r := c.put(3, User(1))
			equal(c, "version", r.Version, 1)
			equal(c, "run", r.Run, 3)
			equal(c, "state", r.State, mapping.StatePending)
			equal(c, "goal", r.Goal, mapping.GoalPresent)
			c.want(r.Since.Equal(c.Clock.Now()), "since is %s", r.Since)
			c.want(reflect.DeepEqual(c.get(r.Key), r), "what PutDesired gives is not what is stored")
		}},
		{"the same wish of the same run changes nothing", func(c *C) {
			r := c.record(c.put(3, User(1)), mapping.StateConverged)
			again := c.put(3, User(1))
			equal(c, "version", again.Version, r.Version)
			equal(c, "state", again.State, mapping.StateConverged)
		}},
		{"another wish of the same run is a new version", func(c *C) {
			c.put(3, User(1))
			o := User(1)
			o.Name = "Jane Roe"
			r := c.put(3, o)
			equal(c, "version", r.Version, 2)
			equal(c, "name", r.Desired.Name, "Jane Roe")
		}},
		{"the same wish of a later run is a new version", func(c *C) {
			c.put(3, User(1))
			equal(c, "version", c.put(4, User(1)).Version, 2)
		}},
		{"a wish of an earlier run is stale and changes nothing", func(c *C) {
			r := c.put(3, User(1))
			_, err := c.Store.PutDesired(c.Ctx, 2, wish(User(1)))
			c.code(err, model.CodeStale)
			c.want(reflect.DeepEqual(c.get(r.Key), r), "the row changed")
		}},
		{"a new desired state clears failures, waits, quarantine and queued mark, and keeps what is true", freshStart},
		{"a wish to leave the object to the administrator makes an orphan", func(c *C) {
			w := wish(User(1))
			w.Goal = mapping.GoalOrphan
			r := c.put(1, User(1))
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, EXID: "ex-1", State: mapping.StateConverged}, c.Clock.Now())
			c.ok(err)
			r, err = c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			equal(c, "state", r.State, mapping.StateOrphan)
			equal(c, "goal", r.Goal, mapping.GoalOrphan)
			equal(c, "version", r.Version, 2)
		}},
		{"of a row without an EX object a worker finds out first whether there is one to leave", func(c *C) {
			w := wish(User(1))
			w.Goal = mapping.GoalOrphan
			c.put(1, User(1))
			r, err := c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			equal(c, "state", r.State, mapping.StatePending)
			equal(c, "goal", r.Goal, mapping.GoalOrphan)
		}},
		{"a silent wish leaves a converged row converged, with the new fingerprint as applied", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateConverged)
			w := silent()
			after, err := c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			equal(c, "version", after.Version, r.Version)
			equal(c, "state", after.State, mapping.StateConverged)
			equal(c, "applied", after.Applied, w.Desired.Fingerprint())
			equal(c, "fact", c.get(r.Key).Desired.Identity.EmployeeID, "E-new")
			equal(c, "run", after.Run, 2)
		}},
		{"a silent wish does not release a quarantined row, but a worker with the old facts is stale", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateQuarantined)
			after, err := c.Store.PutDesired(c.Ctx, 2, silent())
			c.ok(err)
			equal(c, "state", after.State, mapping.StateQuarantined)
			equal(c, "fact", after.Desired.Identity.EmployeeID, "E-new")
			_, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, State: mapping.StateConverged}, c.Clock.Now())
			c.code(err, model.CodeStale)
		}},
		{"a silent wish for a key without a row, or with another goal, is a wish like any other", func(c *C) {
			r, err := c.Store.PutDesired(c.Ctx, 1, silent())
			c.ok(err)
			equal(c, "state", r.State, mapping.StatePending)
			r = c.record(r, mapping.StateConverged)
			w := silent()
			w.Goal = mapping.GoalAbsent
			after, err := c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			equal(c, "state", after.State, mapping.StatePending)
			equal(c, "version", after.Version, r.Version+1)
		}},
		{"a wish without key, without goal or with another key's object is invalid", func(c *C) {
			for _, w := range []mapping.Wish{{Goal: mapping.GoalPresent}, {Key: userKey(1)}, {Key: userKey(1), Goal: mapping.GoalPresent, Desired: User(2)}} {
				_, err := c.Store.PutDesired(c.Ctx, 1, w)
				c.code(err, model.CodeInvalid)
			}
		}},
		{"of racing runs every success is a version of its own and the latest run stands", racingRuns},
	}
}

func silent() mapping.Wish {
	o := User(1)
	o.Identity.EmployeeID = "E-new"
	w := wish(o)
	w.Silent = true
	return w
}

func freshStart(c *C) {
	now := c.Clock.Now()
	r := c.put(1, User(1))
	c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "i", At: now}, ""))
	_, err := c.Store.MarkQueued(c.Ctx, r.Key, "q", now, time.Hour)
	c.ok(err)
	_, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, EXID: "ex", State: mapping.StateQuarantined, Reason: "why", Applied: 5,
		Attempts: 9, LastError: "bad", WaitUntil: now.Add(time.Hour), WaitsFor: userKey(2),
		History: []mapping.Entry{{At: now, Action: model.ActionUpdate}}}, now)
	c.ok(err)
	c.Clock.Advance(time.Minute)
	w := wish(User(1))
	w.Adopt, w.Cause = "other", model.CauseManual
	_, err = c.Store.PutDesired(c.Ctx, 2, w)
	c.ok(err)
	after := c.get(r.Key)
	want := mapping.Row{
		Key: r.Key, EXID: "ex", Goal: mapping.GoalPresent, Desired: User(1), Applied: 5, Version: 2, Run: 2,
		State: mapping.StatePending, Since: c.Clock.Now(), Unconverged: c.Clock.Now(), Adopt: "other", Cause: model.CauseManual,
		Intent:  &mapping.Intent{Token: "i", At: now},
		History: []mapping.Entry{{At: now, Action: model.ActionUpdate}},
	}
	c.want(reflect.DeepEqual(after, want), "row is\n%+v\nwant\n%+v", after, want)
}

func racingRuns(c *C) {
	var wins atomic.Int64
	together(16, func(i int) {
		_, err := c.Store.PutDesired(c.Ctx, int64(i+1), wish(User(1)))
		switch model.CodeOf(err) {
		case "":
			wins.Add(1)
		case model.CodeStale:
		default:
			c.Errorf("run %d: %v", i+1, err)
		}
	})
	r := c.get(userKey(1))
	equal(c, "version", r.Version, wins.Load())
	equal(c, "run", r.Run, 16)
}
