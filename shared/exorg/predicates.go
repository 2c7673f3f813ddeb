package exorg

import (
	"errors"
	"net/http"
	"strings"

	"excs/shared/model"
)

// The predicates below are the only place that knows how the Platform API spells its refusals.

// staleText is how a stale version reads when it comes as 400 (facts/exorg.md 3.1).
const staleText = "does not match the current version"

func saysStale(status int, message string) bool {
	return (status == http.StatusBadRequest || status == http.StatusConflict) && strings.Contains(strings.ToLower(message), staleText)
}

// IsNotFound says that the object is not there: gone, not yet visible, or in a division that the OAuth client does not see.
func IsNotFound(err error) bool { return model.CodeOf(err) == model.CodeNotFound }

// IsConflict says that the EX Org answered 409 because something else holds the name, e-mail or external id.
func IsConflict(err error) bool { return model.CodeOf(err) == model.CodeConflict }

// IsDuplicate says that the name, e-mail or external id may be taken: 409, or 400 of an operation whose form is unproven (queues, wrap-up codes,
// languages). Look the object up; if it is not found, a 400 was a bad request after all.
func IsDuplicate(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Duplicate
}

// IsStaleVersion says that the object changed since it was read, in both forms of the API: 409, or 400 with the text about the version. Read again.
// A PATCH of a user whose version did not move after all collided with another user's e-mail.
func IsStaleVersion(err error) bool { return model.CodeOf(err) == model.CodeStale }

// IsThrottled says that the budget is spent or the EX Org asked to wait; model.RetryAfterOf tells how long.
func IsThrottled(err error) bool { return model.CodeOf(err) == model.CodeThrottled }

// IsDenied says that the EX Org refused the OAuth client (401) or a permission (403); the text names it.
func IsDenied(err error) bool { return model.CodeOf(err) == model.CodeDenied }

// IsCredentials says that the OAuth client itself was refused: no object is to blame, and none will do better.
func IsCredentials(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.credentials
}

// IsUnavailable says that a passing fault kept the call from happening.
func IsUnavailable(err error) bool { return model.CodeOf(err) == model.CodeUnavailable }

// IsAmbiguous says that a write may or may not have happened: look before writing again.
func IsAmbiguous(err error) bool { return model.CodeOf(err) == model.CodeAmbiguous }
