package mapping

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"excs/shared/model"
)

// Own makes key an owner of the EX object; see OwnerStore.
func (t *table) Own(ctx context.Context, kind model.Kind, exID string, key model.Key, from []model.Key, share bool) error {
	t = t.in(ctx)
	const what = "own EX object for"
	if exID == "" || key.IsZero() {
		return model.Errorf(model.CodeInvalid, "own EX object", "needs an EX id and a key, got %q and %q", exID, key)
	}
	_, err := t.mutate(ctx, "Own", t.keys.owner(kind, exID), func(old item) (item, error) {
		owners, err := ownersOf(old)
		if err != nil {
			return nil, err
		}
		if slices.Contains(owners, key) {
			return nil, errUnchanged
		}
		left := slices.DeleteFunc(owners, func(k model.Key) bool { return slices.Contains(from, k) })
		if len(left) > 0 && !share {
			return nil, &model.Error{Code: model.CodeConflict, Op: what, Key: key,
				Err: fmt.Errorf("%s %s belongs to %s", kind, exID, joinKeys(left))}
		}
		next := item{}
		t.signOwned(next)
		next.setText(attrOwners, joinKeys(append(left, key)))
		return next, nil
	})
	return named(what, key, err)
}

// Owners reads the owner items of EX objects of one kind; see OwnerStore.
func (t *table) Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]OwnerItem, error) {
	t = t.in(ctx)
	ids := make(map[itemKey]string, len(exIDs))
	var ks []itemKey
	for _, id := range exIDs {
		k := t.keys.owner(kind, id)
		if _, double := ids[k]; !double && id != "" {
			ids[k] = id
			ks = append(ks, k)
		}
	}
	found, err := t.getMany(ctx, "Owners", ks)
	if err != nil {
		return nil, fmt.Errorf("read owners of %s objects: %w", kind, err)
	}
	owners := make(map[string]OwnerItem, len(found))
	for k, it := range found {
		keys, err := ownersOf(it)
		if err != nil {
			return nil, err
		}
		owners[ids[k]] = OwnerItem{keys}
	}
	return owners, nil
}

// Disown takes key off the owners; the last one drops the item.
func (t *table) Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error {
	t = t.in(ctx)
	_, err := t.mutate(ctx, "Disown", t.keys.owner(kind, exID), func(old item) (item, error) {
		owners, err := ownersOf(old)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(owners, key) {
			return nil, errUnchanged
		}
		left := slices.DeleteFunc(owners, func(k model.Key) bool { return k == key })
		if len(left) == 0 {
			return nil, nil
		}
		old.setText(attrOwners, joinKeys(left))
		return old, nil
	})
	return named("disown EX object of", key, err)
}

func joinKeys(ks []model.Key) string {
	texts := make([]string, 0, len(ks))
	for _, k := range ks {
		texts = append(texts, k.String())
	}
	return strings.Join(texts, " ")
}

func ownersOf(it item) ([]model.Key, error) {
	var owners []model.Key
	for _, text := range strings.Fields(it.text(attrOwners)) {
		k, err := model.ParseKey(text)
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, "read owners", "item %s is damaged: %w", it.key(), err)
		}
		owners = append(owners, k)
	}
	return owners, nil
}
