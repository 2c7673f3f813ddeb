package plan

import (
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// settle sorts the drafts into what goes now, what goes in part and what is held, and seals the plan.
func (s *site) settle(verdicts []Verdict) Plan {
	p := Plan{Changes: []model.Change{}, Approved: map[model.Key]bool{}, Agreed: map[model.Key]model.Fingerprint{}, Guard: verdicts}
	gone := map[model.Key]bool{}
	for _, d := range s.drafts {
		s.settleOne(&p, d, gone)
	}
	s.handOverRest(&p, gone)
	for _, f := range s.follows {
		if s.mayForget(f, gone) {
			p.Forget = append(p.Forget, f.forget)
		}
	}
	s.exchangeRest(&p, gone)
	p.Draws = s.draws(p, gone)
	p.Rejects = sortedRejects(s.rejects)
	p.Notes = sortedNotes(s.notes)
	p.Counts = s.counts(p)
	p.Seal()
	return p
}

// settleOne puts one draft where it belongs and notes in gone which keys have a change.
func (s *site) settleOne(p *Plan, d *draft, gone map[model.Key]bool) {
	whole, partly := d.blocker(), d.partly()
	if whole == nil && !d.waits.IsZero() && !s.goes(d.waits) {
		whole = &hold{code: HeldDepends, reason: "it goes with " + d.waits.String() + ", which is held or not part of this plan"}
	}
	if d.change.Action == model.ActionRefresh && whole != nil && whole.code != HeldIdentity {
		return // what writes nothing to the EX Org is nothing to approve: the next run finds it again
	}
	h := whole
	if h == nil {
		h = partly
	}
	if h != nil {
		parts, tripped := d.waiting(whole)
		p.Held = append(p.Held, Held{
			ID: d.id, Code: h.code, Reason: h.reason, Since: s.heldSince(d), Change: s.waitingChange(d, whole), Parts: parts, Tripped: tripped, Waited: d.waited,
		})
	}
	if whole == nil {
		s.emit(p, d, gone)
	}
}

// heldSince says since when the draft, or the oldest of what it waits with, has been held.
func (s *site) heldSince(d *draft) time.Time {
	since, ok := s.in.Waiting[d.id]
	if !ok {
		since = s.in.Now
	}
	for _, at := range d.waited {
		if at.Before(since) {
			since = at
		}
	}
	return since
}

// waitingChange gives the change as far as it is held: of a member list only those who may not leave or join yet.
func (s *site) waitingChange(d *draft, whole *hold) model.Change {
	c := d.change
	if whole != nil || len(d.parts) == 0 {
		return c
	}
	if c.Key.Kind == model.KindUser {
		c.Fields = nil
		for _, f := range d.change.Fields {
			p := d.fieldPiece(f.Name)
			if p == nil || p.blocker() == nil {
				continue
			}
			if p.gives() {
				f.Added, f.Removed = nil, s.namesTaken(d, f.Name)
			}
			c.Fields = append(c.Fields, f)
		}
		return c
	}
	f := model.Field{Name: model.FieldMembers}
	for _, p := range d.parts {
		switch {
		case p.blocker() == nil:
		case p.joins:
			f.Added = append(f.Added, s.person(p.member))
		default:
			f.Removed = append(f.Removed, s.person(p.member))
		}
	}
	c.Fields = []model.Field{sortedSet(f)}
	return c
}

// waiting names what of the draft is held, and since when the guard has held what it does.
func (d *draft) waiting(whole *hold) (ids []string, tripped map[string]time.Time) {
	tripped = map[string]time.Time{}
	note := func(h *hold, held ...string) {
		ids = append(ids, held...)
		for _, id := range held {
			if !h.batch.IsZero() {
				tripped[id] = h.batch
			}
		}
	}
	if whole != nil {
		note(whole, d.what()...)
	}
	for _, p := range d.parts {
		if h := p.blocker(); h != nil {
			note(h, p.what())
		} else if whole != nil {
			ids = append(ids, p.what())
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), tripped
}

// goes says whether the change of the key is made in this run, if only in part.
func (s *site) goes(k model.Key) bool {
	d := s.byKey[k]
	if d == nil {
		return false
	}
	if d.blocker() != nil || d.change.Action == model.ActionEmpty && d.partly() != nil {
		return false
	}
	return d.waits.IsZero() || s.goes(d.waits)
}

// emit adds the change; of a member list only what can be made true now.
func (s *site) emit(p *Plan, d *draft, gone map[model.Key]bool) {
	c := d.change
	if c.Key.Kind == model.KindUser {
		if c = s.rest(d); len(c.Fields) == 0 && len(d.change.Fields) > 0 {
			return
		}
	}
	if c.Key.Kind == model.KindMembers {
		var ok bool
		if c, ok = s.possible(d); !ok {
			return
		}
	}
	gone[c.Key] = true
	approved := d.approved || slices.ContainsFunc(d.parts, func(p *piece) bool { return p.approved })
	if s.holds(c, approved) {
		p.agree(c)
		return
	}
	p.Changes = append(p.Changes, c)
	if approved || s.adoptedWithLeavers(d) {
		p.Approved[c.Key] = true
	}
}

// rest gives the change of a user less what is held of it, which stays as the row holds it.
func (s *site) rest(d *draft) model.Change {
	c := d.change
	before := s.in.Facts[c.Key].Object
	for _, p := range d.parts {
		if p.blocker() == nil {
			continue
		}
		c.Object = c.Object.Clone()
		if p.gives() {
			c.Fields = s.keeping(d, c.Fields, p.field)
			kept := s.taken(d, p.field)
			if p.field == model.FieldSkills {
				c.Object.Skills = slices.Concat(c.Object.Skills, kept)
			} else {
				c.Object.Languages = slices.Concat(c.Object.Languages, kept)
			}
			c.Object.Normalize()
			continue
		}
		c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f model.Field) bool { return f.Name == p.field })
		switch p.field {
		case model.FieldEmail:
			c.Object.Email, c.Object.Identity.Address, c.Object.Identity.AddressStep = before.Email, before.Identity.Address, before.Identity.AddressStep
		case model.FieldSkills:
			c.Object.Skills = slices.Clone(before.Skills)
		case model.FieldLanguages:
			c.Object.Languages = slices.Clone(before.Languages)
		}
	}
	c.Label = s.label(c)
	return c
}

