package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// HistoryAnswer is the answer to history: what runs and operators did, the latest first; or what one run did, how two differ, or what was
// written to one object.
type HistoryAnswer struct {
	Events []run.Event `json:"events,omitempty"`
	// More says that there is more than is shown.
	More bool       `json:"more,omitempty"`
	Runs []RunShown `json:"runs,omitempty"`
	// Written is what was written to one object.
	Written []Written `json:"written,omitempty"`

	about string
}

// RunShown is one run with the objects that have its desired state, or had.
type RunShown struct {
	Run     int64     `json:"run"`
	Event   run.Event `json:"event,omitzero"`
	Objects []Written `json:"objects"`
	// Omitted counts objects that are not shown.
	Omitted int `json:"omitted,omitempty"`
}

// Written is one attempt at an object.
type Written struct {
	Key model.Key `json:"key"`
	Run int64     `json:"run"`
	mapping.Wrote
}

// writtenShown bounds the objects of an answer: a Lambda answers at most 6 MB.
const writtenShown = 2000

func (h *Handler) history(ctx context.Context, r request) (shown, error) {
	switch {
	case len(r.runs) > 2 || len(r.runs) > 0 && len(r.Keys) > 0 || len(r.Keys) > 1:
		return nil, invalid("history takes one run, two runs to compare, or one key")
	case len(r.runs) > 0:
		return h.runsShown(ctx, r.runs)
	case len(r.Keys) == 1:
		list, err := h.Operator.WrittenTo(ctx, r.Keys[0])
		return HistoryAnswer{Written: written(list), about: "Written to " + r.Keys[0].String() + " in the last 90 days"}, err
	}
	since, err := sinceOf(r.since, h.now(), h.zone())
	if err != nil {
		return nil, err
	}
	events, more, err := h.Operator.History(ctx, run.HistoryRequest{Since: since})
	return HistoryAnswer{Events: events, More: more, about: "History"}, err
}

func (h *Handler) runsShown(ctx context.Context, numbers []int64) (shown, error) {
	a := HistoryAnswer{about: "Run " + strconv.FormatInt(numbers[0], 10)}
	if len(numbers) == 2 {
		a.about = fmt.Sprintf("Runs %d and %d", numbers[0], numbers[1])
	}
	for _, n := range numbers {
		record, err := h.Operator.RunRecord(ctx, n)
		if err != nil {
			return nil, err
		}
		s := RunShown{Run: n, Event: record.Event, Objects: written(record.Written)}
		if over := len(s.Objects) - writtenShown; over > 0 {
			s.Objects, s.Omitted = s.Objects[:writtenShown], over
		}
		a.Runs = append(a.Runs, s)
	}
	return a, nil
}

func written(list []mapping.Wrote) []Written {
	shown := make([]Written, 0, len(list))
	for _, w := range list {
		shown = append(shown, Written{Key: w.Key, Run: w.Run, Wrote: w})
	}
	return shown
}

// sinceOf reads from when on the history is shown; zero: as far as it is shown by itself.
func sinceOf(text string, now time.Time, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.Add(-time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return at, nil
	}
	return time.Time{}, invalid("since %q is no time: write 7d, 2026-03-02 or 2026-03-02T06:00:00Z", text)
}

func (a HistoryAnswer) title() string { return a.about }

func (a HistoryAnswer) text() string {
	lines := []string{a.title()}
	for _, e := range a.Events {
		lines = append(lines, "  "+eventLine(e))
	}
	if a.More {
		lines = append(lines, "  and more: narrow it with since")
	}
	if len(a.Runs) == 2 {
		lines = append(lines, differenceLines(a.Runs[0].Event, a.Runs[1].Event)...)
	}
	for _, r := range a.Runs {
		lines = append(lines, fmt.Sprintf("Run %d", r.Run))
		if !r.Event.At.IsZero() {
			lines = append(lines, "  "+eventLine(r.Event))
		}
		for _, w := range r.Objects {
			lines = append(lines, "  "+writtenLine(w))
		}
		if r.Omitted > 0 {
			lines = append(lines, fmt.Sprintf("  and %d more", r.Omitted))
		}
	}
	for _, w := range a.Written {
		lines = append(lines, "  "+writtenLine(w)+fmt.Sprintf(" (run %d)", w.Run))
	}
	if len(lines) == 1 {
		lines = append(lines, "  nothing")
	}
	return strings.Join(lines, "\n") + "\n"
}

