package engagetest_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
)

// Each uncertain name or value of the schema can be varied, and the site loads all the same.
func TestSchemaVariations(t *testing.T) {
	variations := []struct {
		name    string
		options []engagetest.SchemaOption
		query   string // must work
		want    string
		gone    string // must not work
	}{
		{"the default schema has root parent 0", nil,
			"SELECT COUNT(*) FROM cfg_flex_prop WHERE parent_dbid IS NULL", "0", ""},
		{"the root parent is NULL", []engagetest.SchemaOption{engagetest.WithRootParentNull()},
			"SELECT COUNT(*) FROM cfg_flex_prop WHERE parent_dbid = 0", "0", ""},
		{"the value table has another name", []engagetest.SchemaOption{engagetest.WithTable(engagetest.TableValue, "cfg_enum_value")},
			"SELECT COUNT(*) FROM cfg_enum_value", "40", "SELECT 1 FROM cfg_enumerator_value"},
		{"the link table and its columns have other names", []engagetest.SchemaOption{
			engagetest.WithTable(engagetest.TableLink, "cfg_group_route_dn"),
			engagetest.WithColumn(engagetest.TableLink, "dn_dbid", "route_dn_dbid")},
			"SELECT COUNT(*) - COUNT(route_dn_dbid) FROM cfg_group_route_dn", "0", "SELECT 1 FROM cfg_route_dn"},
		{"the e-mail column has another name", []engagetest.SchemaOption{
			engagetest.WithColumn(engagetest.TablePerson, engagetest.EmailColumn, "e_mail")},
			"SELECT COUNT(e_mail) FROM cfg_person", "30", "SELECT email_address FROM cfg_person"},
		{"the e-mail column is missing", []engagetest.SchemaOption{engagetest.WithoutColumn(engagetest.TablePerson, engagetest.EmailColumn)},
			"SELECT COUNT(user_name) FROM cfg_person", "30", "SELECT email_address FROM cfg_person"},
		{"a table is missing", []engagetest.SchemaOption{engagetest.WithoutTable(engagetest.TableTransaction)},
			"SELECT COUNT(*) FROM cfg_person", "30", "SELECT 1 FROM cfg_transaction"},
		{"a column of a key is missing", []engagetest.SchemaOption{engagetest.WithoutColumn(engagetest.TableProp, "part")},
			"SELECT COUNT(*) FROM cfg_flex_prop", "400", "SELECT part FROM cfg_flex_prop"},
	}
	for _, v := range variations {
		t.Run(v.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
				s := engagetest.New(engagetest.Tiny, 1, v.options...)
				write(t, s, db, d)
				if got := text(t, db, v.query); got != v.want {
					t.Errorf("%s = %s, want %s", v.query, got, v.want)
				}
				if v.gone != "" {
					if works(t, db, v.gone) {
						t.Errorf("%s works", v.gone)
					}
				}
				e := engagetest.NewEditor(s, db, d)
				for range 2 { // edits know the variation too
					p, err := e.Hire(t.Context(), engagetest.Newcomer{})
					if err != nil {
						t.Fatal(err)
					}
					if err := e.ChangeEmail(t.Context(), p.DBID, "x@northwind.example"); err != nil {
						t.Error(err)
					}
				}
				if err := e.DeleteQueue(t.Context(), s.Queues()[0].DBID); err != nil {
					t.Error(err)
				}
				if err := s.Check(t.Context(), db, d); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// In PostgreSQL the tables can live in a schema of their own; SQLite has none and ignores it.
func TestSchemaName(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 1, engagetest.WithSchemaName("genesys"))
		write(t, s, db, d)
		query := "SELECT COUNT(*) FROM cfg_person"
		if d == engagetest.PostgreSQL {
			query = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'genesys' AND table_name LIKE 'cfg%'"
		}
		if got, want := text(t, db, query), map[engagetest.Dialect]string{engagetest.PostgreSQL: "16", engagetest.SQLite: "30"}[d]; got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
		if err := s.Check(t.Context(), db, d); err != nil {
			t.Error(err)
		}
	})
}

// The default schema has the columns of the facts in each table, the ones that a site leaves empty included.
func TestDefaultSchema(t *testing.T) {
	ddl := engagetest.NewSchema().DDL(engagetest.SQLite)
	if len(ddl) != len(engagetest.NewSchema().Tables()) {
		t.Errorf("%d statements for %d tables", len(ddl), len(engagetest.NewSchema().Tables()))
	}
	for _, want := range []string{
		"CREATE TABLE cfg_skill_level (person_dbid numeric(10) NOT NULL, skill_dbid numeric(10) NOT NULL, level_ integer, person_csid numeric(10), " +
			"skill_csid numeric(10), PRIMARY KEY (person_dbid, skill_dbid))",
		"CREATE TABLE cfg_flex_prop (dbid numeric(10) NOT NULL, object_dbid numeric(10), object_type integer, parent_dbid numeric(10), " +
			"prop_name varchar(255), prop_value varchar(255), prop_type integer, part integer NOT NULL, csid numeric(10), object_csid numeric(10), " +
			"parent_csid numeric(10), PRIMARY KEY (dbid, part))",
		"CREATE TABLE cfg_locale (lcid integer, lc_class integer, lc_type integer, lc_subtype integer, lc_value varchar(255))",
	} {
		if !slices.Contains(ddl, want) {
			t.Errorf("missing: %s", want)
		}
	}
}

