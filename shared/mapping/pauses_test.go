package mapping_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func keyOf(kind model.Kind, dbid int64) model.Key { return model.Key{Kind: kind, DBID: dbid} }

// A pause covers what it names, and a member list with its queue, which is its EX object.
func TestWhatAPauseCovers(t *testing.T) {
	all, queues, lists := mapping.Scope{}, mapping.Scope{Kind: model.KindQueue}, mapping.Scope{Kind: model.KindMembers}
	queue, list, user := mapping.Scope{Key: keyOf(model.KindQueue, 7)}, mapping.Scope{Key: keyOf(model.KindMembers, 7)}, mapping.Scope{Key: userKey(7)}
	tests := []struct {
		name  string
		scope mapping.Scope
		key   model.Key
		want  bool
	}{
		{"everything covers a user", all, userKey(7), true},
		{"everything covers the source", all, keyOf(model.KindSource, 1), true},
		{"a kind covers its objects", queues, keyOf(model.KindQueue, 8), true},
		{"a kind covers no other kind", queues, userKey(7), false},
		{"queues cover their member lists", queues, keyOf(model.KindMembers, 8), true},
		{"member lists do not cover queues", lists, keyOf(model.KindQueue, 8), false},
		{"member lists cover themselves", lists, keyOf(model.KindMembers, 8), true},
		{"an object covers itself", user, userKey(7), true},
		{"an object covers no other", user, userKey(8), false},
		{"an object covers none of the same number and another kind", user, keyOf(model.KindQueue, 7), false},
		{"a queue covers its member list", queue, keyOf(model.KindMembers, 7), true},
		{"a queue covers no other's member list", queue, keyOf(model.KindMembers, 8), false},
		{"a member list does not cover its queue", list, keyOf(model.KindQueue, 7), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.scope.Covers(test.key); got != test.want {
				t.Errorf("%s covers %s: %v", test.scope, test.key, got)
			}
		})
	}
}

// Of several pauses that cover a key the closest one speaks: its note says most.
func TestTheClosestPauseSpeaks(t *testing.T) {
	m, at := mapping.NewMemory(mapping.MemoryOptions{}), time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	pauses, err := m.Pause(t.Context(), []mapping.Pause{
		{Scope: mapping.Scope{Key: userKey(7)}, Since: at, Who: "jane", Note: "compromised"},
		{Since: at}, {Scope: mapping.Scope{Kind: model.KindUser}, Since: at, Note: "reorganisation"},
	})
	must(t, err)
	for key, want := range map[model.Key]string{
		userKey(7):                   "user/7 is paused since 2026-03-02T08:00:00Z by jane: compromised",
		userKey(8):                   "kind user is paused since 2026-03-02T08:00:00Z: reorganisation",
		keyOf(model.KindQueue, 7):    "everything is paused since 2026-03-02T08:00:00Z",
		keyOf(model.KindLanguage, 1): "everything is paused since 2026-03-02T08:00:00Z",
	} {
		p, covered := pauses.Of(key)
		if !covered || p.Why() != want {
			t.Errorf("%s: %v %q, want %q", key, covered, p.Why(), want)
		}
	}
	left := pauses.Without([]mapping.Scope{{}, {Kind: model.KindUser}})
	if len(left) != 1 || left.Covers(userKey(8)) || !left.Covers(userKey(7)) {
		t.Errorf("left are %v", left)
	}
}

// counting counts the reads of the pauses and fails when it is told to.
type counting struct {
	mu    sync.Mutex
	reads int
	has   mapping.Pauses
	err   error
}

func (c *counting) Pauses(context.Context) (mapping.Pauses, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	return c.has, c.err
}

// A watch reads once for many questions, and again after some seconds, so that a pause takes hold of a long invocation.
func TestAWatchReadsSeldom(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	from := &counting{}
	w := mapping.NewWatch(from, func() time.Time { return now })
	ask := func(want bool, keys ...model.Key) {
		t.Helper()
		if _, paused, err := w.Of(t.Context(), keys...); err != nil || paused != want {
			t.Errorf("%v: paused %v, %v", keys, paused, err)
		}
	}
	if from.reads != 0 {
		t.Error("it reads before it is asked")
	}
	for range 50 {
		ask(false, userKey(1))
	}
	from.has = mapping.Pauses{{Scope: mapping.Scope{Key: userKey(1)}}}
	now = now.Add(2 * time.Second)
	ask(false, userKey(1))
	if from.reads != 1 {
		t.Errorf("%d reads within the seconds that one serves", from.reads)
	}
	now = now.Add(time.Second)
	ask(true, model.Key{}, userKey(2), userKey(1))
	ask(false, model.Key{}, userKey(2))
	if from.reads != 2 {
		t.Errorf("%d reads", from.reads)
	}
}

// A read that fails is an error for whoever asks, and the next question reads again: nobody takes "unknown" for "not paused".
func TestAWatchThatCanNotRead(t *testing.T) {
	from := &counting{err: model.Errorf(model.CodeUnavailable, "read", "no answer")}
	w := mapping.NewWatch(from, time.Now)
	for range 2 {
		if _, _, err := w.Of(t.Context(), userKey(1)); model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("error %v", err)
		}
	}
	from.err = nil
	if _, paused, err := w.Of(t.Context(), userKey(1)); err != nil || paused || from.reads != 3 {
		t.Errorf("paused %v, %v, %d reads", paused, err, from.reads)
	}
}

// The pauses are one read unit, however many there are, and one write unit or a few.
func TestPausesAreOneReadUnit(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	for n := int64(1); ; n++ {
		add := mapping.Pause{Scope: mapping.Scope{Key: keyOf(model.KindUser, n*7919)}, Since: time.Unix(1_770_000_000+n*977, n*13), Who: "somebody", Note: "for a reason of its own, number " + keyOf(model.KindUser, n*31).String()}
		if _, err := m.Pause(t.Context(), []mapping.Pause{add}); err != nil {
			if model.CodeOf(err) != model.CodeInvalid || n < 50 {
				t.Fatalf("pause %d: %v", n, err)
			}
			break
		}
	}
	m.ResetUnits()
	pauses, err := m.Pauses(t.Context())
	must(t, err)
	if u := m.Units(); u.Reads != 1 || len(pauses) < 50 {
		t.Errorf("%d pauses cost %+v", len(pauses), u)
	}
}

// A pause survives the process that set it.
func TestAPauseSurvivesTheProcess(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	_, err := m.Pause(t.Context(), []mapping.Pause{{Since: time.Now(), Note: "tonight"}})
	must(t, err)
	again, err := m.Restart().Pauses(t.Context())
	must(t, err)
	if len(again) != 1 || again[0].Note != "tonight" {
		t.Errorf("pauses are %v", again)
	}
}

// The key of what a row leaves behind is beyond Engage's numbers, the same every time, and another for another object.
func TestLeftover(t *testing.T) {
	a, b := mapping.Leftover(userKey(7), "ex-a"), mapping.Leftover(userKey(7), "ex-b")
	if a == b || a != mapping.Leftover(userKey(7), "ex-a") || a.Kind != model.KindUser || a.DBID <= 9_999_999_999 {
		t.Errorf("keys are %s and %s", a, b)
	}
}