// keeping gives the fields without what one of them takes away.
func (s *site) keeping(d *draft, fields []model.Field, name string) []model.Field {
	kept := make([]model.Field, 0, len(fields))
	for _, f := range fields {
		if f.Name == name {
			taken := s.namesTaken(d, name)
			f.Removed = slices.DeleteFunc(slices.Clone(f.Removed), func(one string) bool { return slices.Contains(taken, one) })
			if len(f.Added)+len(f.Removed) == 0 {
				continue
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// namesTaken names the skills or languages that the user's change takes away.
func (s *site) namesTaken(d *draft, field string) []string {
	var names []string
	for _, a := range s.taken(d, field) {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}

// adoptedWithLeavers says that the list is of a queue whose adoption was approved with the members that it loses.
func (s *site) adoptedWithLeavers(d *draft) bool {
	if d.change.Key.Kind != model.KindMembers {
		return false
	}
	queue := s.byKey[queueOf(d.change.Key)]
	return queue != nil && queue.approved && len(s.in.Matches[queue.change.Key].Leave) > 0
}

// possible reduces a member list to what can be made true in this run: nobody leaves while that is held, nobody joins
// whose user is not made yet, and a user whose takeover does not happen stays.
func (s *site) possible(d *draft) (model.Change, bool) {
	c := d.change
	want := d.without()
	members := make([]int64, 0, len(want))
	for _, dbid := range want {
		k := userKey(dbid)
		if !s.fresh[k] || s.goes(k) {
			members = append(members, dbid)
			continue
		}
		if old, ok := s.from[k]; ok && slices.Contains(d.row, old.DBID) {
			members = append(members, old.DBID)
		}
	}
	slices.Sort(members)
	if slices.Equal(members, c.Object.Members) {
		return c, true
	}
	less := *d
	less.change.Object.Members = members
	s.describe(&less, s.exchanged(d.row, s.goes))
	if less.change.Action == model.ActionRefresh || less.change.Action == "" {
		return c, false // the row stays as it is
	}
	return less.change, true
}

// without gives the members that the list is to have while what is held of it waits.
func (d *draft) without() []int64 {
	var stay, wait []int64
	for _, p := range d.parts {
		switch {
		case p.blocker() == nil:
		case p.joins:
			wait = append(wait, p.member)
		default:
			stay = append(stay, p.member)
		}
	}
	if len(stay)+len(wait) == 0 {
		return d.change.Object.Members
	}
	return union(without(d.change.Object.Members, wait), stay)
}

// mayForget says whether a row goes: with the change that it follows, else only on a read that proves its kind. An index
// entry alone needs no more than a proven read.
func (s *site) mayForget(f follow, gone map[model.Key]bool) bool {
	if !f.with.IsZero() {
		return gone[f.with]
	}
	if s.paused(f.forget.Key) != "" {
		return false
	}
	if s.in.Database != "" {
		return false
	}
	if f.forget.IndexOnly && s.in.Proof.Valid() {
		return true
	}
	doubted, _ := s.doubts.of(f.forget.Key.Kind, model.ActionDelete, nil)
	return s.in.Proof.Doubt() == "" && doubted == ""
}

// handOverRest makes the row of a re-created queue's members when their own change does not go: with the members of the old
// row, so nothing is written to the EX Org and nothing is forgotten about them.
func (s *site) handOverRest(p *Plan, gone map[model.Key]bool) {
	for old, heir := range s.heir {
		from, to := membersOf(old), membersOf(heir)
		known, ok := s.in.Facts[from]
		if old.Kind != model.KindQueue || !ok || gone[to] || !s.goes(heir) || !s.removesMembers() || len(known.Object.Members) == 0 {
			continue
		}
		c := model.Change{Key: to, Action: model.ActionAdopt, From: from, Adopt: known.EXID,
			Object: model.Object{Key: to, Members: s.exchanged(known.Object.Members, s.goes)}}
		c.Label = s.label(c)
		gone[to] = true
		p.Changes = append(p.Changes, c)
		if !s.covers(to.Kind) {
			p.Forget = append(p.Forget, Forget{Key: from, Reason: "its queue goes on as " + heir.String()})
		}
	}
}

// exchangeRest puts the heirs of taken-over users into the member rows that no other change is made to in this run. The
// row of the old key goes with the takeover: a row that still named it would have its user leave the queue.
func (s *site) exchangeRest(p *Plan, gone map[model.Key]bool) {
	for _, f := range p.Forget {
		gone[f.Key] = true
	}
	for k, known := range s.in.Facts {
		if k.Kind != model.KindMembers || gone[k] {
			continue
		}
		o := known.Object.Clone()
		o.Members = s.exchanged(o.Members, s.goes)
		if slices.Equal(o.Members, known.Object.Members) {
			continue
		}
		c := model.Change{Key: k, Action: model.ActionRefresh, Object: o}
		c.Label = s.label(c)
		p.Changes = append(p.Changes, c)
	}
}

func sortedRejects(rs []model.Reject) []model.Reject {
	slices.SortStableFunc(rs, func(a, b model.Reject) int {
		if c := a.Key.Compare(b.Key); c != 0 {
			return c
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	return slices.Compact(rs)
}

func sortedNotes(ns []model.Note) []model.Note {
	slices.SortStableFunc(ns, func(a, b model.Note) int {
		if c := a.Key.Compare(b.Key); c != 0 {
			return c
		}
		return strings.Compare(a.Text, b.Text)
	})
	return slices.Compact(ns)
}
