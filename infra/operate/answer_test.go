package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/replay"
)

// Texts are shown as the function wrote them, JSON so that people can read it.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"a text", `"one\ntwo \"three\" <four> ä\n"`, "one\ntwo \"three\" <four> ä\n"},
		{"JSON", `{"run":7,"kinds":{"user":{"new":1}}}`, "{\n  \"run\": 7,\n  \"kinds\": {\n    \"user\": {\n      \"new\": 1\n    }\n  }\n}\n"},
		{"large numbers stay what they are", `{"dbid":9007199254740993}`, "{\n  \"dbid\": 9007199254740993\n}\n"},
		{"nothing", `null`, "\n"},
		{"an empty text", `""`, "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeAWS(t)
			f.answers(tc.body)
			got := inAWS(t, "plan")
			want(t, got.Status, exitDone)
			want(t, got.Out, tc.want)
		})
	}
}

// Commands in a text are written as they are typed here; JSON is for machines and keeps the payload.
func TestCommandsAreWrittenAsTheyAreTyped(t *testing.T) {
	f := newFakeAWS(t)
	const payload = `sync {\"action\":\"approve\",\"planHash\":\"12ab\",\"kinds\":[\"queue\"]}`
	f.answers(`"TRIPPED; approve with ` + payload + `\n"`)
	want(t, inAWS(t, "plan", "-stage", "prod").Out, "TRIPPED; approve with make approve HASH=12ab KINDS=queue STAGE=prod\n")
	f.answers(`{"command":"` + payload + `"}`)
	want(t, inAWS(t, "plan", "-stage", "prod", "-format", "json").Out, "{\n  \"command\": \""+payload+"\"\n}\n")
	f.breaks(`{"errorMessage":"user/1 waits: sync {\"action\":\"approve\",\"keys\":[\"user/1\"]}","errorType":"conflict"}`)
	if got := inAWS(t, "plan", "-stage", "prod"); !strings.Contains(got.Err, "user/1 waits: make approve KEY=user/1 STAGE=prod\n") {
		t.Error(got.Err)
	}
}

// A name in a text can not command the terminal.
func TestEscapeSequencesAreShownRatherThanObeyed(t *testing.T) {
	f := newFakeAWS(t)
	f.answers(`"user/1 \"\u001b[2J\u202egnp\u0007\"\tx\r\n\udbff\udfff"`)
	want(t, inAWS(t, "explain", "-key", "user/1").Out, "user/1 \"\\u001b[2J\\u202egnp\\u0007\"\tx\\u000d\n\\U0010ffff\n")
	f.breaks(`{"errorMessage":"\u001b]0;owned\u0007","errorType":"internal"}`)
	if got := inAWS(t, "plan"); strings.ContainsAny(got.Err, "\x1b\x07") {
		t.Errorf("%q", got.Err)
	}
}

// Each code has its advice, with the names of this stage in it.
func TestEveryErrorSaysWhatToDo(t *testing.T) {
	f := newFakeAWS(t)
	var b strings.Builder
	for _, tc := range []struct{ code, message string }{
		{"invalid", "plan: EXCS_SETTINGS: users.whom is unknown"}, {"not_found", "release user/9: there is no row"}, {"conflict", "sync: run 7 holds the lease"},
		{"stale", "approve: the plan is another now"}, {"throttled", "verify: the budget is spent"}, {"unavailable", "plan: read Engage: timeout"},
		{"denied", "plan: log in: 401"}, {"ambiguous", "release user/1: the answer was lost"}, {"internal", "plan: no kind"},
		{"Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 900.00 seconds"}, {"", "2026-01-01 1 Task timed out after 900.00 seconds"},
		{"Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: exit status 1"},
	} {
		body, err := json.Marshal(map[string]string{"errorType": tc.code, "errorMessage": tc.message})
		if err != nil {
			t.Fatal(err)
		}
		f.breaks(string(body))
		got := inAWS(t, "plan", "-stage", "prod")
		status, known := map[string]int{
			"invalid": exitUsage, "denied": exitRefused, "conflict": exitRefused, "stale": exitRefused, "not_found": exitNotFound, "unavailable": exitUnavailable, "throttled": exitUnavailable,
		}[tc.code]
		if !known {
			status = exitFailed
		}
		want(t, got.Status, status)
		want(t, got.Out, "")
		b.WriteString(got.Err + "\n")
	}
	golden(t, "failures", b.String())
}

// Whatever a function answers with, the operator sees it.
func TestAnErrorWithoutACodeIsShown(t *testing.T) {
	f := newFakeAWS(t)
	f.breaks(`boom`)
	if got := inAWS(t, "plan"); !strings.Contains(got.Err, "plan failed (no code): boom\nWhat to do: the function ended before it could answer: the log group /aws/lambda/excs-dev-sync says more.") {
		t.Error(got.Err)
	}
}

