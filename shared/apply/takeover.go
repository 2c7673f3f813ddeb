package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// takeOver makes the EX object of another row this key's: the same thing has a new DBID. An empty bound means that there
// is none to take. The id is on record before the old row goes, so that a crash in between is taken up by the next look.
func (l *look) takeOver(ctx context.Context) (bound, error) {
	from, there, err := l.rowOf(ctx, l.row.From)
	if err != nil || !there {
		return bound{}, err
	}
	if l.row.VoidedBy(from) {
		return bound{}, l.giveBack(ctx, from)
	}
	if from.EXID == "" {
		return bound{}, l.inherit(ctx, from)
	}
	if err := l.ownFrom(ctx, from); err != nil {
		return bound{}, err
	}
	b, err := l.read(ctx, from.EXID)
	if err != nil {
		return bound{}, err
	}
	b.origin = from.MadeOrAdopted()
	if err := l.record(ctx, mapping.Outcome{EXID: b.exID, Origin: b.origin, ClearIntent: true}); err != nil {
		return bound{}, err
	}
	l.note("took over the EX object of " + l.row.From.String())
	l.acted(model.ActionAdopt)
	return b, l.Rows.Forget(ctx, l.row.From)
}

// giveBack ends a takeover from a key that is in Engage again: the object is that key's, whatever was begun.
func (l *look) giveBack(ctx context.Context, from mapping.Row) error {
	if from.EXID == "" || l.row.Adopt != from.EXID {
		return nil
	}
	l.row.Adopt = ""
	err := l.Rows.Own(ctx, from.Key.Kind, from.EXID, from.Key, []model.Key{l.row.Key}, false)
	if model.CodeOf(err) == model.CodeConflict {
		return nil // a third has it
	}
	return err
}

// ownFrom makes the key the owner of what it takes over, in the place of the row before it and of owners that are stale.
func (l *look) ownFrom(ctx context.Context, from mapping.Row) error {
	owners, err := l.owners(ctx, from.EXID)
	if err != nil {
		return err
	}
	replaced := []model.Key{from.Key}
	for _, key := range owners {
		if key == l.row.Key || key == from.Key {
			continue
		}
		_, standing, err := l.standing(ctx, key, from.EXID)
		if err != nil {
			return err
		}
		if standing == mapping.OwnerStale {
			replaced = append(replaced, key)
		}
	}
	return takenElsewhere(l.Rows.Own(ctx, l.row.Key.Kind, from.EXID, l.row.Key, replaced, false), from.EXID)
}

// inherit takes over what EXCS had seen of a queue that was deleted already: it is the base for making it again.
func (l *look) inherit(ctx context.Context, from mapping.Row) error {
	if from.Seen != nil {
		if err := l.record(ctx, mapping.Outcome{Seen: from.Seen, SeenCodes: from.SeenCodes}); err != nil {
			return err
		}
		l.row.Seen, l.row.SeenCodes = from.Seen, from.SeenCodes
		l.note("is made again from what was seen of " + l.row.From.String())
	}
	return l.Rows.Forget(ctx, l.row.From)
}

// finishBegun ends what a worker began and did not finish before the key left Engage: the row that was taken over goes, and an
// object that the key was told to adopt and owns already is its own, to go the way that the row says.
func (l *look) finishBegun(ctx context.Context) error {
	if l.row.EXID != "" {
		if l.row.From.IsZero() {
			return nil
		}
		return l.forgetFrom(ctx)
	}
	if l.row.Adopt == "" {
		return nil
	}
	owners, err := l.owners(ctx, l.row.Adopt)
	if err != nil || !slices.Contains(owners, l.row.Key) {
		return err
	}
	if err := l.record(ctx, mapping.Outcome{EXID: l.row.Adopt, Origin: mapping.OriginAdopted}); err != nil {
		return err
	}
	l.row.EXID, l.row.Origin, l.out.Loaded = l.row.Adopt, mapping.OriginAdopted, l.row.Adopt
	return nil
}

// forgetFrom ends a takeover that a crash left unfinished: the EX object is this key's, the old row still there.
func (l *look) forgetFrom(ctx context.Context) error {
	from, there, err := l.rowOf(ctx, l.row.From)
	if err != nil || !there || from.EXID != l.row.EXID || l.row.VoidedBy(from) {
		return err
	}
	return l.Rows.Forget(ctx, l.row.From)
}

// record records something on the way, before the look is at its end.
func (l *look) record(ctx context.Context, o mapping.Outcome) error {
	o.Key, o.Version, o.Loaded = l.row.Key, l.row.Version, l.row.EXID
	_, err := l.Rows.Record(ctx, o, l.now)
	if model.CodeOf(err) == model.CodeStale {
		return errMoved
	}
	return err
}

// takenElsewhere makes a refusal of the owner item final: it says who owns the object.
func takenElsewhere(err error, exID string) error {
	if model.CodeOf(err) != model.CodeConflict {
		return err
	}
	return forGood("the EX object %s that it would take over has another owner: %w", exID, err)
}

