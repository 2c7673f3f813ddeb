package apply

import (
	"context"
	"fmt"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// conclude turns the failure (nil: the object is right) into the outcome to record, and writes the dead letter when the
// object failed for good. moved says that the row has another desired state, so that no verdict on this one counts.
func (l *look) conclude(ctx context.Context, failure error) (moved bool, err error) {
	if failure == nil {
		l.converged()
		return false, nil
	}
	if s, ok := asStop(failure); ok {
		l.out.State, l.out.Reason, l.out.WaitUntil, l.out.WaitsFor = s.state, s.reason, s.until, s.waitsFor
		l.out.Attempts = l.row.Attempts
		return false, nil
	}
	l.work.Denied = l.work.Denied || exorg.IsDenied(failure)
	if model.CodeOf(failure) == model.CodeThrottled {
		l.wait(max(model.RetryAfterOf(failure), time.Second), "the EX Org's request budget is spent, or it asked to wait", failure)
		return false, nil
	}
	if exorg.IsCredentials(failure) {
		l.wait(deniedWait, "the EX Org refuses the OAuth client: check the EX Org secret", failure)
		l.Log.ErrorContext(ctx, "the EX Org refuses the OAuth client", l.attrs("attempt", l.row.Attempts+1, "code", model.CodeOf(failure), "error", failure.Error())...)
		return false, nil
	}
	return l.fail(ctx, failure)
}

// stillThere is the reason of a row whose EX object was reported as deleted and is still shown: a deletion takes its time
// to be seen, so one more look follows.
const stillThere = "reported as deleted in the EX Org and still shown there: a second look decides"

// deletedLook is when that look follows: deletes are visible after up to 120 s, and cached for some more (facts/exorg.md 4).
const deletedLook = 90 * time.Second

func (l *look) converged() {
	if l.out.State != "" {
		return
	}
	l.out.Applied = l.row.Desired.Fingerprint()
	if l.msg.Cause == model.CauseDeleted && l.action == "" && l.row.Reason != stillThere {
		l.out.State, l.out.Reason, l.out.WaitUntil = mapping.StateWaiting, stillThere, l.now.Add(deletedLook)
		return
	}
	l.out.State = mapping.StateConverged
}

const (
	// deniedWait is the pause after refused credentials: no object is to blame, so none is quarantined.
	deniedWait = 5 * time.Minute
	// backoffStep and backoffMost shape the wait after a failure: 5 s, 10 s, 20 s … 10 min.
	backoffStep = 5 * time.Second
	backoffMost = 10 * time.Minute
)

func (l *look) wait(d time.Duration, reason string, failure error) {
	l.out.State = mapping.StateWaiting
	l.out.WaitUntil = l.now.Add(d)
	l.out.Reason = reason
	l.out.LastError = failure.Error()
	l.out.Attempts = l.row.Attempts
}

// fail counts the failure; when the attempts are spent, or no retry can help, the object goes into quarantine and a dead
// letter says so.
func (l *look) fail(ctx context.Context, failure error) (moved bool, err error) {
	l.out.Attempts = l.row.Attempts + 1
	l.out.LastError = failure.Error()
	if l.out.Attempts < l.Settings.Attempts && !isFinal(failure) {
		l.out.State = mapping.StateWaiting
		l.out.WaitUntil = l.now.Add(min(backoffMost, backoffStep<<min(l.row.Attempts, 10)))
		l.out.Reason = "a try failed, the next follows: " + failure.Error()
		l.Log.WarnContext(ctx, "try failed", l.attrs("attempt", l.out.Attempts, "code", model.CodeOf(failure), "error", failure.Error())...)
		return false, nil
	}
	l.out.State = mapping.StateQuarantined
	l.out.Reason = failure.Error()
	if !isFinal(failure) {
		l.out.Reason = fmt.Sprintf("%d tries failed, the last with: %s", l.out.Attempts, failure)
	}
	return l.deadLetter(ctx, failure)
}

func isFinal(failure error) bool { return isTerminal(failure) || exorg.IsDenied(failure) }

// deadLetter says on the dead-letter queue that the object failed for good. The letter goes before the row says so: a crash
// in between makes the same message write the same letter again, which the queue drops, where the other order would lose
// it. There is none for a desired state that is no longer wanted.
func (l *look) deadLetter(ctx context.Context, failure error) (moved bool, err error) {
	row, err := l.Rows.Get(ctx, l.row.Key)
	if err != nil {
		return false, err
	}
	if row.Version != l.row.Version {
		return true, l.keep(ctx)
	}
	letter := l.msg
	letter.Version, letter.Run, letter.Reason, letter.Code, letter.Attempts, letter.At = l.row.Version, l.row.Run, l.out.Reason, model.CodeOf(failure), l.out.Attempts, l.now
	if letter.Token == "" {
		letter.Token = l.NewToken()
	}
	l.Log.ErrorContext(ctx, "object quarantined", l.attrs("attempt", l.out.Attempts, "code", letter.Code, "error", failure.Error())...)
	if err := l.Dead.Send(ctx, []queue.Message{letter}); err != nil {
		return false, fmt.Errorf("write the dead letter of %s: %w", l.row.Key, err)
	}
	return false, nil
}
