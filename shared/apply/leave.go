package apply

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
)

// named makes a source, skill, language, wrap-up code or queue right.
func (l *look) named(ctx context.Context) error {
	if l.row.Desired.SameAs != 0 {
		return l.share(ctx)
	}
	b, err := l.bind(ctx)
	if err != nil || b.created && l.row.Key.Kind != model.KindQueue {
		return err
	}
	if l.row.Key.Kind == model.KindQueue {
		return l.queue(ctx, b)
	}
	parts, err := l.parts(ctx, b)
	if err != nil {
		return err
	}
	if parts {
		return l.replaceRenamed(ctx, b)
	}
	if !renamable(l.row.Key.Kind) {
		return nil
	}
	return l.alter(ctx, b)
}

// renamable says whether the EX Org can rename objects of the kind.
func renamable(k model.Kind) bool { return k != model.KindSkill && k != model.KindLanguage }

// share makes the key one more owner of the EX object that another key of the same name owns.
func (l *look) share(ctx context.Context) error {
	first := model.Key{Kind: l.row.Key.Kind, DBID: l.row.Desired.SameAs}
	row, there, err := l.rowOf(ctx, first)
	if err != nil {
		return err
	}
	if !there || row.EXID == "" || row.Applied != row.Desired.Fingerprint() {
		return waitFor(first, l.now.Add(dependencyWait), fmt.Sprintf("%s, which has the same name, is not right in the EX Org yet", first))
	}
	if l.row.EXID != "" && l.row.EXID != row.EXID {
		if err := l.leaveBehind(ctx, l.row.EXID, ""); err != nil {
			return err
		}
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, row.EXID, l.row.Key, nil, true); err != nil {
		return fmt.Errorf("share the EX object of %s: %w", first, err)
	}
	l.out.EXID, l.out.ClearIntent = row.EXID, true
	return nil
}

// parts says whether the key must let its EX object go because its name is another: a skill or language, which can not be
// renamed, and a wrap-up code that keys of the old name still have.
func (l *look) parts(ctx context.Context, b bound) (bool, error) {
	if model.SameName(b.seen.Name, l.row.Desired.Name) {
		return false, nil
	}
	if !renamable(l.row.Key.Kind) {
		return true, nil
	}
	for _, key := range b.others {
		row, there, err := l.rowOf(ctx, key)
		if err != nil {
			return false, err
		}
		if there && row.EXID == b.exID && row.Desired.SameAs != l.row.Key.DBID {
			return true, nil
		}
	}
	return false, nil
}

// replaceRenamed lets the EX object of the old name go, as an orphan, and binds to one of the new name.
func (l *look) replaceRenamed(ctx context.Context, b bound) error {
	if err := l.leaveBehind(ctx, b.exID, b.seen.Name); err != nil {
		return err
	}
	if err := l.record(ctx, mapping.Outcome{ClearEXID: true}); err != nil {
		return err
	}
	l.row.EXID, l.row.Adopt, l.row.From, l.out.EXID, l.out.ClearEXID = "", "", model.Key{}, "", true
	l.note("renamed: the object of the old name is left, because the EX Org can not rename it or other keys have it")
	_, err := l.bind(ctx)
	return err
}

// leaveBehind lets an EX object go. If other keys own it too it is theirs. Else a row of its own keeps it in the
// administrator's list of orphans, and for a newcomer of its name to take over. name "" is read from the EX Org.
//
// The orphan's row has the EX id before it owns the object, and this row has its EX id until then: a crash in between shows
// in ownership, and the next look goes on from there.
func (l *look) leaveBehind(ctx context.Context, exID, name string) error {
	owners, err := l.owners(ctx, exID)
	if err != nil {
		return err
	}
	others, err := l.ownedByOthers(ctx, exID)
	if err != nil {
		return err
	}
	if others || len(owners) == 0 {
		return l.Rows.Disown(ctx, l.row.Key.Kind, exID, l.row.Key)
	}
	if name == "" {
		seen, _, err := l.Org.Get(ctx, l.row.Key.Kind, exID)
		if model.CodeOf(err) == model.CodeNotFound || (err == nil && seen.Deleted) {
			return l.Rows.Disown(ctx, l.row.Key.Kind, exID, l.row.Key)
		}
		if err != nil {
			return fmt.Errorf("read what %s leaves: %w", l.row.Key, err)
		}
		name = seen.Name
	}
	orphan := mapping.Leftover(l.row.Key, exID)
	row, err := l.Orphans.PutDesired(ctx, l.row.Run, mapping.Wish{
		Key: orphan, Goal: mapping.GoalOrphan, Desired: model.Object{Key: orphan, Name: name}, Cause: l.msg.Cause,
	})
	if err != nil {
		return fmt.Errorf("keep the old object of %s as an orphan: %w", l.row.Key, err)
	}
	_, err = l.Rows.Record(ctx, mapping.Outcome{
		Key: orphan, Version: row.Version, EXID: exID, State: mapping.StateOrphan,
		Reason: fmt.Sprintf("left when %s got another name in Engage", l.row.Key),
	}, l.now)
	if err != nil {
		return fmt.Errorf("keep the old object of %s as an orphan: %w", l.row.Key, err)
	}
	return l.Rows.Own(ctx, orphan.Kind, exID, orphan, owners, false)
}
