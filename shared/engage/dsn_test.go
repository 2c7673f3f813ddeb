package engage_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/sijms/go-ora/v2/configurations"
	"pgregory.net/rapid"

	"excs/shared/engage"
)

// prepare completes a DSN or ends the test.
func prepare(t *testing.T, driver, dsn string) string {
	t.Helper()
	got, err := engage.PrepareDSN(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Every form of a PostgreSQL DSN turns standard_conforming_strings on, also one that turns it off, and keeps the rest.
func TestPostgresDSN(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, dsn := range []string{
		"postgres://excs:p%40ss%2Fword@127.0.0.1:5433/genesys?sslmode=disable",
		"postgresql://excs:p%40ss%2Fword@127.0.0.1:5433/genesys?sslmode=disable&standard_conforming_strings=off",
		"host=127.0.0.1 port=5433 user=excs password='p@ss/word' dbname=genesys sslmode=disable",
		"host=127.0.0.1 port=5433 user=excs password=p@ss/word dbname=genesys sslmode=disable standard_conforming_strings=off",
	} {
		c, err := pgconn.ParseConfig(prepare(t, "postgres", dsn))
		if err != nil {
			t.Fatal(err)
		}
		if c.RuntimeParams["standard_conforming_strings"] != "on" || c.RuntimeParams["application_name"] != "excs" || c.ConnectTimeout.Seconds() != 5 {
			t.Errorf("%s: the parameters are %v with the timeout %s", dsn, c.RuntimeParams, c.ConnectTimeout)
		}
		if c.Host != "127.0.0.1" || c.Port != 5433 || c.User != "excs" || c.Password != "p@ss/word" || c.Database != "genesys" {
			t.Errorf("%s: what the DSN says is lost", dsn)
		}
	}
	c, err := pgconn.ParseConfig(prepare(t, "postgres", "postgres://u@h/d?connect_timeout=30&application_name=mine&sslmode=disable"))
	if err != nil || c.ConnectTimeout.Seconds() != 30 || c.RuntimeParams["application_name"] != "mine" {
		t.Errorf("what the DSN says itself is overwritten: %v %v", c, err)
	}
}

// A SQL Server DSN hints that it only reads, wherever it names a database, without which the driver refuses the hint.
func TestSQLServerDSN(t *testing.T) {
	for dsn, readOnly := range map[string]bool{
		"sqlserver://excs:p%40ss@db.example:1433?database=genesys":                             true,
		"sqlserver://excs:p%40ss@db.example:1433/instance?database=genesys&dial+timeout=3":     true,
		"sqlserver://excs:p%40ss@db.example:1433":                                              false,
		"sqlserver://excs:p%40ss@db.example:1433?database=genesys&ApplicationIntent=ReadWrite": false,
		"server=db.example;user id=excs;password=p@ss;database=genesys":                        true,
		"server=db.example;user id=excs;password=p@ss;database=genesys;":                       true,
		"server=db.example;user id=excs;password=p@ss":                                         false,
		"odbc:server=db.example;user id=excs;password={p@ss};database=genesys":                 true,
	} {
		got := prepare(t, "sqlserver", dsn)
		c, err := msdsn.Parse(got)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if c.ReadOnlyIntent != readOnly || c.Host != "db.example" || c.User != "excs" || c.Password != "p@ss" {
			t.Errorf("%s became %s: read-only %v, want %v", dsn, got, c.ReadOnlyIntent, readOnly)
		}
		if strings.Contains(dsn, "dial+timeout") && c.DialTimeout.Seconds() != 3 {
			t.Errorf("the dial timeout became %s", c.DialTimeout)
		}
		if c.AppName != "excs" {
			t.Errorf("%s: the program is called %q", got, c.AppName)
		}
	}
}

// An Oracle DSN fetches many rows per round trip.
func TestOracleDSN(t *testing.T) {
	for dsn, rows := range map[string]int{
		"oracle://excs:p%40ss@db.example:1521/GENESYS":                  500,
		"oracle://excs:p%40ss@db.example:1521/GENESYS?prefetch_rows=77": 77,
	} {
		got := prepare(t, "oracle", dsn)
		c, err := configurations.ParseConfig(got)
		if err != nil {
			t.Fatal(err)
		}
		if c.PrefetchRows != rows || c.Password != "p@ss" || c.ServiceName != "GENESYS" {
			t.Errorf("%s became %s: %d rows", dsn, got, c.PrefetchRows)
		}
	}
}

// A SQLite DSN opens what is there and can not write.
func TestSQLiteDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"/data/site.db":                          "file:/data/site.db?_pragma=query_only(1)&_pragma=busy_timeout(10000)&mode=rw",
		"site one.db":                            "file:site%20one.db?_pragma=query_only(1)&_pragma=busy_timeout(10000)&mode=rw",
		"file:/data/site.db?mode=ro":             "file:/data/site.db?_pragma=query_only(1)&_pragma=busy_timeout(10000)&mode=ro",
		"site.db?_pragma=busy_timeout(1)":        "file:site.db?_pragma=busy_timeout(1)&_pragma=query_only(1)&mode=rw",
		":memory:":                               ":memory:?_pragma=query_only(1)&_pragma=busy_timeout(10000)",
		"file:x?mode=memory&cache=shared":        "file:x?_pragma=query_only(1)&_pragma=busy_timeout(10000)&cache=shared&mode=memory",
		"file::memory:?cache=shared&_txlock=any": "file::memory:?_pragma=query_only(1)&_pragma=busy_timeout(10000)&_txlock=any&cache=shared",
	} {
		got, err := url.QueryUnescape(strings.ReplaceAll(prepare(t, "sqlite", dsn), "%20", "%2520"))
		if err != nil || got != want {
			t.Errorf("%s became %s, want %s", dsn, got, want)
		}
	}
}

