package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// namedAtMost is how many objects a verdict names.
const namedAtMost = 10

func (s *site) verdictText(v Verdict, active bool) string {
	g := s.in.Settings.Guard
	l := limitOf(v.Class)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.Kind, tally(v.Wanted, l))
	if v.Drawn > 0 {
		fmt.Fprintf(&b, " after %s in the last %s", thousands(v.Drawn), span(GuardWindow(s.in.Settings, v.Class)))
	}
	if v.Approved > 0 {
		fmt.Fprintf(&b, ", and %s approved", thousands(v.Approved))
	}
	if !active {
		fmt.Fprintf(&b, "; no limit below %d mapped", g.ActiveFrom)
		return b.String()
	}
	threshold, of := l.threshold(g), "mapped"
	if v.Class == ClassMemberships || v.Class == ClassJoins {
		of = "memberships"
	}
	fmt.Fprintf(&b, "; the limit is %s, the larger of %s and %s of %s %s", thousands(v.Limit), thousands(threshold.Count), percent(threshold.Share), thousands(v.Mapped), of)
	switch n := s.hours(l); {
	case v.Limit < threshold.Limit(v.Mapped):
		b.WriteString(" but never above a third")
	case n > 1:
		fmt.Fprintf(&b, ", %d times for the hours without a complete read", n)
	}
	b.WriteString(outcome(v))
	return b.String()
}

// tally writes a number with what a class counts.
func tally(n int, l limit) string {
	if n == 1 {
		return "1 " + l.one
	}
	return thousands(n) + " " + l.many
}

// outcome says what is held.
func outcome(v Verdict) string {
	if !v.Tripped {
		return ""
	}
	what := "all of them are held"
	switch {
	case v.Held < v.Wanted:
		what = thousands(v.Held) + " of them are held"
	case v.Class == ClassMemberships:
		what = "nobody leaves a queue until it is approved"
	case v.Class == ClassAssignments:
		what = "nothing is taken away until it is approved"
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
