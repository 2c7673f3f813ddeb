package listen_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
)

// A notice of a mapped object puts one message with its cause and the one who did it on the queue; the row says so.
func TestHearMapped(t *testing.T) {
	user, sales, members := key(model.KindUser, 101), key(model.KindQueue, 7), key(model.KindMembers, 7)
	cases := []struct {
		name  string
		n     notice.Notice
		keys  []model.Key
		cause model.Cause
	}{
		{"a user changed", drift(model.KindUser, "u-1"), []model.Key{user}, model.CauseDrift},
		{"a user deleted", deletion(model.KindUser, "u-1"), []model.Key{user}, model.CauseDeleted},
		{"a queue deleted", deletion(model.KindQueue, "q-1"), []model.Key{sales}, model.CauseDeleted},
		{"a member removed", membership("q-1", "u-1"), []model.Key{members}, model.CauseDrift},
		{"a skill of two Engage skills", deletion(model.KindSkill, "s-1"), []model.Key{key(model.KindSkill, 1), key(model.KindSkill, 2)}, model.CauseDeleted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.row(user, "u-1")
			h.row(sales, "q-1")
			h.row(members, "")
			h.row(key(model.KindSkill, 1), "s-1")
			h.row(key(model.KindSkill, 2), "s-1")
			c.n.Who = "admin-1"
			r := h.hear(c.n)
			if r.Sent != len(c.keys) || r.Heard != 1 || !r.Acts() {
				t.Errorf("report %+v", r)
			}
			for _, k := range c.keys {
				if h.get(k).Queued == nil {
					t.Errorf("%s is not marked queued", k)
				}
			}
			ms := h.take()
			got := keysOf(ms)
			slices.SortFunc(got, model.Key.Compare)
			if !slices.Equal(got, c.keys) {
				t.Fatalf("messages for %v, want %v", got, c.keys)
			}
			for _, m := range ms {
				if m.Cause != c.cause || m.Who != "admin-1" || m.Version != h.get(m.Key).Version || m.Token == "" {
					t.Errorf("message %+v", m)
				}
			}
			if h.org.gets > 0 {
				t.Errorf("%d reads of the EX Org", h.org.gets)
			}
		})
	}
}

// Rows that workers leave alone get no message, and the report says why.
func TestHearIdleRows(t *testing.T) {
	user := key(model.KindUser, 101)
	states := map[mapping.State]string{
		mapping.StateHeld: "row held", mapping.StateQuarantined: "row quarantined", mapping.StateInvisible: "row invisible",
		mapping.StateOrphan: "row orphan", mapping.StateGone: "row gone",
	}
	for state, reason := range states {
		t.Run(string(state), func(t *testing.T) {
			h := newHouse(t)
			h.row(user, "u-1")
			h.record(mapping.Outcome{Key: user, Version: h.get(user).Version, State: state})
			before := h.get(user)
			for range 3 {
				h.hear(drift(model.KindUser, "u-1"))
			}
			r := h.hear(deletion(model.KindUser, "u-1"))
			if h.depth() != 0 || r.Sent+r.Later != 0 {
				t.Errorf("report %+v, %d messages", r, h.depth())
			}
			if after := h.get(user); after.State != state || after.Version != before.Version || after.Queued != nil {
				t.Errorf("the row changed: %+v", after)
			}
			if n := h.table.ops["GetMany"]; n != 1 {
				t.Errorf("%d reads of a row that is left alone, in one minute", n)
			}
			h.pass(time.Minute)
			if r := h.hear(drift(model.KindUser, "u-1")); r.Ignored[reason] != 1 {
				t.Errorf("report %+v", r)
			}
		})
	}
}

// An owner without a row, and a queue whose members Engage never decided, are nothing to look at.
func TestHearWithoutRow(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindQueue, 7), "q-1")
	r := h.hear(membership("q-1", "u-1"))
	if r.Ignored[listen.ReasonNoRow] != 1 || h.depth() != 0 {
		t.Errorf("report %+v", r)
	}
}

