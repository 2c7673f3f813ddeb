package mappingtest

import (
	"fmt"
	"reflect"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func (c *C) pauses() mapping.Pauses {
	p, err := c.Store.Pauses(c.Ctx)
	c.ok(err)
	return p
}

func (c *C) pause(add ...mapping.Pause) mapping.Pauses {
	p, err := c.Store.Pause(c.Ctx, add)
	c.ok(err)
	return p
}

func (c *C) wantScopes(p mapping.Pauses, want ...mapping.Scope) {
	got := []mapping.Scope{}
	for _, x := range p {
		got = append(got, x.Scope)
	}
	if len(want) == 0 {
		want = []mapping.Scope{}
	}
	c.want(reflect.DeepEqual(got, want), "paused are %v, want %v", got, want)
}

func pauseChecks() []Check {
	all, queues, one := mapping.Scope{}, mapping.Scope{Kind: model.KindQueue}, mapping.Scope{Key: userKey(1)}
	return []Check{
		{"nothing is paused at first", func(c *C) { c.wantScopes(c.pauses()) }},
		{"pauses come back as they were set, everything first, then kinds, then objects", func(c *C) {
			at := c.Clock.Now()
			p := mapping.Pause{Scope: one, Since: at, Who: "jane", Note: "keep \"him\" out\nplease"}
			c.pause(p)
			got := c.pause(mapping.Pause{Scope: queues, Since: at}, mapping.Pause{Scope: all, Since: at})
			c.wantScopes(got, all, queues, one)
			c.want(reflect.DeepEqual(c.pauses(), got), "what Pause gives is not what is stored: %v", got)
			c.want(reflect.DeepEqual(got[2], p), "the pause is %+v", got[2])
		}},
		{"a pause that is set again keeps its time and gets the new name and note", func(c *C) {
			at := c.Clock.Now()
			c.pause(mapping.Pause{Scope: one, Since: at, Who: "jane", Note: "why"})
			got := c.pause(mapping.Pause{Scope: one, Since: at.Add(time.Hour), Who: "john", Note: "still"})
			c.want(len(got) == 1 && got[0].Since.Equal(at) && got[0].Who == "john" && got[0].Note == "still", "pauses are %+v", got)
		}},
		{"resume ends exactly the named pauses", func(c *C) {
			at := c.Clock.Now()
			c.pause(mapping.Pause{Scope: all, Since: at}, mapping.Pause{Scope: queues, Since: at}, mapping.Pause{Scope: one, Since: at})
			left, err := c.Store.Resume(c.Ctx, []mapping.Scope{all, one})
			c.ok(err)
			c.wantScopes(left, queues)
			left, err = c.Store.Resume(c.Ctx, []mapping.Scope{all})
			c.ok(err)
			c.wantScopes(left, queues)
			left, err = c.Store.Resume(c.Ctx, []mapping.Scope{queues})
			c.ok(err)
			c.wantScopes(left)
			c.wantScopes(c.pauses())
		}},
		{"pauses are apart by tenant", func(c *C) {
			c.pause(mapping.Pause{Scope: all, Since: c.Clock.Now()})
			p, err := c.New().Pauses(c.Ctx)
			c.ok(err)
			c.wantScopes(p)
		}},
		{"hundreds of objects under one note are kept, thousands are refused and nothing changes", func(c *C) {
			many := func(n int) []mapping.Pause {
				var add []mapping.Pause
				for i := range n {
					add = append(add, mapping.Pause{Scope: mapping.Scope{Key: userKey(int64(100_000 + 7*i))}, Since: c.Clock.Now(), Who: "jane", Note: "leave them alone"})
				}
				return add
			}
			equal(c, "pauses", len(c.pause(many(200)...)), 200)
			_, err := c.Store.Pause(c.Ctx, many(5000))
			c.code(err, model.CodeInvalid)
			equal(c, "pauses", len(c.pauses()), 200)
		}},
		{"of pauses set side by side none is lost", func(c *C) {
			const n = 12
			together(n, func(i int) {
				add := []mapping.Pause{{Scope: mapping.Scope{Key: userKey(int64(i + 1))}, Since: c.Clock.Now(), Note: fmt.Sprint("note ", i)}}
				if _, err := c.Store.Pause(c.Ctx, add); err != nil {
					c.Errorf("pause %d: %v", i, err)
				}
			})
			equal(c, "pauses", len(c.pauses()), n)
		}},
	}
}

func bindChecks() []Check {
	note := func(c *C) mapping.Entry {
		return mapping.Entry{At: c.Clock.Now(), Action: mapping.ActionLink, Cause: model.CauseManual, Who: "jane", Note: "two addresses"}
	}
	return []Check{
		{"a bound row has the other EX object, and nothing of the former one", func(c *C) {
			now := c.Clock.Now()
			r := c.put(3, User(1))
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{
				Key: r.Key, Version: r.Version, EXID: "ex-1", State: mapping.StateQuarantined, Reason: "bad", Attempts: 8, LastError: "bad",
				Applied: 5, Seen: []byte("body"), SeenCodes: []string{"c"}, Written: now,
			}, now)
			c.ok(err)
			c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "i", At: now}, ""))
			got, err := c.Store.Bind(c.Ctx, r.Key, r.Version, "ex-2", c.Clock.Now(), note(c))
			c.ok(err)
			want := mapping.Row{
				Key: r.Key, EXID: "ex-2", Origin: mapping.OriginAdopted, Goal: mapping.GoalPresent, Desired: User(1), Version: 2, Run: 3, State: mapping.StatePending,
				Since: now, Unconverged: now, Cause: model.CauseManual, Written: now, History: []mapping.Entry{note(c)},
			}
			c.want(reflect.DeepEqual(got, want), "row is\n%+v\nwant\n%+v", got, want)
			c.want(reflect.DeepEqual(c.get(r.Key), want), "what Bind gives is not what is stored")
		}},
		{"a row whose creation may be under way is not bound", func(c *C) {
			r := c.put(1, User(1))
			c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "i", At: c.Clock.Now()}, ""))
			_, err := c.Store.Bind(c.Ctx, r.Key, r.Version, "ex-2", c.Clock.Now().Add(-time.Second), note(c))
			c.code(err, model.CodeConflict)
			c.want(c.get(r.Key).EXID == "" && c.get(r.Key).Intent != nil, "row is %+v", c.get(r.Key))
		}},
		{"what is recorded late says nothing of the EX object of a row that was bound to another one", func(c *C) {
			now := c.Clock.Now()
			r := c.put(1, User(1))
			r, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, EXID: "former", State: mapping.StateConverged}, now)
			c.ok(err)
			_, err = c.Store.Bind(c.Ctx, r.Key, r.Version, "linked", now, note(c))
			c.ok(err)
			for _, late := range []mapping.Outcome{{EXID: "former", Seen: []byte("body"), SeenCodes: []string{"c"}}, {ClearEXID: true}} {
				late.Key, late.Version, late.Loaded, late.Written = r.Key, r.Version, "former", now
				_, err = c.Store.Record(c.Ctx, late, now)
				c.code(err, model.CodeStale)
				got := c.get(r.Key)
				c.want(got.EXID == "linked" && got.Seen == nil && got.SeenCodes == nil && got.Written.Equal(now), "row is %+v", got)
			}
		}},
		{"an orphan that is bound stays one", func(c *C) {
			w := wish(User(1))
			w.Goal = mapping.GoalOrphan
			r, err := c.Store.PutDesired(c.Ctx, 1, w)
			c.ok(err)
			r, err = c.Store.Bind(c.Ctx, r.Key, r.Version, "ex-2", c.Clock.Now(), note(c))
			c.ok(err)
			c.want(r.State == mapping.StateOrphan && r.EXID == "ex-2", "row is %+v", r)
		}},
		{"no row, another version, a row on its way out and no EX id are refused", func(c *C) {
			_, err := c.Store.Bind(c.Ctx, userKey(1), 1, "ex", c.Clock.Now(), note(c))
			c.code(err, model.CodeNotFound)
			r := c.put(1, User(1))
			_, err = c.Store.Bind(c.Ctx, r.Key, r.Version+1, "ex", c.Clock.Now(), note(c))
			c.code(err, model.CodeStale)
			_, err = c.Store.Bind(c.Ctx, r.Key, r.Version, "", c.Clock.Now(), note(c))
			c.code(err, model.CodeInvalid)
			w := wish(User(1))
			w.Goal = mapping.GoalAbsent
			r, err = c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			_, err = c.Store.Bind(c.Ctx, r.Key, r.Version, "ex", c.Clock.Now(), note(c))
			c.code(err, model.CodeConflict)
		}},
	}
}

