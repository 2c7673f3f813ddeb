package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
)

// A quarantined object's letter becomes a message: the row is pending under a new version, the letter is gone, and the
// message says replay.
func TestMoved(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	failed := h.clock.Now()
	h.clock.pass(time.Hour)
	before := h.get(t, user(1))
	report := h.replay(t, replay.Request{})
	if d := cmp.Diff([]replay.Line{{Key: user(1), ID: "m1", Reason: refused, Code: model.CodeUnavailable, Since: failed, Attempts: 8, Why: "sent"}}, report.Moved); d != "" {
		t.Error(d)
	}
	if report.Counts != (replay.Counts{Letters: 1, Moved: 1, Objects: 1}) || report.Remaining != 0 || report.Stopped != "" {
		t.Errorf("report %+v", report)
	}
	row := h.get(t, user(1))
	if row.State != mapping.StatePending || row.Version != before.Version+1 || row.Cause != model.CauseReplay || row.Queued == nil {
		t.Errorf("row %+v", row)
	}
	token := row.Queued.Token
	want := []queue.Message{{Key: user(1), Version: row.Version, Token: token, Cause: model.CauseReplay, Run: 7, Fields: []string{"name"}, Who: "somebody"}}
	if d := cmp.Diff(want, h.messages(t)); d != "" {
		t.Error(d)
	}
	if !strings.Contains(token, "m1") {
		t.Errorf("the token %s is not made of the letter's id", token)
	}
	if _, dead := h.depths(t); dead != 0 {
		t.Errorf("%d dead letters", dead)
	}
}

// An empty queue is an answer with empty lists.
func TestNothingThere(t *testing.T) {
	report := newHouse().replay(t, replay.Request{})
	if d := cmp.Diff(replay.Report{Moved: []replay.Line{}, Dropped: []replay.Line{}, Left: []replay.Line{}}, report); d != "" {
		t.Error(d)
	}
}

