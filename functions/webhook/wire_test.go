package main

import (
	"strings"
	"testing"

	"excs/shared/model"
)

// environment is a complete one, without AWS: every value stands for itself.
func environment(webhook string) func(string) string {
	values := map[string]string{
		"EXCS_TABLE": "table", "EXCS_QUEUE_URL": "http://queue.example/q.fifo", "EXCS_SETTINGS": `{"tenant":101,"email":{"domain":"agents.example"}}`,
		"EXCS_EXORG_SECRET": `{"region":"mypurecloud.de","clientId":"a","clientSecret":"b"}`, VarWebhookSecret: webhook,
	}
	return func(name string) string { return values[name] }
}

// The function starts from its environment, with and without a secret; without one its gate is closed.
func TestWire(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	h, err := wire(t.Context(), environment(`{"secrets":["`+oldSecret+`"]}`), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if !h.Gate.Admits(t.Context(), oldSecret) {
		t.Error("the secret is not admitted")
	}
	if h, err = wire(t.Context(), environment(""), quiet()); err != nil || h.Gate.Admits(t.Context(), "") || h.Gate.Admits(t.Context(), oldSecret) {
		t.Errorf("without a secret: %v", err)
	}
}

// What is wrong with the environment is said at the start, without a value.
func TestWireRefuses(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	for webhook, reason := range map[string]string{
		`{"secrets":["hunter2"]}`: "has 7 bytes: it needs 24 or more", `{}`: "it holds no secret", "hunter2hunter2hunter2hunter2": "neither JSON nor an ARN",
	} {
		h, err := wire(t.Context(), environment(webhook), quiet())
		if err != nil {
			t.Fatal(err) // an unusable secret is reported by each answer instead
		}
		err = h.Lacks()
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", webhook, err)
		}
	}
	_, err := wire(t.Context(), func(string) string { return "" }, quiet())
	for _, name := range []string{"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_SETTINGS", "EXCS_EXORG_SECRET"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}
