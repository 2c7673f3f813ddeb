package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
	"excs/shared/rules"
)

// ceiling is the share of a kind that is the most that goes without an approval, however small the site: a third.
const ceiling = 3

// GuardLimit gives the most that may be drawn of a class in one window, and whether the guard counts at all: from a
// number of mapped objects on (for memberships: of memberships), which is looked at when the window began and now, so
// that neither a first load nor a great loss switches it off. Shares are of what was mapped when the window began.
//
//	removals of 17 mapped queues    5: the larger of 10 and 5 % would be 10, but never above a third
//	removals of 400                20: 5 %
//	removals of 9                  no limit
func GuardLimit(s rules.Settings, c Class, atStart, now int) (limit int, active bool) {
	limit = allowance(s, c).Limit(atStart)
	if c == ClassRemovals || c == ClassAgents {
		// A window that began with nothing is measured by what there is now.
		limit = min(limit, cmp.Or(atStart, now)/ceiling)
	}
	return limit, max(atStart, now) >= s.Guard.ActiveFrom
}

// allowance gives the threshold of a class.
func allowance(s rules.Settings, c Class) rules.Threshold {
	g := s.Guard
	switch c {
	case ClassRemovals:
		return g.Removals
	case ClassAgents:
		return g.Agents
	case ClassMemberships:
		return rules.Threshold{Count: g.MemberLossCount, Share: g.MemberLoss}
	default:
		return g.Updates
	}
}

// GuardWindow gives how long the guard remembers what it let through of a class.
func GuardWindow(s rules.Settings, c Class) time.Duration {
	if c == ClassRemovals {
		return s.Guard.RemovalWindow
	}
	return s.Guard.UpdateWindow
}

// unit is one name that the guard counts, with the drafts and parts that are held when it does not pass.
type unit struct {
	name   string
	object string // for people
	drafts []*draft
	parts  []*piece
}

func (u *unit) approved() bool {
	return !slices.ContainsFunc(u.drafts, func(d *draft) bool { return !d.approved }) &&
		!slices.ContainsFunc(u.parts, func(p *piece) bool { return !p.approved })
}

// goes says whether something of the unit is made in this run.
func (u *unit) goes(made map[model.Key]bool) []model.Key {
	var by []model.Key
	for _, d := range u.drafts {
		if made[d.change.Key] && d.blocker() == nil {
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
	for _, p := range u.parts {
		p.holds = append(p.holds, h)
	}
}

// counted is what the guard lets through.
type counted struct {
	kind  model.Kind
	class Class
	units []*unit
}

// count draws what would go on the windows and holds what would pass a limit. What is held for another reason is not
// counted, because it does not go; what waits for a second read is, so that an operator hears of it at once. Removals come
// first: what goes because of a removal that is held waits with it and is not counted.
func (s *site) count() []Verdict {
	var verdicts []Verdict
	judge := func(k model.Kind, c Class, units []*unit) {
		if v, ok := s.judge(k, c, units); ok {
			verdicts = append(verdicts, v)
		}
	}
	for _, k := range []model.Kind{model.KindQueue, model.KindUser} {
		judge(k, ClassRemovals, s.changes(k, ClassRemovals))
	}
	s.holdRemovals()
	judge(model.KindUser, ClassAgents, s.agents())
	s.holdRemovals()
	judge(model.KindMembers, ClassRemovals, s.emptied())
	judge(model.KindMembers, ClassMemberships, s.endings())
	for _, k := range model.Kinds() {
		judge(k, ClassUpdates, s.changes(k, ClassUpdates))
	}
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(a.Kind.Order()-b.Kind.Order(), slices.Index(classes(), a.Class)-slices.Index(classes(), b.Class))
	})
	return verdicts
}

// classes are in the order in which verdicts are shown.
func classes() []Class {
	return []Class{ClassRemovals, ClassAgents, ClassUpdates, ClassMemberships}
}

// Classes gives the classes that the guard counts of a kind.
func Classes(k model.Kind) []Class {
	switch k {
	case model.KindUser:
		return []Class{ClassRemovals, ClassAgents, ClassUpdates}
	case model.KindQueue:
		return []Class{ClassRemovals, ClassUpdates}
	case model.KindMembers:
		return []Class{ClassRemovals, ClassMemberships}
	default:
		return []Class{ClassUpdates}
	}
}

// changes gives the drafts of one kind and class. Member lists count by their members.
func (s *site) changes(k model.Kind, c Class) []*unit {
	var units []*unit
	for _, d := range s.drafts {
		if d.change.Key.Kind == k && k != model.KindMembers && d.class() == c && d.counts() {
			units = append(units, &unit{name: d.change.Key.String(), object: d.named(), drafts: []*draft{d}})
		}
	}
	return units
}

// counts says whether the draft is for the guard to count: nothing holds it, and its row does not hold it already.
func (d *draft) counts() bool { return !d.agreed && d.blocker() == nil }

// named is how people call the object of a draft.
func (d *draft) named() string { return cmp.Or(d.change.Label, d.change.Key.String()) }

