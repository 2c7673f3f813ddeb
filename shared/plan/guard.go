package plan

import (
	"cmp"
	"slices"
	"time"

	"excs/shared/model"
)

// passage is what the guard lets through of a class.
type passage struct {
	kind  model.Kind
	class Class
	units []*unit
	// free says that it is not drawn: the hours without a complete read had allowances of their own.
	free bool
}

// count draws what would go on the windows and holds what would pass a limit. What is held for another reason is not
// counted, because it does not go; what waits for a second read is, so that an operator hears of it at once. The order is
// that of dependence: what goes because of something that is held waits with it and is not counted.
func (s *site) count() []Verdict {
	var verdicts []Verdict
	judge := func(k model.Kind, c Class, units []*unit) {
		if v, ok := s.judge(k, c, units); ok {
			verdicts = append(verdicts, v)
		}
	}
	for _, c := range []Class{ClassMade, ClassNames} {
		for _, k := range limitOf(c).kinds {
			judge(k, c, s.made(k))
		}
	}
	judge(model.KindMembers, ClassJoins, s.joins())
	s.holdNewLists()
	s.holdMoves()
	for _, k := range []model.Kind{model.KindQueue, model.KindUser} {
		judge(k, ClassRemovals, s.removals(k))
	}
	s.holdRemovals()
	judge(model.KindUser, ClassAgents, s.agents())
	s.holdRemovals()
	judge(model.KindMembers, ClassRemovals, s.emptied())
	judge(model.KindMembers, ClassMemberships, s.endings())
	judge(model.KindUser, ClassAddresses, s.addresses())
	judge(model.KindUser, ClassAssignments, s.assignments())
	for _, k := range model.Kinds() {
		judge(k, ClassUpdates, s.updates(k))
	}
	shown := func(c Class) int { return slices.IndexFunc(limits(), func(l limit) bool { return l.class == c }) }
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(a.Kind.Order()-b.Kind.Order(), shown(a.Class)-shown(b.Class))
	})
	return verdicts
}

// hours is how many hours' allowances a class has in this read.
func (s *site) hours(l limit) int {
	if !l.hourly {
		return 1
	}
	return max(1, min(s.in.Gap, s.in.Settings.Guard.GapHours))
}

// judge lets the units of one kind and class through, as far as the rest of the window's allowance goes: what is new in
// this run first, then each batch that was held before, as one. A batch that does not fit is held, whole.
func (s *site) judge(k model.Kind, c Class, units []*unit) (Verdict, bool) {
	l := limitOf(c)
	atStart, now := s.mapped(k, l)
	limit, active := GuardLimit(s.in.Settings, c, atStart, now)
	if l.addition && (s.in.FirstLoad || !active) {
		return Verdict{}, false
	}
	v := Verdict{Kind: k, Class: c, Mapped: atStart, Limit: limit * s.hours(l), Drawn: s.in.Drawn.Of(k, c)}
	left := v.Limit - v.Drawn
	var held []*unit
	for _, batch := range s.batches(k, c, units, &v) {
		pass := batch.units
		if active && len(batch.units) > left {
			pass = nil
			for _, u := range batch.units {
				if u.holdable() {
					held = append(held, u)
				} else {
					pass = append(pass, u)
				}
			}
		}
		left -= len(pass)
		s.passed = append(s.passed, passage{kind: k, class: c, units: pass, free: l.hourly && s.in.Gap > 0})
	}
	if v.Wanted+v.Drawn+v.Approved == 0 {
		return v, false
	}
	v.Tripped, v.Held = len(held) > 0, len(held)
	for i := 0; i < len(held) && i < namedAtMost; i++ {
		v.Objects = append(v.Objects, clean(held[i].object))
	}
	reason := s.verdictText(v, active)
	v.Text = reason + v.names()
	v.Kinds = kindsOf(held)
	for _, u := range held {
		u.hold(hold{code: HeldGuard, reason: reason, batch: cmp.Or(s.since(u), s.in.Now)})
	}
	return v, true
}

// kindsOf gives the kinds of the changes that the units hold.
func kindsOf(units []*unit) []model.Kind {
	has := map[model.Kind]bool{}
	for _, u := range units {
		for _, d := range u.drafts {
			has[d.change.Key.Kind] = true
		}
		for _, p := range u.parts {
			has[p.draft.change.Key.Kind] = true
		}
	}
	return slices.DeleteFunc(model.Kinds(), func(k model.Kind) bool { return !has[k] })
}

// batch are units that the guard met in one run.
type batch struct {
	at    time.Time
	units []*unit
}

