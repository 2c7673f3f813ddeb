package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/functions/internal/stage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/wiring"
)

// shelf has the sites of the tests.
var shelf = excstest.NewSites()

// town is a tenant with a tiny site, an EX Org that tells of everything it can, and a webhook that hears it.
type town struct {
	*excstest.Service
	tb      testing.TB
	org     *exorgtest.Org
	editor  *engagetest.Editor
	clock   *excstest.Clock
	webhook *Handler
	told    int // the last change that was told
}

func newTown(tb testing.TB) *town {
	tb.Helper()
	site := shelf.Open(tb, engagetest.New(engagetest.Tiny, 1))
	t := &town{tb: tb, editor: site.Editor, clock: excstest.NewClock()}
	t.org = exorgtest.New(exorgtest.WithClock(t.clock.Now), exorgtest.WithSkillAudit(true), exorgtest.WithLog(0))
	t.Service = excstest.New(excstest.Config{
		Settings: stage.Settings(), Read: site.Read(stage.Settings()), HTTP: t.org.Client(), Now: t.clock.Now, Sleep: t.clock.Sleep,
		Secret: stage.Secret(exorgtest.DefaultClientSecret),
	})
	t.webhook = &Handler{Gate: Closed(), Log: quiet()}
	t.restart()
	return t
}

// restart gives the webhook a new process: it remembers nothing.
func (t *town) restart() {
	t.webhook.Listener = listen.New(listen.Config{
		Table: t.Table, Lists: mapping.Lists{Table: t.Table}, Org: exorg.NewReader(t.Client, t.Settings.Users.Authority),
		Work: t.Work, Settings: t.Settings, Now: t.clock.Now, NewToken: wiring.NewToken,
	})
}

// synced is a town after its first sync.
func synced(tb testing.TB) *town {
	tb.Helper()
	t := newTown(tb)
	if _, err := t.Sync(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	t.settle()
	return t
}

func (t *town) settle() {
	t.tb.Helper()
	if err := t.Settle(t.tb.Context(), 40, t.clock.Pass); err != nil {
		t.tb.Fatal(err)
	}
}

func (t *town) drain() {
	t.tb.Helper()
	if _, err := t.Drain(t.tb.Context(), nil); err != nil {
		t.tb.Fatal(err)
	}
}

// tell hands one event to the webhook.
func (t *town) tell(envelope json.RawMessage) listen.Report {
	t.tb.Helper()
	answer, err := t.webhook.Handle(t.tb.Context(), envelope)
	if err != nil {
		t.tb.Fatal(err)
	}
	return answer.(listen.Report)
}

// news gives the events that were not given before.
func (t *town) news() []exorgtest.Event {
	events := t.org.EventsSince(t.told)
	if len(events) > 0 {
		t.told = events[len(events)-1].Seq
	}
	return events
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// The secrets of these tests.
const (
	oldSecret = "old-secret-of-thirty-bytes-long"
	newSecret = "new-secret-of-thirty-bytes-long"
)

// gate lets in whoever knows one of the secrets.
func gate(tb testing.TB, text string) *Gate {
	tb.Helper()
	g, err := NewGate(tb.Context(), func(context.Context) (string, error) { return text, nil }, time.Now, quiet())
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func bothSecrets(tb testing.TB) *Gate {
	return gate(tb, `{"secrets":["`+oldSecret+`","`+newSecret+`"]}`)
}

// post is a request to the function URL.
func post(secret, body string) events.LambdaFunctionURLRequest {
	r := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: "/", Headers: map[string]string{SecretHeader: secret}, Body: body}
	r.RequestContext.HTTP.Method = "POST"
	return r
}

// serve sends a request through the whole handler.
func serve(tb testing.TB, h *Handler, r events.LambdaFunctionURLRequest) events.LambdaFunctionURLResponse {
	tb.Helper()
	payload, err := json.Marshal(r)
	if err != nil {
		tb.Fatal(err)
	}
	answer, err := h.Handle(tb.Context(), payload)
	if err != nil {
		tb.Fatal(err)
	}
	return answer.(events.LambdaFunctionURLResponse)
}

func key(kind model.Kind, dbid int64) model.Key { return model.Key{Kind: kind, DBID: dbid} }
