package run_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

func at(hours int) time.Time {
	return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour)
}

// The base of the guard's shares is the most that were mapped within the window or are now, so that a site that shrinks
// does not shrink its own guard.
func TestBase(t *testing.T) {
	t.Parallel()
	site := run.Site{
		Mapped: map[model.Kind]int{model.KindUser: 50, model.KindQueue: 20}, Memberships: 70,
		Baseline: []run.Point{
			{At: at(0), Mapped: map[model.Kind]int{model.KindUser: 900}, Memberships: 5000},
			{At: at(20), Mapped: map[model.Kind]int{model.KindUser: 100, model.KindQueue: 10}, Memberships: 300},
		},
	}
	for _, c := range []struct {
		name                       string
		window                     time.Duration
		now                        int
		users, queues, memberships int
	}{
		{"a day reaches back to both points", 24 * time.Hour, 24, 900, 20, 5000},
		{"a point that left the window does not count", 24 * time.Hour, 25, 100, 20, 300},
		{"a short window sees today only", time.Hour, 24, 50, 20, 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := site.Base(c.window, at(c.now))
			if base[model.KindUser] != c.users || base[model.KindQueue] != c.queues {
				t.Errorf("base %v, want %d users and %d queues", base, c.users, c.queues)
			}
			if got := site.MembershipBase(c.window, at(c.now)); got != c.memberships {
				t.Errorf("%d memberships, want %d", got, c.memberships)
			}
		})
	}
}

// The census is read from the site's document and kept for a minute; a tenant without a run has none.
func TestCensus(t *testing.T) {
	t.Parallel()
	now := at(0)
	table := mapping.NewMemory(mapping.MemoryOptions{})
	census := run.NewCensus(table, 24*time.Hour, func() time.Time { return now })
	want := func(users, memberships int, when string) {
		t.Helper()
		counts, err := census.Census(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if counts[model.KindUser] != users || counts[model.KindMembers] != memberships {
			t.Errorf("%s: %v, want %d users and %d memberships", when, counts, users, memberships)
		}
	}
	want(0, 0, "before the first run")
	body, err := json.Marshal(run.Site{Mapped: map[model.Kind]int{model.KindUser: 40}, Memberships: 80})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.PutDocument(t.Context(), "site", 1, body); err != nil {
		t.Fatal(err)
	}
	want(0, 0, "within the minute")
	now = now.Add(time.Minute)
	want(40, 80, "a minute later")
}

// A census that can not be read is an error: the guard must not take a tenant for an empty one.
func TestCensusUnreadable(t *testing.T) {
	t.Parallel()
	table := mapping.NewMemory(mapping.MemoryOptions{Fault: func(string) mapping.Fault { return mapping.FaultBefore }})
	census := run.NewCensus(table, time.Hour, func() time.Time { return at(0) })
	if _, err := census.Census(context.WithoutCancel(t.Context())); model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
}
