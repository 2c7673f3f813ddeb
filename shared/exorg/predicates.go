package exorg

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"excs/shared/model"
)

// The predicates below are the only place that knows how the Platform API spells its refusals.

// staleText is how a stale version reads when it comes as 400 (FACTS X3).
const staleText = "does not match the current version"

func saysStale(status int, message string) bool {
	return (status == http.StatusBadRequest || status == http.StatusConflict) && strings.Contains(strings.ToLower(message), staleText)
}

// IsNotFound says that the object is not there: gone, not yet visible, or in a division that the OAuth client does not see.
func IsNotFound(err error) bool { return model.CodeOf(err) == model.CodeNotFound }

// IsConflict says that the EX Org answered 409 because something else holds the name, e-mail or external id.
func IsConflict(err error) bool { return model.CodeOf(err) == model.CodeConflict }

// IsDuplicate says that the name, e-mail or external id may be taken: 409, or 400 of an operation whose form is unproven (queues, wrap-up codes,
// languages) unless the EX Org's words blame something else. Look the object up; if it is not found, a 400 was a bad request after all.
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

// SaysTaken says that the EX Org itself says that something holds the name, e-mail or external id: by 409, or in the words of a 400. Any other
// duplicate (IsDuplicate) is one only when a holder is found.
func SaysTaken(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	if !ok || !e.Duplicate {
		return false
	}
	words := strings.ToLower(WordsOf(err))
	return e.Status == http.StatusConflict || slices.ContainsFunc(takenTexts(), func(text string) bool { return strings.Contains(words, text) })
}

// takenTexts are how a taken name reads when it comes as 400.
func takenTexts() []string {
	return []string{"already exist", "already in use", "already taken", "duplicate", "must be unique", "not unique", "conflict"}
}

// badValueText is how a value outside an enum, or of a wrong type, is refused.
const badValueText = "is not valid for field type"

// identifying are the fields that another object may hold.
func identifying(field string) bool {
	return slices.Contains([]string{"", "name", "email", "peerid"}, strings.ToLower(field))
}

// blamesElse says that a refusal is about something other than a name that is taken: a value of the body, a field that identifies nothing, or a
// limit of the organisation.
func blamesElse(b errorBody, details []Detail) bool {
	if strings.Contains(strings.ToLower(b.Message+b.MessageWithParams), badValueText) || len(bytes.Trim(b.Limit, "nul {}")) > 0 {
		return true
	}
	return slices.ContainsFunc(details, func(d Detail) bool { return !identifying(d.FieldName) })
}

// said joins all that an error body says.
func said(b errorBody) string {
	words := []string{b.Message, b.MessageWithParams}
	for _, name := range slices.Sorted(maps.Keys(b.MessageParams)) {
		words = append(words, fmt.Sprint(b.MessageParams[name]))
	}
	for _, d := range b.Details {
		words = append(words, string(d))
	}
	return strings.ToLower(strings.Join(words, " "))
}

// Mentions says whether the EX Org's refusal names a word: a field of the body, or a value in it.
func Mentions(err error, word string) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.mentions != nil && e.mentions(word)
}

// mentioned says whether a word stands by itself in a text in lower case.
func mentioned(text, word string) bool {
	if word == "" || !strings.Contains(text, strings.ToLower(word)) {
		return false
	}
	return regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(strings.ToLower(word)) + `($|[^\pL\pN])`).MatchString(text)
}

// WordsOf gives what the EX Org said, without what differs from call to call, "" for an error that is not the EX Org's.
func WordsOf(err error) string {
	e, ok := errors.AsType[*APIError](err)
	if !ok {
		return ""
	}
	words := []string{e.Code, e.Message}
	for _, d := range e.Details {
		words = append(words, d.FieldName, d.ErrorCode)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ": ")
}

// IsRefusedBody says that the EX Org understood the call and does not take its body.
func IsRefusedBody(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == http.StatusBadRequest && model.CodeOf(err) == model.CodeInvalid
}
