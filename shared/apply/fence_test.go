package apply_test

import (
	"net/http"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// A desired state that changes while a worker is at it is not lost: the worker records nothing as applied for the new one,
// keeps the EX id, and looks again.
func TestAVersionThatMovesIsLookedAtAgain(t *testing.T) {
	for _, o := range []model.Object{code(1, "A"), queueOf(4, "A"), user(5, "A")} {
		t.Run(string(o.Key.Kind), func(t *testing.T) {
			in(t, func(b *bench) {
				b.want(o)
				changed := o
				changed.Name = "B"
				b.wire.on(http.MethodPost, "s", func() {
					b.run++ // without a message: the worker sees it by the version alone
					must[mapping.Row](b)(b.table.PutDesired(b.Context(), b.run, present(changed)))
				})
				b.drain()
				row := b.row(o.Key)
				if row.EXID == "" || row.Applied == o.Fingerprint() {
					b.Errorf("the row: EX id %q, state %s, applied is the old state", row.EXID, row.State)
				}
				if o.Key.Kind != model.KindQueue { // which rests first
					b.state(o.Key, mapping.StateConverged)
				}
				b.settle()
				b.true()
				b.onlyOne(o)
				b.quiet()
			})
		})
	}
}

// A worker that is stale before it begins to create does not create.
func TestAStaleWorkerDoesNotCreate(t *testing.T) {
	in(t, func(b *bench) {
		b.have(billing())
		o := user(5, "Ann")
		b.want(o)
		done := false
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "Intend read" && !done {
				done = true
				b.wish(goal(o, mapping.GoalOrphan))
			}
			return mapping.FaultNone
		})
		b.settle()
		b.same("users", len(b.org.Users()), 0)
		b.gone(o.Key) // there is nothing to leave to the administrator
	})
}

// Between the load and the write another key may take the object over: then nothing is written by the old one.
func TestOwnershipThatMovesStopsTheWrite(t *testing.T) {
	tests := map[string]struct {
		there  []model.Object
		wish   func(o model.Object) mapping.Wish
		read   string // the last read before the write
		writes string
	}{
		"user":  {[]model.Object{user(5, "Ann")}, func(o model.Object) mapping.Wish { o.Name = "Anna"; return present(o) }, "", "PATCH"},
		"queue": {[]model.Object{queueOf(5, "Line")}, func(o model.Object) mapping.Wish { o.Name = "Hotline"; return present(o) }, "", "PUT"},
		"code":  {[]model.Object{code(5, "Sold")}, func(o model.Object) mapping.Wish { o.Name = "Bought"; return present(o) }, "", "PUT"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				o := tt.there[0]
				b.have(o)
				time.Sleep(5 * time.Minute)
				thief := model.Key{Kind: o.Key.Kind, DBID: 77}
				must[mapping.Row](b)(b.table.PutDesired(b.Context(), b.run, mapping.Wish{Key: thief, Goal: mapping.GoalPresent, Adopt: b.exID(o), Cause: model.CauseEngage}))
				b.wire.on(http.MethodGet, tt.read, func() {
					b.ok(b.table.Own(b.Context(), o.Key.Kind, b.exID(o), thief, []model.Key{o.Key}, false))
				})
				b.org.ResetCounters()
				b.wish(tt.wish(o))
				b.drain()
				for _, w := range b.writes() {
					if w[:len(tt.writes)] == tt.writes {
						b.Errorf("wrote %s", w)
					}
				}
			})
		})
	}
}

// The members of a queue are written only while the queue's key owns it.
func TestMembersOfAQueueThatIsAnothersAreLeftAlone(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.wire.on(http.MethodGet, "/members", func() {
			b.ok(b.table.Own(b.Context(), model.KindQueue, b.exID(line()), queueOf(77, "").Key, []model.Key{line().Key}, false))
		})
		b.org.ResetCounters()
		b.want(membersOf(21, 11))
		b.drain()
		b.same("writes", b.writes(), []string{})
		b.state(membersOf(21).Key, mapping.StateWaiting)
	})
}

