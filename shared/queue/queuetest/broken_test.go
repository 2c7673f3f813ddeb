package queuetest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/queue/queuetest"
)

// broken is the twin with one fault: each func, where set, takes the place of a method.
type broken struct {
	queue.Queue
	send    func(ctx context.Context, q queue.Queue, messages []queue.Message) error
	receive func(ctx context.Context, q queue.Queue, most int, wait time.Duration) ([]queue.Received, error)
	remove  func(ctx context.Context, q queue.Queue, received []queue.Received) error
	hide    func(ctx context.Context, q queue.Queue, received []queue.Received, d time.Duration) error
	depth   func(ctx context.Context, q queue.Queue) (int, int, error)
}

func (b broken) Send(ctx context.Context, messages []queue.Message) error {
	if b.send != nil {
		return b.send(ctx, b.Queue, messages)
	}
	return b.Queue.Send(ctx, messages)
}

func (b broken) Receive(ctx context.Context, most int, wait time.Duration) ([]queue.Received, error) {
	if b.receive != nil {
		return b.receive(ctx, b.Queue, most, wait)
	}
	return b.Queue.Receive(ctx, most, wait)
}

func (b broken) Delete(ctx context.Context, received []queue.Received) error {
	if b.remove != nil {
		return b.remove(ctx, b.Queue, received)
	}
	return b.Queue.Delete(ctx, received)
}

func (b broken) SetVisibility(ctx context.Context, received []queue.Received, d time.Duration) error {
	if b.hide != nil {
		return b.hide(ctx, b.Queue, received, d)
	}
	return b.Queue.SetVisibility(ctx, received, d)
}

func (b broken) Depth(ctx context.Context) (int, int, error) {
	if b.depth != nil {
		return b.depth(ctx, b.Queue)
	}
	return b.Queue.Depth(ctx)
}

// backwards sends in the wrong order.
func backwards(ctx context.Context, q queue.Queue, messages []queue.Message) error {
	messages = slices.Clone(messages)
	slices.Reverse(messages)
	return q.Send(ctx, messages)
}

// fresh makes every message look new.
func fresh() func(ctx context.Context, q queue.Queue, messages []queue.Message) error {
	var n int
	return func(ctx context.Context, q queue.Queue, messages []queue.Message) error {
		messages = slices.Clone(messages)
		for i := range messages {
			n++
			messages[i].Token += strings.Repeat("x", n)
		}
		return q.Send(ctx, messages)
	}
}

// The suite is only as good as what it catches: each of these faults fails the check that is about it.
func TestTheSuiteCatches(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault broken
		check string
	}{
		{"a queue that turns the order round", broken{send: backwards}, "S20 "},
		{"a queue that loses the message", broken{remove: func(context.Context, queue.Queue, []queue.Received) error { return nil }}, "S04 "},
		{"a queue that takes a message twice", broken{send: fresh()}, "S22 a message sent twice"},
		{"a queue that swallows a second look", broken{send: func(ctx context.Context, q queue.Queue, messages []queue.Message) error {
			messages = slices.Clone(messages)
			for i := range messages {
				messages[i].Version = 1
			}
			return q.Send(ctx, messages)
		}}, "a second look at the same state"},
		{"a queue that loses the body's text", broken{receive: func(ctx context.Context, q queue.Queue, most int, wait time.Duration) ([]queue.Received, error) {
			got, err := q.Receive(ctx, most, wait)
			for i := range got {
				got[i].Reason = strings.ToValidUTF8(strings.Trim(got[i].Reason, "\x00a"), "")
			}
			return got, err
		}}, "S45 "},
		{"a queue that never frees", broken{hide: func(context.Context, queue.Queue, []queue.Received, time.Duration) error { return nil }}, "S42 "},
		{"a queue that frees everything", broken{receive: func(ctx context.Context, q queue.Queue, most int, wait time.Duration) ([]queue.Received, error) {
			got, err := q.Receive(ctx, most, wait)
			if err == nil {
				err = q.SetVisibility(ctx, got, 0)
			}
			return got, err
		}}, "S21 "},
		{"a queue that reports a refusal as success", broken{send: func(ctx context.Context, q queue.Queue, messages []queue.Message) error {
			if err := q.Send(ctx, messages); model.CodeOf(err) != model.CodeInvalid {
				return err
			}
			return nil
		}}, "S36 "},
		{"a queue that takes a made-up receipt", broken{remove: func(ctx context.Context, q queue.Queue, received []queue.Received) error {
			if err := q.Delete(ctx, received); model.CodeOf(err) != model.CodeInvalid {
				return err
			}
			return nil
		}}, "S37 "},
		{"a queue that guesses its depth", broken{depth: func(context.Context, queue.Queue) (int, int, error) { return 0, 0, nil }}, "S42 "},
		{"a queue that goes on after the context's end", broken{depth: func(ctx context.Context, q queue.Queue) (int, int, error) {
			return q.Depth(context.WithoutCancel(ctx))
		}}, "an operation whose context ended"},
		{"a queue that gives too many", broken{receive: func(ctx context.Context, q queue.Queue, most int, wait time.Duration) ([]queue.Received, error) {
			got, err := q.Receive(ctx, most, wait)
			if most <= queue.BatchSize || err != nil {
				return got, err
			}
			more, err := q.Receive(ctx, most, wait)
			return append(got, more...), err
		}}, "S39 "},
		{"a queue that stops at a refused message", broken{send: func(ctx context.Context, q queue.Queue, messages []queue.Message) error {
			for _, m := range messages {
				if err := q.Send(ctx, []queue.Message{m}); err != nil {
					return err
				}
			}
			return nil
		}}, "a message that SQS would refuse"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(queuetest.Checks(), func(c queuetest.Check) bool { return strings.HasPrefix(c.Name, tc.check) })
			failures := queuetest.Try(t, queuetest.Checks()[i], queuetest.Bound/20, func(t *testing.T, o queuetest.Options) queuetest.Site {
				site := queuetest.InMemory(t, o)
				fault := tc.fault
				fault.Queue = site.Queue
				site.Queue = fault
				return site
			})
			if len(failures) == 0 {
				t.Errorf("%q did not notice", queuetest.Checks()[i].Name)
			}
		})
	}
}
