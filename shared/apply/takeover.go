package apply

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
)

// takeOver makes the EX object of another row this key's: the same thing has a new DBID. An empty bound means that there
// is none to take. The id is on record before the old row goes, so that a crash in between is taken up by the next look.
func (l *look) takeOver(ctx context.Context) (bound, error) {
	from, there, err := l.rowOf(ctx, l.row.From)
	if err != nil || !there || l.livesAgain(from) {
		return bound{}, err
	}
	if from.EXID == "" {
		return bound{}, l.inherit(ctx, from)
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, from.EXID, l.row.Key, []model.Key{l.row.From}, false); err != nil {
		return bound{}, takenElsewhere(err, from.EXID)
	}
	b, err := l.read(ctx, from.EXID)
	if err != nil {
		return bound{}, err
	}
	if err := l.record(ctx, mapping.Outcome{EXID: b.exID, ClearIntent: true}); err != nil {
		return bound{}, err
	}
	l.note("took over the EX object of " + l.row.From.String())
	l.acted(model.ActionAdopt)
	return b, l.Rows.Forget(ctx, l.row.From)
}

// livesAgain says that the key to take over from is in Engage again: a later run than the one that told to take over gave
// its row a desired state.
func (l *look) livesAgain(from mapping.Row) bool {
	return from.Goal == mapping.GoalPresent && from.Run > l.row.Run
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

// forgetFrom ends a takeover that a crash left unfinished: the EX object is this key's, the old row still there.
func (l *look) forgetFrom(ctx context.Context) error {
	from, there, err := l.rowOf(ctx, l.row.From)
	if err != nil || !there || from.EXID != l.row.EXID || l.livesAgain(from) {
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

func (l *look) adoptPlanned(ctx context.Context) (bound, error) {
	if err := l.claim(ctx, model.Observed{EXID: l.row.Adopt}); err != nil {
		return bound{}, err
	}
	b, err := l.read(ctx, l.row.Adopt)
	b.adopted = true
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
	row, there, err := l.rowOf(ctx, key)
	switch {
	case err != nil:
		return err
	case !there || row.EXID != o.EXID || row.Goal == mapping.GoalAbsent:
		was.stale = append(was.stale, key)
	case row.Goal == mapping.GoalOrphan:
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
// know that it has another's: it is asked to look.
func (l *look) waitForHolder(ctx context.Context, holder mapping.Row) error {
	if holder.State == mapping.StateConverged {
		if err := l.lookAt(ctx, holder.Key); err != nil {
			return err
		}
	}
	return waitFor(holder.Key, l.now.Add(dependencyWait), fmt.Sprintf("%s has the name or address that is to be its own, and is to get another one first", holder.Key))
}
