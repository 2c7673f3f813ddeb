package telemetry

import (
	"context"
	"log/slog"
	"slices"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// requestHandler adds the id of the Lambda request to every line, at the top level even where the logger has groups: a
// search by request id must find every line.
type requestHandler struct {
	now   slog.Handler // with all attributes and groups
	outer slog.Handler // as it was before the first group
	inner []func(slog.Handler) slog.Handler
}

var _ slog.Handler = requestHandler{}

// Enabled says whether lines of the level are written.
func (h requestHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.now.Enabled(ctx, level)
}

// Handle writes one line.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return h.now.Handle(ctx, r)
	}
	with := h.outer.WithAttrs([]slog.Attr{slog.String(AttrRequestID, lc.AwsRequestID)})
	for _, apply := range h.inner {
		with = apply(with)
	}
	return with.Handle(ctx, r)
}

// WithAttrs keeps the request id on derived loggers.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.inner) == 0 {
		outer := h.outer.WithAttrs(attrs)
		return requestHandler{now: outer, outer: outer}
	}
	return h.within(func(in slog.Handler) slog.Handler { return in.WithAttrs(attrs) })
}

// WithGroup keeps the request id on derived loggers, outside the group.
func (h requestHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.within(func(in slog.Handler) slog.Handler { return in.WithGroup(name) })
}

func (h requestHandler) within(step func(slog.Handler) slog.Handler) requestHandler {
	return requestHandler{now: step(h.now), outer: h.outer, inner: append(slices.Clone(h.inner), step)}
}
