package dispatch_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// work is a queue of a given depth that refuses some messages.
type work struct {
	waiting, asked int
	refuses        map[model.Key]bool
	all            error
	sent           []queue.Message
}

func (w *work) Depth(context.Context) (waiting, inFlight int, err error) {
	w.asked++
	return w.waiting, 0, nil
}

func (w *work) Send(_ context.Context, messages []queue.Message) error {
	if w.all != nil {
		return w.all
	}
	var failed []queue.Message
	for _, m := range messages {
		if w.refuses[m.Key] {
			failed = append(failed, m)
			continue
		}
		w.sent = append(w.sent, m)
	}
	if len(failed) == 0 {
		return nil
	}
	return &queue.SendError{Failed: failed, Err: model.Errorf(model.CodeUnavailable, "send", "refused on demand")}
}

func key(n int64) model.Key { return model.Key{Kind: model.KindSkill, DBID: n} }

// rows makes a table with n rows.
func rows(t *testing.T, n int64) *mapping.Memory {
	t.Helper()
	table := mapping.NewMemory(mapping.MemoryOptions{})
	for i := range n {
		o := model.Object{Key: key(i + 1), Name: "Skill " + strconv.FormatInt(i+1, 10)}
		if _, err := table.PutDesired(t.Context(), 1, mapping.Wish{Key: o.Key, Goal: mapping.GoalPresent, Desired: o}); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func marked(t *testing.T, table *mapping.Memory, k model.Key) bool {
	t.Helper()
	row, err := table.Get(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return row.Queued != nil
}

func message(n int64) queue.Message {
	return queue.Message{Key: key(n), Version: 1, Token: "t" + strconv.FormatInt(n, 10), Cause: model.CauseEngage}
}

// A row is queued once, and again when sending failed: of a batch only what failed loses its mark.
func TestAFailedSendTakesItsMarkBack(t *testing.T) {
	table, w := rows(t, 3), &work{refuses: map[model.Key]bool{key(2): true}}
	line := dispatch.NewLine(table, w, 300, time.Now)
	var batch []queue.Message
	for n := range int64(3) {
		if ok, err := line.Mark(t.Context(), message(n+1)); err != nil || !ok {
			t.Fatalf("mark %d: %v %v", n+1, ok, err)
		}
		batch = append(batch, message(n+1))
	}
	again := message(1)
	again.Token = "another"
	if ok, err := line.Mark(t.Context(), again); err != nil || ok {
		t.Errorf("a row with a message on its way was marked again: %v %v", ok, err)
	}
	if err := line.Send(t.Context(), batch); err == nil {
		t.Error("a batch with a refused message was sent without an error")
	}
	for n, want := range map[int64]bool{1: true, 2: false, 3: true} {
		if got := marked(t, table, key(n)); got != want {
			t.Errorf("mark of %s: %v, want %v", key(n), got, want)
		}
	}
	w.refuses, w.all = nil, model.Errorf(model.CodeUnavailable, "send", "away")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the sender has run out of time, too
	if _, err := line.Dispatch(t.Context(), message(2)); err == nil || marked(t, table, key(2)) {
		t.Errorf("a queue that is away: %v, marked %v", err, marked(t, table, key(2)))
	}
	if err := line.Send(ctx, []queue.Message{message(3)}); err == nil || marked(t, table, key(3)) {
		t.Errorf("a send without time: %v, marked %v", err, marked(t, table, key(3)))
	}
	if w.asked != 1 {
		t.Errorf("the depth was read %d times", w.asked)
	}
}

// A mark counts as lost after ten minutes or the queue's age, whichever is longer.
func TestLostIsTheQueuesAgeIfThatIsLonger(t *testing.T) {
	for waiting, want := range map[int]time.Duration{0: 10 * time.Minute, 300: 10 * time.Minute, 5250: 140 * time.Minute} {
		got, err := dispatch.NewLine(rows(t, 0), &work{waiting: waiting}, 300, time.Now).Lost(t.Context())
		if err != nil || got != want {
			t.Errorf("with %d messages: %s, %v, want %s", waiting, got, err, want)
		}
	}
}
