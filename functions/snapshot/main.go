// Command snapshot is the scheduled function: one run from a read of Engage to messages on the queue.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"excs/shared/engage/drivers"
	"excs/shared/model"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

func main() {
	drivers.Register()
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "snapshot", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("snapshot can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(service.Invoke)
}

func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarEngageSecret, wiring.VarExorgReadSecret)
	if err != nil {
		return nil, err
	}
	client, err := parts.EXOrg(ctx, wiring.Reading)
	h := &Handler{Base: parts.Base(), Log: parts.Log, Closer: parts, Instruments: parts.Instruments(telemetry.FunctionSnapshot, os.Stdout)}
	if err != nil {
		h.Base, err = parts.Lacking(err)
		return h, err
	}
	read, err := parts.Engage(ctx)
	if err != nil {
		if h.Base, err = parts.Lacking(err); err != nil {
			return nil, err
		}
		// What is due is put back on the queue whether or not Engage can be read.
		read = func(context.Context) (*model.Snapshot, model.Counts, error) { return nil, nil, h.Lacks() }
	}
	h.Runner = parts.Runner(read, client)
	return h, nil
}
