package engage_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// failed reads and gives the error.
func failed(t *testing.T, s engage.Secret) error {
	t.Helper()
	snapshot, counts, err := open(t, s).Read(t.Context(), standard())
	if snapshot != nil || counts != nil {
		t.Error("a read that failed gives something")
	}
	return err
}

// Nobody listens: one line that names the place, may pass, and hides the password.
func TestAnUnreachableServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{"postgres://excs:hunter2@" + address + "/genesys?sslmode=disable", "host=127.0.0.1 port=" + port(t, address) + " user=excs password=hunter2 dbname=genesys"} {
		err := failed(t, engage.Secret{Driver: "postgres", DSN: dsn})
		wantError(t, err, model.CodeUnavailable, []string{"hunter2", dsn}, "read Engage: connect to the Configuration Database", "refused", "check host, port and network")
	}
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Somebody listens and never answers: the caller's time ends the wait.
func TestASilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := l.Accept()
		cancel()
		if err == nil {
			defer c.Close()
			<-t.Context().Done()
		}
	}()
	r := open(t, engage.Secret{Driver: "postgres", DSN: "postgres://excs:hunter2@" + l.Addr().String() + "/genesys?sslmode=disable"})
	_, _, err = r.Read(ctx, standard())
	wantError(t, err, model.CodeUnavailable, []string{"hunter2"}, "no answer in time")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the context's error is lost: %v", err)
	}
}

// PostgreSQL's refusals have the right code and say what to check.
func TestPostgresRefusals(t *testing.T) {
	p := postgresPlace(t, cluster, nasty())
	// A user with a password, and one that may not see a table.
	p.exec(t, "CREATE ROLE blind LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO blind", "REVOKE SELECT ON cfg_skill FROM blind",
		"CREATE ROLE stranger LOGIN")
	t.Cleanup(func() { p.db.Exec("DROP OWNED BY blind; DROP ROLE blind; DROP ROLE stranger") })
	as := func(user, database string) engage.Secret {
		s := p.secret
		s.DSN = asUser(t, s.DSN, user, "hunter2")
		if database != "" {
			s.DSN = inDatabase(t, s.DSN, database)
		}
		return s
	}
	hidden := []string{"hunter2"}
	wantError(t, failed(t, as("nobody_here", "")), model.CodeDenied, hidden, "nobody_here", "check user, password and the SELECT grants")
	wantError(t, failed(t, as("postgres", "no_such_database")), model.CodeInvalid, hidden, "no_such_database", "check dsn, schema")
	wantError(t, failed(t, as("stranger", "")), model.CodeInvalid, hidden, "holds no table named cfg_… that this login can see", "SELECT grants")
	wantError(t, failed(t, as("blind", "")), model.CodeInvalid, hidden, "cfg_skill: looked for a table cfg_skill", "or this login can not see it")

	wrongSchema := p.secret
	wrongSchema.Schema = "elsewhere"
	wantError(t, failed(t, wrongSchema), model.CodeInvalid, nil, "the schema elsewhere holds no table named cfg_…")

	q := standard()
	q.Tenant = 4711
	_, _, err := open(t, p.secret).Read(t.Context(), q)
	wantError(t, err, model.CodeInvalid, nil, "tenant 4711 is not in cfg_tenant", "101 '", "102 'Foreign Contact Centre'", "check the setting tenant")
	p.exec(t, "DELETE FROM cfg_tenant")
	_, _, err = open(t, p.secret).Read(t.Context(), q)
	wantError(t, err, model.CodeInvalid, nil, "it holds no tenant")
}

// A wrong password is denied, also by a server that asks for one.
func TestAWrongPassword(t *testing.T) {
	for _, d := range []*fakeDriver{oracle, sqlServer} {
		secret, b := fakePlace(t, d, tiny())
		b.connectError = fmt.Errorf("ORA-01017: logon of excs with Tiger#2024 denied\n  (dsn %s)", secret.DSN)
		want := map[*fakeDriver]model.Code{oracle: model.CodeDenied, sqlServer: model.CodeUnavailable}[d]
		wantError(t, failed(t, secret), want, []string{"Tiger#2024", "Tiger%232024", secret.DSN}, "connect to the Configuration Database: ORA-01017: logon of excs with *** denied")
	}
}

