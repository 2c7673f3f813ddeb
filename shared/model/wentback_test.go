package model_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// rowsOf gives the table of persons exactly these DBIDs.
func rowsOf(s *model.Snapshot, dbids ...int64) *model.Snapshot {
	const t = model.TablePerson
	s.Read[t], s.Total[t], s.Highest[t], s.Newest[t] = len(dbids), len(dbids), 0, nil
	if len(dbids) == 0 {
		return s
	}
	s.Highest[t] = slices.Max(dbids)
	for _, d := range slices.Backward(slices.Sorted(slices.Values(dbids))) {
		if d > s.Highest[t]-model.NewestSpan {
			s.Newest[t] = append(s.Newest[t], d)
		}
	}
	return s
}

func TestWhichSourcesWentBack(t *testing.T) {
	t.Parallel()
	upTo := func(n int64, without ...int64) []int64 {
		var all []int64
		for d := int64(1); d <= n; d++ {
			if !slices.Contains(without, d) {
				all = append(all, d)
			}
		}
		return all
	}
	for _, tc := range []struct {
		name   string
		before []int64
		now    []int64
		back   string
	}{
		{"nothing changed", upTo(100), upTo(100), ""},
		{"somebody was hired", upTo(100), upTo(101), ""},
		{"somebody in the middle was fired", upTo(100), upTo(100, 50), ""},
		{"the youngest was fired", upTo(100), upTo(99), ""},
		{"the two youngest were fired, with a gap below", []int64{96, 98, 99, 100}, []int64{96, 98}, ""},
		{"the youngest was fired, an older one was fired long ago", upTo(100, 99), upTo(98), ""},
		{"the youngest were fired and others beside them", upTo(100), upTo(97, 3, 4, 5), ""},
		{"more were fired than are remembered, all of them missing", upTo(200), upTo(100), ""},
		{"everybody is gone: that is for the doubt about empty tables", []int64{1, 2, 1000}, nil, ""},
		{"an older state that had more people", upTo(100, 10, 11, 12), upTo(98), "fell from 100 to 98 while 0 rows are missing"},
		{"an older state with as many people", []int64{1, 2, 100}, []int64{1, 2, 99}, "fell from 100 to 99 while 0 rows are missing"},
		{"an older state whose youngest was fired since", []int64{96, 98, 99, 100}, []int64{96, 97}, "fell from 100 to 97 while 2 rows are missing"},
		{"an older state with far fewer people, whose youngest was fired since", []int64{1, 2, 3, 96, 98, 99, 100}, []int64{1, 97}, "fell from 100 to 97 while 5 rows are missing"},
		{"an older state in which somebody is back", []int64{96, 98, 99, 100}, []int64{12, 96}, "fell from 100 to 96 while 2 rows are missing"},
		{"a far older state", upTo(1000, 5), upTo(100), "fell from 1000 to 100 while 899 rows are missing"},
		{"another database", []int64{5001, 5002, 5003}, []int64{1, 2, 3}, "fell from 5003 to 3 while 0 rows are missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, _ := prove(t, rowsOf(site(), tc.now...), remembered(t, rowsOf(site(), tc.before...)), noon)
			if tc.back == "" {
				if p.WentBack() != "" {
					t.Errorf("it says: %s", p.WentBack())
				}
				return
			}
			if got := p.WentBack(); !strings.HasPrefix(got, "the highest DBID of cfg_person ") || !strings.Contains(got, tc.back) ||
				!strings.HasSuffix(got, "the database was restored, migrated, or this is a lagging replica") {
				t.Errorf("it says: %q", got)
			}
			if p.Doubt() != p.WentBack() {
				t.Errorf("the doubt is %q", p.Doubt())
			}
		})
	}
}

// A memory written before DBIDs near the highest were kept: the fall alone is the measure.
func TestWithoutNewestTheFallIsTheMeasure(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		now  []int64
		back bool
	}{
		{"one is missing and the highest fell by one", []int64{1, 2, 3}, false},
		{"one is missing and the highest fell by two", []int64{1, 2, 2}, true},
		{"none is missing and the highest fell", []int64{0, 1, 2, 3}, true},
	} {
		before := remembered(t, rowsOf(site(), 1, 2, 3, 4))
		before.Newest = nil
		if p, _ := prove(t, rowsOf(site(), tc.now...), before, noon); (p.WentBack() != "") != tc.back {
			t.Errorf("%s: it says %q", tc.name, p.WentBack())
		}
	}
}

