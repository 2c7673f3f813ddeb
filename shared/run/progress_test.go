package run_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
)

// During a load status says how many of how many are done, and how long the rest takes; a day's work is no load.
func TestStatusTellsOfALoad(t *testing.T) {
	d := newTable(t)
	d.document("site", map[string]any{"table": "mapping", "mapped": map[string]int{"user": 100, "queue": 10}})
	settings := rules.Default(101, rules.Preset202307)
	status := func() run.Status {
		t.Helper()
		r := run.New(run.Config{Table: d.table, TableName: "mapping", Queue: d.queue, Settings: settings, Clients: []string{"a"}, Now: func() time.Time { return midday }})
		s, err := r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for n := int64(1); n <= 20; n++ {
		d.row(user(n), mapping.GoalPresent, mapping.StatePending, "", 0)
	}
	if p := status().Progress; p != nil {
		t.Errorf("20 objects are told as a load: %+v", p)
	}
	for n := int64(21); n <= 80; n++ {
		d.row(user(n), mapping.GoalPresent, mapping.StatePending, "", 0)
	}
	d.row(queueOf(1), mapping.GoalPresent, mapping.StateWaiting, "the budget is spent", time.Minute)
	d.row(queueOf(2), mapping.GoalPresent, mapping.StateQuarantined, "no", time.Minute)
	p := status().Progress
	want := []run.KindProgress{{Kind: model.KindQueue, Done: 9, Of: 10}, {Kind: model.KindUser, Done: 20, Of: 100}}
	if p == nil || !slices.Equal(p.Kinds, want) || p.PerMinute != 300 || p.Left != 2*time.Minute {
		t.Errorf("progress is %+v", p)
	}
}