// What becomes of a letter follows from its row.
func TestRows(t *testing.T) {
	type result struct {
		list     string // moved, dropped, left
		why      string
		state    mapping.State // of the row afterwards
		messages int
	}
	moved := result{"moved", "sent", mapping.StatePending, 1}
	tests := []struct {
		name string
		make func(t *testing.T, h *house)
		want result
	}{
		{"quarantined", func(t *testing.T, h *house) { h.quarantine(t, user(1)) }, moved},
		{"invisible: the role may be granted by now", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateInvisible).Version))
		}, moved},
		{"converged", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateConverged).Version))
		},
			result{"dropped", "it is right since 2026-03-02T08:00:00Z", mapping.StateConverged, 0}},
		{"orphan", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateOrphan).Version))
		},
			result{"dropped", "it is an orphan", mapping.StateOrphan, 0}},
		{"gone", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateGone).Version))
		},
			result{"dropped", "it is deleted in the EX Org", mapping.StateGone, 0}},
		{"forgotten", func(t *testing.T, h *house) { h.bury(t, h.letter(user(1), 4)) }, result{"dropped", "it was forgotten", "", 0}},
		{"held", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateHeld).Version))
		},
			result{"left", "it is held: because of held; approve or discard it first", mapping.StateHeld, 0}},
		{"pending by a newer desired state, and no message was sent yet", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StatePending).Version-1))
		}, moved},
		{"pending, with its message on the way", func(t *testing.T, h *house) {
			row := h.row(t, user(1), mapping.StatePending)
			h.bury(t, h.letter(user(1), row.Version-1))
			mark(t, h, row)
		}, result{"moved", "a message for it is on its way already", mapping.StatePending, 1}},
		{"pending, its message was lost", func(t *testing.T, h *house) {
			row := h.row(t, user(1), mapping.StatePending)
			h.bury(t, h.letter(user(1), row.Version-1))
			if _, err := h.table.MarkQueued(t.Context(), row.Key, "lost", h.clock.Now().Add(-11*time.Minute), time.Minute); err != nil {
				t.Fatal(err)
			}
		}, moved},
		{"pending while its worker writes the quarantine", func(t *testing.T, h *house) {
			h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StatePending).Version))
		},
			result{"left", "the worker that wrote it is not done", mapping.StatePending, 0}},
		{"waiting after a failed try", func(t *testing.T, h *house) { wait(t, h, mapping.Outcome{Attempts: 2}, time.Minute) }, moved},
		{"waiting for another object", func(t *testing.T, h *house) { wait(t, h, mapping.Outcome{WaitsFor: user(2)}, time.Minute) }, moved},
		{"waiting by itself, due", func(t *testing.T, h *house) { wait(t, h, mapping.Outcome{}, -time.Minute) }, moved},
		{"waiting for a second look", func(t *testing.T, h *house) { wait(t, h, mapping.Outcome{Reason: "still shown"}, 90*time.Second) },
			result{"dropped", "it gets its look by itself at 2026-03-02T08:01:30Z: still shown", mapping.StateWaiting, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse()
			test.make(t, h)
			dry := h.replay(t, replay.Request{Dry: true})
			report := h.replay(t, replay.Request{})
			dry.Dry, dry.Remaining = false, report.Remaining
			if d := cmp.Diff(dry, report); d != "" {
				t.Errorf("the dry run told something else: %s", d)
			}
			lines := map[string][]replay.Line{"moved": report.Moved, "dropped": report.Dropped, "left": report.Left}
			if l := lines[test.want.list]; len(l) != 1 || !strings.Contains(l[0].Why, test.want.why) || report.Counts.Letters != 1 {
				t.Errorf("report %+v, want %+v", report, test.want)
			}
			work, dead := h.depths(t)
			if left := len(report.Left); work != test.want.messages || dead != left || report.Remaining != left {
				t.Errorf("%d messages, %d dead letters, remaining %d", work, dead, report.Remaining)
			}
			if test.want.state != "" && h.get(t, user(1)).State != test.want.state {
				t.Errorf("the row is %s", h.get(t, user(1)).State)
			}
		})
	}
}

// mark puts a message for a pending row on the work queue.
func mark(t *testing.T, h *house, row mapping.Row) {
	t.Helper()
	if _, err := h.table.MarkQueued(t.Context(), row.Key, "other", h.clock.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := h.work.Send(t.Context(), []queue.Message{{Key: row.Key, Version: row.Version, Token: "other", Cause: model.CauseEngage}}); err != nil {
		t.Fatal(err)
	}
}

// wait makes a waiting row with an old letter.
func wait(t *testing.T, h *house, o mapping.Outcome, until time.Duration) {
	t.Helper()
	row := h.row(t, user(1), mapping.StatePending)
	h.bury(t, h.letter(user(1), row.Version))
	o.Key, o.Version, o.State, o.WaitUntil = row.Key, row.Version, mapping.StateWaiting, h.clock.Now().Add(until)
	h.set(t, o)
}

// Letters of one object are one look, however many there are and however the FIFO queue deals them out: one message is
// sent, all letters go.
func TestManyLettersOfOneObject(t *testing.T) {
	for _, n := range []int{2, 10, 11, 37} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			h := newHouse()
			h.quarantine(t, user(1))
			for i := range n - 1 {
				l := h.letter(user(1), 1)
				l.Token = fmt.Sprint("t", i)
				h.bury(t, l)
			}
			report := h.replay(t, replay.Request{Max: 1})
			work, dead := h.depths(t)
			left := max(0, n-queue.BatchSize) // Max is reached with the first batch; what is left is obsolete
			if work != 1 || dead != left || report.Counts.Objects != 1 || report.Counts.Moved != n-left {
				t.Errorf("%d messages, %d dead letters, counts %+v", work, dead, report.Counts)
			}
			report = h.replay(t, replay.Request{})
			if work, dead := h.depths(t); work != 1 || dead != 0 || report.Counts.Moved != left {
				t.Errorf("after the second replay %d messages, %d dead letters, counts %+v", work, dead, report.Counts)
			}
		})
	}
	t.Run("in one replay", func(t *testing.T) {
		h := newHouse()
		h.quarantine(t, user(1), user(2))
		for i := range 36 {
			l := h.letter(user(1), 1)
			l.Token = fmt.Sprint("t", i)
			h.bury(t, l)
		}
		report := h.replay(t, replay.Request{})
		if work, dead := h.depths(t); work != 2 || dead != 0 || report.Counts != (replay.Counts{Letters: 38, Moved: 38, Objects: 2}) {
			t.Errorf("%d messages, %d dead letters, counts %+v", work, dead, report.Counts)
		}
	})
}

