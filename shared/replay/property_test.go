package replay_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/replay"
)

// Whatever letters there are, in whatever states their rows, and wherever replays are cut off: no object that failed for
// good is ever without its letter, its message or a row that the next run queues; and replays without faults in the end
// leave only the letters of held objects.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse()
		states := rapid.SliceOfN(rapid.SampledFrom(mapping.States()), 1, 12).Draw(rt, "states")
		held := 0
		for i, state := range states {
			key := user(int64(i + 1))
			version := h.row(t, key, state).Version
			if state == mapping.StateHeld {
				held++
			}
			if state == mapping.StatePending {
				version--
			}
			for n := range rapid.IntRange(1, 12).Draw(rt, fmt.Sprint("letters of ", key)) {
				l := h.letter(key, version)
				l.Attempts = n + 1
				h.bury(t, l)
			}
		}
		for range rapid.IntRange(0, 4).Draw(rt, "cut replays") {
			n := rapid.IntRange(1, 60).Draw(rt, "requests before the cut")
			h.setCut(func(string) (bool, bool) { n--; return n < 0, n == 0 })
			if _, err := replay.New(h.config()).Replay(t.Context(), replay.Request{Max: rapid.IntRange(1, 5).Draw(rt, "max")}); err != nil && model.CodeOf(err) == model.CodeInvalid {
				rt.Fatal(err)
			}
			h.setCut(nil)
			h.clock.pass(visibility + time.Second)
			safe(t, rt, h, states)
			if rapid.Bool().Draw(rt, "workers") {
				converge(t, h)
			}
		}
		for range 5 {
			h.replay(t, replay.Request{})
		}
		safe(t, rt, h, states)
		converge(t, h)
		report := h.replay(t, replay.Request{})
		objects := map[model.Key]bool{}
		for _, l := range report.Left {
			objects[l.Key] = true
		}
		if len(objects) != held || report.Counts.Moved != 0 {
			rt.Fatalf("%d objects are left, %d are held; %+v", len(objects), held, report)
		}
		for i, state := range states {
			want := state
			switch state {
			case mapping.StateHeld, mapping.StateOrphan, mapping.StateGone:
			default:
				want = mapping.StateConverged
			}
			if row := h.get(t, user(int64(i+1))); row.State != want {
				rt.Errorf("%s was %s and is %s, want %s", row.Key, state, row.State, want)
			}
		}
	})
}

// safe fails unless every object that nobody will look at by itself still has its letter, and every mark its message, its
// letter, or a pending row that the next run takes up.
func safe(t *testing.T, rt *rapid.T, h *house, states []mapping.State) {
	dry := h.replay(t, replay.Request{Dry: true, Max: replay.HighestMax})
	letters := map[model.Key]bool{}
	for _, l := range slices.Concat(dry.Moved, dry.Dropped, dry.Left) {
		letters[l.Key] = true
	}
	for i := range states {
		row := h.get(t, user(int64(i+1)))
		switch row.State {
		case mapping.StateQuarantined, mapping.StateInvisible, mapping.StateHeld:
			if !letters[row.Key] {
				rt.Fatalf("%s is %s and its dead letter is lost", row.Key, row.State)
			}
		case mapping.StatePending:
			if row.Queued == nil && !letters[row.Key] {
				rt.Fatalf("%s is pending, without a mark, a message or a letter", row.Key)
			}
		default:
			if row.Queued != nil {
				rt.Fatalf("%s is %s and marked as queued", row.Key, row.State)
			}
		}
	}
}

// converge works on the queue: what is pending or waiting becomes right.
func converge(t *testing.T, h *house) {
	for _, m := range h.messages(t) {
		if row := h.get(t, m.Key); row.State == mapping.StatePending {
			h.set(t, mapping.Outcome{Key: m.Key, Version: row.Version, State: mapping.StateConverged})
		}
	}
}