// An id that nobody owns is ignored and counted, with one read of the table a minute and none of the EX Org.
func TestHearUnknown(t *testing.T) {
	h := newHouse(t)
	for range 50 {
		h.hear(drift(model.KindQueue, "foreign"), deletion(model.KindUser, "stranger"), membership("foreign", "u"))
		h.pass(time.Second)
	}
	if n := h.table.ops["Owners"]; n > 2 { // queues and users, once
		t.Errorf("%d reads of owners", n)
	}
	r := h.hear(deletion(model.KindUser, "stranger"))
	if r.Ignored[listen.ReasonUnknown] != 1 || h.depth() != 0 {
		t.Errorf("report %+v", r)
	}
}

// Every notice is counted in one place.
func TestReportAddsUp(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindUser, 101), "u-1")
	again := drift(model.KindUser, "u-1")
	r := h.hear(again, drift(model.KindUser, "u-1"), about(model.KindUser, "u-1", notice.ActionUpdate, "version"), notice.Notice{Entity: "Flow"}, deletion(model.KindQueue, "q-9"))
	sum := r.Sent + r.Later + r.Coalesced + r.Replayed
	for n := range maps.Values(r.Ignored) {
		sum += n
	}
	if sum != r.Heard || r.Heard != 5 || r.Sent != 1 || r.Coalesced != 1 {
		t.Errorf("report %+v", r)
	}
	if r := h.hear(again); r.Replayed != 1 || r.Acts() {
		t.Errorf("a replay: %+v", r)
	}
}

// The same event again costs nothing, however late; an id that a relay gives to every event silences none of them.
func TestHearReplays(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindUser, 101), "u-1")
	n := drift(model.KindUser, "u-1")
	h.hear(n)
	h.take()
	h.table.ops = map[string]int{}
	for range 100 {
		h.pass(time.Hour)
		if r := h.hear(n); r.Replayed != 1 {
			t.Fatalf("report %+v", r)
		}
	}
	if h.table.total() != 0 || h.depth() != 0 {
		t.Errorf("replays cost %v, %d messages", h.table.ops, h.depth())
	}
	other := n
	other.At = n.At.Add(time.Second)
	if r := h.hear(other); r.Sent != 1 {
		t.Errorf("another event of the same id: %+v", r)
	}
	nameless := n
	nameless.ID = ""
	h.take()
	h.pass(time.Hour)
	h.hear(nameless)
	h.take()
	h.pass(time.Hour)
	if r := h.hear(nameless); r.Sent != 1 {
		t.Errorf("events without an id can not be told apart: %+v", r)
	}
}

// Ten thousand events of noise cost nothing at all; as many of foreign objects cost one read of the table per object and
// minute. The EX Org is never asked.
func TestHearStorm(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindUser, 101), "u-1")
	for range 10_000 {
		r := h.hear(about(model.KindUser, "u-1", notice.ActionUpdate, "version", "presence"))
		if r.Ignored[string(notice.ReasonPresence)] != 1 {
			t.Fatalf("report %+v", r)
		}
		h.pass(5 * time.Millisecond)
	}
	if h.table.total() != 0 || h.org.gets != 0 || h.depth() != 0 {
		t.Errorf("noise cost %v, %d reads of the EX Org, %d messages", h.table.ops, h.org.gets, h.depth())
	}
	const entities = 20
	for i := range 10_000 {
		h.hear(drift(model.KindQueue, "foreign-"+string(rune('a'+i%entities))))
		h.pass(5 * time.Millisecond) // 50 s in all
	}
	if h.table.total() > entities*2 || h.org.gets > entities { // a renamed stranger is compared once
		t.Errorf("%d calls of the table, %d of the EX Org", h.table.total(), h.org.gets)
	}
}

