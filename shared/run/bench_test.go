package run_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/wiring"
)

// Snapshot, translation and plan of the large tier (10,000 persons, 114,000 skill levels, 300,000 members) from
// PostgreSQL; the stress tier beside it. The plan is that of a first run: every object is new.
func BenchmarkPlan(b *testing.B) {
	if os.Getenv("EXCS_LARGE") == "" {
		b.Skip("EXCS_LARGE=1 measures the large and stress tiers (make bench does)")
	}
	for _, tier := range []engagetest.Tier{engagetest.Large, engagetest.Stress} {
		b.Run(tier.String(), func(b *testing.B) {
			reader := inPostgreSQL(b, engagetest.New(tier, 1))
			s := settings(rules.Preset202307)
			org := exorgtest.New(exorgtest.WithLog(0), exorgtest.WithHistory(0))
			w := excstest.New(excstest.Config{Settings: s, Read: wiring.ReadFor(reader, s), Secret: secret(), HTTP: org.Client()})
			runtime.GC()
			debug.FreeOSMemory()
			peak := watch(b)
			b.ReportAllocs()
			for b.Loop() {
				report, err := w.Runner.Plan(b.Context(), run.Request{})
				if err != nil {
					b.Fatal(err)
				}
				if len(report.Plan.Changes) == 0 {
					b.Fatal("the plan is empty")
				}
			}
			b.ReportMetric(float64(peak()), "peak-MB")
		})
	}
}

// watch samples the process's resident memory and gives its peak in MB.
func watch(tb testing.TB) func() int {
	tb.Helper()
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		peak := 0
		for {
			peak = max(peak, resident())
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int {
		close(stop)
		return <-done
	}
}

// resident reads the resident size in MB from the kernel, 0 where there is no such file.
func resident() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}

// One process applies messages against the simulated organisation without a rate limit.
func BenchmarkApply(b *testing.B) {
	reader := shelf.Open(b, engagetest.New(engagetest.Medium, 1)).Reader
	s := settings(rules.Preset202307)
	for b.Loop() {
		org, url := exorgtest.Start(b, exorgtest.WithLog(0), exorgtest.WithHistory(0))
		remote := secret()
		remote.APIURL, remote.LoginURL = url, url
		w := excstest.New(excstest.Config{Settings: s, Read: wiring.ReadFor(reader, s), Secret: remote})
		if _, err := w.Sync(b.Context()); err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		d, err := w.Drain(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun).Seconds()
		t := org.Totals()
		b.ReportMetric(float64(d.Messages)/took, "messages/s")
		b.ReportMetric(float64(t.Reads+t.Writes)/took, "calls/s")
		b.Logf("%d messages, %d calls, %.1f s", d.Messages, t.Reads+t.Writes, took)
	}
}
