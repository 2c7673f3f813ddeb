package replay_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
)

// visibility is how long the house's dead-letter queue hides what was received.
const visibility = 30 * time.Second

// house is the mapping table and both queues of a tenant, with a clock that stands until it is moved.
type house struct {
	table *mapping.Memory
	work  *queue.Memory
	dead  *queue.Memory
	clock *clock

	mu  sync.Mutex
	cut func(op string) (before, after bool)
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newHouse() *house {
	h := &house{clock: &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}}
	h.dead = queue.NewMemory(h.faulty("dead", queue.MemoryConfig{Now: h.clock.Now, Visibility: visibility}))
	h.work = queue.NewMemory(h.faulty("work", queue.MemoryConfig{Now: h.clock.Now, Visibility: visibility, MaxReceive: 2, Dead: h.dead}))
	h.table = mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: h.clock.Now}, Fault: func(op string) mapping.Fault {
		switch before, after := h.asked("table " + op); {
		case before:
			return mapping.FaultBefore
		case after:
			return mapping.FaultAfter
		default:
			return mapping.FaultNone
		}
	}})
	return h
}

// faulty lets the house's cut decide what a queue answers.
func (h *house) faulty(name string, c queue.MemoryConfig) queue.MemoryConfig {
	fail := func(op string) error { return model.Errorf(model.CodeUnavailable, op, "cut off") }
	c.Faults = func(op string) error {
		if before, _ := h.asked(name + " " + op); before {
			return fail(op)
		}
		return nil
	}
	c.Lost = func(op string) error {
		if _, after := h.asked(name + " " + op + " done"); after {
			return fail(op)
		}
		return nil
	}
	return c
}

func (h *house) asked(op string) (before, after bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cut == nil {
		return false, false
	}
	return h.cut(op)
}

func (h *house) setCut(cut func(op string) (before, after bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = cut
}

func (h *house) config() replay.Config {
	return replay.Config{Letters: h.dead, Work: h.work, Rows: h.table, PerMinute: 300, Now: h.clock.Now}
}

// replay makes one replay that must succeed.
func (h *house) replay(t testing.TB, req replay.Request) replay.Report {
	t.Helper()
	report, err := replay.New(h.config()).Replay(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	h.checkCounts(t, report)
	return report
}

// checkCounts holds a report's counts against its lists.
func (h *house) checkCounts(t testing.TB, r replay.Report) {
	t.Helper()
	c := r.Counts
	if c.Moved != len(r.Moved) || c.Dropped != len(r.Dropped) || c.Left != len(r.Left)+r.More || c.Letters != c.Moved+c.Dropped+c.Left {
		t.Errorf("counts %+v for %d moved, %d dropped, %d left and %d more", c, len(r.Moved), len(r.Dropped), len(r.Left), r.More)
	}
}

func user(n int64) model.Key { return model.Key{Kind: model.KindUser, DBID: n} }

// row makes a row of the key in a state.
func (h *house) row(t testing.TB, key model.Key, state mapping.State) mapping.Row {
	t.Helper()
	wish := mapping.Wish{Key: key, Goal: mapping.GoalPresent, Cause: model.CauseEngage, Desired: model.Object{Key: key, Name: "N"}}
	if state == mapping.StateOrphan {
		wish.Goal = mapping.GoalOrphan
	}
	row, err := h.table.PutDesired(context.Background(), 7, wish)
	if err != nil {
		t.Fatal(err)
	}
	if row.State == state {
		return row
	}
	return h.set(t, mapping.Outcome{Key: key, Version: row.Version, State: state, Reason: "because of " + string(state)})
}

func (h *house) set(t testing.TB, o mapping.Outcome) mapping.Row {
	t.Helper()
	row, err := h.table.Record(context.Background(), o, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (h *house) get(t testing.TB, key model.Key) mapping.Row {
	t.Helper()
	row, err := h.table.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

const refused = "update user: the EX Org answered 503"

// letter is a dead letter as a worker writes it.
func (h *house) letter(key model.Key, version int64) queue.Message {
	return queue.Message{
		Key: key, Version: version, Token: "t", Cause: model.CauseEngage, Run: 7, Fields: []string{"name"}, Who: "somebody",
		Reason: refused, Code: model.CodeUnavailable, Attempts: 8, At: h.clock.Now(),
	}
}

func (h *house) bury(t testing.TB, letters ...queue.Message) {
	t.Helper()
	if err := h.dead.Send(context.Background(), letters); err != nil {
		t.Fatal(err)
	}
}

// quarantine makes a quarantined row and its dead letter.
func (h *house) quarantine(t testing.TB, keys ...model.Key) {
	t.Helper()
	for _, key := range keys {
		h.bury(t, h.letter(key, h.row(t, key, mapping.StateQuarantined).Version))
	}
}

// crashed puts a message on the work queue and lets workers die on it until the queue gives it up.
func (h *house) crashed(t testing.TB, m queue.Message) {
	t.Helper()
	if err := h.work.Send(context.Background(), []queue.Message{m}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := h.work.Receive(context.Background(), queue.BatchSize, 0); err != nil {
			t.Fatal(err)
		}
		h.clock.pass(visibility + time.Second)
	}
}

// depths counts the messages on both queues; nothing may be in flight.
func (h *house) depths(t testing.TB) (work, dead int) {
	t.Helper()
	work, w, err := h.work.Depth(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	dead, d, err := h.dead.Depth(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if w+d > 0 {
		t.Errorf("%d messages of the work queue and %d dead letters are in flight", w, d)
	}
	return work, dead
}

// messages takes everything off the work queue, as a worker does that clears the queued marks first.
func (h *house) messages(t testing.TB) []queue.Message {
	t.Helper()
	var all []queue.Message
	for {
		got, err := h.work.Receive(context.Background(), queue.BatchSize, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return all
		}
		for _, r := range got {
			if _, err := h.table.ClearQueued(context.Background(), r.Key, r.Token); err != nil {
				t.Fatal(err)
			}
			all = append(all, r.Message)
		}
		if err := h.work.Delete(context.Background(), got); err != nil {
			t.Fatal(err)
		}
	}
}

// names writes lines as "key: why" for comparison.
func names(lines []replay.Line) []string {
	texts := make([]string, 0, len(lines))
	for _, l := range lines {
		texts = append(texts, fmt.Sprintf("%s: %s", l.Key, l.Why))
	}
	slices.Sort(texts)
	return texts
}
