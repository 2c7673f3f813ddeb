package apply

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"excs/shared/dispatch"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/sides"
)

// Rows is what the worker needs of the mapping table.
type Rows interface {
	mapping.PauseReader
	Get(ctx context.Context, key model.Key) (mapping.Row, error)
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	dispatch.Marks
	Claim(ctx context.Context, key model.Key, claim mapping.Claim, now time.Time) (mapping.Row, error)
	Intend(ctx context.Context, key model.Key, version int64, intent mapping.Intent, replace string) error
	Record(ctx context.Context, outcome mapping.Outcome, now time.Time) (mapping.Row, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
	Forget(ctx context.Context, key model.Key) error
	Own(ctx context.Context, kind model.Kind, exID string, key model.Key, from []model.Key, share bool) error
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]mapping.OwnerItem, error)
	Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error
	PutWrote(ctx context.Context, w mapping.Wrote) error
}

// Orphans gives a row to an EX object that was left behind: the name it had stays findable for a newcomer.
type Orphans interface {
	PutDesired(ctx context.Context, run int64, wish mapping.Wish) (mapping.Row, error)
}

// Lists reads all rows of a kind: what hung on an object that came back is found by it.
type Lists interface {
	Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error)
}

// Window is the guard's rolling count (mapping.GuardStore).
type Window interface {
	Draw(ctx context.Context, w mapping.Window, names []string, limit int, now time.Time) (ok bool, drawn int, err error)
}

// Sides decides whether anything may be written now (*sides.Gate).
type Sides interface {
	// Admit gives the context that is bound to the approved organisation, or a *sides.Refused.
	Admit(ctx context.Context) (context.Context, error)
	// Met is told that credentials lead to another organisation.
	Met(ctx context.Context, f *model.ForeignOrg)
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
	Rows    Rows
	Orphans Orphans
	Lists   Lists
	Window  Window
	Census  Census
	// Documents keeps what the workers share about refusals.
	Documents Documents
	Org       Org
	Writer    Writer
	// Sides lets work through only where the first plan was approved. nil: everywhere; for tests of single objects.
	Sides    Sides
	Work     dispatch.Queue // the queue that workers read, for second looks
	Dead     Sender         // the dead-letter queue
	Settings rules.Settings
	Now      func() time.Time
	NewToken func() string // an id that is never used twice
	Log      *slog.Logger
}

// Worker applies rows to the EX Org. It is safe for concurrent use; the queue keeps one key from being worked on twice at
// a time, and where that fails, intents, owners and versions hold.
type Worker struct {
	Config
	home     homeDivision
	answered answered
	causes   causes
}

