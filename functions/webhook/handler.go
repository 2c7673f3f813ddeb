package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/shared/listen"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

// Listener turns notices into messages.
type Listener interface {
	Hear(ctx context.Context, notices []notice.Notice) (listen.Report, error)
}

// Handler is the function webhook.
type Handler struct {
	wiring.Base
	Listener Listener
	Gate     *Gate
	Log      *slog.Logger
	// Instruments measure what becomes of notifications; nil: nothing is measured.
	Instruments *telemetry.Instruments
}

// Handle takes what an EX Org tells, whichever way it comes: an EventBridge event (or an array of them), or an HTTPS request
// to the function URL. Lambda builds the request around what a sender wrote, so nobody outside can make one look like the
// other. The answer is a listen.Report, or the HTTP response.
//
// An event that can not be understood is logged and counted and is no error: telling it again would not help. An error
// means that the table, the queue or the EX Org could not be reached; Lambda then tells the event again. To an HTTP request
// the same is a response 503.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	ctx, cancel := withMargin(ctx)
	defer cancel()
	var shape struct {
		RequestContext json.RawMessage `json:"requestContext"`
	}
	// What is no object has no request context either; it is refused as an event.
	if err := json.Unmarshal(payload, &shape); err == nil && len(shape.RequestContext) > 0 {
		var request events.LambdaFunctionURLRequest
		if err := json.Unmarshal(payload, &request); err != nil {
			h.Log.WarnContext(ctx, "request refused: Lambda's envelope is not as expected", "error", err.Error())
			listen.Measure(ctx, h.Instruments, listen.Report{}, 1)
			return refused(), nil
		}
		if err := h.Lacks(); err != nil {
			h.Log.WarnContext(ctx, "request refused: nothing can be heard", "code", model.CodeOf(err), "error", err.Error())
			return events.LambdaFunctionURLResponse{StatusCode: http.StatusServiceUnavailable}, nil
		}
		return h.serve(ctx, request), nil
	}
	if err := h.Lacks(); err != nil {
		return h.cannotHear(ctx, err)
	}
	notices, rejected, reason := read(payload)
	if rejected > 0 {
		h.Log.WarnContext(ctx, "events can not be understood and are dropped", "events", rejected, "error", reason)
	}
	report, err := h.hear(ctx, notices, rejected)
	if err != nil {
		return nil, err
	}
	return report, nil
}

// cannotHear answers an event while a secret cannot be used. As long as one was never set nothing is mapped that the event could be
// about; otherwise the event comes again, and the sweep finds what it told.
func (h *Handler) cannotHear(ctx context.Context, err error) (any, error) {
	if wiring.IsNotSet(err) {
		h.Log.InfoContext(ctx, "not configured", "why", err.Error())
		return listen.Report{}, nil
	}
	h.Log.ErrorContext(ctx, "nothing can be heard", "code", model.CodeOf(err), "error", err.Error())
	return nil, err
}

// margin is left of the function's time when the work is cut off: taking back what is half done takes up to three seconds.
const margin = 4 * time.Second

func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// read understands what it can of one event or an array of them; reason is why the first of the rejected was.
func read(body []byte) (notices []notice.Notice, rejected int, reason string) {
	parts, err := notice.Split(body)
	if err != nil {
		return nil, 1, err.Error()
	}
	for _, part := range parts {
		n, err := notice.Parse(part)
		if err != nil {
			if rejected++; rejected == 1 {
				reason = err.Error()
			}
			continue
		}
		notices = append(notices, n)
	}
	return notices, rejected, reason
}

// hear passes the notices on and logs what came of them.
func (h *Handler) hear(ctx context.Context, notices []notice.Notice, rejected int) (listen.Report, error) {
	var report listen.Report
	var err error
	if len(notices) > 0 { // what is turned away costs no call
		ctx, err = h.Bind(ctx)
	}
	if err == nil {
		report, err = h.Listener.Hear(ctx, notices)
	}
	report.Rejected = rejected
	listen.Measure(ctx, h.Instruments, report, 0)
	args := []any{
		"heard", report.Heard, "rejected", report.Rejected, "sent", report.Sent, "later", report.Later,
		"coalesced", report.Coalesced, "replayed", report.Replayed, "left", report.Left, "ignored", report.Ignored,
	}
	switch {
	case err != nil:
		h.Log.ErrorContext(ctx, "not everything that was heard is looked at: it has to be told again", append(args, "code", model.CodeOf(err), "error", err.Error())...)
	case report.Acts():
		h.Log.InfoContext(ctx, "heard", args...)
	default:
		h.Log.DebugContext(ctx, "heard nothing that matters", args...)
	}
	return report, err
}
