package queue

import (
	"container/list"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// group is one message group: its messages in order. While one of them is in flight, the group gives nothing.
type group struct {
	queue    *Memory
	name     string
	messages []*stored
	inFlight int
	element  *list.Element // its place in ready, nil when it is not there
}

// stored is one message on the queue.
type stored struct {
	id      string
	body    string
	count   int
	sent    time.Time
	group   *group
	receipt string    // of the delivery under way, "" when it is not in flight
	hidden  time.Time // when it is visible again
}

// post puts a new message on the queue. Callers hold the lock, as for all below.
func (q *Memory) post(group, dedup, body string) {
	q.sent++
	q.put(q.prefix+"m"+strconv.Itoa(q.sent), group, dedup, body)
}

func (q *Memory) put(id, name, dedup, body string) {
	now := q.config.Now()
	if at, ok := q.seen[dedup]; ok && now.Sub(at) < deduplicationKeep {
		return
	}
	q.forget(now)
	q.seen[dedup] = now
	g := q.groups[name]
	if g == nil {
		g = &group{queue: q, name: name}
		q.groups[name] = g
	}
	g.messages = append(g.messages, &stored{id: id, body: body, sent: now, group: g})
	q.settle(g)
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

// settle puts a group where it belongs after a change: among the flying, the ready, or nowhere. A group that gets ready
// wakes those who wait.
func (q *Memory) settle(g *group) {
	if g.inFlight > 0 {
		q.flying[g] = struct{}{}
		return
	}
	delete(q.flying, g)
	if len(g.messages) == 0 {
		delete(q.groups, g.name)
		return
	}
	if g.element == nil {
		g.element = q.ready.PushBack(g)
		close(q.wake)
		q.wake = make(chan struct{})
	}
}

// take gives messages of the groups that have none in flight; one receive may take several messages of one group.
func (q *Memory) take(most int) ([]Received, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.config.Now()
	q.reappear(now)
	var got []Received
	for len(got) < most && q.ready.Len() > 0 {
		g, _ := q.ready.Remove(q.ready.Front()).(*group)
		g.element = nil
		q.bury(g)
		for _, s := range g.messages[:min(len(g.messages), most-len(got))] {
			q.give(s, now)
			got = append(got, s.received())
		}
		q.settle(g)
	}
	return got, q.wake
}

func (q *Memory) give(s *stored, now time.Time) {
	q.given++
	s.count++
	s.receipt = q.prefix + "r" + strconv.Itoa(q.given)
	s.hidden = now.Add(q.config.Visibility)
	s.group.inFlight++
	q.byID[s.receipt] = s
}

// gave says whether the queue ever gave that receipt.
func (q *Memory) gave(receipt string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(receipt, q.prefix+"r"))
	return err == nil && n >= 1 && n <= q.given
}

func errReceipt(receipt string) error {
	return fmt.Errorf("the receipt %q was never given by this queue", receipt)
}

// bury moves messages from the front of the group that were received too often to the dead-letter queue. The first is
// received at least as often as those behind it, so the front is where to look.
func (q *Memory) bury(g *group) {
	for q.config.MaxReceive > 0 && q.config.Dead != nil && len(g.messages) > 0 && g.messages[0].count >= q.config.MaxReceive {
		q.config.Dead.adopt(g.messages[0])
		g.messages = g.messages[1:]
	}
}

// adopt takes a message that was received too often over from another queue. As on SQS it keeps its id, its enqueue time
// is new and its deduplication id is its own id.
func (q *Memory) adopt(s *stored) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(s.id, s.group.name, s.id, s.body)
}

// reappear ends the flight of messages whose visibility ran out.
func (q *Memory) reappear(now time.Time) {
	for _, g := range slices.SortedFunc(maps.Keys(q.flying), func(a, b *group) int { return strings.Compare(a.name, b.name) }) {
		for _, s := range g.messages {
			if s.receipt != "" && !now.Before(s.hidden) {
				s.land()
			}
		}
		q.settle(g)
	}
}

// land ends a flight: the receipt is worth nothing from now on.
func (s *stored) land() {
	delete(s.group.queue.byID, s.receipt)
	s.receipt = ""
	s.group.inFlight--
}

// delete takes a message in flight off its group.
func (s *stored) delete() {
	s.land()
	i := slices.Index(s.group.messages, s)
	s.group.messages = slices.Delete(s.group.messages, i, i+1)
}

func (s *stored) received() Received {
	r := Received{Body: s.body, ID: s.id, Receipt: s.receipt, Count: s.count, Sent: s.sent}
	r.Message, r.Err = Decode(s.body)
	return r
}
