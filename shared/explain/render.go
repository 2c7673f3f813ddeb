package explain

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"excs/shared/mapping"
	"excs/shared/model"
)

// JSON writes the explanation for machines.
func (e Explanation) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, model.Errorf(model.CodeInternal, "explain", "write the explanation: %w", err)
	}
	return b, nil
}

// Text writes the explanation for a terminal. Names are made harmless.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", e.Key, word(e.Label))
	section(&b, "Engage", e.engageLines())
	section(&b, "Fields", e.fieldLines())
	section(&b, "State", e.stateLines())
	section(&b, "History, last first", e.historyLines())
	section(&b, "Next", clean(e.Next))
	section(&b, "Notes", clean(e.Notes))
	return b.String()
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

func (e Explanation) engageLines() []string {
	lines := make([]string, 0, len(e.Engage))
	for _, s := range e.Engage {
		lines = append(lines, string(s.Table)+": "+plain(s.Text))
	}
	if len(lines) == 0 {
		lines = append(lines, "no row")
	}
	return lines
}

func (e Explanation) fieldLines() []string {
	var lines []string
	for _, f := range e.Fields {
		lines = append(lines, fmt.Sprintf("%s (%s): %s", f.Name, f.Control, plain(f.Rule)), "    desired  "+word(f.Desired))
		switch {
		case e.EXID == "":
			lines = append(lines, "    observed not in the EX Org yet")
		case !e.Seen:
			lines = append(lines, "    observed not known")
		case f.Differs:
			lines = append(lines, "    observed "+word(f.Observed)+"  DIFFERS")
		default:
			lines = append(lines, "    observed "+word(f.Observed))
		}
	}
	return lines
}

func (e Explanation) stateLines() []string {
	var lines []string
	if e.BeingChanged {
		lines = append(lines, "being changed: a run began to change it and has not come to its end")
	}
	if e.State == "" {
		return append(lines, "no row in the mapping table yet")
	}
	line := fmt.Sprintf("%s since %s", e.State, stamp(e.Since))
	if e.Reason != "" {
		line += ": " + plain(e.Reason)
	}
	lines = append(lines, line)
	if e.EXID != "" {
		lines = append(lines, "EX object "+word(e.EXID))
	}
	switch {
	case e.Applied.Same:
		lines = append(lines, "applied: what Engage wants was made true, by "+stamp(e.Applied.Since))
	case e.Applied.Never:
		lines = append(lines, "applied: nothing yet")
	default:
		lines = append(lines, "applied: an earlier state; what Engage wants now is not yet made true")
	}
	if !e.Applied.Written.IsZero() {
		lines = append(lines, "last write of EXCS "+stamp(e.Applied.Written))
	}
	if e.LastError != "" {
		lines = append(lines, fmt.Sprintf("last error %s, attempt %d: %s", stamp(e.LastErrorAt), e.Attempts, plain(e.LastError)))
	}
	return lines
}

func (e Explanation) historyLines() []string {
	lines := make([]string, 0, len(e.History))
	for _, h := range e.History {
		lines = append(lines, historyLine(h))
	}
	return lines
}

func historyLine(h mapping.Entry) string {
	line := fmt.Sprintf("%s %s because of %s", stamp(h.At), h.Action, h.Cause)
	if h.Run != 0 {
		line += fmt.Sprintf(", run %d", h.Run)
	}
	if h.Who != "" {
		line += ", by " + word(h.Who)
	}
	for _, f := range h.Fields {
		line += "; " + fieldLine(f)
	}
	if h.Note != "" {
		line += "; " + plain(h.Note)
	}
	return line
}

func fieldLine(f model.Field) string {
	if len(f.Added)+len(f.Removed) == 0 {
		return f.Name + " " + word(f.Before) + " → " + word(f.After)
	}
	line := f.Name
	for _, n := range f.Added {
		line += " +" + word(n)
	}
	for _, n := range f.Removed {
		line += " -" + word(n)
	}
	return line
}

// word writes a value bare if nothing in it can mislead, else quoted with whatever does not print escaped.
func word(s string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@._+-/(), ", r)
	}
	switch {
	case s == "":
		return "(none)"
	case strings.ContainsFunc(s, odd) || strings.TrimSpace(s) != s:
		return strconv.Quote(s)
	default:
		return s
	}
}

// plain makes one harmless line of a sentence: what does not print is escaped.
func plain(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "�") {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

func clean(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		out = append(out, plain(l))
	}
	return out
}
