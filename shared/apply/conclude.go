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

// again says whether the failure is a short wait that is best spent in the queue.
func (l *look) again(failure error) (time.Duration, bool) {
	if model.CodeOf(failure) != model.CodeThrottled {
		return 0, false
	}
	d := max(model.RetryAfterOf(failure), time.Second)
	return d, d <= briefWait
}

// conclude turns the failure (nil: the object is right) into the outcome to record, and writes the dead letter when the
// object failed for good.
func (l *look) conclude(ctx context.Context, failure error) error {
	if failure == nil {
		if l.out.State == "" {
			l.out.State = mapping.StateConverged
			l.out.Applied = l.row.Desired.Fingerprint()
		}
		return nil
	}
	if s, ok := asStop(failure); ok {
		l.out.State, l.out.Reason, l.out.WaitUntil, l.out.WaitsFor = s.state, s.reason, s.until, s.waitsFor
		l.out.Attempts = l.row.Attempts
		return nil
	}
	switch model.CodeOf(failure) {
	case model.CodeThrottled:
		l.wait(model.RetryAfterOf(failure), "the EX Org asked to wait", failure)
		return nil
	case model.CodeDenied:
		if exorg.IsCredentials(failure) {
			l.wait(deniedWait, "the EX Org refuses the OAuth client: check the EX Org secret", failure)
			return nil
		}
	default:
	}
	return l.fail(ctx, failure)
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
// letter says so. The letter goes first: a crash in between leaves a second letter, not none.
func (l *look) fail(ctx context.Context, failure error) error {
	l.out.Attempts = l.row.Attempts + 1
	l.out.LastError = failure.Error()
	final := isTerminal(failure) || model.CodeOf(failure) == model.CodeDenied
	if !final && l.out.Attempts < l.Settings.Attempts {
		d := min(backoffMost, backoffStep<<min(l.row.Attempts, 10))
		l.out.State = mapping.StateWaiting
		l.out.WaitUntil = l.now.Add(d)
		l.out.Reason = "a try failed, the next follows"
		l.Log.WarnContext(ctx, "try failed", "key", l.row.Key, "attempt", l.out.Attempts, "code", model.CodeOf(failure), "error", failure.Error())
		return nil
	}
	l.out.State = mapping.StateQuarantined
	l.out.Reason = failure.Error()
	if !final {
		l.out.Reason = fmt.Sprintf("%d tries failed, the last with: %s", l.out.Attempts, failure)
	}
	letter := l.msg
	letter.Version, letter.Reason, letter.Code, letter.Attempts, letter.At = l.row.Version, l.out.Reason, model.CodeOf(failure), l.out.Attempts, l.now
	if letter.Token == "" {
		letter.Token = l.NewToken()
	}
	l.Log.ErrorContext(ctx, "object quarantined", "key", l.row.Key, "attempt", l.out.Attempts, "code", letter.Code, "error", failure.Error())
	if err := l.Dead.Send(ctx, []queue.Message{letter}); err != nil {
		return fmt.Errorf("write the dead letter of %s: %w", l.row.Key, err)
	}
	return nil
}

// audit notes what was done to the EX Org, in the row's history with values and in the log without: a log line names
// fields, never a person's data.
func (l *look) audit(ctx context.Context) {
	if l.action == "" {
		return
	}
	l.out.History = append(l.out.History, mapping.Entry{
		At: l.now, Action: l.action, Cause: l.msg.Cause, Run: l.row.Run, Fields: shorten(l.fields), Who: l.msg.Who, Note: l.note,
	})
	names := make([]string, 0, len(l.fields))
	for _, f := range l.fields {
		names = append(names, f.Name)
	}
	l.Log.InfoContext(ctx, "applied", "key", l.row.Key, "action", l.action, "fields", names, "cause", l.msg.Cause, "run", l.row.Run, "who", l.msg.Who, "note", l.note)
}

// historyNames is how many names of a set one history entry keeps.
const historyNames = 20

func shorten(fields []model.Field) []model.Field {
	short := make([]model.Field, 0, len(fields))
	for _, f := range fields {
		f.Added, f.Removed = firstNames(f.Added), firstNames(f.Removed)
		short = append(short, f)
	}
	return short
}

func firstNames(names []string) []string {
	if len(names) <= historyNames {
		return names
	}
	return append(append([]string{}, names[:historyNames]...), fmt.Sprintf("and %d more", len(names)-historyNames))
}
