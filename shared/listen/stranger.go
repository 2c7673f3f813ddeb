package listen

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"excs/shared/model"
)

// stranger deals with an object that nobody owns. If it is new, or got another name or address, it may be what a key of
// Engage's is looking for: the key is looked at, and the worker decides.
func (c *call) stranger(ctx context.Context, h *hint, w window) error {
	if !h.identifies || w.identified {
		c.report.ignore(ReasonUnknown)
		c.windows.put(h.subject, w)
		return nil
	}
	keys, err := c.resembles(ctx, h)
	if err != nil {
		return err
	}
	rows, err := c.read(ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		v, err := c.look(ctx, h, rows[key], key, true, &w)
		if err != nil {
			return err
		}
		c.count(v, rows[key])
	}
	if len(keys) == 0 {
		c.report.ignore(ReasonUnknown)
	}
	w.identified = true
	c.windows.put(h.subject, w)
	return nil
}

// resembles gives the keys whose peer id, external id, address or name the object has. Users and queues are read once for
// it; the others are known by the name that the event carries.
func (c *call) resembles(ctx context.Context, h *hint) ([]model.Key, error) {
	seen := model.Observed{Name: h.name}
	if h.kind == model.KindUser || h.kind == model.KindQueue || seen.Name == "" {
		got, _, err := c.Org.Get(ctx, h.kind, h.exID)
		switch model.CodeOf(err) {
		case "":
			seen = got
		case model.CodeNotFound, model.CodeInvalid:
			// Not visible yet, or gone again: the event's name has to do.
		default:
			return nil, fmt.Errorf("read the new %s: %w", h.kind, err)
		}
	}
	keys, err := c.numbered(ctx, h, seen)
	if err != nil {
		return nil, err
	}
	if seen.Name != "" || seen.Email != "" {
		named, err := c.names.find(ctx, h.kind, seen.Name, seen.Email)
		if err != nil {
			return nil, err
		}
		keys = append(keys, named...)
	}
	slices.SortFunc(keys, model.Key.Compare)
	return slices.Compact(keys), nil
}

// numbered gives the keys that the object's peer id or external ids name: EXCS writes the DBID in decimal.
func (c *call) numbered(ctx context.Context, h *hint, seen model.Observed) ([]model.Key, error) {
	numbers := []string{seen.PeerID}
	if h.kind == model.KindUser && seen.EXID != "" {
		keys, err := c.Org.ExternalKeys(ctx, seen.EXID)
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return nil, fmt.Errorf("read the external ids of the new user: %w", err)
		}
		numbers = keys
	}
	var keys []model.Key
	for _, number := range numbers {
		dbid, err := strconv.ParseInt(number, 10, 64)
		if err == nil && dbid > 0 && strconv.FormatInt(dbid, 10) == number {
			keys = append(keys, model.Key{Kind: h.kind, DBID: dbid})
		}
	}
	return keys, nil
}
