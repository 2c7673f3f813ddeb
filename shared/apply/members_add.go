package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// addMembers adds users in batches. One user that is not there fails the whole call: then the batch is halved until the
// bad ones stand alone, and the others join.
func (l *look) addMembers(ctx context.Context, q mapping.Row, users []string) (bad []refusedOne[string], err error) {
	search := badSearch{look: l, queue: q}
	for batch := range slices.Chunk(users, l.Settings.Limits.MembersPerCall) {
		if err := search.add(ctx, batch); err != nil {
			return search.bad, err
		}
	}
	return search.bad, nil
}

// callsForBad bounds the search: a call that is refused whatever it names is a fault of the call.
const callsForBad = 64

type badSearch struct {
	*look
	queue mapping.Row
	calls int
	seen  bool // the queue itself is there
	bad   []refusedOne[string]
}

func (s *badSearch) add(ctx context.Context, batch []string) error {
	if s.calls++; s.calls > callsForBad+len(s.row.Desired.Members)/s.Settings.Limits.MembersPerCall {
		return fmt.Errorf("add members to %s: %d calls were refused whatever they named", s.queue.Key, s.calls)
	}
	failure := s.Writer.AddMembers(ctx, s.queue.EXID, batch)
	if failure == nil {
		return nil
	}
	if !isRefusal(failure) {
		return fmt.Errorf("add members to %s: %w", s.queue.Key, failure)
	}
	if err := s.queueSeen(ctx, failure); err != nil {
		return err
	}
	if len(batch) == 1 {
		s.bad = append(s.bad, refusedOne[string]{batch[0], failure})
		return nil
	}
	if err := s.add(ctx, batch[:len(batch)/2]); err != nil {
		return err
	}
	return s.add(ctx, batch[len(batch)/2:])
}

// queueSeen makes sure, once, that it is not the queue that is missing.
func (s *badSearch) queueSeen(ctx context.Context, failure error) error {
	if s.seen {
		return nil
	}
	_, _, err := s.Org.Get(ctx, model.KindQueue, s.queue.EXID)
	if err != nil {
		return s.queueTrouble(ctx, s.queue, "read", err)
	}
	if model.CodeOf(failure) == model.CodeNotFound && s.now.Sub(s.queue.Written) < lagWait {
		return waitFor(s.queue.Key, s.now.Add(lagWait), s.queue.Key.String()+" was made a short while ago and takes no members yet")
	}
	s.seen = true
	return nil
}

// badMembers notes the users that the EX Org does not take and asks for a look at each: everybody else has joined.
func (l *look) badMembers(ctx context.Context, q mapping.Row, bad []refusedOne[string]) error {
	if len(bad) == 0 {
		return nil
	}
	ids := make([]string, 0, len(bad))
	for _, b := range bad {
		ids = append(ids, b.one)
	}
	owners, err := l.usersOf(ctx, ids)
	if err != nil {
		return fmt.Errorf("tell who the EX Org does not take into %s: %w", l.row.Key, err)
	}
	var first model.Key
	for _, b := range bad {
		r := mapping.Refusal{Part: model.FieldMembers, EXID: b.one}
		for _, key := range owners.Keys(b.one) {
			if err := l.lookAt(ctx, key); err != nil {
				return err
			}
			first, r.Name = key, key.String()
		}
		l.refuse(ctx, r, b.err)
		if l.now.Sub(q.Written) < l.Settings.IndexLag { // a new queue may not be known everywhere yet
			l.refusals[len(l.refusals)-1].Next = l.now.Add(time.Minute)
		}
	}
	return waitFor(first, nextOf(l.refusals), fmt.Sprintf("the EX Org does not take %d users into the queue, %s among them; all others are in it", len(bad), first))
}