// A table that fails is an error, the notices can be told again, and nothing is done twice or lost.
func TestHearAgainAfterFailure(t *testing.T) {
	down := model.Errorf(model.CodeUnavailable, "table", "down")
	for _, op := range []string{"Owners", "GetMany", "MarkQueued"} {
		t.Run(op, func(t *testing.T) {
			h := newHouse(t)
			h.row(key(model.KindUser, 101), "u-1")
			n := drift(model.KindUser, "u-1")
			h.table.fail = map[string]error{op: down}
			_, err := h.listen.Hear(t.Context(), []notice.Notice{n})
			if model.CodeOf(err) != model.CodeUnavailable || h.depth() != 0 {
				t.Fatalf("error %v, %d messages", err, h.depth())
			}
			h.table.fail = nil
			if r := h.hear(n); r.Sent != 1 || h.depth() != 1 {
				t.Errorf("told again: %+v", r)
			}
		})
	}
}

// A message that could not be sent leaves no mark behind: the mark would silence the object. The others are sent.
func TestHearSendFails(t *testing.T) {
	h := newHouse(t)
	for i, id := range []string{"u-1", "u-2", "u-3"} {
		h.row(key(model.KindUser, int64(101+i)), id)
	}
	works := h.listen.Work
	h.listen.Work = failing{Queue: works, key: key(model.KindUser, 102)}
	ns := []notice.Notice{drift(model.KindUser, "u-1"), drift(model.KindUser, "u-2"), drift(model.KindUser, "u-3")}
	r, err := h.listen.Hear(t.Context(), ns)
	if err == nil || r.Sent != 2 {
		t.Fatalf("report %+v, error %v", r, err)
	}
	if h.get(key(model.KindUser, 102)).Queued != nil {
		t.Error("a mark stands without a message")
	}
	h.listen.Work = works
	r = h.hear(ns...)
	if r.Sent != 1 || r.Replayed != 2 {
		t.Errorf("told again: %+v", r)
	}
	if got := keysOf(h.take()); len(got) != 3 {
		t.Errorf("messages for %v", got)
	}
}

// An EX object whose only owner is stale belongs to nobody: what is heard of it leads to no look at that key. Beside an owner
// that has it the stale one is passed over.
func TestHearOfStaleOwners(t *testing.T) {
	h := newHouse(t)
	sales, moved := key(model.KindQueue, 7), key(model.KindQueue, 8)
	h.row(sales, "q-1")
	h.row(moved, "q-2")
	for _, id := range []string{"q-1", "q-9"} {
		if err := h.mem.Own(t.Context(), model.KindQueue, id, moved, nil, true); err != nil {
			t.Fatal(err)
		}
	}
	r := h.hear(drift(model.KindQueue, "q-9"))
	if got := keysOf(h.take()); len(got) > 0 || r.Ignored[listen.ReasonUnknown] != 1 {
		t.Errorf("messages for %v, %+v", got, r)
	}
	h.hear(drift(model.KindQueue, "q-1"))
	if got := keysOf(h.take()); !slices.Equal(got, []model.Key{sales}) {
		t.Errorf("messages for %v", got)
	}
}

// In the last seconds of its time a call begins with no further object, says how many are left, and takes only the events of
// those in again when they are told again.
func TestHearEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var ns []notice.Notice
		for i := range int64(10) {
			id := "u-" + string(rune('0'+i))
			h.row(key(model.KindUser, 101+i), id)
			ns = append(ns, drift(model.KindUser, id))
		}
		h.table.before = func(op string) {
			if op == "MarkQueued" {
				time.Sleep(3 * time.Second)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		r, err := h.listen.Hear(ctx, ns)
		if model.CodeOf(err) != model.CodeUnavailable || r.Left != 4 || r.Sent != 6 || ctx.Err() != nil {
			t.Fatalf("%+v, %v", r, err)
		}
		h.table.before = func(string) {}
		if r := h.hear(ns...); r.Sent != 4 || r.Replayed != 6 || r.Left != 0 {
			t.Errorf("told again: %+v", r)
		}
		if got := keysOf(h.take()); len(got) != 10 {
			t.Errorf("messages for %v", got)
		}
	})
}
