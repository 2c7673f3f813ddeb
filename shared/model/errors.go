package model

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what sort of failure an error is, so that callers branch on it and operators can search for it.
type Code string

// The codes. Each adapter's methods promise which of them come back when.
const (
	CodeInvalid     Code = "invalid"     // bad input: settings, payload, secret, schema; retrying does not help
	CodeNotFound    Code = "not_found"   // the object is not there (or not visible)
	CodeConflict    Code = "conflict"    // something else holds the name, e-mail, id or lease
	CodeStale       Code = "stale"       // a version or condition moved on: read again
	CodeThrottled   Code = "throttled"   // too many requests; RetryAfter says how long to wait
	CodeUnavailable Code = "unavailable" // a passing fault: network, 5xx, timeout before anything happened
	CodeDenied      Code = "denied"      // credentials or permissions; retrying does not help
	CodeAmbiguous   Code = "ambiguous"   // a write may or may not have happened: look before writing again
	CodeInternal    Code = "internal"    // a fault of EXCS itself
)

// Error is the one error type of the core. Op says what was being done, Key to which object (zero: none).
type Error struct {
	Code       Code
	Op         string
	Key        Key
	RetryAfter time.Duration
	Err        error
}

// Error gives one line: what was done, to which object, what went wrong.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	if e.Op != "" {
		parts = append(parts, e.Op)
	}
	if !e.Key.IsZero() {
		parts = append(parts, e.Key.String())
	}
	text := string(e.Code)
	if e.Err != nil {
		text = e.Err.Error()
	}
	if len(parts) == 0 {
		return text
	}
	return strings.Join(parts, " ") + ": " + text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf builds an Error with a formatted cause; %w works.
func Errorf(code Code, op string, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, Err: fmt.Errorf(format, args...)}
}

// CodeOf gives the code of the outermost Error in err's chain, CodeInternal for any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// RetryAfterOf gives how long the other side asked to wait, 0 when it did not say.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
