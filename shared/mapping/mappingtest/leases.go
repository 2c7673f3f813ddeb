package mappingtest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

func leaseChecks() []Check {
	take := func(c *C, holder string) (mapping.Lease, error) {
		return c.Store.TakeLease(c.Ctx, holder, c.Clock.Now(), time.Minute)
	}
	return []Check{
		{"a free lease is taken, and its run number rises with every taking", func(c *C) {
			for i := range 3 {
				l, err := take(c, "a")
				c.ok(err)
				c.want(l.Run == int64(i+1) && l.Holder == "a" && l.Until.Equal(c.Clock.Now().Add(time.Minute)), "lease is %+v", l)
				c.ok(c.Store.ReleaseLease(c.Ctx, l))
			}
		}},
		{"a held lease is a conflict that names holder and end, its own holder takes it again", func(c *C) {
			first, err := take(c, "a")
			c.ok(err)
			_, err = take(c, "b")
			c.code(err, model.CodeConflict)
			c.want(contains(err, "a holds it until "+first.Until.Format(time.RFC3339)), "the error is %v", err)
			equal(c, "wait", model.RetryAfterOf(err), time.Minute)
			again, err := take(c, "a")
			c.ok(err)
			equal(c, "run", again.Run, first.Run+1)
		}},
		{"a lease that ran out is taken by anybody, and its holder can not renew it then", func(c *C) {
			old, err := take(c, "a")
			c.ok(err)
			c.Clock.Advance(time.Minute)
			l, err := take(c, "b")
			c.ok(err)
			equal(c, "run", l.Run, old.Run+1)
			_, err = c.Store.RenewLease(c.Ctx, old, c.Clock.Now(), time.Minute)
			c.code(err, model.CodeStale)
			c.ok(c.Store.ReleaseLease(c.Ctx, old))
			_, err = take(c, "c")
			c.code(err, model.CodeConflict)
		}},
		{"a renewed lease holds longer", func(c *C) {
			l, err := take(c, "a")
			c.ok(err)
			c.Clock.Advance(50 * time.Second)
			l, err = c.Store.RenewLease(c.Ctx, l, c.Clock.Now(), time.Minute)
			c.ok(err)
			c.want(l.Until.Equal(c.Clock.Now().Add(time.Minute)), "until is %s", l.Until)
			c.Clock.Advance(50 * time.Second)
			_, err = take(c, "b")
			c.code(err, model.CodeConflict)
		}},
		{"a released lease can not be renewed", func(c *C) {
			l, err := take(c, "a")
			c.ok(err)
			c.ok(c.Store.ReleaseLease(c.Ctx, l))
			_, err = c.Store.RenewLease(c.Ctx, l, c.Clock.Now(), time.Minute)
			c.code(err, model.CodeStale)
		}},
		{"a lease needs a holder and a duration", func(c *C) {
			_, err := take(c, "")
			c.code(err, model.CodeInvalid)
			_, err = c.Store.TakeLease(c.Ctx, "a", c.Clock.Now(), 0)
			c.code(err, model.CodeInvalid)
		}},
		{"of 16 racing writers one has the lease", func(c *C) {
			var won atomic.Int64
			together(16, func(i int) {
				switch _, err := take(c, fmt.Sprint("holder ", i)); model.CodeOf(err) {
				case "":
					won.Add(1)
				case model.CodeConflict:
				default:
					c.Errorf("holder %d: %v", i, err)
				}
			})
			equal(c, "leases taken", won.Load(), 1)
		}},
		{"16 writers that take turns never see a run number twice", func(c *C) {
			var runs [65]atomic.Int64
			together(16, func(i int) {
				for range 4 {
					l, err := c.Store.TakeLease(c.Ctx, "shared", c.Clock.Now(), time.Minute)
					if err != nil || l.Run > 64 {
						c.Errorf("writer %d: run %d, %v", i, l.Run, err)
						return
					}
					runs[l.Run].Add(1)
				}
			})
			for run := 1; run <= 64; run++ {
				equal(c, fmt.Sprintf("holders of run %d", run), runs[run].Load(), 1)
			}
		}},
	}
}

func tokenChecks() []Check {
	return []Check{
		{"a token that was not kept is not found", func(c *C) {
			_, _, _, err := c.Store.LoadToken(c.Ctx, "client")
			c.code(err, model.CodeNotFound)
		}},
		{"a token is kept per client until it expires", func(c *C) {
			until := c.Clock.Now().Add(time.Hour)
			c.ok(c.Store.SaveToken(c.Ctx, "client", "old", model.Org{}, until))
			c.ok(c.Store.SaveToken(c.Ctx, "client", "secret", model.Org{ID: "o1", Name: "One"}, until))
			c.ok(c.Store.SaveToken(c.Ctx, "other", "another", model.Org{ID: "o2"}, until))
			token, org, expires, err := c.Store.LoadToken(c.Ctx, "client")
			c.ok(err)
			c.want(token == "secret" && expires.Equal(until), "token %q expires %s", token, expires)
			equal(c, "organisation", org, model.Org{ID: "o1", Name: "One"})
			c.Clock.Advance(time.Hour)
			_, _, _, err = c.Store.LoadToken(c.Ctx, "client")
			c.code(err, model.CodeNotFound)
			c.ok(c.Store.SaveToken(c.Ctx, "client", "new", model.Org{}, c.Clock.Now().Add(time.Hour)))
			token, org, _, err = c.Store.LoadToken(c.Ctx, "client")
			c.ok(err)
			equal(c, "token", token, "new")
			equal(c, "organisation of a token that nobody asked about", org, model.Org{})
		}},
	}
}

func sharedChecks() []Check {
	return []Check{
		{"two tenants of one table do not meet", func(c *C) {
			other := c.New()
			r := c.put(1, User(1))
			c.index(1, users(1, 2))
			c.ok(c.own("ex", r.Key, nil, false))
			_, err := c.Store.TakeLease(c.Ctx, "a", c.Clock.Now(), time.Hour)
			c.ok(err)
			_, err = other.Get(c.Ctx, r.Key)
			c.code(err, model.CodeNotFound)
			d, err := other.Delta(c.Ctx, nil)
			c.ok(err)
			c.want(d.Empty() && len(d.Mapped) == 0, "delta of the other tenant is %+v", d)
			c.ok(other.Own(c.Ctx, model.KindUser, "ex", userKey(9), nil, false))
			l, err := other.TakeLease(c.Ctx, "b", c.Clock.Now(), time.Hour)
			c.ok(err)
			equal(c, "run of the other tenant", l.Run, 1)
			items, err := other.List(c.Ctx, mapping.States(), nil)
			c.ok(err)
			equal(c, "rows of the other tenant", len(items), 0)
		}},
	}
}
