package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// bound is the EX Org object that a row is about.
type bound struct {
	exID    string
	seen    model.Observed
	raw     []byte
	created bool // just now, by this look: nothing of it needs to be read
	adopted bool // it was there before EXCS knew it
	byEmail bool // adopted by its e-mail address alone
}

// bind finds the row's EX object or makes it: the mapped one, the one that the plan told to take over or adopt, the one
// that an unfinished creation left, or a new one.
func (l *look) bind(ctx context.Context) (bound, error) {
	if l.row.EXID != "" {
		return l.mapped(ctx)
	}
	if !l.row.From.IsZero() {
		b, err := l.takeOver(ctx)
		if err != nil || b.exID != "" {
			return b, err
		}
	}
	if l.row.Adopt != "" {
		return l.adoptPlanned(ctx)
	}
	return l.findOrCreate(ctx)
}

// mapped reads the object that the row is mapped to.
func (l *look) mapped(ctx context.Context) (bound, error) {
	if err := l.checkOwner(ctx); err != nil {
		return bound{}, err
	}
	seen, raw, err := l.Org.Get(ctx, l.row.Key.Kind, l.row.EXID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return l.vanished(ctx)
	case err != nil:
		return bound{}, fmt.Errorf("read %s: %w", l.row.Key, err)
	case seen.Deleted && l.row.Key.Kind != model.KindUser:
		return l.vanished(ctx)
	}
	l.out.EXID = l.row.EXID
	return bound{exID: l.row.EXID, seen: seen, raw: raw, adopted: l.row.Applied == 0}, nil
}

// checkOwner makes sure that the key still owns its EX object: another key may have taken it over since.
func (l *look) checkOwner(ctx context.Context) error {
	owners, err := l.Rows.Owners(ctx, l.row.Key.Kind, []string{l.row.EXID})
	if err != nil {
		return err
	}
	if slices.Contains(owners[l.row.EXID], l.row.Key) {
		return nil
	}
	if len(owners[l.row.EXID]) > 0 {
		return forGood("its EX object %s belongs to %s now: nothing is written to it", l.row.EXID, owners[l.row.EXID][0])
	}
	return l.Rows.Own(ctx, l.row.Key.Kind, l.row.EXID, l.row.Key, nil, false)
}

// takeOver makes the EX object of another row this key's. Both steps are on record before the old row goes, so a crash in
// between is taken up by the next look.
func (l *look) takeOver(ctx context.Context) (bound, error) {
	from, err := l.Rows.Get(ctx, l.row.From)
	if model.CodeOf(err) == model.CodeNotFound || (err == nil && from.EXID == "") {
		return bound{}, nil
	}
	if err != nil {
		return bound{}, err
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, from.EXID, l.row.Key, []model.Key{l.row.From}, false); err != nil {
		return bound{}, fmt.Errorf("take over the EX object of %s: %w", l.row.From, err)
	}
	b, err := l.bindTo(ctx, from.EXID)
	if err != nil {
		return bound{}, err
	}
	if err := l.Rows.Forget(ctx, l.row.From); err != nil {
		return bound{}, err
	}
	l.note = "took over the EX object of " + l.row.From.String()
	return b, nil
}

func (l *look) adoptPlanned(ctx context.Context) (bound, error) {
	if err := l.claim(ctx, l.row.Adopt); err != nil {
		return bound{}, err
	}
	b, err := l.bindTo(ctx, l.row.Adopt)
	b.adopted = true
	return b, err
}

// claim makes the key the owner of an EX object that was there before, unless a living key owns it. An owner whose row
// has moved on to another EX object, or is an orphan, is not living.
func (l *look) claim(ctx context.Context, exID string) error {
	owners, err := l.Rows.Owners(ctx, l.row.Key.Kind, []string{exID})
	if err != nil {
		return err
	}
	var stale []model.Key
	for _, key := range owners[exID] {
		if key == l.row.Key {
			continue
		}
		row, err := l.Rows.Get(ctx, key)
		switch {
		case model.CodeOf(err) == model.CodeNotFound:
		case err != nil:
			return err
		case row.EXID == exID && row.Goal == mapping.GoalPresent:
			return forGood("the EX object %s that it would adopt belongs to %s", exID, key)
		}
		stale = append(stale, key)
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, exID, l.row.Key, stale, false); err != nil {
		return fmt.Errorf("adopt the EX object %s: %w", exID, err)
	}
	return nil
}

// bindTo records the EX id on the row at once and reads the object.
func (l *look) bindTo(ctx context.Context, exID string) (bound, error) {
	if _, err := l.Rows.Record(ctx, mapping.Outcome{Key: l.row.Key, Version: l.row.Version, EXID: exID, ClearIntent: true, Attempts: l.row.Attempts}, l.now); err != nil && model.CodeOf(err) != model.CodeStale {
		return bound{}, err
	}
	l.row.EXID, l.out.EXID, l.out.ClearIntent = exID, exID, true
	seen, raw, err := l.Org.Get(ctx, l.row.Key.Kind, exID)
	if model.CodeOf(err) == model.CodeNotFound {
		return l.vanished(ctx)
	}
	if err != nil {
		return bound{}, fmt.Errorf("read %s: %w", l.row.Key, err)
	}
	return bound{exID: exID, seen: seen, raw: raw}, nil
}

// The waits of objects that are not there (yet).
const (
	lagWait        = 30 * time.Second // an object just written may answer 404
	secondLook     = 60 * time.Second // absence is believed when a second read agrees
	dependencyWait = 15 * time.Second
)

const missing = "the EX Org answered 404: a second look decides"

// vanished deals with an object that answers 404 or as deleted: lag just after a write, then a second look, then the
// object is made again.
func (l *look) vanished(ctx context.Context) (bound, error) {
	if !l.row.Written.IsZero() && l.now.Sub(l.row.Written) < l.Settings.IndexLag && l.row.Reason != missing {
		return bound{}, waitUntil(l.now.Add(lagWait), "written a short while ago and not visible yet")
	}
	if l.row.Reason != missing {
		return bound{}, waitUntil(l.now.Add(secondLook), missing)
	}
	lost := l.row.EXID
	l.row.EXID = ""
	b, err := l.findOrCreate(ctx)
	if err != nil {
		return bound{}, err
	}
	if b.exID != lost {
		if err := l.Rows.Disown(ctx, l.row.Key.Kind, lost, l.row.Key); err != nil {
			return bound{}, err
		}
		l.note = "was deleted in the EX Org and made again under a new id"
	}
	return b, l.dependants(ctx)
}
