package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"excs/shared/replay"
)

// linesShown is how many letters of a sort the text names; FORMAT=json has them all.
const linesShown = 50

// replayed writes a replay's report for people. The function answers JSON only: the widget and scripts read it.
func replayed(body []byte) (string, error) {
	var r replay.Report
	if err := json.Unmarshal(body, &r); err != nil {
		return "", fmt.Errorf("the function answers %q, which is no replay's report: %w", shorten(string(body)), err)
	}
	did := "moved"
	if r.Dry {
		did = "would be moved"
	}
	lines := []string{fmt.Sprintf("%d dead letters were looked at: %d %s (%d objects), %d need no look and go, %d stay.",
		r.Counts.Letters, r.Counts.Moved, did, r.Counts.Objects, r.Counts.Dropped, r.Counts.Left)}
	lines = append(lines, section("Moved", r.Moved, 0)...)
	lines = append(lines, section("Dropped", r.Dropped, 0)...)
	lines = append(lines, section("Left", r.Left, r.More)...)
	if r.Remaining >= 0 {
		lines = append(lines, fmt.Sprintf("The dead-letter queue holds about %d letters now.", r.Remaining))
	}
	if r.Stopped != "" {
		lines = append(lines, "It ended before every letter was looked at: "+r.Stopped)
	}
	return strings.Join(lines, "\n"), nil
}

func section(title string, letters []replay.Line, more int) []string {
	var lines []string
	for i, l := range letters {
		if i == linesShown {
			more += len(letters) - i
			break
		}
		lines = append(lines, "  "+letter(l))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	if len(lines) == 0 {
		return nil
	}
	return append([]string{title + ":"}, lines...)
}

// letter is one dead letter: which object, since when, why it failed, what was done.
func letter(l replay.Line) string {
	name := "letter " + l.ID
	if !l.Key.IsZero() {
		name = l.Key.String()
	}
	parts := []string{name, "since " + l.Since.UTC().Format("2006-01-02 15:04")}
	if l.Reason != "" {
		parts = append(parts, l.Reason)
	}
	return shorten(strings.Join(append(parts, l.Why), ": "))
}
