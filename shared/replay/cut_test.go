package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
)

// steps runs a replay of two objects and gives every request that it makes, in order.
func steps(t *testing.T) []string {
	t.Helper()
	h := newHouse()
	h.quarantine(t, user(1), user(2))
	var ops []string
	h.setCut(func(op string) (bool, bool) { ops = append(ops, op); return false, false })
	h.replay(t, replay.Request{})
	return ops
}

// Cut off before or after any single step, a replay loses nothing: a second one brings every object back, each by one
// message, whether the workers were at it in between or not.
func TestCutAfterEachStep(t *testing.T) {
	ops := steps(t)
	for _, must := range []string{"dead receive", "table GetMany", "table Release", "table MarkQueued", "work send", "dead delete"} {
		if !slices.Contains(ops, must) {
			t.Fatalf("a replay does not do %q: %v", must, ops)
		}
	}
	for n, op := range ops {
		for _, after := range []bool{false, true} {
			for _, worked := range []bool{false, true} {
				name := op + map[bool]string{false: " not done", true: " done, answer lost"}[after] + map[bool]string{true: ", workers in between"}[worked]
				t.Run(name, func(t *testing.T) { cutAt(t, n, after, worked) })
			}
		}
	}
}

// cutAt ends a replay at its n-th request: that one fails, and so does everything after it, as when the process dies.
func cutAt(t *testing.T, n int, after, worked bool) {
	h := newHouse()
	h.quarantine(t, user(1), user(2))
	asked := 0
	h.setCut(func(op string) (bool, bool) {
		asked++
		return asked > n+1 || asked == n+1 && !after, asked == n+1 && after
	})
	report, err := replay.New(h.config()).Replay(t.Context(), replay.Request{})
	h.setCut(nil)
	if err != nil && (report.Stopped == "" || strings.Contains(report.Stopped, "\n")) {
		t.Errorf("error %v, stopped %q", err, report.Stopped)
	}
	h.clock.pass(visibility + time.Second) // nobody made the letters visible again
	looks := map[model.Key]int{}
	work := func() {
		for _, m := range h.messages(t) {
			looks[m.Key]++
			row := h.get(t, m.Key)
			if row.State == mapping.StatePending {
				h.set(t, mapping.Outcome{Key: row.Key, Version: row.Version, State: mapping.StateConverged})
			}
		}
	}
	if worked {
		work()
	}
	h.replay(t, replay.Request{})
	work()
	for _, key := range []model.Key{user(1), user(2)} {
		if row := h.get(t, key); row.State != mapping.StateConverged || row.Queued != nil || row.Version != 2 {
			t.Errorf("%s is %s at version %d, mark %v", key, row.State, row.Version, row.Queued)
		}
		if looks[key] != 1 {
			t.Errorf("%s got %d looks", key, looks[key])
		}
	}
	if work, dead := h.depths(t); work+dead > 0 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// What was done before the failure is told with the error; letters that were not reached are told as left, and visible.
func TestPartialReport(t *testing.T) {
	h := newHouse()
	for i := range int64(30) {
		h.quarantine(t, user(i+1))
	}
	releases := 0
	h.setCut(func(op string) (bool, bool) {
		if op == "table Release" {
			releases++
		}
		return op == "table Release" && releases == 13, false
	})
	report, err := replay.New(h.config()).Replay(t.Context(), replay.Request{})
	h.setCut(nil)
	if model.CodeOf(err) != model.CodeUnavailable || !strings.Contains(err.Error(), "pending") {
		t.Errorf("error %v", err)
	}
	if report.Counts != (replay.Counts{Letters: 20, Moved: 12, Left: 8, Objects: 12}) || report.Stopped == "" || report.Remaining != 18 {
		t.Errorf("report %+v, stopped %q, remaining %d", report.Counts, report.Stopped, report.Remaining)
	}
	h.checkCounts(t, report)
	if work, dead := h.depths(t); work != 12 || dead != 18 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// refusing is a work queue that refuses the messages of some keys.
type refusing struct {
	dispatch.Queue
	keys []model.Key
	err  error
}

func (r refusing) Send(ctx context.Context, messages []queue.Message) error {
	var failed, passed []queue.Message
	for _, m := range messages {
		if slices.Contains(r.keys, m.Key) {
			failed = append(failed, m)
		} else {
			passed = append(passed, m)
		}
	}
	if err := r.Queue.Send(ctx, passed); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	return &queue.SendError{Failed: failed, Err: r.err}
}

// A message that the work queue did not take keeps its letter; the others of its batch are moved. A refusal of the message
// itself holds up nothing; a queue that fails ends the replay.
func TestSomeMessagesAreNotSent(t *testing.T) {
	for _, code := range []model.Code{model.CodeInvalid, model.CodeUnavailable} {
		t.Run(string(code), func(t *testing.T) {
			h := newHouse()
			for i := range int64(12) {
				h.quarantine(t, user(i+1))
			}
			c := h.config()
			c.Work = refusing{h.work, []model.Key{user(2)}, model.Errorf(code, "send message", "no")}
			report, err := replay.New(c).Replay(t.Context(), replay.Request{})
			moved := 11
			if code == model.CodeUnavailable {
				moved = 9
			}
			if (err != nil) != (code == model.CodeUnavailable) || report.Counts.Moved != moved || report.Counts.Left != 1 {
				t.Fatalf("%v, counts %+v", err, report.Counts)
			}
			if l := report.Left[0]; l.Key != user(2) || !strings.Contains(l.Why, "not known to be on the work queue") {
				t.Errorf("line %+v", l)
			}
			if work, dead := h.depths(t); work != moved || dead != 12-moved {
				t.Errorf("%d messages, %d dead letters", work, dead)
			}
			if row := h.row(t, user(2), mapping.StatePending); row.Queued != nil {
				t.Errorf("a mark stands without a message: %+v", row.Queued)
			}
			h.replay(t, replay.Request{})
			if work, dead := h.depths(t); work != 12 || dead != 0 {
				t.Errorf("after the second replay %d messages, %d dead letters", work, dead)
			}
		})
	}
}

// watched does something after a message was put on the work queue.
type watched struct {
	dispatch.Queue
	sent func(queue.Message)
}

func (w watched) Send(ctx context.Context, messages []queue.Message) error {
	err := w.Queue.Send(ctx, messages)
	for _, m := range messages {
		w.sent(m)
	}
	return err
}

// An object whose cause is still there fails again while the replay runs: its old letters go, the new one stays and says
// so, and the replay does not chase it.
func TestFailsAgainDuringTheReplay(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	for i := range 14 {
		old := h.letter(user(1), 1)
		old.Attempts = 20 + i
		h.bury(t, old)
	}
	sent := 0
	c := h.config()
	c.Work = watched{h.work, func(m queue.Message) {
		sent++
		h.messages(t)
		h.bury(t, h.letter(m.Key, m.Version))
		h.set(t, mapping.Outcome{Key: m.Key, Version: m.Version, State: mapping.StateQuarantined, Reason: refused})
	}}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if err != nil || sent != 1 {
		t.Fatalf("%v, %d messages", err, sent)
	}
	// The new letter comes behind the last of the old ones, so those stay with it: the queue dealt them out together.
	if report.Counts.Moved != 10 || report.Counts.Left != 6 || !strings.Contains(report.Left[0].Why, "failed again") {
		t.Errorf("report %+v", report)
	}
	if row := h.get(t, user(1)); row.State != mapping.StateQuarantined || row.Version != 2 {
		t.Errorf("the row is %s at version %d", row.State, row.Version)
	}
	report = h.replay(t, replay.Request{})
	if work, dead := h.depths(t); work != 1 || dead != 0 || report.Counts.Moved != 6 {
		t.Errorf("%d messages, %d dead letters, %+v", work, dead, report.Counts)
	}
}

// A worker that is done before the replay has read on makes the object's further letters obsolete.
func TestConvergesDuringTheReplay(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	for i := range 14 {
		old := h.letter(user(1), 1)
		old.Attempts = 20 + i
		h.bury(t, old)
	}
	c := h.config()
	c.Work = watched{h.work, func(m queue.Message) {
		h.messages(t)
		h.set(t, mapping.Outcome{Key: m.Key, Version: m.Version, State: mapping.StateConverged})
	}}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if work, dead := h.depths(t); err != nil || work+dead > 0 || report.Counts.Moved != 15 {
		t.Errorf("%v, %d messages, %d dead letters, %+v", err, work, dead, report.Counts)
	}
}

// moving is a table whose rows change or go between the read and the release.
type moving struct {
	replay.Rows
	between func()
}

func (m moving) GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error) {
	rows, err := m.Rows.GetMany(ctx, keys)
	m.between()
	return rows, err
}

// A row that changes at the very moment is not released on old knowledge; one that is forgotten is dropped.
func TestRowsThatMove(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1), user(2), user(3))
	mapped := mapping.Outcome{Key: user(1), Version: h.get(t, user(1)).Version, EXID: "ex-1"} // without an EX object it is no orphan yet
	if _, err := h.table.Record(t.Context(), mapped, h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	c := h.config()
	c.Rows = moving{h.table, func() {
		if _, err := h.table.PutDesired(t.Context(), 8, mapping.Wish{Key: user(1), Goal: mapping.GoalOrphan}); err != nil {
			t.Error(err)
		}
		if err := h.table.Forget(t.Context(), user(2)); err != nil {
			t.Error(err)
		}
	}}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if err != nil || report.Counts != (replay.Counts{Letters: 3, Moved: 1, Dropped: 1, Left: 1, Objects: 1}) {
		t.Fatalf("%v, %+v", err, report.Counts)
	}
	if l := report.Left[0]; l.Key != user(1) || !strings.Contains(l.Why, "changed at this moment") {
		t.Errorf("line %+v", l)
	}
	if h.get(t, user(1)).State != mapping.StateOrphan {
		t.Error("the orphan was set pending")
	}
	if work, dead := h.depths(t); work != 1 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// Letters whose visibility runs out while the replay still works come again: each is told once, one that is done is
// deleted after all, and the replay ends.
func TestVisibilityRunsOut(t *testing.T) {
	h := newHouse()
	for i := range int64(25) {
		h.quarantine(t, user(i+1))
		h.bury(t, h.letter(user(100+i), h.row(t, user(100+i), mapping.StateHeld).Version))
	}
	c := h.config()
	c.Work = watched{h.work, func(queue.Message) { h.clock.pass(visibility / 2) }}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if err != nil {
		t.Fatal(err)
	}
	h.checkCounts(t, report)
	if report.Counts != (replay.Counts{Letters: 50, Moved: 25, Left: 25, Objects: 25}) {
		t.Errorf("counts %+v", report.Counts)
	}
	if work, dead := h.depths(t); work != 25 || dead != 25 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// hanging is a work queue that does not answer.
type hanging struct{ dispatch.Queue }

func (h hanging) Send(ctx context.Context, messages []queue.Message) error {
	<-ctx.Done()
	return &queue.SendError{Failed: messages, Err: model.Errorf(model.CodeUnavailable, "send messages", "%w", ctx.Err())}
}

// When the time runs out the replay ends ahead of it, tells what it did, and makes what is left visible: no error, because
// the answer is what an operator needs.
func TestTimeRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.quarantine(t, user(1))
		c := h.config()
		c.Work = hanging{h.work}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		report, err := replay.New(c).Replay(ctx, replay.Request{})
		if err != nil || report.Stopped != "the time ran out: replay again for the rest" || report.Counts.Left != 1 || report.Remaining != 1 {
			t.Errorf("%v, %+v", err, report)
		}
		if end, _ := ctx.Deadline(); time.Until(end) < time.Second {
			t.Error("nothing was left of the time for making letters visible")
		}
		if _, dead := h.depths(t); dead != 1 {
			t.Errorf("%d dead letters are visible", dead)
		}
		h.replay(t, replay.Request{})
		if work, dead := h.depths(t); work != 1 || dead != 0 {
			t.Errorf("%d messages, %d dead letters", work, dead)
		}
	})
}

