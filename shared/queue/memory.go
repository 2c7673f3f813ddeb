package queue

import (
	"container/list"
	"context"
	"strconv"
	"sync"
	"time"

	"excs/shared/model"
)

// Memory is the twin of an SQS FIFO queue: groups in order and one at a time, deduplication for five minutes over the
// whole queue, visibility, receive counts, a dead-letter queue after too many receives. It is safe for concurrent use.
type Memory struct {
	config MemoryConfig
	prefix string // of message ids, so that they differ from those of the dead-letter queue

	mu      sync.Mutex
	sources int // queues whose dead letters come here
	sent    int
	given   int // receipts
	groups  map[string]*group
	ready   *list.List           // groups with a message to give, longest waiting first
	flying  map[*group]struct{}  // groups with messages in flight
	byID    map[string]*stored   // receipt: message in flight
	seen    map[string]time.Time // deduplication id: when first sent
	wake    chan struct{}        // closed and replaced when a group gets ready
}

// MemoryConfig sets up a twin. Zero values: wall clock, 30 s visibility, no dead-letter queue, no faults.
type MemoryConfig struct {
	Now        func() time.Time
	Visibility time.Duration
	// MaxReceive and Dead are the redrive policy: a message received more than MaxReceive times moves to Dead.
	MaxReceive int
	Dead       *Memory
	// Faults is asked before an operation ("send", "receive", "delete", "set visibility", "depth"): an error is answered
	// instead of doing it.
	Faults func(op string) error
	// Lost is asked after an operation was carried out: an error is answered in place of the result, as when the answer is
	// lost on its way.
	Lost func(op string) error
	// Turn is asked before Faults, with the operation's context and the keys it is for; it may block until it is the
	// caller's turn. The first error is answered instead of doing the operation, the second in place of its result.
	Turn func(ctx context.Context, op string, keys []model.Key) (before, after error)
	// Refuse is asked for each message: one with an error is not put on the queue while the rest of its batch is.
	Refuse func(Message) error
}

// deduplicationKeep is how long SQS remembers a deduplication id, counted from the first send.
const deduplicationKeep = 5 * time.Minute

// glance is how often a waiting receive looks at the clock, which tests may move.
const glance = 100 * time.Millisecond

var _ Queue = (*Memory)(nil)

// NewMemory makes an empty queue.
func NewMemory(c MemoryConfig) *Memory {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Visibility == 0 {
		c.Visibility = 30 * time.Second
	}
	q := &Memory{
		config: c, groups: map[string]*group{}, ready: list.New(), flying: map[*group]struct{}{}, byID: map[string]*stored{},
		seen: map[string]time.Time{}, wake: make(chan struct{}),
	}
	if c.Dead != nil {
		q.prefix = c.Dead.newSource()
	}
	return q
}

func (q *Memory) newSource() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sources++
	return q.prefix + strconv.Itoa(q.sources) + "-"
}

// Send puts messages on the queue.
func (q *Memory) Send(ctx context.Context, messages []Message) error {
	lost, err := q.before(ctx, "send", keysOf(messages)...)
	if err != nil {
		return &SendError{Failed: messages, Err: err}
	}
	ready, failed := prepare(messages)
	q.mu.Lock()
	for _, l := range ready {
		if err := q.refuse(messages[l.at]); err != nil {
			failed[l.at] = err
			continue
		}
		q.post(l.group, l.dedup, l.body)
	}
	q.mu.Unlock()
	if err := q.after("send", lost); err != nil {
		return &SendError{Failed: messages, Err: err}
	}
	return failed.err(messages)
}

// PutBody puts a body on the queue as another sender might: it need not be a message of EXCS.
func (q *Memory) PutBody(group, dedup, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.post(group, dedup, body)
}

// Receive takes up to max messages, waiting up to wait for the first. It waits by the twin's clock.
func (q *Memory) Receive(ctx context.Context, max int, wait time.Duration) ([]Received, error) {
	lost, err := q.before(ctx, "receive")
	if err != nil {
		return nil, err
	}
	got, err := q.await(ctx, most(max), q.config.Now().Add(patience(wait)))
	if err != nil {
		return nil, err
	}
	if err := q.after("receive", lost); err != nil {
		return nil, err
	}
	return got, nil
}

func (q *Memory) await(ctx context.Context, most int, deadline time.Time) ([]Received, error) {
	for {
		got, wake := q.take(most)
		left := deadline.Sub(q.config.Now())
		if len(got) > 0 || left <= 0 {
			return got, nil
		}
		timer := time.NewTimer(min(left, glance))
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
		if err := ended(ctx, "receive messages"); err != nil {
			return nil, err
		}
	}
}

// Delete takes received messages off the queue; a receipt whose time ran out deletes nothing.
func (q *Memory) Delete(ctx context.Context, received []Received) error {
	return q.answer(ctx, "delete", received, (*stored).delete)
}

// SetVisibility makes received messages visible again after d; a receipt whose time ran out changes nothing.
func (q *Memory) SetVisibility(ctx context.Context, received []Received, d time.Duration) error {
	return q.answer(ctx, "set visibility", received, func(s *stored) { s.hidden = q.config.Now().Add(hiding(d)) })
}

// answer does something to each message in flight and tells the first receipt that was never given.
func (q *Memory) answer(ctx context.Context, op string, received []Received, do func(*stored)) error {
	keys := make([]model.Key, 0, len(received))
	for _, r := range received {
		keys = append(keys, r.Key)
	}
	lost, err := q.before(ctx, op, keys...)
	if err != nil {
		return err
	}
	if err := q.answerAll(op, received, do); err != nil {
		return err
	}
	return q.after(op, lost)
}

func (q *Memory) answerAll(op string, received []Received, do func(*stored)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reappear(q.config.Now())
	var first error
	for _, r := range received {
		if s := q.byID[r.Receipt]; s != nil {
			do(s)
			q.settle(s.group)
		} else if first == nil && !q.gave(r.Receipt) {
			first = &model.Error{Code: model.CodeInvalid, Op: op, Key: r.Key, Err: errReceipt(r.Receipt)}
		}
	}
	q.reappear(q.config.Now())
	return first
}

// Depth says how many messages wait and how many are in flight.
func (q *Memory) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	lost, err := q.before(ctx, "depth")
	if err != nil {
		return 0, 0, err
	}
	q.mu.Lock()
	q.reappear(q.config.Now())
	for _, g := range q.groups {
		inFlight += g.inFlight
		waiting += len(g.messages) - g.inFlight
	}
	q.mu.Unlock()
	return waiting, inFlight, q.after("depth", lost)
}

// before is what every operation asks first. lost is what its answer is lost with, nil when it is not.
func (q *Memory) before(ctx context.Context, op string, keys ...model.Key) (lost, err error) {
	if err := ended(ctx, op); err != nil {
		return nil, err
	}
	if q.config.Turn != nil {
		if err, lost = q.config.Turn(ctx, op, keys); err == nil {
			err = ended(ctx, op)
		}
	}
	if err != nil || q.config.Faults == nil {
		return lost, err
	}
	return lost, q.config.Faults(op)
}

func (q *Memory) after(op string, lost error) error {
	if lost != nil || q.config.Lost == nil {
		return lost
	}
	return q.config.Lost(op)
}

func keysOf(messages []Message) []model.Key {
	keys := make([]model.Key, 0, len(messages))
	for _, m := range messages {
		keys = append(keys, m.Key)
	}
	return keys
}

func (q *Memory) refuse(m Message) error {
	if q.config.Refuse == nil {
		return nil
	}
	return q.config.Refuse(m)
}
