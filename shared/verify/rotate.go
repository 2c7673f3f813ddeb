package verify

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// silentAtMost is how many reads may fail one after the other until a sweep stops.
const silentAtMost = 5

// turn is one of the rotations.
type turn struct {
	asked bool
	*rotation
	do func(context.Context) error
}

// rotations goes on with the rotations that were asked for. The one whose round began first goes first, so that none
// starves where the time is too short for all. Codes are compared with nothing, so only whole sweeps, which note what they
// see, go on with them.
func (w *sweep) rotations(ctx context.Context) error {
	asked := func(k model.Kind) bool { return len(w.req.Kinds) == 0 || slices.Contains(w.req.Kinds, k) }
	all := []turn{
		{asked(model.KindMembers), &w.cursor.Members, w.members}, {asked(model.KindUser), &w.cursor.External, w.externals},
		{len(w.req.Kinds) == 0 && !w.req.Dry, &w.cursor.Codes, w.codes},
	}
	slices.SortStableFunc(all, func(a, b turn) int { return a.Round.Compare(b.Round) })
	for _, t := range all {
		if !t.asked {
			continue
		}
		if err := t.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rotate goes on with a rotation as far as it is due, oldest first. A read that fails is passed over, so that one bad
// object does not hold up the others.
func (w *sweep) rotate(ctx context.Context, r *rotation, rows []mapping.Row, look func(context.Context, mapping.Row) error) (*Progress, error) {
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // nothing turns
	}
	kind := rows[0].Key.Kind
	want := r.due(w.Now(), len(rows), slices.Contains(w.req.Kinds, kind), w.Interval, w.Round)
	p := &Progress{Of: len(rows), Round: r.Round, Seen: r.Seen}
	for silent := 0; r.Seen < want; {
		p.Behind = r.behind(w.Now(), len(rows), w.Interval, w.Round)
		if w.timeUp() {
			return p, errTimeUp
		}
		if err := w.dueAbsences(ctx); err != nil {
			return p, err
		}
		row, failed := after(rows, r.After), w.counts(kind).Failed
		if err := look(ctx, row); err != nil {
			return p, err
		}
		if silent++; w.counts(kind).Failed == failed {
			silent = 0
		}
		r.After = row.Key.DBID
		r.Seen++
		p.Seen = r.Seen
		if silent >= silentAtMost {
			return p, errSilent
		}
		if err := w.keep(ctx, false); err != nil {
			return p, err
		}
	}
	p.Behind = r.behind(w.Now(), len(rows), w.Interval, w.Round)
	if r.Seen >= len(rows) {
		r.Whole = false
	}
	return p, nil
}

// after gives the row that follows a DBID, round and round.
func after(rows []mapping.Row, dbid int64) mapping.Row {
	i, _ := slices.BinarySearchFunc(rows, dbid+1, func(r mapping.Row, d int64) int { return int(r.Key.DBID - d) })
	return rows[i%len(rows)]
}

// members compares member lists in rotation.
func (w *sweep) members(ctx context.Context) (err error) {
	if w.Settings.Members.Control == rules.SetIgnored {
		return nil
	}
	rows, err := w.loadMembers(ctx)
	if err != nil {
		return err
	}
	w.report.Members, err = w.rotate(ctx, &w.cursor.Members, rows, w.memberList)
	return err
}

// loadMembers reads the rows of member lists, and of the queues and users that they are made of.
func (w *sweep) loadMembers(ctx context.Context) ([]mapping.Row, error) {
	for _, kind := range []model.Kind{model.KindQueue, model.KindUser} {
		if _, err := w.loadRows(ctx, kind); err != nil {
			return nil, err
		}
	}
	return w.loadRows(ctx, model.KindMembers)
}

// memberList reads and compares one member list.
func (w *sweep) memberList(ctx context.Context, row mapping.Row) error {
	queue := w.byKey[model.Key{Kind: model.KindQueue, DBID: row.Key.DBID}]
	c := w.counts(model.KindMembers)
	if !w.settled(row) || !converged(queue) || w.suspect(queue.Key) {
		c.Skipped++
		return nil
	}
	have, err := w.Org.Members(ctx, queue.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		c.Skipped++ // the queue itself is found by its list
		return nil
	}
	if err != nil {
		return w.readFailed(ctx, row, err)
	}
	c.Listed++
	c.Compared++
	owners, err := w.usersOf(ctx, w.extra(row, have))
	if err != nil {
		return err
	}
	t, seen := plan.Without(w.memberTarget(row, owners), model.Observed{Kind: model.KindMembers, EXID: queue.EXID, Members: have}, refusedParts(row))
	fields := plan.Diff(t, seen, w.Settings, false)
	f, ok := w.drift(row, fields)
	if !ok {
		return nil
	}
	return w.queue(ctx, []Finding{f})
}

// usersOf says which EX users are EXCS's: only those ever leave a queue.
func (w *sweep) usersOf(ctx context.Context, ids []string) (mapping.Owners, error) {
	if len(ids) == 0 || w.Settings.Members.Control != rules.Exact {
		return nil, nil //nolint:nilnil // nobody leaves
	}
	return w.owners(ctx, model.KindUser, ids)
}

// owners says which keys have EX objects.
func (w *sweep) owners(ctx context.Context, kind model.Kind, ids []string) (mapping.Owners, error) {
	items, err := w.Table.Owners(ctx, kind, ids)
	if err != nil {
		return nil, fmt.Errorf("read the owners of EX objects: %w", err)
	}
	return mapping.JudgeOwners(ctx, w.Table, items, w.Now())
}

// externals compares the external ids of users in rotation, and all of the users that the lists did not show wholly.
func (w *sweep) externals(ctx context.Context) (err error) {
	rows, err := w.loadRows(ctx, model.KindUser)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := w.loadRefs(ctx); err != nil {
		return err
	}
	w.report.External, err = w.rotate(ctx, &w.cursor.External, rows, w.external)
	return err
}

func (w *sweep) external(ctx context.Context, row mapping.Row) error {
	if !w.settled(row) || w.suspect(row.Key) {
		return nil // counted when the lists were compared
	}
	if w.cursor.Apart[row.Key.DBID] {
		w.counts(model.KindUser).Compared++
		delete(w.cursor.Apart, row.Key.DBID)
		return w.wholeUser(ctx, row, true)
	}
	keys, err := w.Org.ExternalKeys(ctx, row.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil // the user itself is found by the lists
	}
	if err != nil {
		return w.readFailed(ctx, row, err)
	}
	f, ok := w.drift(row, w.externalFields(row, keys))
	if !ok {
		return nil
	}
	return w.queue(ctx, []Finding{f})
}
