package replay

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Letters is the dead-letter queue.
type Letters interface {
	Receive(ctx context.Context, max int, wait time.Duration) ([]queue.Received, error)
	Delete(ctx context.Context, received []queue.Received) error
	SetVisibility(ctx context.Context, received []queue.Received, d time.Duration) error
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Rows is what a replay needs of the mapping table.
type Rows interface {
	dispatch.Marks
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
}

// Pauses says which objects an operator keeps EXCS from writing to.
type Pauses interface {
	// Paused says why those of the keys that are paused are; the others are absent.
	Paused(ctx context.Context, keys []model.Key) (map[model.Key]string, error)
}

// Config is what a Replayer is made of.
type Config struct {
	Letters Letters
	Work    dispatch.Queue
	Rows    Rows
	// Pauses may be nil: then nothing is paused.
	Pauses Pauses
	// PerMinute is the EX Org's limit of requests, from which follows how long a message may wait on a full work queue.
	PerMinute int
	// Wait is how long a receive waits for a first letter. On SQS at least a second: a shorter one asks some of the servers
	// only, and takes a queue for empty that is not.
	Wait time.Duration
	Now  func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Replayer brings dead letters back.
type Replayer struct{ Config }

// New makes a Replayer.
func New(c Config) *Replayer {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Replayer{Config: c}
}

const (
	// DefaultMax is how many objects one replay brings back when the request does not say.
	DefaultMax = 100
	// HighestMax bounds what a request may say: a thousand objects are some minutes of the EX Org's whole request budget.
	HighestMax = 1000
	// mostLetters bounds how many letters one replay looks at: SQS takes 120,000 in flight, and each costs time.
	mostLetters = 10_000
	// mostFamiliar is after how many receives in a row with nothing new the queue counts as read to its end. Only a replay
	// that outlives its letters' visibility sees familiar ones.
	mostFamiliar = 20
)

// The end of a replay, counted back from the context's: twice the margin before it no further letters are received, and a
// margin before it what is under way is cut off, so that letters can be made visible again. It is at most a quarter of it all.
const (
	margin      = 5 * time.Second
	marginShare = 4
)

const timeRanOut = "the time ran out: replay again for the rest"

// Replay brings dead letters back: it receives them, sets the rows of those that are asked for pending, sends a message for
// each object, and only then deletes the letters. Cut off at any point it loses nothing: the letter is there until the
// message is, the message's deduplication id is made of the letter's, and the row's queued mark keeps it from being doubled.
// What is left is visible again at once. A dry run changes nothing and tells what would happen.
//
// The report is told with an error too: it then says how far the replay came. When the context's time runs out, that is no
// error; Report.Stopped says so. Errors: invalid for a request that makes no sense; those of the table and the queues.
func (r *Replayer) Replay(ctx context.Context, req Request) (Report, error) {
	if err := req.check(); err != nil {
		return newReport(req), err
	}
	p := newPass(r, req)
	inTime, cancel := p.withMargin(ctx)
	defer cancel()
	err := p.readAll(inTime)
	if err != nil && inTime.Err() != nil && ctx.Err() == nil {
		p.report.Stopped, err = timeRanOut, nil
	}
	if err != nil {
		p.report.Stopped = strings.Join(strings.Fields(err.Error()), " ") // joined errors have several lines
	}
	p.finish(ctx)
	return p.report, err
}

func (p *pass) withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	m := min(margin, time.Until(end)/marginShare)
	p.last = end.Add(-2 * m)
	return context.WithDeadline(ctx, end.Add(-m))
}
