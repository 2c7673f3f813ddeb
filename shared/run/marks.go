package run

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
)

// mark says in the index of every key whose row this run is about to write or drop that it is being changed. Without it a
// row that a dead run wrote would agree with the index again as soon as Engage takes the edit back, and the row of a new
// key would be nobody's.
func (r *Runner) mark(ctx context.Context, run int64, d *draft) error {
	keys := map[model.Key]model.Fingerprint{}
	for _, c := range d.plan.Changes {
		keys[c.Key] = model.BeingChanged
		if !c.From.IsZero() {
			keys[c.From] = model.BeingChanged
		}
	}
	for _, f := range d.plan.Forget {
		if !f.IndexOnly {
			keys[f.Key] = model.BeingChanged
		}
	}
	if len(keys) == 0 {
		return nil
	}
	for key := range keys {
		d.marked[key] = true
	}
	if err := r.Table.PutIndex(ctx, run, keys); err != nil {
		return fmt.Errorf("mark what is about to change in the mapping index: %w", err)
	}
	return nil
}

// unmark writes what the index must say once the rows are written. A marked key that the plan left as it is, because its
// change is held or the table refuses its row, is as its row says: the next run finds the difference from there. A run of
// some kinds or keys leaves the marks of others.
func (r *Runner) unmark(ctx context.Context, run int64, d *draft, req Request) error {
	index := d.plan.Index()
	for _, refused := range d.refused {
		delete(index, refused.Key)
		index[refused.Key] = indexedBy(d.rows[refused.Key])
	}
	if req.whole() {
		for key := range d.marked {
			if _, known := index[key]; !known {
				index[key] = indexedBy(d.rows[key])
			}
		}
	}
	if err := r.Table.PutIndex(ctx, run, index); err != nil {
		return fmt.Errorf("write the mapping index: %w", err)
	}
	for key := range index {
		delete(d.marked, key)
	}
	return nil
}

// indexedBy is what the index must hold for a row as it is; 0: nothing.
func indexedBy(row mapping.Row) model.Fingerprint {
	if row.Version == 0 || row.Goal != mapping.GoalPresent {
		return 0
	}
	return row.Desired.Fingerprint()
}

// holds gives the plan's question whether a row holds a change already. The row of an object that another key is about to
// take over is written again all the same: the takeover ends when it finds a younger row.
func (d *draft) holds() func(c model.Change, approved bool) bool {
	claimed := map[model.Key]bool{}
	for _, row := range d.rows {
		if row.EXID == "" && !row.From.IsZero() {
			claimed[row.From] = true
		}
	}
	return func(c model.Change, approved bool) bool {
		row, read := d.rows[c.Key]
		return read && !claimed[c.Key] && row.Holds(wishOf(c, "", approved))
	}
}

// foresee writes down, before anything is done, what only this read could tell: the source's memory, that the first plan
// needs no approval, which queues go, whose place another database takes. The next run decides by it even if this one does
// not come to its end.
func (r *Runner) foresee(ctx context.Context, run int64, d *draft, req Request) error {
	if err := r.setAside(ctx, run, d.recognition); err != nil {
		return err
	}
	if d.plan.Empty() && !d.recognition.instead {
		return nil
	}
	if req.whole() {
		d.openFirst()
	}
	d.site.deleted(d.plan.Changes, d.at)
	return save(ctx, r.Table, docSite, run, d.site)
}

// openFirst notes that the first plan is carried out without an approval, if it needs none.
func (d *draft) openFirst() {
	if d.first && d.opens() {
		d.site.FirstPlan, d.site.FirstPlanHash = d.at, d.plan.Hash
	}
}