// A DSN of another DBMS, or one that can not be read, is refused in words that show nothing of it.
func TestWrongDSNs(t *testing.T) {
	for driver, dsns := range map[string][]string{
		"postgres":  {"sqlserver://u:hunter2@h?database=d", "hunter2", "postgres://u:hunter2/x@h:5432/d", "postgres://u:hunter2@h/d?a=%zz", "postgres://u:%zzhunter2@h/d"},
		"sqlserver": {"postgres://u:hunter2@h/d", "hunter2", "sqlserver://u:hunter2/x@h:1/d", "sqlserver://u:hunter2@h?a=%zz"},
		"oracle":    {"postgres://u:hunter2@h/d", "hunter2", "oracle://u:hunter2/x@h:1521/d"},
		"sqlite":    {"postgres://u:hunter2@h/d", "x.db?a=%zzhunter2"},
	} {
		for _, dsn := range dsns {
			_, err := engage.Open(engage.Secret{Driver: driver, DSN: dsn})
			if err == nil {
				t.Errorf("%s: %s is taken", driver, dsn)
				continue
			}
			wantError(t, err, "invalid", []string{"hunter2"}, "open Engage: the dsn")
		}
	}
}

// No password of a DSN comes through, in whatever form the DSN and the text have it.
func TestScrubHidesEveryPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[A-Za-z0-9!$%&'\\()+,.;=:/?@#\[\]^_~-]{4,20}`).Draw(t, "password")
		dsn := rapid.SampledFrom([]string{
			"postgres://excs:" + url.QueryEscape(password) + "@h/d",
			"sqlserver://excs:" + url.PathEscape(password) + "@h?database=d",
			"sqlserver://h?user+id=excs&password=" + url.QueryEscape(password),
			"host=h user=excs password='" + password + "' dbname=d",
			"host=h password=" + password + " dbname=d",
		}).Draw(t, "dsn")
		text := rapid.SampledFrom([]string{"login of excs with %p failed", "cannot open %d", "%p", "x%p%px", "line one\n\tline two %d %p"}).Draw(t, "text")
		text = strings.NewReplacer("%p", password, "%d", dsn).Replace(text)
		got := engage.Scrub(text, dsn)
		if strings.Contains(got, password) || strings.ContainsAny(got, "\n\t") {
			t.Errorf("%q of %q became %q", text, dsn, got)
		}
	})
}

// The ADO form ends a value at the semicolon, in braces or quotes where the value needs them.
func TestScrubADO(t *testing.T) {
	for _, dsn := range []string{"server=h;password=hunter2;database=d", "server=h;pwd={hunter2};database=d", "server=h;Password = \"hunter2\";database=d"} {
		if got := engage.Scrub("login failed: hunter2", dsn); got != "login failed: ***" {
			t.Errorf("%s: %q", dsn, got)
		}
	}
}
