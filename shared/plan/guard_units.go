package plan

import (
	"cmp"
	"slices"
	"strings"

	"excs/shared/model"
)

// unit is one name that the guard counts, with the drafts and parts that are held when it does not pass, and what is drawn
// with a draft of which nothing waits: the new level of a skill.
type unit struct {
	name   string
	object string // for people
	drafts []*draft
	parts  []*piece
	with   *draft
	// away says that of the parts only what they take away waits.
	away bool
}

func (u *unit) approved() bool {
	if !u.holdable() {
		return u.with.approved
	}
	return !slices.ContainsFunc(u.drafts, func(d *draft) bool { return !d.approved }) &&
		!slices.ContainsFunc(u.parts, func(p *piece) bool { return !p.approved })
}

// holdable says whether anything of the unit can wait.
func (u *unit) holdable() bool { return len(u.drafts)+len(u.parts) > 0 }

// goes gives the keys whose change makes something of the unit in this run.
func (u *unit) goes(made map[model.Key]bool) []model.Key {
	var by []model.Key
	for _, d := range append(slices.Clone(u.drafts), u.with) {
		if d != nil && made[d.change.Key] && d.blocker() == nil {
			by = append(by, d.change.Key)
		}
	}
	for _, p := range u.parts {
		if made[p.draft.change.Key] && p.blocker() == nil {
			by = append(by, p.draft.change.Key)
		}
	}
	return by
}

func (u *unit) hold(h hold) {
	for _, d := range u.drafts {
		d.holds = append(d.holds, h)
	}
	h.away = u.away
	for _, p := range u.parts {
		p.holds = append(p.holds, h)
	}
}

// unitOf is a unit of a whole draft.
func unitOf(d *draft) *unit {
	return &unit{name: d.change.Key.String(), object: d.named(), drafts: []*draft{d}}
}

// countable gives the drafts of a kind that are for the guard to count.
func (s *site) countable(k model.Kind) []*draft {
	var of []*draft
	for _, d := range s.drafts {
		if d.change.Key.Kind == k && d.counts() {
			of = append(of, d)
		}
	}
	return of
}

// counts says whether the draft is for the guard to count: nothing holds it but a second read, and its row does not hold it
// already.
func (d *draft) counts() bool { return !d.agreed && onlySecond(d.blocker()) }

// counts says the same of a part of it.
func (p *piece) counts() bool { return onlySecond(p.blocker()) }

// onlySecond says whether nothing but a second read is waited for: an operator hears at once of what will not pass then.
func onlySecond(h *hold) bool { return h == nil || h.code == HeldSecond }

// named is how people call the object of a draft.
func (d *draft) named() string { return cmp.Or(d.change.Label, d.change.Key.String()) }

// removals gives the drafts of one kind that remove something.
func (s *site) removals(k model.Kind) []*unit {
	var units []*unit
	for _, d := range s.countable(k) {
		if d.class() == ClassRemovals {
			units = append(units, unitOf(d))
		}
	}
	return units
}

// updates gives the drafts of one kind that change fields. Skills and languages of a user are assignments, and what is held
// of a change is none of it.
func (s *site) updates(k model.Kind) []*unit {
	var units []*unit
	for _, d := range s.countable(k) {
		if k != model.KindMembers && d.class() == ClassUpdates && d.changesFields() {
			units = append(units, unitOf(d))
		}
	}
	return units
}

func (d *draft) changesFields() bool {
	if d.change.Key.Kind != model.KindUser || d.change.Action != model.ActionUpdate {
		return true
	}
	return slices.ContainsFunc(d.change.Fields, func(f model.Field) bool {
		p := d.fieldPiece(f.Name)
		return !isAssigned(f.Name) && (p == nil || p.counts())
	})
}

// made gives the newcomers of one kind that are made or adopted, and what is made anew because it was renamed. Who takes over
// what was mapped, or is mapped and made again, adds nothing.
func (s *site) made(k model.Kind) []*unit {
	var units []*unit
	for _, d := range s.countable(k) {
		if s.makes(d) {
			units = append(units, unitOf(d))
		}
	}
	return units
}

func (s *site) makes(d *draft) bool {
	c := d.change
	if !c.From.IsZero() || c.Object.SameAs != 0 {
		return false
	}
	switch c.Action {
	case model.ActionCreate:
		return s.fresh[c.Key] || s.in.Facts[c.Key].EXID != ""
	case model.ActionAdopt, model.ActionRestore:
		_, found := s.in.Matches[c.Key]
		return found
	default:
		return false
	}
}

// addresses gives the users that exist and get another address.
func (s *site) addresses() []*unit {
	var units []*unit
	for _, d := range s.countable(model.KindUser) {
		if f := d.field(model.FieldEmail); f == nil || f.Before == "" {
			continue
		}
		u := unitOf(d)
		if p := d.fieldPiece(model.FieldEmail); p != nil {
			if !p.counts() {
				continue
			}
			u.drafts, u.parts = nil, []*piece{p}
		}
		units = append(units, u)
	}
	return units
}

// assignments gives the users who lose skills or languages or get them at another level. Only what is taken away can wait.
// A skill that is renamed moves: nobody loses it.
func (s *site) assignments() []*unit {
	var units []*unit
	for _, d := range s.countable(model.KindUser) {
		u := &unit{name: d.change.Key.String(), object: d.named(), away: true}
		for _, name := range []string{model.FieldSkills, model.FieldLanguages} {
			f, p := d.field(name), d.fieldPiece(name)
			if f == nil || p != nil && !p.counts() {
				continue
			}
			switch {
			case p == nil && len(f.Removed) > 0:
				u.drafts = []*draft{d}
			case len(f.Removed) > 0 && len(s.taken(d, name)) > 0:
				u.parts = append(u.parts, p)
			case slices.ContainsFunc(f.Added, isAnotherLevel):
				u.with = d
			}
		}
		if u.holdable() || u.with != nil {
			units = append(units, u)
		}
	}
	return units
}

