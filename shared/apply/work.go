package apply

import (
	"context"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Done is one write to the EX Org, and why it was made.
type Done struct {
	Action model.Action
	Cause  model.Cause
}

// Work is what the looks at one key came to, for metrics.
type Work struct {
	Done []Done
	// Applied says that the EX Org is now as the row wants it, whether or not that took a write.
	Applied bool
	// Took is how long the row was on its way until then; 0 when it had converged before.
	Took time.Duration
	// Guarded counts how often the guard refused.
	Guarded int
	// Denied says that the EX Org refused the credentials or a permission.
	Denied bool
	// Foreign names the other organisation that the credentials led to; nil: none.
	Foreign *model.ForeignOrg
	// Outdated says that nothing was done because the function's settings are not its deployment's.
	Outdated bool
}

// ended takes what a look came to into the work.
func (l *look) ended(result Result) {
	l.answered.note(l.trace.Served(), l.row.Key, l.now)
	if l.action != "" {
		l.work.Done = append(l.work.Done, Done{Action: l.action, Cause: l.msg.Cause})
	}
	if result.State != mapping.StateConverged && result.State != mapping.StateGone {
		return
	}
	l.work.Applied = true
	l.work.Took = l.onItsWay()
}

// onItsWay is how long the row has been unconverged; 0 for one that had converged, which is looked at because something
// changed in the EX Org.
func (l *look) onItsWay() time.Duration {
	if l.row.Unconverged.IsZero() {
		return 0
	}
	return max(l.Now().Sub(l.row.Unconverged), 0).Round(time.Millisecond)
}

// attrs are what every line about the look's object says, beside args. The kind goes with the key.
func (l *look) attrs(args ...any) []any {
	all := append([]any{"key", l.row.Key, "run", l.row.Run, "cause", l.msg.Cause}, args...)
	if id := l.trace.CorrelationID(); id != "" {
		all = append(all, "correlationId", id)
	}
	return all
}

// tell says in the log that the object waits, and for what. Failures have said so themselves. The reason stays in the row:
// it is for people who ask, and may name somebody.
func (l *look) tell(ctx context.Context) {
	switch l.out.State {
	case mapping.StateWaiting, mapping.StateHeld, mapping.StateInvisible:
	default:
		return
	}
	if l.out.LastError != "" {
		return
	}
	args := []any{"state", l.out.State}
	if !l.out.WaitUntil.IsZero() {
		args = append(args, "until", l.out.WaitUntil.UTC().Format(time.RFC3339))
	}
	if !l.out.WaitsFor.IsZero() {
		args = append(args, "waitsFor", l.out.WaitsFor)
	}
	l.Log.InfoContext(ctx, "not converged yet", l.attrs(args...)...)
}
