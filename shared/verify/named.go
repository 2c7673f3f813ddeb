package verify

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// named compares the one list of a kind: source, skill, language, wrap-up code, queue.
func (w *sweep) named(ctx context.Context, kind model.Kind) error {
	rows, err := w.loadRows(ctx, kind)
	if err != nil || len(rows) == 0 {
		return err
	}
	list, changed, err := w.list(ctx, kind, rows)
	if err != nil {
		return w.noList(ctx, kind, err)
	}
	w.counts(kind).Listed = len(list)
	listed := byEXID(list)
	if w.provesNothing(kind, rows, listed) {
		return nil
	}
	var found []Finding
	for _, row := range rows {
		if f, ok := w.compareNamed(row, listed); ok {
			found = append(found, f)
		}
	}
	if err := w.queue(ctx, found); err != nil {
		return err
	}
	if err := w.twins(ctx, kind, rows, list); err != nil {
		return err
	}
	return w.see(ctx, changed)
}

// list reads the one list of a kind. changed are the queues whose body shows other settings than were seen before.
func (w *sweep) list(ctx context.Context, kind model.Kind, rows []mapping.Row) (list []model.Observed, changed []sight, err error) {
	if kind != model.KindQueue {
		list, err = w.Org.Observe(ctx, kind)
		return list, nil, err
	}
	mapped := make(map[string]mapping.Row, len(rows))
	for _, row := range rows {
		mapped[row.EXID] = row
	}
	list, err = w.Org.ObserveQueues(ctx, func(seen model.Observed, raw []byte) {
		if row, ok := mapped[seen.EXID]; ok && w.shows(row) && exorg.QueueChanged(row.Seen, raw) {
			changed = append(changed, sight{row: row, body: raw})
		}
	})
	return list, changed, err
}

// noList notes why a list failed; only what no other list would do better ends the sweep.
func (w *sweep) noList(ctx context.Context, kind model.Kind, err error) error {
	if w.fatal(ctx, err) {
		return err
	}
	w.counts(kind).Failed++
	w.counts(kind).Fault = fmt.Sprintf("the list proves nothing: %v", err)
	w.Log.WarnContext(ctx, "list failed", "kind", kind, "code", model.CodeOf(err), "error", err.Error(), "correlationId", exorg.CorrelationOf(err))
	return nil
}

// provesNothing says that a list is empty, or holds nothing that is mapped, although much is. A handful of objects may all
// be gone: each is read by itself before anybody hears of it.
func (w *sweep) provesNothing(kind model.Kind, rows []mapping.Row, listed map[string]model.Observed) bool {
	mapped := 0
	for _, row := range rows {
		if row.EXID == "" {
			continue
		}
		if _, ok := listed[row.EXID]; ok {
			return false
		}
		mapped++
	}
	if mapped < max(1, w.Settings.Guard.ActiveFrom) {
		return false
	}
	w.counts(kind).Fault = fmt.Sprintf("the list shows none of the %d mapped objects: that proves nothing", mapped)
	return true
}

func byEXID(list []model.Observed) map[string]model.Observed {
	m := make(map[string]model.Observed, len(list))
	for _, o := range list {
		m[o.EXID] = o
	}
	return m
}

// compareNamed compares one row with what a list shows.
func (w *sweep) compareNamed(row mapping.Row, listed map[string]model.Observed) (Finding, bool) {
	c := w.counts(row.Key.Kind)
	if !w.settled(row) {
		c.Skipped++
		return Finding{}, false
	}
	if row.Desired.SameAs != 0 {
		return w.compareShared(row)
	}
	seen, ok := listed[row.EXID]
	if !ok || seen.Deleted {
		w.miss(row)
		return Finding{}, false
	}
	delete(w.cursor.Absent, row.Key)
	c.Compared++
	return w.drift(row, w.namedFields(row, seen))
}

// namedFields lists the controlled fields of an object that differ, without those that the EX Org refuses.
func (w *sweep) namedFields(row mapping.Row, seen model.Observed) []model.Field {
	t, seen := plan.Without(plan.Target{Object: row.Desired}, seen, refusedParts(row))
	return plan.Diff(t, seen, w.Settings, false)
}

// compareShared looks whether a row that shares another's EX object shares the one that the other has now.
func (w *sweep) compareShared(row mapping.Row) (Finding, bool) {
	owner, ok := w.byKey[model.Key{Kind: row.Key.Kind, DBID: row.Desired.SameAs}]
	if !ok || !w.settled(owner) {
		w.counts(row.Key.Kind).Skipped++
		return Finding{}, false
	}
	w.counts(row.Key.Kind).Compared++
	if owner.EXID == row.EXID {
		return Finding{}, false
	}
	f := w.finding(row, Drift)
	f.Note = "it shares the EX object of " + owner.Key.String() + ", which is another one now"
	return f, true
}

func (w *sweep) drift(row mapping.Row, fields []model.Field) (Finding, bool) {
	if len(fields) == 0 {
		return Finding{}, false
	}
	f := w.finding(row, Drift)
	f.Fields = fields
	return f, true
}

func (w *sweep) finding(row mapping.Row, what What) Finding {
	return Finding{Key: row.Key, What: what, EXID: row.EXID, Label: w.label(row)}
}

// label is how people call the object: an address for a user, the queue's name for its members.
func (w *sweep) label(row mapping.Row) string {
	switch row.Key.Kind {
	case model.KindMembers:
		return w.byKey[model.Key{Kind: model.KindQueue, DBID: row.Key.DBID}].Desired.Name
	case model.KindUser:
		if row.Desired.Email != "" {
			return row.Desired.Email
		}
	default:
	}
	return row.Desired.Name
}
