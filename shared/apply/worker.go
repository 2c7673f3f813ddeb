package apply

import (
	"context"
	"log/slog"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// Rows is what the worker needs of the mapping table.
type Rows interface {
	Get(ctx context.Context, key model.Key) (mapping.Row, error)
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	ClearQueued(ctx context.Context, key model.Key, token string) (mapping.Row, error)
	MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error)
	Intend(ctx context.Context, key model.Key, version int64, intent mapping.Intent, replace string) error
	Record(ctx context.Context, outcome mapping.Outcome, now time.Time) (mapping.Row, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
	Forget(ctx context.Context, key model.Key) error
	Own(ctx context.Context, kind model.Kind, exID string, key model.Key, from []model.Key, share bool) error
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string][]model.Key, error)
	Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error
}

// Orphans gives a row to an EX object that was left behind.
type Orphans interface {
	PutDesired(ctx context.Context, run int64, wish mapping.Wish) (mapping.Row, error)
}

// Lists reads all rows of a kind: what hung on an object that came back is found by it.
type Lists interface {
	Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error)
}

// Window is the guard's rolling count (mapping.GuardStore).
type Window interface {
	Draw(ctx context.Context, w mapping.Window, n, limit int, now time.Time) (ok bool, drawn int, err error)
}

// Sender puts messages on a queue.
type Sender interface {
	Send(ctx context.Context, messages []queue.Message) error
}

// Census tells how many objects of each kind are mapped (and, for members, how many memberships there are): the base of
// the guard's shares.
type Census interface {
	Census(ctx context.Context) (map[model.Kind]int, error)
}

// Config is what a Worker is made of. Every field but Log is needed.
type Config struct {
	Rows     Rows
	Orphans  Orphans
	Lists    Lists
	Window   Window
	Census   Census
	Org      Org
	Writer   Writer
	Work     Sender // the queue that workers read, for second looks
	Dead     Sender // the dead-letter queue
	Settings rules.Settings
	Now      func() time.Time
	NewToken func() string // an id that is never used twice
	Log      *slog.Logger
}

// Worker applies rows to the EX Org. It is safe for concurrent use; the queue keeps one key from being worked on twice at
// a time, and where that fails, intents, owners and versions hold.
type Worker struct {
	Config
	home homeDivision
}

// New makes a worker.
func New(c Config) *Worker {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{Config: c}
}

// Result says what became of one message.
type Result struct {
	// State is what the row was left in; "" when there was nothing to do.
	State mapping.State
	// Again, when set, asks for the message to come back after that time: nothing was decided.
	Again time.Duration
	// Action is what was done to the EX Org, "" for nothing.
	Action model.Action
}

// looksPerMessage bounds how often one message looks again because the desired state moved while it worked.
const looksPerMessage = 3

// briefWait is the longest wait that is spent in the queue; a longer one is written on the row (DESIGN 3).
const briefWait = 30 * time.Second

// Look makes the message's object right, or records on its row why not. An error means that not even that could be
// recorded: the message must come back.
func (w *Worker) Look(ctx context.Context, m queue.Message) (Result, error) {
	row, err := w.Rows.ClearQueued(ctx, m.Key, m.Token)
	for range looksPerMessage {
		if model.CodeOf(err) == model.CodeNotFound {
			w.Log.InfoContext(ctx, "message for a key without a row", "key", m.Key)
			return Result{}, nil
		}
		if err != nil {
			return Result{}, err
		}
		if why := idle(row, w.Now()); why != "" {
			w.Log.DebugContext(ctx, "nothing to do", "key", m.Key, "why", why)
			return Result{State: row.State}, nil
		}
		result, stale, err := w.lookOnce(ctx, row, m)
		if err != nil || !stale {
			return result, err
		}
		row, err = w.Rows.Get(ctx, m.Key)
		if err != nil {
			return Result{}, err
		}
	}
	return Result{Again: time.Second}, nil
}

// idle says why a row is not worked on, "" when it is.
func idle(row mapping.Row, now time.Time) string {
	switch row.State {
	case mapping.StateHeld, mapping.StateQuarantined, mapping.StateOrphan, mapping.StateGone:
		return string(row.State)
	case mapping.StateWaiting, mapping.StateInvisible:
		if now.Before(row.WaitUntil) {
			return "waiting until " + row.WaitUntil.UTC().Format(time.RFC3339)
		}
	default:
	}
	if row.Goal == mapping.GoalOrphan {
		return "orphan"
	}
	return ""
}

func (w *Worker) lookOnce(ctx context.Context, row mapping.Row, m queue.Message) (Result, bool, error) {
	l := &look{Worker: w, row: row, msg: m, now: w.Now(), out: mapping.Outcome{Key: row.Key, Version: row.Version}}
	failure := l.converge(ctx)
	if d, brief := l.again(failure); brief {
		return Result{Again: d}, false, l.keep(ctx)
	}
	if err := l.conclude(ctx, failure); err != nil {
		return Result{}, false, err
	}
	l.audit(ctx)
	if l.gone {
		return Result{State: mapping.StateGone, Action: l.action}, false, w.Rows.Forget(ctx, row.Key)
	}
	if _, err := w.Rows.Record(ctx, l.out, w.Now()); err != nil {
		if model.CodeOf(err) == model.CodeStale {
			return Result{}, true, nil
		}
		return Result{}, false, err
	}
	return Result{State: l.out.State, Action: l.action}, false, nil
}

// look is the work on one row.
type look struct {
	*Worker
	row mapping.Row
	msg queue.Message
	now time.Time
	out mapping.Outcome

	action model.Action
	fields []model.Field
	note   string
	gone   bool // the row itself is to be dropped
}

// keep records what must survive although the message comes back: ids, intents, guard marks.
func (l *look) keep(ctx context.Context) error {
	o := l.out
	if o.EXID == "" && !o.ClearEXID && !o.ClearIntent && o.Written.IsZero() && o.Seen == nil && len(o.Counted) == 0 {
		return nil
	}
	l.out.State = mapping.StatePending
	l.out.Attempts = l.row.Attempts
	_, err := l.Rows.Record(ctx, l.out, l.Now())
	if model.CodeOf(err) == model.CodeStale {
		return nil
	}
	return err
}
