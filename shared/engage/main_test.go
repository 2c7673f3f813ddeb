package engage_test

import (
	"database/sql"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage"
	"excs/shared/engage/drivers"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/model"
)

var update = flag.Bool("update", false, "write the golden files")

// The clusters start with the first test that needs them; the second runs as Genesys tells administrators to.
var (
	cluster       = pgtest.New()
	nonConforming = pgtest.New(pgtest.NonConformingStrings())
)

func TestMain(m *testing.M) {
	flag.Parse()
	oracle.register(drivers.Oracle)
	sqlServer.register(drivers.SQLServer)
	os.Exit(pgtest.Main(m, cluster, nonConforming))
}

// standard is the query of the preset 2023-07.
func standard() engage.Query {
	return engage.Query{
		Tenant: engagetest.MainTenant, DNTypes: []int{3, 4, 5, 22},
		Attributes: []string{engagetest.WrapUpAttribute}, LanguageAttribute: engagetest.LanguageAttribute,
	}
}

// place is a database that a site was written to, and the secret with which it is read.
type place struct {
	db      *sql.DB
	dialect engagetest.Dialect
	secret  engage.Secret
}

func sqlitePlace(t testing.TB, s *engagetest.Site) place {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engage.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := place{db, engagetest.SQLite, engage.Secret{Driver: "sqlite", DSN: path}}
	p.write(t, s)
	return p
}

func postgresPlace(t testing.TB, c *pgtest.Cluster, s *engagetest.Site) place {
	t.Helper()
	dsn := c.Database(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := place{db, engagetest.PostgreSQL, engage.Secret{Driver: "postgres", DSN: dsn}}
	p.write(t, s)
	return p
}

func (p place) write(t testing.TB, s *engagetest.Site) {
	t.Helper()
	if s == nil {
		return
	}
	if err := s.Write(t.Context(), p.db, p.dialect); err != nil {
		t.Fatal(err)
	}
}

func (p place) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := p.db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// onBoth runs a test on SQLite and on PostgreSQL, with the site that build makes.
func onBoth(t *testing.T, build func() *engagetest.Site, f func(t *testing.T, p place)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, sqlitePlace(t, build())) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgresPlace(t, cluster, build())) })
}

func tiny() *engagetest.Site { return engagetest.New(engagetest.Tiny, 7) }

func nasty() *engagetest.Site { return engagetest.Nasty().Site }

func open(t testing.TB, s engage.Secret) *engage.Reader {
	t.Helper()
	r, err := engage.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// read reads or ends the test, after it has checked that the counts equal the rows.
func read(t testing.TB, r *engage.Reader, q engage.Query) *model.Snapshot {
	t.Helper()
	s, counts, err := r.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[model.Table]int(counts), s.Read); diff != "" {
		t.Fatalf("the counts (-) differ from the rows read (+):\n%s", diff)
	}
	return s
}

// notes gives the notes that hold a text.
func notes(s *model.Snapshot, text string) []string {
	var found []string
	for _, n := range s.Notes {
		if strings.Contains(n.Text, text) {
			found = append(found, n.Text)
		}
	}
	return found
}

// wantError checks the code of an error, that it is one line, that it holds each text and that it hides the rest.
func wantError(t *testing.T, err error, code model.Code, hidden []string, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	if got := model.CodeOf(err); got != code {
		t.Errorf("the code is %s, want %s: %v", got, code, err)
	}
	if strings.ContainsAny(err.Error(), "\n\r\t") {
		t.Errorf("the error is not one line: %q", err)
	}
	for _, x := range texts {
		if !strings.Contains(err.Error(), x) {
			t.Errorf("the error does not say %q: %v", x, err)
		}
	}
	for _, h := range hidden {
		if strings.Contains(err.Error(), h) {
			t.Errorf("the error shows %q: %v", h, err)
		}
	}
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-) differs (+):\n%s", name, diff)
	}
}

// inDatabase gives the DSN of another database of the same server.
func inDatabase(t testing.TB, dsn, database string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	return u.String()
}

// asUser gives the DSN with another user.
func asUser(t testing.TB, dsn, user, password string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

func openDB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
