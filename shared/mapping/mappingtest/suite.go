package mappingtest

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Factory makes an empty store, with the clock and stamps of the options. Each call gets a tenant of its own.
type Factory func(t *testing.T, o mapping.Options) mapping.Store

// Allowances are checks that a server is known to fail, by name, with the reason. An allowed check that passes fails the
// test: the allowance has to go.
type Allowances map[string]string

// Bound is the time that one check may take.
const Bound = 2 * time.Minute

// Check is one promise of the store.
type Check struct {
	// Name is one sentence.
	Name string
	run  func(c *C)
}

// Checks lists all promises.
func Checks() []Check {
	var all []Check
	for _, some := range [][]Check{
		rowChecks(), desiredChecks(), recordChecks(), markChecks(), releaseChecks(), listChecks(), ownerChecks(),
		indexChecks(), documentChecks(), leaseChecks(), pauseChecks(), bindChecks(), operatorChecks(), windowChecks(), budgetChecks(), tokenChecks(), sharedChecks(), historyChecks(), wroteChecks(),
	} {
		all = append(all, some...)
	}
	return all
}

// Run runs every check against stores of the factory.
func Run(t *testing.T, factory Factory, allowances Allowances) {
	t.Helper()
	runChecks(t, Checks(), factory, allowances)
}

func runChecks(t *testing.T, checks []Check, factory Factory, allowances Allowances) {
	t.Helper()
	known := map[string]bool{}
	for _, check := range checks {
		known[check.Name] = true
		t.Run(check.Name, func(t *testing.T) {
			failures := Try(t, check, factory)
			reason, allowed := allowances[check.Name]
			switch {
			case allowed && len(failures) == 0:
				t.Errorf("this check passes now: take its allowance away (%s)", reason)
			case allowed:
				t.Logf("allowed: %s: %s", reason, failures[0])
			default:
				for _, f := range failures {
					t.Error(f)
				}
			}
		})
	}
	for name := range allowances {
		if !known[name] {
			t.Errorf("an allowance names no check: %q", name)
		}
	}
}

// Try runs one check and gives its failures.
func Try(t *testing.T, check Check, factory Factory) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Bound)
	defer cancel()
	c := &C{Ctx: ctx, Clock: NewClock(), t: t, factory: factory}
	c.Store = c.New()
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(stop{}) {
				c.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		check.run(c)
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures
}

// stop ends a check.
type stop struct{}

// C is what a check works with.
type C struct {
	Ctx   context.Context
	Clock *Clock
	Store mapping.Store

	t       *testing.T
	factory Factory

	mu       sync.Mutex
	failures []string
}

// New makes another store, of another tenant, on the same clock.
func (c *C) New() mapping.Store { return c.factory(c.t, mapping.Options{Clock: c.Clock.Now}) }

// Errorf notes a failure.
func (c *C) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// Fatalf notes a failure and ends the check. Only the check's own goroutine may call it.
func (c *C) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	panic(stop{})
}

func (c *C) ok(err error) {
	if err != nil {
		c.Fatalf("unexpected error: %v", err)
	}
}

func (c *C) code(err error, want model.Code) {
	if got := model.CodeOf(err); got != want {
		c.Fatalf("error %v has code %q, want %q", err, got, want)
	}
}

func (c *C) want(ok bool, format string, args ...any) {
	if !ok {
		c.Fatalf(format, args...)
	}
}

func equal[T comparable](c *C, what string, got, want T) {
	if got != want {
		c.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// together runs n goroutines that start at once, and waits for them.
func together(n int, work func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	wg.Wait()
}

// eventually waits until the sparse index shows what it should.
func (c *C) eventually(what string, holds func() (bool, error)) {
	for range 400 {
		ok, err := holds()
		c.ok(err)
		if ok {
			return
		}
		c.Clock.Advance(10 * time.Millisecond)
		select {
		case <-c.Ctx.Done():
			c.Fatalf("%s: %v", what, c.Ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	c.Fatalf("%s: not within 400 looks", what)
}

// Clock is a clock that tests move. It starts at the real time, because some servers expire items by it.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts at the present second.
func NewClock() *Clock { return &Clock{at: time.Now().UTC().Truncate(time.Second)} }

// Now tells the time.
func (k *Clock) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.at
}

// Advance moves the clock.
func (k *Clock) Advance(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = k.at.Add(d)
}
