package mappingtest

import (
	"fmt"
	"sync/atomic"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func markChecks() []Check {
	return []Check{
		{"marks and intents of a key without a row are not found", func(c *C) {
			_, err := c.Store.MarkQueued(c.Ctx, userKey(1), "q", c.Clock.Now(), time.Minute)
			c.code(err, model.CodeNotFound)
			_, err = c.Store.ClearQueued(c.Ctx, userKey(1), "q")
			c.code(err, model.CodeNotFound)
			_, err = c.Store.Claim(c.Ctx, userKey(1), mapping.Claim{}, c.Clock.Now())
			c.code(err, model.CodeNotFound)
			c.code(c.Store.Intend(c.Ctx, userKey(1), 1, mapping.Intent{Token: "i"}, ""), model.CodeNotFound)
		}},
		{"marks and intents without a token are invalid", func(c *C) {
			r := c.put(1, User(1))
			_, err := c.Store.MarkQueued(c.Ctx, r.Key, "", c.Clock.Now(), time.Minute)
			c.code(err, model.CodeInvalid)
			c.code(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{}, ""), model.CodeInvalid)
		}},
		{"a young queued mark stands, a lost one is replaced, the own one is own", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			for _, step := range []struct {
				token string
				after time.Duration
				want  bool
			}{{"a", 0, true}, {"b", time.Minute, false}, {"a", time.Minute, true}, {"b", 10 * time.Minute, false}, {"c", 10*time.Minute + 1, true}, {"d", 11 * time.Minute, false}} {
				got, err := c.Store.MarkQueued(c.Ctx, r.Key, step.token, now.Add(step.after), 10*time.Minute)
				c.ok(err)
				c.want(got == step.want, "mark %s after %s: %v", step.token, step.after, got)
			}
			equal(c, "token", c.get(r.Key).Queued.Token, "c")
		}},
		{"a queued mark is cleared by its token or by any", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			mark := func(token string) {
				ok, err := c.Store.MarkQueued(c.Ctx, r.Key, token, now, time.Minute)
				c.ok(err)
				c.want(ok, "not marked")
			}
			clear := func(token string, left bool) {
				row, err := c.Store.ClearQueued(c.Ctx, r.Key, token)
				c.ok(err)
				c.want((row.Queued != nil) == left, "after clearing %q the mark is %v", token, row.Queued)
				equal(c, "name in the row given", row.Desired.Name, User(1).Name)
			}
			mark("a")
			clear("b", true)
			clear("a", false)
			clear("a", false)
			mark("b")
			clear("", false)
			mark("c")
		}},
		{"a claim takes the mark and keeps others off until its end, or until an outcome ends it", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			claim := func(token string, after time.Duration, idle bool, code model.Code) mapping.Row {
				row, err := c.Store.Claim(c.Ctx, r.Key, mapping.Claim{
					Tokens: []string{"x", "q"}, Working: mapping.Working{Token: token, Until: now.Add(after + time.Minute)}, Idle: func(mapping.Row) bool { return idle },
				}, now.Add(after))
				c.code(err, code)
				return row
			}
			mark := func(token string) {
				_, err := c.Store.MarkQueued(c.Ctx, r.Key, token, now, time.Hour)
				c.ok(err)
			}
			mark("q")
			row := claim("a", 0, true, "")
			c.want(row.Queued == nil && row.Working == nil, "an idle row is %+v", row)
			mark("q")
			row = claim("a", 0, false, "")
			c.want(row.Queued == nil && row.Working.Token == "a" && row.Desired.Name == User(1).Name, "the claimed row is %+v", row)
			mark("q")
			row = claim("b", 59*time.Second, false, model.CodeConflict)
			c.want(row.Working.Token == "a" && c.get(r.Key).Queued != nil, "the row of another is %+v", row)
			claim("a", 59*time.Second, false, "")
			claim("b", 3*time.Minute, false, "")
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, Claim: "a"}, now)
			c.ok(err)
			equal(c, "claim", c.get(r.Key).Working.Token, "b")
			_, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 7, Claim: "b", Queued: &mapping.Queued{Token: "q2", At: now}}, now)
			c.code(err, model.CodeStale)
			row = c.get(r.Key)
			c.want(row.Working == nil && row.Queued.Token == "q2", "the row handed back is %+v", row)
			_, err = c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, Queued: &mapping.Queued{Token: "q3", At: now}}, now)
			c.ok(err)
			equal(c, "mark", c.get(r.Key).Queued.Token, "q2")
		}},
		{"of 20 racing claims one stands", func(c *C) {
			r := c.put(1, User(1))
			var won atomic.Int64
			together(20, func(i int) {
				_, err := c.Store.Claim(c.Ctx, r.Key, mapping.Claim{
					Working: mapping.Working{Token: fmt.Sprint("t", i), Until: c.Clock.Now().Add(time.Minute)}, Idle: func(mapping.Row) bool { return false },
				}, c.Clock.Now())
				if err == nil {
					won.Add(1)
				}
			})
			equal(c, "claims that stand", won.Load(), 1)
		}},
		{"of 20 racing queued marks one is set", func(c *C) {
			r := c.put(1, User(1))
			var won atomic.Int64
			together(20, func(i int) {
				ok, err := c.Store.MarkQueued(c.Ctx, r.Key, fmt.Sprint("t", i), c.Clock.Now(), time.Minute)
				if err != nil {
					c.Errorf("mark %d: %v", i, err)
				}
				if ok {
					won.Add(1)
				}
			})
			equal(c, "marks set", won.Load(), 1)
		}},
		{"an intent stands until it is cleared, the own one is own", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "a", At: now}, ""))
			c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "a", At: now}, ""))
			c.code(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "b", At: now}, ""), model.CodeConflict)
			equal(c, "token", c.get(r.Key).Intent.Token, "a")
			_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, ClearIntent: true}, now)
			c.ok(err)
			c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "b", At: now}, ""))
		}},
		{"an intent is taken over by naming it, not by naming another", func(c *C) {
			r, now := c.put(1, User(1)), c.Clock.Now()
			c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "a", At: now}, ""))
			c.code(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "b", At: now}, "x"), model.CodeConflict)
			c.ok(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "b", At: now.Add(time.Hour)}, "a"))
			got := c.get(r.Key).Intent
			c.want(got.Token == "b" && got.At.Equal(now.Add(time.Hour)), "intent is %+v", got)
		}},
		{"an intent for a version that moved on is stale", func(c *C) {
			c.put(1, User(1))
			r := c.put(2, User(1))
			c.code(c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: "a", At: c.Clock.Now()}, ""), model.CodeStale)
			c.want(c.get(r.Key).Intent == nil, "an intent stands")
		}},
		{"of 20 racing intents one stands and 19 are conflicts", func(c *C) {
			r := c.put(1, User(1))
			var won, lost atomic.Int64
			together(20, func(i int) {
				err := c.Store.Intend(c.Ctx, r.Key, 1, mapping.Intent{Token: fmt.Sprint("t", i), At: c.Clock.Now()}, "")
				switch model.CodeOf(err) {
				case "":
					won.Add(1)
				case model.CodeConflict:
					lost.Add(1)
				default:
					c.Errorf("intent %d: %v", i, err)
				}
			})
			equal(c, "intents that stand", won.Load(), 1)
			equal(c, "conflicts", lost.Load(), 19)
		}},
	}
}

