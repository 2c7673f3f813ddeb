package verify

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// twins finds EX objects that no key owns and that could be taken for a mapped one by the marks of the rule of adoption. Nothing is queued: the mapped object is
// right, or is found by itself. People may want to remove the other one.
func (w *sweep) twins(ctx context.Context, kind model.Kind, rows []mapping.Row, list []model.Observed) error {
	marked, mapped := marksOfRows(rows)
	var found []Finding
	var ids []string
	for _, o := range list {
		if mapped[o.EXID] || o.Deleted || o.Deactivated {
			continue
		}
		if f, ok := w.twin(kind, o, marked); ok {
			found, ids = append(found, f), append(ids, o.EXID)
		}
	}
	if len(found) == 0 {
		return nil
	}
	owners, err := w.owners(ctx, kind, ids)
	if err != nil {
		return err
	}
	for _, f := range found {
		if !owners.Owned(f.EXID) {
			w.add(f)
		}
	}
	return nil
}

func (w *sweep) twin(kind model.Kind, o model.Observed, marked map[plan.Mark]mapping.Row) (Finding, bool) {
	for _, m := range plan.MarksOn(kind, o) {
		if row, ok := marked[m]; ok {
			note := fmt.Sprintf("the EX object %s has its %s and belongs to nobody", o.EXID, m.By)
			return Finding{Key: row.Key, What: Twin, Label: w.label(row), EXID: o.EXID, Note: note}, true
		}
	}
	return Finding{}, false
}

// marksOfRows gives the marks of mapped objects, and which EX objects are mapped.
func marksOfRows(rows []mapping.Row) (marked map[plan.Mark]mapping.Row, mapped map[string]bool) {
	marked, mapped = map[plan.Mark]mapping.Row{}, map[string]bool{}
	for _, row := range rows {
		mapped[row.EXID] = true
		if !converged(row) || row.Desired.SameAs != 0 {
			continue
		}
		for _, m := range plan.MarksOf(row.Desired) {
			marked[m] = row
		}
	}
	return marked, mapped
}
