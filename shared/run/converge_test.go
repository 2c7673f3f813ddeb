package run_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// The tiers converge from one snapshot under both presets: the queue is drained, waits included, the EX Org equals the
// reference, and ten further runs write nothing.
func TestConverge(t *testing.T) {
	for _, tier := range []engagetest.Tier{engagetest.Tiny, engagetest.Small, engagetest.Medium} {
		for _, preset := range rules.Presets() {
			t.Run(fmt.Sprintf("%s/%s", tier, preset), func(t *testing.T) {
				if tier == engagetest.Medium && (raced || testing.Short()) {
					t.Skip("medium runs apart, without the race detector (make test does)")
				}
				t.Parallel()
				converge(t, tier, preset)
			})
		}
	}
}

// The large tier converges too. It runs without the race detector, by `make test`.
func TestConvergeLarge(t *testing.T) {
	if os.Getenv("EXCS_LARGE") == "" {
		t.Skip("the large tier runs apart, without the race detector: EXCS_LARGE=1 (make test does)")
	}
	t.Parallel()
	converge(t, engagetest.Large, rules.Preset202307)
}

func converge(t *testing.T, tier engagetest.Tier, preset rules.Preset) {
	site := engagetest.New(tier, 1)
	reader := inPostgreSQL(t, site)
	clock := excstest.NewClock()
	org := exorgtest.New(exorgtest.WithClock(clock.Now), exorgtest.WithLog(0), exorgtest.WithHistory(0), exorgtest.WithRowCap(0, 10000))
	w := excstest.New(excstest.Config{
		Settings: settings(preset), Read: wiring.ReadFor(reader, settings(preset)), Secret: secret(), HTTP: org.Client(), Now: clock.Now, Sleep: clock.Sleep,
	})

	report, err := w.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	untilQuiet(t, w, clock)
	want := reference.Expected(site, domain, preset == rules.PresetCurrent)
	got := reference.Observed(org, linked(w, t))
	if d := reference.Diff(want, got, 20); len(d) > 0 {
		t.Fatalf("the EX Org is not what Engage says (- is missing, + too much):\n%s", strings.Join(d, "\n"))
	}
	if n := len(report.Plan.Changes); n != report.Sent {
		t.Errorf("%d changes, %d messages sent", n, report.Sent)
	}
	org.ResetCounters()
	for range 10 {
		report, err := w.Sync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Plan.Changes)+len(report.Plan.Held)+report.Sent > 0 {
			t.Fatalf("a run without changes plans %d changes, holds %d, sends %d", len(report.Plan.Changes), len(report.Plan.Held), report.Sent)
		}
		if _, err := w.Drain(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if total := org.Totals(); total.Reads+total.Writes > 0 {
		t.Errorf("ten runs without changes made %d calls: %v", total.Reads+total.Writes, org.Calls())
	}
}

// untilQuiet drains the queue and puts rows whose wait is over back, without another read of Engage, until every row is
// converged.
func untilQuiet(t testing.TB, w *excstest.Service, clock *excstest.Clock) {
	t.Helper()
	for range 400 {
		if _, err := w.Drain(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		items, err := w.Table.List(context.Background(), []mapping.State{
			mapping.StatePending, mapping.StateWaiting, mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			return
		}
		for _, i := range items {
			if i.State != mapping.StatePending && i.State != mapping.StateWaiting {
				t.Fatalf("%s is %s: %s", i.Key, i.State, i.Reason)
			}
		}
		clock.Pass(5 * time.Second)
		if _, err := w.Runner.Requeue(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("not converged after half an hour")
}