// taken gives the skills or languages that the user's change takes away.
func (s *site) taken(d *draft, field string) []model.Assignment {
	before, after := s.in.Facts[d.change.Key].Object, d.change.Object
	if field == model.FieldLanguages {
		return takenAway(before.Languages, after.Languages)
	}
	return takenAway(before.Skills, after.Skills)
}

func takenAway(before, after []model.Assignment) []model.Assignment {
	return slices.DeleteFunc(slices.Clone(before), func(b model.Assignment) bool {
		return slices.ContainsFunc(after, func(a model.Assignment) bool { return a.DBID == b.DBID || model.SameName(a.Name, b.Name) })
	})
}

// field gives a field of the draft's change, nil if it has no such field.
func (d *draft) field(name string) *model.Field {
	for i := range d.change.Fields {
		if f := &d.change.Fields[i]; f.Name == name {
			return f
		}
	}
	return nil
}

// joins gives the memberships that users get who were mapped before the window began. A list that waits for its queue is not
// counted.
func (s *site) joins() []*unit {
	var units []*unit
	for _, d := range s.countable(model.KindMembers) {
		if !d.waits.IsZero() && !s.goes(d.waits) {
			continue
		}
		for _, p := range d.parts {
			user := userKey(p.member)
			if p.joins && p.counts() && !s.fresh[user] && !s.counted(model.KindUser, ClassNewcomers, user.String()) {
				units = append(units, &unit{name: MembershipName(d.change.Key, p.member), object: s.person(p.member) + " in " + d.named(), parts: []*piece{p}})
			}
		}
	}
	return units
}

// counted says whether a name is in the window of a kind and class already.
func (s *site) counted(k model.Kind, c Class, name string) bool {
	return s.in.Counted != nil && s.in.Counted(k, c, name)
}

// emptied gives the member lists that everybody leaves.
func (s *site) emptied() []*unit {
	var units []*unit
	for _, d := range s.countable(model.KindMembers) {
		if d.change.Action != model.ActionEmpty {
			continue
		}
		if parts := d.counting(); len(parts) > 0 && len(parts) == len(d.leave) {
			units = append(units, &unit{name: d.change.Key.String(), object: d.named(), parts: parts})
		}
	}
	return units
}

// counting gives the members who leave and whom nothing holds but a second read.
func (d *draft) counting() []*piece {
	return slices.DeleteFunc(d.leaving(), func(p *piece) bool { return !p.counts() })
}

// endings gives the memberships that would end: members who leave, and those of a queue that is deleted.
func (s *site) endings() []*unit {
	var units []*unit
	for _, d := range s.drafts {
		if !d.counts() {
			continue
		}
		for _, p := range d.counting() {
			units = append(units, &unit{name: MembershipName(d.change.Key, p.member), object: s.person(p.member) + " in " + d.named(), parts: []*piece{p}})
		}
		for _, m := range d.lose {
			units = append(units, &unit{name: MembershipName(membersOf(d.change.Key), m), object: s.person(m) + " in " + d.named(), drafts: []*draft{d}})
		}
	}
	return units
}

// agents gives the users who were in a queue and would be in none, whatever takes them out: a group that is emptied, an
// expression that changes, a queue that is deleted or not listed any more, the removal of the user itself. Each is one.
func (s *site) agents() []*unit {
	by := map[int64]*unit{}
	of := func(dbid int64) *unit {
		u := by[dbid]
		if u == nil {
			u = &unit{name: userKey(dbid).String(), object: s.person(dbid)}
			by[dbid] = u
		}
		return u
	}
	for _, d := range s.drafts {
		if !d.counts() {
			continue
		}
		for _, p := range d.counting() {
			u := of(p.member)
			u.parts = append(u.parts, p)
		}
		for _, m := range d.lose {
			u := of(m)
			u.drafts = append(u.drafts, d)
		}
	}
	if len(by) == 0 {
		return nil
	}
	for dbid := range s.serving() {
		delete(by, dbid)
	}
	units := make([]*unit, 0, len(by))
	for dbid, u := range by {
		if d := s.byKey[userKey(dbid)]; d != nil && d.class() == ClassRemovals && d.blocker() == nil {
			u.drafts = append(u.drafts, d)
		}
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b *unit) int { return strings.Compare(a.name, b.name) })
	return units
}

// serving gives the users who are in a queue by what is desired now.
func (s *site) serving() map[int64]bool {
	in := map[int64]bool{}
	s.eachMembership(func(_ model.Key, m int64) { in[m] = true })
	return in
}

// eachMembership tells of every membership that there is by what is desired now.
func (s *site) eachMembership(tell func(list model.Key, member int64)) {
	each := func(list model.Key, members []int64) {
		for _, m := range members {
			tell(list, m)
		}
	}
	for _, o := range s.in.Objects {
		each(o.Key, o.Members)
	}
	for _, d := range s.drafts {
		each(d.change.Key, d.change.Object.Members)
		if !s.removesMembers() && d.change.Key.Kind == model.KindMembers {
			each(d.change.Key, d.before)
		}
	}
	for k := range s.lost {
		// The list of a queue that is rejected stays as it is.
		if k.Kind == model.KindMembers && s.rejected[queueOf(k)] {
			each(k, s.in.Facts[k].Object.Members)
		}
	}
}