// adoptPlanned adopts the object that the plan found. What was not approved is asked of the rule once more: the plan may be
// minutes old. An object that has nothing in common with this key any more is left alone.
func (l *look) adoptPlanned(ctx context.Context) (bound, error) {
	if !l.approved() {
		seen, _, err := l.Org.Get(ctx, l.row.Key.Kind, l.row.Adopt)
		if err == nil {
			err = l.mayAdopt(ctx, seen)
		}
		if errors.As(err, new(*notAdoptable)) {
			l.note(err.Error())
			l.row.Adopt = ""
			return l.findOrCreate(ctx)
		}
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return bound{}, err
		}
	}
	if err := l.claim(ctx, model.Observed{EXID: l.row.Adopt}); err != nil {
		return bound{}, err
	}
	b, err := l.read(ctx, l.row.Adopt)
	if b.adopted = true; !b.created {
		b.origin = originBy(plan.KnownBy(l.row.Desired, b.seen))
	}
	return b, err
}

// claim makes the key the owner of an EX object that was there before. The object of a living key is never taken:
//
//	owner                                        outcome
//	nobody, or this key                          owned
//	a row that is gone or has another EX object  replaced
//	an orphan, or a row on its way out           replaced; the orphan's row goes
//	a key of the same name that shares with it   owned beside it
//	a living key that is to get another name     wait until it let go
//	any other living key                         refused
func (l *look) claim(ctx context.Context, o model.Observed) error {
	owners, err := l.owners(ctx, o.EXID)
	if err != nil {
		return err
	}
	var was formerOwners
	if err := l.unlessOwnersPaused(ctx, owners); err != nil {
		return err
	}
	for _, key := range owners {
		if key == l.row.Key {
			continue
		}
		if err := l.judgeOwner(ctx, o, key, &was); err != nil {
			return err
		}
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, o.EXID, l.row.Key, was.stale, was.share); err != nil {
		if model.CodeOf(err) == model.CodeConflict {
			return waitUntil(l.now.Add(dependencyWait), fmt.Sprintf("the EX object %s got another owner just now", o.EXID))
		}
		return err
	}
	for _, key := range was.orphans {
		if err := l.Rows.Forget(ctx, key); err != nil {
			return err
		}
	}
	l.acted(model.ActionAdopt)
	return nil
}

// formerOwners are the owners that an object had: stale ones are replaced, rows of orphans go, with others it is shared.
type formerOwners struct {
	stale, orphans []model.Key
	share          bool
}

func (l *look) judgeOwner(ctx context.Context, o model.Observed, key model.Key, was *formerOwners) error {
	row, standing, err := l.standing(ctx, key, o.EXID)
	switch {
	case err != nil:
		return err
	case standing == mapping.OwnerStale:
		was.stale = append(was.stale, key)
	case standing == mapping.OwnerOrphan:
		was.stale, was.orphans = append(was.stale, key), append(was.orphans, key)
	case row.Desired.SameAs == l.row.Key.DBID:
		was.share = true
	default:
		return l.heldBy(ctx, o, row)
	}
	return nil
}

// heldBy says what becomes of an object that a living key has: if that one is to get another name, this one's turn comes.
// Else it is refused, as often as there are attempts: the holder may change its mind.
func (l *look) heldBy(ctx context.Context, o model.Observed, holder mapping.Row) error {
	has, gets := o.Name, holder.Desired.Name
	if l.row.Key.Kind == model.KindUser {
		has, gets = o.Email, holder.Desired.Email
	}
	if has != "" && !model.SameName(has, gets) && !stuck(holder) {
		return l.waitForHolder(ctx, holder)
	}
	return fmt.Errorf("the EX object %s that it would adopt belongs to %s", o.EXID, holder.Key)
}

// waitForHolder waits until the key that has the name or the address of this one has got its own. One that is done does not
// know that it has another's: it is asked to look. One that does not come to its own by itself is told with the wait, so that
// whoever is kept from its name is listed.
func (l *look) waitForHolder(ctx context.Context, holder mapping.Row) error {
	if holder.State == mapping.StateConverged {
		if err := l.lookAt(ctx, holder.Key); err != nil {
			return err
		}
	}
	if keepsName(holder) {
		return waitFor(holder.Key, l.now.Add(stuckWait), fmt.Sprintf("%s%s has its name or address and can not get its own: see there", mapping.Kept, holder.Key))
	}
	return waitFor(holder.Key, l.now.Add(dependencyWait), fmt.Sprintf("%s has the name or address that is to be its own, and is to get another one first", holder.Key))
}

// keepsName says that the row's EX object does not come to another name or address by itself.
func keepsName(row mapping.Row) bool {
	return !row.AtRest() && (stuck(row) || row.LeftDeleted() || strings.HasPrefix(row.Reason, mapping.Kept) || slices.ContainsFunc(row.Refused, func(r mapping.Refusal) bool {
		return r.Part == model.FieldName || r.Part == model.FieldEmail
	}))
}
