package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What each command line sends to the function.
func TestPayloads(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  map[string]string
		args string
		want map[string]any
	}{
		{"a plan of everything", nil, "plan", map[string]any{"action": "plan", "format": "text"}},
		{"a plan as JSON, the format from the environment", map[string]string{"FORMAT": "json"}, "plan", map[string]any{"action": "plan", "format": "json"}},
		{"a flag goes before the environment", map[string]string{"FORMAT": "json"}, "plan -format markdown", map[string]any{"action": "plan", "format": "markdown"}},
		{"keys from both flags", nil, "sync -keys user/101,queue/121 -key skill/7", map[string]any{"action": "sync", "keys": []any{"user/101", "queue/121", "skill/7"}, "format": "text"}},
		{"one key to explain, from the environment", map[string]string{"KEY": "user/104"}, "explain", map[string]any{"action": "explain", "keys": []any{"user/104"}, "format": "text"}},
		{"variables that are there and empty", map[string]string{"HASH": "", "LOCAL": "", "DRY": "", "MAX": "", "NOTE": ""}, "sync", map[string]any{"action": "sync", "format": "text"}},
		{"a dry verify", map[string]string{"DRY": "1"}, "verify -kinds skill", map[string]any{"action": "verify", "kinds": []any{"skill"}, "dryRun": true, "format": "text"}},
		{"a dry run that is switched off", map[string]string{"DRY": "0"}, "verify", map[string]any{"action": "verify", "format": "text"}},
		{"approve", nil, "approve -hash 8826274a66e7358d0d7d -kinds user", map[string]any{"action": "approve", "kinds": []any{"user"}, "planHash": "8826274a66e7358d0d7d", "who": "jane@example.com", "format": "text"}},
		{"an approval of two keys of a plan", nil, "approve -hash abc -keys user/1,queue/2", map[string]any{"action": "approve", "keys": []any{"user/1", "queue/2"}, "planHash": "abc", "who": "jane@example.com", "format": "text"}},
		{"an approval of a single key", map[string]string{"KEY": "user/1"}, "approve", map[string]any{"action": "approve", "keys": []any{"user/1"}, "who": "jane@example.com", "format": "text"}},
		{"discard", nil, "discard -hash=8826274a66e7358d0d7d", map[string]any{"action": "discard", "planHash": "8826274a66e7358d0d7d", "who": "jane@example.com", "format": "text"}},
		{"list", nil, "list -kinds user", map[string]any{"action": "list", "kinds": []any{"user"}, "format": "text"}},
		{"status", nil, "status", map[string]any{"action": "status", "format": "text"}},
		{"release, signed with the caller's name", nil, "release -keys user/1", map[string]any{"action": "release", "keys": []any{"user/1"}, "who": "jane@example.com", "format": "text"}},
		{"link, signed with another name", nil, "link -key user/1 -exid abc -who Kim", map[string]any{"action": "link", "keys": []any{"user/1"}, "exId": "abc", "who": "Kim (jane@example.com)", "format": "text"}},
		{"forget", nil, "forget -key user/1 -note tidy", map[string]any{"action": "forget", "keys": []any{"user/1"}, "note": "tidy", "who": "jane@example.com", "format": "text"}},
		{"a pause of everything, with a note that a shell would fall over", map[string]string{"NOTE": `don't "touch" Zürich`}, "pause", map[string]any{"action": "pause", "note": `don't "touch" Zürich`, "who": "jane@example.com", "format": "text"}},
		{"resume shows the plan first", nil, "resume -kinds queue", map[string]any{"action": "resume", "kinds": []any{"queue"}, "who": "jane@example.com", "format": "text"}},
		{"resume", nil, "resume -kinds queue -hash abc", map[string]any{"action": "resume", "kinds": []any{"queue"}, "planHash": "abc", "who": "jane@example.com", "format": "text"}},
		{"replay of everything is an empty object", nil, "replay", map[string]any{}},
		{"replay, filtered", map[string]string{"REASON": "no such skill"}, "replay -max 20 -kinds user -keys user/101 -dry-run=1", map[string]any{"max": 20.0, "kinds": []any{"user"}, "keys": []any{"user/101"}, "reason": "no such skill", "dryRun": true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeAWS(t)
			if strings.HasPrefix(tc.args, "replay") {
				f.answers(`{"dryRun":false,"counts":{},"moved":[],"dropped":[],"left":[],"remaining":0}`)
			}
			env := map[string]string{"REGION": "eu-central-1"}
			for k, v := range tc.env {
				env[k] = v
			}
			if got := typedWith(t, env, nil, strings.Fields(tc.args)...); got.Status != exitDone {
				t.Fatal(got)
			}
			want(t, f.sent(), tc.want)
			function := "excs-dev-sync"
			if strings.HasPrefix(tc.args, "replay") {
				function = "excs-dev-replay"
			}
			if !strings.Contains(f.calls()[1], " --function-name "+function+" ") {
				t.Errorf("the call is %s", f.calls()[1])
			}
		})
	}
}

