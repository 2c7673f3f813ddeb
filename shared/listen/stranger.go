package listen

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// stranger deals with an object that nobody owns. If it is new, or got another name or address, it may be what a key of
// Engage's is looking for: the keys that may have it by the rule of adoption, with or without an approval, are looked at, and
// the worker decides.
func (c *call) stranger(ctx context.Context, h *hint, w window) error {
	if !h.identifies || w.identified {
		c.report.ignore(ReasonUnknown)
		c.windows.put(h.subject, w)
		return nil
	}
	seen, err := c.see(ctx, h)
	if err != nil {
		return err
	}
	found, err := c.suitors(ctx, h.kind, seen)
	if err != nil {
		return err
	}
	for _, row := range found {
		v, err := c.look(ctx, h, row, row.Key, true, &w)
		if err != nil {
			return err
		}
		c.count(v, row)
	}
	if len(found) == 0 {
		c.report.ignore(ReasonUnknown)
	}
	w.identified = true
	c.windows.put(h.subject, w)
	return nil
}

// see gives what there is to know of the object. Users and queues are read once for it; the others are known by the name that
// the event carries.
func (c *call) see(ctx context.Context, h *hint) (model.Observed, error) {
	seen := model.Observed{Kind: h.kind, EXID: h.exID, Name: h.name}
	if h.kind != model.KindUser && h.kind != model.KindQueue && seen.Name != "" {
		return seen, nil
	}
	got, _, err := c.Org.Get(ctx, h.kind, h.exID)
	switch model.CodeOf(err) {
	case "":
		seen = got
	case model.CodeNotFound, model.CodeInvalid:
		return seen, nil // not visible yet, or gone again: the event's name has to do
	default:
		return seen, fmt.Errorf("read the new %s: %w", h.kind, err)
	}
	if h.kind == model.KindUser {
		seen.ExternalKeys, err = c.Org.ExternalKeys(ctx, h.exID)
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return seen, fmt.Errorf("read the external ids of the new user: %w", err)
		}
	}
	return seen, nil
}

// suitors gives the rows of the keys that the object may become.
func (c *call) suitors(ctx context.Context, kind model.Kind, seen model.Observed) ([]mapping.Row, error) {
	marked := plan.MarkHolders(model.Key{Kind: kind}, seen)
	keys := slices.Clone(marked)
	if len(plan.MarksOn(kind, seen)) > 0 {
		named, err := c.names.find(ctx, kind, seen)
		if err != nil {
			return nil, err
		}
		keys = append(keys, named...)
	}
	slices.SortFunc(keys, model.Key.Compare)
	keys = slices.Compact(keys)
	rows, err := c.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	var found []mapping.Row
	for _, key := range keys {
		if row := rows[key]; row.Goal == mapping.GoalPresent && c.mayBecome(seen, row, marked, rows) {
			found = append(found, row)
		}
	}
	return found, nil
}

// mayBecome asks the rule of adoption. No owner of the object lives, or it would be no stranger; whose mark it carries may.
func (c *call) mayBecome(seen model.Observed, row mapping.Row, marked []model.Key, rows map[model.Key]mapping.Row) bool {
	m := plan.Meeting{Want: row.Desired, Seen: seen, Settings: c.Settings}
	for _, key := range marked {
		holder := rows[key]
		lives := holder.Goal == mapping.GoalPresent && (holder.EXID == "" || holder.EXID == seen.EXID)
		if key != row.Key {
			m.Holders = append(m.Holders, plan.Holder{Key: key, Stale: !lives})
		}
	}
	return plan.Adoptable(m).May != plan.MayNot
}
