package apply

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
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
		if l.row.Intent != nil && !l.out.ClearIntent {
			l.out.Trouble = l.row.Trouble // looking a creation up that was not answered is a part of it
		}
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
	if isCommon(failure) {
		l.common(ctx, failure)
		return false, nil
	}
	return l.fail(ctx, failure)
}

// stillThere is the reason of a row whose EX object was reported as deleted and is still shown: a deletion takes its time
// to be seen, so one more look follows.
const stillThere = "reported as deleted in the EX Org and still shown there: a second look decides"

// deletedLook is when that look follows: deletes are visible after up to 120 s, and cached for some more (FACTS X12).
const deletedLook = 90 * time.Second

func (l *look) converged() {
	if l.out.State != "" {
		return
	}
	l.out.Applied = l.row.Desired.Fingerprint()
	if l.msg.Cause == model.CauseDeleted && l.action == "" && !strings.HasSuffix(l.row.Reason, stillThere) {
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

// The waits after a failure for which no object is to blame, and from when on one object is to blame all the same: it has failed
// often and long, and what it failed at serves others.
const (
	commonLeast  = time.Second
	commonMost   = 8 * time.Minute // with the run that takes it up, and the work, less than ten minutes
	blamedTries  = 8
	blamedLength = 30 * time.Minute
)

// common lets the row wait for the EX Org, its login host or the network. It costs no attempt, however often: the wait is as
// long as the trouble has lasted, within bounds, and spread by the key.
func (l *look) common(ctx context.Context, failure error) {
	trouble := mapping.Trouble{Since: l.now}
	if l.row.Trouble != nil {
		trouble = *l.row.Trouble
	}
	trouble.Times++
	lasted := l.now.Sub(trouble.Since)
	wait := min(commonMost, max(commonLeast, lasted))
	reason := "the EX Org did not answer: no object is to blame, the next try follows"
	if trouble.Times >= blamedTries && lasted >= blamedLength && l.servesOthers(failure, trouble.Since) {
		wait = max(wait, slowNext(trouble.Since.Add(blamedLength), trouble.Times-blamedTries+1, l.now).Sub(l.now))
		reason = mapping.Refused + "it fails each time, and others do not: " + failure.Error()
	}
	l.wait(wait-l.apart(wait/4), reason, failure)
	l.out.Trouble = &trouble
	if l.row.State == mapping.StateQuarantined {
		l.out.State, l.out.Reason = mapping.StateQuarantined, l.row.Reason
	}
	l.Log.WarnContext(ctx, "no answer, the next try follows", l.attrs("times", trouble.Times, "code", model.CodeOf(failure), "error", failure.Error())...)
}

// apart is a part of d that is another for each key, and the same for each time.
func (l *look) apart(d time.Duration) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(l.row.Key.String())) // a hash takes every byte
	return time.Duration(h.Sum32()%1000) * d / 1000
}

// servesOthers says whether this process has seen one of the failed operations answered for another object since then.
func (l *look) servesOthers(failure error, since time.Time) bool {
	return slices.ContainsFunc(append(l.unanswered, failure), func(err error) bool {
		e, ok := errors.AsType[*exorg.APIError](err)
		return ok && l.answered.since(e.Method+" "+e.Route, l.row.Key, since)
	})
}

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
	l.out.WaitUntil = l.quarantineUntil()
	l.out.Reason = failure.Error()
	if !isFinal(failure) {
		l.out.Reason = fmt.Sprintf("%d tries failed, the last with: %s", l.out.Attempts, failure)
	}
	return l.deadLetter(ctx, failure)
}

// quarantineUntil is when a quarantined object is tried again: it is not given up, it goes on at a slow pace.
func (l *look) quarantineUntil() time.Time {
	if l.row.State != mapping.StateQuarantined {
		return slowNext(l.now, 1, l.now)
	}
	tries := 3
	if l.now.Sub(l.row.Since) < 10*time.Minute {
		tries = 2
	}
	return slowNext(l.row.Since, tries, l.now)
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
	if l.row.Lettered == l.row.Version {
		return false, nil
	}
	l.out.Lettered = l.row.Version
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
