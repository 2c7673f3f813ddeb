package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/telemetry"
)

// write lets a logger write one line and reads it.
func write(t *testing.T, o telemetry.Options, do func(log *slog.Logger)) map[string]any {
	t.Helper()
	var b bytes.Buffer
	do(telemetry.New(&b, o))
	if n := strings.Count(b.String(), "\n"); n != 1 {
		t.Fatalf("%d lines were written: %s", n, b.String())
	}
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", b.String(), err)
	}
	return line
}

// attrs writes one line with attributes and gives what it says beside time, level and message.
func attrs(t *testing.T, args ...any) map[string]any {
	t.Helper()
	line := write(t, telemetry.Options{}, func(log *slog.Logger) { log.InfoContext(t.Context(), "x", args...) })
	for _, own := range []string{"timestamp", "level", "message"} {
		delete(line, own)
	}
	return line
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The names and their order are those of Lambda's own lines, so that one query finds both.
func TestALineIsShapedLikeLambdasOwn(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.New(&b, telemetry.Options{Function: "apply", Tenant: "acme"})
	log.InfoContext(t.Context(), "applied", telemetry.AttrKey, model.Key{Kind: model.KindUser, DBID: 12}, telemetry.AttrRun, int64(7), telemetry.AttrAttempt, 2)
	shape := regexp.MustCompile(`^\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z","level":"INFO","message":"applied",` +
		`"function":"apply","tenant":"acme","kind":"user","key":"user/12","run":7,"attempt":2\}\n$`)
	if !shape.MatchString(b.String()) {
		t.Errorf("the line is %s", b.String())
	}
}

// A key brings its kind along, at the top level and only there; a correlation id that there is none of is left out.
func TestAKeyBringsItsKind(t *testing.T) {
	t.Parallel()
	key := model.Key{Kind: model.KindWrapUpCode, DBID: 7}
	for _, test := range []struct {
		name string
		args []any
		want map[string]any
	}{
		{"a key", []any{telemetry.AttrKey, key}, map[string]any{"kind": "wrapupcode", "key": "wrapupcode/7"}},
		{"a key of nothing", []any{telemetry.AttrKey, model.Key{}}, map[string]any{"key": ""}},
		{"a text", []any{telemetry.AttrKey, "wrapupcode/7"}, map[string]any{"key": "wrapupcode/7"}},
		{"a key under another name", []any{"waitsFor", key}, map[string]any{"waitsFor": "wrapupcode/7"}},
		{"keys", []any{"keys", []model.Key{key}}, map[string]any{"keys": []any{"wrapupcode/7"}}},
		{"a key in a group", []any{slog.Group("row", telemetry.AttrKey, key)}, map[string]any{"row": map[string]any{"key": "wrapupcode/7"}}},
		{"no correlation id", []any{telemetry.AttrCorrelation, ""}, map[string]any{}},
		{"a correlation id", []any{telemetry.AttrCorrelation, "c-1"}, map[string]any{"correlationId": "c-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want(t, attrs(t, test.args...), test.want)
		})
	}
}

func TestFunctionAndTenantAreLeftOutWhereThereAreNone(t *testing.T) {
	t.Parallel()
	want(t, attrs(t), map[string]any{})
}

// Time is UTC wherever the process runs.
func TestTheTimestampIsUTC(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	h := telemetry.New(&b, telemetry.Options{}).Handler()
	at := time.Date(2026, 5, 4, 14, 0, 0, 5e6, time.FixedZone("CEST", 7200))
	if err := h.Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "x", 0)); err != nil {
		t.Fatal(err)
	}
	if want := `{"timestamp":"2026-05-04T12:00:00.005Z","level":"INFO","message":"x"}` + "\n"; b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	levels := []struct {
		name string
		slog.Level
	}{{"TRACE", slog.LevelDebug - 4}, {"DEBUG", slog.LevelDebug}, {"INFO", slog.LevelInfo}, {"WARN", slog.LevelWarn}, {"ERROR", slog.LevelError}, {"FATAL", slog.LevelError + 4}}
	for _, tc := range []struct{ set, lowest string }{
		{"TRACE", "TRACE"}, {"DEBUG", "DEBUG"}, {"debug", "DEBUG"}, {"INFO", "INFO"}, {"WARN", "WARN"}, {"ERROR", "ERROR"}, {"FATAL", "FATAL"}, {"", "INFO"}, {"loud", "INFO"},
	} {
		t.Run(tc.set, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log := telemetry.New(&b, telemetry.Options{Level: tc.set})
			wanted, on := "", false
			for _, l := range levels {
				on = on || l.name == tc.lowest
				if on {
					wanted += l.name + " "
				}
				if log.Enabled(t.Context(), l.Level) != on {
					t.Errorf("%s is written: %v", l.name, !on)
				}
				log.Log(t.Context(), l.Level, "x")
			}
			got := ""
			for _, m := range regexp.MustCompile(`"level":"([A-Z]+)"`).FindAllStringSubmatch(b.String(), -1) {
				got += m[1] + " "
			}
			if got != wanted {
				t.Errorf("written were %s, want %s", got, wanted)
			}
		})
	}
}

