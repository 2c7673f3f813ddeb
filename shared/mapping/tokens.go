package mapping

import (
	"context"
	"errors"
	"time"

	"excs/shared/model"
)

// LoadToken reads the shared OAuth token of a client. not_found when there is none or it expired.
func (t *table) LoadToken(ctx context.Context, client string) (string, model.Org, time.Time, error) {
	const op = "load token"
	it, err := t.get(ctx, "LoadToken", t.keys.token(client))
	if err != nil {
		return "", model.Org{}, time.Time{}, inOp(op, err)
	}
	expires := it.time(attrUntil)
	if it == nil || !expires.After(t.Clock()) {
		return "", model.Org{}, time.Time{}, &model.Error{Code: model.CodeNotFound, Op: op, Err: errors.New("no token is kept for client " + client)}
	}
	return it.text(attrToken), model.Org{ID: it.text(attrOrg), Name: it.text(attrOrgName)}, expires, nil
}

// SaveToken keeps the token until it expires. It is a secret: the table's key and policies guard it.
func (t *table) SaveToken(ctx context.Context, client string, token string, org model.Org, expires time.Time) error {
	_, err := t.mutate(ctx, "SaveToken", t.keys.token(client), func(item) (item, error) {
		it := item{}
		it.setText(attrToken, token)
		it.setText(attrOrg, org.ID)
		it.setText(attrOrgName, org.Name)
		it.setTime(attrUntil, expires)
		it.expire(expires.Add(time.Second))
		return it, nil
	})
	return inOp("save token", err)
}
