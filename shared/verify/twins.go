package verify

import (
	"context"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
)

// mark is a text by which an EX object could be taken for a mapped one.
type mark struct{ what, value string }

// marksOf are the marks of an object: a user's address, a queue's peer id and name, the name of the others. Several users
// may have one name.
func marksOf(kind model.Kind, name, peer, email string) []mark {
	var all []mark
	add := func(what, value string) {
		if value != "" {
			all = append(all, mark{what, value})
		}
	}
	if kind == model.KindUser {
		add("e-mail", model.Fold(email))
		return all
	}
	add("peer id", peer)
	add("name", model.Fold(name))
	return all
}

// twins finds EX objects that no key owns and that have a mark of a mapped object. Nothing is queued: the mapped object is
// right, or is found by itself. People may want to remove the other one.
func (w *sweep) twins(ctx context.Context, kind model.Kind, rows []mapping.Row, list []model.Observed) error {
	marked, mapped := marksOfRows(kind, rows)
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

func (w *sweep) twin(kind model.Kind, o model.Observed, marked map[mark]mapping.Row) (Finding, bool) {
	for _, m := range marksOf(kind, o.Name, o.PeerID, o.Email) {
		if row, ok := marked[m]; ok {
			note := fmt.Sprintf("the EX object %s has its %s and belongs to nobody", o.EXID, m.what)
			return Finding{Key: row.Key, What: Twin, Label: w.label(row), EXID: o.EXID, Note: note}, true
		}
	}
	return Finding{}, false
}

// marksOfRows gives the marks of mapped objects, and which EX objects are mapped.
func marksOfRows(kind model.Kind, rows []mapping.Row) (marked map[mark]mapping.Row, mapped map[string]bool) {
	marked, mapped = map[mark]mapping.Row{}, map[string]bool{}
	for _, row := range rows {
		mapped[row.EXID] = true
		if !converged(row) || row.Desired.SameAs != 0 {
			continue
		}
		for _, m := range marksOf(kind, row.Desired.Name, row.Desired.PeerID, row.Desired.Email) {
			marked[m] = row
		}
	}
	return marked, mapped
}
