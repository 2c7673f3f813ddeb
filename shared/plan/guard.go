package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
	"excs/shared/rules"
)

// GuardLimit gives the most that may be drawn of a class in one window, and whether the guard counts at all: from a
// number of mapped objects on (for memberships: of memberships), which is looked at when the window began and now, so
// that neither a first load nor a great loss switches it off. Shares are of what was mapped when the window began.
func GuardLimit(s rules.Settings, c Class, atStart, now int) (limit int, active bool) {
	g := s.Guard
	active = max(atStart, now) >= g.ActiveFrom
	switch c {
	case ClassRemovals:
		return g.Removals.Limit(atStart), active
	case ClassMemberships:
		return int(g.MemberLoss * float64(atStart)), active
	default:
		return g.Updates.Limit(atStart), active
	}
}

// tally is what the guard counts of one kind and class.
type tally struct {
	drafts           []*draft
	wanted, approved int
}

func (t *tally) add(d *draft, n int) {
	if n == 0 {
		return
	}
	if d.approved {
		t.approved += n
		return
	}
	t.wanted += n
	t.drafts = append(t.drafts, d)
}

// count draws what would go on the windows and holds every draft of a kind and class that would pass its limit. What is
// held for another reason is not counted, because it does not go; what waits for a second read is, so that an operator
// hears of it at once.
func (s *site) count() []Verdict {
	var verdicts []Verdict
	for _, k := range model.Kinds() {
		for _, c := range []Class{ClassRemovals, ClassUpdates, ClassMemberships} {
			t := s.tally(k, c)
			if v, ok := s.verdict(k, c, t); ok {
				verdicts = append(verdicts, v)
			}
		}
	}
	return verdicts
}

func (s *site) tally(k model.Kind, c Class) *tally {
	t := &tally{}
	for _, d := range s.drafts {
		if d.change.Key.Kind != k || d.agreed {
			continue
		}
		whole, partly := d.blocker()
		switch {
		case whole != nil:
		case c == ClassMemberships:
			if partly == nil || partly.code == HeldSecond {
				t.add(d, len(d.leave))
			}
		case ClassOf(d.change.Action, d.change.Fields) == c:
			t.add(d, 1)
		}
	}
	return t
}

func (s *site) verdict(k model.Kind, c Class, t *tally) (Verdict, bool) {
	atStart, now := s.mapped(k, c)
	limit, active := GuardLimit(s.in.Settings, c, atStart, now)
	v := Verdict{Kind: k, Class: c, Mapped: atStart, Limit: limit, Drawn: s.in.Drawn.Of(k, c), Wanted: t.wanted, Approved: t.approved}
	if v.Wanted+v.Drawn+v.Approved == 0 {
		return v, false
	}
	v.Tripped = active && v.Wanted > 0 && v.Drawn+v.Wanted > v.Limit
	v.Text = s.verdictText(v, active)
	if v.Tripped {
		for _, d := range t.drafts {
			d.holds = append(d.holds, hold{code: HeldGuard, reason: v.Text, partly: c == ClassMemberships})
		}
	}
	return v, true
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
	fmt.Fprintf(&b, "%s: %s", v.Kind, count(v.Wanted, strings.TrimSuffix(string(v.Class), "s")))
	window, threshold := g.UpdateWindow, g.Updates
	if v.Class == ClassRemovals {
		window, threshold = g.RemovalWindow, g.Removals
	}
	if v.Drawn > 0 {
		fmt.Fprintf(&b, " after %d in the last %s", v.Drawn, span(window))
	}
	if v.Approved > 0 {
		fmt.Fprintf(&b, ", and %d approved", v.Approved)
	}
	switch {
	case !active:
		fmt.Fprintf(&b, "; no limit below %d mapped", g.ActiveFrom)
	case v.Class == ClassMemberships:
		fmt.Fprintf(&b, "; the limit is %d, %s of %d memberships", v.Limit, percent(g.MemberLoss), v.Mapped)
	default:
		fmt.Fprintf(&b, "; the limit is %d, the larger of %d and %s of %d mapped", v.Limit, threshold.Count, percent(threshold.Share), v.Mapped)
	}
	switch {
	case v.Tripped && v.Class == ClassMemberships:
		b.WriteString(": nobody leaves a queue until it is approved")
	case v.Tripped:
		b.WriteString(": all of them are held")
	}
	return b.String()
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

// command gives the tripped verdicts the one-time way through, once the hashes are known.
func (p *Plan) command() {
	for i := range p.Guard {
		v := &p.Guard[i]
		v.Command = ""
		if hash := p.HeldHash[v.Kind]; v.Tripped && hash != "" {
			v.Command = ApproveCommand(hash, v.Kind)
		}
	}
}
