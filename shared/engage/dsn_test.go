package engage_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/microsoft/go-mssqldb/integratedauth"
	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/sijms/go-ora/v2/configurations"
	"pgregory.net/rapid"

	"excs/shared/engage"
	"excs/shared/model"
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

// A SQL Server DSN keeps what it says in every form, asks for no secondary by itself, and bounds every wait.
func TestSQLServerDSN(t *testing.T) {
	for _, dsn := range []string{
		"sqlserver://excs:p%40ss@db.example:1433?database=genesys",
		"sqlserver://db.example:1433?user+id=excs&password=p%40ss&initial+catalog=genesys",
		"server=db.example;user id=excs;password=p@ss;database=genesys",
		"Data Source=tcp:db.example,1433;UID=excs;PWD=\"p@ss\";Initial Catalog=genesys;",
		"odbc:server=db.example;user id=excs;password={p@ss};database=genesys",
	} {
		got := prepare(t, "sqlserver", dsn)
		c, err := msdsn.Parse(got)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if c.ReadOnlyIntent || c.Host != "db.example" || c.User != "excs" || c.Password != "p@ss" || c.Database != "genesys" || c.AppName != "excs" {
			t.Errorf("%s became %s", dsn, got)
		}
		if c.DialTimeout.Seconds() != 10 || c.ConnTimeout.Seconds() != 120 {
			t.Errorf("%s waits %s to dial and %s for the network", dsn, c.DialTimeout, c.ConnTimeout)
		}
	}
	c, err := msdsn.Parse(prepare(t, "sqlserver", `server=db.example\CTI;user id=CORP\svc_excs;password=x;database=d;ApplicationIntent=ReadOnly;dial timeout=3;connect timeout=7`))
	if err != nil || c.Instance != "CTI" || c.User != `CORP\svc_excs` || !c.ReadOnlyIntent || c.DialTimeout.Seconds() != 3 || c.ConnTimeout.Seconds() != 7 {
		t.Errorf("what the DSN says itself is lost: %+v, %v", c, err)
	}
	if auth, err := integratedauth.GetIntegratedAuthenticator(c); err != nil || auth == nil {
		t.Errorf("a Windows login does not lead to NTLM: %v, %v", auth, err)
	}
}

// An Oracle DSN fetches many rows per round trip, waits no longer than two minutes for the network, and needs no port.
func TestOracleDSN(t *testing.T) {
	for dsn, rows := range map[string]int{
		"oracle://excs:p%40ss@db.example:1521/GENESYS":                  500,
		"oracle://excs:p%40ss@db.example/GENESYS":                       500,
		"oracle://excs:p%40ss@db.example:1521/?service+name=GENESYS":    500,
		"oracle://excs:p%40ss@db.example:1521/GENESYS?prefetch_rows=77": 77,
		"excs/p@ss@//db.example:1521/GENESYS":                           500,
		"excs/p@ss@db.example/GENESYS":                                  500,
		"excs/p@ss@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=GENESYS)))": 500,
	} {
		got := prepare(t, "oracle", dsn)
		c, err := configurations.ParseConfig(got)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if c.PrefetchRows != rows || c.UserID != "excs" || c.Password != "p@ss" || c.ServiceName != "GENESYS" || c.Servers[0].Addr != "db.example" || c.Servers[0].Port != 1521 {
			t.Errorf("%s became %s: %+v", dsn, got, c.DatabaseInfo)
		}
		if c.Timeout.Seconds() != 120 || c.ConnectTimeout.Seconds() != 10 {
			t.Errorf("%s waits %s for the network and %s to connect", dsn, c.Timeout, c.ConnectTimeout)
		}
	}
}

