package world_test

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"excs/infra/local/world"
	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

var cluster = pgtest.New()

// checks is how often a property is tried here unless -rapid.checks says otherwise: every try is several whole runs.
const checks = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(pgtest.Main(m, cluster))
}

const domain = "agents.example"

// settings are the default settings of the site's tenant.
func settings(preset rules.Preset) rules.Settings {
	s := rules.Default(engagetest.MainTenant, preset)
	s.Email.Domain = domain
	return s
}

// secret names the simulated organisation.
func secret() exorg.Secret {
	return exorg.Secret{
		APIURL: "http://api.example", LoginURL: "http://login.example",
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
	}
}

// inPostgreSQL writes a site into a fresh PostgreSQL database and opens a reader of it.
func inPostgreSQL(t testing.TB, site *engagetest.Site) (*engagetest.Editor, *engage.Reader) {
	t.Helper()
	dsn := cluster.Database(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return open(t, site, db, engagetest.PostgreSQL, engage.Secret{Driver: "postgres", DSN: dsn})
}

// inSQLite writes a site into a SQLite file and opens a reader of it.
func inSQLite(t testing.TB, site *engagetest.Site) (*engagetest.Editor, *engage.Reader) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engage.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return open(t, site, db, engagetest.SQLite, engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)})
}

func open(t testing.TB, site *engagetest.Site, db *sql.DB, d engagetest.Dialect, s engage.Secret) (*engagetest.Editor, *engage.Reader) {
	t.Helper()
	if err := site.Write(context.Background(), db, d); err != nil {
		t.Fatal(err)
	}
	reader, err := engage.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	return engagetest.NewEditor(site, db, d), reader
}

// build makes a world that reads with the reader and writes to the organisation.
func build(s rules.Settings, reader *engage.Reader, org *exorgtest.Org) *world.World {
	return world.New(world.Config{Settings: s, Read: wiring.ReadFor(reader, s), Secret: secret(), HTTP: org.Client()})
}

// linked says which queues have a member list that Engage decides.
func linked(w *world.World, t testing.TB) func(string) bool {
	t.Helper()
	keys, err := w.Table.Keys(context.Background(), model.KindMembers)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, k := range keys {
		row, err := w.Table.Get(context.Background(), model.Key{Kind: model.KindQueue, DBID: k.DBID})
		if err != nil {
			t.Fatal(err)
		}
		names[row.Desired.Name] = true
	}
	return func(name string) bool { return names[name] }
}