// While the source has gone back, every run says so and nothing of what was known before is lost.
func TestASourceThatWentBackIsRememberedUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	before := remembered(t, rowsOf(site(), 1, 2, 100))
	back := rowsOf(site(), 1, 2, 99)
	p, memory := prove(t, back, before, noon)
	if p.WentBack() == "" || !memory.WentBackSince.Equal(noon) {
		t.Fatalf("it says %q since %v", p.WentBack(), memory.WentBackSince)
	}
	p, memory = prove(t, back, throughJSON(t, memory), noon.Add(time.Hour))
	if p.WentBack() == "" || !memory.WentBackSince.Equal(noon) {
		t.Errorf("an hour later it says %q since %v", p.WentBack(), memory.WentBackSince)
	}
	if memory.Highest[model.TablePerson] != 100 || memory.Rows[model.TablePerson] != 3 || memory.Total[model.TablePerson] != 3 || !slices.Equal(memory.Newest[model.TablePerson], []int64{100}) {
		t.Errorf("the memory is %v", memory)
	}
	// The replica caught up.
	p, caughtUp := prove(t, rowsOf(site(), 1, 2, 100, 101), throughJSON(t, memory), noon.Add(2*time.Hour))
	if p.WentBack() != "" || !caughtUp.WentBackSince.IsZero() || caughtUp.Highest[model.TablePerson] != 101 {
		t.Errorf("it says %q since %v", p.WentBack(), caughtUp.WentBackSince)
	}
	// Or an operator accepted the source: the run forgets the old measures.
	accepted := throughJSON(t, memory)
	accepted.Highest, accepted.Total, accepted.Newest = nil, nil, nil
	p, accepted = prove(t, back, accepted, noon.Add(2*time.Hour))
	if p.WentBack() != "" || !accepted.WentBackSince.IsZero() || accepted.Highest[model.TablePerson] != 99 {
		t.Errorf("it says %q since %v", p.WentBack(), accepted.WentBackSince)
	}
}

// Firing the youngest, run after run, never looks like a restored database: each fall is measured from the last read.
func TestDeletionsOfTheYoungestAreMeasuredFromTheLastRead(t *testing.T) {
	t.Parallel()
	var dbids []int64
	for d := int64(2); d <= 2000; d += 2 {
		dbids = append(dbids, d)
	}
	memory := remembered(t, rowsOf(site(), dbids...))
	for i, gone := range []int{1, 0, 5, 1, 0, 20, 3} {
		dbids = dbids[:len(dbids)-gone]
		var p model.Proven
		p, memory = prove(t, rowsOf(site(), dbids...), throughJSON(t, memory), noon)
		if p.WentBack() != "" {
			t.Fatalf("run %d: %s", i, p.WentBack())
		}
		if memory.Highest[model.TablePerson] != dbids[len(dbids)-1] {
			t.Fatalf("run %d: the highest is remembered as %d", i, memory.Highest[model.TablePerson])
		}
	}
}

// The table was empty for a while: it is compared with what it was before.
func TestRowsThatComeBackAfterAnEmptyRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		again []int64
		back  bool
	}{
		{"all of them", []int64{1, 2, 3, 4}, false},
		{"all but the youngest", []int64{1, 2, 3}, false},
		{"an older state", []int64{0, 1, 2, 3}, true},
	} {
		memory := remembered(t, rowsOf(site(), 1, 2, 3, 4))
		p, memory := prove(t, rowsOf(site()), memory, noon)
		if p.WentBack() != "" || p.Doubts()[model.TablePerson] == "" {
			t.Fatalf("%s: an empty table: went back %q, doubt %q", tc.name, p.WentBack(), p.Doubts()[model.TablePerson])
		}
		if p, _ = prove(t, rowsOf(site(), tc.again...), throughJSON(t, memory), noon.Add(time.Minute)); (p.WentBack() != "") != tc.back {
			t.Errorf("%s: it says %q", tc.name, p.WentBack())
		}
	}
	// And after the emptiness was settled, the measure is still the highest DBID that there ever was.
	_, memory := prove(t, rowsOf(site()), remembered(t, rowsOf(site(), 1, 2, 3, 4)), noon)
	p, memory := prove(t, rowsOf(site()), memory, noon.Add(settle))
	if p.Doubts()[model.TablePerson] != "" || memory.Highest[model.TablePerson] != 4 || memory.Rows[model.TablePerson] != 0 {
		t.Fatalf("settled: doubt %q, memory %v", p.Doubts()[model.TablePerson], memory)
	}
	if p, _ := prove(t, rowsOf(site(), 1, 2, 3), memory, noon.Add(time.Hour)); p.WentBack() == "" {
		t.Error("rows of before came back, and nothing is said")
	}
	if p, _ := prove(t, rowsOf(site(), 5, 6), memory, noon.Add(time.Hour)); p.WentBack() != "" {
		t.Errorf("new rows: it says %q", p.WentBack())
	}
}

