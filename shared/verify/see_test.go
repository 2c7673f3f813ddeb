package verify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

const codesCall = "GET /api/v2/routing/queues/{queueId}/wrapupcodes"

// dressed is a queue of the stage that an administrator has set up by hand, with two wrap-up codes.
func (g *stage) dressed(t *testing.T, n int) (mapping.Row, []string) {
	t.Helper()
	row := g.rowsOf(t, model.KindQueue)[n]
	must(t, g.org.EditQueue(row.EXID, func(raw map[string]any) {
		raw["description"] = "for customers"
		raw["acwSettings"] = map[string]any{"wrapupPrompt": "OPTIONAL"}
	}))
	return row, g.coded(t, row, "By hand 1", "By hand 2")
}

// coded gives a queue wrap-up codes.
func (g *stage) coded(t *testing.T, row mapping.Row, names ...string) []string {
	t.Helper()
	var ids []string
	for _, name := range names {
		id, err := g.org.AddCode(map[string]any{"name": name})
		must(t, err)
		ids = append(ids, id)
	}
	must(t, g.org.AssignCodes(row.EXID, ids...))
	return ids
}

// lost deletes a queue, has that found, and gives what was made in its place.
func (g *stage) lost(t *testing.T, row mapping.Row) exorgtest.Queue {
	t.Helper()
	must(t, g.org.DeleteQueue(row.EXID))
	for range 3 {
		g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}})
		g.clock.Pass(2 * time.Minute)
		g.converge(t)
	}
	q, ok := g.org.Queue(g.row(t, row.Key).EXID)
	if !ok || q.ID == row.EXID {
		t.Fatal("it was not made again")
	}
	return q
}

// One sweep is enough for a queue that a person set up to come back as it was, although EXCS never read it for its own sake.
func TestASweepSeesQueuesForMakingThemAgain(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	row, codes := g.dressed(t, 1)
	g.org.ResetCounters()
	before := g.row(t, row.Key)
	g.sweep(t, verify.Request{})
	after := g.row(t, row.Key)
	if !strings.Contains(string(after.Seen), "for customers") || !slices.Equal(after.SeenCodes, codes) {
		t.Errorf("seen %s and %v", after.Seen, after.SeenCodes)
	}
	after.Seen, after.SeenCodes = before.Seen, before.SeenCodes
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the row was changed beyond what was seen:\n%+v\n%+v", before, after)
	}
	g.nobodyHeard(t)
	q := g.lost(t, row)
	if q.Settings["description"] != "for customers" || q.Settings["acwSettings"].(map[string]any)["wrapupPrompt"] != "OPTIONAL" {
		t.Errorf("it came back with %v", q.Settings)
	}
	if !slices.Equal(q.Codes, codes) {
		t.Errorf("it came back with the codes %v, want %v", q.Codes, codes)
	}
}

// Codes alone, which no list shows, are seen within a day of sweeps.
func TestCodesAreSeenWithinADay(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	rows := g.rowsOf(t, model.KindQueue)
	want := map[model.Key][]string{}
	for i, row := range rows {
		want[row.Key] = g.coded(t, row, fmt.Sprintf("By hand %d", i))
	}
	g.day(t)
	for _, row := range rows {
		if got := g.row(t, row.Key).SeenCodes; !slices.Equal(got, want[row.Key]) {
			t.Errorf("%s: codes %v, want %v", row.Key, got, want[row.Key])
		}
	}
	g.org.ResetCounters()
	g.day(t)
	if n := g.org.Calls()[codesCall]; n < len(rows) || n > len(rows)+2 {
		t.Errorf("%d calls for the codes of %d queues in a day", n, len(rows))
	}
}

