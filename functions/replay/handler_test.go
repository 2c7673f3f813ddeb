package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/replay"
)

// Payloads that are understood, as requests.
func TestPayloads(t *testing.T) {
	tests := []struct {
		name, payload string
		want          replay.Request
	}{
		{"everything", `{}`, replay.Request{}},
		{"a number", `{"max":7}`, replay.Request{Max: 7}},
		{"the highest number", `{"max":1000}`, replay.Request{Max: 1000}},
		{"kinds in any case", `{"kinds":["User"," skill "]}`, replay.Request{Kinds: []model.Kind{model.KindUser, model.KindSkill}}},
		{"keys", `{"keys":["user/1","members/2"]}`, replay.Request{Keys: []model.Key{{Kind: model.KindUser, DBID: 1}, {Kind: model.KindMembers, DBID: 2}}}},
		{"a reason and a dry run", `{"reason":"denied","dryRun":true}`, replay.Request{Reason: "denied", Dry: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := understand(json.RawMessage(test.payload))
			if d := cmp.Diff(test.want, got); err != nil || d != "" {
				t.Error(err, d)
			}
		})
	}
}

// Payloads that are not understood are refused with one clear line, and nothing is replayed.
func TestRefusedPayloads(t *testing.T) {
	tests := []struct{ name, payload, says string }{
		{"nothing", ``, "write {} for all"},
		{"null", `null`, "the payload is null: write {} for all"},
		{"a list", `[]`, "not understood"},
		{"a text", `"all"`, "not understood"},
		{"two objects", `{}{}`, "more than one object"},
		{"an unknown field", `{"limit":5}`, `unknown field "limit"`},
		{"a number that is a text", `{"max":"5"}`, "not understood"},
		{"none", `{"max":0}`, "max is 0: use 1 to 1000, or leave it out for 100"},
		{"fewer than none", `{"max":-1}`, "max is -1"},
		{"too many", `{"max":1001}`, "max is 1001"},
		{"half an object", `{"max":1.5}`, "not understood"},
		{"an unknown kind", `{"kinds":["agent"]}`, `unknown kind "agent": use one of source, skill`},
		{"a key without a number", `{"keys":["user"]}`, "write it as kind/DBID"},
		{"a key of an unknown kind", `{"keys":["agent/1"]}`, `unknown kind "agent"`},
		{"a key of another kind than those given", `{"kinds":["skill"],"keys":["user/1"]}`, "key user/1 is of none of the kinds given"},
		{"kinds that are empty", `{"kinds":[]}`, "kinds is empty"},
		{"keys that are empty", `{"keys":[]}`, "keys is empty"},
		{"a reason that is blank", `{"reason":"  "}`, "reason is blank"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log, lines := logged()
			h := &Handler{Log: log, Replayer: fake(func(replay.Request) (replay.Report, error) {
				t.Error("it was replayed")
				return replay.Report{}, nil
			})}
			answer, err := h.Handle(t.Context(), json.RawMessage(test.payload))
			if answer != nil || model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("answer %v, error %v", answer, err)
			}
			if !strings.HasPrefix(err.Error(), "replay: ") {
				t.Errorf("the error does not name the function: %v", err)
			}
			if !strings.Contains(lines.String(), "payload refused") {
				t.Errorf("log %s", lines)
			}
		})
	}
}

// A failure is an error while nothing was done; afterwards the answer is what was done, with the failure in it.
func TestFailures(t *testing.T) {
	failure := model.Errorf(model.CodeUnavailable, "receive messages", "no answer")
	tests := []struct {
		name   string
		report replay.Report
		fails  bool
	}{
		{"nothing was done", replay.Report{Counts: replay.Counts{Left: 3}}, true},
		{"something was moved", replay.Report{Counts: replay.Counts{Moved: 1}, Stopped: "no answer"}, false},
		{"something was dropped", replay.Report{Counts: replay.Counts{Dropped: 1}, Stopped: "no answer"}, false},
		{"a dry run does nothing", replay.Report{Dry: true, Counts: replay.Counts{Moved: 1}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log, lines := logged()
			h := &Handler{Log: log, Replayer: fake(func(replay.Request) (replay.Report, error) { return test.report, failure })}
			answer, err := h.Handle(t.Context(), json.RawMessage(`{}`))
			if (err != nil) != test.fails || (answer == nil) != test.fails {
				t.Errorf("answer %+v, error %v", answer, err)
			}
			if test.fails && model.CodeOf(err) != model.CodeUnavailable {
				t.Errorf("error %v", err)
			}
			if !strings.Contains(lines.String(), `"code":"unavailable"`) {
				t.Errorf("log %s", lines)
			}
		})
	}
}

// Every sample survives being read and written again, and asks for what its name says.
func TestSamplesRoundTrip(t *testing.T) {
	want := map[string]replay.Request{
		"replay-all.json": {},
		"replay-filter.json": {Max: 20, Kinds: []model.Kind{model.KindUser, model.KindMembers}, Keys: []model.Key{{Kind: model.KindUser, DBID: 101}},
			Reason: "unavailable"},
		"replay-dry.json": {Kinds: []model.Kind{model.KindUser}, Dry: true},
	}
	got := map[string]replay.Request{}
	for name, body := range stage.Samples(t, "replay-") {
		p, err := decode(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stage.RoundTrips(t, name, body, p)
		if got[name], err = understand(body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
