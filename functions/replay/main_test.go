package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/wiring"
)

// fake is a Replayer made of a function.
type fake func(replay.Request) (replay.Report, error)

var _ Replayer = fake(nil)

func (f fake) Replay(_ context.Context, req replay.Request) (replay.Report, error) { return f(req) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// logged is a logger and what it wrote.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

// must invokes the handler and reads the answer as Lambda would send it.
func must(t *testing.T, h *Handler, payload string) replay.Report {
	t.Helper()
	answer, err := h.Handle(t.Context(), json.RawMessage(payload))
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	b, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var r replay.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The function is made of the table, both queues and the settings: it asks for no secret, and says what is missing.
func TestWire(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	env := map[string]string{
		wiring.VarTable: "excs-mapping", wiring.VarQueueURL: "http://127.0.0.1:1/work.fifo", wiring.VarDLQURL: "http://127.0.0.1:1/dead.fifo",
		wiring.VarSettings: `{"tenant":101,"email":{"domain":"agents.example"}}`,
	}
	var asked []string
	getenv := func(name string) string {
		asked = append(asked, name)
		return env[name]
	}
	h, err := wire(t.Context(), getenv, quiet())
	if err != nil || h.Replayer == nil || h.Log == nil {
		t.Fatal(h, err)
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