// A code that somebody took off is forgotten; one that was deleted is kept, for when it is made again.
func TestCodesThatGo(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	row, codes := g.dressed(t, 0)
	code := g.rowsOf(t, model.KindWrapUpCode)[0]
	must(t, g.org.AssignCodes(row.EXID, code.EXID))
	g.sweep(t, verify.Request{})
	must(t, g.org.UnassignCode(row.EXID, codes[0]))
	must(t, g.org.DeleteCode(codes[1]))
	g.day(t)
	g.sweep(t, verify.Request{}) // the first of the next round
	got := g.row(t, row.Key).SeenCodes
	slices.Sort(got)
	wanted := []string{codes[1], code.EXID}
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Errorf("codes %v, want %v", got, wanted)
	}
	q := g.lost(t, row)
	if !slices.Equal(q.Codes, []string{code.EXID}) {
		t.Errorf("codes %v", q.Codes)
	}
	h := g.row(t, row.Key).History
	if n := h[len(h)-1].Note; !strings.Contains(n, codes[1]) {
		t.Errorf("the note %q does not name the code that is gone", n)
	}
}

// What changes by itself, such as the number of members, is no news: nothing is written, and no codes are read for it.
func TestSweepsNoteNothingThatIsKnown(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.dressed(t, 0)
	g.sweep(t, verify.Request{Kinds: model.Kinds()})
	row := g.pick(t, model.KindQueue, func(mapping.Row) bool { return true })
	id, err := g.org.AddUser(map[string]any{"name": "Guest", "email": "guest@example.org"})
	must(t, err)
	must(t, g.org.AddMembers(row.EXID, id))
	g.tableWrites()
	g.org.ResetCounters()
	g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindWrapUpCode}})
	g.sweep(t, verify.Request{Keys: []model.Key{row.Key}})
	if w := g.tableWrites(); slices.Contains(w, "See") {
		t.Errorf("the table was written to by %v", w)
	}
	g.sweep(t, verify.Request{})
	if w := g.tableWrites(); slices.Contains(w, "See") {
		t.Errorf("the table was written to by %v", w)
	}
}

// A dry sweep notes nothing, and neither does one that reads while EXCS's own write may not show yet.
func TestSweepsThatNoteNothing(t *testing.T) {
	t.Run("dry", func(t *testing.T) {
		g := newStage(t, settings(), engagetest.Tiny)
		row, _ := g.dressed(t, 0)
		g.sweep(t, verify.Request{Dry: true})
		if got := g.row(t, row.Key); strings.Contains(string(got.Seen), "for customers") {
			t.Error("a dry sweep wrote")
		}
	})
	t.Run("written just now", func(t *testing.T) {
		g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithIndexLag(time.Minute))
		row, _ := g.dressed(t, 0)
		g.clock.Pass(2 * time.Minute)
		g.sweep(t, verify.Request{Keys: []model.Key{row.Key}})
		if got := g.row(t, row.Key); !strings.Contains(string(got.Seen), "for customers") {
			t.Error("a sweep of one key does not see it")
		}
		must(t, g.org.EditQueue(row.EXID, func(raw map[string]any) { raw["description"] = "newer" }))
		g.sweep(t, verify.Request{Keys: []model.Key{row.Key}})
		g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}}) // its list is a minute old
		if got := g.row(t, row.Key); !strings.Contains(string(got.Seen), "newer") {
			t.Errorf("an older list was believed: %s", got.Seen)
		}
	})
}

// A queue without a body on its row, as an operator's link leaves it, is seen too; one whose codes the worker still owes is left to it.
func TestRowsWithoutABodyAndRowsThatOwe(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	row, codes := g.dressed(t, 0)
	g.sweep(t, verify.Request{})
	must(t, g.Table.See(t.Context(), row.Key, row.EXID, []byte(`{"id":"lost","name":"x"}`), []string{"owed"}))
	g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}})
	if got := g.row(t, row.Key); !slices.Equal(got.SeenCodes, []string{"owed"}) || !strings.Contains(string(got.Seen), "lost") {
		t.Errorf("seen %s and %v", got.Seen, got.SeenCodes)
	}
	must(t, g.Table.See(t.Context(), row.Key, row.EXID, []byte{}, nil))
	g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}})
	if got := g.row(t, row.Key); !strings.Contains(string(got.Seen), "for customers") || !slices.Contains(got.SeenCodes, codes[0]) {
		t.Errorf("seen %s and %v", got.Seen, got.SeenCodes)
	}
}
