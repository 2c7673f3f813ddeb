package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
)

// clock is a clock that tests move.
type clock struct{ at time.Time }

func newClock() *clock                { return &clock{at: time.Unix(1_764_000_000, 0)} }
func (c *clock) now() time.Time       { return c.at }
func (c *clock) move(d time.Duration) { c.at = c.at.Add(d) }

func mustSend(t *testing.T, q queue.Queue, messages ...queue.Message) {
	t.Helper()
	if err := q.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, q queue.Queue, n int) []queue.Received {
	t.Helper()
	got, err := q.Receive(t.Context(), n, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func names(got []queue.Received) []string {
	all := make([]string, len(got))
	for i, r := range got {
		all[i] = fmt.Sprintf("%d#%d", r.Key.DBID, r.Version)
	}
	return all
}

func wantNames(t *testing.T, got []queue.Received, want ...string) {
	t.Helper()
	if g := names(got); !slices.Equal(g, want) {
		t.Fatalf("got %v, want %v", g, want)
	}
}

// SQS remembers a deduplication id for five minutes from the first send, not from the last.
func TestDeduplicationEndsFiveMinutesAfterTheFirstSend(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := queue.NewMemory(queue.MemoryConfig{Now: c.now})
	mustSend(t, q, look(1, 1))
	got := take(t, q, 1)
	if err := q.Delete(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	c.move(4 * time.Minute)
	mustSend(t, q, look(1, 1))
	wantNames(t, take(t, q, 1))
	c.move(time.Minute - time.Nanosecond)
	mustSend(t, q, look(1, 1))
	wantNames(t, take(t, q, 1))
	c.move(time.Nanosecond)
	mustSend(t, q, look(1, 1))
	wantNames(t, take(t, q, 1), "1#1")
}

// The marks of old messages are dropped, and none of a young one.
func TestManyMessagesAndTheirMarks(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := queue.NewMemory(queue.MemoryConfig{Now: c.now})
	for i := range 3000 {
		mustSend(t, q, look(int64(i), 1))
	}
	c.move(6 * time.Minute)
	for i := range 3000 {
		mustSend(t, q, look(int64(i), 2))
	}
	for i := range 3000 {
		mustSend(t, q, look(int64(i), 2))
	}
	if waiting, _, err := q.Depth(t.Context()); waiting != 6000 || err != nil {
		t.Errorf("%d messages wait, want 6000: %v", waiting, err)
	}
}

// A receipt lives as long as its delivery; one that is over neither deletes nor hides the next delivery.
func TestAReceiptWhoseTimeRanOutDoesNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := queue.NewMemory(queue.MemoryConfig{Now: c.now, Visibility: 10 * time.Second})
	mustSend(t, q, look(1, 1))
	first := take(t, q, 1)
	c.move(10 * time.Second)
	second := take(t, q, 1)
	wantNames(t, second, "1#1")
	if err := errors.Join(q.Delete(t.Context(), first), q.SetVisibility(t.Context(), first, 0)); err != nil {
		t.Fatal(err)
	}
	wantNames(t, take(t, q, 1))
	if waiting, inFlight, _ := q.Depth(t.Context()); waiting != 0 || inFlight != 1 {
		t.Errorf("%d wait, %d are in flight", waiting, inFlight)
	}
	if err := q.Delete(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if waiting, inFlight, _ := q.Depth(t.Context()); waiting+inFlight != 0 {
		t.Errorf("%d wait, %d are in flight", waiting, inFlight)
	}
	// Twice is as good as once.
	if err := q.Delete(t.Context(), second); err != nil {
		t.Error(err)
	}
}

// The receipt of a delivery is worth nothing at the very moment at which the message is visible again.
func TestAReceiptEndsWithItsVisibility(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := queue.NewMemory(queue.MemoryConfig{Now: c.now, Visibility: 10 * time.Second})
	mustSend(t, q, look(1, 1))
	got := take(t, q, 1)
	c.move(10 * time.Second)
	if err := q.Delete(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	wantNames(t, take(t, q, 1), "1#1")
}

// A receipt that looks like the twin's own and was not given yet, or by another queue, is as made up as any.
func TestAReceiptThatIsNotGivenYetIsMadeUp(t *testing.T) {
	t.Parallel()
	q := queue.NewMemory(queue.MemoryConfig{})
	mustSend(t, q, look(1, 1))
	given := take(t, q, 1)
	for _, receipt := range []string{given[0].Receipt + "0", "r0", "r-1", "", "1-" + given[0].Receipt} {
		r := queue.Received{Message: look(9, 1), Receipt: receipt}
		for what, err := range map[string]error{"delete": q.Delete(t.Context(), []queue.Received{r}), "set visibility": q.SetVisibility(t.Context(), []queue.Received{r}, 0)} {
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "user/9") {
				t.Errorf("%s of the receipt %q answers %v", what, receipt, err)
			}
		}
	}
}

// Each message in flight has its own time; the key waits for the last of them.
func TestAKeyWaitsForTheLongestOfItsMessages(t *testing.T) {
	t.Parallel()
	c := newClock()
	q := queue.NewMemory(queue.MemoryConfig{Now: c.now, Visibility: 30 * time.Second})
	mustSend(t, q, look(1, 1), look(1, 2), look(1, 3))
	got := take(t, q, 2)
	wantNames(t, got, "1#1", "1#2")
	if err := q.SetVisibility(t.Context(), got[:1], 0); err != nil {
		t.Fatal(err)
	}
	wantNames(t, take(t, q, 10))
	if waiting, inFlight, _ := q.Depth(t.Context()); waiting != 2 || inFlight != 1 {
		t.Errorf("%d wait, %d are in flight", waiting, inFlight)
	}
	if err := q.SetVisibility(t.Context(), got[1:], 20*time.Second); err != nil {
		t.Fatal(err)
	}
	c.move(20*time.Second - 1)
	wantNames(t, take(t, q, 10))
	c.move(1)
	again := take(t, q, 10)
	wantNames(t, again, "1#1", "1#2", "1#3")
	if again[0].Count != 2 || again[2].Count != 1 {
		t.Errorf("the counts are %d and %d", again[0].Count, again[2].Count)
	}
}

// Keys take turns: the one that waits longest is served first.
func TestKeysTakeTurns(t *testing.T) {
	t.Parallel()
	q := queue.NewMemory(queue.MemoryConfig{})
	mustSend(t, q, look(1, 1), look(1, 2), look(2, 1), look(3, 1))
	first := take(t, q, 1)
	wantNames(t, first, "1#1")
	if err := q.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	wantNames(t, take(t, q, 2), "2#1", "3#1")
	wantNames(t, take(t, q, 2), "1#2")
}

// A dead letter keeps its id; its time and its count start again, and it never shares an id with a letter that was sent.
func TestDeadLettersOfTwoQueues(t *testing.T) {
	t.Parallel()
	c := newClock()
	dead := queue.NewMemory(queue.MemoryConfig{Now: c.now})
	mustSend(t, dead, look(9, 1))
	ids := map[string]bool{}
	for i := range 2 {
		q := queue.NewMemory(queue.MemoryConfig{Now: c.now, MaxReceive: 1, Dead: dead, Visibility: time.Second})
		mustSend(t, q, look(int64(i), 1))
		got := take(t, q, 1)
		ids[got[0].ID] = true
		c.move(time.Minute)
		wantNames(t, take(t, q, 1))
	}
	letters := take(t, dead, 10)
	wantNames(t, letters, "9#1", "0#1", "1#1")
	if letters[0].Sent.Equal(letters[1].Sent) || !letters[2].Sent.Equal(c.now()) {
		t.Errorf("sent at %v, %v, %v", letters[0].Sent, letters[1].Sent, letters[2].Sent)
	}
	if ids[letters[0].ID] || !ids[letters[1].ID] || !ids[letters[2].ID] || letters[1].ID == letters[2].ID {
		t.Errorf("the ids are %s, %s, %s, the sources had %v", letters[0].ID, letters[1].ID, letters[2].ID, ids)
	}
	if letters[1].Count != 1 {
		t.Errorf("the count is %d", letters[1].Count)
	}
	if err := dead.Delete(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	if waiting, inFlight, _ := dead.Depth(t.Context()); waiting+inFlight != 0 {
		t.Errorf("%d wait, %d are in flight", waiting, inFlight)
	}
}

// Without a dead-letter queue a message comes for ever.
func TestWithoutDeadLetterQueueAMessageComesAgainAndAgain(t *testing.T) {
	t.Parallel()
	q := queue.NewMemory(queue.MemoryConfig{MaxReceive: 2})
	mustSend(t, q, look(1, 1))
	for count := 1; count <= 10; count++ {
		got := take(t, q, 1)
		if len(got) != 1 || got[0].Count != count {
			t.Fatalf("receive %d gave %v", count, got)
		}
		if err := q.SetVisibility(t.Context(), got, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// operations calls each operation once.
func operations(ctx context.Context, q queue.Queue, in []queue.Received) map[string]error {
	_, receiveErr := q.Receive(ctx, 1, 0)
	_, _, depthErr := q.Depth(ctx)
	return map[string]error{
		"receive": receiveErr, "depth": depthErr, "send": q.Send(ctx, []queue.Message{look(7, 1)}),
		"set visibility": q.SetVisibility(ctx, in, 5*time.Second), "delete": q.Delete(ctx, in),
	}
}

// A fault is answered in place of the operation; a lost answer after it.
func TestFaultsAndLostAnswers(t *testing.T) {
	t.Parallel()
	broken := model.Errorf(model.CodeUnavailable, "", "the network is down")
	for _, lost := range []bool{false, true} {
		var asked []string
		on := false
		hook := func(op string) error {
			if !on {
				return nil
			}
			asked = append(asked, op)
			return broken
		}
		c := queue.MemoryConfig{Faults: hook}
		if lost {
			c = queue.MemoryConfig{Lost: hook}
		}
		q := queue.NewMemory(c)
		mustSend(t, q, look(1, 1), look(2, 1))
		in := take(t, q, 1)
		on = true
		for op, err := range operations(t.Context(), q, in) {
			if !errors.Is(err, broken) || !slices.Contains(asked, op) {
				t.Errorf("lost %v: %s answers %v, asked %v", lost, op, err, asked)
			}
			if op == "send" && !slices.Equal(failedKeys(err), []int64{7}) {
				t.Errorf("lost %v: the error names %v", lost, failedKeys(err))
			}
		}
		on = false
		waiting, inFlight, err := q.Depth(t.Context())
		// Carried out: 1 deleted, 2 received, 7 sent. Not carried out: 1 in flight, 2 waiting.
		wantWaiting, wantInFlight := 1, 1
		if waiting != wantWaiting || inFlight != wantInFlight || err != nil {
			t.Errorf("lost %v: %d wait, %d are in flight: %v", lost, waiting, inFlight, err)
		}
		if got := take(t, q, 10); lost != slices.Equal(names(got), []string{"7#1"}) || !lost && !slices.Equal(names(got), []string{"2#1"}) {
			t.Errorf("lost %v: then came %v", lost, names(got))
		}
	}
}

// A waiting receive wakes as soon as there is something to give, whatever made it so; its own patience is a minute.
func TestAWaitingReceiveWakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		do   func(t *testing.T, q queue.Queue, in []queue.Received)
		want string
	}{
		{"when a message is sent", func(t *testing.T, q queue.Queue, _ []queue.Received) { mustSend(t, q, look(2, 1)) }, "2#1"},
		{"when a message before it is deleted", func(t *testing.T, q queue.Queue, in []queue.Received) {
			if err := q.Delete(t.Context(), in); err != nil {
				t.Error(err)
			}
		}, "1#2"},
		{"when a message is set visible", func(t *testing.T, q queue.Queue, in []queue.Received) {
			if err := q.SetVisibility(t.Context(), in, 0); err != nil {
				t.Error(err)
			}
		}, "1#1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := queue.NewMemory(queue.MemoryConfig{Visibility: time.Hour})
				mustSend(t, q, look(1, 1), look(1, 2))
				in := take(t, q, 1)
				start, answers := time.Now(), make(chan []queue.Received)
				go func() {
					got, err := q.Receive(t.Context(), 1, queue.LongestWait)
					if err != nil {
						t.Error(err)
					}
					answers <- got
				}()
				synctest.Wait()
				tc.do(t, q, in)
				wantNames(t, <-answers, tc.want)
				if !time.Now().Equal(start) {
					t.Errorf("it slept until a timer rang, at %v", time.Since(start))
				}
			})
		})
	}
}

// The clock in a bubble moves only when everybody waits, so these times are exact.
func TestAReceiveWaitsAsLongAsItMay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ ask, want time.Duration }{
		{0, 0}, {-time.Second, 0}, {time.Second, time.Second}, {1250 * time.Millisecond, 1250 * time.Millisecond}, {time.Minute, queue.LongestWait},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			got, err := queue.NewMemory(queue.MemoryConfig{}).Receive(t.Context(), 1, tc.ask)
			if len(got) != 0 || err != nil || time.Since(start) != tc.want {
				t.Errorf("a wait of %v ends after %v, want %v: %v", tc.ask, time.Since(start), tc.want, err)
			}
		})
	}
}

// A message whose visibility ends while a receive waits is given to it.
func TestAWaitingReceiveGetsWhatBecomesVisible(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewMemory(queue.MemoryConfig{Visibility: 3 * time.Second})
		mustSend(t, q, look(1, 1))
		take(t, q, 1)
		got, err := q.Receive(t.Context(), 1, 10*time.Second)
		if err != nil || len(got) != 1 || got[0].Count != 2 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestAWaitingReceiveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := queue.NewMemory(queue.MemoryConfig{}).Receive(ctx, 1, 10*time.Second)
		if len(got) != 0 || model.CodeOf(err) != model.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
