package telemetry

import (
	"io"
	"log/slog"
	"strings"

	"excs/shared/model"
)

// The attributes that log lines share (RULES 5.7).
const (
	AttrFunction  = "function"
	AttrTenant    = "tenant"
	AttrRequestID = "requestId"
	AttrKind      = "kind"
	AttrKey       = "key"
	AttrRun       = "run"
	AttrAttempt   = "attempt"
	AttrCause     = "cause"
	// AttrCorrelation is the EX Org's own id of a request: its support asks for it.
	AttrCorrelation = "correlationId"
)

// The levels that Lambda knows beyond slog's own.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// Options set up a logger.
type Options struct {
	Function string
	Tenant   string
	// Level is the lowest level written, as Lambda writes it in AWS_LAMBDA_LOG_LEVEL: TRACE, DEBUG, INFO, WARN, ERROR,
	// FATAL. Anything else means INFO.
	Level string
}

// New makes the logger of a function: one JSON object a line, with the names that Lambda's own JSON lines have, without
// secrets and personal data (see clean).
func New(w io.Writer, o Options) *slog.Logger {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: levelOf(o.Level), ReplaceAttr: replace})
	log := slog.New(requestHandler{now: h, outer: h})
	if o.Function != "" {
		log = log.With(AttrFunction, o.Function)
	}
	if o.Tenant != "" {
		log = log.With(AttrTenant, o.Tenant)
	}
	return log
}

func levelOf(text string) slog.Level {
	switch strings.ToUpper(text) {
	case "TRACE":
		return levelTrace
	case "FATAL":
		return levelFatal
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// replace gives slog's own attributes Lambda's names, and every other one a value that may be written.
func replace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		if own, known := ownName(a); known {
			return own
		}
	}
	return slog.Attr{Key: a.Key, Value: clean(groups, a)}
}

// ownName writes the attributes that every line has a say in. A key brings its kind along, so that no line has the one
// without the other.
func ownName(a slog.Attr) (slog.Attr, bool) {
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.Time("timestamp", a.Value.Time().UTC()), true
		}
	case slog.MessageKey:
		return slog.Attr{Key: "message", Value: a.Value}, true
	case slog.LevelKey:
		return slog.Attr{Key: a.Key, Value: levelName(a.Value)}, true
	case AttrKey:
		if key, ok := a.Value.Any().(model.Key); ok && !key.IsZero() {
			return slog.Group("", AttrKind, string(key.Kind), AttrKey, key.String()), true
		}
	case AttrCorrelation:
		if a.Value.Kind() == slog.KindString && a.Value.String() == "" {
			return slog.Attr{}, true // most errors are not the EX Org's
		}
	}
	return slog.Attr{}, false
}

// levelName writes the levels that Lambda filters by as Lambda calls them.
func levelName(v slog.Value) slog.Value {
	switch level, _ := v.Any().(slog.Level); level {
	case levelTrace:
		return slog.StringValue("TRACE")
	case levelFatal:
		return slog.StringValue("FATAL")
	default:
		return v
	}
}
