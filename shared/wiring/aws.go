package wiring

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"excs/shared/model"
)

// AWSConfig makes the SDK's configuration from the environment that Lambda gives a function: AWS_REGION (or
// AWS_DEFAULT_REGION), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_<SERVICE>, AWS_MAX_ATTEMPTS, AWS_RETRY_MODE.
//
// The SDK's own loader also knows profiles, single sign-on and instance metadata. A function has none of these, and they
// would make each zip 0.6 MB larger and each cold start longer.
//
// Errors: invalid for a variable that can not be understood. Missing credentials are denied at the first call, so that a
// function which makes none needs none.
func AWSConfig(getenv func(string) string) (aws.Config, error) {
	const op = "read the AWS configuration"
	cfg := aws.Config{
		Region:        firstOf(getenv, "AWS_REGION", "AWS_DEFAULT_REGION"),
		Credentials:   aws.NewCredentialsCache(fromVariables(getenv)),
		ConfigSources: []any{endpoints(getenv)},
	}
	if cfg.Region == "" {
		return aws.Config{}, model.Errorf(model.CodeInvalid, op, "AWS_REGION is not set: Lambda sets it; in a local run give any region")
	}
	if url := getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = &url
	}
	if n := getenv("AWS_MAX_ATTEMPTS"); n != "" {
		attempts, err := strconv.Atoi(n)
		if err != nil || attempts < 1 {
			return aws.Config{}, model.Errorf(model.CodeInvalid, op, "AWS_MAX_ATTEMPTS is %q: give a whole number from 1", n)
		}
		cfg.RetryMaxAttempts = attempts
	}
	if mode := getenv("AWS_RETRY_MODE"); mode != "" {
		parsed, err := aws.ParseRetryMode(mode)
		if err != nil {
			return aws.Config{}, model.Errorf(model.CodeInvalid, op, "AWS_RETRY_MODE is %q: give standard or adaptive", mode)
		}
		cfg.RetryMode = parsed
	}
	return cfg, nil
}

// fromVariables reads the credentials at each use: Lambda sets them once, when the process starts.
func fromVariables(getenv func(string) string) aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		c := aws.Credentials{
			AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN"),
			Source: "environment",
		}
		if !c.HasKeys() {
			return aws.Credentials{}, model.Errorf(model.CodeDenied, "sign a call to AWS",
				"AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set: Lambda sets them from the function's role; in a local run give any")
		}
		return c, nil
	}
}

// endpoints tells each service client of the endpoint that is meant for it alone.
type endpoints func(string) string

// GetServiceBaseEndpoint gives the value of AWS_ENDPOINT_URL_<SERVICE>; the SDK calls it with the service's id ("Secrets
// Manager") and takes it before AWS_ENDPOINT_URL.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, id string) (string, bool, error) {
	url := e("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(id, " ", "_")))
	return url, url != "", nil
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return ""
}
