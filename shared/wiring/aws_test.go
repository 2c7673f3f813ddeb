package wiring_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"excs/shared/model"
	"excs/shared/wiring"
)

func lambdaVariables(more map[string]string) func(string) string {
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "shh", "AWS_SESSION_TOKEN": "session",
	}
	for k, v := range more {
		env[k] = v
	}
	return func(name string) string { return env[name] }
}

func TestAWSConfig(t *testing.T) {
	for name, tt := range map[string]struct {
		env   map[string]string
		check func(aws.Config) bool
		fault string
	}{
		"Lambda's own variables are enough":             {check: func(c aws.Config) bool { return c.Region == "eu-central-1" && c.BaseEndpoint == nil }},
		"the CLI's region counts where Lambda's is not": {env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, check: func(c aws.Config) bool { return c.Region == "eu-west-1" }},
		"an endpoint for all services":                  {env: map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, check: func(c aws.Config) bool { return *c.BaseEndpoint == "http://127.0.0.1:1" }},
		"retries":                                       {env: map[string]string{"AWS_MAX_ATTEMPTS": "7", "AWS_RETRY_MODE": "adaptive"}, check: func(c aws.Config) bool { return c.RetryMaxAttempts == 7 && c.RetryMode == aws.RetryModeAdaptive }},
		"no region":                                     {env: map[string]string{"AWS_REGION": ""}, fault: "AWS_REGION is not set"},
		"attempts that are no number":                   {env: map[string]string{"AWS_MAX_ATTEMPTS": "many"}, fault: `AWS_MAX_ATTEMPTS is "many"`},
		"no attempt at all":                             {env: map[string]string{"AWS_MAX_ATTEMPTS": "0"}, fault: `AWS_MAX_ATTEMPTS is "0"`},
		"a retry mode that there is not":                {env: map[string]string{"AWS_RETRY_MODE": "often"}, fault: `AWS_RETRY_MODE is "often"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := wiring.AWSConfig(lambdaVariables(tt.env))
			switch {
			case tt.fault != "" && (model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("error %v, want one that says %s", err, tt.fault)
			case tt.fault == "" && (err != nil || !tt.check(cfg)):
				t.Errorf("error %v, configuration %+v", err, cfg)
			}
		})
	}
}

// A function that has no credentials says so in words, at its first call.
func TestMissingCredentials(t *testing.T) {
	cfg, err := wiring.AWSConfig(lambdaVariables(map[string]string{"AWS_ACCESS_KEY_ID": ""}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cfg.Credentials.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("error %v", err)
	}
}

// A client signs with the session's credentials, and goes to the endpoint of its own service where there is one.
func TestClientOfAWSConfig(t *testing.T) {
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"QueueUrl":"http://queue"}`))
	}))
	defer server.Close()
	cfg, err := wiring.AWSConfig(lambdaVariables(map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_SQS", server.URL)
	if _, err := sqs.NewFromConfig(cfg).GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 {
		t.Fatalf("%d requests", len(seen))
	}
	if h := seen[0].Header; h.Get("X-Amz-Security-Token") != "session" || !strings.Contains(h.Get("Authorization"), "AKIATEST") || !strings.Contains(h.Get("Authorization"), "/eu-central-1/sqs/") {
		t.Errorf("headers %v", h)
	}
}
