package mapping_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// The one judgement of owners, row by row.
func TestStandingOf(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	former := model.Key{Kind: model.KindQueue, DBID: 4}
	row := func(edits ...func(*mapping.Row)) mapping.Row {
		r := mapping.Row{Key: model.Key{Kind: model.KindQueue, DBID: 5}, Version: 1, Run: 10, Goal: mapping.GoalPresent}
		for _, e := range edits {
			e(&r)
		}
		return r
	}
	has := func(id string) func(*mapping.Row) { return func(r *mapping.Row) { r.EXID = id } }
	wants := func(g mapping.Goal) func(*mapping.Row) { return func(r *mapping.Row) { r.Goal = g } }
	adopts := func(id string) func(*mapping.Row) { return func(r *mapping.Row) { r.Adopt = id } }
	takes := func(r *mapping.Row) { r.From = former }
	works := func(until time.Time) func(*mapping.Row) {
		return func(r *mapping.Row) { r.Working = &mapping.Working{Token: "w", Until: until} }
	}
	from := mapping.Row{Key: former, Version: 3, Run: 9, Goal: mapping.GoalPresent, EXID: "x"}
	back := from
	back.Run = 11
	cases := []struct {
		name      string
		row, from mapping.Row
		want      mapping.Standing
	}{
		{"no row", mapping.Row{}, mapping.Row{}, mapping.OwnerStale},
		{"has it", row(has("x")), mapping.Row{}, mapping.OwnerLives},
		{"has another", row(has("y")), mapping.Row{}, mapping.OwnerStale},
		{"has another and was told to adopt it", row(has("y"), adopts("x")), mapping.Row{}, mapping.OwnerStale},
		{"on its way out", row(has("x"), wants(mapping.GoalAbsent)), mapping.Row{}, mapping.OwnerStale},
		{"an orphan", row(has("x"), wants(mapping.GoalOrphan)), mapping.Row{}, mapping.OwnerOrphan},
		{"an orphan of another", row(has("y"), wants(mapping.GoalOrphan)), mapping.Row{}, mapping.OwnerStale},
		{"has none and knows nothing of it", row(), mapping.Row{}, mapping.OwnerStale},
		{"is told to adopt it", row(adopts("x")), mapping.Row{}, mapping.OwnerLives},
		{"is told to adopt another", row(adopts("y")), mapping.Row{}, mapping.OwnerStale},
		{"is being created", row(func(r *mapping.Row) { r.Intent = &mapping.Intent{Token: "t", At: now} }), mapping.Row{}, mapping.OwnerLives},
		{"a worker is at it", row(works(now.Add(time.Second))), mapping.Row{}, mapping.OwnerLives},
		{"a worker was at it", row(works(now)), mapping.Row{}, mapping.OwnerStale},
		{"takes it over", row(takes), from, mapping.OwnerLives},
		{"takes another over", row(takes, func(r *mapping.Row) { r.Adopt = "y" }), mapping.Row{Key: former, Version: 3, Run: 9, EXID: "y", Goal: mapping.GoalPresent}, mapping.OwnerStale},
		{"was to take it over from a key that is back", row(takes, adopts("x")), back, mapping.OwnerStale},
		{"took it over and its former row is gone", row(takes, adopts("x")), mapping.Row{}, mapping.OwnerLives},
		{"a takeover that left Engage too", row(takes, wants(mapping.GoalAbsent)), from, mapping.OwnerStale},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := mapping.StandingOf(c.row, c.from, "x", now); got != c.want {
				t.Errorf("standing %d, want %d", got, c.want)
			}
		})
	}
}

// An owner item is believed of those keys only that have the object: their rows, and those that they take over from, say so.
func TestJudgeOwners(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	m := mapping.NewMemory(mapping.MemoryOptions{})
	key := func(dbid int64) model.Key { return model.Key{Kind: model.KindQueue, DBID: dbid} }
	put := func(dbid int64, exID string, w mapping.Wish) {
		w.Key, w.Desired.Key = key(dbid), key(dbid)
		row, err := m.PutDesired(t.Context(), 1, w)
		if err != nil {
			t.Fatal(err)
		}
		state := mapping.StateConverged
		if w.Goal == mapping.GoalOrphan {
			state = mapping.StateOrphan
		}
		if _, err := m.Record(t.Context(), mapping.Outcome{Key: key(dbid), Version: row.Version, EXID: exID, State: state}, now); err != nil {
			t.Fatal(err)
		}
	}
	put(1, "x", mapping.Wish{Goal: mapping.GoalPresent})
	put(2, "other", mapping.Wish{Goal: mapping.GoalPresent})
	put(3, "x", mapping.Wish{Goal: mapping.GoalOrphan})
	put(4, "", mapping.Wish{Goal: mapping.GoalPresent, From: key(3)})
	for _, dbid := range []int64{1, 2, 3, 4, 5} {
		if err := m.Own(t.Context(), model.KindQueue, "x", key(dbid), nil, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Own(t.Context(), model.KindQueue, "y", key(5), nil, false); err != nil {
		t.Fatal(err)
	}
	items, err := m.Owners(t.Context(), model.KindQueue, []string{"x", "y", "z"})
	if err != nil {
		t.Fatal(err)
	}
	if !items["x"].Names(key(5)) || items["y"].Names(key(1)) || items["z"].Names(key(1)) {
		t.Errorf("items %v", items)
	}
	owners, err := mapping.JudgeOwners(t.Context(), m, items, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := owners.Keys("x"), []model.Key{key(1), key(3), key(4)}; !slices.Equal(got, want) || owners.Label("x") != "queue/1" {
		t.Errorf("owners %v, want %v; label %q", got, want, owners.Label("x"))
	}
	if orphan := owners["x"][1]; !orphan.Orphan || owners["x"][0].Orphan || orphan.Row.EXID != "x" {
		t.Errorf("owner %+v", orphan)
	}
	if owners.Owned("y") || owners.Owned("z") || owners.Label("y") != "" {
		t.Errorf("what stale owners have is owned: %v", owners)
	}
}
