package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

var since = time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC)

func user(dbid int64) model.Key { return model.Key{Kind: model.KindUser, DBID: dbid} }

// The list counts per state and shows one line per object, in the runner's order.
func TestList(t *testing.T) {
	h := &Handler{Log: quiet(), Operator: &operator{t: t}, Runner: &fake{t: t, list: func(kinds []model.Kind) ([]run.Listed, error) {
		if len(kinds) != 1 || kinds[0] != model.KindUser {
			t.Errorf("kinds %v", kinds)
		}
		return []run.Listed{
			{Key: user(4), State: "orphan", Since: since, EXID: "ex-4", Active: true, Reason: "gone in Engage"},
			{Key: user(2), State: "rejected", Since: since, Reason: "Person 2 'jdoe' has no e-mail address"},
			{Key: user(3), State: "rejected", Since: since},
		}, nil
	}}}
	want := "1 orphan, 2 rejected\n" +
		"  orphan user/4 since 2026-03-01T07:30:00Z, can still log in, EX id ex-4: gone in Engage\n" +
		"  rejected user/2 since 2026-03-01T07:30:00Z: Person 2 'jdoe' has no e-mail address\n" +
		"  rejected user/3 since 2026-03-01T07:30:00Z\n"
	if d := cmp.Diff(want, must(t, h, `{"action":"list","kinds":["user"],"format":"text"}`)); d != "" {
		t.Error(d)
	}
	got := into[ListAnswer](t, h, `{"action":"list","kinds":["user"]}`)
	if d := cmp.Diff(map[string]int{"orphan": 1, "rejected": 2}, got.Counts); d != "" || len(got.Objects) != 3 || got.More != 0 {
		t.Errorf("%v %s", got, d)
	}
}

// A list of nothing is empty, not null.
func TestListOfNothing(t *testing.T) {
	h := &Handler{Log: quiet(), Operator: &operator{t: t}, Runner: &fake{t: t, list: func([]model.Kind) ([]run.Listed, error) { return nil, nil }}}
	if got := must(t, h, `{"action":"list"}`); got != `{"counts":{},"objects":[]}` {
		t.Error(got)
	}
	if got := must(t, h, `{"action":"list","format":"text"}`); got != "Nothing needs your eye\n" {
		t.Error(got)
	}
}

// The first plan of the largest site holds more objects than a Lambda may answer: the counts are whole, the list is cut.
func TestListFitsTheAnswer(t *testing.T) {
	var list []run.Listed
	reason := "create: the tenant has no approved first plan, and the organisation is not empty: approve the plan (first plan)"
	for i := range int64(60_000) {
		list = append(list, run.Listed{Key: user(1_000_000 + i), State: "held", Since: since, Reason: reason})
	}
	a := listing(list)
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(a.text())
	if err != nil {
		t.Fatal(err)
	}
	const most = 6 << 20
	if len(b) > most || len(quoted) > most {
		t.Errorf("%d bytes as JSON, %d as text: a Lambda answers at most %d", len(b), len(quoted), most)
	}
	if a.Counts["held"] != len(list) || len(a.Objects)+a.More != len(list) || a.More == 0 {
		t.Errorf("%d counted, %d shown, %d more, of %d", a.Counts["held"], len(a.Objects), a.More, len(list))
	}
	if want := fmt.Sprintf("  and %d more: narrow the list with kinds\n", a.More); !strings.HasSuffix(a.text(), want) {
		t.Errorf("the text does not end with %q", want)
	}
}

// What a foreign system wrote can neither move a terminal's cursor nor leave its Markdown block.
func TestListIsHarmless(t *testing.T) {
	list := []run.Listed{{Key: user(1), State: "rejected", Since: since, Reason: "name \x1b[2J\u202e``` evil\u2028<b>\n# title"}}
	text := listing(list).text()
	if strings.ContainsAny(text, "\x1b\u202e\u2028") || strings.Count(text, "\n") != 2 {
		t.Errorf("%q", text)
	}
	markdown := fenced(listing(list))
	if d := cmp.Diff("## 1 rejected\n\n````text\n"+text+"````\n", markdown); d != "" {
		t.Error(d)
	}
}

// Status says in words how the tenant stands.
func TestStatus(t *testing.T) {
	var s run.Status
	h := &Handler{Log: quiet(), Runner: &fake{t: t, status: func() (run.Status, error) { return s, nil }}}
	if d := cmp.Diff("No run yet\n  no approved first plan: only plans are made\n  messages: 0 waiting, 0 in flight\n", must(t, h, `{"action":"status","format":"text"}`)); d != "" {
		t.Error(d)
	}
	s = run.Status{
		LastRun: 12, LastProven: since, ProofFailed: 2, ProofFailure: "no\tanswer", FirstPlan: since,
		Mapped: map[model.Kind]int{model.KindUser: 30, model.KindSkill: 0}, States: map[mapping.State]int{mapping.StateWaiting: 3, mapping.StateHeld: 1},
		Oldest: since, OldestKey: user(9), Waiting: 4, InFlight: 1, WentBack: since, LastPlan: &run.Counted{Hash: "h1", Changes: 5, Held: 1, Rejects: 2},
	}
	want := `Run 12
  last complete read of Engage: 2026-03-01T07:30:00Z
  2 runs in a row could not read it: no answer
  the source went back at 2026-03-01T07:30:00Z: nothing is removed until it is accepted
  last plan h1: 5 changes, 1 held, 2 rejected
  mapped skill: 0
  mapped user: 30
  waiting: 3
  held: 1
  the oldest that is not converged: user/9 since 2026-03-01T07:30:00Z
  messages: 4 waiting, 1 in flight
`
	if d := cmp.Diff(want, must(t, h, `{"action":"status","format":"text"}`)); d != "" {
		t.Error(d)
	}
	got := into[map[string]any](t, h, `{"action":"status"}`)
	if got["lastRun"] != 12.0 || got["messagesWaiting"] != 4.0 || got["oldestKey"] != "user/9" {
		t.Errorf("%v", got)
	}
	if got := must(t, h, `{"action":"status","format":"markdown"}`); got != "## Run 12\n\n```text\n"+want+"```\n" {
		t.Error(got)
	}
}