// cfg_locale numbers the DN types as the reader's self check wants them.
func TestLocalesNumberTheDNTypes(t *testing.T) {
	db := openSQLite(t)
	write(t, engagetest.New(engagetest.Tiny, 1), db, engagetest.SQLite)
	for number, want := range map[string]string{"3": "ACD Queue", "4": "Routing Point", "5": "Virtual Queue", "22": "Routing Queue", "32": "GVP DID"} {
		if got := text(t, db, "SELECT lc_value FROM cfg_locale WHERE lc_type = 5 AND lc_subtype = "+number); got != want {
			t.Errorf("DN type %s is %q, want %q", number, got, want)
		}
	}
}

// A site loads into a server with standard_conforming_strings off, backslashes included.
func TestWriteWithNonConformingStrings(t *testing.T) {
	db := pgtest.Start(t, pgtest.NonConformingStrings()).Open(t)
	n := engagetest.Nasty()
	write(t, n.Site, db, engagetest.PostgreSQL)
	if err := n.Check(t.Context(), db, engagetest.PostgreSQL); err != nil {
		t.Error(err)
	}
	if err := engagetest.NewEditor(n.Site, db, engagetest.PostgreSQL).RenameSkill(t.Context(), n.Skills[0].DBID, `back\slash`); err != nil {
		t.Error(err)
	}
	if err := n.Check(t.Context(), db, engagetest.PostgreSQL); err != nil {
		t.Error(err)
	}
}

// A write that fails leaves nothing behind and says at which table.
func TestAFailedWriteLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 1)
		s.Levels = append(s.Levels, s.Levels[0]) // the key is there twice
		if err := s.Write(t.Context(), db, d); err == nil || !strings.Contains(err.Error(), "cfg_skill_level") {
			t.Errorf("a row twice gave %v", err)
		}
		s.Levels = s.Levels[1:]
		write(t, s, db, d) // the tables of the failed write would be in the way
		if err := s.Write(t.Context(), db, d); err == nil || !strings.Contains(err.Error(), "CREATE TABLE cfg_tenant") {
			t.Errorf("writing twice gave %v", err)
		}
	})
	if err := engagetest.New(engagetest.Tiny, 1).Write(t.Context(), openSQLite(t), 0); err == nil || !strings.Contains(err.Error(), "Dialect(0)") {
		t.Errorf("no dialect gave %v", err)
	}
}

// Check finds a row that is missing, one too many, and one that differs.
func TestCheckFindsDifferences(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 1)
		write(t, s, db, d)
		for _, change := range []string{
			"UPDATE cfg_skill SET name = 'x' WHERE name = 'English'",
			"DELETE FROM cfg_route_dn WHERE dn_dbid = (SELECT MIN(dn_dbid) FROM cfg_route_dn)",
			"INSERT INTO cfg_agent_group (group_dbid, agent_dbid) VALUES (1, 1)",
			"UPDATE cfg_dn SET name = '' WHERE name IS NULL",
		} {
			if _, err := db.ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		err := s.Check(t.Context(), db, d)
		if err == nil {
			t.Fatal("no difference found")
		}
		for _, table := range []string{"cfg_skill:", "cfg_route_dn:", "cfg_agent_group:", "cfg_dn:"} {
			if !strings.Contains(err.Error(), table) {
				t.Errorf("%s is not in: %v", table, err)
			}
		}
		if strings.Contains(err.Error(), "cfg_person") {
			t.Errorf("cfg_person did not change: %v", err)
		}
	})
}

// A path with characters that mean something in a URL is a path all the same; a directory that is not there is named.
func TestOpenSQLite(t *testing.T) {
	db, err := engagetest.OpenSQLite(filepath.Join(t.TempDir(), "a b?c#d%.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := text(t, db, "PRAGMA journal_mode"); got != "wal" {
		t.Errorf("journal mode %s, want wal", got)
	}
	if got := text(t, db, "SELECT file FROM pragma_database_list WHERE name = 'main'"); !strings.HasSuffix(got, "a b?c#d%.db") {
		t.Errorf("the file is %s", got)
	}
	if _, err := engagetest.OpenSQLite(filepath.Join(t.TempDir(), "no", "such", "dir.db")); err == nil || !strings.Contains(err.Error(), "does the directory exist") {
		t.Errorf("a missing directory gave %v", err)
	}
}

// A reader's transaction sees one state while an editor commits another.
func TestSQLiteReadersSeeOneState(t *testing.T) {
	db := openSQLite(t)
	s := engagetest.New(engagetest.Tiny, 1)
	write(t, s, db, engagetest.SQLite)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	count := func() (n int) {
		if err := tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM cfg_person").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if _, err := engagetest.NewEditor(s, db, engagetest.SQLite).Hire(t.Context(), engagetest.Newcomer{}); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before {
		t.Errorf("the transaction saw %d persons, then %d", before, after)
	}
	if got := text(t, db, "SELECT COUNT(*) FROM cfg_person"); got != "31" {
		t.Errorf("a new look sees %s persons, want 31", got)
	}
}