// A SQLite file that is not there is not made; one that is something else is refused.
func TestSQLiteRefusals(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.db")
	wantError(t, failed(t, engage.Secret{Driver: "sqlite", DSN: missing}), model.CodeInvalid, []string{missing}, "check dsn")
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Error("the file was made")
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte("this is no database, however long the text may be; it has to fill a page header of a hundred bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, failed(t, engage.Secret{Driver: "sqlite", DSN: text}), model.CodeInvalid, []string{text}, "not a database")
}

// The nasty events: a column or a table that the rules need disappears.
func TestWhatTheRulesNeedDisappears(t *testing.T) {
	onBoth(t, nasty, func(t *testing.T, p place) {
		site := engagetest.Nasty()
		e := engagetest.NewEditor(site.Site, p.db, p.dialect)
		r := open(t, p.secret)
		read(t, r, standard())
		if err := site.Case(engagetest.ColumnDisappears).Do(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		_, _, err := r.Read(t.Context(), standard())
		wantError(t, err, model.CodeInvalid, nil, "cfg_skill_level has no column level_ (it has person_csid, person_dbid, skill_csid, skill_dbid)", "holds cfg_agent_group, ")
		if err := site.Case(engagetest.TableDisappears).Do(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		_, _, err = r.Read(t.Context(), standard())
		wantError(t, err, model.CodeInvalid, nil, "cfg_skill_level: ", "cfg_route_dn: looked for a table cfg_route_dn or cfg_group_route_dn with the columns group_dbid, dn_dbid|route_dn_dbid|routedn_dbid, then for any other cfg_ table")
	})
}

// A query that fails although the catalogue is in order is told in the DBMS's own words.
func TestAViewThatFails(t *testing.T) {
	p := sqlitePlace(t, tiny())
	p.exec(t, "ALTER TABLE cfg_skill RENAME TO cfg_hidden",
		"CREATE VIEW cfg_skill AS SELECT dbid, tenant_dbid, name, state FROM cfg_hidden WHERE state <> nosuchfunction(1)")
	wantError(t, failed(t, p.secret), model.CodeInvalid, nil, "read Engage: ", "nosuchfunction")
}

// A column that holds no numbers is a wrong schema, and its value is not shown.
func TestAColumnThatHoldsNoNumbers(t *testing.T) {
	p := sqlitePlace(t, tiny())
	p.exec(t, "UPDATE cfg_person SET state = 'hunter2' WHERE dbid = (SELECT MIN(dbid) FROM cfg_person WHERE is_agent = 2)")
	wantError(t, failed(t, p.secret), model.CodeInvalid, []string{"hunter2"}, "read cfg_person", `"state"`, "not a whole number")
}

type sqliteError struct{ code int }

func (e sqliteError) Error() string { return "sqlite: something" }
func (e sqliteError) Code() int     { return e.code }

// What the result codes of SQLite mean.
func TestSQLiteCodes(t *testing.T) {
	for code, want := range map[int]model.Code{
		1: model.CodeInvalid, 14: model.CodeInvalid, 26: model.CodeInvalid, 23: model.CodeDenied, 5: model.CodeUnavailable, 5 | 1<<8: model.CodeUnavailable,
	} {
		if got := engage.CodeOf("sqlite", fmt.Errorf("query: %w", sqliteError{code})); got != want {
			t.Errorf("%d is %s, want %s", code, got, want)
		}
	}
}

// A DSN that pgx could not take is refused without a word of it.
func TestADSNThatThePostgresDriverRefuses(t *testing.T) {
	for dsn, says := range map[string]string{
		"postgres://excs:hunter2@h:70000/genesys": "port", "host=h password='hunter2 user=excs": "single quotes", "postgres://excs:hunter2@h/d?sslmode=maybe&password=hunter3": "sslmode is none of",
	} {
		_, err := engage.Open(engage.Secret{Driver: "postgres", DSN: dsn})
		wantError(t, err, model.CodeInvalid, []string{"hunter2", "hunter3", dsn}, says)
	}
}
