package engage

import (
	"context"
	"errors"
	"fmt"
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
	v := r.diagnose(err)
	code, hint := v.code, v.hint
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

// verdict is what an error means: invalid and denied last until somebody sets something, unavailable passes by itself.
type verdict struct {
	code model.Code
	hint string
}

func passing(hint string) verdict {
	return verdict{model.CodeUnavailable, hint + "; the next run tries again"}
}
func lasting(hint string) verdict { return verdict{model.CodeInvalid, hint} }
func denied(hint string) verdict  { return verdict{model.CodeDenied, hint} }

const (
	checkGrants  = "check user, password and the SELECT grants of the login in the Engage secret"
	checkDSN     = "check dsn, schema and columns in the Engage secret"
	checkNetwork = "check host, port and network"
)

// diagnose says which code an error is and what the operator can do. What the DBMS says of itself comes before what
// TLS and the network say, for its driver knows best.
func (r *Reader) diagnose(err error) verdict {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return verdict{model.CodeUnavailable, "no answer in time"}
	}
	if v, ok := r.dialect.fault(err); ok {
		return v
	}
	if v, ok := tlsFault(err, r.dialect.name); ok {
		return v
	}
	if _, ok := errors.AsType[*driverPanic](err); ok {
		return passing("the connection was thrown away")
	}
	if isScan(err) {
		return lasting("the column does not hold what Engage keeps there: check columns in the Engage secret")
	}
	return passing(checkNetwork)
}

// isScan says that a value could not be taken, which is a fault of the schema and no passing one.
func isScan(err error) bool {
	_, ok := errors.AsType[*notANumber](err)
	return ok
}

// notANumber is a value in a column of numbers that is none. It does not quote the value.
type notANumber struct{ got string }

func (e *notANumber) Error() string { return fmt.Sprintf("a value (%s) is not a whole number", e.got) }
