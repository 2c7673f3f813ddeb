package engagetest_test

import (
	"database/sql"
	"reflect"
	"testing"

	"excs/shared/engage/engagetest"
)

// A reader that has seen the same number twice, with no edit under way, has seen the same rows: every transaction moves it,
// also one that fails, and an edit that touches no database does not.
func TestMoves(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 1)
		write(t, s, db, d)
		e, backup := engagetest.NewEditor(s, db, d), s.Clone()
		moved := func(what string, do func() error, fails bool) {
			t.Helper()
			before := e.Moves()
			if err := do(); (err != nil) != fails {
				t.Fatalf("%s: %v", what, err)
			}
			if n := e.Moves() - before; n != 2 {
				t.Errorf("%s moved it by %d, want its beginning and its end", what, n)
			}
		}
		moved("an edit", func() error { return e.Fire(t.Context(), s.Persons[0].DBID) }, false)
		moved("a mishap", func() error { return e.EmptyTable(t.Context(), engagetest.TableSkill) }, false)
		moved("a backup", func() error { return e.RestoreBackup(t.Context(), backup) }, false)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		moved("an edit that fails", func() error { return e.Fire(t.Context(), s.Persons[0].DBID) }, true)
	})
	paper := engagetest.NewEditor(engagetest.New(engagetest.Tiny, 1), nil, engagetest.SQLite)
	if err := paper.Fire(t.Context(), paper.Site().Persons[0].DBID); err != nil || paper.Moves() != 0 {
		t.Errorf("an edit of the model alone moved it by %d, %v", paper.Moves(), err)
	}
}

// A size that is no tier's gives a site of that size, the same one for a seed.
func TestNewOfSize(t *testing.T) {
	size := engagetest.Tiny.Size()
	size.Persons, size.VirtualQueues, size.DNs = 45, 9, 80
	s := engagetest.NewOfSize(size, 3)
	if len(s.Persons) != 45 || len(s.DNs) != 80 {
		t.Errorf("%d persons, %d DNs", len(s.Persons), len(s.DNs))
	}
	virtual := 0
	for _, d := range s.DNs {
		if d.Type == engagetest.VirtualQueue {
			virtual++
		}
	}
	if virtual != 9 {
		t.Errorf("%d Virtual Queues", virtual)
	}
	if !reflect.DeepEqual(s, engagetest.NewOfSize(size, 3)) || reflect.DeepEqual(s, engagetest.NewOfSize(size, 4)) {
		t.Error("a seed does not make the site")
	}
}
