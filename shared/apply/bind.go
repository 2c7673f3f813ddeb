package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// bound is the EX Org object that a row is about.
type bound struct {
	exID    string
	seen    model.Observed
	raw     []byte
	created bool           // just now, by this look: nothing of it needs to be read
	adopted bool           // it was there before EXCS knew it
	origin  mapping.Origin // how the row comes by it; "" when it had it before
	others  []model.Key    // the other keys that own it: names that are one for the EX Org
}

// bind finds the row's EX object or makes it: the mapped one, the one that the plan told to take over or adopt, the one
// that an unfinished creation left, or a new one. Its id goes to the row with whatever the look ends in.
func (l *look) bind(ctx context.Context) (bound, error) {
	b, err := l.obtain(ctx)
	if err != nil {
		return bound{}, err
	}
	l.row.EXID, l.out.EXID, l.out.ClearIntent = b.exID, b.exID, true
	if b.origin != "" {
		l.row.Origin, l.out.Origin = b.origin, b.origin
	}
	return b, nil
}

func (l *look) obtain(ctx context.Context) (bound, error) {
	if l.row.EXID != "" {
		if b, err := l.mapped(ctx); err != nil || b.exID != "" {
			return b, err
		}
	}
	if !l.row.From.IsZero() {
		if b, err := l.takeOver(ctx); err != nil || b.exID != "" {
			return b, err
		}
	}
	if l.row.Adopt != "" {
		return l.adoptPlanned(ctx)
	}
	return l.findOrCreate(ctx)
}

// mapped reads the object that the row is mapped to. An empty bound means that the row let it go in an earlier look.
func (l *look) mapped(ctx context.Context) (bound, error) {
	others, left, err := l.ownership(ctx)
	if err != nil {
		return bound{}, err
	}
	if left {
		l.row.EXID, l.out.ClearEXID = "", true
		return bound{}, nil
	}
	if !l.row.From.IsZero() && l.row.State != mapping.StateConverged {
		if err := l.forgetFrom(ctx); err != nil {
			return bound{}, err
		}
	}
	b, err := l.read(ctx, l.row.EXID)
	b.others = others
	return b, err
}

// ownership makes sure that the key still owns its EX object: another key may have taken it over since. left says that the
// key let it go, because it was renamed, in a look that did not finish; it is an orphan by now, or another key's of its name.
func (l *look) ownership(ctx context.Context) (others []model.Key, left bool, err error) {
	owners, err := l.owners(ctx, l.row.EXID)
	if err != nil {
		return nil, false, err
	}
	if slices.Contains(owners, l.row.Key) {
		return slices.DeleteFunc(owners, func(k model.Key) bool { return k == l.row.Key }), false, nil
	}
	var orphans []model.Key
	for _, owner := range owners {
		row, standing, err := l.standing(ctx, owner, l.row.EXID)
		switch {
		case err != nil:
			return nil, false, err
		case standing == mapping.OwnerStale:
			continue
		case sharesNames(l.row.Key.Kind):
			return nil, true, nil
		case standing == mapping.OwnerOrphan:
			// An operator's link gave the object away and ended before this row had the new one: it is still this key's.
			orphans = append(orphans, owner)
			continue
		case row.From == l.row.Key:
			return nil, false, waitUntil(l.now.Add(secondLook), fmt.Sprintf("its EX object is being taken over by %s", owner))
		}
		return nil, false, forGood("its EX object %s belongs to %s now: nothing is written to it", l.row.EXID, owner)
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, l.row.EXID, l.row.Key, owners, false); err != nil {
		return nil, false, err
	}
	for _, key := range orphans {
		if err := l.Rows.Forget(ctx, key); err != nil {
			return nil, false, err
		}
	}
	return nil, false, nil
}

// sharesNames says of which kinds several keys may have one EX object, so that a key can leave it to the others.
func sharesNames(k model.Kind) bool { return !renamable(k) || k == model.KindWrapUpCode }