// operatorChecks are what the words of operators and workers leave in a row.
func operatorChecks() []Check {
	return []Check{
		{"an approval is used up when the row has converged", func(c *C) {
			w := wish(User(1))
			w.Approved = true
			r, err := c.Store.PutDesired(c.Ctx, 1, w)
			c.ok(err)
			c.want(c.record(r, mapping.StateWaiting).Approved, "it is gone before its time")
			c.want(!c.record(r, mapping.StateConverged).Approved, "it is still there")
		}},
		{"an outcome may say why the row is looked at next", func(c *C) {
			r := c.put(1, User(1))
			after, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, State: mapping.StateWaiting, Cause: model.CauseDrift}, c.Clock.Now())
			c.ok(err)
			equal(c, "cause", after.Cause, model.CauseDrift)
			equal(c, "cause", c.record(r, mapping.StateConverged).Cause, model.CauseDrift)
		}},
		{"an object that is left to the administrator while its creation's outcome is open is pending first", func(c *C) {
			r := c.put(1, User(1))
			c.ok(c.Store.Intend(c.Ctx, r.Key, r.Version, mapping.Intent{Token: "i", At: c.Clock.Now()}, ""))
			w := wish(User(1))
			w.Goal = mapping.GoalOrphan
			r, err := c.Store.PutDesired(c.Ctx, 2, w)
			c.ok(err)
			equal(c, "state", r.State, mapping.StatePending)
			equal(c, "goal", r.Goal, mapping.GoalOrphan)
			_, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, EXID: "ex"}, c.Clock.Now())
			c.ok(err)
			r, err = c.Store.PutDesired(c.Ctx, 3, w)
			c.ok(err)
			equal(c, "state", r.State, mapping.StateOrphan)
		}},
	}
}
