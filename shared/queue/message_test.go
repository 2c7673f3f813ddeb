package queue_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/queue"
)

func user(dbid int64) model.Key { return model.Key{Kind: model.KindUser, DBID: dbid} }

func look(dbid, version int64) queue.Message {
	return queue.Message{Key: user(dbid), Version: version, Token: "t", Cause: model.CauseEngage}
}

// anyMessage draws messages with any text in any field.
func anyMessage() *rapid.Generator[queue.Message] {
	return rapid.Custom(func(t *rapid.T) queue.Message {
		m := queue.Message{
			Key:     model.Key{Kind: rapid.SampledFrom(model.Kinds()).Draw(t, "kind"), DBID: rapid.Int64Min(0).Draw(t, "dbid")},
			Version: rapid.Int64().Draw(t, "version"), Token: rapid.String().Draw(t, "token"), Cause: model.Cause(rapid.String().Draw(t, "cause")),
			Run: rapid.Int64().Draw(t, "run"), Who: rapid.String().Draw(t, "who"), Reason: rapid.String().Draw(t, "reason"),
			Code: model.Code(rapid.String().Draw(t, "code")), Attempts: rapid.Int().Draw(t, "attempts"),
			Fields: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "fields"),
		}
		if len(m.Fields) == 0 {
			m.Fields = nil
		}
		if rapid.Bool().Draw(t, "dated") {
			m.At = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0).UTC()
		}
		return m
	})
}

// What Encode writes Decode reads, and SQS takes every character of it.
func TestEveryMessageComesBackFromItsBody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage().Draw(t, "message")
		body, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := queue.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, back); d != "" {
			t.Fatal(d)
		}
		if i := strings.IndexFunc(body, func(r rune) bool { return !sqsTakes(r) }); i >= 0 {
			t.Fatalf("SQS would refuse the character %q", body[i:])
		}
	})
}

// sqsTakes is the list in SQS's documentation of SendMessage.
func sqsTakes(r rune) bool {
	return r == 0x9 || r == 0xA || r == 0xD || 0x20 <= r && r <= 0xD7FF || 0xE000 <= r && r <= 0xFFFD || 0x10000 <= r && r <= 0x10FFFF
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		m    queue.Message
		want string
	}{
		{"a look holds what a worker needs and nothing else", look(1042, 7), `{"key":"user/1042","version":7,"token":"t","cause":"engage"}`},
		{
			"a dead letter says why, how often and when",
			queue.Message{Key: user(1), Version: 2, Token: "t", Cause: model.CauseDrift, Run: 3, Reason: "taken", Code: model.CodeConflict, Attempts: 5, At: time.Unix(0, 0).UTC()},
			`{"key":"user/1","version":2,"token":"t","cause":"drift","run":3,"reason":"taken","code":"conflict","attempts":5,"at":"1970-01-01T00:00:00Z"}`,
		},
		{
			"characters that SQS refuses are escaped",
			queue.Message{Key: user(1), Reason: "\x01\uFFFE\uFFFF"},
			`{"key":"user/1","version":0,"token":"","cause":"","reason":"\u0001\ufffe\uffff"}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.m.Encode()
			if err != nil || got != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
			if !json.Valid([]byte(got)) {
				t.Error("the body is not JSON")
			}
		})
	}
}

func TestBodiesThatAreNoMessage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", "", "unexpected end of JSON input"},
		{"text", "hello", "invalid character"},
		{"no key", `{"version":1}`, "it names no key"},
		{"an empty key", `{"key":""}`, "it names no key"},
		{"a key without a DBID", `{"key":"user"}`, "write it as kind/DBID"},
		{"a kind that EXCS does not know", `{"key":"gadget/1"}`, "unknown kind"},
		{"a version that is no number", `{"key":"user/1","version":"x"}`, "version"},
		{"a list", `[]`, "cannot unmarshal array"},
		{"more than one value", `{"key":"user/1"}{}`, "after top-level value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m, err := queue.Decode(tc.body)
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("the error is %v, want one with %q", err, tc.want)
			}
			if d := cmp.Diff(queue.Message{}, m); d != "" {
				t.Errorf("something came with the error: %s", d)
			}
		})
	}
}

// A field of a later version must not stop an older worker.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	m, err := queue.Decode(`{"key":"user/1","version":2,"colour":"red"}`)
	if err != nil || m.Key != user(1) || m.Version != 2 {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestGroupAndDeduplication(t *testing.T) {
	t.Parallel()
	m := look(1042, 7)
	if m.Group() != "user/1042" || m.Deduplication() != "user/1042-7-t" {
		t.Errorf("the ids are %q and %q", m.Group(), m.Deduplication())
	}
	// What a message says beside key, version and token is no reason to look twice.
	same := m
	same.Cause, same.Run, same.Fields, same.Who = model.CauseDrift, 9, []string{"name"}, "somebody"
	if same.Deduplication() != m.Deduplication() || same.Group() != m.Group() {
		t.Errorf("the ids moved to %q and %q", same.Group(), same.Deduplication())
	}
	for name, change := range map[string]func(*queue.Message){
		"key": func(m *queue.Message) { m.Key.DBID++ }, "kind": func(m *queue.Message) { m.Key.Kind = model.KindQueue },
		"version": func(m *queue.Message) { m.Version++ }, "token": func(m *queue.Message) { m.Token += "x" },
		"being a dead letter": func(m *queue.Message) { m.Reason = "taken" },
	} {
		other := m
		change(&other)
		if other.Deduplication() == m.Deduplication() {
			t.Errorf("another %s leaves the deduplication id %q", name, m.Deduplication())
		}
	}
	first, second := m, m
	first.Reason, first.Attempts, second.Reason, second.Attempts = "taken", 1, "taken", 2
	if first.Deduplication() == second.Deduplication() {
		t.Errorf("two dead letters share the id %q", first.Deduplication())
	}
}

func TestSendErrorSaysHowManyAndWhy(t *testing.T) {
	t.Parallel()
	cause := model.Errorf(model.CodeThrottled, "send messages", "slow down")
	for _, tc := range []struct {
		name   string
		failed []queue.Message
		want   string
	}{
		{"no message is named", nil, "send messages: send messages: slow down"},
		{"one message is named", []queue.Message{look(1, 1)}, "1 message, for user/1, was not sent: send messages: slow down"},
		{"of several the first is named", []queue.Message{look(1, 1), look(2, 1), look(3, 1)}, "3 messages, the first for user/1, were not sent: send messages: slow down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := error(&queue.SendError{Failed: tc.failed, Err: cause})
			if err.Error() != tc.want {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
			if !errors.Is(err, cause) || model.CodeOf(err) != model.CodeThrottled {
				t.Error("the cause is lost")
			}
		})
	}
}
