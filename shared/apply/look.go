package apply

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"excs/shared/dispatch"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// look is the work on one row.
type look struct {
	*Worker
	row      mapping.Row
	msg      queue.Message
	received int // how often the queue gave the message out
	now      time.Time
	out      mapping.Outcome
	lost     string // the EX id of an object that is gone and made again
	pauses   *mapping.Watch
	stands   model.Key // a user whom a member list leaves alone because of a pause
	begun    bool      // writing has begun: it is finished, whatever is paused meanwhile
	trace    *exorg.Trace
	work     *Work
	line     *dispatch.Line
	released bool // the claim is not this look's any more
	// glimpses are the rows that the look decided by, missed those that it did without.
	glimpses map[model.Key]glimpse
	missed   []model.Key

	// refusals are the parts that the EX Org refused in this look, left those that it left out because they are not due;
	// evaluated says that it came to all parts.
	refusals, left []mapping.Refusal
	evaluated      bool
	unreadable     []string // the parts that could not be read
	unanswered     []error  // of parts: the second one ends the look
	restored       bool     // the user was deleted until this look
	accepted       bool     // something of the set at hand was taken

	action model.Action
	fields []model.Field
	notes  []string
}

// once works on the row as it was loaded and records what became of it. moved says that the row has another desired state
// by now, so that it must be looked at again.
func (l *look) once(ctx context.Context) (result Result, moved bool, err error) {
	failure := l.unlessPaused(ctx, l.row.Key, l.row.From)
	if failure == nil {
		failure = l.mayRetry(ctx)
	}
	if failure == nil {
		failure = l.converge(ctx)
	}
	if f := model.ForeignOrgOf(failure); f != nil {
		result, err := l.foreign(ctx, f)
		return result, false, err
	}
	if isMoved(failure) {
		return Result{}, true, l.keep(ctx)
	}
	if d, brief := l.again(failure); brief {
		return Result{Again: d}, false, l.handBack(ctx)
	}
	if isOurs(failure) {
		// The table or a queue failed, not the EX Org: no object is to blame, and nothing can be trusted to be recorded.
		l.keepIfPossible(ctx)
		return Result{}, false, failure
	}
	if moved, err := l.conclude(ctx, failure); err != nil || moved {
		return Result{}, moved, err
	}
	if err := l.mended(ctx); err != nil {
		l.keepIfPossible(ctx)
		return Result{}, false, err
	}
	l.noteRefusals()
	l.audit(ctx)
	err = l.finish(ctx)
	switch model.CodeOf(err) {
	case model.CodeStale:
		return Result{}, true, nil
	case model.CodeNotFound:
		// The row was taken over or forgotten while it was worked on: there is nothing left to say.
		l.Log.InfoContext(ctx, "the row went while it was worked on", l.attrs()...)
		return Result{Action: l.action}, false, nil
	case "":
		l.tell(ctx)
		if moved, err := l.cameMeanwhile(ctx); err != nil || moved {
			return Result{}, moved, err
		}
	}
	return Result{State: l.out.State, Action: l.action}, false, err
}

// briefWait is the longest wait that is spent in the queue; a longer one is written on the row (RULES 8).
const briefWait = 30 * time.Second

// handedBackMost is how often a message is handed back for a brief wait. After that the wait is written on the row: the
// queue's own limit of receives is for crashes, and a long first load would use it up.
const handedBackMost = 7

// again says whether the failure is a short wait that is best spent in the queue.
func (l *look) again(failure error) (time.Duration, bool) {
	if model.CodeOf(failure) != model.CodeThrottled {
		return 0, false
	}
	d := max(model.RetryAfterOf(failure), time.Second)
	if d > briefWait || l.received > handedBackMost {
		return 0, false
	}
	return min(briefWait, d+l.spread()), true
}

// spreadStep is what each further hand-back may add to a wait: the calls of one worker for some seconds.
const spreadStep = 4 * time.Second

// spread keeps those that were refused together from coming back together again and again: nothing at the first refusal, then a
// share of a time that grows with every further one, by the key, so that it needs no dice.
func (l *look) spread() time.Duration {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s %d", l.row.Key, l.received) // a hash takes every byte
	return time.Duration(h.Sum32()%1000) * spreadStep * time.Duration(max(l.received-1, 0)) / 1000
}

// handBack keeps what was done and says that a message for the row is on its way, so that no run sends another.
func (l *look) handBack(ctx context.Context) error {
	l.audit(ctx)
	l.unfinished()
	err := l.line.HandBack(ctx, l.Rows, l.out, l.msg)
	l.released = l.released || err == nil
	return err
}

// keep records what must survive although the look is not finished (ids, intents, guard marks), and ends the claim.
func (l *look) keep(ctx context.Context) error {
	l.audit(ctx)
	l.unfinished()
	err := l.finish(ctx)
	if c := model.CodeOf(err); c == model.CodeStale || c == model.CodeNotFound {
		return nil
	}
	return err
}

// unfinished makes the outcome that of a look that is not finished: without anything to keep it leaves the row as it is.
func (l *look) unfinished() {
	if o := l.out; o.EXID == "" && !o.ClearEXID && !o.ClearIntent && o.Written.IsZero() && o.Seen == nil && o.SeenCodes == nil && len(o.History) == 0 {
		l.out = mapping.Outcome{Key: o.Key, Version: o.Version, Loaded: o.Loaded, Claim: o.Claim}
		return
	}
	l.out.State, l.out.Reason, l.out.Attempts = mapping.StatePending, l.row.Reason, l.row.Attempts
}

// finish stores the outcome, and with it the end of the claim.
func (l *look) finish(ctx context.Context) error {
	_, err := l.Rows.Record(ctx, l.out, l.Now())
	switch model.CodeOf(err) {
	case "", model.CodeStale, model.CodeNotFound:
		l.released = true
	}
	return err
}

// release ends the claim of a look whose outcome could not be recorded, if that can be: else it holds until its end.
func (l *look) release(ctx context.Context) {
	if l.released {
		return
	}
	l.out = mapping.Outcome{Key: l.row.Key, Version: l.row.Version, Loaded: l.row.EXID, Claim: l.out.Claim}
	if err := l.finish(ctx); err != nil {
		l.Log.WarnContext(ctx, "the row stays claimed for a while", l.attrs("code", model.CodeOf(err), "error", err.Error())...)
	}
}

// keepIfPossible is keep where a failure was met already: its own is not worth more than a line.
func (l *look) keepIfPossible(ctx context.Context) {
	if err := l.keep(ctx); err != nil {
		l.Log.WarnContext(ctx, "what was done could not be recorded and is looked up again", l.attrs("code", model.CodeOf(err), "error", err.Error())...)
	}
}

// did notes a write for the audit line and the reads that follow.
func (l *look) did(action model.Action, fields []model.Field) {
	l.acted(action)
	l.fields = append(l.fields, fields...)
	l.out.Written = l.now
}

// acted notes an action for the audit line; the first one names it.
func (l *look) acted(action model.Action) {
	if l.action == "" {
		l.action = action
	}
}

// note adds a sentence to the audit line.
func (l *look) note(text string) { l.notes = append(l.notes, text) }

// bulk says whether the work can stand back behind people's changes.
func (l *look) bulk() bool {
	switch l.msg.Cause {
	case model.CauseDrift, model.CauseRequeue, model.CauseReplay:
		return true
	default:
		return false
	}
}
