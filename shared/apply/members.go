package apply

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// members makes the member list of one queue right: adds who is missing, removes mapped users who do not belong. Users
// that Engage does not know, put into the queue by hand, stay.
func (l *look) members(ctx context.Context) error {
	queueKey := model.Key{Kind: model.KindQueue, DBID: l.row.Key.DBID}
	q, err := l.Rows.Get(ctx, queueKey)
	if model.CodeOf(err) == model.CodeNotFound {
		return forGood("its queue %s has no row", queueKey)
	}
	if err != nil {
		return err
	}
	if q.EXID == "" {
		if q.Goal == mapping.GoalAbsent {
			l.gone = true
			return nil
		}
		return waitFor(queueKey, l.now.Add(dependencyWait), queueKey.String()+" is not in the EX Org yet")
	}
	l.out.EXID = q.EXID
	ids, missing, err := l.resolveUsers(ctx)
	if err != nil {
		return err
	}
	if err := l.setMembers(ctx, q, ids); err != nil {
		return err
	}
	return missing.stillMissing(l.now)
}

func (l *look) resolveUsers(ctx context.Context) (map[int64]string, refs, error) {
	keys := make([]model.Key, 0, len(l.row.Desired.Members))
	for _, dbid := range l.row.Desired.Members {
		keys = append(keys, model.Key{Kind: model.KindUser, DBID: dbid})
	}
	missing := refs{now: l.now}
	rows, err := l.Rows.GetMany(ctx, keys)
	if err != nil {
		return nil, missing, fmt.Errorf("read the users of %s: %w", l.row.Key, err)
	}
	ids := make(map[int64]string, len(keys))
	for _, key := range keys {
		row, there := rows[key]
		if row.EXID != "" {
			ids[key.DBID] = row.EXID
			continue
		}
		missing.missing = append(missing.missing, missingRef{key: key, stuck: !there || stuck(row)})
	}
	return ids, missing, nil
}

func (l *look) setMembers(ctx context.Context, q mapping.Row, ids map[int64]string) error {
	target := plan.Target{Object: l.row.Desired, Members: ids}
	var have []string
	var err error
	if !l.knownEmpty(q) {
		if have, err = l.Org.Members(ctx, q.EXID); err != nil {
			return fmt.Errorf("read the members of %s: %w", q.Key, err)
		}
	}
	add, remove, err := l.moves(ctx, have, ids)
	if err != nil {
		return err
	}
	if len(add)+len(remove) == 0 {
		return nil
	}
	target.Removable = func(id string) bool { return slices.Contains(remove, id) }
	fields := plan.Diff(target, model.Observed{Kind: model.KindMembers, EXID: q.EXID, Members: have}, l.Settings, false)
	if len(remove) > 0 {
		if err := l.allow(ctx, plan.ClassMemberships, len(remove)); err != nil {
			return err
		}
	}
	if err := l.move(ctx, q, add, remove); err != nil {
		return err
	}
	action := model.ActionUpdate
	if len(l.row.Desired.Members) == 0 {
		action = model.ActionEmpty
	}
	l.did(action, fields)
	return nil
}

func (l *look) move(ctx context.Context, q mapping.Row, add, remove []string) error {
	if len(add) > 0 {
		if err := l.Writer.AddMembers(ctx, q.EXID, add); err != nil {
			if model.CodeOf(err) == model.CodeNotFound && l.now.Sub(q.Written) < l.Settings.IndexLag {
				return waitUntil(l.now.Add(dependencyWait), "the queue was made a short while ago and takes no members yet")
			}
			return fmt.Errorf("add members to %s: %w", q.Key, err)
		}
	}
	if len(remove) > 0 {
		if err := l.Writer.RemoveMembers(ctx, q.EXID, remove); err != nil {
			return fmt.Errorf("remove members from %s: %w", q.Key, err)
		}
	}
	return nil
}

// knownEmpty says that the queue was made by EXCS and never given members, so that nothing needs to be read.
func (l *look) knownEmpty(q mapping.Row) bool {
	return l.row.Applied == 0 && slices.ContainsFunc(q.History, func(e mapping.Entry) bool { return e.Action == model.ActionCreate })
}

// moves gives the EX users to add and to remove. Only mapped users are removed, under control exact, and not while the
// desired set may be incomplete.
func (l *look) moves(ctx context.Context, have []string, ids map[int64]string) (add, remove []string, err error) {
	there := make(map[string]bool, len(have))
	for _, id := range have {
		there[id] = true
	}
	wanted := make(map[string]bool, len(ids))
	for _, dbid := range l.row.Desired.Members {
		id := ids[dbid]
		if id == "" || wanted[id] {
			continue
		}
		wanted[id] = true
		if !there[id] {
			add = append(add, id)
		}
	}
	if l.row.Desired.AddOnly || l.Settings.Members.Control != rules.Exact {
		return add, nil, nil
	}
	var extra []string
	for _, id := range have {
		if !wanted[id] {
			extra = append(extra, id)
		}
	}
	if len(extra) == 0 {
		return add, nil, nil
	}
	owners, err := l.Rows.Owners(ctx, model.KindUser, extra)
	if err != nil {
		return nil, nil, fmt.Errorf("tell mapped members of %s from others: %w", l.row.Key, err)
	}
	for _, id := range extra {
		if len(owners[id]) > 0 {
			remove = append(remove, id)
		}
	}
	return add, remove, nil
}
