package stage

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// Fault is an Engage that can not be read.
type Fault struct {
	Name     string
	Settings rules.Settings
	Read     Read
	// Code and Says are what the run's error must be; Hides must not be in it.
	Code  model.Code
	Says  string
	Hides []string
}

// password stands in the data source names of Faults.
const password = "pa55word" //nolint:gosec // of nobody

// Faults gives an Engage for each fault of an operator's making: PostgreSQL, and SQLite where it has a word to say.
func Faults(tb testing.TB) []Fault {
	tb.Helper()
	cluster := pgtest.Start(tb)
	site := engagetest.New(engagetest.Tiny, 1)
	dsn := cluster.Database(tb)
	write(tb, dsn, site)
	stranger := Settings()
	stranger.Tenant = 999_999
	lacking := cluster.Database(tb)
	write(tb, lacking, engagetest.New(engagetest.Tiny, 1, engagetest.WithoutTable(engagetest.TableLevel)))
	_, sqlite := SQLite(tb, site.Clone())
	read := func(dsn string) Read {
		return wiring.ReadFor(Open(tb, engage.Secret{Driver: "postgres", DSN: dsn}), Settings())
	}
	file := Open(tb, engage.Secret{Driver: "sqlite", DSN: filepath.Join(tb.TempDir(), "absent.db")})
	return []Fault{
		{Name: "a server that does not answer", Settings: Settings(), Read: read("postgres://excs:" + password + "@" + closedPort(tb) + "/genesys?sslmode=disable"),
			Code: model.CodeUnavailable, Says: "check host, port and network", Hides: []string{password}},
		{Name: "a database that does not exist", Settings: Settings(), Read: read(edit(tb, dsn, func(u *url.URL) { u.Path = "/elsewhere" })),
			Code: model.CodeInvalid, Says: `database "elsewhere" does not exist`},
		{Name: "a login that does not exist", Settings: Settings(),
			Read: read(edit(tb, dsn, func(u *url.URL) { u.User = url.UserPassword("nobody", password) })),
			Code: model.CodeDenied, Says: "check user, password and the SELECT grants", Hides: []string{password}},
		{Name: "a login without grants", Settings: Settings(), Read: read(ungranted(tb, dsn)), Code: model.CodeInvalid, Says: "that this login can see"},
		{Name: "an empty database", Settings: Settings(), Read: read(cluster.Database(tb)), Code: model.CodeInvalid, Says: "check the database in the dsn"},
		{Name: "a table that is missing", Settings: Settings(), Read: read(lacking), Code: model.CodeInvalid, Says: "cfg_skill_level"},
		{Name: "a tenant that does not exist", Settings: stranger, Read: wiring.ReadFor(Open(tb, engage.Secret{Driver: "postgres", DSN: dsn}), stranger),
			Code: model.CodeInvalid, Says: "check the setting tenant"},
		{Name: "a tenant that does not exist, in SQLite", Settings: stranger, Read: wiring.ReadFor(sqlite, stranger), Code: model.CodeInvalid, Says: "check the setting tenant"},
		{Name: "a file that does not exist", Settings: Settings(), Read: wiring.ReadFor(file, Settings()), Code: model.CodeInvalid, Says: "check dsn"},
	}
}

func write(tb testing.TB, dsn string, site *engagetest.Site) {
	tb.Helper()
	db := openDB(tb, dsn)
	Write(tb, site, db, engagetest.PostgreSQL)
}

func edit(tb testing.TB, dsn string, change func(*url.URL)) string {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	change(u)
	return u.String()
}

// ungranted makes a login that may connect and no more. Logins belong to the cluster, which ends with the test.
func ungranted(tb testing.TB, dsn string) string {
	tb.Helper()
	if _, err := openDB(tb, dsn).ExecContext(tb.Context(), "CREATE ROLE onlooker LOGIN"); err != nil {
		tb.Fatal(err)
	}
	return edit(tb, dsn, func(u *url.URL) { u.User = url.User("onlooker") })
}

// closedPort gives an address of this machine on which nobody listens.
func closedPort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Check fails the test unless err is the fault's one clear line.
func Check(tb testing.TB, fault Fault, err error) {
	tb.Helper()
	if model.CodeOf(err) != fault.Code {
		tb.Errorf("error %v of code %q, want code %s", err, model.CodeOf(err), fault.Code)
		return
	}
	if text := err.Error(); !strings.Contains(text, fault.Says) || strings.Contains(text, "\n") {
		tb.Errorf("error %q, want one line with %q", text, fault.Says)
	}
	for _, secret := range fault.Hides {
		if strings.Contains(err.Error(), secret) {
			tb.Errorf("the error shows a secret: %v", err)
		}
	}
}
