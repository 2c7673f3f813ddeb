package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"excs/shared/exorg"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

// VarWebhookSecret is the variable of the contract that holds the webhook's secrets: an ARN, ssm: and a name, or the JSON.
// Without it no HTTP request is let in; EventBridge events are taken all the same.
const VarWebhookSecret = "EXCS_WEBHOOK_SECRET" //nolint:gosec // the name of a variable

func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarSettings, wiring.VarExorgReadSecret)
	if err != nil {
		return nil, err
	}
	h := &Handler{Base: parts.Base(), Log: parts.Log}
	h.Gate, err = gateOf(ctx, parts, strings.TrimSpace(getenv(VarWebhookSecret)))
	if err != nil {
		h.Base, err = parts.Lacking(err)
		return h, err
	}
	client, err := parts.EXOrg(ctx, wiring.Reading)
	h.Instruments = parts.Instruments(telemetry.FunctionWebhook, os.Stdout) // which measure the client too
	if err != nil {
		h.Base, err = parts.Lacking(err)
		return h, err
	}
	h.Listener = listen.New(listen.Config{
		Table: parts.Table, Lists: mapping.Lists{Table: parts.Table}, Org: exorg.NewReader(client, parts.Settings.Users.Authority),
		Work: parts.Work, Settings: parts.Settings, Now: time.Now, NewToken: wiring.NewToken, Log: parts.Log,
	})
	return h, nil
}

// gateOf makes the gate of what the variable holds.
func gateOf(ctx context.Context, parts *wiring.Parts, value string) (*Gate, error) {
	if value == "" {
		return Closed(), nil
	}
	load := func(ctx context.Context) (string, error) { return parts.Resolve(ctx, VarWebhookSecret, value) }
	return NewGate(ctx, load, time.Now, parts.Log)
}
