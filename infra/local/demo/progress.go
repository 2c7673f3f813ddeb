package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// progress is one line that changes while the demo works: overwritten on a terminal, a new line every few seconds
// elsewhere.
type progress struct {
	out      io.Writer
	now      func() time.Time
	terminal bool
	start    time.Time
	last     time.Time
	width    int
}

const (
	terminalPace = 100 * time.Millisecond
	filePace     = 5 * time.Second
)

func newProgress(out io.Writer, now func() time.Time) *progress {
	p := &progress{out: out, now: now, start: now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// show writes the line if it is time to.
func (p *progress) show(format string, args ...any) {
	pace := filePace
	if p.terminal {
		pace = terminalPace
	}
	now := p.now()
	if now.Sub(p.last) < pace {
		return
	}
	p.last = now
	line := fmt.Sprintf("  %s (%.1f s)", fmt.Sprintf(format, args...), now.Sub(p.start).Seconds())
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	width := utf8.RuneCountInString(line)
	fmt.Fprint(p.out, "\r"+line+strings.Repeat(" ", max(0, p.width-width)))
	p.width = width
}

// done clears the line.
func (p *progress) done() {
	if p.terminal && p.width > 0 {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", p.width)+"\r")
	}
	p.width = 0
}
