// Command replay is the operator's function that brings dead letters back.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/telemetry"
	"excs/shared/widget/answer"
	"excs/shared/wiring"
)

func main() {
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "replay", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("replay can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(answer.ForReplay(service.Invoke, time.Now), lambda.WithSetEscapeHTML(false))
}

// wire asks for no secret: a replay moves messages, and workers do the rest.
func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings)
	if err != nil {
		return nil, err
	}
	return &Handler{Base: parts.Base(), Log: parts.Log, Instruments: parts.Instruments(telemetry.FunctionReplay, os.Stdout), Replayer: replay.New(replay.Config{
		Letters: parts.Dead, Work: parts.Work, Rows: parts.Table, Pauses: replay.TablePauses{Table: parts.Table}, PerMinute: parts.Settings.Requests.PerMinute,
		Wait: time.Second, Now: time.Now, Log: parts.Log,
	})}, nil
}
