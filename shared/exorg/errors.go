package exorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// APIError is what the EX Org said, or how the exchange failed. Every error of a call wraps one, inside a *model.Error with the code. Texts hold no
// names and addresses of people: ids only.
type APIError struct {
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code and Message are the body's; the message without personal data.
	Code, Message string
	// CorrelationID is contextId or ININ-Correlation-Id: support asks for it.
	CorrelationID string
	// Method and Route say which operation it was; the route has placeholders for ids.
	Method, Route string
	// RetryAfter is how long the EX Org asked to wait, 0 when it did not say.
	RetryAfter time.Duration
	Details    []Detail
	// Permissions are what the OAuth client's role must grant; of a 403 only.
	Permissions []string
	// Duplicate says that something else may hold the name, e-mail or external id: 409, or 400 where that form is unproven and the EX Org's
	// words do not blame something else.
	Duplicate bool
	// Err is the fault of the network or of the answer's form, nil when the API said no in order.
	Err error

	// credentials says that the OAuth client itself was refused.
	credentials bool
	// mentions says whether a word stands in what the EX Org said, values too. A function, so that no text of it can be told.
	mentions func(word string) bool
}

// Detail is one entry of the error body's details.
type Detail struct {
	ErrorCode string `json:"errorCode"`
	FieldName string `json:"fieldName"`
	EntityID  string `json:"entityId"`
}

// Error gives operation, status, code, message and correlation id, and what an operator can do about refused permissions.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Method, e.Route)
	if e.Status != 0 {
		fmt.Fprintf(&b, " answered %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for _, d := range e.Details {
		fmt.Fprintf(&b, "; field %s %s", orDash(d.FieldName), orDash(d.ErrorCode))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.CorrelationID != "" {
		fmt.Fprintf(&b, " [correlation id %s]", e.CorrelationID)
	}
	b.WriteString(e.advice())
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (e *APIError) advice() string {
	switch {
	case e.Status == http.StatusForbidden && len(e.Permissions) > 0:
		return "; give the role of the OAuth client " + strings.Join(e.Permissions, " or ") + ", in all divisions"
	case e.Status == http.StatusForbidden:
		return "; give the role of the OAuth client the permission for this operation, in all divisions"
	case e.credentials:
		return "; check that the OAuth client of the EX Org secret is active and its secret right"
	default:
		return ""
	}
}

// CorrelationOf is the EX Org's own id of the request that the error is about, "" for an error that is not the EX Org's.
func CorrelationOf(err error) string {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.CorrelationID
	}
	return ""
}

// Unwrap gives the fault of the network, nil when the API answered.
func (e *APIError) Unwrap() error { return e.Err }

// errorBody is the API's error (FACTS X11), and the token endpoint's other shape beside it.
type errorBody struct {
	Message           string            `json:"message"`
	Code              string            `json:"code"`
	Status            int               `json:"status"`
	EntityName        string            `json:"entityName"`
	MessageWithParams string            `json:"messageWithParams"`
	MessageParams     map[string]any    `json:"messageParams"`
	ContextID         string            `json:"contextId"`
	Details           []json.RawMessage `json:"details"`

	Error            string `json:"error"`
	Description      string `json:"description"`
	ErrorDescription string `json:"error_description"`

	Limit json.RawMessage `json:"limit"`
}

// genuine says whether the body is the Platform API's, not a proxy's or another server's.
func (b errorBody) genuine() bool { return b.Code != "" || b.Status != 0 || b.ContextID != "" }

// fail turns an answer that is no success into the error of the call.
func (c *Client) fail(r wire.Request, a answer) error {
	e := &APIError{Status: a.status, Method: r.Method, Route: r.Route, Err: a.err, CorrelationID: a.header.Get("ININ-Correlation-Id")}
	if a.err != nil {
		return wrap(r, lost(r, a), e)
	}
	var body errorBody
	parsed := json.Unmarshal(a.body, &body) == nil
	e.Code = body.Code
	e.Message = cleanMessage(body, r.Private)
	e.Details = details(body.Details)
	if body.ContextID != "" {
		e.CorrelationID = body.ContextID
	}
	e.credentials = a.status == http.StatusUnauthorized
	e.RetryAfter = retryAfter(a, body.Message, c.now())
	e.mentions = func(word string) bool { return mentioned(said(body), word) }
	e.Duplicate = a.status == http.StatusConflict && r.Conflict == wire.Taken || a.status == http.StatusBadRequest && r.Unproven && !blamesElse(body, e.Details)
	if a.status == http.StatusForbidden {
		e.Permissions = permissions(a.body, r.Needs)
	}
	if a.status == http.StatusNotFound && !(parsed && body.genuine()) && e.CorrelationID == "" {
		// A proxy's 404, or that of a wrong apiUrl, must never pass for "the object is gone": EXCS would create everything again.
		e.Message = "the answer is not the Platform API's: check apiUrl and what is between"
		return wrap(r, model.CodeUnavailable, e)
	}
	return wrap(r, codeOf(r, a.status, body), e)
}

func wrap(r wire.Request, code model.Code, e *APIError) error {
	return &model.Error{Code: code, Op: operation(r), RetryAfter: e.RetryAfter, Err: e}
}

func operation(r wire.Request) string {
	if len(r.Args) == 0 {
		return r.Op
	}
	return r.Op + " " + strings.Join(r.Args, "/")
}

// lost is the code of an exchange without a usable answer: a write that may have reached the EX Org is ambiguous.
func lost(r wire.Request, a answer) model.Code {
	if r.Reads || !a.sent {
		return model.CodeUnavailable
	}
	return model.CodeAmbiguous
}

func codeOf(r wire.Request, status int, body errorBody) model.Code {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return model.CodeDenied
	case status == http.StatusNotFound, status == http.StatusGone:
		return model.CodeNotFound
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return lost(r, answer{sent: true})
	case status == http.StatusTooManyRequests:
		return model.CodeThrottled
	case saysStale(status, body.Message):
		return model.CodeStale
	case status == http.StatusConflict && r.Conflict == wire.Moved:
		return model.CodeStale
	case status == http.StatusConflict:
		return model.CodeConflict
	default:
		return model.CodeInvalid
	}
}

func details(raw []json.RawMessage) []Detail {
	out := make([]Detail, 0, len(raw))
	for _, r := range raw {
		var d Detail
		if json.Unmarshal(r, &d) == nil && d != (Detail{}) {
			out = append(out, d)
		}
	}
	return out
}
