package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

func queueKey(dbid int64) model.Key { return model.Key{Kind: model.KindQueue, DBID: dbid} }

// hostile is a text that a foreign system or a careless operator might write.
const hostile = "tonight\n\x1b[2J\u202e```<script>alert(1)</script>"

// everythingPaused are pauses of all sorts.
func everythingPaused() mapping.Pauses {
	return mapping.Pauses{
		{Since: since, Who: "jane", Note: "Configuration Database moves tonight"},
		{Scope: mapping.Scope{Kind: model.KindQueue}, Since: since.Add(time.Hour)},
		{Scope: mapping.Scope{Key: user(7)}, Since: since, Who: "kim", Note: hostile},
	}
}

// smallPlan is a plan of one change and one that is held.
func smallPlan() plan.Plan {
	p := plan.Plan{
		Changes: []model.Change{{Key: user(4), Action: model.ActionUpdate, Label: "ada@x.example", Fields: []model.Field{{Name: model.FieldName, Before: "Ada Byron", After: "Ada Lovelace"}}}},
		Held: []plan.Held{{ID: "h", Code: plan.HeldPaused, Reason: everythingPaused()[1].Why(), Since: since,
			Change: model.Change{Key: queueKey(9), Action: model.ActionDelete, Label: "Sales"}}},
		Counts: map[model.Kind]plan.Counts{model.KindUser: {Engage: 2, Update: 1, Unchanged: 1}, model.KindQueue: {Engage: 1, Held: 1}},
	}
	p.Seal()
	return p
}

// shownHash is that of a resumption: of the plan and of what rests.
const shownHash = "0f1e2d3c4b5a69788796"

// reporting are the answers of an operator's desk, one of each sort.
func reporting(t *testing.T) *operator {
	resumption := func(req run.ResumeRequest) (run.Resumption, error) {
		out := run.Resumption{
			Hash:   shownHash,
			Report: run.Report{Plan: smallPlan(), Paused: everythingPaused()[1:], Resting: 1}, Ended: everythingPaused()[:1], More: 3,
			Objects: []run.Resting{{Action: model.ActionDelete, Listed: run.Listed{Key: queueKey(5), State: "waiting", Since: since, Reason: "paused: everything is paused", EXID: "ex-5"}}},
		}
		if req.Hash != "" {
			out.Run, out.Resumed, out.Sent, out.Requeued = 12, true, 1, 4
		}
		return out, nil
	}
	return &operator{
		t: t, paused: everythingPaused(), resume: resumption,
		pause: func(req run.PauseRequest) (run.Standstill, error) {
			all := everythingPaused()
			if len(req.Keys) == 0 {
				return run.Standstill{Set: all[:1], Paused: all}, nil
			}
			return run.Standstill{Set: all[2:], Paused: all, Stood: all[2:], InFlight: 3}, nil
		},
		release: func([]model.Key, run.By) ([]run.Released, error) {
			return []run.Released{
				{Key: user(4), Was: mapping.StateQuarantined, Reason: "8 tries failed, the last with: " + hostile, Done: true, Why: "it is looked at now"},
				{Key: user(5), Was: mapping.StateHeld, Reason: "guard", Why: "it is held for an approval: see list, then approve or discard"},
			}, nil
		},
		link: func(req run.LinkRequest) (run.Linked, error) {
			return run.Linked{Key: req.Key, EXID: req.EXID, Former: "ex-1", Left: user(40000000004), TakenFrom: []model.Key{user(3)}, Next: "a worker makes it what Engage says now"}, nil
		},
		forget: func([]model.Key, run.By) ([]run.Forgotten, error) {
			const next = "if Engage still holds it, the next run takes it for new and matches it anew"
			return []run.Forgotten{{Key: user(4), State: mapping.StateOrphan, EXID: "ex-4", Next: next}, {Key: user(5), State: mapping.StatePending, Next: next}}, nil
		},
	}
}

func telling(t *testing.T) *fake {
	letters := 2
	return &fake{
		t: t,
		plan: func(run.Request) (run.Report, error) {
			return run.Report{Plan: smallPlan(), Paused: everythingPaused(), Resting: 1}, nil
		},
		list: func([]model.Kind) ([]run.Listed, error) {
			return []run.Listed{{Key: user(7), State: "waiting", Since: since, Reason: mapping.Paused + everythingPaused()[2].Why(), EXID: "ex-7"}}, nil
		},
		status: func() (run.Status, error) {
			return run.Status{
				LastRun: 31, LastProven: since, FirstPlan: since, Mapped: map[model.Kind]int{model.KindUser: 30}, States: map[mapping.State]int{mapping.StateWaiting: 3},
				Progress: &run.Progress{Kinds: []run.KindProgress{{Kind: model.KindUser, Done: 1240, Of: 4815}}, PerMinute: 300, Left: 48 * time.Minute},
				Waiting:  4, InFlight: 1, DeadLetters: &letters, LastPlan: &run.Counted{Hash: "h1", Changes: 1, Held: 1}, Paused: everythingPaused(),
				Acts: []run.Act{{At: since, Action: mapping.ActionLink, What: "user/7 to ex-7", By: run.By{Who: "jane", Note: "one person"}}, {At: since, Action: mapping.ActionForget, What: "queue/5"}},
				Runs: []run.Ran{
					{Run: 9, At: since, Changes: 40, Held: 2, Rejects: 1}, {Run: 28, At: since.Add(20 * time.Minute), Idle: 19, Held: 1},
					{Run: 29, At: since.Add(21 * time.Minute), Failed: "read Engage: " + hostile}, {Run: 30, At: since.Add(22 * time.Minute), Idle: 1},
					{Run: 31, At: since.Add(23 * time.Minute), Changes: 1, Held: 1, Resting: 1},
				},
				Approvals: []run.Approval{
					{Source: true, Until: since.Add(time.Hour)},
					{Kind: model.KindQueue, Changes: 21, Until: since.Add(time.Hour), By: run.By{Who: "jane", Note: hostile}},
				},
			}, nil
		},
	}
}