func TestNamesThatAreSecret(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"secret", "clientSecret", "EXCS_ENGAGE_SECRET", "password", "Passphrase", "pwd", "dsn", "engageDSN", "token", "accessToken", "credentials", "Authorization",
		"apiKey", "api-key", "x_api_key", "Set-Cookie", "email", "E-Mail", "e_mail", "address", "userName", "user_name", "username", "employeeId", "first_name", "LastName", "phone",
	} {
		want(t, attrs(t, name, "hunter2"), map[string]any{name: "[not logged]"})
		want(t, attrs(t, name, 12345), map[string]any{name: "[not logged]"})
	}
	for _, name := range []string{"key", "kind", "run", "attempt", "error", "code", "name", "table", "why", "client", "hash", "fields"} {
		want(t, attrs(t, name, "harmless"), map[string]any{name: "harmless"})
	}
}

// A secret does not get out by a group: neither below a harmless name nor below its own.
func TestSecretsInGroups(t *testing.T) {
	t.Parallel()
	hidden := "[not logged]"
	want(t, attrs(t, slog.Group("call", "token", "hunter2", "status", 200)), map[string]any{"call": map[string]any{"token": hidden, "status": 200.0}})
	want(t, attrs(t, slog.Group("secret", "value", "hunter2")), map[string]any{"secret": map[string]any{"value": hidden}})
	want(t, attrs(t, slog.Group("a", slog.Group("credentials", slog.Group("b", "id", 7)))),
		map[string]any{"a": map[string]any{"credentials": map[string]any{"b": map[string]any{"id": hidden}}}})
	line := write(t, telemetry.Options{}, func(log *slog.Logger) {
		log.With("dsn", "postgres://u:hunter2@db").WithGroup("engage").With("password", "hunter2").InfoContext(t.Context(), "x", "user_name", "jdoe", "rows", 3)
	})
	want(t, line["dsn"], any(hidden))
	want(t, line["engage"], any(map[string]any{"password": hidden, "user_name": hidden, "rows": 3.0}))
	// In a group, slog's own names are names like any other.
	want(t, attrs(t, slog.Group("g", "time", "noon", "msg", "hello", "level", "high")), map[string]any{"g": map[string]any{"time": "noon", "msg": "hello", "level": "high"}})
}

// valuer gives its value only when it is logged.
type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

type person struct {
	Name, Note string
	note       string
}

// Values with insides that nobody looked at are not written: an object holds a person.
func TestValuesWithInsides(t *testing.T) {
	t.Parallel()
	const hidden = "[not logged]"
	p := person{"Jane", "jane.doe@example.com", "private"}
	user := model.Key{Kind: model.KindUser, DBID: 1}
	text := "text"
	var none *person
	for _, tc := range []struct {
		name      string
		in, wants any
	}{
		{"a struct", p, hidden},
		{"a pointer to a struct", &p, hidden},
		{"a list of structs", []person{p}, hidden},
		{"a list of anything, with a struct in it", []any{1, p}, hidden},
		{"a map of structs", map[string]person{"a": p}, hidden},
		{"a map with a secret name", map[string]string{"password": "hunter2"}, hidden},
		{"a map in a list in a map, with a secret name", map[string]any{"a": []any{map[string]any{"api_key": 1}}}, hidden},
		{"an object of the core", model.Object{Key: user, Name: "Jane"}, hidden},
		{"bytes", []byte("hunter2"), hidden},
		{"raw JSON", json.RawMessage(`{"password":"hunter2"}`), hidden},
		{"a function", func() {}, hidden},
		{"a struct that a valuer gives", valuer{slog.AnyValue(p)}, hidden},

		{"a key", user, "user/1"},
		{"keys", []model.Key{user}, []any{"user/1"}},
		{"a kind", model.KindUser, "user"},
		{"kinds", []model.Kind{model.KindUser, model.KindQueue}, []any{"user", "queue"}},
		{"rows per table", map[model.Table]int{model.TablePerson: 3}, map[string]any{"cfg_person": 3.0}},
		{"counts per key", map[model.Key]int{user: 3}, map[string]any{"user/1": 3.0}},
		{"a level", model.Proficiency(35), 3.5},
		{"an error", fmt.Errorf("look: %w", errors.New("gone")), "look: gone"},
		{"an error of the core", model.Errorf(model.CodeStale, "record", "moved on"), "record: moved on"},
		{"a pointer to a text", &text, "text"},
		{"a pointer to nothing", none, nil},
		{"nothing", nil, nil},
		{"no list", []string(nil), nil},
		{"texts", []string{"a", "b"}, []any{"a", "b"}},
		{"an array of numbers", [2]int{1, 2}, []any{1.0, 2.0}},
		{"a number", 7, 7.0},
		{"true", true, true},
		{"a time", time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), "2026-05-04T03:02:01Z"},
		{"a text that a valuer gives", valuer{slog.StringValue("fine")}, "fine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want(t, attrs(t, "x", tc.in), map[string]any{"x": tc.wants})
		})
	}
	want(t, attrs(t, "x", valuer{slog.GroupValue(slog.String("token", "hunter2"), slog.Int("n", 1))}), map[string]any{"x": map[string]any{"token": hidden, "n": 1.0}})
}

