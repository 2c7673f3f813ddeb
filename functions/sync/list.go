package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/widget/words"
)

// ListAnswer is the answer to list: how many objects need somebody's eye, per state, and the objects, those that can do
// harm first. A Lambda answers at most 6 MB, so the objects of a large site may not all be there: More says how many are
// missing, and kinds narrow the list.
type ListAnswer struct {
	Counts  map[string]int `json:"counts"`
	Objects []run.Listed   `json:"objects"`
	More    int            `json:"more,omitempty"`
	// Paused is what operators keep EXCS from writing to.
	Paused mapping.Pauses `json:"paused,omitempty"`
}

// listBytes is the most that the objects of a list may take: an answer as text is quoted once more.
const listBytes = 4_000_000

func listing(list []run.Listed) ListAnswer {
	a := ListAnswer{Counts: map[string]int{}, Objects: []run.Listed{}}
	size := 0
	for _, l := range list {
		a.Counts[l.State]++
		size += len(l.Key.String()) + len(l.Name) + len(l.State) + len(l.Reason) + len(l.EXID) + listOverhead
		if size <= listBytes {
			a.Objects = append(a.Objects, l)
		} else {
			a.More++
		}
	}
	return a
}

// listOverhead is the size of an object's field names and times.
const listOverhead = 128

func (a ListAnswer) title() string {
	var counts []string
	for _, state := range slices.Sorted(maps.Keys(a.Counts)) {
		counts = append(counts, fmt.Sprintf("%d %s", a.Counts[state], state))
	}
	if len(counts) == 0 {
		return "Nothing needs your eye"
	}
	return strings.Join(counts, ", ")
}

func (a ListAnswer) text() string {
	lines := append([]string{a.title()}, pausedLines("  ", a.Paused)...)
	for _, l := range a.Objects {
		line := fmt.Sprintf("  %s %s", l.State, l.Key)
		if l.Name != "" {
			line += " " + plain(l.Name)
		}
		if !l.Since.IsZero() {
			line += " since " + stamp(l.Since)
		}
		if l.Active {
			line += ", can still log in"
		}
		if l.EXID != "" {
			line += ", EX id " + plain(l.EXID)
		}
		if l.Reason != "" {
			line += ": " + plain(l.Reason)
		}
		lines = append(lines, line)
	}
	if a.More > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more: narrow the list with kinds", a.More))
	}
	return strings.Join(lines, "\n") + "\n"
}

// StatusAnswer is the answer to status: the last run, what is mapped, what is not converged.
type StatusAnswer struct{ run.Status }

func (s StatusAnswer) title() string {
	if s.LastRun == 0 {
		return "No run yet"
	}
	return fmt.Sprintf("Run %d", s.LastRun)
}

func (s StatusAnswer) text() string {
	lines := []string{s.title()}
	add := func(format string, args ...any) { lines = append(lines, "  "+fmt.Sprintf(format, args...)) }
	if !s.LastProven.IsZero() {
		add("last complete read of Engage: %s", stamp(s.LastProven))
	}
	if s.ProofFailed > 0 {
		add("%d runs in a row could not read it: %s", s.ProofFailed, plain(s.ProofFailure))
	}
	if !s.Org.IsZero() {
		add("EX Org: %s", plain(s.Org.String()))
	}
	if f := s.OtherOrg; f != nil {
		add("the credentials lead to another organisation since %s: %s; nothing is written there", stamp(f.Since), plain(f.Have.String()))
	}
	if s.FirstPlan.IsZero() {
		add("no approved first plan: only plans are made")
	}
	if s.Database.Waits() {
		add("another database since %s: %s; nothing is done until it is accepted: %s", stamp(s.Database.Since), plain(s.Database.Why), plan.ApproveCommand(s.Database.Hash))
	}
	if !s.WentBack.IsZero() {
		add("the source went back at %s: nothing is removed until it is accepted", stamp(s.WentBack))
	}
	lines = append(append(lines, pausedLines("  ", s.Paused)...), s.decisionLines()...)
	if p := s.LastPlan; p != nil {
		add("last plan %s: %s, %d held, %d rejected", p.Hash, words.Some(p.Changes, "change"), p.Held, p.Rejects)
	}
	lines = append(lines, s.progressLines()...)
	lines = append(lines, s.runLines()...)
	for _, k := range model.Kinds() {
		if n, ok := s.Mapped[k]; ok {
			add("mapped %s: %d", k, n)
		}
	}
	for _, state := range mapping.States() {
		if n := s.States[state]; n > 0 {
			add("%s: %d", state, n)
		}
	}
	if s.BeingChanged > 0 {
		add("being changed by a run under way or one that died: %d", s.BeingChanged)
	}
	if !s.Oldest.IsZero() {
		add("the oldest that is not converged: %s since %s", s.OldestKey, stamp(s.Oldest))
	}
	lines = append(lines, s.queueLines()...)
	return strings.Join(append(lines, s.actLines()...), "\n") + "\n"
}

// progressLines tell of a load: how far it is, and how long the rest takes.
func (s StatusAnswer) progressLines() []string {
	p := s.Progress
	if p == nil {
		return nil
	}
	lines := make([]string, 0, len(p.Kinds)+1)
	for _, k := range p.Kinds {
		lines = append(lines, fmt.Sprintf("  loading %s: %s of %s", k.Kind, words.Count(k.Done), words.Count(k.Of)))
	}
	return append(lines, fmt.Sprintf("  about %s left at %s calls a minute", words.Some(int(p.Left.Minutes()), "minute"), words.Count(p.PerMinute)))
}

// inFormat gives an answer its format. JSON is an object, text and Markdown are strings.
func inFormat(a shown, format string) (any, error) {
	switch format {
	case formatText:
		return a.text(), nil
	case formatCSV:
		if c, ok := a.(interface{ csv() (string, error) }); ok {
			return c.csv()
		}
		return nil, model.Errorf(model.CodeInternal, "sync", "the answer has no CSV")
	case formatMarkdown:
		if m, ok := a.(interface{ markdown() string }); ok {
			return m.markdown(), nil
		}
		return fenced(a), nil
	default:
		b, err := json.Marshal(a)
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, "sync", "write the answer: %w", err)
		}
		return json.RawMessage(b), nil
	}
}

// fenced puts a text into Markdown, where nothing in it can make a link, a mention or HTML: the fence is longer than any
// run of backticks within.
func fenced(a shown) string { return "## " + a.title() + "\n\n" + inFence(a.text()) + "\n" }

func inFence(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + text + fence
}

// plain makes one harmless line of a text that comes from a foreign system: no control characters for a terminal, none
// that turn the direction of writing.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
