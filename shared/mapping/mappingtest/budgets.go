package mappingtest

import (
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// reserve asks for calls of the client "client".
func (c *C) reserve(n int, rank model.Rank, max time.Duration) (time.Duration, bool) {
	wait, ok, err := c.Store.Reserve(c.Ctx, "client", n, rank, c.Clock.Now(), max)
	c.ok(err)
	return wait, ok
}

func budgetChecks() []Check { return append(grantChecks(), limitChecks()...) }

func grantChecks() []Check {
	return []Check{
		{"an idle budget grants at once, a busy one later, a full one not", func(c *C) {
			step := mapping.PaceOf(mapping.DefaultAllowed).Step
			for i := range 4 {
				wait, ok := c.reserve(2, model.RankPeople, time.Second)
				c.want(ok == (i < 3), "reservation %d: %v", i, ok)
				if ok {
					equal(c, "wait", wait, time.Duration(2*i)*step)
				} else {
					equal(c, "time until it is worth asking", wait, 6*step-time.Second)
				}
			}
			c.Clock.Advance(6*step - time.Second)
			wait, ok := c.reserve(2, model.RankPeople, time.Second)
			c.want(ok && wait == time.Second, "after the wait: %v, %s", ok, wait)
		}},
		{"bulk work leaves room that people find", func(c *C) {
			taken := 0
			for taken < 100 {
				if _, ok := c.reserve(1, model.RankBulk, 2*time.Second); !ok {
					break
				}
				taken++
			}
			wait, ok := c.reserve(1, model.RankPeople, 2*time.Second)
			c.want(taken < 100 && ok && wait > time.Second/2 && wait < 2*time.Second, "after %d bulk calls people get %v, wait %s", taken, ok, wait)
			_, ok = c.reserve(1, model.RankBulk, 2*time.Second)
			c.want(!ok, "bulk work got the room of people")
		}},
	}
}

func limitChecks() []Check {
	return []Check{
		{"what is left of a budget is what would be granted one by one, and asking takes nothing", budgetLeft},
		{"the limit that the EX Org tells sets the pace", func(c *C) {
			for _, allowed := range []int{300, 60, 600, 1} {
				c.ok(c.Store.SetAllowed(c.Ctx, "client", allowed, c.Clock.Now()))
				c.Clock.Advance(10 * time.Minute)
				c.reserve(1, model.RankPeople, time.Minute)
				wait, ok := c.reserve(1, model.RankPeople, time.Minute)
				c.want(ok && wait == mapping.PaceOf(allowed).Step, "at %d a minute the second call waits %s, %v", allowed, wait, ok)
			}
		}},
		{"a large reservation starts after as much quiet as it needs", func(c *C) {
			step := mapping.PaceOf(mapping.DefaultAllowed).Step
			_, ok := c.reserve(5, model.RankPeople, time.Second)
			c.want(ok, "refused")
			c.Clock.Advance(5 * step)
			wait, ok := c.reserve(40, model.RankPeople, time.Second)
			c.want(!ok && wait == 30*step-time.Second, "40 calls: %v, wait %s", ok, wait)
			c.Clock.Advance(30 * step)
			wait, ok = c.reserve(40, model.RankPeople, time.Second)
			c.want(ok && wait == 0, "40 calls after quiet: %v, wait %s", ok, wait)
			wait, ok = c.reserve(1, model.RankPeople, time.Minute)
			c.want(ok && wait == 40*step, "the next call: %v, wait %s", ok, wait)
		}},
		{"everybody waits as long as the EX Org says, and an earlier end changes nothing", func(c *C) {
			until := c.Clock.Now().Add(30 * time.Second)
			c.ok(c.Store.Hold(c.Ctx, "client", until))
			c.ok(c.Store.Hold(c.Ctx, "client", until.Add(-10*time.Second)))
			wait, ok := c.reserve(1, model.RankPeople, time.Second)
			c.want(!ok && wait >= 29*time.Second && wait < 30*time.Second, "held: %v, wait %s", ok, wait)
			c.Clock.Advance(30 * time.Second)
			wait, ok = c.reserve(1, model.RankPeople, time.Second)
			c.want(ok && wait < 10*time.Millisecond, "after the hold: %v, wait %s", ok, wait)
		}},
		{"budgets are apart by client", func(c *C) {
			c.ok(c.Store.Hold(c.Ctx, "other", c.Clock.Now().Add(time.Hour)))
			_, ok := c.reserve(1, model.RankPeople, 0)
			c.want(ok, "the hold of another client binds this one")
		}},
		{"a reservation needs a client, calls and no more than the limit", func(c *C) {
			for _, bad := range []struct {
				client string
				n      int
				max    time.Duration
			}{{"", 1, 0}, {"client", 0, 0}, {"client", 301, 0}, {"client", 1, -1}} {
				_, _, err := c.Store.Reserve(c.Ctx, bad.client, bad.n, model.RankPeople, c.Clock.Now(), bad.max)
				c.code(err, model.CodeInvalid)
			}
			c.code(c.Store.SetAllowed(c.Ctx, "client", 0, c.Clock.Now()), model.CodeInvalid)
			c.code(c.Store.SetAllowed(c.Ctx, "", 5, c.Clock.Now()), model.CodeInvalid)
		}},
		{"8 workers never get more than the limit in any 60 seconds, and nearly all of it", func(c *C) {
			most, calls := c.crowd(60, 2)
			c.want(most <= 60, "%d calls in 60 seconds, 60 are allowed", most)
			c.want(calls > 3*50, "only %d calls in 3 minutes", calls)
		}},
		{"8 workers with reservations beyond the burst never get more than the limit", func(c *C) {
			most, calls := c.crowd(60, 9)
			c.want(most <= 60, "%d calls in 60 seconds, 60 are allowed", most)
			c.want(calls > 9, "only %d calls in 3 minutes", calls)
		}},
	}
}

func budgetLeft(c *C) {
	const wait = 2 * time.Second
	left := func() (int, int) {
		n, of, err := c.Store.BudgetLeft(c.Ctx, "client", c.Clock.Now(), wait)
		c.ok(err)
		return n, of
	}
	n, of := left()
	equal(c, "slots left of an idle budget", n, of)
	for range 3 {
		before, _ := left()
		granted := 0
		for {
			if _, ok := c.reserve(1, model.RankPeople, wait); !ok {
				break
			}
			granted++
		}
		equal(c, "slots granted", granted, before)
		n, _ = left()
		equal(c, "slots left of a spent budget", n, 0)
		c.Clock.Advance(700 * time.Millisecond)
	}
	c.Clock.Advance(time.Minute)
	n, of = left()
	equal(c, "slots left after a quiet minute", n, of)
	c.ok(c.Store.Hold(c.Ctx, "client", c.Clock.Now().Add(time.Minute)))
	n, _ = left()
	equal(c, "slots left while everybody waits", n, 0)
	n, of, err := c.Store.BudgetLeft(c.Ctx, "other", c.Clock.Now(), wait)
	c.ok(err)
	equal(c, "slots left of another client", n, of)
	_, _, err = c.Store.BudgetLeft(c.Ctx, "", c.Clock.Now(), wait)
	c.code(err, model.CodeInvalid)
}

// crowd has 8 workers, every other one with bulk work, reserve 1 to max calls at a time for 3 minutes of their own time.
// It gives the calls of the fullest 60 seconds and of all.
func (c *C) crowd(allowed, max int) (most, calls int) {
	c.ok(c.Store.SetAllowed(c.Ctx, "client", allowed, c.Clock.Now()))
	start := c.Clock.Now()
	g := &grants{}
	together(8, func(i int) {
		c.work(g, start, start.Add(3*time.Minute), model.Rank(i%2), func(round int) int { return (i+round)%max + 1 })
	})
	return g.most(), len(g.at)
}
