package main

import (
	"context"
	"sync"
	"time"
)

// clock is a time that stands still but for what is waited for and what calls are assumed to take. A first sync of 30,000
// agents, which the EX Org's limit stretches over hours, is so measured in minutes.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	calls bool // calls take time
}

// newClock begins on a Monday morning.
func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// pass lets time pass.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// sleep is what the service waits with.
func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.pass(d)
	return ctx.Err()
}

// call lets the time of a call pass, once calls take time.
func (c *clock) call(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls {
		c.at = c.at.Add(d)
	}
}

// callsTakeTime switches it on or off.
func (c *clock) callsTakeTime(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = on
}

// until gives a context that has a deadline by this clock, as Lambda gives one to a function. Nothing ends by it: those
// who ask for the deadline stop by themselves.
func (c *clock) until(ctx context.Context, d time.Duration) context.Context {
	return deadline{ctx, c.now().Add(d)}
}

type deadline struct {
	context.Context //nolint:containedctx // it is a context
	at              time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.at, true }