// eventLine tells of one event.
func eventLine(e run.Event) string {
	line := stamp(e.At) + " " + string(e.Action)
	if e.Run != 0 {
		line += " " + strconv.FormatInt(e.Run, 10)
	}
	var parts []string
	switch {
	case e.Failed != "":
		parts = append(parts, "failed: "+plain(e.Failed))
	case e.Action == run.EventRun && len(e.Changes) == 0:
		parts = append(parts, "changed nothing")
	}
	if len(e.Changes) > 0 {
		parts = append(parts, countsOf(e.Changes))
	}
	if len(e.Held) > 0 {
		parts = append(parts, "held: "+countsOf(e.Held))
	}
	if e.Rejects > 0 {
		parts = append(parts, some(e.Rejects, "rejected", "rejected"))
	}
	if e.What != "" {
		parts = append(parts, plain(e.What))
	}
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, "; ")
	}
	return line + signature(e.By)
}

func countsOf(list []run.CountedWrite) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		noun := string(c.Kind)
		if c.Count != 1 && c.Kind != model.KindMembers {
			noun += "s"
		}
		if c.Kind == model.KindMembers {
			noun = "member list"
			if c.Count != 1 {
				noun = "member lists"
			}
		}
		parts = append(parts, fmt.Sprintf("%s %d %s", c.Action, c.Count, noun))
	}
	return strings.Join(parts, ", ")
}

// differenceLines says what the second run did more or less of than the first.
func differenceLines(a, b run.Event) []string {
	counts := map[run.CountedWrite]int{}
	for _, c := range b.Changes {
		counts[run.CountedWrite{Kind: c.Kind, Action: c.Action}] += c.Count
	}
	for _, c := range a.Changes {
		counts[run.CountedWrite{Kind: c.Kind, Action: c.Action}] -= c.Count
	}
	var lines []string
	for c, n := range counts {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("  %s %s: %+d", c.Kind, c.Action, n))
		}
	}
	slices.SortFunc(lines, cmp.Compare)
	if len(lines) == 0 {
		return []string{"Both let through the same numbers of changes."}
	}
	return append([]string{"The second against the first:"}, lines...)
}

// writtenLine tells of one attempt at an object: names and values for people, ids where there are no names.
func writtenLine(w Written) string {
	line := stamp(w.At) + " " + string(w.Action) + " " + w.Key.String()
	if w.Name != "" {
		line += " " + plain(w.Name)
	}
	var parts []string
	for _, f := range w.Fields {
		parts = append(parts, fieldText(f))
	}
	if n := len(w.Joined); n > 0 {
		parts = append(parts, some(n, "user joins", "users join"))
	}
	if n := len(w.Left); n > 0 {
		parts = append(parts, some(n, "user leaves", "users leave"))
	}
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, "; ")
	}
	return line
}

func fieldText(f model.Field) string {
	switch {
	case len(f.Added)+len(f.Removed) == 0:
		return fmt.Sprintf("%s %q → %q", f.Name, plain(f.Before), plain(f.After))
	case len(f.Removed) == 0:
		return f.Name + " + " + plain(strings.Join(f.Added, ", "))
	case len(f.Added) == 0:
		return f.Name + " − " + plain(strings.Join(f.Removed, ", "))
	default:
		return f.Name + " + " + plain(strings.Join(f.Added, ", ")) + " − " + plain(strings.Join(f.Removed, ", "))
	}
}
