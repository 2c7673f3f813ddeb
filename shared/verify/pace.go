package verify

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"excs/shared/exorg"
	"excs/shared/model"
)

// DefaultShare is the share of the request budget that sweeps spend at most.
const DefaultShare = 0.20

// Pace is a request budget that gives out a share of another one, evenly, call by call. Everything that it lets through
// has the rank of bulk work, so that it stands back behind people's changes as well. It counts the calls.
type Pace struct {
	inner   exorg.Budget
	share   float64
	allowed int
	sleep   func(context.Context, time.Duration) error

	mu     sync.Mutex
	limits map[string]int       // per OAuth client, as the EX Org's headers told
	next   map[string]time.Time // when the client may send again
	calls  int
}

var _ exorg.Budget = (*Pace)(nil)

// NewPace makes a Pace over a budget (nil: none). allowed is the limit per minute while no header told one; sleep waits
// (nil: a timer).
func NewPace(inner exorg.Budget, share float64, allowed int, sleep func(context.Context, time.Duration) error) *Pace {
	if sleep == nil {
		sleep = wait
	}
	return &Pace{inner: inner, share: share, allowed: allowed, sleep: sleep, limits: map[string]int{}, next: map[string]time.Time{}}
}

// Calls counts the requests let through so far.
func (p *Pace) Calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// briefWait is what a client that asks without patience is told: it comes back with patience and is served in turn.
const briefWait = time.Millisecond

// Reserve waits for the pace itself, then takes the slots of the budget beneath. The pace does not count against maxWait:
// a small share makes long waits, and they are no fault. A context of a sweep whose time is up gets errTimeUp.
func (p *Pace) Reserve(ctx context.Context, client string, n int, _ model.Rank, now time.Time, maxWait time.Duration) (time.Duration, bool, error) {
	turn, ok := p.turn(client, n, now, maxWait > 0)
	if !ok {
		return briefWait, false, nil
	}
	if end, ok := ctx.Value(endKey{}).(time.Time); ok && !now.Add(turn).Before(end) {
		return 0, false, errTimeUp
	}
	if turn > 0 {
		if err := p.sleep(ctx, turn); err != nil {
			return 0, false, model.Errorf(model.CodeUnavailable, "keep the pace", "%w", err)
		}
	}
	if p.inner == nil {
		p.count(n)
		return 0, true, nil
	}
	slot, ok, err := p.inner.Reserve(ctx, client, n, model.RankBulk, now.Add(turn), maxWait)
	if err != nil {
		return 0, false, fmt.Errorf("take slots of the request budget: %w", err)
	}
	if ok {
		p.count(n)
	}
	return slot, ok, nil
}

// turn takes the client's next turn and says how long it is off; ok is false when it is not now and the caller has no
// patience.
func (p *Pace) turn(client string, n int, now time.Time, patient bool) (off time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	off = max(0, p.next[client].Sub(now))
	if off > 0 && !patient {
		return off, false
	}
	p.next[client] = now.Add(off + time.Duration(n)*p.gap(client))
	return off, true
}

// gap is the time between two calls.
func (p *Pace) gap(client string) time.Duration {
	allowed := p.limits[client]
	if allowed == 0 {
		allowed = p.allowed
	}
	perMinute := max(1, math.Floor(p.share*float64(allowed)))
	return time.Duration(math.Ceil(60_000/perMinute)) * time.Millisecond
}

func (p *Pace) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls += n
}

// Hold passes on that everybody must wait.
func (p *Pace) Hold(ctx context.Context, client string, until time.Time) error {
	if p.inner == nil {
		return nil
	}
	return p.inner.Hold(ctx, client, until) //nolint:wrapcheck // passes on
}

// SetAllowed notes the limit that the EX Org told, and passes it on.
func (p *Pace) SetAllowed(ctx context.Context, client string, perMinute int, now time.Time) error {
	p.mu.Lock()
	p.limits[client] = perMinute
	p.next[client] = now.Add(p.gap(client)) // from now on, also after the call that told of it
	p.mu.Unlock()
	if p.inner == nil {
		return nil
	}
	return p.inner.SetAllowed(ctx, client, perMinute, now) //nolint:wrapcheck // passes on
}

type endKey struct{}

// withEnd makes every call under the context fail with errTimeUp from that time on.
func withEnd(ctx context.Context, end time.Time) context.Context {
	if end.IsZero() {
		return ctx
	}
	return context.WithValue(ctx, endKey{}, end)
}

// errTimeUp says that the sweep must stop here: what runs it ends soon.
var errTimeUp = &model.Error{Code: model.CodeUnavailable, Op: "verify", Err: fmt.Errorf("the time is up")}

// wait sleeps for d or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
