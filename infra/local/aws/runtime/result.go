package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What Lambda answers instead of starting a function.
var (
	// ErrThrottled says that the function's or the account's concurrency is used up (TooManyRequestsException).
	ErrThrottled = errors.New("rate exceeded: as many invocations run as may run at once")
	// ErrTooLarge says that the payload is over 6 MB (RequestTooLargeException).
	ErrTooLarge = errors.New("the payload is over 6 MB")
	// ErrClosed says that the host was closed.
	ErrClosed = errors.New("the host of the functions is closed")
)

// PayloadLimit is the most that a payload or an answer may hold, in bytes (AWS: 6 MB, written as 6291556 in its errors).
const PayloadLimit = 6291556

// Unhandled is Result.FunctionError of an invocation that failed: all errors of a custom runtime are called so.
const Unhandled = "Unhandled"

// The types of errors that Lambda itself gives, in Failure.Type.
const (
	TypeTimeout     = "Sandbox.Timedout"
	TypeExit        = "Runtime.ExitError"
	TypeMemory      = "Runtime.OutOfMemory"
	TypeLarge       = "Function.ResponseSizeTooLarge"
	TypeNoAnswer    = "Runtime.NoAnswer"          // asked for the next event without an answer to this one
	TypeBinary      = "Runtime.InvalidEntrypoint" // the program can not be started
	TypeInitTimeout = "Sandbox.InitTimedout"      // did not ask for work in time
)

// Result is what became of one invocation.
type Result struct {
	RequestID string
	// Payload is the answer, or the JSON of a Failure.
	Payload []byte
	// FunctionError is "" for a success, else Unhandled.
	FunctionError string
	Report
}

// Report says what one invocation took.
type Report struct {
	Function string
	At       time.Time // when it began
	// Cold says that a process was started for it, which took Init until it asked for work.
	Cold bool
	Init time.Duration
	// Duration is from the event handed over to the answer, Billed what Lambda charges for: both, rounded up to a millisecond.
	Duration, Billed time.Duration
	// PeakBytes is the most memory that the process has had resident in its life; 0 where the system does not tell.
	PeakBytes int64
	// ErrorType is that of the failure, "" for a success.
	ErrorType string
}

// Failure is the JSON of an invocation that failed.
type Failure struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Failure reads the failure of an invocation that failed; the zero value for a success.
func (r Result) Failure() Failure {
	var f Failure
	if r.FunctionError != "" {
		_ = json.Unmarshal(r.Payload, &f) // what is no JSON has neither type nor message
	}
	return f
}

// Err is the failure as an error, nil for a success.
func (r Result) Err() error {
	if r.FunctionError == "" {
		return nil
	}
	f := r.Failure()
	if f == (Failure{}) {
		return fmt.Errorf("%s failed: %s", r.Function, r.Payload)
	}
	return fmt.Errorf("%s failed (%s): %s", r.Function, f.Type, f.Message)
}

// failed makes the result of a failure that Lambda itself sees.
func failed(id, kind, format string, args ...any) Result {
	f := Failure{Type: kind, Message: "RequestId: " + id + " Error: " + fmt.Sprintf(format, args...)}
	payload, err := json.Marshal(f)
	if err != nil {
		payload = []byte(`{"errorType":"` + kind + `"}`)
	}
	return Result{RequestID: id, FunctionError: Unhandled, Payload: payload, Report: Report{ErrorType: kind}}
}

// answered makes the result of what the function posted.
func answered(id string, body []byte, isError bool, kind string) Result {
	r := Result{RequestID: id, Payload: body}
	if isError {
		r.FunctionError = Unhandled
		if r.ErrorType = r.Failure().Type; r.ErrorType == "" {
			r.ErrorType = strings.TrimSpace(kind)
		}
	}
	return r
}
