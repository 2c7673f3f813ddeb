package apply

import (
	"context"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// converge makes the object right. nil means that it is.
func (l *look) converge(ctx context.Context) error {
	if l.row.Goal == mapping.GoalAbsent {
		return l.remove(ctx)
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

// named makes a source, skill, language, wrap-up code or queue right.
func (l *look) named(ctx context.Context) error {
	if l.row.Desired.SameAs != 0 {
		return l.share(ctx)
	}
	b, err := l.bind(ctx)
	if err != nil {
		return err
	}
	if b.created {
		return l.putCodesBack(ctx, b)
	}
	if !renamable(l.row.Key.Kind) {
		return l.replaceRenamed(ctx, b)
	}
	return l.alter(ctx, b)
}

// renamable says whether the EX Org can rename objects of the kind.
func renamable(k model.Kind) bool { return k != model.KindSkill && k != model.KindLanguage }

// share makes the key one more owner of the EX object that another key of the same name owns.
func (l *look) share(ctx context.Context) error {
	first := model.Key{Kind: l.row.Key.Kind, DBID: l.row.Desired.SameAs}
	row, err := l.Rows.Get(ctx, first)
	if model.CodeOf(err) == model.CodeNotFound || (err == nil && row.EXID == "") {
		return waitFor(first, l.now.Add(dependencyWait), "the object of the same name is not there yet")
	}
	if err != nil {
		return err
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, row.EXID, l.row.Key, nil, true); err != nil {
		return fmt.Errorf("share the EX object of %s: %w", first, err)
	}
	if l.row.EXID != "" && l.row.EXID != row.EXID {
		if err := l.Rows.Disown(ctx, l.row.Key.Kind, l.row.EXID, l.row.Key); err != nil {
			return err
		}
	}
	l.out.EXID = row.EXID
	return nil
}

// ownWriteRest is how long after an own write a queue is left alone: a read so soon may be old, and a full-replace PUT
// from an old read would undo somebody's edit.
const ownWriteRest = 60 * time.Second

// alter changes the controlled fields of a queue, code or source that differ.
func (l *look) alter(ctx context.Context, b bound) error {
	fields := plan.Diff(plan.Target{Object: l.row.Desired}, b.seen, l.Settings, false)
	if l.row.Key.Kind == model.KindQueue && b.raw != nil {
		l.out.Seen = b.raw
	}
	if len(fields) == 0 {
		return nil
	}
	if rest := l.row.Written.Add(ownWriteRest); l.row.Key.Kind == model.KindQueue && l.now.Before(rest) {
		return waitUntil(rest, "written less than a minute ago: a read so soon may be old")
	}
	if err := l.allow(ctx, plan.ClassUpdates, 1); err != nil {
		return err
	}
	if err := l.Writer.Update(ctx, b.exID, l.row.Desired, b.raw); err != nil {
		return fmt.Errorf("update %s: %w", l.row.Key, err)
	}
	l.did(actionFor(b), fields)
	return nil
}

// replaceRenamed deals with a skill or language whose name in Engage is not the EX object's: the EX Org can not rename it,
// so the row lets it go, as an orphan, and binds to an object of the new name.
func (l *look) replaceRenamed(ctx context.Context, b bound) error {
	if model.SameName(b.seen.Name, l.row.Desired.Name) {
		return nil
	}
	if err := l.leaveBehind(ctx, b); err != nil {
		return err
	}
	l.row.EXID, l.row.Adopt, l.row.From = "", "", model.Key{}
	fresh, err := l.bind(ctx)
	if err != nil {
		return err
	}
	l.note = "renamed: the EX Org can not rename it, so the object of the old name is left as an orphan"
	if !fresh.created {
		l.did(model.ActionAdopt, nil)
	}
	return nil
}

// did notes a write for the audit line and the reads that follow.
func (l *look) did(action model.Action, fields []model.Field) {
	if l.action == "" {
		l.action = action
	}
	l.fields = append(l.fields, fields...)
	l.out.Written = l.now
}

func actionFor(b bound) model.Action {
	if b.adopted {
		return model.ActionAdopt
	}
	return model.ActionUpdate
}
