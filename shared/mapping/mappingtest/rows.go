package mappingtest

import (
	"context"
	"encoding/binary"
	"reflect"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func rowChecks() []Check {
	return []Check{
		{"a key without a row is not found", func(c *C) {
			_, err := c.Store.Get(c.Ctx, userKey(1))
			c.code(err, model.CodeNotFound)
		}},
		{"every field of a row comes back as it went in", fullRow},
		{"a member list of 5,000 comes back as it went in", func(c *C) {
			o := Members(7, 5000)
			c.put(1, o)
			c.want(reflect.DeepEqual(c.get(o.Key).Desired, o), "the members differ")
		}},
		{"what was seen is kept, of the row's own object and nothing else of it", seen},
		{"rows are read by hundreds, doubles once and absent ones not", manyRows},
		{"a forgotten row is gone, twice is fine, and its key begins anew", func(c *C) {
			r := c.put(1, User(1))
			c.ok(c.Store.Forget(c.Ctx, r.Key))
			c.ok(c.Store.Forget(c.Ctx, r.Key))
			_, err := c.Store.Get(c.Ctx, r.Key)
			c.code(err, model.CodeNotFound)
			equal(c, "version of the new row", c.put(1, User(1)).Version, 1)
		}},
		{"a row beyond 400 KB is refused as invalid and nothing is written", func(c *C) {
			r := c.put(1, User(1))
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, Seen: noise(500 << 10)}, c.Clock.Now())
			c.code(err, model.CodeInvalid)
			c.want(c.get(r.Key).Seen == nil, "the row has a body")
		}},
		{"a gone row stays a month, then expires", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateGone)
			c.Clock.Advance(29 * 24 * time.Hour)
			equal(c, "state", c.get(r.Key).State, mapping.StateGone)
			c.Clock.Advance(2 * 24 * time.Hour)
			_, err := c.Store.Get(c.Ctx, r.Key)
			c.code(err, model.CodeNotFound)
			many, err := c.Store.GetMany(c.Ctx, []model.Key{r.Key})
			c.ok(err)
			equal(c, "rows", len(many), 0)
			equal(c, "version after expiry", c.put(2, User(1)).Version, 1)
		}},
		{"a gone row that Engage wants again stays", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateGone)
			equal(c, "version", c.put(2, User(1)).Version, r.Version+1)
			c.Clock.Advance(60 * 24 * time.Hour)
			equal(c, "state", c.get(r.Key).State, mapping.StatePending)
		}},
		{"under an ended context nothing is written and the error is unavailable", func(c *C) {
			ctx, cancel := context.WithCancel(c.Ctx)
			cancel()
			_, err := c.Store.PutDesired(ctx, 1, wish(User(1)))
			c.code(err, model.CodeUnavailable)
			_, err = c.Store.Get(c.Ctx, userKey(1))
			c.code(err, model.CodeNotFound)
		}},
	}
}

