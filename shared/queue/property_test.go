package queue_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/queue"
)

// naive is a FIFO queue as one would explain it: one list of messages, and rules that look at all of it each time.
type naive struct {
	now      time.Time
	list     []*naiveMessage
	dead     []string
	accepted map[string]time.Time
}

type naiveMessage struct {
	name, key string
	count     int
	receipt   string
	until     time.Time
}

const (
	naiveVisibility = 30 * time.Second
	naiveMaxReceive = 3
)

func (m *naiveMessage) flies(now time.Time) bool { return m.receipt != "" && now.Before(m.until) }

func (n *naive) send(m queue.Message) {
	id := m.Deduplication()
	if at, ok := n.accepted[id]; ok && n.now.Sub(at) < 5*time.Minute {
		return
	}
	n.accepted[id] = n.now
	n.list = append(n.list, &naiveMessage{name: id, key: m.Group()})
}

// free says whether nothing of the key is in flight.
func (n *naive) free(key string) bool {
	return !slices.ContainsFunc(n.list, func(m *naiveMessage) bool { return m.key == key && m.flies(n.now) })
}

// head gives the messages of a key in order.
func (n *naive) head(key string) []*naiveMessage {
	var all []*naiveMessage
	for _, m := range n.list {
		if m.key == key {
			all = append(all, m)
		}
	}
	return all
}

// bury takes what was received too often from the head of a free key.
func (n *naive) bury(key string) {
	for _, m := range n.head(key) {
		if m.count < naiveMaxReceive {
			return
		}
		n.dead = append(n.dead, m.name)
		n.remove(m)
	}
}

func (n *naive) remove(m *naiveMessage) {
	n.list = slices.DeleteFunc(n.list, func(o *naiveMessage) bool { return o == m })
}

// receive holds what the twin gave against the rules and follows it. Which free keys come first is the twin's choice.
func (n *naive) receive(most int, got []queue.Received) error {
	var keys []string
	for _, m := range n.list {
		if !slices.Contains(keys, m.key) && n.free(m.key) {
			keys = append(keys, m.key)
		}
	}
	byKey := map[string][]queue.Received{}
	for _, r := range got {
		byKey[r.Group()] = append(byKey[r.Group()], r)
	}
	available, untouched := 0, 0
	for _, key := range keys {
		live := slices.DeleteFunc(n.head(key), func(m *naiveMessage) bool { return m.count >= naiveMaxReceive })
		available += len(live)
		given := byKey[key]
		delete(byKey, key)
		if len(given) == 0 {
			untouched++
			continue
		}
		n.bury(key)
		if err := n.give(n.head(key), given); err != nil {
			return err
		}
	}
	if len(byKey) > 0 {
		return fmt.Errorf("keys came that are in flight or have nothing: %v", byKey)
	}
	if want := min(most, available); len(got) != want {
		return fmt.Errorf("%d messages came, want %d of %d available", len(got), want, available)
	}
	if len(got) < most {
		// The twin looked at every free key, so those with nothing to give lost what was received too often.
		for _, key := range keys {
			if n.free(key) {
				n.bury(key)
			}
		}
	}
	return nil
}

func (n *naive) give(head []*naiveMessage, given []queue.Received) error {
	if len(given) > len(head) {
		return fmt.Errorf("%d messages of %s came, there are %d", len(given), given[0].Group(), len(head))
	}
	for i, r := range given {
		m := head[i]
		m.count++
		m.receipt, m.until = r.Receipt, n.now.Add(naiveVisibility)
		if r.Deduplication() != m.name || r.Count != m.count {
			return fmt.Errorf("%s came for the %d. time, want %s for the %d.", r.Deduplication(), r.Count, m.name, m.count)
		}
	}
	return nil
}

// flying gives the message of a receipt, nil when its time ran out.
func (n *naive) flying(r queue.Received) *naiveMessage {
	for _, m := range n.list {
		if m.receipt == r.Receipt && m.flies(n.now) {
			return m
		}
	}
	return nil
}

// depth counts; spent messages of free keys go to the dead letters at some later receive, and are told apart here.
func (n *naive) depth() (waiting, spent, inFlight int) {
	for _, m := range n.list {
		switch {
		case m.flies(n.now):
			inFlight++
		case m.count >= naiveMaxReceive && n.free(m.key):
			spent++
		default:
			waiting++
		}
	}
	return waiting, spent, inFlight
}

