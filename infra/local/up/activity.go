package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// activity shows what the functions do, a line each.
type activity struct {
	mu  sync.Mutex
	out io.Writer
}

func (a *activity) say(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.out, format+"\n", args...)
}

// logged is what is read of a log line.
type logged struct {
	Timestamp time.Time
	Level     string
	Message   string
	Function  string
	Key       string
	Action    string
	Run       int64
	Changes   int
	Sent      int
	Held      int
	Error     string
	Alarm     string
	Says      string
	AWS       json.RawMessage `json:"_aws"`
}

// line shows a log line that tells of something that happened. Metrics and runs without changes are not shown.
func (a *activity) line(function string, line []byte) {
	var l logged
	if json.Unmarshal(line, &l) != nil {
		a.say("%s  %s", function, line) // a panic, say
		return
	}
	if text := l.text(); text != "" {
		a.say("%s  %-9s  %s", l.Timestamp.Local().Format("15:04:05"), l.Function, text)
	}
}

func (l logged) text() string {
	switch {
	case len(l.AWS) > 0 || l.Level == "DEBUG":
		return ""
	case l.Level != "INFO":
		return strings.Join(strings.Fields(strings.Join([]string{l.Level, l.Message, l.Alarm, l.Says, l.Key, l.Error}, " ")), " ")
	case l.Message == "applied":
		return "applied " + l.Action + " " + l.Key
	case l.Message == "run done" && l.Changes+l.Sent+l.Held == 0:
		return ""
	case l.Message == "run done":
		return fmt.Sprintf("run %d: %d changes, %d held, %d messages sent", l.Run, l.Changes, l.Held, l.Sent)
	case l.Message == "action done":
		return l.Action
	default:
		return strings.TrimSpace(l.Message + " " + l.Key)
	}
}
