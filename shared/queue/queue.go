package queue

import (
	"context"
	"fmt"
	"time"
)

// BatchSize is the most messages that SQS takes in one call.
const BatchSize = 10

// LongestWait is the longest that a receive waits for a message.
const LongestWait = 20 * time.Second

// LongestVisibility is the longest time for which SQS hides a message.
const LongestVisibility = 12 * time.Hour

// Queue is one FIFO queue. Consumers declare the few methods they need; this interface exists so that SQS and the twin
// pass one conformance suite (queuetest).
//
// Errors carry a model.Code: invalid (a message or receipt that SQS refuses, no such queue), throttled, unavailable
// (also: the context ended), denied.
type Queue interface {
	// Send puts messages on the queue, in order per key, in batches of BatchSize. Messages that SQS would refuse are told
	// before any call and do not hold up the others. Failed parts of a batch are sent again a few times; the error then is
	// a *SendError that names the messages which are not known to be on the queue.
	Send(ctx context.Context, messages []Message) error
	// Receive takes up to max messages (1 to BatchSize), waiting up to wait (LongestWait at most) for the first.
	Receive(ctx context.Context, max int, wait time.Duration) ([]Received, error)
	// Delete takes received messages off the queue. All are tried, then the first failure is told. A receipt that was never
	// given is invalid; one whose time ran out may pass or fail, neither says whether the message is gone.
	Delete(ctx context.Context, received []Received) error
	// SetVisibility makes received messages visible again after d (0: at once; whole seconds, rounded up). A group stays
	// blocked until all its messages in flight are visible or deleted. All are tried, then the first failure is told.
	SetVisibility(ctx context.Context, received []Received, d time.Duration) error
	// Depth says how many messages wait and how many are in flight, roughly on SQS.
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// SendError names the messages of a Send that are not known to be on the queue, in the order in which they were given.
type SendError struct {
	Failed []Message
	// Err is why the first of them failed.
	Err error
}

// Error says how many messages failed and why the first did.
func (e *SendError) Error() string {
	switch n := len(e.Failed); n {
	case 0:
		return "send messages: " + e.Err.Error()
	case 1:
		return fmt.Sprintf("1 message, for %s, was not sent: %v", e.Failed[0].Key, e.Err)
	default:
		return fmt.Sprintf("%d messages, the first for %s, were not sent: %v", n, e.Failed[0].Key, e.Err)
	}
}

// Unwrap gives the first cause.
func (e *SendError) Unwrap() error { return e.Err }

// most bounds how many messages one receive asks for.
func most(n int) int { return min(max(n, 1), BatchSize) }

// patience bounds how long one receive waits.
func patience(wait time.Duration) time.Duration { return min(max(wait, 0), LongestWait) }

// hiding bounds a visibility and rounds it up to what SQS counts in.
func hiding(d time.Duration) time.Duration {
	d = min(max(d, 0), LongestVisibility)
	return (d + time.Second - 1) / time.Second * time.Second
}
