package apply

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Answer says what to do with one received message.
type Answer struct {
	// Failed: the message stays on the queue. Again says when it should come back; 0: when its visibility runs out.
	Failed bool
	Again  time.Duration
	// State is what the row was left in, "" when there was nothing to do or the look failed.
	State  mapping.State
	Action model.Action
	// Err is why nothing could be recorded, nil otherwise.
	Err error
}

// looksAtOnce is how many objects of one batch are worked on side by side. Batches have at most ten messages, and most of
// a look is waiting for an answer.
const looksAtOnce = queue.BatchSize

// Batch works on a batch of received messages and answers each of them, in the same order. Messages of one key are one
// look: the first is worked on, all are answered. A message that can not be decoded fails, so that the queue's own limit
// takes it to the dead letters as it is.
func (w *Worker) Batch(ctx context.Context, batch []queue.Received) []Answer {
	answers := make([]Answer, len(batch))
	first := map[model.Key]int{}
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	var mu sync.Mutex
	for i, r := range batch {
		if r.Err != nil {
			w.Log.ErrorContext(ctx, "message can not be read and stays on the queue", "id", r.ID, "count", r.Count, "error", r.Err.Error())
			answers[i] = Answer{Failed: true, Err: r.Err}
			continue
		}
		if _, ok := first[r.Key]; ok {
			continue
		}
		first[r.Key] = i
		group.Go(func() error {
			a := w.answer(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			answers[i] = a
			return nil
		})
	}
	_ = group.Wait() // the functions answer, they return no error
	for i, r := range batch {
		if r.Err == nil {
			answers[i] = answers[first[r.Key]]
		}
	}
	return answers
}

func (w *Worker) answer(ctx context.Context, r queue.Received) Answer {
	result, err := w.Look(ctx, r.Message)
	if err != nil {
		w.Log.WarnContext(ctx, "look failed and comes back", "key", r.Key, "code", model.CodeOf(err), "error", err.Error())
		return Answer{Failed: true, Err: err}
	}
	return Answer{Failed: result.Again > 0, Again: result.Again, State: result.State, Action: result.Action}
}
