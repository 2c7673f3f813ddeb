package plan

import (
	"slices"
	"strconv"
	"time"

	"excs/shared/model"
)

// piece is one thing that a draft does and that waits, is counted and is approved apart from the rest: a member who leaves
// or joins, or a field of a user.
type piece struct {
	draft    *draft
	member   int64
	joins    bool
	field    string // of a user; the rest is for members
	approved bool
	// together says that it waits with the removal of its user.
	together bool
	holds    []hold
}

// what names the piece in approvals: it stays the same for as long as Engage wants the same, whatever else changes.
func (p *piece) what() string {
	if p.field != "" {
		return p.draft.whatOf(p.field)
	}
	mark := "-"
	if p.joins {
		mark = "+"
	}
	return digest(p.draft.change.Key.String(), mark+userKey(p.member).String())
}

// blocker gives the strongest reason that holds the piece, or what it takes away.
func (p *piece) blocker() *hold {
	if p.draft.agreed {
		return nil
	}
	return strongest(p.holds, p.approved)
}

// gives says whether the piece is held for what it takes away and nothing else: what it adds goes.
func (p *piece) gives() bool {
	return strongest(slices.DeleteFunc(slices.Clone(p.holds), func(h hold) bool { return h.away }), p.approved) == nil
}

// divide gives the draft its id and its parts, and notes what an operator approved of it.
func (s *site) divide(d *draft) {
	d.id = ID(d.change)
	d.parts = partsOf(d)
	if len(s.in.Approved) == 0 {
		return
	}
	d.approved = s.in.Approved[d.id] || !slices.ContainsFunc(d.what(), func(id string) bool { return !s.in.Approved[id] })
	for _, p := range d.parts {
		p.approved = s.in.Approved[d.id] || s.in.Approved[p.what()] || d.approved && p.field == ""
	}
}

// partsOf gives the parts of a member list, and of a user that exists.
func partsOf(d *draft) []*piece {
	var parts []*piece
	c := d.change
	switch {
	case c.Key.Kind == model.KindMembers:
		for _, m := range d.leave {
			parts = append(parts, &piece{draft: d, member: m})
		}
		for _, m := range without(c.Object.Members, d.before) {
			parts = append(parts, &piece{draft: d, member: m, joins: true})
		}
	case c.Key.Kind == model.KindUser && (c.Action == model.ActionUpdate || c.Action == model.ActionDeactivate):
		for _, f := range c.Fields {
			if f.Name == model.FieldEmail || isAssigned(f.Name) {
				parts = append(parts, &piece{draft: d, field: f.Name})
			}
		}
	}
	return parts
}

// what names everything that the draft does, as piece.what does: the whole is approved once all of it is. What it adds to
// sets beside other fields does not count: that came since, and needs no approval.
func (d *draft) what() []string {
	c := d.change
	if len(d.parts) > 0 && c.Key.Kind == model.KindMembers {
		ids := make([]string, 0, len(d.parts))
		for _, p := range d.parts {
			ids = append(ids, p.what())
		}
		return ids
	}
	if c.Action != model.ActionUpdate {
		if d.class() == ClassRemovals {
			return []string{digest(c.Key.String(), "remove", string(c.Action))}
		}
		if c.Action == model.ActionRefresh || c.Key.Kind == model.KindMembers {
			return []string{d.id}
		}
		return []string{digest(c.Key.String(), string(c.Action), c.Adopt, c.From.String())}
	}
	var ids []string
	for _, f := range c.Fields {
		if len(f.Removed) > 0 || len(f.Added) == 0 {
			ids = append(ids, d.whatOf(f.Name))
		}
	}
	if len(ids) == 0 {
		return []string{d.id}
	}
	return ids
}

// whatOf names what the draft does to a field: not what it adds to a set.
func (d *draft) whatOf(field string) string {
	for _, f := range d.change.Fields {
		if f.Name == field {
			return digest(append([]string{d.change.Key.String(), "set", f.Name, f.After}, f.Removed...)...)
		}
	}
	return d.id
}

// fieldPiece gives the piece of a field, nil if the draft has none.
func (d *draft) fieldPiece(field string) *piece {
	for _, p := range d.parts {
		if p.field == field {
			return p
		}
	}
	return nil
}

// class says what the guard counts the draft as. That a user becomes an orphan after its deactivation is no second removal.
func (d *draft) class() Class {
	if d.removed {
		return ClassNone
	}
	return ClassOf(d.change)
}

