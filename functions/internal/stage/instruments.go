package stage

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
	"excs/shared/wiring"
)

// Lines are what a function writes to its log.
type Lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes a line.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Take gives what was written since the last Take.
func (l *Lines) Take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// Metrics reads the metrics that were written since the last Take, as CloudWatch does, and gives the other lines.
func (l *Lines) Metrics(tb testing.TB) (telemetrytest.Readings, []string) {
	tb.Helper()
	text := l.Take()
	_, others, err := telemetrytest.Extract(text)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := telemetrytest.Read(text)
	if err != nil {
		tb.Fatal(err)
	}
	return r, others
}

// APICalls counts the requests to the EX Org since Reset, without those for tokens.
func (s *Stage) APICalls() int {
	n := 0
	for operation, calls := range s.Org.Calls() {
		if !strings.Contains(operation, "/oauth/") {
			n += calls
		}
	}
	return n
}

// Measured gives a function the instruments that its wiring gives it: metrics and log lines go to the same place.
func Measured(w *excstest.Service, clock interface{ Now() time.Time }, function string) (*telemetry.Instruments, *Lines) {
	lines := &Lines{}
	return &telemetry.Instruments{
		Meter: telemetry.NewMeter(telemetry.MeterOptions{
			W: lines, Function: function, Stack: "excs-test", Tenant: "101", Now: clock.Now,
		}),
		Usage: wiring.UsageOf(w.Counter), Dead: w.Dead, Budget: wiring.BudgetOf(w.Table, []string{exorgtest.DefaultClientID}, clock.Now),
		Log: telemetry.New(lines, telemetry.Options{Function: function, Tenant: "101"}),
	}, lines
}
