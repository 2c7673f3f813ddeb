package listen_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
)

var ada = key(model.KindUser, 101)

// oneUser is a house with one user whose first notice was answered and looked into.
func oneUser(t *testing.T) *house {
	h := newHouse(t)
	h.row(ada, "u-1")
	h.hear(drift(model.KindUser, "u-1"))
	if got := keysOf(h.take()); !slices.Equal(got, []model.Key{ada}) {
		t.Fatalf("the first notice sent %v", got)
	}
	h.table.ops = map[string]int{}
	return h
}

// The first notice is answered at once; whatever follows within the minute is one look after it, without another read or
// message.
func TestCoalesce(t *testing.T) {
	h := oneUser(t)
	h.pass(10 * time.Second)
	if r := h.hear(drift(model.KindUser, "u-1")); r.Later != 1 || r.Sent != 0 || !r.Acts() {
		t.Fatalf("report %+v", r)
	}
	row := h.get(ada)
	if row.State != mapping.StateWaiting || row.Reason == "" || row.Applied == 0 || row.EXID != "u-1" {
		t.Errorf("the row %+v", row)
	}
	if earliest := begin.Add(time.Minute); row.WaitUntil.Before(earliest) || row.WaitUntil.After(earliest.Add(5*time.Second)) {
		t.Errorf("it waits until %s", row.WaitUntil)
	}
	h.table.ops = map[string]int{}
	for range 500 {
		h.pass(90 * time.Millisecond)
		if r := h.hear(drift(model.KindUser, "u-1"), deletion(model.KindUser, "u-1")); r.Coalesced != 2 {
			t.Fatalf("report %+v", r)
		}
	}
	if h.table.total() != 0 || h.depth() != 0 {
		t.Errorf("notices within the minute cost %v, %d messages", h.table.ops, h.depth())
	}
	h.pass(10 * time.Second)
	if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
		t.Errorf("after the minute a notice is answered at once: %+v", r)
	}
}

// A message that is on its way will be read after the notice, so nothing else is needed; once it was taken, it is.
func TestCoalesceWithMessageOnItsWay(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	h.hear(drift(model.KindUser, "u-1"))
	for range 5 {
		if r := h.hear(drift(model.KindUser, "u-1")); r.Coalesced != 1 || r.Later+r.Sent != 0 {
			t.Fatalf("report %+v", r)
		}
	}
	if got := h.take(); len(got) != 1 || h.get(ada).State != mapping.StateConverged {
		t.Fatalf("%d messages, row %s", len(got), h.get(ada).State)
	}
	if r := h.hear(drift(model.KindUser, "u-1")); r.Later != 1 {
		t.Errorf("report %+v", r)
	}
}

// A deletion is not made to wait behind a change that was answered before it, unless the later look is settled already.
func TestDeletionIsUrgent(t *testing.T) {
	h := oneUser(t)
	if r := h.hear(deletion(model.KindUser, "u-1")); r.Sent != 1 {
		t.Fatalf("report %+v", r)
	}
	if ms := h.take(); len(ms) != 1 || ms[0].Cause != model.CauseDeleted {
		t.Errorf("messages %+v", ms)
	}
	if r := h.hear(deletion(model.KindUser, "u-1")); r.Later != 1 {
		t.Errorf("the second deletion within the minute: %+v", r)
	}
}

// A row that is not converged is looked at anyway: now, or when its own wait is over. What is heard after that counts anew.
func TestUnconvergedRows(t *testing.T) {
	t.Run("pending", func(t *testing.T) {
		h := oneUser(t)
		h.record(mapping.Outcome{Key: ada, Version: h.get(ada).Version, State: mapping.StatePending})
		if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
			t.Errorf("report %+v", r)
		}
	})
	t.Run("its wait is over", func(t *testing.T) {
		h := oneUser(t)
		h.record(mapping.Outcome{Key: ada, Version: h.get(ada).Version, State: mapping.StateWaiting, WaitUntil: h.now, Reason: "second look"})
		if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
			t.Errorf("report %+v", r)
		}
		if row := h.get(ada); row.Reason != "second look" {
			t.Errorf("the reason that the worker goes by is gone: %q", row.Reason)
		}
	})
	t.Run("it waits", func(t *testing.T) {
		h := newHouse(t)
		h.row(ada, "u-1")
		h.record(mapping.Outcome{Key: ada, Version: h.get(ada).Version, State: mapping.StateWaiting, WaitUntil: h.now.Add(20 * time.Second), Reason: "second look"})
		if r := h.hear(deletion(model.KindUser, "u-1")); r.Coalesced != 1 || r.Sent != 0 {
			t.Errorf("report %+v", r)
		}
		h.pass(19 * time.Second)
		// The worker may look any moment now, and the notice may come after that.
		if r := h.hear(drift(model.KindUser, "u-1")); r.Coalesced != 1 {
			t.Errorf("report %+v", r)
		}
		h.pass(2 * time.Second)
		if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
			t.Errorf("its wait is over: %+v", r)
		}
	})
}