// ran is an event of a run.
func ran(n int64, at time.Time, users int) run.Event {
	return run.Event{
		At: at, Action: run.EventRun, Run: n, Hash: "h1", Rejects: 1,
		Changes: []run.CountedWrite{{Kind: model.KindUser, Action: model.ActionUpdate, Count: users}, {Kind: model.KindMembers, Action: model.ActionUpdate, Count: 1}},
		Held:    []run.CountedWrite{{Kind: model.KindQueue, Action: model.ActionDelete, Count: 2}},
	}
}

// past answers the questions about the past.
func past(o *operator) *operator {
	o.history = func(run.HistoryRequest) ([]run.Event, bool, error) {
		return []run.Event{
			{At: since.Add(4 * time.Minute), Action: mapping.ActionApprove, What: "plan h1", By: run.By{Who: "jane", Note: hostile}},
			{At: since.Add(3 * time.Minute), Action: run.EventSettings, Run: 814, What: "fights: 3, before 5"},
			{At: since.Add(2 * time.Minute), Action: run.EventRun, Run: 813, Failed: "read Engage: no answer"},
			ran(812, since, 12),
		}, true, nil
	}
	wrote := []mapping.Wrote{
		{Key: user(7), Run: 812, At: since, EXID: "ex-7", Name: hostile, Action: model.ActionUpdate, Fields: []model.Field{{Name: model.FieldName, Before: "Ann", After: hostile}, {Name: model.FieldSkills, Added: []string{"Sales(3)"}, Removed: []string{"Billing(1)"}}}},
		{Key: model.Key{Kind: model.KindMembers, DBID: 9}, Run: 812, At: since, EXID: "ex-9", Action: model.ActionUpdate, Joined: []string{"a"}, Left: []string{"b", "c"}},
	}
	o.record = func(n int64) (run.Record, error) {
		return run.Record{Event: ran(n, since.Add(time.Duration(n)*time.Minute), int(n-800)), Written: wrote}, nil
	}
	o.report = func([]model.Kind) ([]run.Finding, error) {
		return []run.Finding{
			{What: run.FindingActiveOrphan, Key: user(9), Name: "Gone Girl", Since: since, Reason: "gone from Engage", Correct: "EX Org", EXID: "ex-9"},
			{What: run.FindingRejected, Key: user(7), Name: hostile, Number: "=1+1", Since: since, Reason: "no e-mail address", Correct: "Engage"},
			{What: run.FindingRefused, Key: user(8), Name: "Bob", Number: "4711", Since: since, Reason: "skills Sales: the limit is reached", Correct: "EX Org", EXID: "ex-8"},
		}, nil
	}
	o.written = func(model.Key) ([]mapping.Wrote, error) { return wrote[:1], nil }
	return o
}

