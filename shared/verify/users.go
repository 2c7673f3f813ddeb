package verify

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

const (
	// confirmedAtOnce is how many users whose sets a list left out are read by themselves in the same sweep; the others
	// are when the rotation comes to them.
	confirmedAtOnce = 100
	// soughtByRead is how many vanished users are read one by one; for more the list of the deleted is cheaper.
	soughtByRead = 10
)

// directory is what the lists of users show.
type directory struct {
	listed map[string]model.Observed
	capped bool // some list ended before its end
}

// users compares the lists of active and inactive users, and seeks who is in neither among the deleted.
func (w *sweep) users(ctx context.Context) error {
	rows, err := w.loadRows(ctx, model.KindUser)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := w.loadRefs(ctx); err != nil {
		return err
	}
	d, list, err := w.directory(ctx)
	if err != nil {
		return w.noList(ctx, model.KindUser, err)
	}
	w.counts(model.KindUser).Listed = len(list)
	if w.provesNothing(model.KindUser, rows, d.listed) {
		return nil
	}
	v := w.compareUsers(rows, d)
	w.cursor.Apart = map[int64]bool{}
	if err := w.queue(ctx, v.drifted); err != nil {
		return err
	}
	if err := w.confirm(ctx, v.unknown); err != nil {
		return err
	}
	if err := w.seek(ctx, v.unseen, d.capped); err != nil {
		return err
	}
	return w.twins(ctx, model.KindUser, rows, list)
}

func (w *sweep) directory(ctx context.Context) (directory, []model.Observed, error) {
	d := directory{listed: map[string]model.Observed{}}
	var all []model.Observed
	for _, state := range []string{exorg.StateActive, exorg.StateInactive} {
		list, capped, err := w.Org.Users(ctx, state)
		if err != nil {
			return d, nil, err
		}
		d.capped = d.capped || capped
		all = append(all, list...)
	}
	d.listed = byEXID(all)
	return d, all, nil
}

// verdict sorts the rows by what the lists say of them.
type verdict struct {
	drifted []Finding
	unknown []mapping.Row // the list left sets out that the row wants
	unseen  []mapping.Row
}

func (w *sweep) compareUsers(rows []mapping.Row, d directory) verdict {
	var v verdict
	c := w.counts(model.KindUser)
	for _, row := range rows {
		if !w.settled(row) {
			c.Skipped++
			continue
		}
		seen, ok := d.listed[row.EXID]
		if !ok {
			v.unseen = append(v.unseen, row)
			continue
		}
		delete(w.cursor.Absent, row.Key)
		c.Compared++
		fields := w.userFields(row, seen)
		if f, ok := w.drift(row, fields); ok {
			v.drifted = append(v.drifted, f)
			continue
		}
		if w.leftOut(row, seen) {
			v.unknown = append(v.unknown, row)
		}
	}
	return v
}

// leftOut says whether the list left out a set in which the row wants something.
func (w *sweep) leftOut(row mapping.Row, seen model.Observed) bool {
	o := row.Desired
	return seen.Skills == nil && len(o.Skills) > 0 || seen.Languages == nil && len(o.Languages) > 0
}

// confirm reads users by themselves whose sets a list left out.
func (w *sweep) confirm(ctx context.Context, rows []mapping.Row) error {
	for i, row := range rows {
		if i >= confirmedAtOnce {
			w.apart(row)
			continue
		}
		if err := w.wholeUser(ctx, row, false); err != nil {
			return err
		}
	}
	return nil
}

// apart leaves a user to the rotation, which then reads all of it.
func (w *sweep) apart(row mapping.Row) {
	w.counts(model.KindUser).Apart++
	w.cursor.Apart[row.Key.DBID] = true
}

// seek looks for users that are in neither list. One that is among the deleted is found; one that is nowhere is missed,
// unless the lists ended early: then it is left to the rotation.
func (w *sweep) seek(ctx context.Context, rows []mapping.Row, capped bool) error {
	if len(rows) == 0 {
		return nil
	}
	if len(rows) <= soughtByRead {
		for _, row := range rows {
			if err := w.seekOne(ctx, row); err != nil {
				return err
			}
		}
		return nil
	}
	list, _, err := w.Org.Users(ctx, exorg.StateDeleted)
	if err != nil {
		return w.noList(ctx, model.KindUser, err)
	}
	deleted := byEXID(list)
	var found []Finding
	for _, row := range rows {
		switch _, ok := deleted[row.EXID]; {
		case ok:
			w.gone[row.Key] = true
			if w.staysDeleted(row) {
				continue
			}
			found = append(found, w.finding(row, Deleted))
		case capped:
			w.apart(row)
		default:
			w.miss(row)
		}
	}
	return w.queue(ctx, found)
}

// seekOne reads a user that no list shows. That it is deleted is said by its own read, so nothing waits; that it is there
// means that it changed its state between two lists.
func (w *sweep) seekOne(ctx context.Context, row mapping.Row) error {
	seen, _, err := w.Org.Get(ctx, model.KindUser, row.EXID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		w.miss(row)
	case err != nil:
		return w.readFailed(ctx, row, err)
	case seen.Deleted:
		return w.vanished(ctx, row, Deleted)
	default:
		return w.compareWhole(ctx, row, seen, false)
	}
	return nil
}

// wholeUser reads all of a user by its own calls, its external ids too if asked, and compares it.
func (w *sweep) wholeUser(ctx context.Context, row mapping.Row, external bool) error {
	seen, _, err := w.Org.Get(ctx, model.KindUser, row.EXID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		w.miss(row)
		return nil
	case err != nil:
		return w.readFailed(ctx, row, err)
	case seen.Deleted:
		return w.vanished(ctx, row, Deleted)
	}
	delete(w.cursor.Absent, row.Key)
	return w.compareWhole(ctx, row, seen, external)
}

// compareWhole reads what the user's own read lacks, and compares.
func (w *sweep) compareWhole(ctx context.Context, row mapping.Row, seen model.Observed, external bool) error {
	var err error
	if seen.Skills, seen.Languages, err = w.Org.Sets(ctx, row.EXID); err != nil {
		return w.readFailed(ctx, row, err)
	}
	if external {
		if seen.ExternalKeys, err = w.Org.ExternalKeys(ctx, row.EXID); err != nil {
			return w.readFailed(ctx, row, err)
		}
	}
	f, ok := w.drift(row, w.userFields(row, seen))
	if !ok {
		return nil
	}
	return w.queue(ctx, []Finding{f})
}

// readFailed notes a read that failed; only what no other read would do better ends the sweep.
func (w *sweep) readFailed(ctx context.Context, row mapping.Row, err error) error {
	if w.fatal(ctx, err) {
		return err
	}
	w.counts(row.Key.Kind).Failed++
	w.Log.WarnContext(ctx, "read failed", "key", row.Key, "code", model.CodeOf(err), "error", err.Error(), "correlationId", exorg.CorrelationOf(err))
	return nil
}

// homeDivision reads the home division if users are held to it.
func (w *sweep) homeDivision(ctx context.Context) error {
	if w.home != "" || w.Settings.Users.Division != controlled {
		return nil
	}
	home, err := w.Org.HomeDivision(ctx)
	if err != nil {
		return fmt.Errorf("read the home division: %w", err)
	}
	w.home = home
	return nil
}
