package apply

import (
	"context"

	"excs/shared/mapping"
	"excs/shared/model"
)

// admit binds the context to the organisation that may be written to.
func (w *Worker) admit(ctx context.Context) (context.Context, error) {
	if w.Sides == nil {
		return ctx, nil
	}
	return w.Sides.Admit(ctx)
}

// refuse answers a message that must not be worked on now. It is done: the row is pending without a queued mark, so that the run
// that finds everything in order again sends it anew. No attempt is spent, and there is no dead letter.
func (w *Worker) refuse(ctx context.Context, m errand, why error) (Result, error) {
	row, err := w.take(ctx, m, "", allIdle)
	if model.CodeOf(err) == model.CodeNotFound {
		return Result{}, nil
	}
	if err != nil {
		return Result{}, err
	}
	w.Log.WarnContext(ctx, "nothing is written now", "key", m.Key, "run", row.Run, "cause", m.Cause, "why", why.Error())
	return w.leavePending(ctx, row, m.Cause)
}

// leavePending keeps what a message wanted on its row: a converged row that something in the EX Org may have changed is pending
// from now on.
func (w *Worker) leavePending(ctx context.Context, row mapping.Row, cause model.Cause) (Result, error) {
	if row.State != mapping.StateConverged || !hints(cause) {
		return Result{State: row.State}, nil
	}
	after, err := w.Rows.Record(ctx, mapping.Outcome{Key: row.Key, Version: row.Version, State: mapping.StatePending, Cause: cause}, w.Now())
	switch model.CodeOf(err) {
	case "":
		return Result{State: after.State}, nil
	case model.CodeStale, model.CodeNotFound:
		return Result{}, nil // whoever changed it sends a message of his own
	default:
		return Result{}, err
	}
}

// foreign ends a look whose credentials turned out to lead to another organisation. What was done before is kept; nothing was sent
// since.
func (l *look) foreign(ctx context.Context, f *model.ForeignOrg) (Result, error) {
	l.work.Foreign = f
	if l.Sides != nil {
		l.Sides.Met(ctx, f)
	}
	if err := l.keep(ctx); err != nil {
		return Result{}, err
	}
	return l.leavePending(ctx, l.row, l.msg.Cause)
}
