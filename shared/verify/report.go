package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"excs/shared/model"
)

// What is the sort of a finding.
type What string

// The sorts of findings.
const (
	Drift   What = "drift"   // a controlled field differs
	Deleted What = "deleted" // the user is softly deleted
	Missing What = "missing" // two reads apart missed the object, the second one its own
	Absent  What = "absent"  // one read missed it; a second one decides
	Twin    What = "twin"    // an EX object that nobody owns has the name, address or peer id of a mapped one
)

// Finding is one thing that a sweep found.
type Finding struct {
	Key   model.Key `json:"key"`
	What  What      `json:"what"`
	Label string    `json:"label,omitempty"` // how people call the object
	EXID  string    `json:"exId,omitempty"`  // the mapped EX object; of a twin the other one
	// Fields differ; values are for people who read a report, never for a log.
	Fields []model.Field `json:"fields,omitempty"`
	Note   string        `json:"note,omitempty"`
	// Queued says that a message was sent; false when one was on its way, the row changed meanwhile, or nothing is to do.
	Queued bool `json:"queued,omitempty"`
	// Paused says that an operator keeps EXCS from setting it right; Note says which pause.
	Paused bool `json:"paused,omitempty"`
}

// Counts are the numbers of one kind.
type Counts struct {
	Mapped   int `json:"mapped"`   // rows
	Listed   int `json:"listed"`   // EX objects in lists; of members: lists that were read
	Compared int `json:"compared"` // rows compared with what was seen
	Skipped  int `json:"skipped"`  // rows that are not converged or were written a short while ago
	Drift    int `json:"drift"`
	Deleted  int `json:"deleted"`
	Missing  int `json:"missing"`
	Absent   int `json:"absent"`
	Twins    int `json:"twins"`
	Paused   int `json:"paused,omitempty"` // findings that wait for the end of a pause
	// Apart are users that the lists did not show wholly and that are read by themselves.
	Apart  int `json:"apart,omitempty"`
	Failed int `json:"failed,omitempty"` // reads that failed
	// Fault says why the kind's list proves nothing.
	Fault string `json:"fault,omitempty"`
}

// Progress is how far a rotation has come.
type Progress struct {
	Seen  int       `json:"seen"`
	Of    int       `json:"of"`
	Round time.Time `json:"round,omitzero"` // when this round began
	// Behind says that the round takes longer than it should: the share of the budget is too small for the site.
	Behind bool `json:"behind,omitempty"`
}

// Report says what a sweep saw and did.
type Report struct {
	Dry      bool                   `json:"dry,omitempty"`
	Began    time.Time              `json:"began"`
	Took     time.Duration          `json:"took"`
	Calls    int                    `json:"calls"` // of the EX Org
	Kinds    map[model.Kind]*Counts `json:"kinds"`
	Findings []Finding              `json:"findings"`
	Queued   int                    `json:"queued"` // messages sent
	// Suspected are objects that one read missed and whose second read is due later.
	Suspected int       `json:"suspected"`
	Members   *Progress `json:"members,omitempty"`
	External  *Progress `json:"externalIds,omitempty"`
	Codes     *Progress `json:"codes,omitempty"` // of queues
	// Done says that everything asked for was looked at; else Next says why not and what goes on.
	Done bool   `json:"done"`
	Next string `json:"next,omitempty"`
}

func (w *sweep) counts(kind model.Kind) *Counts {
	c := w.report.Kinds[kind]
	if c == nil {
		c = &Counts{}
		w.report.Kinds[kind] = c
	}
	return c
}

// add takes a finding into the report and counts it.
func (w *sweep) add(f Finding) {
	c := w.counts(f.Key.Kind)
	switch f.What {
	case Drift:
		c.Drift++
	case Deleted:
		c.Deleted++
	case Missing:
		c.Missing++
	case Absent:
		c.Absent++
	case Twin:
		c.Twins++
	}
	w.report.Findings = append(w.report.Findings, f)
}

// retract takes back that one read missed an object, once a second one has decided.
func (w *sweep) retract(key model.Key) {
	n := len(w.report.Findings)
	w.report.Findings = slices.DeleteFunc(w.report.Findings, func(f Finding) bool { return f.Key == key && f.What == Absent })
	w.counts(key.Kind).Absent -= n - len(w.report.Findings)
}

// linesShown is how many findings a text names; a Lambda answers at most 6 MB.
const linesShown = 2000

// namesShown is how many names of a set one line holds.
const namesShown = 12