// A letter that the queue's own limit made says nothing: it is told as such, and its object gets a look like any other.
func TestLettersOfCrashedWorkers(t *testing.T) {
	tests := []struct {
		name  string
		state mapping.State
		cause model.Cause
		list  string
	}{
		{"a pending row is looked at", mapping.StatePending, model.CauseEngage, "moved"},
		{"a change of Engage that was made true meanwhile is done", mapping.StateConverged, model.CauseEngage, "dropped"},
		{"a drift that nobody lived to look at is looked at", mapping.StateConverged, model.CauseDrift, "moved"},
		{"so is a deletion", mapping.StateConverged, model.CauseDeleted, "moved"},
		{"a quarantined row is released", mapping.StateQuarantined, model.CauseEngage, "moved"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse()
			row := h.row(t, user(1), test.state)
			h.crashed(t, queue.Message{Key: user(1), Version: row.Version, Token: "t", Cause: test.cause, Run: 7})
			report := h.replay(t, replay.Request{})
			lines := map[string][]replay.Line{"moved": report.Moved, "dropped": report.Dropped}[test.list]
			if len(lines) != 1 || report.Counts.Letters != 1 {
				t.Fatalf("report %+v", report)
			}
			if l := lines[0]; !strings.Contains(l.Reason, "crashed or ran out of time") || l.Code != "" || l.Since.IsZero() || l.Key != user(1) {
				t.Errorf("line %+v", l)
			}
			messages := h.messages(t)
			if test.list == "dropped" {
				if len(messages) > 0 {
					t.Errorf("messages %+v", messages)
				}
				return
			}
			if len(messages) != 1 || messages[0].Cause != model.CauseReplay || messages[0].Key != user(1) {
				t.Errorf("messages %+v", messages)
			}
		})
	}
}

// A second replay of a hint on a converged row, whose letter was not deleted, sends a second look: the queued mark must not
// stand for a message that the queue dropped.
func TestHintAfterACut(t *testing.T) {
	h := newHouse()
	row := h.row(t, user(1), mapping.StateConverged)
	h.crashed(t, queue.Message{Key: user(1), Version: row.Version, Token: "t", Cause: model.CauseDrift})
	h.setCut(func(op string) (bool, bool) { return op == "dead delete", false })
	if _, err := replay.New(h.config()).Replay(t.Context(), replay.Request{}); err == nil {
		t.Fatal("the cut is not told")
	}
	h.setCut(nil)
	h.clock.pass(visibility + time.Second)
	if n := len(h.messages(t)); n != 1 {
		t.Fatalf("%d messages", n)
	}
	h.replay(t, replay.Request{})
	if n := len(h.messages(t)); n != 1 {
		t.Errorf("%d messages after the second replay", n)
	}
	if h.get(t, user(1)).Queued != nil {
		t.Error("a queued mark stands for no message")
	}
}

