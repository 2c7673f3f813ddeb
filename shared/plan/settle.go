package plan

import (
	"slices"
	"strings"

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
	p.Rejects = sortedRejects(s.rejects)
	p.Notes = sortedNotes(s.notes)
	p.Counts = s.counts(p)
	p.Seal()
	return p
}

// settleOne puts one draft where it belongs and notes in gone which keys have a change.
func (s *site) settleOne(p *Plan, d *draft, gone map[model.Key]bool) {
	whole, partly := d.blocker()
	if whole == nil && !d.waits.IsZero() && !s.goes(d.waits) {
		whole = &hold{code: HeldDepends, reason: "it goes with " + d.waits.String() + ", which is held or not part of this plan"}
	}
	if d.change.Action == model.ActionRefresh && whole != nil && whole.code != HeldIdentity {
		return // what writes nothing to the EX Org is nothing to approve: the next run finds it again
	}
	if h := stronger(whole, partly); h != nil {
		since, ok := s.in.Waiting[d.id]
		if !ok {
			since = s.in.Now
		}
		p.Held = append(p.Held, Held{ID: d.id, Code: h.code, Reason: h.reason, Since: since, Change: d.change})
	}
	if whole == nil {
		s.emit(p, d, partly != nil, gone)
	}
}

func stronger(a, b *hold) *hold {
	if a != nil {
		return a
	}
	return b
}

// goes says whether the change of the key is made in this run, if only in part.
func (s *site) goes(k model.Key) bool {
	d := s.byKey[k]
	if d == nil {
		return false
	}
	whole, partly := d.blocker()
	if whole != nil || partly != nil && d.change.Action == model.ActionEmpty {
		return false
	}
	return d.waits.IsZero() || s.goes(d.waits)
}

// emit adds the change; of a member list only what can be made true now.
func (s *site) emit(p *Plan, d *draft, partly bool, gone map[model.Key]bool) {
	c := d.change
	if partly && d.rest != nil {
		c = *d.rest
	}
	if c.Key.Kind == model.KindMembers {
		var ok bool
		if c, ok = s.possible(d, partly); !ok {
			return
		}
	}
	gone[c.Key] = true
	if s.holds(c, d.approved) {
		p.agree(c)
		return
	}
	p.Changes = append(p.Changes, c)
	if d.approved {
		p.Approved[c.Key] = true
	}
}

// possible reduces a member list to what can be made true in this run: nobody leaves while that is held, nobody joins
// whose user is not made yet, and a user whose takeover does not happen stays.
func (s *site) possible(d *draft, partly bool) (model.Change, bool) {
	c := d.change
	want := c.Object.Members
	if partly {
		want = union(d.before, want)
	}
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

// mayForget says whether a row goes: with the change that it follows, else only on a read that proves its kind. An index
// entry alone needs no more than a proven read.
func (s *site) mayForget(f follow, gone map[model.Key]bool) bool {
	if !f.with.IsZero() {
		return gone[f.with]
	}
	if s.paused(f.forget.Key) != "" {
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
