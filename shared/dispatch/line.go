package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Marks are the queued marks of rows.
type Marks interface {
	MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error)
	ClearQueued(ctx context.Context, key model.Key, token string) (mapping.Row, error)
}

// Queue is the work queue.
type Queue interface {
	Send(ctx context.Context, messages []queue.Message) error
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Line puts messages on the work queue for one run or one batch. It is safe for concurrent use.
type Line struct {
	marks     Marks
	queue     Queue
	perMinute int
	now       func() time.Time

	turn chan struct{} // holds one while somebody asks for the depth; others wait for no longer than their contexts last
	lost time.Duration // 0: not known yet
}

// NewLine makes a Line; perMinute is how many calls a minute the EX Org allows.
func NewLine(marks Marks, q Queue, perMinute int, now func() time.Time) *Line {
	return &Line{marks: marks, queue: q, perMinute: perMinute, now: now, turn: make(chan struct{}, 1)}
}

const (
	// leastLost is the age from which a mark is that of a lost message, unless the queue itself is slower.
	leastLost = 10 * time.Minute
	// callsPerMessage is the usual cost of a message, for the time that a full queue takes.
	callsPerMessage = 4
)

// Lost gives the age from which a queued mark is taken for a lost message, by how full the queue is: a first sync of
// thousands of objects waits for the request budget longer than ten minutes, and none of its messages is lost. The depth is
// read once. Errors are those of reading it.
func (l *Line) Lost(ctx context.Context) (time.Duration, error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, &model.Error{Code: model.CodeUnavailable, Op: "read the depth of the work queue", Err: ctx.Err()}
	}
	defer func() { <-l.turn }()
	if l.lost > 0 {
		return l.lost, nil
	}
	waiting, inFlight, err := l.queue.Depth(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the depth of the work queue: %w", err)
	}
	minutes := (waiting + inFlight) * callsPerMessage / max(1, l.perMinute)
	l.lost = max(leastLost, 2*time.Duration(minutes)*time.Minute)
	return l.lost, nil
}

// Mark marks the row of a message queued; false when a message is on its way already. Send sends it then. When it is not
// known whether the mark was written, it is taken back.
func (l *Line) Mark(ctx context.Context, m queue.Message) (bool, error) {
	lost, err := l.Lost(ctx)
	if err != nil {
		return false, err
	}
	marked, err := l.marks.MarkQueued(ctx, m.Key, m.Token, l.now(), lost)
	if model.CodeOf(err) == model.CodeAmbiguous {
		l.takeBack(ctx, []queue.Message{m})
	}
	if err != nil {
		return false, fmt.Errorf("mark %s queued: %w", m.Key, err)
	}
	return marked, nil
}

// Send puts marked messages on the queue. Those that are not known to be there lose their marks, so that the next sender is
// not kept away by a message that never comes; the error is a *queue.SendError that names them, or that of the queue for all.
func (l *Line) Send(ctx context.Context, messages []queue.Message) error {
	if len(messages) == 0 {
		return nil
	}
	err := l.queue.Send(ctx, messages)
	if err == nil {
		return nil
	}
	failed := messages
	if e, ok := errors.AsType[*queue.SendError](err); ok {
		failed = e.Failed
	}
	l.takeBack(ctx, failed)
	return err
}

// Dispatch marks and sends one message; false when one is on its way already.
func (l *Line) Dispatch(ctx context.Context, m queue.Message) (bool, error) {
	marked, err := l.Mark(ctx, m)
	if err != nil || !marked {
		return false, err
	}
	return true, l.Send(ctx, []queue.Message{m})
}

// SendAnew sends a message again that is on the queue and can not stay there: its mark stands for both.
func (l *Line) SendAnew(ctx context.Context, m queue.Message) error {
	return l.queue.Send(ctx, []queue.Message{m})
}

// Records stores what became of a row.
type Records interface {
	Record(ctx context.Context, outcome mapping.Outcome, now time.Time) (mapping.Row, error)
}

// HandBack records the outcome of work that goes on later, and that its message stays on the queue: nobody needs to send another.
// That the row has another version by now is no error.
func (l *Line) HandBack(ctx context.Context, rows Records, outcome mapping.Outcome, m queue.Message) error {
	now := l.now()
	if m.Token != "" {
		outcome.Queued = &mapping.Queued{Token: m.Token, At: now, Lane: m.Lane}
	}
	_, err := rows.Record(ctx, outcome, now)
	if model.CodeOf(err) == model.CodeStale {
		return nil
	}
	return err
}

const (
	// takeBackTime is how long taking marks back may take. It goes on when the caller itself has run out of time: a mark
	// without a message would silence the object until it counts as lost.
	takeBackTime = 3 * time.Second
	takenAtOnce  = 16
)

// takeBack takes marks away whose messages may not be on the queue. If one is, its look happens all the same. A mark that
// can not be taken back counts as lost in time.
func (l *Line) takeBack(ctx context.Context, messages []queue.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(takenAtOnce)
	for _, m := range messages {
		group.Go(func() error {
			_, _ = l.marks.ClearQueued(ctx, m.Key, m.Token) // see above: it counts as lost in time
			return nil
		})
	}
	_ = group.Wait() // the functions return no error
}
