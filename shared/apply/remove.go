package apply

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
)

// remove deletes the EX queue whose Engage queue is gone. Nothing else is ever deleted; the member list of a deleted
// queue went with it, so its row is dropped.
func (l *look) remove(ctx context.Context) error {
	if l.row.Key.Kind == model.KindMembers {
		l.gone = true
		return nil
	}
	if l.row.Key.Kind != model.KindQueue {
		return forGood("objects of kind %s are never deleted in the EX Org", l.row.Key.Kind)
	}
	l.out.State, l.out.Reason = mapping.StateGone, "deleted in Engage"
	if l.row.EXID == "" {
		return nil
	}
	taken, err := l.takenOver(ctx)
	if err != nil {
		return err
	}
	if !taken {
		if err := l.deleteQueue(ctx); err != nil {
			l.out.State, l.out.Reason = "", ""
			return err
		}
	}
	l.out.ClearEXID, l.out.ClearIntent = true, true
	if err := l.Rows.Disown(ctx, l.row.Key.Kind, l.row.EXID, l.row.Key); err != nil {
		return err
	}
	return l.Rows.Forget(ctx, model.Key{Kind: model.KindMembers, DBID: l.row.Key.DBID})
}

// takenOver says whether another key owns the EX object by now: a delete then only concerns this row.
func (l *look) takenOver(ctx context.Context) (bool, error) {
	owners, err := l.Rows.Owners(ctx, l.row.Key.Kind, []string{l.row.EXID})
	if err != nil {
		return false, err
	}
	for _, key := range owners[l.row.EXID] {
		if key != l.row.Key {
			l.note = "its EX object belongs to " + key.String() + " now"
			return true, nil
		}
	}
	return false, nil
}

func (l *look) deleteQueue(ctx context.Context) error {
	if err := l.allow(ctx, plan.ClassRemovals, 1); err != nil {
		return err
	}
	if err := l.Writer.DeleteQueue(ctx, l.row.EXID); err != nil && model.CodeOf(err) != model.CodeNotFound {
		return fmt.Errorf("delete %s: %w", l.row.Key, err)
	}
	l.did(model.ActionDelete, nil)
	return nil
}

// send puts a message for a row on the work queue, unless one is on its way.
func (w *Worker) send(ctx context.Context, row mapping.Row) error {
	token := w.NewToken()
	marked, err := w.Rows.MarkQueued(ctx, row.Key, token, w.Now(), lostMessage)
	if err != nil || !marked {
		return err
	}
	return w.Work.Send(ctx, []queue.Message{{Key: row.Key, Version: row.Version, Token: token, Cause: row.Cause, Run: row.Run}})
}
