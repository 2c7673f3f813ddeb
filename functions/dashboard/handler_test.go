package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/widget"
	"excs/shared/widget/widgettest"
	"excs/shared/wiring"
)

// tenant is a Tenant made of a function.
type tenant func(few int) (run.Overview, error)

var _ Tenant = tenant(nil)

func (f tenant) Overview(_ context.Context, few int) (run.Overview, error) { return f(few) }

// letters is a dead-letter queue of some depth.
type letters struct {
	waiting, inFlight int
	err               error
}

var _ Letters = letters{}

func (l letters) Depth(context.Context) (int, int, error) { return l.waiting, l.inFlight, l.err }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func showing(v widget.View) *Handler {
	return &Handler{
		Tenant: tenant(func(int) (run.Overview, error) { return v.Overview, nil }), Dead: letters{waiting: v.Dead}, Log: quiet(),
		SyncARN: v.SyncARN, ReplayARN: v.ReplayARN,
	}
}

func must(t *testing.T, h *Handler, payload string) string {
	t.Helper()
	answer, err := h.Handle(t.Context(), json.RawMessage(payload))
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	return answer
}

// The documentation is answered without reading anything.
func TestDescribe(t *testing.T) {
	h := &Handler{Log: quiet()} // without anything to read
	if got := must(t, h, `{"describe":true,"widgetContext":{}}`); got != widget.Documentation() {
		t.Error(got)
	}
}

// The parameter decides from when on a read is old; the context decides the looks.
func TestParameters(t *testing.T) {
	v := widgettest.Well()
	v.LastRunAt = v.At.Add(-20 * time.Minute)
	h := showing(v)
	tests := []struct {
		payload   string
		says      string
		dark, utc bool
	}{
		{`{}`, "Needs a look", false, true},
		{`{"staleMinutes":30}`, "All is well", false, true},
		{`{"staleMinutes":-1}`, "Needs a look", false, true},
		{`{"staleMinutes":30,"widgetContext":{"theme":"dark","timezone":{"offsetISO":"+02:00"}},"something":"new"}`, "All is well", true, false},
	}
	for _, test := range tests {
		page := must(t, h, test.payload)
		if !strings.Contains(page, test.says) || strings.Contains(page, `excs excs-dark"`) != test.dark || strings.Contains(page, "all times UTC") != test.utc {
			t.Errorf("%s: %s", test.payload, page)
		}
	}
}

// A payload that is not understood is refused with one clear line; nothing is read.
func TestRefusedPayloads(t *testing.T) {
	h := &Handler{Log: quiet()}
	for _, payload := range []string{``, `nonsense`, `[]`, `"all"`, `{"staleMinutes":"15"}`, `{"describe":1}`} {
		answer, err := h.Handle(t.Context(), json.RawMessage(payload))
		if answer != "" || model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), `write {} or {"staleMinutes":15}`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q, %v", payload, answer, err)
		}
	}
}

// A table that can not be read is an error with its code; a dead-letter queue that can not be read hides nothing else.
func TestFailures(t *testing.T) {
	var lines bytes.Buffer
	failure := model.Errorf(model.CodeDenied, "get document site", "not authorized")
	h := &Handler{Tenant: tenant(func(int) (run.Overview, error) { return run.Overview{}, failure }), Log: slog.New(slog.NewJSONHandler(&lines, nil))}
	if answer, err := h.Handle(t.Context(), json.RawMessage(`{}`)); answer != "" || !errors.Is(err, failure) || !strings.Contains(lines.String(), `"code":"denied"`) {
		t.Errorf("%q, %v, %s", answer, err, &lines)
	}
	h = showing(widgettest.Well())
	h.Dead, h.Log = letters{err: model.Errorf(model.CodeUnavailable, "read the depth of the queue", "no answer")}, slog.New(slog.NewJSONHandler(&lines, nil))
	page := must(t, h, `{}`)
	if !strings.Contains(page, "The dead-letter queue&#39;s depth could not be read: read the depth of the queue: no answer.") || !strings.Contains(page, "4,812") {
		t.Error(page)
	}
	if !strings.Contains(lines.String(), `"code":"unavailable"`) {
		t.Error(lines.String())
	}
}

// Letters that are being looked at count too, and the few that are named are those that the widget has room for.
func TestDepthAndFew(t *testing.T) {
	asked := 0
	v := widgettest.Well()
	h := showing(v)
	h.Tenant = tenant(func(few int) (run.Overview, error) { asked = few; return v.Overview, nil })
	h.Dead = letters{waiting: 2, inFlight: 3}
	if page := must(t, h, `{}`); !strings.Contains(page, "holds 5 letters") || asked != widget.Few {
		t.Errorf("asked for %d: %s", asked, page)
	}
}

// Every sample survives being read and written again, but for what CloudWatch adds, and is answered on a tenant.
func TestSamples(t *testing.T) {
	s, _ := stage.Tiny(t)
	paths, err := filepath.Glob(filepath.Join("..", "..", "events", "dashboard-*.json"))
	if err != nil || len(paths) != 2 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var p Payload
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatal(err)
		}
		back, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var before, after any
		if err := errors.Join(json.Unmarshal(body, &before), json.Unmarshal(back, &after)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s differs: %s", path, d)
		}
		if answer := must(t, onStage(s), string(body)); p.Describe != strings.HasPrefix(answer, "## EXCS") || !p.Describe != strings.Contains(answer, "excs-dark") {
			t.Errorf("%s: %s", path, answer)
		}
	}
}

// The function is made of the table, both queues, the settings and two ARNs: it asks for no secret, and says what is missing.
func TestWire(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	env := map[string]string{
		wiring.VarTable: "excs-mapping", wiring.VarQueueURL: "http://127.0.0.1:1/work.fifo", wiring.VarDLQURL: "http://127.0.0.1:1/dead.fifo",
		wiring.VarSettings: `{"tenant":101,"email":{"domain":"agents.example"}}`, wiring.VarSyncARN: widgettest.SyncARN, wiring.VarReplayARN: widgettest.ReplayARN,
	}
	var asked []string
	h, err := wire(t.Context(), func(name string) string { asked = append(asked, name); return env[name] }, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if h.Tenant == nil || h.Dead == nil || h.Log == nil || h.SyncARN != widgettest.SyncARN || h.ReplayARN != widgettest.ReplayARN {
		t.Errorf("handler %+v", h)
	}
	if slices.ContainsFunc(asked, func(name string) bool { return strings.Contains(name, "SECRET") }) {
		t.Errorf("it asked for %v", asked)
	}
	for name := range env {
		lacking := func(n string) string {
			if n == name {
				return ""
			}
			return env[n]
		}
		if _, err := wire(t.Context(), lacking, quiet()); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "set "+name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
