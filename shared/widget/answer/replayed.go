package answer

import (
	"fmt"
	"strings"
	"time"

	"excs/shared/replay"
	"excs/shared/widget/words"
)

// lettersShown is how many letters of a sort an answer names.
const lettersShown = 100

// Replayed writes what a replay did with each letter.
func Replayed(c Context, r replay.Report, now time.Time) string {
	return write(c, "well", func(p *page) {
		head := "Replayed"
		if r.Dry {
			head = "Dry run: nothing was changed"
		}
		p.title(head, "")
		for _, s := range summary(r) {
			p.box("lead", func() { p.words(s) })
		}
		p.letters(c, "Moved", "well", r.Moved, r.Counts.Moved, now)
		p.letters(c, "Dropped", "well", r.Dropped, r.Counts.Dropped, now)
		p.letters(c, "Left", "watch", r.Left, r.Counts.Left, now)
	})
}

func summary(r replay.Report) []string {
	moved := "moved back to the work queue"
	if r.Dry {
		moved = "would be moved back to the work queue"
	}
	n := r.Counts
	lines := []string{fmt.Sprintf("%s looked at: %s %s, %s of no use any more, %s left.",
		words.Some(n.Letters, "dead letter"), words.Count(n.Moved), moved, words.Count(n.Dropped), words.Count(n.Left))}
	if r.Remaining >= 0 {
		lines = append(lines, "The dead-letter queue now holds about "+words.Some(r.Remaining, "letter")+".")
	}
	if r.Stopped != "" {
		lines = append(lines, "It ended early: "+strings.TrimRight(words.Plain(r.Stopped, words.ReasonShown), ".")+".")
	}
	return lines
}

// letters writes the letters of one sort, if there are any.
func (p *page) letters(c Context, head, class string, lines []replay.Line, all int, now time.Time) {
	if all == 0 {
		return
	}
	lines = lines[:min(len(lines), lettersShown)]
	p.b.WriteByte('\n')
	p.box("section "+class, func() {
		p.title(head, words.Count(all))
		p.tag("table", []string{"class", "objects"}, func() {
			p.tag("tbody", nil, func() {
				for _, l := range lines {
					p.letter(c, l, now)
				}
			})
		})
		if all > len(lines) {
			p.box("more", func() { p.text("and " + words.Count(all-len(lines)) + " more") })
		}
	})
}

func (p *page) letter(c Context, l replay.Line, now time.Time) {
	name := l.Key.String()
	if l.Key.IsZero() {
		name = "letter " + words.Plain(l.ID, words.NameShown)
	}
	cell := func(class string, in func()) { p.tag("td", []string{"class", class}, in) }
	p.tag("tr", nil, func() {
		cell("who", func() { p.box("key", func() { p.words(name) }) })
		cell("why", func() {
			p.words(words.Plain(l.Why, words.ReasonShown))
			p.box("quiet", func() { p.words(words.Plain(l.Reason, words.ReasonShown)) })
		})
		cell("since", func() {
			p.tag("div", nil, func() { p.text(words.Age(l.Since, now)) })
			p.box("quiet", func() { p.text(words.Clock(l.Since, now, c.Location())) })
		})
	})
	p.b.WriteByte('\n')
}