// The tenant's rows are gone, another tenant's are there: what is known of the table stays until the doubt is settled.
func TestATableInDoubtIsComparedWithWhatItWas(t *testing.T) {
	t.Parallel()
	before := []int64{1, 2, 3, 90, 100}
	for _, tc := range []struct {
		name  string
		again []int64
		back  bool
	}{
		{"all of them", before, false},
		{"all but the youngest, far above the others", []int64{1, 2, 3, 90}, false},
		{"an older state", []int64{1, 2, 3, 80, 90}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			empty := rowsOf(site(), 1, 2, 3, 90)
			empty.Read[model.TablePerson] = 0
			p, memory := prove(t, empty, remembered(t, rowsOf(site(), before...)), noon)
			if p.Doubts()[model.TablePerson] == "" || p.WentBack() != "" {
				t.Fatalf("doubt %q, went back %q", p.Doubts()[model.TablePerson], p.WentBack())
			}
			if p, _ := prove(t, rowsOf(site(), tc.again...), throughJSON(t, memory), noon.Add(time.Minute)); (p.WentBack() != "") != tc.back {
				t.Errorf("it says %q", p.WentBack())
			}
		})
	}
	empty := rowsOf(site(), 1)
	empty.Read[model.TablePerson] = 0
	memory := remembered(t, rowsOf(site(), 1, 2, 3, 4))
	if _, after := prove(t, empty, memory, noon); after.Highest[model.TablePerson] != 4 || after.Total[model.TablePerson] != 4 {
		t.Errorf("the memory is %v", after)
	}
}

// The first table that went back is named, in the order of names.
func TestTheTableThatWentBackIsNamed(t *testing.T) {
	t.Parallel()
	now := site()
	for _, table := range []model.Table{model.TableSkill, model.TableDN} {
		now.Highest[table], now.Newest[table] = 90, nil
	}
	p, _ := prove(t, now, remembered(t, site()), noon)
	if !strings.Contains(p.WentBack(), "cfg_dn fell from 100 to 90") {
		t.Errorf("it says %q", p.WentBack())
	}
}

// engage is a table of rows as the database gives DBIDs: one after another, never again.
type engage struct {
	next  int64
	alive map[int64]bool
}

func (e *engage) rows() []int64 { return slices.Sorted(maps.Keys(e.alive)) }

// live hires and fires.
func (e *engage) live(t *rapid.T) {
	for range rapid.IntRange(0, 5).Draw(t, "hired") {
		e.next++
		e.alive[e.next] = true
	}
	for range rapid.IntRange(0, 5).Draw(t, "fired") {
		if rows := e.rows(); len(rows) > 1 {
			delete(e.alive, rapid.SampledFrom(rows).Draw(t, "who"))
		}
	}
}

func newEngage(t *rapid.T) *engage {
	e := &engage{alive: map[int64]bool{}}
	for range rapid.IntRange(1, 30).Draw(t, "people") {
		e.next += rapid.Int64Range(1, 4).Draw(t, "gap")
		e.alive[e.next] = true
	}
	return e
}

// A living source never seems to have gone back, however its people come and go, as long as what is remembered of the
// newest reaches down to those who are left.
func TestALivingSourceNeverGoesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := newEngage(t)
		_, memory := prove(t, rowsOf(site(), e.rows()...), model.Memory{}, noon)
		for run := range rapid.IntRange(1, 15).Draw(t, "runs") {
			e.live(t)
			s := rowsOf(site(), e.rows()...)
			if newest := memory.Newest[model.TablePerson]; s.Highest[model.TablePerson] < slices.Min(newest) {
				t.Skip("more is gone than is remembered")
			}
			var p model.Proven
			p, memory = prove(t, s, throughJSON(t, memory), noon)
			if p.WentBack() != "" {
				t.Fatalf("run %d: %s", run, p.WentBack())
			}
		}
	})
}

// A restored state shows when somebody who was hired since is missing and no fewer people are there than before.
func TestARestoredSourceShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := newEngage(t)
		old := rowsOf(site(), e.rows()...)
		e.next++
		e.alive[e.next] = true
		// Since the backup at least as many were fired as hired.
		for i := range rapid.IntRange(1, 5).Draw(t, "fired") {
			if rows := e.rows(); i < len(rows)-1 {
				delete(e.alive, rows[i])
			}
		}
		_, memory := prove(t, rowsOf(site(), e.rows()...), model.Memory{}, noon)
		if old.Total[model.TablePerson] < memory.Total[model.TablePerson] {
			t.Skip("the backup has fewer people")
		}
		if p, _ := prove(t, old, memory, noon); p.WentBack() == "" {
			t.Fatalf("the backup %v in place of %v does not show", old.Newest, memory.Newest)
		}
	})
}
