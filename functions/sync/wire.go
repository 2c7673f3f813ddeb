package main

import (
	"context"
	"log/slog"
	"os"
	"time"
	_ "time/tzdata" // Lambda has no list of time zones

	"excs/shared/doctor"
	"excs/shared/engage"
	"excs/shared/exorg"
	"excs/shared/explain"
	"excs/shared/mapping"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/verify"
	"excs/shared/wiring"
)

func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarEngageSecret, wiring.VarExorgReadSecret)
	if err != nil {
		return nil, err
	}
	check := doctor.Config{Table: parts.Table.TableID, Queues: map[string]run.Depth{"work queue": parts.Work}}
	if parts.Dead != nil {
		check.Queues["dead-letter queue"] = parts.Dead
	}
	lacking := func(err error) (*Handler, error) {
		base, err := parts.Lacking(err)
		return &Handler{Base: base, Doctor: check, Log: parts.Log, Closer: parts}, err
	}
	cfg, err := parts.EXOrgConfig(ctx, wiring.Reading)
	if err != nil {
		return lacking(err)
	}
	client := exorg.New(cfg)
	check.Org = client
	reader, err := parts.EngageReader(ctx)
	if err != nil {
		return lacking(err)
	}
	read := wiring.ReadFor(reader, parts.Settings)
	zone, err := parts.Settings.Zone()
	if err != nil {
		return nil, err
	}
	s, org := parts.Settings, exorg.NewReader(client, parts.Settings.Users.Authority)
	runs := parts.RunConfig(read, org)
	runs.Identity = client
	runner := run.New(runs)
	check.Status = runner.Status
	check.Engage = func(ctx context.Context) []engage.Finding { return reader.Check(ctx, wiring.QueryFor(s)) }
	return &Handler{
		Base:   parts.Base(),
		Runner: runner, Operator: runner, Settings: parts.SettingsText,
		PlanUnder: func(ctx context.Context, s rules.Settings, req run.Request) (run.Report, error) {
			under := runs
			under.Settings, under.Read = s, wiring.ReadFor(reader, s)
			return run.New(under).Plan(ctx, req)
		},
		Sweeper: verify.New(verify.Config{
			Table: parts.Table, Lists: mapping.Lists{Table: parts.Table}, Queue: parts.Work, Org: verify.Open(cfg, s, s.Verify.Share), Settings: s,
			Absence: s.Verify.Absence, Round: s.Verify.Round, Now: time.Now, NewToken: wiring.NewToken, Log: parts.Log,
		}),
		Explainer: explain.New(explain.Config{Read: read, Plan: explain.PlanWith(runs), Table: parts.Table, Org: org, Settings: s, Now: time.Now}),
		Doctor:    check, Zone: zone, Log: parts.Log, Instruments: parts.Instruments(telemetry.FunctionSync, os.Stdout), Closer: parts,
	}, nil
}