// A bare number of nanoseconds says no unit.
func TestDurationsAreText(t *testing.T) {
	t.Parallel()
	for in, text := range map[time.Duration]string{0: "0s", 1500 * time.Millisecond: "1.5s", 90 * time.Minute: "1h30m0s", 250 * time.Microsecond: "250µs"} {
		want(t, attrs(t, "wait", in), map[string]any{"wait": text})
		want(t, attrs(t, slog.Group("g", "wait", in)), map[string]any{"g": map[string]any{"wait": text}})
	}
}

func inRequest(ctx context.Context, id string) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id})
}

// The request id stands at the top level of every line, whatever the logger went through, and only inside a request.
func TestTheRequestID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		derive func(*slog.Logger) *slog.Logger
		wants  map[string]any
	}{
		{"plain", func(l *slog.Logger) *slog.Logger { return l }, map[string]any{"n": 1.0}},
		{"with attributes", func(l *slog.Logger) *slog.Logger { return l.With("a", 1) }, map[string]any{"a": 1.0, "n": 1.0}},
		{"with a group", func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") }, map[string]any{"g": map[string]any{"n": 1.0}}},
		{"with a group of no name", func(l *slog.Logger) *slog.Logger { return l.WithGroup("") }, map[string]any{"n": 1.0}},
		{
			"with attributes around groups", func(l *slog.Logger) *slog.Logger {
				return l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").With("c", 3)
			},
			map[string]any{"a": 1.0, "g": map[string]any{"b": 2.0, "h": map[string]any{"c": 3.0, "n": 1.0}}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{"", "r-1"} {
				ctx, wants := t.Context(), map[string]any{"level": "INFO", "message": "x", "function": "apply"}
				for k, v := range tc.wants {
					wants[k] = v
				}
				if id != "" {
					ctx, wants["requestId"] = inRequest(ctx, id), id
				}
				line := write(t, telemetry.Options{Function: "apply"}, func(log *slog.Logger) { tc.derive(log).InfoContext(ctx, "x", "n", 1) })
				delete(line, "timestamp")
				want(t, line, wants)
			}
		})
	}
}

// Two loggers that come from one do not see each other's attributes.
func TestDerivedLoggersAreApart(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	group := telemetry.New(&b, telemetry.Options{}).WithGroup("g")
	first, second := group.With("a", 1), group.With("b", 2)
	ctx := inRequest(t.Context(), "r-1")
	first.InfoContext(ctx, "first")
	second.InfoContext(ctx, "second")
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"g":{"a":1}`) || !strings.Contains(lines[1], `"g":{"b":2}`) {
		t.Errorf("written was %s", b.String())
	}
}

// Goroutines share one logger, and lines stay whole.
func TestLinesStayWhole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.New(&b, telemetry.Options{}).WithGroup("g")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				log.InfoContext(inRequest(t.Context(), fmt.Sprint("r-", i)), "x", "i", i)
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for _, l := range lines {
		var v struct {
			RequestID string
			G         struct{ I int }
		}
		if err := json.Unmarshal([]byte(l), &v); err != nil || v.RequestID != fmt.Sprint("r-", v.G.I) {
			t.Fatalf("%s: %v", l, err)
		}
	}
	if len(lines) != 400 {
		t.Errorf("%d lines", len(lines))
	}
}

// The handler keeps the rules that slog has for all handlers, inside and outside a request.
func TestTheHandlerKeepsSlogsRules(t *testing.T) {
	t.Parallel()
	written := map[string]*bytes.Buffer{}
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		written[t.Name()] = &bytes.Buffer{}
		return requested{telemetry.New(written[t.Name()], telemetry.Options{}).Handler(), "r-1"}
	}, func(t *testing.T) map[string]any {
		line := map[string]any{}
		if err := json.Unmarshal(written[t.Name()].Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		for ours, theirs := range map[string]string{"timestamp": slog.TimeKey, "message": slog.MessageKey} {
			if v, ok := line[ours]; ok {
				line[theirs] = v
				delete(line, ours)
			}
		}
		return line
	})
}

// requested puts every line into a request.
type requested struct {
	slog.Handler
	id string
}

func (h requested) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(inRequest(ctx, h.id), r)
}

func (h requested) WithAttrs(a []slog.Attr) slog.Handler {
	return requested{h.Handler.WithAttrs(a), h.id}
}

func (h requested) WithGroup(n string) slog.Handler { return requested{h.Handler.WithGroup(n), h.id} }
