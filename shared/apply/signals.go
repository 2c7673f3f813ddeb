package apply

import (
	"errors"
	"fmt"
	"time"

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

func isTerminal(err error) bool {
	if _, ok := errors.AsType[*terminal](err); ok {
		return true
	}
	return model.CodeOf(err) == model.CodeInvalid
}
