package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/run"
)

const payloadShape = `: write {"action":"…"} with kinds, keys, planHash, exId, who, note, format as the action needs them`

// What is not understood is one line that says what there is, and the runner is never asked.
func TestRefused(t *testing.T) {
	const kinds = "use one of source, skill, language, wrapupcode, queue, user, members"
	tests := []struct{ name, payload, want string }{
		{"no payload", `null`, `sync: unknown action "": use one of plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor, status`},
		{"an empty object", `{}`, `sync: unknown action "": use one of plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor, status`},
		{"an action that does not exist", `{"action":"nonsense"}`, `sync: unknown action "nonsense": use one of plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor, status`},
		{"an action in capitals", `{"action":"PLAN"}`, `sync: unknown action "PLAN": use one of plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor, status`},
		{"an unknown kind", `{"action":"plan","kinds":["agent"]}`, `plan: parse kind: unknown kind "agent": ` + kinds},
		{"an unknown kind of list", `{"action":"list","kinds":["user",""]}`, `list: parse kind: unknown kind "": ` + kinds},
		{"a key without a slash", `{"action":"sync","keys":["1234"]}`, `sync: parse key: key "1234": write it as kind/DBID, for example user/1234`},
		{"a key of an unknown kind", `{"action":"sync","keys":["agent/1"]}`, `sync: parse kind: unknown kind "agent": ` + kinds},
		{"a key that is no number", `{"action":"plan","keys":["user/jane"]}`, `plan: parse key: key "user/jane": "jane" is not a DBID`},
		{"a negative key", `{"action":"plan","keys":["user/-1"]}`, `plan: parse key: key "user/-1": "-1" is not a DBID`},
		{"a key of a kind that is left out", `{"action":"plan","kinds":["user"],"keys":["queue/7"]}`,
			`sync: plan: key queue/7 is of none of the kinds given: leave the kinds out`},
		{"an unknown format", `{"action":"status","format":"yaml"}`, `sync: unknown format "yaml": use json, text or markdown`},
		{"an unknown field", `{"action":"plan","dry":true}`, `sync: the payload is not understood (unknown field "dry")` + payloadShape},
		{"a dry plan", `{"action":"plan","dryRun":true}`, `sync: plan takes no dryRun: leave it out`},
		{"an explanation of nothing", `{"action":"explain"}`, `sync: explain needs one key, for example "keys":["user/1234"]`},
		{"an explanation of two", `{"action":"explain","keys":["user/1","user/2"]}`, `sync: explain needs one key, for example "keys":["user/1234"]`},
		{"a field of another type", `{"action":"plan","kinds":"user"}`,
			`sync: the payload is not understood (cannot unmarshal string into Go struct field Payload.kinds of type []string)` + payloadShape},
		{"a list for an object", `["plan"]`, `sync: the payload is not understood (cannot unmarshal array into Go value of type main.Payload)` + payloadShape},
		{"an approval without a hash", `{"action":"approve"}`, `sync: approve needs the planHash that plan, sync or list showed, or a single key`},
		{"a blank hash", `{"action":"discard","planHash":"  "}`, `sync: discard needs the planHash that plan, sync or list showed, or a single key`},
		{"an approval of two keys without a hash", `{"action":"approve","keys":["user/1","user/2"]}`, `sync: approve needs the planHash that plan, sync or list showed, or a single key`},
		{"an approval of a key with a blank hash", `{"action":"approve","planHash":" ","keys":["user/1"]}`, `sync: approve needs the planHash that plan, sync or list showed, or a single key`},
		{"an approval of an empty list, which a script left", `{"action":"approve","planHash":"a","keys":[]}`, `sync: approve: kinds or keys is empty: name some, or leave both out for all that the hash covers`},
		{"an approval of a key of another kind", `{"action":"approve","planHash":"a","kinds":["user"],"keys":["queue/7"]}`, `sync: approve: key queue/7 is of none of the kinds given: leave the kinds out`},
		{"a plan with a hash", `{"action":"plan","planHash":"a"}`, `sync: plan takes no planHash: leave it out`},
		{"a status of a kind", `{"action":"status","kinds":["user"]}`, `sync: status takes no kinds: leave it out`},
		{"a plan in somebody's name", `{"action":"plan","who":"jane"}`, `sync: plan takes no who: leave it out`},
		{"a list with a note", `{"action":"list","note":"why"}`, `sync: list takes no note: leave it out`},
		{"a release of nothing", `{"action":"release"}`, `sync: release needs keys, for example "keys":["user/1234"]`},
		{"a release of a kind, which would be replay", `{"action":"release","kinds":["user"]}`, `sync: release takes no kinds: leave it out`},
		{"a forgetting of nothing", `{"action":"forget","keys":[]}`, `sync: forget needs keys, for example "keys":["user/1234"]`},
		{"a link of nothing", `{"action":"link","exId":"abc"}`, `sync: link needs one key, for example "keys":["user/1234"]`},
		{"a link of two", `{"action":"link","keys":["user/1","user/2"],"exId":"abc"}`, `sync: link needs one key, for example "keys":["user/1234"]`},
		{"a link to nothing", `{"action":"link","keys":["user/1"]}`, `sync: link needs the exId of an EX Org object, as its address in the EX Org's administration shows it`},
		{"a link to a path", `{"action":"link","keys":["user/1"],"exId":"../users/1"}`, `sync: link needs the exId of an EX Org object, as its address in the EX Org's administration shows it`},
		{"a release with an EX id", `{"action":"release","keys":["user/1"],"exId":"abc"}`, `sync: release takes no exId: leave it out`},
		{"a pause of kinds and keys", `{"action":"pause","kinds":["user"],"keys":["user/1"]}`, `sync: pause takes kinds or keys, not both`},
		{"a pause of an empty list, which a script left", `{"action":"pause","keys":[]}`, `sync: pause: kinds or keys is empty: name some, or leave both out for everything`},
		{"a resume of an empty list", `{"action":"resume","kinds":[]}`, `sync: resume: kinds or keys is empty: name some, or leave both out for everything`},
		{"a pause with a hash", `{"action":"pause","planHash":"a"}`, `sync: pause takes no planHash: leave it out`},
		{"a resume with a blank hash", `{"action":"resume","planHash":" "}`, `sync: resume: the planHash is blank: leave it out to see the plan, or give the hash of the plan that was shown`},
		{"a pause with a novel for a note", `{"action":"pause","note":"` + strings.Repeat("ü", noteMost+1) + `"}`, `sync: pause: a note has 300 characters at most, a name 100`},
		{"a pause by a long name", `{"action":"pause","who":"` + strings.Repeat("x", whoMost+1) + `"}`, `sync: pause: a note has 300 characters at most, a name 100`},
		{"a status of a key", `{"action":"status","keys":["user/1"]}`, `sync: status takes no keys: leave it out`},
	}
	s, _ := stage.Tiny(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.Reset()
			log, lines := logged()
			h := &Handler{Runner: &fake{t: t}, Operator: &operator{t: t}, Log: log}
			_, err := ask(t, h, test.payload)
			if err == nil || model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("error %v of code %q, want one of code invalid", err, model.CodeOf(err))
			}
			if err.Error() != test.want || strings.Contains(err.Error(), "\n") {
				t.Errorf("error:\n%s\nwant:\n%s", err, test.want)
			}
			if n := strings.Count(lines.String(), "\n"); n != 1 || !strings.Contains(lines.String(), "payload refused") {
				t.Errorf("the log has %d lines: %s", n, lines)
			}
			// The same in the whole: nothing is read or written anywhere, not even the books of calls.
			h.Runner, h.Operator = s.Runner, s.Runner
			if _, again := ask(t, h, test.payload); again == nil || again.Error() != test.want {
				t.Errorf("with a real runner: %v", again)
			}
			if u := s.Table.Units(); u.Requests > 0 {
				t.Errorf("the table had %d requests", u.Requests)
			}
			if n := s.Org.Totals().Calls; n > 0 {
				t.Errorf("the EX Org had %d calls", n)
			}
			s.NothingWritten(t)
		})
	}
}