// Any password goes through any form as it is (case 23: the form is told by how the DSN begins).
func TestAnyPassword(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	rapid.Check(t, func(rt *rapid.T) {
		password := rapid.OneOf(
			rapid.SampledFrom([]string{"p://x", "a;b", "a}b", "{a}", "50%", "#1", `a"b`, `"a`, `a\b`, `it's`, "a b", "@", "ü€", "a=b&c", "password=x"}),
			rapid.StringMatching(`[!-~]{1,16}`),
		).Draw(rt, "password")
		escaped, quoted := url.PathEscape(password), strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password)
		escaped = strings.NewReplacer("@", "%40", ":", "%3A").Replace(escaped)
		check := func(driver, dsn, got string, err error) {
			if err != nil || got != password {
				rt.Fatalf("%s: %s gives the password %q, %v", driver, dsn, got, err)
			}
		}
		for _, dsn := range []string{"postgres://u:" + escaped + "@h/d?sslmode=disable", "host=h user=u password='" + quoted + "' dbname=d sslmode=disable"} {
			completed, err := engage.PrepareDSN("postgres", dsn)
			if err != nil {
				rt.Fatal(dsn, err)
			}
			c, err := pgconn.ParseConfig(completed)
			check("postgres", dsn, c.Password, err)
		}
		for _, dsn := range []string{"sqlserver://u:" + escaped + "@h?database=d", `server=h;user id=u;password="` + strings.ReplaceAll(password, `"`, `""`) + `";database=d`,
			"odbc:server=h;user id=u;password={" + strings.ReplaceAll(password, "}", "}}") + "};database=d"} {
			completed, err := engage.PrepareDSN("sqlserver", dsn)
			if err != nil {
				rt.Fatal(dsn, err)
			}
			c, err := msdsn.Parse(completed)
			check("sqlserver", dsn, c.Password, err)
		}
		for _, dsn := range []string{"oracle://u:" + escaped + "@h/s", `u/"` + password + `"@//h:1521/s`} {
			completed, err := engage.PrepareDSN("oracle", dsn)
			if err != nil {
				rt.Fatal(dsn, err)
			}
			c, err := configurations.ParseConfig(completed)
			check("oracle", dsn, c.Password, err)
		}
	})
	for driver, dsn := range map[string]string{"postgres": "host=h user=u password='p://x' dbname=d", "sqlserver": "server=h;user id=u;password=p://x;database=d"} {
		if _, err := engage.Open(engage.Secret{Driver: driver, DSN: dsn}); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

// What a driver would refuse, or take for something else, is told before anybody connects, and says what to write.
func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct{ driver, dsn, says string }{
		{"postgres", "postgres://u:hunter2@h/d?sslmod=require", "does not know (sslmod)"},
		{"postgres", "postgres://u:hunter2@h/d?connect_timeout=5s", "whole number of seconds"},
		{"postgres", "postgres://u:hunter2@h/d?sslmode=yes", "sslmode is none of"},
		{"postgres", "postgres://u:hunter2@h/d?sslrootcert=/nowhere/ca.pem", "rootCertificate"},
		{"postgres", "host=h user=u password=hunter2 x dbname=d", "single quotes"},
		{"sqlserver", "sqlserver://u:hunter2@h?databse=d", "does not know (databse)"},
		{"sqlserver", "sqlserver://u:hunter2@h?database=d&connection+timeout=30s", "whole number of seconds"},
		{"sqlserver", "server=h;user id=u;password=hun;ter2;database=d", "double quotes"},
		{"sqlserver", "server=h;user id=u;password=x;ter2=hunter2;database=d", "double quotes"},
		{"sqlserver", "server=h;database=d;Integrated Security=SSPI", `user id=DOMAIN\user`},
		{"sqlserver", "server=h;database=d", "names no login"},
		{"sqlserver", "user id=u;password=hunter2;database=d", "names no server"},
		{"oracle", "oracle://u:hunter2@h:1521/s?TIMEOUT=30s", "whole number of seconds"},
		{"oracle", "oracle://u:hunter2@h:1521/s?wallett=/x", "does not know (wallett)"},
		{"oracle", "oracle://u:hunter2@h:1521/s?wallet=/nowhere", "rootCertificate"},
		{"oracle", "oracle://u:hunter2@h:1521/s?wallet=" + t.TempDir(), "neither cwallet.sso nor ewallet.p12"},
		{"oracle", "oracle://u:hunter2@h:1521", "names no service"},
		{"postgres", "postgres://u:p#hunter2@h/d", "%23"},
		{"postgres", "postgres://u:12?hunter2@h/d", "%3F"},
		{"postgres", "postgres://u:12/hunter2@h/d", "%2F"},
	} {
		_, err := engage.Open(engage.Secret{Driver: c.driver, DSN: c.dsn})
		wantError(t, err, model.CodeInvalid, []string{"hunter2", "ter2"}, c.says)
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

// No password of a DSN comes through, in whatever form the DSN and the text have it. A short one stays where it is a
// part of a word: it means nothing there.
func TestScrubHidesEveryPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[A-Za-z0-9!$%&()+,.;=:/?@#\[\]^_~-]{4,20}`).Draw(t, "password")
		form := rapid.SampledFrom([][2]string{
			{"postgres", "postgres://excs:" + url.QueryEscape(password) + "@h/d"},
			{"sqlserver", "sqlserver://excs:" + url.QueryEscape(password) + "@h?database=d"},
			{"sqlserver", "sqlserver://h?user+id=excs&password=" + url.QueryEscape(password)},
			{"postgres", "host=h user=excs password='" + password + "' dbname=d"},
			{"oracle", `excs/"` + password + `"@h/s`},
		}).Draw(t, "dsn")
		if strings.Contains(password, "+") && strings.HasPrefix(form[1], "postgres:") || strings.Contains(form[1], "://excs:") && strings.Contains(form[1], "+") {
			t.Skip("a + in a URL's password is a +")
		}
		text := rapid.SampledFrom([]string{"login of excs with %p failed", "cannot open %d", "%p", "x=%p, %p.", "line one\n\tline two %d %p"}).Draw(t, "text")
		text = strings.NewReplacer("%p", password, "%d", form[1]).Replace(text)
		got := engage.Scrub(form[0], text, form[1])
		if strings.Contains(got, " "+password+" ") || strings.HasSuffix(got, " "+password) || strings.Contains(got, form[1]) || strings.ContainsAny(got, "\n\t") {
			t.Errorf("%q of %q became %q", text, form[1], got)
		}
	})
}

// A password that is a part of other words blots out none of them.
func TestScrubLeavesWords(t *testing.T) {
	for text, want := range map[string]string{
		"password of the operator: or": "password of the operator: ***",
		"the error of or, or 'or'":     "the error of ***, *** '***'",
	} {
		if got := engage.Scrub("sqlserver", text, "server=h;user id=excs;password=or;database=d"); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
