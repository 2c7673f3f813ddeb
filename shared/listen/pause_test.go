package listen_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
)

// pause pauses objects, or everything.
func (h *house) pause(scopes ...mapping.Scope) {
	h.tb.Helper()
	if len(scopes) == 0 {
		scopes = []mapping.Scope{{}}
	}
	var add []mapping.Pause
	for _, s := range scopes {
		add = append(add, mapping.Pause{Scope: s, Since: h.now, Who: "jane"})
	}
	if _, err := h.mem.Pause(context.Background(), add); err != nil {
		h.tb.Fatal(err)
	}
}

// A change of a paused object sends nothing. Its row waits for the end of the pause, with the cause that the look will have.
func TestAPausedObjectIsSetAside(t *testing.T) {
	tests := []struct {
		name  string
		kind  model.Kind
		scope mapping.Scope
		cause model.Cause
	}{
		{"everything is paused", model.KindUser, mapping.Scope{}, model.CauseDrift},
		{"its kind is paused", model.KindSkill, mapping.Scope{Kind: model.KindSkill}, model.CauseDrift},
		{"it is paused", model.KindUser, mapping.Scope{Key: key(model.KindUser, 1)}, model.CauseDrift},
		{"it was deleted", model.KindUser, mapping.Scope{Key: key(model.KindUser, 1)}, model.CauseDeleted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, k := newHouse(t), key(test.kind, 1)
			h.row(k, "ex-1")
			h.pause(test.scope)
			for n := range 3 {
				about := drift(test.kind, "ex-1")
				if test.cause == model.CauseDeleted {
					about = deletion(test.kind, "ex-1")
				}
				if r := h.hear(about); r.Sent != 0 || r.Replayed != 0 || n == 0 && r.Later != 1 {
					t.Errorf("report %+v", r)
				}
				h.pass(2 * time.Minute)
			}
			row := h.get(k)
			if h.depth() != 0 || row.Queued != nil {
				t.Errorf("%d messages, mark %+v", h.depth(), row.Queued)
			}
			if row.State != mapping.StateWaiting || !strings.HasPrefix(row.Reason, mapping.Paused) || row.Cause != test.cause || h.now.Before(row.WaitUntil) {
				t.Errorf("the row is %s until %s because of %s: %s", row.State, row.WaitUntil, row.Cause, row.Reason)
			}
		})
	}
}

// Members of a paused queue rest with it.
func TestMembersOfAPausedQueueAreSetAside(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindQueue, 7), "q-7")
	h.row(key(model.KindMembers, 7), "q-7")
	h.pause(mapping.Scope{Key: key(model.KindQueue, 7)})
	h.hear(membership("q-7", "u-1"))
	if row := h.get(key(model.KindMembers, 7)); h.depth() != 0 || row.State != mapping.StateWaiting {
		t.Errorf("%d messages, the list is %s", h.depth(), row.State)
	}
}

// Others are looked at as ever, and so is the object once its pause is over.
func TestOthersAreHeardAndSoIsTheResumed(t *testing.T) {
	h, a, b := newHouse(t), key(model.KindUser, 1), key(model.KindUser, 2)
	h.row(a, "ex-1")
	h.row(b, "ex-2")
	h.pause(mapping.Scope{Key: a})
	h.hear(drift(model.KindUser, "ex-1"), drift(model.KindUser, "ex-2"))
	if got := keysOf(h.take()); len(got) != 1 || got[0] != b {
		t.Errorf("messages for %v", got)
	}
	if _, err := h.mem.Resume(t.Context(), []mapping.Scope{{Key: a}}); err != nil {
		t.Fatal(err)
	}
	h.pass(2 * time.Minute)
	h.hear(drift(model.KindUser, "ex-1"))
	if got := keysOf(h.take()); len(got) != 1 || got[0] != a {
		t.Errorf("messages for %v", got)
	}
}

// A row that is on its way as it is when the pause comes gets its message: a worker may be at work on it with what it read before
// the change, and the worker that gets the message sets it aside.
func TestARowOnItsWayGetsItsMessage(t *testing.T) {
	h, k := newHouse(t), key(model.KindUser, 1)
	h.row(k, "ex-1")
	h.record(mapping.Outcome{Key: k, Version: h.get(k).Version, State: mapping.StatePending})
	h.pause()
	if r := h.hear(drift(model.KindUser, "ex-1")); r.Sent != 1 {
		t.Errorf("report %+v", r)
	}
}

// Noise costs no look at what is paused; pauses that can not be read are an error, and the event is told again.
func TestPausesAreReadWhenTheyMatter(t *testing.T) {
	h, k := newHouse(t), key(model.KindUser, 1)
	h.row(k, "ex-1")
	reads := 0
	fault := mapping.FaultNone
	h.mem.SetFault(func(op string) mapping.Fault {
		if op != "GetPauses" {
			return mapping.FaultNone
		}
		reads++
		return fault
	})
	h.hear(drift(model.KindUser, "unknown"))
	if reads != 0 {
		t.Errorf("an unknown object cost %d reads", reads)
	}
	fault = mapping.FaultBefore
	n := drift(model.KindUser, "ex-1")
	if _, err := h.listen.Hear(t.Context(), []notice.Notice{n}); err == nil {
		t.Error("no error")
	}
	fault = mapping.FaultNone
	if r := h.hear(n); r.Sent != 1 || reads != 2 {
		t.Errorf("report %+v after %d reads", r, reads)
	}
}