// A lost message does not silence the object for ever.
func TestLostMessage(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	if ok, err := h.mem.MarkQueued(t.Context(), ada, "lost", h.now, time.Minute); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if r := h.hear(drift(model.KindUser, "u-1")); r.Coalesced != 1 {
		t.Fatalf("report %+v", r)
	}
	h.pass(11 * time.Minute)
	if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
		t.Errorf("report %+v", r)
	}
}

// An object of which the EX Org refuses a part is right but for that, and waits long: a change that is heard of is looked at now.
func TestARefusedPartSilencesNothing(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	h.record(mapping.Outcome{Key: ada, Version: h.get(ada).Version, State: mapping.StateWaiting, Reason: mapping.Refused + "no", WaitUntil: h.now.Add(time.Hour)})
	if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
		t.Errorf("report %+v", r)
	}
}

// A message that waits on a full queue is not lost, however old its mark is: none is sent beside it.
func TestAFullQueueLosesNothing(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
		t.Fatalf("report %+v", r)
	}
	const before = 2000 // messages, of some calls each, at 300 calls a minute
	for i := range before / queue.BatchSize {
		var batch []queue.Message
		for j := range queue.BatchSize {
			batch = append(batch, queue.Message{Key: key(model.KindSkill, int64(1+i*queue.BatchSize+j)), Token: "t", Cause: model.CauseEngage})
		}
		if err := h.work.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	h.pass(15 * time.Minute)
	if r := h.hear(drift(model.KindUser, "u-1")); r.Coalesced != 1 || h.depth() != before+1 {
		t.Errorf("report %+v, %d messages", r, h.depth())
	}
	h.pass(10 * time.Hour)
	if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 {
		t.Errorf("a lost message silences the object for ever: %+v", r)
	}
}

// A worker that is at work when the row is made to wait can not end the wait: its version is out of date.
func TestPostponeAgainstWorker(t *testing.T) {
	h := oneUser(t)
	loaded := h.get(ada)
	h.hear(drift(model.KindUser, "u-1"))
	_, err := h.mem.Record(t.Context(), mapping.Outcome{Key: ada, Version: loaded.Version, State: mapping.StateConverged}, h.now)
	if model.CodeOf(err) != model.CodeStale || h.get(ada).State != mapping.StateWaiting {
		t.Errorf("the worker records %v, the row is %s", err, h.get(ada).State)
	}
}

