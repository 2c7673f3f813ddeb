package mapping_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/mapping/mappingtest"
	"excs/shared/model"
)

// Prices of November 2026, us-east-1, on demand (FACTS A10), and the runs of a month at one a minute.
const (
	usdPerRead   = 0.125e-6
	usdPerWrite  = 0.625e-6
	runsPerMonth = 43_800
)

// site is a site's keys with made-up fingerprints.
func site(users, skills, queues, codes int) map[model.Key]model.Fingerprint {
	want := map[model.Key]model.Fingerprint{{Kind: model.KindSource, DBID: 1}: 2}
	for kind, n := range map[model.Kind]int{
		model.KindUser: users, model.KindSkill: skills, model.KindQueue: queues, model.KindMembers: queues, model.KindWrapUpCode: codes,
	} {
		for i := range n {
			want[model.Key{Kind: kind, DBID: int64(100 + 3*i)}] = model.Fingerprint(uint64(i+1) * 0x9e3779b97f4a7c15)
		}
	}
	return want
}

// noChangeRun is what the table sees of a run that finds nothing to do.
func noChangeRun(t *testing.T, m *mapping.Memory, want map[model.Key]model.Fingerprint) mapping.Units {
	t.Helper()
	m.ResetUnits()
	ctx, now := t.Context(), time.Now()
	lease, err := m.TakeLease(ctx, "run", now, time.Minute)
	must(t, err)
	_, err = m.Pauses(ctx)
	must(t, err)
	d, err := m.Delta(ctx, want)
	must(t, err)
	if !d.Empty() {
		t.Fatalf("the run is no no-change run: %d new, %d changed, %d lost", len(d.New), len(d.Changed), len(d.Lost))
	}
	_, err = m.List(ctx, mapping.States(), nil)
	must(t, err)
	must(t, m.PutIndex(ctx, lease.Run, nil))
	must(t, m.ReleaseLease(ctx, lease))
	return m.Units()
}

// The package comment tells what a no-change run costs; this is the arithmetic, on counted units. The aim is half a dollar.
func TestNoChangeRunCostsWhatThePackageCommentSays(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	must(t, err)
	comment := regexp.MustCompile(`\s*\n//\s*`).ReplaceAllString(string(text), " ")
	for _, tier := range []struct {
		name                         string
		users, skills, queues, codes int
	}{{"10,000 users", 10_000, 1_000, 2_000, 600}, {"30,000 users", 30_000, 3_000, 4_800, 1_000}} {
		t.Run(tier.name, func(t *testing.T) {
			m := mapping.NewMemory(mapping.MemoryOptions{})
			want := site(tier.users, tier.skills, tier.queues, tier.codes)
			must(t, m.PutIndex(t.Context(), 1, want))
			u := noChangeRun(t, m, want)
			reads, all := u.Reads*runsPerMonth*usdPerRead, u.Reads*runsPerMonth*usdPerRead+u.Writes*runsPerMonth*usdPerWrite
			line := fmt.Sprintf("%s: %g read units, %g write units a run; reads cost %.2f, all %.2f USD a month", tier.name, u.Reads, u.Writes, reads, all)
			if !strings.Contains(comment, line) {
				t.Errorf("the package comment does not say: %s", line)
			}
			if all > 0.50 {
				t.Errorf("%.2f USD a month are over the aim of 0.50", all)
			}
		})
	}
}

// One changed user costs the head and one shard, not the site.
func TestOneChangeReadsOneShard(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	want := site(30_000, 3_000, 4_800, 1_000)
	must(t, m.PutIndex(t.Context(), 1, want))
	m.ResetUnits()
	key := model.Key{Kind: model.KindUser, DBID: 100}
	want[key] = 7
	d, err := m.Delta(t.Context(), want)
	must(t, err)
	if len(d.Changed) != 1 || d.Changed[0] != key || len(d.New)+len(d.Lost) != 0 {
		t.Fatalf("delta is %+v", d)
	}
	if u := m.Units(); u.Reads > 3 || u.Writes != 0 {
		t.Errorf("comparing cost %+v", u)
	}
	m.ResetUnits()
	must(t, m.PutIndex(t.Context(), 2, map[model.Key]model.Fingerprint{key: 7}))
	if u := m.Units(); u.Writes > 8 {
		t.Errorf("writing one fingerprint cost %+v", u)
	}
}

// What the marks cost a run that changes something: the index is written twice, before the rows and after them.
func TestMarksCostWhatThePackageCommentSays(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	must(t, err)
	comment := regexp.MustCompile(`\s*\n//\s*`).ReplaceAllString(string(text), " ")
	m := mapping.NewMemory(mapping.MemoryOptions{})
	must(t, m.PutIndex(t.Context(), 1, site(30_000, 3_000, 4_800, 1_000)))
	key := model.Key{Kind: model.KindUser, DBID: 100}
	var cost [2]mapping.Units
	for i, f := range []model.Fingerprint{model.BeingChanged, 7} {
		m.ResetUnits()
		must(t, m.PutIndex(t.Context(), 2, map[model.Key]model.Fingerprint{key: f}))
		cost[i] = m.Units()
	}
	line := fmt.Sprintf("One changed user of 30,000: %g read and %g write units to mark it, %g and %g to write its fingerprint.",
		cost[0].Reads, cost[0].Writes, cost[1].Reads, cost[1].Writes)
	if !strings.Contains(comment, line) {
		t.Errorf("the package comment does not say: %s", line)
	}
	m.ResetUnits()
	marked, err := m.Marked(t.Context())
	must(t, err)
	if u := m.Units(); len(marked) != 0 || u.Reads > 1 {
		t.Errorf("finding no marks cost %+v, and found %v", u, marked)
	}
}

// A usual row, with a dozen skills and a full history, stays within one write unit.
func TestUsualRowIsOneWriteUnit(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	r, err := m.PutDesired(t.Context(), 12345, mapping.Wish{Key: mappingtest.User(104711).Key, Goal: mapping.GoalPresent, Desired: mappingtest.User(104711), Cause: model.CauseEngage})
	must(t, err)
	at := time.Now()
	var history []mapping.Entry
	for i := range mapping.HistoryLength {
		history = append(history, mapping.Entry{At: at.Add(time.Duration(i) * time.Hour), Action: model.ActionUpdate, Cause: model.CauseEngage, Run: int64(12345 + i),
			Fields: []model.Field{{Name: model.FieldSkills, Added: []string{"Billing(3)"}, Removed: []string{"Sales"}}}})
	}
	m.ResetUnits()
	_, err = m.Record(t.Context(), mapping.Outcome{Key: r.Key, Version: 1, EXID: "4b9f1c2e-7d3a-4c55-9e0b-1f2a3b4c5d6e", State: mapping.StateConverged,
		Applied: r.Desired.Fingerprint(), Written: at, History: history}, at)
	must(t, err)
	// One unit for the row, one to take it off the sparse index.
	if u := m.Units(); u.Writes != 2 || u.Reads != 1 {
		t.Errorf("recording a usual row cost %+v", u)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}
