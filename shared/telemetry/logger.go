package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The attributes that log lines share (DESIGN, house rule 6): tenant, kind and key of the object, run, attempt.
const (
	AttrFunction  = "function"
	AttrTenant    = "tenant"
	AttrRequestID = "requestId"
)

// Options set up a logger.
type Options struct {
	Function string
	Tenant   string
	// Level is the lowest level written; "" means info. DEBUG, INFO, WARN, ERROR as Lambda writes them.
	Level string
}

// New makes the logger of a function: one JSON object a line, with the names that Lambda's own JSON lines have.
func New(w io.Writer, o Options) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.Level)); err != nil {
		level = slog.LevelInfo
	}
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})
	log := slog.New(requestHandler{h})
	if o.Function != "" {
		log = log.With(AttrFunction, o.Function)
	}
	if o.Tenant != "" {
		log = log.With(AttrTenant, o.Tenant)
	}
	return log
}

// secretWords are parts of attribute names whose values are never written, whoever passes them.
var secretWords = []string{"secret", "password", "dsn", "token", "authorization", "email", "address", "username"}

// redacted is what stands in for such a value.
const redacted = "[not logged]"

func replace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch a.Key {
		case slog.TimeKey:
			a.Key = "timestamp"
			return a
		case slog.MessageKey:
			a.Key = "message"
			return a
		}
	}
	name := strings.ToLower(a.Key)
	if slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) }) {
		return slog.String(a.Key, redacted)
	}
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

// requestHandler adds the id of the Lambda request to every line.
type requestHandler struct{ slog.Handler }

// Handle writes one line.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String(AttrRequestID, lc.AwsRequestID))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the request id on derived loggers.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the request id on derived loggers.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
