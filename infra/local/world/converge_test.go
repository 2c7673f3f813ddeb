package world_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/world"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// The tiers converge from one snapshot: the queue is drained, waits included, the EX Org equals the reference, and ten
// further runs write nothing.
func TestConverge(t *testing.T) {
	for _, tier := range []engagetest.Tier{engagetest.Tiny, engagetest.Small, engagetest.Medium} {
		t.Run(tier.String(), func(t *testing.T) {
			if tier == engagetest.Medium && testing.Short() {
				t.Skip("medium takes longer than -short allows")
			}
			converge(t, tier, rules.Preset202307)
		})
	}
}

// The preset "current" takes Virtual Queues only.
func TestConvergeCurrent(t *testing.T) { converge(t, engagetest.Small, rules.PresetCurrent) }

// The large tier converges too. It runs without the race detector, by `make test`.
func TestConvergeLarge(t *testing.T) {
	if os.Getenv("EXCS_LARGE") == "" {
		t.Skip("the large tier runs apart, without the race detector: EXCS_LARGE=1 (make test does)")
	}
	converge(t, engagetest.Large, rules.Preset202307)
}

func converge(t *testing.T, tier engagetest.Tier, preset rules.Preset) {
	site := engagetest.New(tier, 1)
	_, reader := inPostgreSQL(t, site)
	org := exorgtest.New(exorgtest.WithLog(0), exorgtest.WithHistory(0), exorgtest.WithRowCap(0, 10000))
	w := build(settings(preset), reader, org)

	report, err := w.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	untilQuiet(t, w)
	want := expected(site, domain, preset == rules.PresetCurrent)
	got := observed(org, linked(w, t))
	if d := cmp.Diff(map[string][]string(want), map[string][]string(got)); d != "" {
		t.Fatalf("the EX Org is not what Engage says (-want +got):\n%.4000s", d)
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
func untilQuiet(t testing.TB, w *world.World) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
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
		time.Sleep(500 * time.Millisecond)
		if _, err := w.Runner.Requeue(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("not converged after five minutes")
}

var _ = model.KindUser