// ownedByOthers says whether a key other than this one owns the object, or is about to.
func (l *look) ownedByOthers(ctx context.Context, exID string) (bool, error) {
	owners, err := l.owners(ctx, exID)
	if err != nil {
		return false, err
	}
	for _, key := range owners {
		if key == l.row.Key {
			continue
		}
		_, standing, err := l.standing(ctx, key, exID)
		if err != nil || standing != mapping.OwnerStale {
			return true, err
		}
	}
	return false, nil
}

// owners are the keys that the owner item names; standing says of each what that is worth.
func (l *look) owners(ctx context.Context, exID string) ([]model.Key, error) {
	items, err := l.Rows.Owners(ctx, l.row.Key.Kind, []string{exID})
	return items[exID].Unjudged(), err
}

// stillOwns is asked right before a write: between the load of the row and the write another key may have taken the EX
// object over, and then every write is that key's.
func (l *look) stillOwns(ctx context.Context, exID string) error {
	owners, err := l.owners(ctx, exID)
	if err != nil {
		return err
	}
	if !slices.Contains(owners, l.row.Key) {
		return errMoved
	}
	return l.unlessOwnersPaused(ctx, owners)
}

// mayWriteTo is asked right before a write to an object that is there: it is still this key's, and nobody paused it.
func (l *look) mayWriteTo(ctx context.Context, exID string, w mapping.Wrote) error {
	if err := l.stillOwns(ctx, exID); err != nil {
		return err
	}
	return l.mayWrite(ctx, w)
}

// read reads the object of that id, and deals with one that is not there.
func (l *look) read(ctx context.Context, exID string) (bound, error) {
	l.row.EXID = exID
	seen, raw, err := l.Org.Get(ctx, l.row.Key.Kind, exID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return l.vanished(ctx)
	case err != nil:
		return bound{}, fmt.Errorf("read %s: %w", l.row.Key, err)
	case seen.Deleted && l.row.Key.Kind != model.KindUser:
		return l.vanished(ctx)
	}
	return bound{exID: exID, seen: seen, raw: raw, adopted: l.row.Applied == 0}, nil
}

// The waits of objects that are not there (yet).
const (
	lagWait        = 30 * time.Second // an object just written may answer 404
	secondLook     = 60 * time.Second // absence is believed when a second read agrees
	dependencyWait = 2 * time.Second
)

const (
	missing   = "the EX Org answered 404: a second look decides"
	goneTwice = "two reads say that it is gone from the EX Org"
)

// vanished deals with an object that answers 404 or as deleted: lag just after a write, then a second look, then the
// object is made again, and what hung on it hears of it. The new id is recorded last: a crash before that finds the intent
// and the lost id, and does the rest again.
func (l *look) vanished(ctx context.Context) (bound, error) {
	if l.row.Reason != missing && !strings.Contains(l.row.Reason, goneTwice) && l.row.Intent == nil {
		if !l.row.Written.IsZero() && l.now.Sub(l.row.Written) < l.Settings.IndexLag {
			return bound{}, waitUntil(l.now.Add(lagWait), "written a short while ago and not visible yet")
		}
		return bound{}, waitUntil(l.now.Add(secondLook), missing)
	}
	lost := l.row.EXID
	l.row.EXID, l.lost = "", lost
	b, err := l.findOrCreate(ctx)
	if err != nil {
		return bound{}, stillGone(err)
	}
	if err := l.dependants(ctx, lost, b.exID); err != nil {
		return bound{}, err
	}
	l.note("was deleted in the EX Org and made again under a new id")
	return b, l.Rows.Disown(ctx, l.row.Key.Kind, lost, l.row.Key)
}

// stillGone says beside why the object could not be made again that it is gone. Without that the next look would begin with the
// first of two reads again, and no try would ever be counted.
func stillGone(err error) error {
	s, ok := asStop(err)
	if !ok {
		return fmt.Errorf("%s: %w", goneTwice, err)
	}
	with := *s
	if !strings.Contains(with.reason, goneTwice) {
		with.reason += "; " + goneTwice
	}
	return &with
}