// batches sorts the units by when the guard first held them: those that it has not held come first, then the oldest. What is
// approved, or in the window already, is in none.
func (s *site) batches(k model.Kind, c Class, units []*unit, v *Verdict) []batch {
	var batches []batch
	for _, u := range units {
		switch {
		case u.approved():
			v.Approved++
			continue
		case s.counted(k, c, u.name):
			continue
		}
		v.Wanted++
		at := s.since(u)
		i := slices.IndexFunc(batches, func(b batch) bool { return b.at.Equal(at) })
		if i < 0 {
			i = len(batches)
			batches = append(batches, batch{at: at})
		}
		batches[i].units = append(batches[i].units, u)
	}
	slices.SortStableFunc(batches, func(a, b batch) int { return a.at.Compare(b.at) })
	return batches
}

// since says since when the guard has held the unit; zero: it has not.
func (s *site) since(u *unit) time.Time {
	if len(s.in.Tripped) == 0 || !u.holdable() {
		return time.Time{}
	}
	var ids []string
	for _, d := range u.drafts {
		ids = append(ids, d.what()...)
	}
	for _, p := range u.parts {
		ids = append(ids, p.what())
	}
	return s.batchOf(ids)
}

// draws gives what the guard let through and the plan makes.
func (s *site) draws(p Plan, made map[model.Key]bool) []Draw {
	var draws []Draw
	for _, c := range s.passed {
		for _, u := range c.units {
			if by := u.goes(made); len(by) > 0 {
				draws = append(draws, Draw{Kind: c.kind, Class: c.class, Name: u.name, By: by, Free: c.free})
			}
		}
	}
	for _, c := range p.Changes {
		draws = append(draws, s.remembers(c)...)
	}
	return draws
}

// remembers gives what a change of a user leaves in the windows beside what the guard counts of it: that the user is new, and
// which address it had.
func (s *site) remembers(c model.Change) []Draw {
	if c.Key.Kind != model.KindUser {
		return nil
	}
	var draws []Draw
	note := func(class Class, free bool, names ...string) {
		for _, name := range names {
			draws = append(draws, Draw{Kind: model.KindUser, Class: class, Name: name, By: []model.Key{c.Key}, Free: free})
		}
	}
	if d := s.byKey[c.Key]; d != nil && s.makes(d) && !s.in.FirstLoad {
		note(ClassNewcomers, false, c.Key.String())
	}
	if slices.Contains(FieldClasses(c.Fields), ClassAssignments) {
		note(ClassAssignments, true, c.Key.String()) // the worker must let pass what needs no counting: a skill that was renamed
	}
	had := s.in.Facts[cmp.Or(c.From, c.Key)]
	if had.EXID != "" && had.Object.Email != "" && (!s.living(c.Key) || !model.SameName(had.Object.Email, c.Object.Email)) {
		note(ClassFormer, false, formerAddress(had.Object.Email), formerAddressOf(had.Object.Email, c.Key))
	}
	return draws
}

// mapped gives what shares are of: the objects of the kind, or the memberships, when the window began and now.
func (s *site) mapped(k model.Kind, l limit) (atStart, now int) {
	ofMembers := l.class == ClassMemberships || l.class == ClassJoins
	now = s.in.Delta.Mapped[k]
	if ofMembers {
		now = s.memberships()
	}
	switch {
	case l.addition && s.in.Start != nil:
		return s.in.Start(GuardWindow(s.in.Settings, l.class))[k], now
	case ofMembers && s.in.Memberships > 0:
		return s.in.Memberships, now
	case ofMembers || s.in.Mapped == nil:
		return now, now
	default:
		return s.in.Mapped[k], now
	}
}

// memberships counts the members that the rows hold: an unchanged row holds the desired list.
func (s *site) memberships() int {
	n := 0
	for _, o := range s.in.Objects {
		if o.Key.Kind != model.KindMembers {
			continue
		}
		if known, ok := s.in.Facts[o.Key]; ok {
			n += len(known.Object.Members)
		} else if !s.fresh[o.Key] {
			n += len(o.Members)
		}
	}
	for k := range s.lost {
		if k.Kind == model.KindMembers {
			n += len(s.in.Facts[k].Object.Members)
		}
	}
	return n
}

// command gives the tripped verdicts the one-time way through, once the hash is known.
func (p *Plan) command() {
	for i := range p.Guard {
		if v := &p.Guard[i]; v.Tripped {
			v.Command = ApproveCommand(p.Hash, v.Kinds...)
		}
	}
}
