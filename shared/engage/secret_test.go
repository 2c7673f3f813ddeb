package engage_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"excs/shared/engage"
	"excs/shared/model"
)

// A secret with everything is read as it is written, after the byte-order mark that Windows editors write.
func TestParseSecret(t *testing.T) {
	got, err := engage.ParseSecret([]byte("\xef\xbb\xbf" + `{"driver":"postgres","dsn":"postgres://u:p@h/d","schema":"genesys","columns":{"cfg_route_dn":"cfg_x","cfg_person.email_address":"mail"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Driver != "postgres" || got.DSN != "postgres://u:p@h/d" || got.Schema != "genesys" || got.Columns["cfg_route_dn"] != "cfg_x" ||
		got.Columns["cfg_person.email_address"] != "mail" {
		t.Errorf("the secret is %#v", got.Columns)
	}
}

// What is wrong with a secret is said in one line that shows no value of it.
func TestWrongSecrets(t *testing.T) {
	const dsn = "postgres://excs:hunter2@db/genesys"
	for _, c := range []struct{ name, text, says string }{
		{"no JSON", `driver=postgres dsn=` + dsn, "not valid JSON"},
		{"an empty text", ``, "not a JSON object"},
		{"a cut text", `{"driver":"postgres","dsn":"` + dsn, "not"},
		{"a list", `["` + dsn + `"]`, "must be a"},
		{"an unknown field", `{"driver":"postgres","dsn":"` + dsn + `","passwort":"x"}`, `unknown field "passwort": use driver, dsn, schema, columns, rootCertificate, tls, encoding`},
		{"a field of another type", `{"driver":"postgres","dsn":42}`, "the field dsn must be a string"},
		{"a second object", `{"driver":"postgres","dsn":"` + dsn + `"} {}`, "more text"},
		{"no driver", `{"dsn":"` + dsn + `"}`, "driver is missing: use one of postgres, sqlserver, oracle, sqlite"},
		{"an unknown driver", `{"driver":"mysql","dsn":"` + dsn + `"}`, `unknown driver "mysql": use one of postgres, sqlserver, oracle, sqlite`},
		{"no DSN", `{"driver":"postgres"}`, "dsn is missing"},
		{"a blank DSN", `{"driver":"postgres","dsn":"  "}`, "dsn is missing"},
		{"a schema for SQLite", `{"driver":"sqlite","dsn":"x.db","schema":"genesys"}`, "sqlite has no schemas"},
		{"a schema that is no name", `{"driver":"postgres","dsn":"` + dsn + `","schema":"a;b"}`, `schema "a;b" is not a plain name`},
		{"an unknown override", `{"driver":"postgres","dsn":"` + dsn + `","columns":{"cfg_person.mail":"x"}}`, `unknown name "cfg_person.mail": use one of cfg_agent_group, `},
		{"an override in another case", `{"driver":"postgres","dsn":"` + dsn + `","columns":{"CFG_PERSON":"x"}}`, `unknown name "CFG_PERSON"`},
		{"an override that is no name", `{"driver":"postgres","dsn":"` + dsn + `","columns":{"cfg_person":"x y"}}`, `the name "x y" given for cfg_person is not a plain name`},
		{"an empty override", `{"driver":"postgres","dsn":"` + dsn + `","columns":{"cfg_person":""}}`, `the name "" given for cfg_person`},
		{"an override that starts with a digit", `{"driver":"postgres","dsn":"` + dsn + `","columns":{"cfg_person":"1x"}}`, "not a plain name"},
		{"an unknown encoding", `{"driver":"postgres","dsn":"` + dsn + `","encoding":"ansi!"}`, "use one of windows-1250"},
		{"another TLS", `{"driver":"sqlserver","dsn":"` + dsn + `","tls":"old"}`, `tls is "legacy" or left out`},
		{"legacy TLS elsewhere", `{"driver":"postgres","dsn":"` + dsn + `","tls":"legacy"}`, "is for SQL Server"},
		{"a certificate that is none", `{"driver":"postgres","dsn":"` + dsn + `","rootCertificate":"MIIB…"}`, "-----BEGIN CERTIFICATE-----"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := engage.ParseSecret([]byte(c.text))
			wantError(t, err, model.CodeInvalid, []string{"hunter2", dsn}, c.says)
		})
	}
}

// Printing or logging a secret or a reader shows nothing of the DSN.
func TestASecretIsNotShown(t *testing.T) {
	s := engage.Secret{Driver: "sqlite", DSN: "hunter2.db"}
	r := open(t, s)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "secret", s, "reader", r)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s, s), fmt.Sprint(&s), fmt.Sprint(r), log.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the DSN is shown: %s", text)
		}
	}
}

// A reader needs its database driver to be part of the program.
func TestOpenChecksTheSecret(t *testing.T) {
	_, err := engage.Open(engage.Secret{Driver: "oracle"})
	wantError(t, err, model.CodeInvalid, nil, "dsn is missing")
	_, err = engage.Open(engage.Secret{Driver: "db2", DSN: "x"})
	wantError(t, err, model.CodeInvalid, nil, `unknown driver "db2"`)
	err = engage.Unregistered(engage.Secret{Driver: "postgres", DSN: "postgres://u:hunter2@h/d"})
	wantError(t, err, model.CodeInvalid, []string{"hunter2"}, "built without the database driver pgx that the driver postgres of the Engage secret needs", "sqlite")
}

// A query without a tenant or a DN type is refused before anything is asked.
func TestWrongQueries(t *testing.T) {
	r := open(t, engage.Secret{Driver: "sqlite", DSN: "/nowhere/at/all.db"})
	q := standard()
	q.Tenant = 0
	_, _, err := r.Read(t.Context(), q)
	wantError(t, err, model.CodeInvalid, nil, "tenant 0 is not a DBID")
	_, err = r.Probe(t.Context(), q)
	wantError(t, err, model.CodeInvalid, nil, "tenant 0 is not a DBID")
	q = standard()
	q.DNTypes = nil
	_, _, err = r.Read(t.Context(), q)
	wantError(t, err, model.CodeInvalid, nil, "queues.types")
}