// The samples are what the functions are tested with: a payload's field that is called otherwise here would be refused there.
func TestTheSamplesHoldNoFieldThatCanNotBeTyped(t *testing.T) {
	for pattern, into := range map[string]func() any{
		"sync-*.json":   func() any { return new(syncPayload) },
		"replay-*.json": func() any { return new(replayPayload) },
	} {
		samples, err := filepath.Glob(filepath.Join("..", "..", "events", pattern))
		if err != nil || len(samples) == 0 {
			t.Fatalf("%s: %d samples, %v", pattern, len(samples), err)
		}
		for _, path := range samples {
			t.Run(filepath.Base(path), func(t *testing.T) {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				p := into()
				var asked map[string]any
				if err := json.Unmarshal(text, &asked); err != nil {
					t.Fatal(err)
				}
				delete(asked, "widgetContext") // CloudWatch adds it to what a button sends
				text, err = json.Marshal(asked)
				if err != nil {
					t.Fatal(err)
				}
				d := json.NewDecoder(bytes.NewReader(text))
				d.DisallowUnknownFields()
				if err := d.Decode(p); err != nil {
					t.Fatal(err)
				}
				if s, ok := p.(*syncPayload); ok {
					if _, err := actionOf(s.Action); err != nil {
						t.Error(err)
					}
				}
				again, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				var kept map[string]any
				if err := json.Unmarshal(again, &kept); err != nil {
					t.Fatal(err)
				}
				want(t, kept, asked)
			})
		}
	}
}

// Any function takes any event: the file as it is, or the sample of that name.
func TestInvokeSendsTheFileAsItIs(t *testing.T) {
	f := newFakeAWS(t)
	f.answers(`{"run":7}`)
	path := filepath.Join(t.TempDir(), "event.json")
	event := "{ \"detail\": {\"é\": 1} }\n"
	if err := os.WriteFile(path, []byte(event), 0o600); err != nil {
		t.Fatal(err)
	}
	got := inAWS(t, "invoke", "snapshot", path)
	want(t, got, told{exitDone, "{\n  \"run\": 7\n}\n", "account 123456789012, region eu-central-1, stage dev: invoke of excs-dev-snapshot\n"})
	want(t, f.read("payload"), event)
}

func TestInvokeFindsASampleByItsName(t *testing.T) {
	f := newFakeAWS(t)
	t.Chdir(filepath.Join("..", ".."))
	for _, name := range []string{"events/sync-status.json", "sync-status", "sync-status.json"} {
		if got := inAWS(t, "invoke", "sync", name); got.Status != exitDone {
			t.Fatal(got)
		}
		want(t, f.sent(), map[string]any{"action": "status"})
	}
}

// What can not be an event is refused before anything is asked of AWS.
func TestInvokeRefusesWhatIsNoEvent(t *testing.T) {
	f := newFakeAWS(t)
	text := filepath.Join(t.TempDir(), "event.txt")
	if err := os.WriteFile(text, []byte("plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"invoke", "sync", "nowhere.json"}, "samples are in events/"},
		{[]string{"invoke", "sync", text}, "holds no JSON"},
		{[]string{"invoke", "sync"}, "invoke takes a function and a file"},
		{[]string{"invoke", "", ""}, "invoke takes a function and a file"},
		{[]string{"invoke"}, "invoke takes a function and a file"},
	} {
		got := inAWS(t, tc.args...)
		if got.Status != exitUsage || !strings.Contains(got.Err, tc.says) {
			t.Errorf("%v: %+v", tc.args, got)
		}
	}
	want(t, f.calls(), []string(nil))
}