// Text writes the report for a terminal, findings in the manner of a plan. Names are made harmless.
func (r Report) Text() string {
	var b strings.Builder
	b.WriteString(r.headline() + "\n")
	for i, f := range r.Findings {
		if i == linesShown {
			fmt.Fprintf(&b, "  and %d more\n", len(r.Findings)-i)
			break
		}
		b.WriteString("  " + f.line() + "\n")
	}
	b.WriteString("\n" + strings.Join(r.table(), "\n") + "\n")
	for _, k := range model.Kinds() {
		if c := r.Kinds[k]; c != nil && c.Fault != "" {
			fmt.Fprintf(&b, "%s: %s\n", k, strconv.Quote(c.Fault))
		}
	}
	for _, p := range []struct {
		what string
		*Progress
	}{{"member lists", r.Members}, {"external ids", r.External}, {"wrap-up codes of queues", r.Codes}} {
		if p.Progress != nil && p.Of > 0 {
			fmt.Fprintf(&b, "%s: %d of %d seen in the round that began %s%s\n", p.what, p.Seen, p.Of, stamp(p.Round), behind(p.Behind))
		}
	}
	if !r.Done {
		b.WriteString("Not done: " + r.Next + "\n")
	}
	return b.String()
}

func behind(yes bool) string {
	if yes {
		return "; it is behind: the share of the request budget is too small for this site"
	}
	return ""
}

func (r Report) headline() string {
	what := "Verify"
	if r.Dry {
		what = "Verify (dry)"
	}
	if len(r.Findings) == 0 {
		return fmt.Sprintf("%s: nothing found, %d calls in %s", what, r.Calls, r.Took.Round(time.Second))
	}
	did := fmt.Sprintf("%d queued", r.Queued)
	if r.Dry {
		did = "nothing queued"
	}
	return fmt.Sprintf("%s: %d findings, %s, %d calls in %s", what, len(r.Findings), did, r.Calls, r.Took.Round(time.Second))
}

// line writes one finding: "~ user/1042 jane@x.com: skills +Billing(3) -Sales, state inactive → active".
func (f Finding) line() string {
	sign := map[What]string{Drift: "~", Deleted: "^", Missing: "+", Absent: "?", Twin: "="}[f.What]
	var parts []string
	switch f.What {
	case Deleted:
		parts = append(parts, "deleted in the EX Org")
	case Missing:
		parts = append(parts, "missing in the EX Org")
	case Absent:
		parts = append(parts, "not seen; a second read decides")
	case Drift, Twin:
	}
	for _, field := range f.Fields {
		if f.What != Deleted || field.Name != model.FieldState {
			parts = append(parts, sayField(field))
		}
	}
	if f.Note != "" {
		parts = append(parts, f.Note)
	}
	return fmt.Sprintf("%s %s %s: %s", sign, f.Key, word(f.Label), strings.Join(parts, ", "))
}

func sayField(f model.Field) string {
	if len(f.Added)+len(f.Removed) == 0 {
		return f.Name + " " + word(f.Before) + " → " + word(f.After)
	}
	var b strings.Builder
	b.WriteString(f.Name)
	for _, set := range []struct {
		mark  string
		names []string
	}{{" +", f.Added}, {" -", f.Removed}} {
		for i, n := range set.names {
			if i == namesShown {
				fmt.Fprintf(&b, "%s(%d more)", set.mark, len(set.names)-i)
				break
			}
			b.WriteString(set.mark + word(n))
		}
	}
	return b.String()
}

// word writes a value bare if it can not be mistaken for anything but one word, else quoted with whatever does not print
// escaped: names come from users.
func word(s string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@._+-/()→", r)
	}
	switch {
	case s == "":
		return "(none)"
	case strings.ContainsFunc(s, odd):
		return strconv.Quote(s)
	default:
		return s
	}
}

// table writes the counts per kind, in columns; columns without any count are left out.
func (r Report) table() []string {
	heads := []string{"mapped", "listed", "compared", "skipped", "drift", "deleted", "missing", "absent", "twins", "paused", "apart", "failed"}
	used := make([]bool, len(heads))
	rows := map[model.Kind][]int{}
	for k, c := range r.Kinds {
		rows[k] = []int{c.Mapped, c.Listed, c.Compared, c.Skipped, c.Drift, c.Deleted, c.Missing, c.Absent, c.Twins, c.Paused, c.Apart, c.Failed}
		for i, n := range rows[k] {
			used[i] = used[i] || n != 0
		}
	}
	lines := []string{columns("kind", used, func(i int) string { return heads[i] }, heads)}
	for _, k := range model.Kinds() {
		if row, ok := rows[k]; ok {
			lines = append(lines, columns(string(k), used, func(i int) string { return strconv.Itoa(row[i]) }, heads))
		}
	}
	return lines
}

func columns(first string, used []bool, cell func(int) string, heads []string) string {
	const widest = 7 // digits of any count
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s", first)
	for i, h := range heads {
		if used[i] {
			fmt.Fprintf(&b, "  %*s", max(len(h), widest), cell(i))
		}
	}
	return b.String()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
