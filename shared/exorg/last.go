package exorg

import (
	"context"
	"time"

	"excs/shared/model"
)

type lastKey struct{}

// last is the end of the time in which calls may be made.
type last struct {
	begin context.Context //nolint:containedctx // its end is what counts: it needs no clock of its own
	end   time.Time
}

// WithLast binds the calls made under the returned context to the end of an invocation. Once begin is done none begins: it fails
// as throttled, with nothing sent, so that whoever asks again is served. None goes on after end.
func WithLast(ctx, begin context.Context, end time.Time) context.Context {
	return context.WithValue(ctx, lastKey{}, last{begin, end})
}

// againAfter is when a call is worth another try that the invocation has no time for.
const againAfter = time.Second

// tooLate says that no call may begin any more.
func tooLate(ctx context.Context, op string) error {
	l, ok := ctx.Value(lastKey{}).(last)
	if !ok || l.begin.Err() == nil {
		return nil
	}
	e := model.Errorf(model.CodeThrottled, op, "the invocation ends soon, and no further call begins in it")
	e.RetryAfter = againAfter
	return e
}

// attempt bounds one attempt by its own time and by the end of the invocation.
func (c *Client) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	l, ok := ctx.Value(lastKey{}).(last)
	if !ok {
		return ctx, cancel
	}
	ctx, done := context.WithDeadline(ctx, l.end)
	return ctx, func() { done(); cancel() }
}
