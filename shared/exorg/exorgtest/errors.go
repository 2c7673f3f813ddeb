package exorgtest

import (
	"fmt"
	"net/http"
	"strconv"
)

// refusal is an answer that is not a success, in the shape of the Platform API's ErrorBody.
type refusal struct {
	status     int
	code       string
	message    string
	params     map[string]string
	entityID   string
	entityName string
	field      string
	limitKey   string
	limit      int
	retryAfter int // seconds; 0: no header
}

// body renders the error body. contextId equals the ININ-Correlation-Id header: support asks for it.
func (e *refusal) body(contextID string) map[string]any {
	params := map[string]any{}
	for k, v := range e.params {
		params[k] = v
	}
	b := map[string]any{
		"message": e.message, "code": e.code, "status": e.status, "contextId": contextID,
		"messageWithParams": e.message, "messageParams": params,
		"details": []any{}, "errors": []any{},
	}
	if e.entityID != "" {
		b["entityId"] = e.entityID
	}
	if e.entityName != "" {
		b["entityName"] = e.entityName
	}
	if e.field != "" {
		b["details"] = []any{map[string]any{"errorCode": e.code, "fieldName": e.field}}
	}
	if e.limit > 0 {
		b["limit"] = map[string]any{"namespace": "routing", "key": e.limitKey, "value": e.limit}
	}
	return b
}

func bad(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "bad.request", message: fmt.Sprintf(format, args...)}
}

func badField(field, format string, args ...any) *refusal {
	e := bad(format, args...)
	e.code, e.field = "invalid.value", field
	return e
}

func notFound(what, id string) *refusal {
	return &refusal{
		status: http.StatusNotFound, code: "not.found", entityID: id,
		message: fmt.Sprintf("The requested %s (%s) was not found.", what, id),
	}
}

// conflict is the 409 whose code says nothing about its cause.
func conflict(format string, args ...any) *refusal {
	return &refusal{status: http.StatusConflict, code: "general.conflict", message: fmt.Sprintf(format, args...)}
}

// missingPermission names the permission, as the role of the OAuth client must grant it.
func missingPermission(permission string) *refusal {
	return &refusal{
		status: http.StatusForbidden, code: "missing.any.permissions",
		message: "Unable to perform the requested action. You are missing the following permission(s): " + permission,
		params:  map[string]string{"permissions": permission},
	}
}

func tooManyRequests(seconds int) *refusal {
	n := strconv.Itoa(seconds)
	return &refusal{
		status: http.StatusTooManyRequests, code: "too.many.requests.retry.after", retryAfter: seconds,
		message: "Rate limit exceeded the maximum. Retry the request in [" + n + "] seconds",
		params:  map[string]string{"retryAfter": n},
	}
}
