package mapping

import (
	"context"
	"errors"
	"slices"

	"excs/shared/model"
	"golang.org/x/sync/errgroup"
)

// Get reads one row, consistently. not_found.
func (t *table) Get(ctx context.Context, key model.Key) (Row, error) {
	t = t.in(ctx)
	it, err := t.get(ctx, "Get", t.keys.row(key))
	if err != nil {
		return Row{}, wrapKey("get row", key, err)
	}
	if it == nil {
		return Row{}, notFound("get row", key)
	}
	return t.decodeRow(key, it)
}

// GetMany reads rows, consistently; keys without a row are absent.
func (t *table) GetMany(ctx context.Context, keys []model.Key) (map[model.Key]Row, error) {
	t = t.in(ctx)
	byItem := make(map[itemKey]model.Key, len(keys))
	items := make([]itemKey, 0, len(keys))
	for _, key := range keys {
		k := t.keys.row(key)
		if _, double := byItem[k]; !double {
			byItem[k] = key
			items = append(items, k)
		}
	}
	found, err := t.getMany(ctx, "GetMany", items)
	if err != nil {
		return nil, model.Errorf(model.CodeOf(err), "get rows", "%w", err)
	}
	rows := make(map[model.Key]Row, len(found))
	for k, it := range found {
		key := byItem[k]
		if rows[key], err = t.decodeRow(key, it); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Forget drops the row.
func (t *table) Forget(ctx context.Context, key model.Key) error {
	t = t.in(ctx)
	_, err := t.mutate(ctx, "Forget", t.keys.row(key), func(item) (item, error) { return nil, nil })
	return wrapKey("forget row", key, err)
}

// listers bounds how many partitions of the sparse index are read side by side.
const listers = 8

// List reads one partition of the sparse index per state and kind.
func (t *table) List(ctx context.Context, states []State, kinds []model.Kind) ([]Item, error) {
	t = t.in(ctx)
	if len(kinds) == 0 {
		kinds = model.Kinds()
	}
	var hashes []string
	for _, s := range states {
		for _, k := range kinds {
			if Indexed(s) {
				hashes = append(hashes, t.keys.index(s, k))
			}
		}
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	lists := make([][]item, len(hashes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, hash := range hashes {
		group.Go(func() (err error) {
			lists[i], err = t.server.list(ctx, "List", hash)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, model.Errorf(model.CodeOf(err), "list rows", "%w", err)
	}
	var items []Item
	for _, it := range slices.Concat(lists...) {
		line, err := t.decodeItem(it)
		if err != nil {
			return nil, err
		}
		items = append(items, line)
	}
	return items, nil
}

// changeRow lets change edit the row of a key and writes it. A row that is not there is not_found; an error of change
// that is not errUnchanged writes nothing.
func (t *table) changeRow(ctx context.Context, op, what string, key model.Key, change func(r *Row) error) (Row, error) {
	t = t.in(ctx)
	var after Row
	_, err := t.mutate(ctx, op, t.keys.row(key), func(old item) (item, error) {
		if old == nil {
			return nil, notFound(what, key)
		}
		r, err := t.decodeRow(key, old)
		if err != nil {
			return nil, err
		}
		err = change(&r)
		after = r
		if err != nil {
			return nil, err
		}
		return t.encodeRow(r)
	})
	return after, named(what, key, err)
}

// ofKey says whether the error names the key already.
func ofKey(err error, key model.Key) bool {
	e, ok := errors.AsType[*model.Error](err)
	return ok && e.Key == key
}
