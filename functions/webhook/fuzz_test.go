package main

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/functions/internal/stage"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// hut is a webhook before a table that holds the queue of the samples, and nothing else, so that much can be tried in a
// short time.
type hut struct {
	webhook *Handler
	work    *queue.Memory
}

func newHut(tb testing.TB) *hut {
	table, work := mapping.NewMemory(mapping.MemoryOptions{}), queue.NewMemory(queue.MemoryConfig{Now: time.Now})
	mapped(tb, table, key(model.KindQueue, 2), "9a4be2d0-3c7f-45f8-b6a1-1de07c5a8e32")
	mapped(tb, table, key(model.KindMembers, 2), "")
	return &hut{work: work, webhook: &Handler{Log: quiet(), Gate: bothSecrets(tb), Listener: listen.New(listen.Config{
		Table: table, Lists: mapping.Lists{Table: table}, Org: nobody{}, Work: work, Settings: rules.Default(1, rules.Preset202307), Now: time.Now, NewToken: wiring.NewToken,
	})}}
}

// nobody is an EX Org that shows nothing.
type nobody struct{}

func (nobody) Get(context.Context, model.Kind, string) (model.Observed, []byte, error) {
	return model.Observed{}, nil, model.Errorf(model.CodeNotFound, "get", "no such object")
}

func (nobody) ExternalKeys(context.Context, string) ([]string, error) { return nil, nil }

// messages takes what is on the queue and counts it.
func (h *hut) messages(tb testing.TB) int {
	batch, err := h.work.Receive(tb.Context(), queue.BatchSize, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if err := h.work.Delete(tb.Context(), batch); err != nil {
		tb.Fatal(err)
	}
	return len(batch)
}

// Whatever a request carries, nothing panics, and without a valid secret nothing is queued and the answer says nothing.
func FuzzRequest(f *testing.F) {
	h := newHut(f)
	event := string(stage.Sample(f, "webhook-member-removed.json"))
	f.Add(SecretHeader, oldSecret, "POST", "/", event, false)
	f.Add(SecretHeader, newSecret, "POST", "/", `[`+event+`,`+event+`]`, false)
	f.Add(SecretHeader, newSecret, "POST", "/", `{"entityType":"Queue","action":"Create","entity":{"id":"new","name":"N"}}`, false)
	f.Add("X-EXCS-SECRET", oldSecret+" ", "GET", "/x", event[:100], true)
	f.Add("authorization", oldSecret, "POST", "", `{"requestContext":{}}`, true)
	f.Add(SecretHeader, "", "", "", "", true)
	f.Fuzz(func(t *testing.T, header, secret, method, path, body string, encoded bool) {
		r := events.LambdaFunctionURLRequest{RawPath: path, Headers: map[string]string{header: secret}, Body: body, IsBase64Encoded: encoded}
		r.RequestContext.HTTP.Method = method
		response := serve(t, h.webhook, r)
		sent := h.messages(t)
		valid := secret == oldSecret || secret == newSecret
		switch response.StatusCode {
		case http.StatusUnauthorized:
			if response.Body != "" || sent > 0 {
				t.Errorf("a refused request: %q, %d messages", response.Body, sent)
			}
		case http.StatusOK, http.StatusAccepted, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge:
			if !valid {
				t.Errorf("%d without a valid secret", response.StatusCode)
			}
		default:
			t.Errorf("status %d", response.StatusCode)
		}
	})
}

// Whatever Lambda hands over, nothing panics, and what is a request to the function URL leads to nothing without a secret.
func FuzzPayload(f *testing.F) {
	h := newHut(f)
	for _, name := range []string{"webhook-http.json", "webhook-noise.json", "webhook-member-removed.json", "webhook-queue-deleted.json"} {
		f.Add([]byte(stage.Sample(f, name)))
	}
	f.Add([]byte(`{"requestContext":17,"headers":{"x-excs-secret":["a"]}}`))
	f.Add([]byte(`{"REQUESTCONTEXT":{"http":{"method":"POST"}},"detail":{"eventBody":{}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var request struct {
			RequestContext json.RawMessage
			Headers        map[string]string
		}
		err := json.Unmarshal(payload, &request)
		if _, failed := h.webhook.Handle(t.Context(), payload); failed != nil {
			t.Errorf("error %v", failed)
		}
		sent := h.messages(t)
		secret := secretOf(request.Headers)
		if err == nil && len(request.RequestContext) > 0 && secret != oldSecret && secret != newSecret && sent > 0 {
			t.Error("a request without a secret put a message on the queue")
		}
	})
}
