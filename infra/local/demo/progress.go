package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress is one line that changes while the demo works: overwritten on a terminal, a new line every few seconds
// elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	start    time.Time
	last     time.Time
	width    int
}

const (
	terminalPace = 100 * time.Millisecond
	filePace     = 5 * time.Second
)

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, start: time.Now()}
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
	if time.Since(p.last) < pace {
		return
	}
	p.last = time.Now()
	line := fmt.Sprintf("  %s (%.1f s)", fmt.Sprintf(format, args...), time.Since(p.start).Seconds())
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprint(p.out, "\r"+line+strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// done clears the line.
func (p *progress) done() {
	if p.terminal && p.width > 0 {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", p.width)+"\r")
	}
	p.width = 0
}
