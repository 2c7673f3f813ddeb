package engage_test

import (
	"strings"
	"testing"

	"excs/shared/engage"
)

// What people paste into a secret, with what comes of it: read as they mean it, or told in words.
func TestDSNsAsPeoplePasteThem(t *testing.T) {
	for _, c := range []struct{ name, secret, says string }{
		{"a line's end behind a PostgreSQL URL", `{"driver":"postgres","dsn":"postgres://u:p@h/d?sslmode=require\r\n"}`, ""},
		{"a line's end behind a SQL Server URL", `{"driver":"sqlserver","dsn":"sqlserver://u:p@h?database=d\n"}`, ""},
		{"an IPv6 address in brackets", `{"driver":"sqlserver","dsn":"Server=[::1],1433;User ID=u;Password=\"p\";Database=d"}`, ""},
		{"hosts of which one has a port", `{"driver":"postgres","dsn":"postgres://u:p@a,b:5433/d?sslmode=require"}`, ""},
		{"host:port for SQL Server", `{"driver":"sqlserver","dsn":"Server=h:1433;User ID=u;Password=\"p\";Database=d"}`, "write host,port"},
		{"a protocol in Oracle's short form", `{"driver":"oracle","dsn":"u/p@tcps://h:2484/S"}`, "names a protocol after the @"},
		{"a database's own name of a code page", `{"driver":"oracle","dsn":"oracle://u:p@h/s","encoding":"EE8ISO8859P2"}`, ""},
	} {
		secret, err := engage.ParseSecret([]byte(c.secret))
		if err == nil {
			if strings.TrimSpace(secret.DSN) != secret.DSN {
				t.Errorf("%s: the DSN is %q", c.name, secret.DSN)
			}
			var r *engage.Reader
			if r, err = engage.Open(secret); err == nil {
				t.Cleanup(func() { _ = r.Close() })
			}
		}
		if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}
