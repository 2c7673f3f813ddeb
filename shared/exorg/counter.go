package exorg

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// Usage counts what clients did.
type Usage struct {
	// Calls are requests to the API, repeated ones too. Requests for tokens are not counted: they have a limit of their own.
	Calls int
	// Throttled are answers that asked to wait: 429, and the token endpoint's own form of it.
	Throttled int
	// Refused are calls that were not made, because no OAuth client had a slot within their patience.
	Refused int
	// Denied are calls that ended with refused credentials or a refused permission.
	Denied int
}

// Counter counts for any number of clients. It is safe for concurrent use.
type Counter struct{ calls, throttled, refused, denied atomic.Int64 }

// Take gives what was counted since the last Take, so that everything is told once, however calls overlap.
func (c *Counter) Take() Usage {
	return Usage{
		Calls: int(c.calls.Swap(0)), Throttled: int(c.throttled.Swap(0)), Refused: int(c.refused.Swap(0)), Denied: int(c.denied.Swap(0)),
	}
}

// answered counts a request and its answer; status 0 is none.
func (c *Counter) answered(status int) {
	c.calls.Add(1)
	if status == http.StatusTooManyRequests {
		c.throttled.Add(1)
	}
}

// ended counts what a call came to.
func (c *Counter) ended(err error) {
	if IsDenied(err) {
		c.denied.Add(1)
	}
}

// Trace collects what the calls under its context were, for the one log line that tells of an object.
type Trace struct {
	mu          sync.Mutex
	calls       int
	correlation string
	served      []string
}

// Served are the operations, as method and route, that the EX Org answered with anything but a fault of its own.
func (t *Trace) Served() []string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.served)
}

// noteServed takes an operation down that was answered, if there is a trace.
func noteServed(ctx context.Context, method, route string, status int) {
	t, ok := ctx.Value(traceKey{}).(*Trace)
	if !ok || status == 0 || status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := method + " " + route; !slices.Contains(t.served, at) {
		t.served = append(t.served, at)
	}
}

type traceKey struct{}

// WithTrace gives a context whose calls are traced.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{}
	return context.WithValue(ctx, traceKey{}, t), t
}

// Calls counts the requests so far. A nil Trace has none.
func (t *Trace) Calls() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls
}

// CorrelationID is the EX Org's own id of the last request that it answered with one: support asks for it.
func (t *Trace) CorrelationID() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.correlation
}

// note takes an answer down in the trace of its context, if there is one.
func note(ctx context.Context, correlation string) {
	t, ok := ctx.Value(traceKey{}).(*Trace)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	if correlation != "" {
		t.correlation = correlation
	}
}