// slow is a dead-letter queue that takes seconds to answer.
type slow struct{ replay.Letters }

func (s slow) Receive(ctx context.Context, most int, wait time.Duration) ([]queue.Received, error) {
	time.Sleep(4 * time.Second)
	return s.Letters.Receive(ctx, most, wait)
}

// In its last seconds a replay begins nothing: it ends between two batches, with no call cut off, and tells what is left.
func TestNothingIsBegunLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		for i := range int64(100) {
			h.quarantine(t, user(i+1))
		}
		c := h.config()
		c.Letters = slow{h.dead}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begun := time.Now()
		report, err := replay.New(c).Replay(ctx, replay.Request{})
		if err != nil || report.Stopped != "the time ran out: replay again for the rest" || report.Counts.Moved == 0 || report.Counts.Left > 0 || report.Remaining != 100-report.Counts.Moved {
			t.Errorf("%v, %+v, stopped %q", err, report.Counts, report.Stopped)
		}
		if took := time.Since(begun); took > 25*time.Second {
			t.Errorf("it took %s of 30 s", took)
		}
		if work, dead := h.depths(t); work != report.Counts.Objects || dead != report.Remaining {
			t.Errorf("%d messages, %d dead letters", work, dead)
		}
	})
}

// A context that is ended from outside is an error, and still nothing stays hidden.
func TestCancelled(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	ctx, cancel := context.WithCancel(t.Context())
	c := h.config()
	c.Rows = moving{h.table, cancel}
	report, err := replay.New(c).Replay(ctx, replay.Request{})
	if model.CodeOf(err) != model.CodeUnavailable || report.Counts.Left != 1 {
		t.Errorf("%v, %+v", err, report)
	}
	if work, dead := h.depths(t); work != 0 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// Queues that can not be read end the replay with an error that says which; a depth that is not known at the end, and
// letters that can not be made visible, do not spoil the report.
func TestQueuesThatFail(t *testing.T) {
	tests := []struct{ op, says string }{
		{"work depth", "read the depth of the work queue: "},
		{"dead receive", "receive dead letters: "},
		{"dead delete", "delete dead letters that are done"},
		{"dead depth", ""},
		{"dead set visibility", ""},
	}
	for _, test := range tests {
		t.Run(test.op, func(t *testing.T) {
			h := newHouse()
			h.quarantine(t, user(1))
			h.bury(t, h.letter(user(2), h.row(t, user(2), mapping.StateHeld).Version))
			h.setCut(func(op string) (bool, bool) { return op == test.op, false })
			report, err := replay.New(h.config()).Replay(t.Context(), replay.Request{})
			if test.says == "" {
				if err != nil || report.Counts.Moved != 1 || report.Counts.Left != 1 || (report.Remaining == -1) != (test.op == "dead depth") {
					t.Errorf("%v, %+v", err, report)
				}
				return
			}
			if model.CodeOf(err) != model.CodeUnavailable || !strings.HasPrefix(err.Error(), test.says) || report.Stopped == "" {
				t.Errorf("%v, %+v", err, report)
			}
		})
	}
}

// A dry run after a cut between mark and message tells what the next replay does: its own mark is no message on its way.
func TestDryRunAfterACut(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	h.setCut(func(op string) (bool, bool) { return op == "work send", false })
	if _, err := replay.New(h.config()).Replay(t.Context(), replay.Request{}); err == nil {
		t.Fatal("the cut is not told")
	}
	h.setCut(nil)
	dry, wet := h.replay(t, replay.Request{Dry: true}), h.replay(t, replay.Request{})
	if !slices.Equal(names(dry.Moved), names(wet.Moved)) || !slices.Equal(names(wet.Moved), []string{"user/1: sent"}) {
		t.Errorf("the dry run told %v, the replay %v", names(dry.Moved), names(wet.Moved))
	}
}
