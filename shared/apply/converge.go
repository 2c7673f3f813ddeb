package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// converge makes the object right. nil means that it is.
func (l *look) converge(ctx context.Context) error {
	ctx, err := l.Org.Reserve(ctx, 0, l.bulk())
	if err != nil {
		return err
	}
	switch l.row.Goal {
	case mapping.GoalAbsent:
		return l.remove(ctx)
	case mapping.GoalOrphan:
		return l.orphaned(ctx)
	default:
	}
	switch l.row.Key.Kind {
	case model.KindUser:
		return l.user(ctx)
	case model.KindMembers:
		return l.members(ctx)
	default:
		return l.named(ctx)
	}
}

// ownWriteRest is how long after an own write a queue is left alone: a read so soon may be old, and a full-replace PUT
// from an old read would undo somebody's edit.
const ownWriteRest = 60 * time.Second

// alter changes the controlled fields of a queue, code or source that differ.
func (l *look) alter(ctx context.Context, b bound) error {
	fields := plan.Diff(plan.Target{Object: l.row.Desired}, b.seen, l.Settings, false)
	if len(fields) == 0 {
		return nil
	}
	if rest := l.row.Written.Add(ownWriteRest); l.row.Key.Kind == model.KindQueue && l.now.Before(rest) {
		return waitUntil(rest, "written less than a minute ago: a read so soon may be old")
	}
	if err := l.fights(ctx, fields); err != nil {
		return err
	}
	if err := l.allowRow(ctx, plan.ClassUpdates); err != nil {
		return err
	}
	if err := l.mayWriteTo(ctx, b.exID, mapping.Wrote{Action: actionFor(b), Fields: fields, Before: &b.seen}); err != nil {
		return err
	}
	err := l.Writer.Update(ctx, b.exID, l.row.Desired, b.raw)
	switch {
	case err == nil:
		l.did(actionFor(b), fields)
		return nil
	case exorg.IsDuplicate(err) && touches(fields, model.FieldName) && len(fields) > 1:
		return l.alterAllButName(ctx, b, fields)
	case exorg.IsDuplicate(err) && touches(fields, model.FieldName):
		return l.nameTaken(ctx, b, err)
	default:
		return fmt.Errorf("update %s: %w", l.row.Key, err)
	}
}

// alterAllButName writes what else differs under the name that the object has: a name that another one has holds nothing else
// up. The name is the next look's.
func (l *look) alterAllButName(ctx context.Context, b bound, fields []model.Field) error {
	rest := l.row.Desired
	rest.Name = b.seen.Name
	if err := l.Writer.Update(ctx, b.exID, rest, b.raw); err != nil {
		return fmt.Errorf("update %s but for its name: %w", l.row.Key, err)
	}
	l.did(actionFor(b), slices.DeleteFunc(slices.Clone(fields), func(f model.Field) bool { return f.Name == model.FieldName }))
	return waitUntil(l.now.Add(ownWriteRest), "its new name is another object's, all else is written: the name follows")
}

func actionFor(b bound) model.Action {
	if b.adopted {
		return model.ActionAdopt
	}
	return model.ActionUpdate
}
