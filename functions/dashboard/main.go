// Command dashboard is the CloudWatch custom widget that shows how the tenant stands.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/widget/answer"
	"excs/shared/wiring"
)

func main() {
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "dashboard", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("dashboard can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(answer.Shown(service.Invoke), lambda.WithSetEscapeHTML(false))
}

// wire asks for no secret: the widget reads the table and the depths of the queues.
func wire(ctx context.Context, getenv func(string) string, log *slog.Logger) (*Handler, error) {
	parts, err := wiring.Open(ctx, getenv, log, wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarSyncARN, wiring.VarReplayARN)
	if err != nil {
		return nil, err
	}
	env, err := wiring.FromEnv(getenv, wiring.VarSyncARN, wiring.VarReplayARN)
	if err != nil {
		return nil, err
	}
	return &Handler{
		Base:   parts.Base(),
		Tenant: run.New(parts.RunConfig(nil, nil)), Dead: parts.Dead, Log: parts.Log,
		SyncARN: env.Get(wiring.VarSyncARN), ReplayARN: env.Get(wiring.VarReplayARN),
	}, nil
}
