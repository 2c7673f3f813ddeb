package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"excs/shared/model"
)

// Bounds of what a cell shows, in characters. The whole text is what explain tells.
const (
	NameShown   = 120
	ReasonShown = 260
)

// marksInARow is how many combining marks may follow each other: more of them paint over the lines above and below. The
// languages of the world need at most three.
const marksInARow = 3

// Plain makes one harmless line of at most so many characters out of a text from a foreign system. Control characters go,
// and so do those that turn the direction of writing; the joiners that scripts and emoji need stay.
func Plain(s string, most int) string { return oneLine(s, most, 1) }

// widestGap is how far apart the columns of an answer are at most.
const widestGap = 24

// Aligned is Plain with the spaces between words left, which may make columns.
func Aligned(s string, most int) string { return oneLine(s, most, widestGap) }

func oneLine(s string, most, gapMost int) string {
	var b strings.Builder
	n, marks, gap := 0, 0, 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case blank(r):
			if n > 0 && gap < gapMost {
				gap++
			}
			continue
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			if marks++; marks > marksInARow {
				continue
			}
		default:
			marks = 0
		}
		if n+gap >= most {
			b.WriteRune('…')
			break
		}
		b.WriteString(strings.Repeat(" ", gap))
		b.WriteRune(r)
		n += gap + 1
		gap = 0
	}
	return b.String()
}

// blank says whether a character is shown as a space: spaces, controls, format characters but the two joiners, line and
// paragraph separators, and what Unicode gives no meaning.
func blank(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	if r == zeroWidthJoiner || r == zeroWidthNonJoiner {
		return false
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Noncharacter_Code_Point)
}

// Count writes a number with its thousands apart.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Some writes a number with its noun: "1 object", "1,204 objects".
func Some(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + one + "s"
}

// IsAre gives the verb that goes with a number.
func IsAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// Age tells how long ago a time was, in the largest whole unit.
func Age(since, now time.Time) string {
	d := now.Sub(since)
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%s days", Count(int(d/(24*time.Hour))))
	}
}

// Clock writes a time in a zone: without the date if it is today, without the year if it is this year. The zone itself has
// to be told elsewhere.
func Clock(at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	switch {
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		return at.Format("15:04")
	case at.Year() == now.Year():
		return at.Format("2 Jan 15:04")
	default:
		return at.Format("2 Jan 2006 15:04")
	}
}

// Title is a kind as a table shows it.
func Title(k model.Kind) string {
	switch k {
	case model.KindSource:
		return "Source"
	case model.KindSkill:
		return "Skills"
	case model.KindLanguage:
		return "Languages"
	case model.KindWrapUpCode:
		return "Wrap-up codes"
	case model.KindQueue:
		return "Queues"
	case model.KindUser:
		return "Users"
	case model.KindMembers:
		return "Queue members"
	default:
		return Plain(string(k), NameShown)
	}
}

// ShortHash is the beginning of a hash, for people who compare two.
func ShortHash(h string) string { return h[:min(len(h), 8)] }
