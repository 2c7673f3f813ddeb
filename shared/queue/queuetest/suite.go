package queuetest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
)

// Options are what a check needs of its queue.
type Options struct {
	// Visibility of the queue; 0 is long enough to outlive any check.
	Visibility time.Duration
	// MaxReceive gives the queue a dead-letter queue: a message received more often moves there.
	MaxReceive int
	// Refuse names messages that are to be refused as single entries of a batch.
	Refuse func(queue.Message) bool
}

// Site is a new, empty queue with what belongs to it.
type Site struct {
	Queue queue.Queue
	// Dead is the dead-letter queue, nil without MaxReceive.
	Dead queue.Queue
	// PutBody puts a body on Queue as another sender might.
	PutBody func(ctx context.Context, group, dedup, body string) error
	// Missing is an adapter for a queue that does not exist, nil where there is no such thing.
	Missing queue.Queue
}

// Factory makes a site. Each call gets queues of its own.
type Factory func(t *testing.T, o Options) Site

// Allowance is a check that a server is known to fail.
type Allowance struct {
	// Reason says what the server does instead.
	Reason string
	// Flaky is a check that the server fails now and then: passing is no news.
	Flaky bool
}

// Allowances are the known gaps of one server, by the name of the check. A check that passes although it is allowed to
// fail (and not flaky) fails the test: the allowance has to go.
type Allowances map[string]Allowance

// Bound is the time that one check may take.
const Bound = time.Minute

// long is a visibility that outlives any check.
const long = 10 * time.Minute

// Check is one promise of the queue.
type Check struct {
	// Name is the number of the check in the survey of servers and one sentence.
	Name string
	run  func(c *C)
	// needsMissing marks a check on a queue that does not exist.
	needsMissing bool
}

// Checks lists all promises.
func Checks() []Check {
	var all []Check
	for _, some := range [][]Check{deliveryChecks(), groupChecks(), dedupChecks(), visibilityChecks(), batchChecks(), deadChecks(), refusalChecks(), crowdChecks()} {
		all = append(all, some...)
	}
	return all
}

// Run runs every check against queues of the factory, side by side.
func Run(t *testing.T, factory Factory, allowances Allowances) {
	t.Helper()
	known := map[string]bool{}
	for _, check := range Checks() {
		known[check.Name] = true
		t.Run(check.Name, func(t *testing.T) {
			t.Parallel()
			judge(t, Try(t, check, Bound, factory), allowances, check.Name)
		})
	}
	for name := range allowances {
		if !known[name] {
			t.Errorf("an allowance names no check: %q", name)
		}
	}
}

// judge holds what a check found against what is allowed.
func judge(t testing.TB, failures []string, allowances Allowances, name string) {
	t.Helper()
	a, allowed := allowances[name]
	switch {
	case !allowed:
		for _, f := range failures {
			t.Error(f)
		}
	case len(failures) > 0:
		t.Logf("allowed: %s: %s", a.Reason, failures[0])
	case !a.Flaky:
		t.Errorf("this check passes now: take its allowance away (%s)", a.Reason)
	}
}

// Try runs one check, for as long as bound, and gives its failures.
func Try(t *testing.T, check Check, bound time.Duration, factory Factory) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	c := &C{Ctx: ctx, t: t, factory: factory}
	if check.needsMissing && factory(t, Options{}).Missing == nil {
		t.Skip("a queue in memory can not be missing")
	}
	func() {
		defer func() {
			if r := recover(); r != nil && !errors.Is(asError(r), errStop) {
				c.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		check.run(c)
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures
}

// errStop ends a check.
var errStop = errors.New("the check ended")

func asError(r any) error {
	err, _ := r.(error)
	return err
}

// C is what a check works with.
type C struct {
	Ctx context.Context

	t       *testing.T
	factory Factory

	mu       sync.Mutex
	failures []string
}

// New makes a site.
func (c *C) New(o Options) Site {
	if o.Visibility == 0 {
		o.Visibility = long
	}
	return c.factory(c.t, o)
}

// Errorf notes a failure.
func (c *C) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// Fatalf notes a failure and ends the check. Only the check's own goroutine may call it.
func (c *C) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	panic(errStop)
}

func (c *C) ok(err error) {
	if err != nil {
		c.Fatalf("unexpected error: %v", err)
	}
}

func (c *C) invalid(err error) {
	if got := model.CodeOf(err); got != model.CodeInvalid {
		c.Fatalf("error %v has code %q, want %q", err, got, model.CodeInvalid)
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
