package engagetest_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
)

// cluster starts with the first test that needs PostgreSQL.
var cluster = pgtest.New()

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, cluster)) }

// openSQLite opens a fresh SQLite database.
func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := engagetest.OpenSQLite(filepath.Join(t.TempDir(), "engage.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// onBoth runs a test on a fresh SQLite and a fresh PostgreSQL database.
func onBoth(t *testing.T, f func(t *testing.T, db *sql.DB, d engagetest.Dialect)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, openSQLite(t), engagetest.SQLite) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, cluster.Open(t), engagetest.PostgreSQL) })
}

// write writes a site or ends the test.
func write(t *testing.T, s *engagetest.Site, db *sql.DB, d engagetest.Dialect) {
	t.Helper()
	if err := s.Write(t.Context(), db, d); err != nil {
		t.Fatal(err)
	}
}

// text returns the one value of a query as text; NULL is "NULL", no row is "none".
func text(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var s sql.NullString
	err := db.QueryRowContext(t.Context(), query).Scan(&s)
	switch {
	case err == sql.ErrNoRows:
		return "none"
	case err != nil:
		t.Fatalf("%s: %v", query, err)
	case !s.Valid:
		return "NULL"
	}
	return s.String
}

// works reports whether the database takes a query.
func works(t *testing.T, db *sql.DB, query string) bool {
	t.Helper()
	stmt, err := db.PrepareContext(t.Context(), query)
	if err != nil {
		return false
	}
	defer stmt.Close()
	return true
}
