package queue

import (
	"container/list"
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"excs/shared/model"
)

// Memory is the twin of an SQS FIFO queue: groups in order and one at a time, deduplication for five minutes, visibility,
// receive counts, a dead-letter queue after too many receives. It is safe for concurrent use.
type Memory struct {
	now        func() time.Time
	visibility time.Duration
	maxReceive int
	dead       *Memory

	mu     sync.Mutex
	next   int
	groups map[string]*group
	ready  *list.List           // groups with a message to give, longest waiting first
	flying map[*group]struct{}  // groups with messages in flight or hidden
	byID   map[string]*stored   // receipt: message in flight
	seen   map[string]time.Time // group and deduplication id: when first sent
	wake   chan struct{}        // closed and replaced when something arrives
	faults func(op string) error
}

// group is one message group: its messages in order; the first of them may be in flight.
type group struct {
	name     string
	messages []*stored
	inFlight int           // how many, from the front
	hidden   time.Time     // when those come back
	element  *list.Element // its place in ready, nil when it is not there
}

type stored struct {
	id      string
	body    string
	receipt string
	count   int
	sent    time.Time
	group   *group
}

// MemoryConfig sets up a twin. Zero values: wall clock, 30 s visibility, no dead-letter queue, no faults.
type MemoryConfig struct {
	Now        func() time.Time
	Visibility time.Duration
	// MaxReceive and Dead are the redrive policy: a message received more than MaxReceive times moves to Dead.
	MaxReceive int
	Dead       *Memory
	Faults     func(op string) error
}

// deduplicationKeep is how long SQS remembers a deduplication id, counted from the first send.
const deduplicationKeep = 5 * time.Minute

// longestID is the longest group or deduplication id that SQS takes; emulators take longer ones, so it is checked here.
const longestID = 128

var _ Queue = (*Memory)(nil)

// NewMemory makes an empty queue.
func NewMemory(c MemoryConfig) *Memory {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Visibility == 0 {
		c.Visibility = 30 * time.Second
	}
	return &Memory{
		now: c.Now, visibility: c.Visibility, maxReceive: c.MaxReceive, dead: c.Dead, faults: c.Faults,
		groups: map[string]*group{}, ready: list.New(), flying: map[*group]struct{}{}, byID: map[string]*stored{},
		seen: map[string]time.Time{}, wake: make(chan struct{}),
	}
}

