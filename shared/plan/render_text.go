package plan

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"excs/shared/model"
)

// Text writes the plan for a terminal, like a code review. Names are made harmless.
func (p Plan) Text(o Options) string {
	return string(fit(o, func(o Options) []byte {
		var b strings.Builder
		b.WriteString(p.headline() + "\n")
		b.WriteString("hash " + p.Hash + "\n")
		section(&b, "Counts", p.table())
		section(&b, "Changes", p.changeLines(o))
		section(&b, "Held", p.heldLines(o))
		section(&b, "Rejected", p.rejectLines(o))
		section(&b, "Notes", p.noteLines(o))
		section(&b, "Guard", p.guardLines())
		return []byte(b.String())
	}))
}

func section(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, l := range lines {
		b.WriteString("  " + l + "\n")
	}
}

func (p Plan) changeLines(o Options) []string {
	changes := p.shown()
	if len(changes) == 0 {
		return nil
	}
	lines := []string{legend}
	for i, c := range changes {
		if i == o.Lines {
			return append(lines, more(len(changes)-i))
		}
		lines = append(lines, line(c, o.Items))
	}
	return lines
}

func more(n int) string { return "and " + thousands(n) + " more" }

func (p Plan) heldLines(o Options) []string {
	var lines []string
	left := o.Lines
	for _, g := range p.groups() {
		lines = append(lines, fmt.Sprintf("%s: %s (since %s)", clean(string(g.code)), prose(g.reason), g.since.UTC().Format(time.RFC3339)))
		for i, h := range g.held {
			if left == 0 {
				lines = append(lines, "  "+more(len(g.held)-i))
				break
			}
			lines = append(lines, "  "+line(h.Change, o.Items))
			left--
		}
		if left == 0 {
			break
		}
	}
	if left == 0 && len(p.Held) > o.Lines {
		lines = append(lines, "of "+thousands(len(p.Held))+" held in all")
	}
	return append(lines, p.approvalLines()...)
}

func (p Plan) approvalLines() []string {
	commands := p.approvals()
	lines := make([]string, 0, len(commands))
	for i, command := range commands {
		switch {
		case len(commands) > 1 && i == 0:
			lines = append(lines, "approve all of it with "+command)
		case len(commands) > 1:
			lines = append(lines, "or a kind of it with "+command)
		default:
			lines = append(lines, "approve with "+command)
		}
	}
	return lines
}

// prose cleans a sentence; unlike a name it may be long.
func prose(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), textLength)
		for n < len(s) && n > 0 && s[n]&0xc0 == 0x80 {
			n--
		}
		b.WriteString(clean(s[:max(n, 1)]))
		s = s[max(n, 1):]
	}
	return b.String()
}

func (p Plan) rejectLines(o Options) []string {
	var lines []string
	for i, r := range p.Rejects {
		if i == o.Lines {
			return append(lines, more(len(p.Rejects)-i))
		}
		lines = append(lines, r.Key.String()+": "+prose(r.Reason))
	}
	return lines
}

// noteLines are the notes, those of one sort as one line with a few of their keys: what repeats forty times hides what is said once.
func (p Plan) noteLines(o Options) []string {
	var lines []string
	groups := notesBySort(p.Notes)
	for i, g := range groups {
		if i == o.Lines {
			return append(lines, more(len(groups)-i))
		}
		lines = append(lines, g.line())
	}
	return lines
}

// sameNotes are notes that differ in names and numbers only.
type sameNotes struct {
	sort  string
	notes []model.Note
}

// noteKeys is how many keys a line of repeated notes names, notesApart how many of one sort still have lines of their own.
const (
	noteKeys   = 5
	notesApart = 2
)

func (g sameNotes) line() string {
	first := g.notes[0]
	if len(g.notes) == 1 {
		text := prose(first.Text)
		if !first.Key.IsZero() {
			text = first.Key.String() + ": " + text
		}
		return text
	}
	keys := make([]string, 0, noteKeys)
	for _, n := range g.notes[:min(noteKeys, len(g.notes))] {
		keys = append(keys, n.Key.String())
	}
	text := fmt.Sprintf("%s × %s: %s", thousands(len(g.notes)), prose(g.sort), strings.Join(keys, ", "))
	if rest := len(g.notes) - noteKeys; rest > 0 {
		text += ", " + more(rest)
	}
	return text
}

// inNotes are what differs between notes of one sort: names in quotes, and numbers.
var inNotes = regexp.MustCompile(`'[^']*'|"[^"]*"|\d+`)

// notesBySort groups notes, in the order of the first of each sort. Those of no object stand alone.
func notesBySort(notes []model.Note) []sameNotes {
	count := map[string]int{}
	sortOf := func(n model.Note) string {
		return string(n.Key.Kind) + " " + inNotes.ReplaceAllString(n.Text, "…")
	}
	for _, n := range notes {
		count[sortOf(n)]++
	}
	at := map[string]int{}
	var groups []sameNotes
	for _, n := range notes {
		sort := sortOf(n)
		if n.Key.IsZero() || count[sort] <= notesApart {
			groups = append(groups, sameNotes{notes: []model.Note{n}})
			continue
		}
		if i, ok := at[sort]; ok {
			groups[i].notes = append(groups[i].notes, n)
			continue
		}
		at[sort] = len(groups)
		groups = append(groups, sameNotes{sort: strings.TrimPrefix(sort, string(n.Key.Kind)+" "), notes: []model.Note{n}})
	}
	return groups
}

func (p Plan) guardLines() []string {
	var lines []string
	for _, v := range p.Guard {
		text := prose(v.Text)
		if v.Command != "" {
			text = "TRIPPED " + text + "; approve with " + v.Command
		}
		lines = append(lines, text)
	}
	return lines
}

// table writes the counts per kind, in columns; columns without any count are left out.
func (p Plan) table() []string {
	heads, rows := p.counted()
	widths := make([]int, len(heads))
	for i, h := range heads {
		widths[i] = len(h)
		for _, r := range rows {
			widths[i] = max(widths[i], len(r[i]))
		}
	}
	lines := make([]string, 0, len(rows)+1)
	for _, r := range append([][]string{heads}, rows...) {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", widths[0], r[0])
		for i := 1; i < len(r); i++ {
			fmt.Fprintf(&b, "  %*s", widths[i], r[i])
		}
		lines = append(lines, b.String())
	}
	return lines
}

// counted gives the table of counts as texts. The first column is the kind; columns of zeros are left out.
func (p Plan) counted() (heads []string, rows [][]string) {
	heads = []string{"kind"}
	used := make([]bool, len(columns()))
	used[0] = true
	for _, c := range p.Counts {
		for i, n := range c.cells() {
			used[i] = used[i] || n != 0
		}
	}
	for i, h := range columns() {
		if used[i] {
			heads = append(heads, h)
		}
	}
	for _, k := range model.Kinds() {
		c, ok := p.Counts[k]
		if !ok {
			continue
		}
		row := []string{string(k)}
		for i, n := range c.cells() {
			if used[i] {
				row = append(row, thousands(n))
			}
		}
		rows = append(rows, row)
	}
	return heads, rows
}
