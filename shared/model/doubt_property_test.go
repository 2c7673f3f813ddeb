package model_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// look is one table in one read of a story.
type look struct {
	at    time.Time
	rows  int
	asked bool
}

// unsettled says, from the whole story of a table, whether its emptiness is in doubt after the last look: it once had
// rows, has had none since, and no look that asked came late enough after the first empty one.
func unsettled(story []look) bool {
	last := -1
	for i, l := range story {
		if l.rows > 0 {
			last = i
		}
	}
	empty := story[last+1:]
	if last < 0 || len(empty) == 0 {
		return false
	}
	return !slices.ContainsFunc(empty[1:], func(l look) bool { return l.asked && l.at.Sub(empty[0].at) >= settle })
}

// storyTables have no DBIDs, so that nothing but emptiness plays a part.
func storyTables() []model.Table {
	return []model.Table{model.TableSkillLevel, model.TableGroupAgent, model.TableGroupDN}
}

// draw draws one read of the tables; a table that is not asked gives no rows.
func draw(t *rapid.T, at time.Time) map[model.Table]look {
	looks := map[model.Table]look{}
	for _, table := range storyTables() {
		l := look{at: at, asked: rapid.IntRange(0, 9).Draw(t, "asked") > 0}
		if l.asked {
			l.rows = max(0, rapid.IntRange(-3, 3).Draw(t, "rows"))
		}
		looks[table] = l
	}
	return looks
}

func snapshotOf(looks map[model.Table]look) (*model.Snapshot, model.Counts) {
	s := &model.Snapshot{Tenant: model.Tenant{DBID: 1, Name: "acme", State: model.CfgEnabled}, Read: map[model.Table]int{}}
	c := model.Counts{model.TablePerson: 0}
	for table, l := range looks {
		if l.asked {
			s.Read[table], c[table] = l.rows, l.rows
		}
	}
	return s, c
}

// Whatever comes after what, the memory that one run hands to the next leads to the doubts that the whole story gives.
// Failed reads in between change nothing.
func TestDoubtsAreThoseOfTheWholeStory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stories := map[model.Table][]look{}
		var memory model.Memory
		at := noon
		for run := range rapid.IntRange(1, 25).Draw(t, "runs") {
			at = at.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
			looks := draw(t, at)
			s, c := snapshotOf(looks)
			if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
				c[model.TablePerson] = 1
				p, after, err := model.Prove(s, c, memory, settle, at)
				if err == nil || p.Valid() {
					t.Fatal("a partial read is proven")
				}
				memory = after
				continue
			}
			p, after, err := model.Prove(s, c, memory, settle, at)
			if err != nil {
				t.Fatal(err)
			}
			memory = throughJSON(t, after)
			for table, l := range looks {
				stories[table] = append(stories[table], l)
				if got, want := p.Doubts()[table] != "", unsettled(stories[table]); got != want {
					t.Fatalf("run %d: %s is in doubt is %v, want %v after %v", run, table, got, want, stories[table])
				}
			}
			if p.WentBack() != "" || !p.At().Equal(at) {
				t.Fatalf("run %d: went back %q at %v", run, p.WentBack(), p.At())
			}
		}
	})
}

// A shorter settling time never doubts more, and a settling time of nothing still asks for a second read.
func TestSettlingTimes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		settle time.Duration
		after  time.Duration
		doubt  bool
	}{
		{"none: the second read settles, at the same moment even", 0, 0, false},
		{"a minute, too early", time.Minute, time.Minute - 1, true},
		{"a minute, in time", time.Minute, time.Minute, false},
		{"a day, an hour later", 24 * time.Hour, time.Hour, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			empty := site(model.TablePerson)
			first, memory, err := model.Prove(empty, counted(empty), remembered(t, site()), tc.settle, noon)
			if err != nil || first.Doubts()[model.TablePerson] == "" {
				t.Fatalf("the first empty read settles by itself: %v", err)
			}
			second, _, err := model.Prove(empty, counted(empty), memory, tc.settle, noon.Add(tc.after))
			if err != nil || (second.Doubts()[model.TablePerson] != "") != tc.doubt {
				t.Errorf("the doubt is %q, %v", second.Doubts()[model.TablePerson], err)
			}
		})
	}
}

// The memory stands in the table: its form is read by the next version too.
func TestTheJSONOfTheMemory(t *testing.T) {
	t.Parallel()
	_, memory := prove(t, site(tables()[1:]...), model.Memory{}, noon)
	memory.Newest[model.TablePerson] = memory.Newest[model.TablePerson][:2]
	for _, m := range []map[model.Table]int{memory.Rows, memory.Total} {
		for table := range m {
			if table != model.TablePerson {
				delete(m, table)
			}
		}
	}
	for table := range memory.Newest {
		if table != model.TablePerson {
			delete(memory.Newest, table)
		}
	}
	memory.EmptySince[model.TableDN], memory.WentBackSince = noon, noon
	want := `{"rows":{"cfg_person":100},"total":{"cfg_person":100},"highest":{"cfg_person":100},"newest":{"cfg_person":[100,99]},"emailColumn":true,` +
		`"emptySince":{"cfg_dn":"2026-05-04T12:00:00Z"},"wentBackSince":"2026-05-04T12:00:00Z"}`
	if got := asJSON(t, memory); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := asJSON(t, model.Memory{}); got != "{}" {
		t.Errorf("no memory is written as %s", got)
	}
}
