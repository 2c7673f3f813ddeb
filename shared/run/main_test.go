package run_test

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/rules"
)

var cluster = pgtest.New()

// shelf has the sites of the tests that read Engage from SQLite.
var shelf = excstest.NewSites()

func TestMain(m *testing.M) {
	excstest.Tries(8) // every try is several whole runs
	os.Exit(pgtest.Main(m, cluster))
}

const domain = excstest.Domain

// settings are the default settings of the site's tenant.
func settings(preset rules.Preset) rules.Settings { return excstest.Settings(preset) }

// secret names the simulated organisation.
func secret() exorg.Secret { return excstest.Secret(exorgtest.DefaultClientSecret) }

// inPostgreSQL writes a site into a fresh PostgreSQL database and opens a reader of it.
func inPostgreSQL(t testing.TB, site *engagetest.Site) *engage.Reader {
	t.Helper()
	dsn := cluster.Database(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := site.Write(t.Context(), db, engagetest.PostgreSQL); err != nil {
		t.Fatal(err)
	}
	reader, err := engage.Open(engage.Secret{Driver: "postgres", DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	return reader
}

// linked says which queues have a member list that Engage decides.
func linked(w *excstest.Service, t testing.TB) func(string) bool {
	t.Helper()
	keys, err := w.Table.Keys(context.Background(), model.KindMembers)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, k := range keys {
		row, err := w.Table.Get(context.Background(), model.Key{Kind: model.KindQueue, DBID: k.DBID})
		if model.CodeOf(err) == model.CodeNotFound {
			continue // a run that died had marked the key and not written its row
		}
		if err != nil {
			t.Fatal(err)
		}
		names[row.Desired.Name] = true
	}
	return func(name string) bool { return names[name] }
}