// A worker that ends in the middle of it is waited for; a desired state that comes in the middle of it gets a message.
func TestPostponeRaces(t *testing.T) {
	t.Run("the worker ends", func(t *testing.T) {
		h := oneUser(t)
		loaded := h.get(ada)
		h.table.before = once("Release", func() {
			h.record(mapping.Outcome{Key: ada, Version: loaded.Version, State: mapping.StateConverged})
		})
		if r := h.hear(drift(model.KindUser, "u-1")); r.Later != 1 || h.get(ada).State != mapping.StateWaiting {
			t.Errorf("report %+v, row %s", r, h.get(ada).State)
		}
	})
	t.Run("the worker ends again and again", func(t *testing.T) {
		h := oneUser(t)
		loaded := h.get(ada)
		h.table.before = func(op string) {
			if op == "Release" {
				h.record(mapping.Outcome{Key: ada, Version: loaded.Version, State: mapping.StateConverged})
			}
		}
		if r := h.hear(drift(model.KindUser, "u-1")); r.Sent != 1 || h.depth() != 1 {
			t.Errorf("report %+v, %d messages", r, h.depth())
		}
	})
	for _, op := range []string{"Record", "Release"} {
		t.Run("Engage changes it before "+op, func(t *testing.T) {
			h := oneUser(t)
			h.table.before = once(op, func() {
				wish := mapping.Wish{Key: ada, Goal: mapping.GoalPresent, Desired: model.Object{Key: ada, Name: "Ada L"}, Cause: model.CauseEngage}
				if _, err := h.mem.PutDesired(t.Context(), 2, wish); err != nil {
					t.Fatal(err)
				}
			})
			r := h.hear(drift(model.KindUser, "u-1"))
			if ms := h.take(); r.Sent != 1 || len(ms) != 1 || ms[0].Version != h.get(ada).Version {
				t.Errorf("report %+v, messages %+v", r, ms)
			}
			if row := h.get(ada); row.State != mapping.StatePending || row.Desired.Name != "Ada L" {
				t.Errorf("the row %+v", row)
			}
		})
		t.Run("the row goes before "+op, func(t *testing.T) {
			h := oneUser(t)
			h.table.before = once(op, func() {
				if err := h.mem.Forget(t.Context(), ada); err != nil {
					t.Fatal(err)
				}
			})
			if r := h.hear(drift(model.KindUser, "u-1")); r.Ignored["no row"] != 1 || h.depth() != 0 {
				t.Errorf("report %+v", r)
			}
		})
		t.Run("the table fails at "+op, func(t *testing.T) {
			h := oneUser(t)
			h.table.fail = map[string]error{op: model.Errorf(model.CodeUnavailable, "table", "down")}
			n := drift(model.KindUser, "u-1")
			if _, err := h.listen.Hear(t.Context(), []notice.Notice{n}); model.CodeOf(err) != model.CodeUnavailable {
				t.Fatalf("error %v", err)
			}
			h.table.fail = nil
			h.hear(n)
			if row := h.get(ada); h.depth() == 0 && row.State == mapping.StateConverged {
				t.Error("nobody will look")
			}
		})
	}
}

// once acts before the first call of an operation.
func once(op string, act func()) func(string) {
	done := false
	return func(o string) {
		if o == op && !done {
			done = true
			act()
		}
	}
}

// Two processes that hear of one object at the same time put one message on the queue. One that is told the same event can
// not know whether the other failed after it had marked the row: it sends another.
func TestTwoProcesses(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	other := h.another()
	n := drift(model.KindUser, "u-1")
	h.hear(n)
	r, err := other.Hear(t.Context(), []notice.Notice{drift(model.KindUser, "u-1")})
	if err != nil || r.Coalesced != 1 || h.depth() != 1 {
		t.Errorf("another event: %+v, %d messages, %v", r, h.depth(), err)
	}
	r, err = h.another().Hear(t.Context(), []notice.Notice{n})
	if err != nil || r.Sent != 1 {
		t.Errorf("the same event: %+v, %v", r, err)
	}
	if ms := h.take(); len(ms) != 2 || h.get(ada).Queued != nil {
		t.Errorf("messages %+v, mark %v", ms, h.get(ada).Queued)
	}
}

// The mark that a failed call leaves, because the table was gone when it had to be taken away, does not silence the object:
// the event that is told again, to a process that knows nothing of it, replaces it.
func TestMarkLeftBehind(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	n := drift(model.KindUser, "u-1")
	h.mem.SetFault(func(op string) mapping.Fault {
		if op == "MarkQueued" {
			return mapping.FaultAfter
		}
		if op == "ClearQueued" {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	if _, err := h.listen.Hear(t.Context(), []notice.Notice{n}); err == nil {
		t.Fatal("no error")
	}
	h.mem.SetFault(nil)
	if h.get(ada).Queued == nil {
		t.Fatal("no mark was left behind: the test proves nothing")
	}
	r, err := h.another().Hear(t.Context(), []notice.Notice{n})
	if err != nil || r.Sent != 1 || len(h.take()) != 1 || h.get(ada).Queued != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// Between the read of the row and the mark another process may have marked it: its message does.
func TestMarkedInBetween(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	h.table.before = once("MarkQueued", func() {
		if _, err := h.mem.MarkQueued(t.Context(), ada, "other", h.now, time.Minute); err != nil {
			t.Fatal(err)
		}
	})
	if r := h.hear(drift(model.KindUser, "u-1")); r.Coalesced != 1 || h.depth() != 0 || h.get(ada).Queued.Token != "other" {
		t.Errorf("report %+v", r)
	}
}