// A body that can not be read is left, and named so that somebody can find it; it holds up nothing.
func TestUnreadableLetters(t *testing.T) {
	h := newHouse()
	h.dead.PutBody("user/1", "a", "hello "+strings.Repeat("é", 300))
	h.dead.PutBody("agent/1", "b", `{"key":"agent/1"}`)
	h.quarantine(t, user(2))
	report := h.replay(t, replay.Request{})
	if report.Counts != (replay.Counts{Letters: 3, Moved: 1, Left: 2, Objects: 1}) {
		t.Fatalf("counts %+v", report.Counts)
	}
	l := report.Left[0]
	if report.Left[1].ID == "m1" {
		l = report.Left[1]
	}
	if l.ID != "m1" || !strings.HasPrefix(l.Body, "hello é") || len([]rune(l.Body)) != 201 || l.Code != model.CodeInvalid || !strings.Contains(l.Why, "by hand") || l.Since.IsZero() {
		t.Errorf("line %+v", l)
	}
	if work, dead := h.depths(t); work != 1 || dead != 2 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// What was left is visible at once: another replay sees the same.
func TestLeftIsVisibleAtOnce(t *testing.T) {
	h := newHouse()
	for i := range int64(25) {
		h.bury(t, h.letter(user(i+1), h.row(t, user(i+1), mapping.StateHeld).Version))
	}
	first := h.replay(t, replay.Request{})
	second := h.replay(t, replay.Request{})
	if d := cmp.Diff(first, second); d != "" || first.Counts.Left != 25 || first.Remaining != 25 {
		t.Errorf("%d left, %s", first.Counts.Left, d)
	}
	if _, dead := h.depths(t); dead != 25 {
		t.Errorf("%d dead letters", dead)
	}
}

// A long list of what was left is cut, and says so; the counts are complete.
func TestLongListIsCut(t *testing.T) {
	h := newHouse()
	long := h.letter(user(1), 1)
	long.Reason = strings.Repeat("x", 2000)
	for i := range int64(503) {
		long.Key = user(i + 1)
		h.bury(t, long)
	}
	report := h.replay(t, replay.Request{Kinds: []model.Kind{model.KindQueue}})
	if len(report.Left) != 500 || report.More != 3 || report.Counts.Left != 503 || report.Remaining != 503 {
		t.Errorf("%d lines, %d more, counts %+v, remaining %d", len(report.Left), report.More, report.Counts, report.Remaining)
	}
	if n := len([]rune(report.Left[0].Reason)); n != 501 {
		t.Errorf("a reason of %d characters", n)
	}
}

// A dry run tells what a replay would do and changes nothing: no row, no message, no letter.
func TestDryRun(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1), user(2))
	h.bury(t, h.letter(user(3), h.row(t, user(3), mapping.StateConverged).Version))
	h.bury(t, h.letter(user(4), h.row(t, user(4), mapping.StateHeld).Version))
	h.dead.PutBody("x", "x", "x")
	before := []mapping.Row{h.get(t, user(1)), h.get(t, user(2)), h.get(t, user(3)), h.get(t, user(4))}
	h.table.ResetUnits()
	report := h.replay(t, replay.Request{Dry: true})
	if u := h.table.Units(); u.Writes != 0 {
		t.Errorf("%v write units", u.Writes)
	}
	if report.Counts != (replay.Counts{Letters: 5, Moved: 2, Dropped: 1, Left: 2, Objects: 2}) || !report.Dry || report.Remaining != 5 {
		t.Errorf("report %+v", report)
	}
	if work, dead := h.depths(t); work != 0 || dead != 5 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
	after := []mapping.Row{h.get(t, user(1)), h.get(t, user(2)), h.get(t, user(3)), h.get(t, user(4))}
	if d := cmp.Diff(before, after); d != "" {
		t.Error(d)
	}
	real := h.replay(t, replay.Request{})
	if d := cmp.Diff([][]string{names(report.Moved), names(report.Dropped), names(report.Left)}, [][]string{names(real.Moved), names(real.Dropped), names(real.Left)}); d != "" {
		t.Errorf("the replay did something else: %s", d)
	}
}
