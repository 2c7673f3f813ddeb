// Command apply is the worker function: it makes the objects that messages name right in the EX Org.
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
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "apply", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("apply can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(service.Invoke)
}
