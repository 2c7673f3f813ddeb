package mapping

import (
	"context"
	"time"

	"excs/shared/model"
)

// PauseReader reads what is paused.
type PauseReader interface {
	Pauses(ctx context.Context) (Pauses, error)
}

// watchFor is how long one read of the pauses is believed: a pause takes hold of a worker in the middle of a batch after so
// long at most.
const watchFor = 3 * time.Second

// Watch knows what is paused for the length of one invocation. It reads the pauses when it is first asked, and again when
// what it read is some seconds old. Safe for concurrent use. Make a new one for every invocation: a pause that was set before
// it must hold from its beginning.
type Watch struct {
	from PauseReader
	now  func() time.Time

	turn   chan struct{} // held by who reads; a channel, because waiting for it must end with the context
	at     time.Time
	pauses Pauses
}

// NewWatch makes a Watch; it reads nothing yet.
func NewWatch(from PauseReader, now func() time.Time) *Watch {
	return &Watch{from: from, now: now, turn: make(chan struct{}, 1)}
}

// All gives the pauses. An error means that nobody knows: write nothing.
func (w *Watch) All(ctx context.Context) (Pauses, error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return nil, model.Errorf(model.CodeUnavailable, "read the pauses", "%w", ctx.Err())
	}
	now := w.now()
	if !w.at.IsZero() && now.Sub(w.at) < watchFor {
		return w.pauses, nil
	}
	pauses, err := w.from.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	w.at, w.pauses = now, pauses
	return pauses, nil
}

// Of gives the pause that covers one of the keys, the first of them; zero keys are passed over.
func (w *Watch) Of(ctx context.Context, keys ...model.Key) (Pause, bool, error) {
	pauses, err := w.All(ctx)
	if err != nil {
		return Pause{}, false, err
	}
	for _, key := range keys {
		if key.IsZero() {
			continue
		}
		if p, paused := pauses.Of(key); paused {
			return p, true, nil
		}
	}
	return Pause{}, false, nil
}