// emptied gives the member lists that everybody leaves.
func (s *site) emptied() []*unit {
	var units []*unit
	for _, d := range s.drafts {
		if d.change.Action != model.ActionEmpty || !d.counts() {
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
	return slices.DeleteFunc(d.leaving(), func(p *piece) bool {
		h := p.blocker()
		return h != nil && h.code != HeldSecond
	})
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
	note := func(members []int64) {
		for _, m := range members {
			in[m] = true
		}
	}
	for _, o := range s.in.Objects {
		note(o.Members)
	}
	for _, d := range s.drafts {
		note(d.change.Object.Members)
		if !s.removesMembers() && d.change.Key.Kind == model.KindMembers {
			note(d.before)
		}
	}
	for k := range s.lost {
		// The list of a queue that is rejected stays as it is.
		if k.Kind == model.KindMembers && s.rejected[queueOf(k)] {
			note(s.in.Facts[k].Object.Members)
		}
	}
	return in
}

// judge lets the units of one kind and class through, as far as the rest of the window's allowance goes: what is new in
// this run first, then each batch that was held before, as one. A batch that does not fit is held, whole.
func (s *site) judge(k model.Kind, c Class, units []*unit) (Verdict, bool) {
	atStart, now := s.mapped(k, c)
	limit, active := GuardLimit(s.in.Settings, c, atStart, now)
	v := Verdict{Kind: k, Class: c, Mapped: atStart, Limit: limit, Drawn: s.in.Drawn.Of(k, c)}
	left := limit - v.Drawn
	var held []*unit
	for _, batch := range s.batches(k, c, units, &v) {
		if active && len(batch.units) > left {
			held = append(held, batch.units...)
			continue
		}
		left -= len(batch.units)
		s.passed = append(s.passed, counted{kind: k, class: c, units: batch.units})
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

// namedAtMost is how many objects a verdict names.
const namedAtMost = 10

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
		case s.in.Counted != nil && s.in.Counted(k, c, u.name):
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
	if len(s.in.Tripped) == 0 {
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
func (s *site) draws(made map[model.Key]bool) []Draw {
	var draws []Draw
	for _, c := range s.passed {
		for _, u := range c.units {
			if by := u.goes(made); len(by) > 0 {
				draws = append(draws, Draw{Kind: c.kind, Class: c.class, Name: u.name, By: by})
			}
		}
	}
	return draws
}

// mapped gives what shares are of: the objects of the kind, or the memberships, when the window began and now.
func (s *site) mapped(k model.Kind, c Class) (atStart, now int) {
	if c == ClassMemberships {
		now = s.memberships()
		if s.in.Memberships > 0 {
			return s.in.Memberships, now
		}
		return now, now
	}
	now = s.in.Delta.Mapped[k]
	if s.in.Mapped == nil {
		return now, now
	}
	return s.in.Mapped[k], now
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

func (s *site) verdictText(v Verdict, active bool) string {
	g := s.in.Settings.Guard
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.Kind, tally(v.Wanted, v.Class))
	if v.Drawn > 0 {
		fmt.Fprintf(&b, " after %d in the last %s", v.Drawn, span(GuardWindow(s.in.Settings, v.Class)))
	}
	if v.Approved > 0 {
		fmt.Fprintf(&b, ", and %d approved", v.Approved)
	}
	if !active {
		fmt.Fprintf(&b, "; no limit below %d mapped", g.ActiveFrom)
		return b.String()
	}
	threshold, of := allowance(s.in.Settings, v.Class), "mapped"
	if v.Class == ClassMemberships {
		of = "memberships"
	}
	fmt.Fprintf(&b, "; the limit is %d, the larger of %d and %s of %d %s", v.Limit, threshold.Count, percent(threshold.Share), v.Mapped, of)
	if v.Limit < threshold.Limit(v.Mapped) {
		b.WriteString(" but never above a third")
	}
	b.WriteString(outcome(v))
	return b.String()
}

// tally writes a number with what a class counts.
func tally(n int, c Class) string {
	text := count(n, strings.TrimSuffix(string(c), "s"))
	if c == ClassAgents {
		text += " left without a queue"
	}
	return text
}

// outcome says what is held.
func outcome(v Verdict) string {
	if !v.Tripped {
		return ""
	}
	what := "all of them are held"
	switch {
	case v.Held < v.Wanted:
		what = fmt.Sprintf("%d of them are held", v.Held)
	case v.Class == ClassMemberships:
		what = "nobody leaves a queue until it is approved"
	}
	return ": " + what
}

// names lists the first objects that are held.
func (v Verdict) names() string {
	if len(v.Objects) == 0 {
		return ""
	}
	text := ": " + strings.Join(v.Objects, ", ")
	if more := v.Held - len(v.Objects); more > 0 {
		text += " and " + thousands(more) + " more"
	}
	return text
}

func percent(share float64) string {
	return strconv.FormatFloat(share*100, 'f', -1, 64) + " %"
}

// span writes a window as people do: 24h, 60m.
func span(d time.Duration) string {
	switch {
	case d > time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	case d >= time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	default:
		return d.String()
	}
}

// command gives the tripped verdicts the one-time way through, once the hash is known.
func (p *Plan) command() {
	for i := range p.Guard {
		if v := &p.Guard[i]; v.Tripped {
			v.Command = ApproveCommand(p.Hash, v.Kinds...)
		}
	}
}