func fullRow(c *C) {
	now := c.Clock.Now().Add(123456789 * time.Nanosecond)
	w := wish(User(1))
	w.Adopt, w.From, w.Approved = "ex-adopt", userKey(99), true
	r, err := c.Store.PutDesired(c.Ctx, 7, w)
	c.ok(err)
	c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "intent", At: now}, ""))
	marked, err := c.Store.MarkQueued(c.Ctx, r.Key, "queued", now, time.Hour)
	c.ok(err)
	c.want(marked, "not marked")
	entry := mapping.Entry{At: now, Action: model.ActionUpdate, Cause: model.CauseDrift, Run: 7, Who: "someone", Note: "note",
		Fields: []model.Field{{Name: model.FieldSkills, Added: []string{"Billing(3)"}, Removed: []string{"Sales"}}, {Name: model.FieldState, Before: "active", After: "inactive"}}}
	_, err = c.Store.Record(c.Ctx, mapping.Outcome{
		Key: r.Key, Version: r.Version, EXID: "ex-1", Written: now, Seen: []byte(`{"name":"x"}`), SeenCodes: []string{"c1", "c2"},
		History: []mapping.Entry{entry},
		State:   mapping.StateWaiting, Reason: "waits for a skill", Applied: 0xfedcba9876543210, WaitUntil: now.Add(time.Minute),
		WaitsFor: model.Key{Kind: model.KindSkill, DBID: 5}, Attempts: 3, LastError: "no skill",
	}, now)
	c.ok(err)
	got := c.get(r.Key)
	want := mapping.Row{
		Key: r.Key, EXID: "ex-1", Goal: mapping.GoalPresent, Desired: User(1), Applied: 0xfedcba9876543210, Version: 1, Run: 7,
		State: mapping.StateWaiting, Since: now, Unconverged: c.Clock.Now(), Reason: "waits for a skill", Adopt: "ex-adopt", From: userKey(99), Approved: true,
		Intent: &mapping.Intent{Token: "intent", At: now}, Queued: &mapping.Queued{Token: "queued", At: now},
		WaitUntil: now.Add(time.Minute), WaitsFor: model.Key{Kind: model.KindSkill, DBID: 5}, Attempts: 3, LastError: "no skill", LastErrorAt: now,
		Cause: model.CauseEngage, Written: now,
		Seen: []byte(`{"name":"x"}`), SeenCodes: []string{"c1", "c2"}, History: []mapping.Entry{entry},
	}
	c.want(reflect.DeepEqual(got, want), "row is\n%+v\nwant\n%+v", got, want)
}

func seen(c *C) {
	r := c.put(1, User(1))
	_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, EXID: "ex-1", State: mapping.StateConverged, Applied: 5}, c.Clock.Now())
	c.ok(err)
	before := c.get(r.Key)
	c.ok(c.Store.See(c.Ctx, r.Key, "ex-1", []byte("body"), []string{"c1"}))
	want := before
	want.Seen, want.SeenCodes = []byte("body"), []string{"c1"}
	c.want(reflect.DeepEqual(c.get(r.Key), want), "row is %+v", c.get(r.Key))
	c.ok(c.Store.See(c.Ctx, r.Key, "ex-1", []byte("later"), nil))
	c.ok(c.Store.See(c.Ctx, r.Key, "ex-1", nil, []string{}))
	c.ok(c.Store.See(c.Ctx, r.Key, "ex-2", []byte("of another object"), []string{"x"}))
	got := c.get(r.Key)
	c.want(string(got.Seen) == "later" && len(got.SeenCodes) == 0, "row is %+v", got)
	c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "i", At: c.Clock.Now()}, ""))
	c.ok(c.Store.See(c.Ctx, r.Key, "ex-1", []byte("while another is made"), nil))
	c.want(string(c.get(r.Key).Seen) == "later", "row is %+v", c.get(r.Key))
	c.code(c.Store.See(c.Ctx, userKey(9), "ex-1", []byte("body"), nil), model.CodeNotFound)
}

func manyRows(c *C) {
	var keys []model.Key
	for i := range int64(230) {
		keys = append(keys, userKey(i+1))
		if i%2 == 0 {
			c.put(1, model.Object{Key: userKey(i + 1), Name: "user"})
		}
	}
	rows, err := c.Store.GetMany(c.Ctx, append(keys, keys[:50]...))
	c.ok(err)
	equal(c, "rows", len(rows), 115)
	for i := range int64(230) {
		r, ok := rows[userKey(i+1)]
		c.want(ok == (i%2 == 0), "row of %s: %v", userKey(i+1), ok)
		c.want(!ok || r.Key == userKey(i+1) && r.Version == 1, "row of %s is %+v", userKey(i+1), r)
	}
	none, err := c.Store.GetMany(c.Ctx, nil)
	c.ok(err)
	equal(c, "rows of no keys", len(none), 0)
}

// noise are bytes that do not compress (xorshift).
func noise(n int) []byte {
	b := make([]byte, 0, n+8)
	for x := uint64(88172645463325252); len(b) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b[:n]
}
