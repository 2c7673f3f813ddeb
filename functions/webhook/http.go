package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"excs/shared/listen"
)

const (
	// SecretHeader carries the secret of an HTTP request.
	SecretHeader = "x-excs-secret" //nolint:gosec // the name of a header
	// bodyLimit is the most that a request may hold, in bytes: EventBridge's own limit for an event.
	bodyLimit = 256 << 10
)

// refused is the response to whoever does not know a secret. It says nothing of what is inside: it is the same whatever the
// path, the method and the body.
func refused() events.LambdaFunctionURLResponse {
	return events.LambdaFunctionURLResponse{StatusCode: http.StatusUnauthorized, Headers: headers()}
}

func headers() map[string]string {
	return map[string]string{"content-type": "application/json", "cache-control": "no-store"}
}

// serve answers an HTTP request.
func (h *Handler) serve(ctx context.Context, r events.LambdaFunctionURLRequest) events.LambdaFunctionURLResponse {
	if !h.Gate.Admits(ctx, secretOf(r.Headers)) {
		h.Log.WarnContext(ctx, "request refused", "status", http.StatusUnauthorized)
		listen.Measure(ctx, h.Instruments, listen.Report{}, 1)
		return refused()
	}
	if r.RequestContext.HTTP.Method != http.MethodPost {
		return h.decline(ctx, http.StatusMethodNotAllowed, "send the notification with POST")
	}
	body, status, reason := bodyOf(r)
	if status != 0 {
		return h.decline(ctx, status, reason)
	}
	notices, rejected, reason := read(body)
	if len(notices) == 0 {
		return h.decline(ctx, http.StatusBadRequest, reason)
	}
	report, err := h.hear(ctx, notices, rejected)
	if err != nil {
		reason := "not everything could be passed on: send it again"
		if report.Left > 0 {
			reason = fmt.Sprintf("the time was up with %d objects left: send it again", report.Left)
		}
		return h.decline(ctx, http.StatusServiceUnavailable, reason)
	}
	if report.Acts() {
		return respond(http.StatusAccepted, report)
	}
	return respond(http.StatusOK, report)
}

// secretOf reads the header. Lambda writes names in lower case; other servers may not.
func secretOf(headers map[string]string) string {
	if s, ok := headers[SecretHeader]; ok {
		return s
	}
	for name, value := range headers {
		if strings.EqualFold(name, SecretHeader) {
			return value
		}
	}
	return ""
}

// bodyOf takes the body out of the request; a status other than 0 says that there is none to work on.
func bodyOf(r events.LambdaFunctionURLRequest) (body []byte, status int, reason string) {
	const tooLong = "the body is longer than 256 KiB: send fewer events at a time"
	if !r.IsBase64Encoded {
		if len(r.Body) > bodyLimit {
			return nil, http.StatusRequestEntityTooLarge, tooLong
		}
		return []byte(r.Body), 0, ""
	}
	if len(r.Body) > base64.StdEncoding.EncodedLen(bodyLimit) {
		return nil, http.StatusRequestEntityTooLarge, tooLong
	}
	body, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		return nil, http.StatusBadRequest, "the body is not valid base64"
	}
	if len(body) > bodyLimit {
		return nil, http.StatusRequestEntityTooLarge, tooLong
	}
	return body, 0, ""
}

// decline answers a request that knows the secret and can not be worked on.
func (h *Handler) decline(ctx context.Context, status int, reason string) events.LambdaFunctionURLResponse {
	h.Log.WarnContext(ctx, "request refused", "status", status, "error", reason)
	if status != http.StatusServiceUnavailable { // that one was heard, and is measured
		listen.Measure(ctx, h.Instruments, listen.Report{}, 1)
	}
	response := respond(status, map[string]string{"error": reason})
	switch status {
	case http.StatusMethodNotAllowed:
		response.Headers["allow"] = http.MethodPost
	case http.StatusServiceUnavailable:
		response.Headers["retry-after"] = "60"
	}
	return response
}

func respond(status int, body any) events.LambdaFunctionURLResponse {
	text, err := json.Marshal(body)
	if err != nil {
		return events.LambdaFunctionURLResponse{StatusCode: http.StatusInternalServerError, Headers: headers()}
	}
	return events.LambdaFunctionURLResponse{StatusCode: status, Headers: headers(), Body: string(text)}
}
