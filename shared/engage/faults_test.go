package engage_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"

	"excs/shared/engage"
	"excs/shared/model"
)

// What each error of each driver becomes: its code (invalid and denied last, unavailable passes) and what to do. The
// errors are values of the drivers' own types.
func TestWhatErrorsBecome(t *testing.T) {
	const lasts, denied, passes = model.CodeInvalid, model.CodeDenied, model.CodeUnavailable
	pg := func(state, text string) error { return &pgconn.PgError{Severity: "ERROR", Code: state, Message: text} }
	ms := func(n int32) error { return mssql.Error{Number: n, Class: 16, Message: "server's words"} }
	ora := func(n int) error { return network.NewOracleError(n) }
	for i, c := range []struct {
		driver string
		err    error
		code   model.Code
		says   string
	}{
		{"postgres", pg("28P01", "password authentication failed"), denied, "check user, password"},
		{"postgres", pg("28000", "no pg_hba.conf entry for host"), denied, "pg_hba.conf"},
		{"postgres", pg("42501", "permission denied for table cfg_person"), denied, "SELECT grants"},
		{"postgres", pg("42501", `query would be affected by row-level security policy for table "cfg_person"`), denied, "BYPASSRLS"},
		{"postgres", pg("0A000", "cached plan must not change result type"), passes, "altered"},
		{"postgres", pg("26000", "prepared statement does not exist"), passes, "pooler"},
		{"postgres", pg("42P05", "prepared statement already exists"), lasts, "pooler in transaction mode"},
		{"postgres", pg("08P01", "unsupported startup parameter"), lasts, "ignore_startup_parameters"},
		{"postgres", pg("25006", "cannot execute INSERT in a read-only transaction"), lasts, "something in the read writes"},
		{"postgres", pg("40001", "canceling statement due to conflict with recovery"), passes, "hot_standby_feedback"},
		{"postgres", pg("40P01", "deadlock detected"), passes, "deadlock"},
		{"postgres", pg("53300", "too many connections"), passes, "no connection left"},
		{"postgres", pg("55P03", "lock not available"), passes, "locked"},
		{"postgres", pg("57014", "canceling statement due to statement timeout"), passes, "statement_timeout"},
		{"postgres", pg("57P01", "terminating connection due to administrator command"), passes, "shut down"},
		{"postgres", pg("57P03", "the database system is starting up"), passes, "starting"},
		{"postgres", pg("57P05", "terminating connection due to idle-session timeout"), passes, "idle"},
		{"postgres", pg("42P01", "relation does not exist"), lasts, "check dsn, schema and columns"},
		{"postgres", pg("42703", "column does not exist"), lasts, "check dsn, schema and columns"},
		{"postgres", pg("42883", "function does not exist"), lasts, "check dsn, schema and columns"},
		{"postgres", pg("3D000", "database does not exist"), lasts, "no such database"},
		{"postgres", pg("3F000", "schema does not exist"), lasts, "check dsn, schema"},
		{"postgres", pg("22P05", "untranslatable character"), lasts, "encoding"},
		{"postgres", pg("22021", "invalid byte sequence for encoding"), lasts, "give encoding in the Engage secret"},
		{"postgres", pg("42704", "unrecognized configuration parameter"), lasts, "an option of the dsn"},
		{"postgres", pg("XX000", "internal error"), passes, "the next run"},
		{"sqlserver", ms(18456), denied, "check user, password"},
		{"sqlserver", ms(18452), denied, "mixed mode"},
		{"sqlserver", ms(18470), denied, "disabled"},
		{"sqlserver", ms(18486), denied, "locked"},
		{"sqlserver", ms(18487), denied, "expired"},
		{"sqlserver", ms(18488), denied, "must change its password"},
		{"sqlserver", ms(4060), denied, "check database in the dsn"},
		{"sqlserver", ms(4064), denied, "default database"},
		{"sqlserver", ms(229), denied, "SELECT grants"},
		{"sqlserver", ms(916), denied, "no user of the database"},
		{"sqlserver", ms(208), lasts, "check dsn, schema and columns"},
		{"sqlserver", ms(207), lasts, "check dsn, schema and columns"},
		{"sqlserver", ms(911), lasts, "no such database"},
		{"sqlserver", ms(468), lasts, "different collations"},
		{"sqlserver", ms(245), lasts, "does not hold numbers"},
		{"sqlserver", ms(3952), lasts, "ALLOW_SNAPSHOT_ISOLATION ON"},
		{"sqlserver", ms(3956), passes, "just allowing"},
		{"sqlserver", ms(3958), passes, "tempdb"},
		{"sqlserver", ms(3960), passes, "another transaction"},
		{"sqlserver", ms(3961), passes, "altered"},
		{"sqlserver", ms(1205), passes, "deadlock"},
		{"sqlserver", ms(1222), passes, "locked"},
		{"sqlserver", ms(976), lasts, "the group's listener"},
		{"sqlserver", ms(978), lasts, "ApplicationIntent=ReadOnly"},
		{"sqlserver", ms(979), lasts, "leave out ApplicationIntent"},
		{"sqlserver", ms(983), passes, "between two primaries"},
		{"sqlserver", ms(6005), passes, "shutting down"},
		{"sqlserver", ms(927), passes, "restored"},
		{"sqlserver", ms(701), passes, "memory"},
		{"sqlserver", ms(40613), passes, "not available just now"},
		{"sqlserver", ms(50000), passes, "the next run"},
		{"sqlserver", errors.New("no instance matching 'CTI' returned from host 'db.example'"), lasts, "no such instance"},
		{"sqlserver", errors.New("unable to get instances from Sql Server Browser on host db.example: i/o timeout"), passes, "UDP 1434"},
		{"oracle", ora(1017), denied, "check user, password"},
		{"oracle", ora(1045), denied, "CREATE SESSION"},
		{"oracle", ora(28000), denied, "locked"},
		{"oracle", ora(28001), denied, "expired"},
		{"oracle", ora(28040), lasts, "SQLNET.ALLOWED_LOGON_VERSION_SERVER"},
		{"oracle", ora(942), lasts, "no SELECT on it"},
		{"oracle", ora(904), lasts, "check dsn, schema and columns"},
		{"oracle", ora(980), lasts, "synonym"},
		{"oracle", ora(1775), lasts, "synonyms"},
		{"oracle", ora(1722), lasts, "does not hold numbers"},
		{"oracle", ora(12154), lasts, "service in the dsn"},
		{"oracle", ora(12505), lasts, "no such SID"},
		{"oracle", ora(12514), lasts, "no such service"},
		{"oracle", ora(12660), lasts, "encryption=REQUIRED"},
		{"oracle", ora(12650), lasts, "ssl=true"},
		{"oracle", ora(12506), lasts, "access list"},
		{"oracle", ora(29024), lasts, "rootCertificate"},
		{"oracle", ora(12537), passes, "TCP.INVITED_NODES"},
		{"oracle", ora(1555), passes, "undo"},
		{"oracle", ora(1466), passes, "altered"},
		{"oracle", ora(8176), passes, "rebuilt"},
		{"oracle", ora(8103), passes, "rebuilt"},
		{"oracle", ora(60), passes, "deadlock"},
		{"oracle", ora(54), passes, "locked"},
		{"oracle", ora(18), passes, "no session left"},
		{"oracle", ora(2391), passes, "profile"},
		{"oracle", ora(1033), passes, "starting or stopping"},
		{"oracle", ora(1034), passes, "not running"},
		{"oracle", ora(3113), passes, "broke"},
		{"oracle", ora(3135), passes, "firewall"},
		{"oracle", ora(12516), passes, "no handler"},
		{"oracle", ora(12541), passes, "nothing listens"},
		{"oracle", ora(600), passes, "the next run"},
		{"postgres", context.DeadlineExceeded, passes, "no answer in time"},
		{"sqlserver", context.Canceled, passes, "no answer in time"},
		{"oracle", driver.ErrBadConn, passes, "the next run"},
		{"sqlserver", io.EOF, passes, "the next run"},
		{"postgres", &net.DNSError{Err: "no such host", Name: "db.example", IsNotFound: true}, passes, "check host"},
		{"oracle", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, passes, "check host"},
		{"postgres", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, lasts, "rootCertificate"},
		{"oracle", x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a.example"}}, Host: "b.example"}, lasts, "other names"},
		{"oracle", tls.AlertError(70), lasts, "older than 1.2"},
		{"postgres", tls.AlertError(40), lasts, "cipher"},
		{"oracle", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, lasts, "check host and port"},
	} {
		err := engage.Fault(c.driver, fmt.Errorf("query: %w", c.err))
		if got := model.CodeOf(err); got != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d. %s: %v became %s: %v, want %s with %q", i+1, c.driver, c.err, got, err, c.code, c.says)
		}
		if again := strings.Contains(err.Error(), "tries again"); again != (c.code == passes && c.says != "no answer in time") {
			t.Errorf("%d. %s: %v", i+1, c.driver, err)
		}
	}
}
