package world_test

import (
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"excs/infra/local/world"
	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
	"excs/shared/wiring"
)

func TestSmoke(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	site := engagetest.New(engagetest.Tiny, 1)
	if err := site.Write(t.Context(), db, engagetest.SQLite); err != nil {
		t.Fatal(err)
	}
	reader, err := engage.Open(engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	settings := rules.Default(engagetest.MainTenant, rules.Preset202307)
	settings.Email.Domain = "example.com"
	org := exorgtest.New()
	secret := exorg.Secret{APIURL: "http://ex.org", LoginURL: "http://ex.org", Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)}}
	w := world.New(world.Config{Settings: settings, Read: wiring.ReadFor(reader, settings), Secret: secret, HTTP: org.Client()})
	report, err := w.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + report.Plan.Text(planOptions))
	d, err := w.Drain(t.Context(), nil)
	t.Log(d, err)
	t.Log(org.Calls())
	items, _ := w.Table.List(t.Context(), nil, nil)
	for _, i := range items {
		t.Log(i.Key, i.State, i.Reason, time.Until(i.WaitUntil))
	}
	n := org.Totals()
	report, err = w.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + report.Plan.Text(planOptions))
	_, err = w.Drain(t.Context(), nil)
	t.Log(err, org.Totals(), n)
}