// What an operator reads, as text, JSON and Markdown.
func TestGolden(t *testing.T) {
	payloads := map[string]string{
		"pause":      `{"action":"pause"}`,
		"pause-keys": `{"action":"pause","keys":["user/7","user/8"]}`,
		"resume":     `{"action":"resume","kinds":["user"]}`,
		"resumed":    `{"action":"resume","planHash":"abc"}`,
		"release":    `{"action":"release","keys":["user/4","user/5"]}`,
		"link":       `{"action":"link","keys":["user/4"],"exId":"ex-2"}`,
		"forget":     `{"action":"forget","keys":["user/4","user/5"]}`,
		"plan":       `{"action":"plan"}`,
		"list":       `{"action":"list"}`,
		"status":     `{"action":"status"}`,
		"history":    `{"action":"history"}`,
		"report":     `{"action":"report"}`,
		"runs":       `{"action":"history","runs":[812,815]}`,
		"written":    `{"action":"history","keys":["user/7"]}`,
	}
	h := &Handler{Log: quiet(), Runner: telling(t), Operator: past(reporting(t))}
	for name, payload := range payloads {
		for format, ext := range map[string]string{"text": "txt", "json": "json", "markdown": "md"} {
			t.Run(name+" "+format, func(t *testing.T) {
				got := must(t, h, strings.TrimSuffix(payload, "}")+`,"format":"`+format+`"}`)
				if format == "json" {
					var b bytes.Buffer
					if err := json.Indent(&b, []byte(got), "", "  "); err != nil {
						t.Fatal(err)
					}
					got = b.String() + "\n"
				} else if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "\n```<") {
					t.Errorf("a foreign text does harm: %q", got)
				}
				compare(t, name+"."+ext+".golden", got)
			})
		}
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// The commands that the answers name are payloads of this function, about the same scope.
func TestTheCommandsAreUnderstood(t *testing.T) {
	h := &Handler{Log: quiet(), Runner: telling(t), Operator: reporting(t)}
	for payload, want := range map[string]string{
		`{"action":"pause"}`:                                      `{"action":"resume"}`,
		`{"action":"pause","kinds":["queue","members"]}`:          `{"action":"resume","kinds":["queue","members"]}`,
		`{"action":"pause","keys":["user/7"],"who":"jane"}`:       `{"action":"resume","keys":["user/7"]}`,
		`{"action":"resume"}`:                                     `{"action":"resume","planHash":"` + shownHash + `"}`,
		`{"action":"resume","keys":["user/7"],"note":"for good"}`: `{"action":"resume","keys":["user/7"],"planHash":"` + shownHash + `"}`,
	} {
		text := must(t, h, strings.TrimSuffix(payload, "}")+`,"format":"text"}`)
		if !strings.Contains(text, "sync "+want) {
			t.Errorf("%s names no command %s:\n%s", payload, want, text)
		}
		if _, err := understand(json.RawMessage(want)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// What was asked for reaches the desk as it was meant, with the name and the note.
func TestOperatorsAreUnderstood(t *testing.T) {
	var got []any
	by := run.By{Who: "jane", Note: "why not"}
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	h := &Handler{Log: quiet(), Runner: &fake{t: t}, Now: func() time.Time { return now }, Operator: &operator{
		t: t,
		pause: func(req run.PauseRequest) (run.Standstill, error) {
			got = append(got, req)
			return run.Standstill{}, nil
		},
		resume: func(req run.ResumeRequest) (run.Resumption, error) {
			got = append(got, req)
			return run.Resumption{}, nil
		},
		release: func(keys []model.Key, by run.By) ([]run.Released, error) {
			got = append(got, keys, by)
			return nil, nil
		},
		link: func(req run.LinkRequest) (run.Linked, error) {
			got = append(got, req)
			return run.Linked{}, nil
		},
		forget: func(keys []model.Key, by run.By) ([]run.Forgotten, error) {
			got = append(got, keys, by)
			return nil, nil
		},
	}}
	const signed = `,"who":" jane ","note":" why not "}`
	for _, payload := range []string{
		`{"action":"pause"` + signed, `{"action":"pause","kinds":["Queue"]` + signed, `{"action":"resume","keys":["user/7"],"planHash":" abc "` + signed,
		`{"action":"release","keys":["user/7","queue/9"]` + signed, `{"action":"link","keys":["user/7"],"exId":" ex-1 "` + signed, `{"action":"forget","keys":["user/7"]` + signed,
	} {
		must(t, h, payload)
	}
	want := []any{
		run.PauseRequest{Until: now.Add(24 * time.Hour), By: by}, run.PauseRequest{Kinds: []model.Kind{model.KindQueue}, Until: now.Add(7 * 24 * time.Hour), By: by},
		run.ResumeRequest{PauseRequest: run.PauseRequest{Keys: []model.Key{user(7)}, By: by}, Hash: "abc"},
		[]model.Key{user(7), queueKey(9)}, by, run.LinkRequest{Key: user(7), EXID: "ex-1", By: by}, []model.Key{user(7)}, by,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Approvals and their withdrawals carry the name and the note too.
func TestDecisionsAreSigned(t *testing.T) {
	decide := func(string, []model.Kind) (run.Decision, error) { return run.Decision{}, nil }
	f := &fake{t: t, approve: decide, discard: decide}
	h := &Handler{Log: quiet(), Runner: f}
	must(t, h, `{"action":"approve","planHash":"a","who":"jane","note":"agreed"}`)
	must(t, h, `{"action":"discard","planHash":"a"}`)
	if d := cmp.Diff([]run.By{{Who: "jane", Note: "agreed"}, {}}, f.by); d != "" {
		t.Error(d)
	}
}

// The report as a spreadsheet takes it: one line a finding, and nothing in it that a spreadsheet would calculate.
func TestTheReportAsASpreadsheet(t *testing.T) {
	h := &Handler{Log: quiet(), Runner: telling(t), Operator: past(reporting(t))}
	compare(t, "report.csv.golden", must(t, h, `{"action":"report","format":"csv"}`))
	if _, err := ask(t, h, `{"action":"list","format":"csv"}`); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("list as CSV: %v", err)
	}
}
