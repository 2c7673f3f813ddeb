package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// by is a progress on a clock that the test moves.
func by(terminal bool) (*progress, *strings.Builder, func(time.Duration)) {
	var out strings.Builder
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	p := newProgress(&out, func() time.Time { return now })
	p.terminal = terminal
	return p, &out, func(d time.Duration) { now = now.Add(d) }
}

// In a file there is a new line every few seconds, and none to clear.
func TestProgressInAFile(t *testing.T) {
	p, out, pass := by(false)
	p.show("%d of %d", 1, 3)
	pass(filePace - time.Second)
	p.show("%d of %d", 2, 3)
	pass(time.Second)
	p.show("%d of %d", 3, 3)
	p.done()
	if d := cmp.Diff("  1 of 3 (0.0 s)\n  3 of 3 (5.0 s)\n", out.String()); d != "" {
		t.Error(d)
	}
}

// On a terminal the line is overwritten, with what is left of a longer one, and cleared in the end.
func TestProgressOnATerminal(t *testing.T) {
	p, out, pass := by(true)
	p.show("größer %d", 100)
	pass(terminalPace)
	p.show("%d", 5)
	p.done()
	p.done()
	want := "\r  größer 100 (0.0 s)" + "\r  5 (0.1 s)         " + "\r" + strings.Repeat(" ", len("  5 (0.1 s)")) + "\r"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}
