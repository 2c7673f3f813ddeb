package apply

import (
	"errors"
	"fmt"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// stop ends a look before the object is right, on purpose: the row waits, is held, or the object is invisible. It is an
// error so that it passes through the write paths like one, but no attempt is counted.
type stop struct {
	state    mapping.State
	reason   string
	until    time.Time
	waitsFor model.Key
}

func (s *stop) Error() string { return fmt.Sprintf("%s: %s", s.state, s.reason) }

func waitFor(key model.Key, until time.Time, reason string) error {
	return &stop{state: mapping.StateWaiting, reason: reason, until: until, waitsFor: key}
}

func waitUntil(until time.Time, reason string) error {
	return &stop{state: mapping.StateWaiting, reason: reason, until: until}
}

// paused waits for the end of a pause: the row is due at once, and no run takes it up before.
func paused(p mapping.Pause, now time.Time) error { return waitUntil(now, mapping.Paused+p.Why()) }

func held(reason string) error { return &stop{state: mapping.StateHeld, reason: reason} }

// invisibleRetry is how often an invisible object is looked for again: a granted division shows up without anybody
// telling EXCS.
const invisibleRetry = time.Hour

func invisible(now time.Time, what string) error {
	return &stop{
		state:  mapping.StateInvisible,
		until:  now.Add(invisibleRetry),
		reason: what + ": it is there but EXCS can not see it; grant the OAuth client's role in all divisions",
	}
}

// terminal marks a failure that no retry mends.
type terminal struct{ err error }

func (t *terminal) Error() string { return t.err.Error() }
func (t *terminal) Unwrap() error { return t.err }

func forGood(format string, args ...any) error { return &terminal{fmt.Errorf(format, args...)} }

func asStop(err error) (*stop, bool) { return errors.AsType[*stop](err) }

// passing marks a refusal of the EX Org that may be gone at the next try, whatever its status says: a read that was old, a
// skill that is not visible yet. It counts as an attempt and is never final before they are spent.
func passing(op string, err error) error {
	return &passed{&model.Error{Code: model.CodeUnavailable, Op: op, Err: err}}
}

type passed struct{ err error }

func (p *passed) Error() string { return p.err.Error() }
func (p *passed) Unwrap() error { return p.err }

// errMoved says that the row got another desired state while it was worked on.
var errMoved = errors.New("the row has another desired state by now")

func isMoved(err error) bool { return errors.Is(err, errMoved) }

// isOurs says that the mapping table or a queue failed, and not the EX Org: those errors carry no answer of the API.
func isOurs(err error) bool {
	if _, ok := asStop(err); ok || err == nil {
		return false
	}
	if _, ok := errors.AsType[*exorg.APIError](err); ok {
		return false
	}
	switch model.CodeOf(err) {
	case model.CodeUnavailable, model.CodeAmbiguous, model.CodeStale:
		return true
	default:
		return false
	}
}

func isTerminal(err error) bool {
	if _, ok := errors.AsType[*terminal](err); ok {
		return true
	}
	return model.CodeOf(err) == model.CodeInvalid
}