// A key whose EX object belongs to another says so and writes nothing; an owner item that nobody's row backs, or whose row has
// another EX object, is taken back.
func TestAnObjectOfAnotherKeyIsNotWritten(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(4, "Line"), queueOf(6, "Other"))
		id := b.exID(queueOf(4, ""))
		b.holder(queueOf(5, "Desk"), id)
		b.ok(b.table.Own(b.Context(), model.KindQueue, id, queueOf(5, "").Key, []model.Key{queueOf(4, "").Key}, false))
		b.want(queueOf(4, "Hotline"))
		b.settle()
		b.state(queueOf(4, "").Key, mapping.StateQuarantined)
		b.same("name", b.exQueue(queueOf(4, "")).Name, "Line")

		former := queueOf(5, "").Key
		b.ok(b.table.Forget(b.Context(), former))
		b.keys[former] = false
		for i, stale := range []model.Key{queueOf(99, "").Key, queueOf(6, "").Key} {
			b.ok(b.table.Own(b.Context(), model.KindQueue, id, stale, []model.Key{former}, false))
			time.Sleep(5 * time.Minute)
			b.have(queueOf(4, []string{"Hotline", "Helpline"}[i]))
			b.same("owners", b.owners(model.KindQueue, id), []model.Key{queueOf(4, "").Key})
			former = queueOf(4, "").Key
		}
	})
}

// A row that goes while it is worked on takes nothing with it: the message is done.
func TestARowThatGoesEndsTheLook(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "A"))
		b.want(code(1, "B"))
		b.keys[code(1, "").Key] = false
		b.wire.on(http.MethodPut, "", func() { b.ok(b.table.Forget(b.Context(), code(1, "").Key)) })
		b.settle()
		waiting, flying, _ := b.work.Depth(b.Context())
		b.same("messages", waiting+flying, 0)
		b.same("letters", len(b.letters()), 0)
	})
}

// No dead letter is written for a desired state that is no longer wanted.
func TestNoLetterForAnOldDesiredState(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/wrapupcodes", Body: "Bad", Status: http.StatusForbidden})
		b.want(code(1, "Bad"))
		b.wire.on(http.MethodPost, "/wrapupcodes", func() { b.want(code(1, "Good")) })
		b.settle()
		b.true()
		b.same("letters", len(b.letters()), 0)
	})
}

// The queued mark is cleared before the object is observed, so that a change during the work is queued again.
func TestTheMarkIsClearedBeforeTheLook(t *testing.T) {
	in(t, func(b *bench) {
		b.want(code(1, "A"))
		b.wire.on(http.MethodPost, "/wrapupcodes", func() {
			b.same("mark during the work", b.row(code(1, "").Key).Queued, "<nil>")
		})
		b.settle()
		b.true()
	})
}

// Of several messages of one key in a batch the last one's mark is cleared too, and the strongest cause counts.
func TestABatchLooksOncePerKey(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "A"), code(2, "X"))
		b.hint(code(2, "").Key, model.CauseDrift)
		b.hint(code(1, "").Key, model.CauseDeleted)
		b.want(code(1, "A"))
		b.ok(b.org.DeleteCode(b.exID(code(1, ""))))
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), 10, 0))
		b.same("messages", len(batch), 3)
		b.org.ResetCounters()
		answers := b.answer(b.worker, batch)
		b.same("answers", len(answers), 3)
		b.same("looks", len(b.calls()), 2)
		b.same("mark", b.row(code(1, "").Key).Queued, "<nil>")
		b.settle()
		b.true()

		b.hint(code(2, "").Key, model.CauseDrift)
		b.hint(code(2, "").Key, model.CauseEngage) // alone it would have nothing to do
		b.org.ResetCounters()
		b.drain()
		b.same("looks", len(b.calls()), 1)
	})
}

// The row's mark may be that of an earlier message of the batch: it is cleared too, or no change would be sent for minutes.
func TestABatchClearsTheMarkOfEveryMessage(t *testing.T) {
	in(t, func(b *bench) {
		b.want(code(1, "A"))
		b.hint(code(1, "").Key, model.CauseDrift)
		b.drain()
		b.state(code(1, "").Key, mapping.StateConverged)
		b.same("mark", b.row(code(1, "").Key).Queued, "<nil>")
	})
}

// A message that can not be read fails alone, so that the queue's own limit takes it to the dead letters.
func TestAnUnreadableMessageFailsAlone(t *testing.T) {
	in(t, func(b *bench) {
		b.want(code(1, "A"))
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), 10, 0))
		bad := queue.Received{ID: "bad", Body: "{", Err: model.Errorf(model.CodeInvalid, "decode message", "on demand")}
		answers := b.worker.Batch(b.Context(), append([]queue.Received{bad}, batch...))
		b.same("bad", answers[0].Failed, true)
		b.same("good", answers[1].State, mapping.StateConverged)
	})
}