// What stands between the operator and the function, each with what to do.
func TestFailuresOnTheWay(t *testing.T) {
	for _, tc := range []struct {
		name string
		harm func(f *fakeAWS)
		says string
	}{
		{"nobody is signed in", func(f *fakeAWS) {
			f.fails("get-caller-identity", "\nUnable to locate credentials. You can configure\n credentials\n")
		},
			"operate: aws sts get-caller-identity: exit status 254: Unable to locate credentials. You can configure credentials. Sign in, or name a profile with AWS_PROFILE\n"},
		{"the identity makes no sense", func(f *fakeAWS) { f.says("get-caller-identity", "<html>") }, `answers "<html>", which names no account`},
		{"the stage is not deployed", func(f *fakeAWS) {
			f.fails("invoke", "An error occurred (ResourceNotFoundException) when calling the Invoke operation: Function not found")
		},
			"Is stage prod deployed in this account and region? make deploy STAGE=prod does it\n"},
		{"the caller may not", func(f *fakeAWS) {
			f.fails("invoke", "An error occurred (AccessDeniedException) when calling the Invoke operation")
		},
			"The caller needs lambda:InvokeFunction on excs-prod-sync\n"},
		{"the line is cut", func(f *fakeAWS) { f.fails("invoke", "Read timeout on endpoint URL") }, "The function may have been started all the same: make status tells\n"},
		{"the CLI says something odd", func(f *fakeAWS) { f.says("invoke", "ok") }, `answers "ok", which is no JSON`},
		{"the function answers no JSON", func(f *fakeAWS) { f.answers("plan") }, `the function answers "plan", which is no JSON`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeAWS(t)
			tc.harm(f)
			got := inAWS(t, "plan", "-stage", "prod")
			if got.Status != exitFailed || got.Out != "" || !strings.Contains(got.Err, tc.says) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestWithoutTheCLIItIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got := inAWS(t, "plan")
	want(t, got, told{exitFailed, "", "operate: the aws CLI is not found: install it, or use LOCAL=1 for the stack of make local\n"})
}

// An answer that can not be written is a failure: a script must not take it for an empty plan.
func TestAnAnswerThatCanNotBeWrittenIsAFailure(t *testing.T) {
	newFakeAWS(t)
	var errs bytes.Buffer
	c := console{lookup: lookupIn(map[string]string{"REGION": "x"}), in: strings.NewReader(""), out: full{}, err: &errs}
	want(t, c.run(t.Context(), []string{"plan"}), exitFailed)
	if !strings.Contains(errs.String(), "write the answer: no space") {
		t.Error(errs.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// A replay's report as people see it, and as JSON.
func TestReplayIsShownForPeople(t *testing.T) {
	f := newFakeAWS(t)
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.FixedZone("CET", 3600))
	user := func(dbid int64) model.Key { return model.Key{Kind: model.KindUser, DBID: dbid} }
	report := replay.Report{
		Counts:  replay.Counts{Letters: 160, Moved: 2, Dropped: 1, Left: 157, Objects: 2},
		Moved:   []replay.Line{{Key: user(101), ID: "m1", Reason: "create user user/101: the e-mail is taken", Code: model.CodeConflict, Since: at, Attempts: 5, Why: "set pending and queued"}, {Key: user(102), ID: "m2", Since: at, Why: "joined"}},
		Dropped: []replay.Line{{Key: user(103), ID: "m3", Reason: "x", Since: at, Why: "converged since"}},
		Left:    []replay.Line{{ID: "m4", Reason: "decode message: it names no key", Since: at, Why: "can not be read", Body: "hello"}},
		More:    100, Remaining: 157, Stopped: "the time is up",
	}
	for i := range 56 {
		report.Left = append(report.Left, replay.Line{Key: user(int64(200 + i)), ID: fmt.Sprint("l", i), Reason: "not asked for", Since: at, Why: "another kind"})
	}
	body, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	f.answers(string(body))
	golden(t, "replay", inAWS(t, "replay").Out)
	got := inAWS(t, "replay", "-format", "json")
	var again replay.Report
	if err := json.Unmarshal([]byte(got.Out), &again); err != nil {
		t.Fatal(err)
	}
	want(t, again.Counts, report.Counts)
	report.Dry, report.Stopped, report.Remaining = true, "", -1
	if body, err = json.Marshal(report); err != nil {
		t.Fatal(err)
	}
	f.answers(string(body))
	if got := inAWS(t, "replay", "-dry-run").Out; !strings.HasPrefix(got, "160 dead letters were looked at: 2 would be moved (2 objects), 1 need no look and go, 157 stay.\n") || strings.Contains(got, "holds about") {
		t.Error(got)
	}
}

func TestAReplayThatAnswersNoReportIsAFailure(t *testing.T) {
	f := newFakeAWS(t)
	f.answers(`[1]`)
	if got := inAWS(t, "replay"); got.Status != exitFailed || !strings.Contains(got.Err, "which is no replay's report") {
		t.Error(got)
	}
}
