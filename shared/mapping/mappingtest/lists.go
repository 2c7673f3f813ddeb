package mappingtest

import (
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
)

// find lists keys of rows, sorted.
func (c *C) find(states []mapping.State, kinds ...model.Kind) ([]model.Key, error) {
	items, err := c.Store.List(c.Ctx, states, kinds)
	keys := make([]model.Key, 0, len(items))
	for _, it := range items {
		keys = append(keys, it.Key)
	}
	slices.SortFunc(keys, model.Key.Compare)
	return keys, err
}

func (c *C) lists(what string, want []model.Key, states []mapping.State, kinds ...model.Kind) {
	c.eventually(what, func() (bool, error) {
		got, err := c.find(states, kinds...)
		return slices.Equal(got, want), err
	})
}

func listChecks() []Check {
	return []Check{
		{"a list of nothing is empty", func(c *C) {
			for _, states := range [][]mapping.State{nil, {mapping.StatePending}, mapping.States(), {"unknown"}} {
				got, err := c.find(states)
				c.ok(err)
				equal(c, "rows", len(got), 0)
			}
		}},
		{"rows are listed by state and kind, converged and gone ones not", listByState},
		{"a row moves from list to list with its state, and leaves when it is converged or forgotten", func(c *C) {
			r := c.put(1, User(1))
			one := []model.Key{r.Key}
			c.lists("pending row", one, []mapping.State{mapping.StatePending})
			c.record(r, mapping.StateHeld)
			c.lists("held row", one, []mapping.State{mapping.StateHeld})
			c.lists("row no longer pending", []model.Key{}, []mapping.State{mapping.StatePending})
			c.record(r, mapping.StateConverged)
			c.lists("converged row", []model.Key{}, mapping.States())
			c.put(2, User(1))
			c.lists("pending row again", one, []mapping.State{mapping.StatePending})
			c.ok(c.Store.Forget(c.Ctx, r.Key))
			c.lists("forgotten row", []model.Key{}, mapping.States())
		}},
		{"a line of the list says state, since, wait, reason, EX id, queued mark and attempts", fullLine},
		{"a list of more than a megabyte is complete", longList},
	}
}

func listByState(c *C) {
	want := map[mapping.State]model.Key{}
	for i, s := range mapping.States() {
		r := c.put(1, User(int64(i+1)))
		c.record(r, s)
		if s != mapping.StateConverged && s != mapping.StateGone {
			want[s] = r.Key
		}
	}
	q := model.Object{Key: queueKey(1), Name: "Billing"}
	c.put(1, q)
	for s, key := range want {
		c.lists(string(s)+" users", []model.Key{key}, []mapping.State{s}, model.KindUser)
	}
	c.lists("pending rows", []model.Key{q.Key, want[mapping.StatePending]}, []mapping.State{mapping.StatePending})
	c.lists("pending queues", []model.Key{q.Key}, []mapping.State{mapping.StatePending, mapping.StatePending}, model.KindQueue)
	c.lists("converged and gone rows", []model.Key{}, []mapping.State{mapping.StateConverged, mapping.StateGone})
	all, err := c.find(mapping.States())
	c.ok(err)
	equal(c, "rows of all states", len(all), len(want)+1)
}

func fullLine(c *C) {
	now := c.Clock.Now()
	r := c.put(1, User(1))
	_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, EXID: "ex", State: mapping.StateWaiting, Reason: "no skill", WaitUntil: now.Add(60e9), Attempts: 2}, now)
	c.ok(err)
	_, err = c.Store.MarkQueued(c.Ctx, r.Key, "q", now, 0)
	c.ok(err)
	want := mapping.Item{Key: r.Key, State: mapping.StateWaiting, Since: now, Unconverged: now, WaitUntil: now.Add(60e9), Reason: "no skill", EXID: "ex", QueuedAt: now, Attempts: 2}
	c.eventually("the line", func() (bool, error) {
		items, err := c.Store.List(c.Ctx, []mapping.State{mapping.StateWaiting}, nil)
		return len(items) == 1 && items[0] == want, err
	})
}

func longList(c *C) {
	reason := strings.Repeat("because ", 4096) // 32 KB, 40 of them are more than a page
	var want []model.Key
	for i := range int64(40) {
		r := c.put(1, model.Object{Key: userKey(i + 1), Name: "user"})
		_, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: 1, State: mapping.StateHeld, Reason: reason}, c.Clock.Now())
		c.ok(err)
		want = append(want, r.Key)
	}
	c.lists("40 held rows", want, []mapping.State{mapping.StateHeld})
}
