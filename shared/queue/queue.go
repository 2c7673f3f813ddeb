package queue

import (
	"context"
	"strconv"
	"time"
)

// BatchSize is the most messages that SQS takes in one call.
const BatchSize = 10

// Queue is one FIFO queue. Consumers declare the few methods they need; this interface exists so that SQS and the twin
// pass one conformance suite.
//
// Errors carry a model.Code: invalid (a message that SQS refuses, no such queue), throttled, unavailable, denied.
type Queue interface {
	// Send puts messages on the queue, in order per key, in batches of BatchSize. Failed parts of a batch are sent again a
	// few times; the error then is a *SendError that names the messages which are not known to be on the queue.
	Send(ctx context.Context, messages []Message) error
	// Receive takes up to max messages (1 to BatchSize), waiting up to wait (20 s at most) for the first.
	Receive(ctx context.Context, max int, wait time.Duration) ([]Received, error)
	// Delete takes received messages off the queue.
	Delete(ctx context.Context, received []Received) error
	// SetVisibility makes received messages visible again after d (0: at once).
	SetVisibility(ctx context.Context, received []Received, d time.Duration) error
	// Depth says how many messages wait and how many are in flight, roughly on SQS.
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// SendError names the messages of a Send that are not known to be on the queue.
type SendError struct {
	Failed []Message
	Err    error
}

// Error says how many messages failed and why the first did.
func (e *SendError) Error() string {
	if len(e.Failed) == 0 {
		return "send messages: " + e.Err.Error()
	}
	return "send message for " + e.Failed[0].Key.String() + " (and " + plural(len(e.Failed)-1) + "): " + e.Err.Error()
}

// Unwrap gives the first cause.
func (e *SendError) Unwrap() error { return e.Err }

func plural(more int) string { return strconv.Itoa(more) + " more" }
