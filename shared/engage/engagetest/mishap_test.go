package engagetest_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"excs/shared/engage/engagetest"
)

// Each mishap does to the database what its name says, and the model keeps up.
func TestMishaps(t *testing.T) {
	type mishap struct {
		name  string
		do    func(ctx context.Context, e *engagetest.Editor) error
		query string
		is    string
	}
	mishaps := []mishap{
		{"halving a table keeps its first half", func(ctx context.Context, e *engagetest.Editor) error {
			return e.TruncateTable(ctx, engagetest.TablePerson, 0.5)
		}, "SELECT COUNT(*) FROM cfg_person", "15"},
		{"removing the links empties the link table", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RemoveLinks(ctx)
		}, "SELECT COUNT(*) FROM cfg_route_dn", "0"},
		{"disabling the tenant sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetTenantState(ctx, engagetest.MainTenant, engagetest.StateDisabled)
		}, "SELECT state FROM cfg_tenant WHERE dbid = 101", "2"},
		{"deleting the tenant deletes its row only", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteTenant(ctx, engagetest.MainTenant)
		}, "SELECT COUNT(*) FROM cfg_person p WHERE NOT EXISTS (SELECT 1 FROM cfg_tenant t WHERE t.dbid = p.tenant_dbid)", "30"},
		{"restoring a table brings its rows back", func(ctx context.Context, e *engagetest.Editor) error {
			backup := e.Site().Clone()
			if err := e.EmptyTable(ctx, engagetest.TableLevel); err != nil {
				return err
			}
			return e.RestoreTable(ctx, backup, engagetest.TableLevel)
		}, "SELECT COUNT(*) FROM cfg_skill_level", "87"},
	}
	for _, table := range engagetest.NewSchema().Tables() {
		if table != engagetest.TableLocale {
			mishaps = append(mishaps, mishap{"emptying " + string(table), func(ctx context.Context, e *engagetest.Editor) error {
				return e.EmptyTable(ctx, table)
			}, "SELECT COUNT(*) FROM " + string(table), "0"})
		}
	}
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 4)
		write(t, s, db, d)
		backup := s.Clone()
		e := engagetest.NewEditor(s, db, d)
		for _, m := range mishaps {
			t.Run(m.name, func(t *testing.T) {
				if got := text(t, db, m.query); got == m.is && m.name[:7] != "restori" {
					t.Fatalf("before: %s = %s already", m.query, got)
				}
				if err := m.do(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				if got := text(t, db, m.query); got != m.is {
					t.Errorf("after: %s = %s, want %s", m.query, got, m.is)
				}
				if err := s.Check(t.Context(), db, d); err != nil {
					t.Errorf("the model and the database differ: %v", err)
				}
				if err := e.RestoreBackup(t.Context(), backup); err != nil {
					t.Fatal(err)
				}
				if fingerprint(t, s) != fingerprint(t, backup) {
					t.Error("the backup did not bring the site back")
				}
			})
		}
	})
}

// A backup brings the former rows back, and the DBIDs with them: the next hire gets one that was given before.
func TestRestoreFromABackupGoesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 4)
		write(t, s, db, d)
		e := engagetest.NewEditor(s, db, d)
		backup := s.Clone()
		first, err := e.Hire(t.Context(), engagetest.Newcomer{First: "Before"})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.RestoreBackup(t.Context(), backup); err != nil {
			t.Fatal(err)
		}
		if got := text(t, db, fmt.Sprintf("SELECT first_name FROM cfg_person WHERE dbid = %d", first.DBID)); got != "none" {
			t.Errorf("person %d is still there: %s", first.DBID, got)
		}
		second, err := e.Hire(t.Context(), engagetest.Newcomer{First: "After"})
		if err != nil {
			t.Fatal(err)
		}
		if second.DBID != first.DBID {
			t.Errorf("after the restore the next DBID is %d, want %d again", second.DBID, first.DBID)
		}
		if len(backup.Persons) != len(s.Persons)-1 {
			t.Error("the edit after the restore changed the backup")
		}
	})
}

// A truncated or emptied table does not give DBIDs free.
func TestTruncatingGivesNoDBIDFree(t *testing.T) {
	s := engagetest.New(engagetest.Tiny, 4)
	last := s.Persons[len(s.Persons)-1].DBID
	e := engagetest.NewEditor(s, nil, engagetest.SQLite)
	if err := e.EmptyTable(t.Context(), engagetest.TablePerson); err != nil {
		t.Fatal(err)
	}
	p, err := e.Hire(t.Context(), engagetest.Newcomer{})
	if err != nil || p.DBID <= last {
		t.Errorf("the next DBID after %d is %d (%v)", last, p.DBID, err)
	}
}

// A removed column or table is gone from the database and from the schema; edits go on without it.
func TestRemovedColumnsAndTables(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 4)
		write(t, s, db, d)
		e := engagetest.NewEditor(s, db, d)
		for _, do := range []func(context.Context) error{
			e.RemoveEmailColumn,
			func(ctx context.Context) error { return e.RemoveTable(ctx, engagetest.TableLink) },
			func(ctx context.Context) error { return e.RemoveColumn(ctx, engagetest.TableLevel, "level_") },
		} {
			if err := do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, gone := range []string{"SELECT email_address FROM cfg_person", "SELECT 1 FROM cfg_route_dn", "SELECT level_ FROM cfg_skill_level"} {
			if works(t, db, gone) {
				t.Errorf("%s still works", gone)
			}
		}
		if s.Schema.HasColumn(engagetest.TablePerson, engagetest.EmailColumn) || s.Schema.HasTable(engagetest.TableLink) {
			t.Error("the schema still has what was removed")
		}
		if _, err := e.Hire(t.Context(), engagetest.Newcomer{Levels: map[int64]int{s.Skills[0].DBID: 3}}); err != nil {
			t.Error(err)
		}
		if err := e.DeleteQueue(t.Context(), s.Queues()[0].DBID); err != nil {
			t.Error(err)
		}
		if err := s.Check(t.Context(), db, d); err != nil {
			t.Error(err)
		}
		if err := e.RemoveTable(t.Context(), engagetest.TableLink); err == nil {
			t.Error("a table was removed twice")
		}
	})
}