// New makes a worker.
func New(c Config) *Worker {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{Config: c, home: homeDivision{turn: make(chan struct{}, 1)}, causes: causes{docs: c.Documents}}
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

// Look makes the message's object right, or records on its row why not. An error means that not even that could be
// recorded: the message must come back.
func (w *Worker) Look(ctx context.Context, m queue.Message) (Result, error) {
	e := errand{Message: m, received: 1}
	ctx, err := w.admit(ctx)
	if sides.IsRefused(err) {
		return w.refuse(ctx, e, err)
	}
	if err != nil {
		return Result{}, err
	}
	return w.look(ctx, e, w.shift(), &Work{})
}

// claimTime is how long a claim holds without an end of the invocation to go by, and how much longer than that it holds with one:
// clocks differ.
const claimTime = 30 * time.Second

// take clears the row's queued mark, before anything is observed, so that a change during the work is queued again, and keeps
// other workers off a row that is not idle.
func (w *Worker) take(ctx context.Context, m errand, token string, idle func(mapping.Row, time.Time) string) (mapping.Row, error) {
	now := w.Now()
	until := now.Add(2 * claimTime)
	if end, ok := ctx.Deadline(); ok {
		until = now.Add(time.Until(end) + claimTime)
	}
	return w.Rows.Claim(ctx, m.Key, mapping.Claim{
		Tokens: append([]string{m.Token}, m.older...), Working: mapping.Working{Token: token, Until: until},
		Idle: func(row mapping.Row) bool { return idle(row, now) != "" },
	}, now)
}

// allIdle is the idleness of every row while nothing may be written.
func allIdle(mapping.Row, time.Time) string { return "nothing is written now" }

// rowOf reads a row; there is false when there is none.
func (w *Worker) rowOf(ctx context.Context, key model.Key) (row mapping.Row, there bool, err error) {
	row, err = w.Rows.Get(ctx, key)
	if model.CodeOf(err) == model.CodeNotFound {
		return mapping.Row{}, false, nil
	}
	return row, err == nil, err
}

// look is Look for the messages of one key, within the shift of its batch. What was done is noted in work, with an error too.
func (w *Worker) look(ctx context.Context, m errand, s shift, work *Work) (Result, error) {
	ctx, trace := exorg.WithTrace(ctx)
	token := w.NewToken()
	idle := func(row mapping.Row, now time.Time) string { return idle(row, m.Cause, now) }
	for range looksPerMessage {
		row, err := w.take(ctx, m, token, idle)
		switch model.CodeOf(err) {
		case "":
		case model.CodeNotFound:
			w.Log.InfoContext(ctx, "message for a key without a row", "key", m.Key, "run", m.Run, "cause", m.Cause)
			return Result{}, nil
		case model.CodeConflict:
			return Result{Again: w.untilFree(row, m.received)}, nil
		case model.CodeAmbiguous:
			// If the claim stands, it would keep everybody off until its end.
			_, _ = w.Rows.Record(ctx, mapping.Outcome{Key: m.Key, Claim: token}, w.Now()) // what failed is told
			return Result{}, err
		default:
			return Result{}, err
		}
		if why := idle(row, w.Now()); why != "" {
			w.Log.DebugContext(ctx, "nothing to do", "key", m.Key, "run", row.Run, "cause", m.Cause, "why", why)
			return Result{State: row.State}, nil
		}
		l := &look{
			Worker: w, row: row, msg: m.Message, received: m.received, now: w.Now(), pauses: s.pauses, line: s.line, trace: trace, work: work,
			out: mapping.Outcome{Key: row.Key, Version: row.Version, Loaded: row.EXID, Claim: token},
		}
		result, moved, failure := l.once(ctx)
		l.ended(result)
		if !moved || failure != nil {
			l.release(ctx)
			return result, failure
		}
	}
	return Result{Again: time.Second}, nil
}

// untilFree is when to come back to a row that another worker is at: soon, because most looks are short, and not often.
func (w *Worker) untilFree(row mapping.Row, received int) time.Duration {
	return min(comeBack(received), max(time.Second, row.Working.Until.Sub(w.Now())+time.Second))
}

// idle says why a row is not worked on, "" when it is. A converged row is looked at only when something says that the EX
// Org may have changed: a doubled message of a change in Engage costs no call.
func idle(row mapping.Row, cause model.Cause, now time.Time) string {
	switch row.State {
	case mapping.StateHeld, mapping.StateOrphan, mapping.StateGone:
		return string(row.State)
	case mapping.StateQuarantined:
		if now.Before(row.WaitUntil) {
			return "quarantined until " + row.WaitUntil.UTC().Format(time.RFC3339)
		}
	case mapping.StateWaiting, mapping.StateInvisible:
		// A row that waits for another one is looked at whenever a message comes: the message may be what wakes it, sent
		// before the wait was on record. If a mark still stands, the message that it belongs to is still to come.
		if now.Before(row.WaitUntil) && (row.WaitsFor.IsZero() || row.Queued != nil) && !(row.Refusing() && hints(cause)) {
			return "waiting until " + row.WaitUntil.UTC().Format(time.RFC3339)
		}
	case mapping.StateConverged:
		if !hints(cause) {
			return "done already"
		}
	default:
	}
	return ""
}

// hints says whether the cause tells of the EX Org rather than of Engage, so that what EXCS knows of the object may be old.
func hints(c model.Cause) bool {
	return slices.Contains([]model.Cause{model.CauseDrift, model.CauseDeleted, model.CauseManual, model.CauseReplay}, c)
}
