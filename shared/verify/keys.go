package verify

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// keys compares objects by their own reads. What is not there is read again after Absence, within this call.
func (w *sweep) keys(ctx context.Context) error {
	rows, err := w.Table.GetMany(ctx, w.req.Keys)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	for _, key := range w.req.Keys {
		row, ok := rows[key]
		if !ok {
			return &model.Error{Code: model.CodeNotFound, Op: "verify", Key: key, Err: fmt.Errorf("there is no such object in the mapping table: see sync plan for what Engage asks for")}
		}
		w.byKey[key] = row
		w.counts(key.Kind).Mapped++
	}
	all := []step{{name: "the keys", do: func(w *sweep, ctx context.Context) error { return w.eachKey(ctx, rows) }}}
	if !w.req.Dry {
		all = append(all, step{name: stepAbsences, do: (*sweep).secondReads})
	}
	return w.walk(ctx, all, func(string) {}, "")
}

func (w *sweep) eachKey(ctx context.Context, rows map[model.Key]mapping.Row) error {
	for _, key := range w.req.Keys {
		if w.timeUp() {
			return errTimeUp
		}
		row := rows[key]
		if !w.settled(row) {
			w.counts(key.Kind).Skipped++
			continue
		}
		if err := w.one(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// one reads and compares one object.
func (w *sweep) one(ctx context.Context, row mapping.Row) error {
	switch row.Key.Kind {
	case model.KindMembers:
		return w.oneMembers(ctx, row)
	case model.KindUser:
		return w.oneUser(ctx, row)
	default:
		return w.oneNamed(ctx, row)
	}
}

func (w *sweep) oneNamed(ctx context.Context, row mapping.Row) error {
	seen, raw, err := w.Org.Get(ctx, row.Key.Kind, row.EXID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound || err == nil && seen.Deleted:
		w.miss(row)
		return nil
	case err != nil:
		return w.readFailed(ctx, row, err)
	}
	w.counts(row.Key.Kind).Compared++
	if row.Key.Kind == model.KindQueue && exorg.QueueChanged(row.Seen, raw) {
		if err := w.see(ctx, []sight{{row: row, body: raw}}); err != nil {
			return err
		}
	}
	f, ok := w.drift(row, w.namedFields(row, seen))
	if !ok {
		return nil
	}
	return w.queue(ctx, []Finding{f})
}

func (w *sweep) oneUser(ctx context.Context, row mapping.Row) error {
	var refs []model.Key
	for _, a := range row.Desired.Skills {
		refs = append(refs, model.Key{Kind: model.KindSkill, DBID: a.DBID})
	}
	for _, a := range row.Desired.Languages {
		refs = append(refs, model.Key{Kind: model.KindLanguage, DBID: a.DBID})
	}
	if err := w.learn(ctx, refs); err != nil {
		return err
	}
	if err := w.homeDivision(ctx); err != nil {
		return err
	}
	w.counts(model.KindUser).Compared++
	return w.wholeUser(ctx, row, true)
}

func (w *sweep) oneMembers(ctx context.Context, row mapping.Row) error {
	refs := []model.Key{{Kind: model.KindQueue, DBID: row.Key.DBID}}
	for _, dbid := range row.Desired.Members {
		refs = append(refs, model.Key{Kind: model.KindUser, DBID: dbid})
	}
	if err := w.learn(ctx, refs); err != nil {
		return err
	}
	return w.memberList(ctx, row)
}

// learn reads the rows of keys that were not read yet.
func (w *sweep) learn(ctx context.Context, keys []model.Key) error {
	var missing []model.Key
	for _, key := range keys {
		if _, ok := w.byKey[key]; !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	rows, err := w.Table.GetMany(ctx, missing)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	for key, row := range rows {
		w.byKey[key] = row
	}
	return nil
}
