package explain

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/model"
	"excs/shared/plan"
)

// engage reads Engage once and asks what the next run would do with it.
func (w *work) engage(ctx context.Context) {
	w.desired = w.row.Desired
	snapshot, counts, err := w.Read(ctx)
	if err != nil {
		w.note("Engage can not be read now: %v", err)
		return
	}
	w.snapshot = snapshot
	again := func(context.Context) (*model.Snapshot, model.Counts, error) { return snapshot, counts, nil }
	if w.plan, err = w.Plan(ctx, again, w.key); err != nil {
		w.note("the next run can not be foretold: %v", err)
		return
	}
	for _, c := range w.plan.Changes {
		if c.Key == w.key {
			w.out.Change = &c
			w.desired = c.Object
		}
	}
	if i := slices.IndexFunc(w.plan.Held, func(h plan.Held) bool { return h.Change.Key == w.key }); i >= 0 {
		w.held = &w.plan.Held[i]
		if w.out.Change == nil {
			w.desired = w.held.Change.Object
		}
	}
	for _, n := range w.plan.Notes {
		if n.Key == w.key {
			w.note("%s", n.Text)
		}
	}
	for _, r := range w.plan.Rejects {
		if r.Key == w.key {
			w.out.Rejected = append(w.out.Rejected, r.Reason)
		}
	}
}

func (w *work) rejected() bool { return len(w.out.Rejected) > 0 }

func (w *work) note(format string, args ...any) {
	w.out.Notes = append(w.out.Notes, fmt.Sprintf(format, args...))
}

// unknown says why there is nothing to explain.
func (w *work) unknown() string {
	if w.snapshot == nil {
		return "the mapping table has no such object, and " + w.out.Notes[0]
	}
	return "neither Engage (in scope) nor the mapping table has such an object: check kind and DBID"
}

// find gives the row of a DBID.
func find[T any](rows []T, dbid int64, of func(*T) int64) *T {
	for i := range rows {
		if of(&rows[i]) == dbid {
			return &rows[i]
		}
	}
	return nil
}

func (w *work) person() *model.Person {
	if w.snapshot == nil {
		return nil
	}
	return find(w.snapshot.Persons, w.key.DBID, func(p *model.Person) int64 { return p.DBID })
}

func (w *work) dn() *model.DN {
	if w.snapshot == nil {
		return nil
	}
	return find(w.snapshot.DNs, w.key.DBID, func(d *model.DN) int64 { return d.DBID })
}

func (w *work) skill(dbid int64) *model.Skill {
	if w.snapshot == nil {
		return nil
	}
	return find(w.snapshot.Skills, dbid, func(s *model.Skill) int64 { return s.DBID })
}

func (w *work) value() *model.AttributeValue {
	if w.snapshot == nil {
		return nil
	}
	return find(w.snapshot.Values, w.key.DBID, func(v *model.AttributeValue) int64 { return v.DBID })
}

// levels gives the person's skill levels.
func (w *work) levels() []model.SkillLevel {
	var list []model.SkillLevel
	for _, l := range w.snapshot.Levels {
		if l.Person == w.key.DBID {
			list = append(list, l)
		}
	}
	return list
}

// groups gives the agent groups that list the queue, or that hold the person explicitly.
func (w *work) groups(has func(group int64) bool) []model.Group {
	return slices.DeleteFunc(slices.Clone(w.snapshot.Groups), func(g model.Group) bool { return !has(g.DBID) })
}
