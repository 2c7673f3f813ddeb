package engage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"excs/shared/model"
)

const op = "read Engage"

// fault turns a driver's error into one line with a code. Only the text is kept, and that scrubbed: the errors of some
// drivers carry the whole DSN in a field. Contexts stay recognisable (errors.Is).
func (r *Reader) fault(what string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*model.Error](err); ok {
		return e
	}
	text := scrub(err.Error(), r.hide)
	code, hint := r.diagnose(err)
	if strings.Contains(err.Error(), "cannot parse `") { // pgx quotes the DSN here and can not always find the password
		code, text, hint = model.CodeInvalid, errNotPostgres().Error(), ""
	}
	if hint != "" {
		text += ": " + hint
	}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return model.Errorf(code, op, "%s: %w", what, &labelled{text, cause})
		}
	}
	return model.Errorf(code, op, "%s: %s", what, text)
}

// labelled is a context's error under a driver's text.
type labelled struct {
	text  string
	cause error
}

func (l *labelled) Error() string { return l.text }
func (l *labelled) Unwrap() error { return l.cause }

// diagnose says which code an error is and what the operator can do.
func (r *Reader) diagnose(err error) (model.Code, string) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return model.CodeUnavailable, "no answer in time"
	}
	if code, ok := r.dialect.code(err); ok {
		return code, hintOf(code)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return model.CodeInvalid, "the server's certificate is not trusted: give its root certificate in the dsn"
	}
	if isScan(err) {
		return model.CodeInvalid, "the column does not hold what Engage keeps there: check columns in the Engage secret"
	}
	return model.CodeUnavailable, hintOf(model.CodeUnavailable)
}

func hintOf(code model.Code) string {
	switch code {
	case model.CodeDenied:
		return "check user, password and the SELECT grants of the login in the Engage secret"
	case model.CodeInvalid:
		return "check dsn, schema and columns in the Engage secret"
	case model.CodeUnavailable:
		return "check host, port and network; the next run tries again"
	default:
		return ""
	}
}

// isScan says that a value could not be taken, which is a fault of the schema and no passing one.
func isScan(err error) bool {
	_, ok := errors.AsType[*notANumber](err)
	return ok
}

// postgresCode reads the SQLSTATE.
func postgresCode(err error) (model.Code, bool) {
	e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return "", false
	}
	state := e.SQLState()
	switch {
	case strings.HasPrefix(state, "28"), state == "42501":
		return model.CodeDenied, true // authentication; privilege
	case strings.HasPrefix(state, "42"), strings.HasPrefix(state, "3"), strings.HasPrefix(state, "22"):
		return model.CodeInvalid, true // no such table or column; no such database or schema; data, encoding
	}
	return model.CodeUnavailable, true
}

// sqlServerCode reads the error number.
func sqlServerCode(err error) (model.Code, bool) {
	e, ok := errors.AsType[interface {
		error
		SQLErrorNumber() int32
	}](err)
	if !ok {
		return "", false
	}
	switch e.SQLErrorNumber() {
	case 18456, 18452, 18470, 18487, 18488, 4060, 4064, 229, 230, 297, 300, 916:
		return model.CodeDenied, true // login failed, disabled, expired; database not open to it; permission
	case 207, 208, 102, 156, 911, 2760:
		return model.CodeInvalid, true // no such column, object, database, schema; syntax
	}
	return model.CodeUnavailable, true
}

// oracleCode reads the number after ORA-.
func oracleCode(err error) (model.Code, bool) {
	m := regexp.MustCompile(`ORA-(\d{1,5})`).FindStringSubmatch(err.Error())
	if m == nil {
		return "", false
	}
	n, convErr := strconv.Atoi(m[1])
	if convErr != nil {
		return "", false
	}
	switch n {
	case 1017, 1005, 1031, 1045, 28000, 28001, 28009, 1988:
		return model.CodeDenied, true // credentials, locked, expired, privilege
	case 942, 904, 900, 933, 936, 911, 12505, 12514, 12154, 1435:
		return model.CodeInvalid, true // no such table or column; syntax; no such service; no such user
	}
	return model.CodeUnavailable, true
}

// sqliteCode reads the primary result code.
func sqliteCode(err error) (model.Code, bool) {
	e, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	if !ok {
		return "", false
	}
	switch e.Code() & 0xff {
	case 3, 23:
		return model.CodeDenied, true // PERM, AUTH
	case 1, 14, 26, 8:
		return model.CodeInvalid, true // no such table; no such file; not a database; read-only
	}
	return model.CodeUnavailable, true
}

// notANumber is a value in a column of numbers that is none. It does not quote the value.
type notANumber struct{ got string }

func (e *notANumber) Error() string { return fmt.Sprintf("a value (%s) is not a whole number", e.got) }