func releaseChecks() []Check {
	return []Check{
		{"a held, quarantined, invisible or waiting row is released to pending under a new version", func(c *C) {
			for i, s := range []mapping.State{mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible, mapping.StateWaiting} {
				now := c.Clock.Now()
				r := c.put(1, User(int64(i+1)))
				_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, State: s, Reason: "r", Attempts: 5, LastError: "e", WaitUntil: now.Add(time.Hour)}, now)
				c.ok(err)
				after, err := c.Store.Release(c.Ctx, r.Key, 1, s == mapping.StateHeld, model.CauseApproval, now)
				c.ok(err)
				c.want(after.State == mapping.StatePending && after.Version == 2 && after.Reason == "" && after.Attempts == 0 &&
					after.LastError == "" && after.WaitUntil.IsZero() && after.Cause == model.CauseApproval, "released %s row is %+v", s, after)
				equal(c, "approved", after.Approved, s == mapping.StateHeld)
			}
		}},
		{"a release at another version is stale, at version 0 it takes any", func(c *C) {
			r := c.record(c.put(1, User(1)), mapping.StateHeld)
			_, err := c.Store.Release(c.Ctx, r.Key, 7, true, model.CauseApproval, c.Clock.Now())
			c.code(err, model.CodeStale)
			equal(c, "state", c.get(r.Key).State, mapping.StateHeld)
			after, err := c.Store.Release(c.Ctx, r.Key, 0, false, model.CauseReplay, c.Clock.Now())
			c.ok(err)
			equal(c, "version", after.Version, 2)
		}},
		{"a release of what needs none changes nothing", func(c *C) {
			for i, s := range []mapping.State{mapping.StateConverged, mapping.StateOrphan, mapping.StateGone, mapping.StatePending} {
				r := c.record(c.put(1, User(int64(i+1))), s)
				after, err := c.Store.Release(c.Ctx, r.Key, 0, false, model.CauseReplay, c.Clock.Now())
				c.ok(err)
				c.want(after.State == s && after.Version == 1, "%s row is %s, version %d", s, after.State, after.Version)
			}
		}},
		{"a release of a key without a row is not found", func(c *C) {
			_, err := c.Store.Release(c.Ctx, userKey(1), 0, false, model.CauseReplay, c.Clock.Now())
			c.code(err, model.CodeNotFound)
		}},
	}
}
