package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

// Replayer brings dead letters back.
type Replayer interface {
	Replay(ctx context.Context, req replay.Request) (replay.Report, error)
}

// Handler is the function replay.
type Handler struct {
	wiring.Base
	Replayer Replayer
	Log      *slog.Logger
	// Instruments measure what is left; nil: nothing is measured.
	Instruments *telemetry.Instruments
}

// Handle does what the payload asks for and answers with what it moved, dropped and left (replay.Report).
//
// A payload that is not understood is invalid: the error says what there is, and nothing is received or written. A table or
// queue that fails is an error only while nothing was done; after that the answer is the report of what was, and its field
// stopped tells the failure: an operator must not lose sight of what is moved already.
func (h *Handler) Handle(ctx context.Context, body json.RawMessage) (*replay.Report, error) {
	req, err := understand(body)
	if err != nil {
		h.Log.WarnContext(ctx, "payload refused", "code", model.CodeOf(err), "error", err.Error())
		return nil, err
	}
	ctx, err = h.Bind(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	report, err := h.Replayer.Replay(ctx, req)
	replay.Measure(ctx, h.Instruments, report)
	if err == nil {
		return &report, nil
	}
	h.Log.ErrorContext(ctx, "replay failed", "code", model.CodeOf(err), "error", err.Error(), "moved", report.Counts.Moved, "dropped", report.Counts.Dropped)
	if report.Acts() && !report.Dry {
		return &report, nil
	}
	return nil, fmt.Errorf("replay: %w", err)
}
