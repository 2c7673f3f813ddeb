package engage_test

import (
	"strings"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest/tdstest"
)

// lines writes a check.
func lines(found []engage.Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// A secret that leads to a Configuration Database is found to, line by line, on every DBMS.
func TestCheckASecretThatWorks(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, viaTDS := standIn(t, p, layouts()[0])
	server.SnapshotState = 0
	viaOracle, _ := fakePlace(t, oracle, tiny())
	for name, c := range map[string]struct {
		secret engage.Secret
		wants  []string
	}{
		"PostgreSQL": {p.secret, []string{"ok    tls: in clear", "encoding: the database says UTF8", "row security: none hides"}},
		"SQL Server": {viaTDS, []string{"ok    tls: in clear", "ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON"}},
		"Oracle":     {viaOracle, []string{"encoding: the database says AL32UTF8", "unless the server asks"}},
	} {
		found := engage.Check(t.Context(), c.secret, standard())
		text := lines(found)
		for _, want := range append(c.wants, "ok    server: it answers", "ok    login: taken", "ok    schema: cfg_person (", "ok    cfg_person: it can be read", "ok    tenant: 101 '", "ok    rows: cfg_person: ", "ok    time: one read took ") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the check does not say %q:\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "WRONG") || strings.Contains(text, tdstest.Password) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// What stops a check is its last line, at the step where it belongs.
func TestCheckASecretThatDoesNot(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, viaTDS := standIn(t, p, layouts()[0])
	server.Fail(tdstest.Fault{At: "WHERE 1 = 0", Number: 229, Text: "The SELECT permission was denied."})
	wrongPassword := viaTDS
	wrongPassword.DSN = strings.Replace(viaTDS.DSN, "excs:", "nobody:", 1)
	tls := tlsSecret("postgres", tlsServer(t, "postgres", tlsFaults(t)["unknown authority"]))
	wrongTenant := standard()
	wrongTenant.Tenant = 4711
	for name, c := range map[string]struct {
		secret engage.Secret
		query  engage.Query
		last   string
	}{
		"no secret":    {engage.Secret{Driver: "postgres", DSN: "x"}, standard(), "WRONG secret: "},
		"no server":    {dsns("127.0.0.1:1")["postgres"], standard(), "WRONG server: "},
		"TLS":          {tls, standard(), "WRONG tls or database: "},
		"no login":     {wrongPassword, standard(), "WRONG login: "},
		"no schema":    {func() engage.Secret { s := p.secret; s.Schema = "nowhere"; return s }(), standard(), "WRONG schema: "},
		"no grant":     {viaTDS, standard(), "WRONG cfg_agent_group: "},
		"wrong tenant": {p.secret, wrongTenant, "WRONG read: read Engage: tenant 4711"},
	} {
		found := engage.Check(t.Context(), c.secret, c.query)
		if last := found[len(found)-1].String(); !strings.HasPrefix(last, c.last) {
			t.Errorf("%s: the last line is %q", name, last)
		}
		for _, f := range found[:len(found)-1] {
			if !f.OK {
				t.Errorf("%s: %s is not the last line", name, f)
			}
		}
	}
}
