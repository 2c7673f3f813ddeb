package apply_test

import (
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// meanwhile does something once, right before the n-th record of a worker.
func (b *bench) meanwhile(n int64, do func()) (done func() bool) {
	var records atomic.Int64
	b.table.SetFault(func(op string) mapping.Fault {
		if op == "Record read" && records.Add(1) == n {
			do()
		}
		return mapping.FaultNone
	})
	return func() bool { return records.Load() >= n }
}

// lose takes every message off the queue, and their marks.
func (b *bench) lose() {
	b.Helper()
	for {
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), queue.BatchSize, 0))
		if len(batch) == 0 {
			return
		}
		for _, r := range batch {
			must[mapping.Row](b)(b.table.ClearQueued(b.Context(), r.Key, ""))
		}
		b.ok(b.work.Delete(b.Context(), batch))
	}
}

// Whatever a row waits for may become right between the look's last read of it and the record of the wait: the row is
// looked at once more, and does not wait for a message that was sent already.
func TestWhatComesBeforeTheWaitIsOnRecord(t *testing.T) {
	waits := []struct {
		name  string
		setup func(b *bench)
		// first is looked at and waits; second becomes right meanwhile.
		first model.Key
		comes func(b *bench)
		right func(b *bench)
	}{
		{
			name: "a member list waits for a user that is restored",
			setup: func(b *bench) {
				skillsThere(b)
				b.have(ann(), bob(), line(), membersOf(21, 12))
				b.ok(b.org.DeleteUser(b.exID(ann())))
				b.want(membersOf(21, 11, 12))
			},
			first: membersOf(21).Key,
			comes: func(b *bench) { b.look(ann().Key, model.CauseDeleted) },
			right: func(b *bench) { b.same("members", len(b.memberIDs(line())), 2) },
		},
		{
			name:  "a member list waits for its queue",
			setup: func(b *bench) { skillsThere(b); b.have(ann()); b.want(line()); b.want(membersOf(21, 11)) },
			first: membersOf(21).Key,
			comes: func(b *bench) { b.look(line().Key, model.CauseEngage) },
			right: func(b *bench) { b.same("members", len(b.memberIDs(line())), 1) },
		},
		{
			name:  "a user waits for its skill",
			setup: func(b *bench) { b.want(billing()); b.want(bob()) },
			first: bob().Key,
			comes: func(b *bench) { b.look(billing().Key, model.CauseEngage) },
			right: func(b *bench) { b.same("levels", len(b.exUser(bob()).Skills), 1) },
		},
	}
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			for n, more := int64(1), true; more; n++ {
				in(t, func(b *bench) {
					w.setup(b)
					b.lose()
					time.Sleep(2 * time.Minute)
					struck := b.meanwhile(n, func() {
						b.table.SetFault(nil)
						w.comes(b)
					})
					b.look(w.first, model.CauseEngage)
					b.table.SetFault(nil)
					if more = struck(); !more {
						return
					}
					b.drain() // no time passes: only what was sent meanwhile comes
					w.right(b)
				})
			}
		})
	}
}

// A message for a row that waits for another one is looked at although the row is not due: it may be what wakes it. One for a
// row that waits by the clock is not.
func TestAMessageWakesWhatWaitsForAnother(t *testing.T) {
	in(t, func(b *bench) {
		skillsThere(b)
		b.have(bob(), line())
		b.want(membersOf(21, 11, 12))
		b.minutes(2)
		row := b.state(membersOf(21).Key, mapping.StateWaiting)
		b.same("waits for", row.WaitsFor, ann().Key)
		b.ok(b.org.RemoveMembers(b.exID(line()), b.exID(bob())))
		b.same("due", time.Now().Before(b.row(membersOf(21).Key).WaitUntil), true)
		b.look(membersOf(21).Key, model.CauseRequeue)
		b.same("members", b.memberIDs(line()), b.ids(bob()))

		must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{
			Key: bob().Key, Version: b.row(bob().Key).Version, State: mapping.StateWaiting, WaitUntil: time.Now().Add(time.Minute), Reason: "by the clock",
		}, time.Now()))
		b.org.ResetCounters()
		b.look(bob().Key, model.CauseRequeue)
		b.same("calls for a row that waits by the clock", len(b.calls()), 0)
	})
}
