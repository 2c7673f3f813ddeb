package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
)

// Filters by kind, key and reason, alone and together; what they leave out stays as it was and is told.
func TestFilters(t *testing.T) {
	members := model.Key{Kind: model.KindMembers, DBID: 1}
	skill := model.Key{Kind: model.KindSkill, DBID: 9}
	tests := []struct {
		name string
		req  replay.Request
		want []model.Key
	}{
		{"none", replay.Request{}, []model.Key{skill, user(1), user(2), user(3), members}},
		{"a kind", replay.Request{Kinds: []model.Kind{model.KindSkill}}, []model.Key{skill}},
		{"two kinds", replay.Request{Kinds: []model.Kind{model.KindMembers, model.KindSkill}}, []model.Key{skill, members}},
		{"keys", replay.Request{Keys: []model.Key{user(2), members, user(99)}}, []model.Key{user(2), members}},
		{"a part of the reason, whatever its case", replay.Request{Reason: " aNSWERED 503"}, []model.Key{user(1), user(3), members}},
		{"a code", replay.Request{Reason: "Denied"}, []model.Key{skill}},
		{"part of a code is none", replay.Request{Reason: "denie"}, nil},
		{"the reason of letters that no worker wrote", replay.Request{Reason: "gave it up"}, []model.Key{user(2)}},
		{"a kind and a reason", replay.Request{Kinds: []model.Kind{model.KindUser}, Reason: "503"}, []model.Key{user(1), user(3)}},
		{"everything at once", replay.Request{Kinds: []model.Kind{model.KindUser}, Keys: []model.Key{user(3), user(2)}, Reason: "unavailable"}, []model.Key{user(3)}},
		{"nothing fits", replay.Request{Keys: []model.Key{user(99)}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse()
			h.quarantine(t, user(1), members)
			refusedSkill := h.letter(skill, h.row(t, skill, mapping.StateQuarantined).Version)
			refusedSkill.Reason, refusedSkill.Code = "create skill: no permission", model.CodeDenied
			h.bury(t, refusedSkill)
			row := h.row(t, user(2), mapping.StatePending)
			h.crashed(t, queue.Message{Key: user(2), Version: row.Version, Token: "t", Cause: model.CauseEngage})
			h.quarantine(t, user(3))
			report := h.replay(t, test.req)
			var moved []model.Key
			for _, l := range report.Moved {
				moved = append(moved, l.Key)
			}
			slices.SortFunc(moved, model.Key.Compare)
			want := slices.SortedFunc(slices.Values(test.want), model.Key.Compare)
			if !slices.Equal(moved, want) || report.Counts.Left != 5-len(want) {
				t.Errorf("moved %v, want %v; counts %+v", moved, want, report.Counts)
			}
			for _, l := range report.Left {
				if l.Why != "not asked for" || l.Reason == "" {
					t.Errorf("line %+v", l)
				}
			}
			if work, dead := h.depths(t); work != len(want) || dead != 5-len(want) {
				t.Errorf("%d messages, %d dead letters", work, dead)
			}
		})
	}
}

// One letter that fits is enough for its object: the look answers the others too.
func TestReasonOfOneLetter(t *testing.T) {
	h := newHouse()
	other := h.letter(user(1), 1)
	other.Reason, other.Token = "something else", "u"
	h.bury(t, other)
	h.quarantine(t, user(1))
	if report := h.replay(t, replay.Request{Reason: "503"}); report.Counts.Moved != 2 || report.Counts.Objects != 1 {
		t.Errorf("counts %+v", report.Counts)
	}
}

// Max counts objects, whatever number of letters they have and whether they are sent or struck off; those that are left
// alone do not count.
func TestMax(t *testing.T) {
	h := newHouse()
	h.bury(t, h.letter(user(1), h.row(t, user(1), mapping.StateHeld).Version))
	h.quarantine(t, user(2))
	second := h.letter(user(2), 1)
	second.Token = "u"
	h.bury(t, second, h.letter(user(3), h.row(t, user(3), mapping.StateConverged).Version))
	h.quarantine(t, user(4), user(5))
	report := h.replay(t, replay.Request{Max: 2})
	if report.Counts != (replay.Counts{Letters: 6, Moved: 2, Dropped: 1, Left: 3, Objects: 1}) || !strings.HasPrefix(report.Stopped, "max: 2 objects") {
		t.Fatalf("report %+v", report)
	}
	for _, l := range report.Left[1:] {
		if l.Why != "max: 2 objects were taken before it" {
			t.Errorf("line %+v", l)
		}
	}
	if report := h.replay(t, replay.Request{Max: 2}); report.Counts.Moved != 2 || report.Remaining != 1 {
		t.Errorf("the second replay %+v", report)
	}
	if work, dead := h.depths(t); work != 3 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// A request that makes no sense is refused before anything is received; without a number the default holds.
func TestBoundsOfMax(t *testing.T) {
	h := newHouse()
	h.setCut(func(op string) (bool, bool) { t.Errorf("%s was called", op); return false, false })
	for _, n := range []int{-1, 1001} {
		_, err := replay.New(h.config()).Replay(t.Context(), replay.Request{Max: n})
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "use 1 to 1000") {
			t.Errorf("%d: %v", n, err)
		}
	}
	h.setCut(nil)
	for i := range int64(101) {
		h.quarantine(t, user(i+1))
	}
	if report := h.replay(t, replay.Request{}); report.Counts.Objects != replay.DefaultMax || report.Remaining != 1 {
		t.Errorf("report %+v", report.Counts)
	}
}

// pauses is made of a map.
type pauses map[model.Key]string

func (p pauses) Paused(_ context.Context, keys []model.Key) (map[model.Key]string, error) {
	found := map[model.Key]string{}
	for _, k := range keys {
		if note, ok := p[k]; ok {
			found[k] = note
		}
	}
	return found, nil
}

// A paused object's letter is left, with the operator's note; one that no look is needed for is struck off all the same.
func TestPaused(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1), user(2))
	h.bury(t, h.letter(user(3), h.row(t, user(3), mapping.StateConverged).Version))
	c := h.config()
	c.Pauses = pauses{user(1): "migration", user(3): "migration"}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names(report.Left), []string{"user/1: it is paused (migration): resume it first"}) || report.Counts.Moved != 1 || report.Counts.Dropped != 1 {
		t.Errorf("report %+v", report)
	}
	if row := h.get(t, user(1)); row.State != mapping.StateQuarantined || row.Version != 1 {
		t.Errorf("the row is %s at version %d", row.State, row.Version)
	}
}

type noPauses struct{}

func (noPauses) Paused(context.Context, []model.Key) (map[model.Key]string, error) {
	return nil, model.Errorf(model.CodeUnavailable, "get document", "no answer")
}

// While nobody can say what is paused, nothing is sent.
func TestPausesUnknown(t *testing.T) {
	h := newHouse()
	h.quarantine(t, user(1))
	c := h.config()
	c.Pauses = noPauses{}
	report, err := replay.New(c).Replay(t.Context(), replay.Request{})
	if model.CodeOf(err) != model.CodeUnavailable || !strings.Contains(err.Error(), "read what is paused") || report.Counts.Left != 1 {
		t.Errorf("%v, report %+v", err, report)
	}
	if work, dead := h.depths(t); work != 0 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}