// machine plays the same steps on both.
type machine struct {
	ctx   context.Context
	model *naive
	twin  *queue.Memory
	dead  *queue.Memory
	held  []queue.Received // everything that was ever received
}

func newMachine(ctx context.Context) *machine {
	m := &machine{ctx: ctx, model: &naive{now: newClock().now(), accepted: map[string]time.Time{}}}
	now := func() time.Time { return m.model.now }
	m.dead = queue.NewMemory(queue.MemoryConfig{Now: now})
	m.twin = queue.NewMemory(queue.MemoryConfig{Now: now, Visibility: naiveVisibility, MaxReceive: naiveMaxReceive, Dead: m.dead})
	return m
}

func (m *machine) send(t *rapid.T) {
	var messages []queue.Message
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		messages = append(messages, look(rapid.Int64Range(1, 4).Draw(t, "dbid"), rapid.Int64Range(1, 6).Draw(t, "version")))
	}
	if err := m.twin.Send(m.ctx, messages); err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		m.model.send(message)
	}
}

func (m *machine) receive(t *rapid.T) {
	n := rapid.IntRange(1, queue.BatchSize).Draw(t, "most")
	got, err := m.twin.Receive(m.ctx, n, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.model.receive(n, got); err != nil {
		t.Fatal(err)
	}
	m.held = append(m.held, got...)
}

// some draws deliveries, old ones too.
func (m *machine) some(t *rapid.T) []queue.Received {
	if len(m.held) == 0 {
		t.Skip("nothing was received")
	}
	return rapid.SliceOfN(rapid.SampledFrom(m.held), 1, 3).Draw(t, "deliveries")
}

func (m *machine) delete(t *rapid.T) {
	some := m.some(t)
	if err := m.twin.Delete(m.ctx, some); err != nil {
		t.Fatal(err)
	}
	for _, r := range some {
		if flying := m.model.flying(r); flying != nil {
			m.model.remove(flying)
		}
	}
}

func (m *machine) setVisibility(t *rapid.T) {
	some := m.some(t)
	d := time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second
	if err := m.twin.SetVisibility(m.ctx, some, d); err != nil {
		t.Fatal(err)
	}
	until := m.model.now.Add(d)
	var flying []*naiveMessage
	for _, r := range some {
		flying = append(flying, m.model.flying(r))
	}
	for _, f := range flying {
		if f != nil {
			f.until = until
		}
	}
}

func (m *machine) move(t *rapid.T) {
	m.model.now = m.model.now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second)
}

// agree compares what both tell.
func (m *machine) agree(t *rapid.T) {
	waiting, inFlight, err := m.twin.Depth(m.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if w, spent, f := m.model.depth(); waiting < w || waiting > w+spent || f != inFlight {
		t.Fatalf("%d wait and %d are in flight, want %d (and up to %d spent) and %d", waiting, inFlight, w, spent, f)
	}
}

// drain receives everything until nothing is left but dead letters, and gives those.
func (m *machine) drain(t *rapid.T) []string {
	for {
		m.model.now = m.model.now.Add(time.Hour)
		got, err := m.twin.Receive(m.ctx, queue.BatchSize, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.model.receive(queue.BatchSize, got); err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
	}
	var dead []string
	for {
		got, err := m.dead.Receive(m.ctx, queue.BatchSize, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return dead
		}
		for _, r := range got {
			dead = append(dead, r.Deduplication())
		}
		if err := m.dead.Delete(m.ctx, got); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is done in whatever order, the twin is a FIFO queue as one would explain it.
func TestTheTwinAgreesWithANaiveQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t.Context())
		rt.Repeat(map[string]func(*rapid.T){
			"send": m.send, "receive": m.receive, "delete": m.delete, "set visibility": m.setVisibility, "move": m.move, "": m.agree,
		})
		dead := m.drain(rt)
		slices.Sort(dead)
		slices.Sort(m.model.dead)
		if !slices.Equal(dead, m.model.dead) {
			rt.Fatalf("dead letters %v, want %v", dead, m.model.dead)
		}
	})
}
