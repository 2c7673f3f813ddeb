package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"excs/functions/internal/stage"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
)

// sampleSecret is the secret that the sample of a request carries.
const sampleSecret = "sample-secret-for-local-runs-only"

// The samples are what Lambda delivers: read with the types of aws-lambda-go and written again they are the same.
func TestSamplesRoundTrip(t *testing.T) {
	samples := stage.Samples(t, "webhook-")
	if len(samples) != 8 {
		t.Fatalf("%d samples", len(samples))
	}
	for name, body := range samples {
		t.Run(name, func(t *testing.T) {
			var typed any = &events.CloudWatchEvent{}
			if name == "webhook-http.json" {
				typed = &events.LambdaFunctionURLRequest{}
			}
			if err := json.Unmarshal(body, typed); err != nil {
				t.Fatal(err)
			}
			stage.RoundTrips(t, name, body, typed)
		})
	}
}

// Handed to the handler, each sample has exactly the object looked at that it tells of.
func TestSamplesAreHeard(t *testing.T) {
	const user, queue, code, skill = "5f1c0b9e-8d27-4b61-a3de-60f4c2a91d17", "9a4be2d0-3c7f-45f8-b6a1-1de07c5a8e32", "c2d61f88-7b05-4e0a-9f43-8ab17e64d5c9", "0e83a7d4-96b1-4f2c-8c5d-f7126b30ae58"
	const admin = "d7ff136e-0a52-4c3b-8f57-2b9d61c7e0a4"
	owners := map[string]model.Key{user: key(model.KindUser, 1), queue: key(model.KindQueue, 2), code: key(model.KindWrapUpCode, 3), skill: key(model.KindSkill, 4)}
	cases := []struct {
		name  string
		key   model.Key
		cause model.Cause
	}{
		{"webhook-user-deleted.json", owners[user], model.CauseDeleted},
		{"webhook-user-state-changed.json", owners[user], model.CauseDrift},
		{"webhook-queue-deleted.json", owners[queue], model.CauseDeleted},
		{"webhook-member-removed.json", key(model.KindMembers, 2), model.CauseDrift},
		{"webhook-wrapupcode-renamed.json", owners[code], model.CauseDrift},
		{"webhook-skill-deleted.json", owners[skill], model.CauseDeleted},
		{"webhook-http.json", owners[queue], model.CauseDrift},
		{"webhook-noise.json", model.Key{}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t)
			w.webhook.Gate = gate(t, `{"secrets":["`+sampleSecret+`"]}`)
			for exID, k := range owners {
				mapped(t, w.Table, k, exID)
			}
			mapped(t, w.Table, key(model.KindMembers, 2), "")
			w.Table.ResetUnits()
			answer, err := w.webhook.Handle(t.Context(), stage.Sample(t, c.name))
			if err != nil {
				t.Fatal(err)
			}
			switch a := answer.(type) {
			case events.LambdaFunctionURLResponse:
				if a.StatusCode != http.StatusAccepted {
					t.Errorf("%d %s", a.StatusCode, a.Body)
				}
			case listen.Report:
				if a.Heard != 1 || a.Rejected != 0 {
					t.Errorf("%+v", a)
				}
			}
			batch, err := w.Work.Receive(t.Context(), 10, 0)
			if err != nil {
				t.Fatal(err)
			}
			if c.key.IsZero() {
				if u := w.Table.Units(); len(batch) != 0 || u.Reads+u.Writes != 0 {
					t.Errorf("noise cost %d messages, %+v", len(batch), u)
				}
				return
			}
			if len(batch) != 1 || batch[0].Key != c.key || batch[0].Cause != c.cause || batch[0].Who != admin {
				t.Errorf("messages %+v, want one for %s", batch, c.key)
			}
		})
	}
}

// mapped makes a converged row that owns an EX object.
func mapped(t testing.TB, table *mapping.Memory, k model.Key, exID string) {
	t.Helper()
	row, err := table.PutDesired(t.Context(), 1, mapping.Wish{Key: k, Goal: mapping.GoalPresent, Desired: model.Object{Key: k, Name: "N"}})
	if err != nil {
		t.Fatal(err)
	}
	if exID != "" {
		if err := table.Own(t.Context(), k.Kind, exID, k, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := table.Record(t.Context(), mapping.Outcome{Key: k, Version: row.Version, EXID: exID, State: mapping.StateConverged}, row.Since); err != nil {
		t.Fatal(err)
	}
}
