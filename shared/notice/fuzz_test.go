package notice_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/notice"
)

// Whatever arrives, nothing panics: it is understood or invalid, and what is understood is bounded.
func FuzzParse(f *testing.F) {
	for _, body := range samples(f) {
		f.Add(body)
	}
	for _, s := range []string{
		realEnvelope, `[]`, `[{},null,17]`, `"\"\\\"{}\\\"\""`, `{"detail":"{\"eventBody\":\"{}\"}"}`, `{"eventBody":{"entityType":"Queue","entity":{},"propertyChanges":[{"property":"QueueMember/"}]}}`,
		`{"entityType":"Queue","propertyChanges":[{"property":"queueId::members","newValues":["queueMember:"]},null,3,"x"]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, err := notice.Split(body)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("code %s", model.CodeOf(err))
			}
			parts = []json.RawMessage{body}
		}
		for _, part := range parts {
			check(t, part)
		}
	})
}

func check(t *testing.T, part []byte) {
	n, err := notice.Parse(part)
	if err != nil {
		if model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("code %s", model.CodeOf(err))
		}
		return
	}
	if n.Kind != "" && (n.EXID == "" || len(n.EXID) > 64) || len(n.ID) > 128 || len(n.Name) > 1024 || len(n.Who) > 64 {
		t.Errorf("out of bounds: %+v", n)
	}
	if n.Aside && !n.Memberships || n.Memberships && n.Kind != model.KindQueue {
		t.Errorf("memberships of what is no queue: %+v", n)
	}
	if (n.Noise() == "") != (len(n.Looks()) > 0) {
		t.Errorf("noise %q looks at %v", n.Noise(), n.Looks())
	}
}

// One event says the same in every shape in which it may arrive: whole, without its envelope, alone, and with any of its
// parts in quotes.
func TestShapes(t *testing.T) {
	words := rapid.StringMatching(`[A-Za-z0-9]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		queue, user := words.Draw(t, "queue"), words.Draw(t, "user")
		properties := rapid.SliceOfN(rapid.SampledFrom([]string{
			"version", "state", "name", "presence", "QueueMember/" + queue + ":" + user, "QueueMember/" + queue + ":" + user + ":joined", "queueId:" + queue + ":members",
		}), 0, 4).Draw(t, "properties")
		var changes []any
		for _, p := range properties {
			changes = append(changes, map[string]any{"property": p, "newValues": []string{"queueMember:" + user}})
		}
		quote := func(what string, v any) any {
			if !rapid.Bool().Draw(t, what+" in quotes") {
				return v
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		entity := rapid.SampledFrom([]string{"Queue", "User", "WrapupCode", "RoutingSkill", "OAuthClient"}).Draw(t, "entity")
		action := rapid.SampledFrom([]string{"Create", "Update", "Delete", "MemberAdd", "MemberUpdate", "WrapupCodeAdd", ""}).Draw(t, "action")
		plain := map[string]any{
			"id": "event", "entityType": entity, "action": action, "entity": map[string]any{"id": queue, "name": "Sales"}, "userId": user,
			"eventTime": "2026-07-30T12:00:00Z", "propertyChanges": changes,
		}
		want, err := notice.Parse(marshal(t, plain))
		if err != nil {
			t.Fatal(err)
		}
		odd := map[string]any{
			"id": "event", "entityType": entity, "action": action, "entity": quote("entity", plain["entity"]), "user": map[string]any{"id": user},
			"eventDate": "2026-07-30T12:00:00Z", "propertyChanges": quote("changes", changes),
		}
		detail := map[string]any{"topicName": "v2.audits.entitytype." + entity + ".entityid." + queue, "eventBody": quote("body", odd)}
		envelope := map[string]any{"id": "envelope", "detail-type": "v2.audits.entitytype.{id}.entityid.{id}", "detail": quote("detail", detail)}
		for shape, v := range map[string]any{"body": odd, "detail": detail, "envelope": envelope} {
			got, err := notice.Parse(marshal(t, quote("all", v)))
			if err != nil {
				t.Fatalf("%s: %v", shape, err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s: %s", shape, d)
			}
		}
	})
}

func marshal(t *rapid.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
