package apply

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// nameTaken deals with a rename that the EX Org refuses because another object has the name:
//
//	the other object                              outcome
//	none to be seen                               try again, with the EX Org's own words: a list may be old, or it refuses something else
//	nobody's, or its key wants this name too      try again, and in the end refuse, naming it
//	an orphan: it keeps its name, and its id      try again, and in the end refuse, naming it and the key that it was
//	its key is to get another name                wait until it has
//	its key waits, round some corners, for this   step aside: take a name in between, so that the other one can go on
//
// So two queues that exchange their names keep their EX ids.
func (l *look) nameTaken(ctx context.Context, b bound, refusal error) error {
	found, err := l.namesakes(ctx, refusal)
	if err != nil {
		return fmt.Errorf("look for what has the name of %s: %w", l.row.Key, err)
	}
	for _, o := range found {
		if o.EXID == b.exID || o.Deleted || !model.SameName(o.Name, l.row.Desired.Name) {
			continue
		}
		holder, err := l.holder(ctx, o.EXID)
		if err != nil {
			return err
		}
		return l.taken(ctx, heldName{
			what: "name", mend: "rename that one in the EX Org, or correct the name in Engage", by: o.EXID, holder: holder,
			wish: holder.Desired.Name, want: l.row.Desired.Name, aside: func() error { return l.stepAside(ctx, b) },
		}, refusal)
	}
	return passing("update "+l.row.Key.String(), refusal)
}

// heldName is a name, or an address, that another EX object has.
type heldName struct {
	what   string // what it is, in words
	mend   string // what a person can do about it
	by     string // the EX object
	holder mapping.Row
	wish   string // what the holder is to get
	want   string // what this one is to get
	aside  func() error
}

// taken decides by whose the EX object is that has the name.
func (l *look) taken(ctx context.Context, h heldName, refusal error) error {
	circle, err := l.inCircle(ctx, h.holder)
	switch {
	case err != nil:
		return err
	case h.holder.Goal == mapping.GoalOrphan:
		return passing(fmt.Sprintf("the EX object %s, an orphan that was %s, has the new %s of %s: %s", h.by, h.holder.Key, h.what, l.row.Key, h.mend), refusal)
	case h.holder.Key.IsZero() || model.SameName(h.wish, h.want):
		return passing(fmt.Sprintf("the EX object %s has the new %s of %s: %s", h.by, h.what, l.row.Key, h.mend), refusal)
	case circle:
		return h.aside()
	default:
		return l.waitForHolder(ctx, h.holder)
	}
}

// namesakes finds what has the new name. Where the EX Org says that something has it, it is sought in whole lists too; any other 400 may have
// another cause.
func (l *look) namesakes(ctx context.Context, refusal error) ([]model.Observed, error) {
	as := model.Object{Key: l.row.Key, Name: l.row.Desired.Name}
	found, err := l.Org.FindNamed(ctx, as)
	if err != nil || len(found) > 0 || !exorg.SaysTaken(refusal) {
		return found, err
	}
	return l.Org.Find(ctx, as)
}

// holder gives the row of the key that owns an EX object, a living one before an orphan; a zero row when none does.
func (l *look) holder(ctx context.Context, exID string) (mapping.Row, error) {
	owners, err := l.owners(ctx, exID)
	if err != nil {
		return mapping.Row{}, err
	}
	orphan := mapping.Row{}
	for _, key := range owners {
		row, there, err := l.rowOf(ctx, key)
		switch {
		case err != nil:
			return mapping.Row{}, err
		case there && row.EXID == exID && row.Goal == mapping.GoalPresent:
			return row, nil
		case there && row.EXID == exID && row.Goal == mapping.GoalOrphan:
			orphan = row
		}
	}
	return orphan, nil
}

// circleMost bounds how far a chain of rows that wait for each other is followed.
const circleMost = 20

// inCircle says whether the row waits for this one, by way of others or not.
func (l *look) inCircle(ctx context.Context, row mapping.Row) (bool, error) {
	for range circleMost {
		switch {
		case row.WaitsFor == l.row.Key:
			return true, nil
		case row.WaitsFor.IsZero() || row.WaitsFor.Kind != l.row.Key.Kind:
			return false, nil
		}
		next, there, err := l.rowOf(ctx, row.WaitsFor)
		if err != nil || !there {
			return false, err
		}
		row = next
	}
	return false, nil
}

// longestName is the longest name that the EX Org takes, in characters.
const longestName = 256

// stepAside gives the object a name in between.
func (l *look) stepAside(ctx context.Context, b bound) error {
	aside := l.row.Desired
	suffix := fmt.Sprintf(" (%d)", l.row.Key.DBID)
	name := []rune(aside.Name)
	aside.Name = string(name[:min(len(name), longestName-len(suffix))]) + suffix
	if err := l.Writer.Update(ctx, b.exID, aside, b.raw); err != nil {
		return fmt.Errorf("update %s with a name in between: %w", l.row.Key, err)
	}
	l.did(model.ActionUpdate, []model.Field{{Name: model.FieldName, Before: b.seen.Name, After: aside.Name}})
	l.note("has a name in between, because the objects exchange their names")
	until := l.now.Add(dependencyWait)
	if l.row.Key.Kind == model.KindQueue {
		until = l.now.Add(ownWriteRest)
	}
	return waitUntil(until, "it waits until the name that it is to get is free")
}