// Send puts messages on the queue.
func (q *Memory) Send(_ context.Context, messages []Message) error {
	if err := q.fault("send"); err != nil {
		return &SendError{Failed: messages, Err: err}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range messages {
		if err := checkIDs(m); err != nil {
			return &SendError{Failed: messages[i:], Err: err}
		}
		body, err := m.Encode()
		if err != nil {
			return &SendError{Failed: messages[i:], Err: err}
		}
		q.put(m.Group(), m.Deduplication(), body)
	}
	return nil
}

func (q *Memory) put(name, dedup, body string) {
	now := q.now()
	mark := name + "\x00" + dedup
	if at, ok := q.seen[mark]; ok && now.Sub(at) < deduplicationKeep {
		return
	}
	q.forget(now)
	q.seen[mark] = now
	q.next++
	g := q.groups[name]
	if g == nil {
		g = &group{name: name}
		q.groups[name] = g
	}
	g.messages = append(g.messages, &stored{id: "m" + strconv.Itoa(q.next), body: body, sent: now, group: g})
	q.makeReady(g)
	close(q.wake)
	q.wake = make(chan struct{})
}

// forget drops old deduplication marks now and then, so that a long demo does not grow.
func (q *Memory) forget(now time.Time) {
	if len(q.seen)%4096 != 4095 {
		return
	}
	for mark, at := range q.seen {
		if now.Sub(at) >= deduplicationKeep {
			delete(q.seen, mark)
		}
	}
}

// Receive takes up to max messages, waiting up to wait for the first.
func (q *Memory) Receive(ctx context.Context, most int, wait time.Duration) ([]Received, error) {
	if err := q.fault("receive"); err != nil {
		return nil, err
	}
	deadline := q.now().Add(wait)
	for {
		got, wake := q.take(most)
		left := deadline.Sub(q.now())
		if len(got) > 0 || left <= 0 {
			return got, nil
		}
		timer := time.NewTimer(min(left, 100*time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (q *Memory) makeReady(g *group) {
	if g.element == nil && g.inFlight == 0 && len(g.messages) > 0 {
		g.element = q.ready.PushBack(g)
	}
}

// take gives messages of the groups that have none in flight; one receive may take several messages of one group.
func (q *Memory) take(most int) ([]Received, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	q.reappear(now)
	var got []Received
	for len(got) < most && q.ready.Len() > 0 {
		g, _ := q.ready.Remove(q.ready.Front()).(*group)
		g.element = nil
		q.bury(g)
		for _, s := range g.messages[:min(len(g.messages), most-len(got))] {
			s.count++
			s.receipt = s.id + "-" + strconv.Itoa(s.count)
			q.byID[s.receipt] = s
			g.inFlight++
			got = append(got, s.received())
		}
		if g.inFlight > 0 {
			g.hidden = now.Add(q.visibility)
			q.flying[g] = struct{}{}
		}
	}
	return got, q.wake
}

// bury moves messages from the front of the group that were received too often to the dead-letter queue.
func (q *Memory) bury(g *group) {
	for q.maxReceive > 0 && q.dead != nil && len(g.messages) > 0 && g.messages[0].count >= q.maxReceive {
		q.dead.adopt(g.messages[0])
		g.messages = g.messages[1:]
	}
	q.drop(g)
}

func (q *Memory) drop(g *group) {
	if len(g.messages) == 0 {
		delete(q.groups, g.name)
		delete(q.flying, g)
	}
}

// reappear frees groups whose visibility ran out.
func (q *Memory) reappear(now time.Time) {
	for g := range q.flying {
		if now.Before(g.hidden) {
			continue
		}
		for _, s := range g.messages[:g.inFlight] {
			delete(q.byID, s.receipt)
		}
		g.inFlight = 0
		delete(q.flying, g)
		q.makeReady(g)
	}
}

// adopt takes a message that was received too often over from another queue. As on SQS its enqueue time is new and its
// deduplication id is the message's own id.
func (q *Memory) adopt(s *stored) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(s.group.name, s.id, s.body)
}

func (s *stored) received() Received {
	r := Received{Body: s.body, ID: s.id, Receipt: s.receipt, Count: s.count, Sent: s.sent}
	r.Message, r.Err = Decode(s.body)
	return r
}

// Delete takes received messages off the queue; a stale receipt deletes nothing.
func (q *Memory) Delete(_ context.Context, received []Received) error {
	if err := q.fault("delete"); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range received {
		s := q.byID[r.Receipt]
		if s == nil {
			continue
		}
		delete(q.byID, r.Receipt)
		g := s.group
		i := slices.Index(g.messages, s)
		g.messages = slices.Delete(g.messages, i, i+1)
		g.inFlight--
		if g.inFlight == 0 {
			delete(q.flying, g)
			q.makeReady(g)
		}
		q.drop(g)
	}
	return nil
}

// SetVisibility makes received messages visible again after d. The group is blocked until then, so it counts for all
// its messages in flight.
func (q *Memory) SetVisibility(_ context.Context, received []Received, d time.Duration) error {
	if err := q.fault("set visibility"); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	for _, r := range received {
		if s := q.byID[r.Receipt]; s != nil {
			s.group.hidden = now.Add(d)
		}
	}
	q.reappear(now)
	return nil
}

// Depth says how many messages wait and how many are in flight.
func (q *Memory) Depth(context.Context) (waiting, inFlight int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reappear(q.now())
	for _, g := range q.groups {
		inFlight += g.inFlight
		waiting += len(g.messages) - g.inFlight
	}
	return waiting, inFlight, nil
}

func (q *Memory) fault(op string) error {
	if q.faults == nil {
		return nil
	}
	return q.faults(op)
}

func checkIDs(m Message) error {
	if n := len(m.Group()); n > longestID {
		return &model.Error{Code: model.CodeInvalid, Op: "send message", Key: m.Key, Err: errLongID("group", n)}
	}
	if n := len(m.Deduplication()); n > longestID {
		return &model.Error{Code: model.CodeInvalid, Op: "send message", Key: m.Key, Err: errLongID("deduplication", n)}
	}
	return nil
}

func errLongID(what string, n int) error {
	return model.Errorf(model.CodeInvalid, "", "its %s id has %d characters, SQS takes %d", what, n, longestID)
}
