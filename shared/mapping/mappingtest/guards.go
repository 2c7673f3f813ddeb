package mappingtest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// day is the window of most checks.
func day() mapping.Window {
	return mapping.Window{Kind: model.KindUser, Class: "removals", Length: 24 * time.Hour}
}

// drawNames makes names that no other check has.
func drawNames() func(n int) []string {
	var made atomic.Int64
	return func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint("user/", made.Add(1))
		}
		return list
	}
}

// draws checks what the draw of new names comes to, and what the window then holds.
func (c *C) draws(w mapping.Window, names []string, limit int, ok bool, drawn int) {
	gotOK, got, err := c.Store.Draw(c.Ctx, w, names, limit, c.Clock.Now())
	c.ok(err)
	c.want(gotOK == ok && got == drawn, "draw of %v within %d: %v, sum %d; want %v, %d", names, limit, gotOK, got, ok, drawn)
	sum, err := c.Store.Drawn(c.Ctx, w, c.Clock.Now())
	c.ok(err)
	equal(c, "sum read", sum.Sum, drawn)
}

func windowChecks() []Check {
	names := drawNames()
	return []Check{
		{"draws add up to the limit and not beyond", func(c *C) {
			c.draws(day(), names(0), 10, true, 0)
			c.draws(day(), names(4), 10, true, 4)
			c.draws(day(), names(6), 10, true, 10)
			c.draws(day(), names(1), 10, false, 10)
			c.draws(day(), names(0), 10, true, 10)
			c.draws(day(), names(5), 20, true, 15)
			c.draws(day(), names(0), 10, true, 15) // nothing new passes a full window
		}},
		{"a name counts once within the window, however often it is drawn", aNameCountsOnce},
		{"a draw counts for the whole window, and for a twelfth more at most", func(c *C) {
			for range 30 { // from any place in a bucket
				w := mapping.Window{Kind: model.KindUser, Class: fmt.Sprint("class", c.Clock.Now().UnixNano()), Length: time.Hour}
				c.draws(w, names(3), 10, true, 3)
				c.Clock.Advance(time.Hour - time.Millisecond)
				c.draws(w, names(0), 10, true, 3)
				c.Clock.Advance(time.Millisecond + 5*time.Minute)
				c.draws(w, names(0), 10, true, 0)
				c.draws(w, names(2), 10, true, 2)
				c.Clock.Advance(7*time.Second + 11*time.Millisecond)
			}
		}},
		{"draws of different times leave one after the other", func(c *C) {
			for i := range 24 {
				c.draws(day(), names(1), 100, true, i+1)
				c.Clock.Advance(time.Hour)
			}
			ok, drawn, err := c.Store.Draw(c.Ctx, day(), names(1), 100, c.Clock.Now())
			c.ok(err)
			c.want(ok && drawn >= 24 && drawn <= 26, "after a day the sum is %d", drawn)
		}},
		{"a clock that runs behind sees what one ahead drew", func(c *C) {
			c.draws(day(), names(4), 10, true, 4)
			_, drawn, err := c.Store.Draw(c.Ctx, day(), names(1), 10, c.Clock.Now().Add(-5*time.Minute))
			c.ok(err)
			equal(c, "sum", drawn, 5)
		}},
		{"windows are apart by kind, class and length", func(c *C) {
			c.draws(day(), names(4), 10, true, 4)
			for _, w := range []mapping.Window{{Kind: model.KindQueue, Class: "removals", Length: day().Length}, {Kind: day().Kind, Class: "updates", Length: day().Length}, {Kind: day().Kind, Class: day().Class, Length: time.Hour}} {
				c.draws(w, names(1), 10, true, 1)
			}
		}},
		{"a window needs kind, class and length", func(c *C) {
			for _, w := range []mapping.Window{{Class: "x", Length: time.Hour}, {Kind: model.KindUser, Length: time.Hour}, {Kind: model.KindUser, Class: "x"}} {
				_, _, err := c.Store.Draw(c.Ctx, w, names(1), 1, c.Clock.Now())
				c.code(err, model.CodeInvalid)
				_, err = c.Store.Drawn(c.Ctx, w, c.Clock.Now())
				c.code(err, model.CodeInvalid)
			}
		}},
		{"8 racing workers never draw more than the limit, and all of it", func(c *C) { racingDraws(c, names) }},
	}
}

func aNameCountsOnce(c *C) {
	once := func(limit int, ok bool, drawn int, names ...string) { c.draws(day(), names, limit, ok, drawn) }
	once(2, true, 2, "a", "b")
	c.Clock.Advance(3 * time.Hour)
	once(2, true, 2, "b", "a", "a")
	once(2, false, 2, "a", "c")
	once(3, true, 3, "c", "c")
	holds := func(when string, sum int, a bool) {
		tally, err := c.Store.Drawn(c.Ctx, day(), c.Clock.Now())
		c.ok(err)
		c.want(tally.Sum == sum && tally.Has("a") == a && tally.Has("c") && !tally.Has("d"), "%s the window holds %+v", when, tally)
	}
	holds("at once", 3, true)
	c.Clock.Advance(24 * time.Hour)
	holds("27 hours after the first draw", 1, false)
}

func racingDraws(c *C, names func(n int) []string) {
	var drawn atomic.Int64
	together(8, func(i int) {
		for range 6 {
			ok, _, err := c.Store.Draw(c.Ctx, day(), names(1), 25, c.Clock.Now())
			if err != nil {
				c.Errorf("worker %d: %v", i, err)
			}
			if ok {
				drawn.Add(1)
			}
		}
	})
	equal(c, "drawn", drawn.Load(), 25)
}

// grants are the calls of a test, each at the time when it may be sent.
type grants struct {
	mu sync.Mutex
	at []time.Time
}

func (g *grants) add(n int, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		g.at = append(g.at, at)
	}
}

// most counts the calls of the fullest 60 seconds.
func (g *grants) most() int {
	slices.SortFunc(g.at, time.Time.Compare)
	most, from := 0, 0
	for i, at := range g.at {
		for at.Sub(g.at[from]) >= time.Minute {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// work asks for calls, n(i) at a time, until the time is over, on a time of its own.
func (c *C) work(g *grants, start, end time.Time, rank model.Rank, n func(i int) int) {
	now := start
	for i := 0; now.Before(end); {
		wait, ok, err := c.Store.Reserve(c.Ctx, "client", n(i), rank, now, 2*time.Second)
		if err != nil {
			c.Errorf("reserve: %v", err)
			return
		}
		now = now.Add(wait)
		if ok {
			g.add(n(i), now)
			i++
		} else if wait <= 0 {
			c.Errorf("a refusal says to wait %s", wait)
			return
		}
	}
}