// leaving gives the parts of members who leave.
func (d *draft) leaving() []*piece {
	return slices.DeleteFunc(slices.Clone(d.parts), func(p *piece) bool { return p.joins || p.field != "" })
}

// holdLeaving adds a reason to wait to everybody who leaves.
func (d *draft) holdLeaving(h hold) {
	for _, p := range d.leaving() {
		p.holds = append(p.holds, h)
	}
}

// holdJoins adds a reason to wait to everybody who joins.
func (d *draft) holdJoins(h hold) {
	for _, p := range d.parts {
		if p.joins {
			p.holds = append(p.holds, h)
		}
	}
}

// holdNewLists makes a list that is not controlled yet wait whole while the guard holds somebody who would join it: control
// begins with the first list, and a part of it would take out who was put in by hand.
func (s *site) holdNewLists() {
	for _, d := range s.drafts {
		if d.touches || d.change.Key.Kind != model.KindMembers {
			continue
		}
		for _, p := range d.parts {
			if h := p.blocker(); h != nil && h.code == HeldGuard {
				d.holds = append(d.holds, *h)
				break
			}
		}
	}
}

// holdMoves makes who moves to another queue stay where he is while his joining waits: nobody is out of work because EXCS
// holds the half of an edit.
func (s *site) holdMoves() {
	waits, stays := map[string]bool{}, map[int64]model.Key{}
	for _, d := range s.drafts {
		for _, p := range d.parts {
			if p.joins && s.waitsToJoin(d, p) {
				waits[MembershipName(d.change.Key, p.member)] = true
				stays[p.member] = d.change.Key
			}
		}
	}
	if len(stays) == 0 {
		return
	}
	s.eachMembership(func(list model.Key, m int64) {
		if !stays[m].IsZero() && !waits[MembershipName(list, m)] {
			delete(stays, m)
		}
	})
	reason := func(m int64) hold {
		return hold{code: HeldDepends, reason: userKey(m).String() + " stays until it may join " + stays[m].String()}
	}
	for _, d := range s.drafts {
		for _, p := range d.leaving() {
			if !stays[p.member].IsZero() {
				p.holds = append(p.holds, reason(p.member))
			}
		}
		for _, m := range d.lose {
			if !stays[m].IsZero() && d.blocker() == nil {
				d.holds = append(d.holds, reason(m))
			}
		}
	}
}

// waitsToJoin says whether the guard or a second read keeps a member from joining, be it that its queue is not made yet.
func (s *site) waitsToJoin(d *draft, p *piece) bool {
	h := stronger(p.blocker(), d.blocker())
	if h == nil {
		return !d.waits.IsZero() && !s.goes(d.waits)
	}
	return h.code == HeldGuard || h.code == HeldSecond
}

// holdRemovals makes what goes because a user is removed wait with that removal: the memberships of the user, and the
// deletion of a queue that has them. What an operator approved for the user is approved for the memberships too.
func (s *site) holdRemovals() {
	for _, d := range s.drafts {
		for _, p := range d.parts {
			if p.joins || p.together || p.field != "" {
				continue
			}
			switch removal := s.removalOf(p.member); {
			case removal == nil, removal.agreed:
			case removal.blocker() != nil:
				p.together = true
				p.holds = append(p.holds, withRemoval(p.member))
			case removal.approved:
				p.approved = true
			}
		}
		for _, m := range d.lose {
			if removal := s.removalOf(m); removal != nil && removal.blocker() != nil && d.blocker() == nil {
				d.holds = append(d.holds, withRemoval(m))
			}
		}
	}
}

func withRemoval(user int64) hold {
	return hold{code: HeldDepends, reason: "the removal of " + userKey(user).String() + " is held, and its memberships with it"}
}

// removalOf gives the draft that removes the user, nil if none does. A plan of some kinds looks at the one of all kinds.
func (s *site) removalOf(dbid int64) *draft {
	d := s.whole.byKey[userKey(dbid)]
	if d == nil || d.class() != ClassRemovals {
		return nil
	}
	return d
}

// batchOf says since when the guard has held what the ids name; a zero time: it has not.
func (s *site) batchOf(ids []string) time.Time {
	var at time.Time
	for _, id := range ids {
		since, ok := s.in.Tripped[id]
		if !ok {
			return time.Time{}
		}
		if since.After(at) {
			at = since
		}
	}
	return at
}

// MembershipName names one membership in the guard's windows.
func MembershipName(list model.Key, user int64) string {
	return list.String() + " " + strconv.FormatInt(user, 10)
}

// LetName names what the guard let through of a class, as rows keep it.
func LetName(c Class, name string) string { return string(c) + " " + name }