// Kinds and keys reach the runner as they are meant, and the cause is the operator.
func TestUnderstood(t *testing.T) {
	tests := []struct {
		name, payload string
		want          run.Request
	}{
		{"nothing but an action", `{"action":"plan"}`, run.Request{Cause: model.CauseManual}},
		{"kinds, in any case", `{"action":"plan","kinds":["User","queue"]}`,
			run.Request{Cause: model.CauseManual, Kinds: []model.Kind{model.KindUser, model.KindQueue}}},
		{"keys", `{"action":"plan","keys":["user/1234","members/7"]}`,
			run.Request{Cause: model.CauseManual, Keys: []model.Key{{Kind: model.KindUser, DBID: 1234}, {Kind: model.KindMembers, DBID: 7}}}},
		{"keys of a kind that is given too", `{"action":"plan","kinds":["user"],"keys":["user/1"]}`,
			run.Request{Cause: model.CauseManual, Kinds: []model.Kind{model.KindUser}, Keys: []model.Key{{Kind: model.KindUser, DBID: 1}}}},
		{"empty lists", `{"action":"plan","kinds":[],"keys":[],"planHash":"","format":""}`, run.Request{Cause: model.CauseManual}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got run.Request
			h := &Handler{Log: quiet(), Runner: &fake{t: t, plan: func(r run.Request) (run.Report, error) { got = r; return run.Report{}, nil }}}
			must(t, h, test.payload)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// The error of an unknown action names every action there is.
func TestActionsAreNamed(t *testing.T) {
	_, err := actionOf("")
	for _, a := range actions() {
		if !strings.Contains(err.Error(), a.name) {
			t.Errorf("%s is not named in %q", a.name, err)
		}
	}
}
