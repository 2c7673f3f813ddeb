package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"excs/shared/apply"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarExorgSecret)
	if err != nil {
		return nil, err
	}
	client, err := parts.EXOrg(ctx, wiring.Writing)
	h := &Handler{Base: parts.Base(), Queue: parts.Work, Log: parts.Log, Instruments: parts.Instruments(telemetry.FunctionApply, os.Stdout)}
	if err != nil {
		h.Base, err = parts.Lacking(err)
		return h, err
	}
	h.Worker = worker(parts, client)
	return h, nil
}

// worker makes the worker of this process. Only this function's binary holds what writes to the EX Org.
func worker(p *wiring.Parts, client *exorg.Client) *apply.Worker {
	guard, authority := p.Settings.Guard, p.Settings.Users.Authority
	return apply.New(apply.Config{
		Rows: p.Table, Orphans: p.Table, Lists: mapping.Lists{Table: p.Table}, Window: p.Table, Documents: p.Table,
		Census: run.NewCensus(p.Table, max(guard.RemovalWindow, guard.UpdateWindow), time.Now),
		Org:    exorg.NewReader(client, authority), Writer: apply.NewPen(client, authority),
		Sides: p.Sides(), Work: p.Work, Dead: p.Dead,
		Settings: p.Settings, Now: time.Now, NewToken: wiring.NewToken, Log: p.Log,
	})
}
