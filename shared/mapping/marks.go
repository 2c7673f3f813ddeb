package mapping

import (
	"context"
	"fmt"
	"time"

	"excs/shared/model"
)

// MarkQueued sets the queued mark; see RowStore. The row's packed part is not touched.
func (t *table) MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error) {
	t = t.in(ctx)
	const what = "mark queued"
	if token == "" {
		return false, &model.Error{Code: model.CodeInvalid, Op: what, Key: key, Err: errNoToken}
	}
	marked := false
	_, err := t.mutate(ctx, "MarkQueued", t.keys.row(key), func(old item) (item, error) {
		if old == nil {
			return nil, notFound(what, key)
		}
		m := markOf(old, attrQueued, attrQueuedAt)
		if marked = m == nil || m.Token == token || now.Sub(m.At) > lost; !marked {
			return nil, errUnchanged
		}
		if m != nil && m.Token == token {
			return nil, errUnchanged
		}
		setMark(old, attrQueued, attrQueuedAt, &mark{Token: token, At: now})
		return old, nil
	})
	if err != nil {
		return false, named(what, key, err)
	}
	return marked, nil
}

// ClearQueued takes the queued mark away; see RowStore.
func (t *table) ClearQueued(ctx context.Context, key model.Key, token string) (Row, error) {
	t = t.in(ctx)
	const what = "clear queued mark of"
	it, err := t.mutate(ctx, "ClearQueued", t.keys.row(key), func(old item) (item, error) {
		if old == nil {
			return nil, notFound(what, key)
		}
		m := markOf(old, attrQueued, attrQueuedAt)
		if m == nil || (token != "" && m.Token != token) {
			return nil, errUnchanged
		}
		setQueued(old, nil)
		return old, nil
	})
	if err != nil {
		return Row{}, named(what, key, err)
	}
	return t.decodeRow(key, it)
}

// Intend notes that the caller is about to create the object; see RowStore.
func (t *table) Intend(ctx context.Context, key model.Key, version int64, intent Intent, replace string) error {
	t = t.in(ctx)
	const what = "note intent for"
	if intent.Token == "" {
		return &model.Error{Code: model.CodeInvalid, Op: what, Key: key, Err: errNoToken}
	}
	_, err := t.mutate(ctx, "Intend", t.keys.row(key), func(old item) (item, error) {
		if old == nil {
			return nil, notFound(what, key)
		}
		if has := old.number(attrVersion); has != version {
			return nil, staleVersion(what, Row{Key: key, Version: has}, version)
		}
		m := markOf(old, attrIntent, attrIntentAt)
		if m != nil && m.Token == intent.Token {
			return nil, errUnchanged
		}
		if m != nil && (replace == "" || m.Token != replace) {
			return nil, &model.Error{Code: model.CodeConflict, Op: what, Key: key,
				Err: fmt.Errorf("a creation that began at %s stands: look the object up first", m.At.Format(time.RFC3339))}
		}
		setMark(old, attrIntent, attrIntentAt, (*mark)(&intent))
		t.signOwned(old)
		return old, nil
	})
	return named(what, key, err)
}

// named adds what was done to which row, unless the error says so itself.
func named(what string, key model.Key, err error) error {
	if err == nil || ofKey(err, key) {
		return err
	}
	return wrapKey(what, key, err)
}
