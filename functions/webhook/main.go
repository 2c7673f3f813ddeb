// Command webhook hears of changes made in the EX Org and has the objects looked at.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"excs/shared/model"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

func main() {
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "webhook", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("webhook can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(service.Invoke)
}
