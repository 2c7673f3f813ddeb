// Command sync is the operator's function: plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume,
// list, status.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"excs/shared/engage/drivers"
	"excs/shared/model"
	"excs/shared/telemetry"
	"excs/shared/widget/answer"
	"excs/shared/wiring"
)

func main() {
	drivers.Register()
	log := telemetry.New(os.Stdout, telemetry.Options{Function: "sync", Level: os.Getenv("AWS_LAMBDA_LOG_LEVEL")})
	build := func(ctx context.Context) (*Handler, error) { return wire(ctx, os.Getenv, log) }
	service, err := wiring.Serve(context.Background(), log, build, (*Handler).Handle)
	if err != nil {
		log.Error("sync can not start", "code", model.CodeOf(err), "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(answer.ForText(service.Invoke), lambda.WithSetEscapeHTML(false))
}
