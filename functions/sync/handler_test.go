package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/explain"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/verify"
)

// An action's error is headed by the action, keeps its code, and is logged once.
func TestActionFails(t *testing.T) {
	broken := model.Errorf(model.CodeUnavailable, "read Engage", "no answer")
	report := func(run.Request) (run.Report, error) { return run.Report{}, broken }
	decide := func(string, []model.Kind) (run.Decision, error) { return run.Decision{}, broken }
	f := &fake{
		t: t, plan: report, sync: report, approve: decide, discard: decide,
		list:   func([]model.Kind) ([]run.Listed, error) { return nil, broken },
		status: func() (run.Status, error) { return run.Status{}, broken },
	}
	for _, a := range actions() {
		if a.name == actionDoctor {
			continue // it tells of what fails, line by line
		}
		t.Run(a.name, func(t *testing.T) {
			log, lines := logged()
			payload := `{"action":"` + a.name + `","format":"text"}`
			if a.one || a.some {
				payload = `{"action":"` + a.name + `","keys":["user/1"],"format":"text"}`
			}
			if a.exID {
				payload = `{"action":"` + a.name + `","keys":["user/1"],"exId":"abc"}`
			}
			if a.hash == orKey {
				payload = `{"action":"` + a.name + `","planHash":"abc"}`
			}
			_, err := ask(t, &Handler{Runner: f, Operator: brokenOperator(t, broken), Sweeper: brokenSweeper{broken}, Explainer: brokenExplainer{broken}, Log: log}, payload)
			if err == nil || err.Error() != a.name+": read Engage: no answer" {
				t.Errorf("error %v", err)
			}
			if model.CodeOf(err) != model.CodeUnavailable || !errors.Is(err, broken) {
				t.Errorf("the error lost its code: %v", err)
			}
			if n := strings.Count(lines.String(), "\n"); n != 1 || !strings.Contains(lines.String(), `"action":"`+a.name+`"`) || !strings.Contains(lines.String(), `"code":"unavailable"`) {
				t.Errorf("the log has %d lines: %s", n, lines)
			}
		})
	}
}

// A sweep and an explanation that fail.
type brokenSweeper struct{ err error }

func (b brokenSweeper) Sweep(context.Context, verify.Request) (verify.Report, error) {
	return verify.Report{}, b.err
}

func brokenOperator(t *testing.T, err error) *operator {
	return &operator{
		t:       t,
		pause:   func(run.PauseRequest) (run.Standstill, error) { return run.Standstill{}, err },
		resume:  func(run.ResumeRequest) (run.Resumption, error) { return run.Resumption{}, err },
		release: func([]model.Key, run.By) ([]run.Released, error) { return nil, err },
		link:    func(run.LinkRequest) (run.Linked, error) { return run.Linked{}, err },
		forget:  func([]model.Key, run.By) ([]run.Forgotten, error) { return nil, err },
		report:  func([]model.Kind) ([]run.Finding, error) { return nil, err },
		history: func(run.HistoryRequest) ([]run.Event, bool, error) { return nil, false, err },
	}
}

type brokenExplainer struct{ err error }

func (b brokenExplainer) Explain(context.Context, model.Key) (explain.Explanation, error) {
	return explain.Explanation{}, b.err
}

// approve and discard hand on the hash without its outer space, the kinds, and the keys.
func TestDecisions(t *testing.T) {
	until := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	decide := func(hash string, kinds []model.Kind) (run.Decision, error) {
		if hash != "abc" || len(kinds) != 1 || kinds[0] != model.KindUser {
			t.Errorf("hash %q, kinds %v", hash, kinds)
		}
		return run.Decision{Changes: []model.Key{{Kind: model.KindUser, DBID: 7}}, Released: 1, Until: until, Next: "the next run makes them"}, nil
	}
	f := &fake{t: t, approve: decide}
	h := &Handler{Runner: f, Log: quiet()}
	const fields = `","planHash":" abc ","kinds":["user"]`
	got := must(t, h, `{"action":"approve`+fields+`}`)
	want := `{"changes":["user/7"],"released":1,"until":"2026-03-02T09:00:00Z","next":"the next run makes them"}`
	if got != want {
		t.Errorf("answer %s, want %s", got, want)
	}
	text := must(t, h, `{"action":"approve`+fields+`,"keys":["user/7"],"format":"text"}`)
	if len(f.keys) != 1 || f.keys[0].String() != "user/7" {
		t.Errorf("keys %v", f.keys)
	}
	if d := cmp.Diff("Approved: 1 change\n  user/7\n1 of them was held by a worker and is on the queue again.\nValid until 2026-03-02T09:00:00Z.\nNext: the next run makes them\n", text); d != "" {
		t.Error(d)
	}
	f.approve, f.discard = nil, decide
	if text := must(t, h, `{"action":"discard`+fields+`,"format":"markdown"}`); !strings.HasPrefix(text, "## Discarded: 1 change\n\n```text\nDiscarded: 1 change\n") {
		t.Error(text)
	}
}

// A decision about nothing but the source or the first plan says so and has an empty list, not null.
func TestDecisionWithoutChanges(t *testing.T) {
	h := &Handler{Log: quiet(), Runner: &fake{t: t, approve: func(string, []model.Kind) (run.Decision, error) {
		return run.Decision{Source: true, FirstPlan: true, Next: "sync"}, nil
	}}}
	if got := must(t, h, `{"action":"approve","planHash":"a"}`); got != `{"changes":[],"source":true,"firstPlan":true,"next":"sync"}` {
		t.Error(got)
	}
	text := must(t, h, `{"action":"approve","planHash":"a","format":"text"}`)
	if d := cmp.Diff("Approved: 0 changes\nThe source as it is now is accepted.\nThe tenant's first plan is approved.\nNext: sync\n", text); d != "" {
		t.Error(d)
	}
}

// A decision about thousands of objects has all of them in JSON and a short text.
func TestDecisionOfMany(t *testing.T) {
	d := decided("Approved", run.Decision{Next: "sync"})
	for i := range int64(keysShown + 50) {
		d.Changes = append(d.Changes, model.Key{Kind: model.KindUser, DBID: i})
	}
	if n := strings.Count(d.text(), "user/"); n != keysShown || !strings.Contains(d.text(), "  and 50 more\n") {
		t.Errorf("%d keys in %s", n, d.text())
	}
}

// A report says below the plan what the operator must know beside it.
func TestReportWarns(t *testing.T) {
	report := run.Report{
		Run: 9, Sent: 3, Requeued: 2, Looks: 1, WentBack: "the highest DBID\nfell", SourceHash: "s1", FirstPlan: true,
		Doubts: map[model.Table]string{model.TableSkill: "cfg_skill had 4 rows", model.TablePerson: "cfg_person had 3 rows"},
		Plan:   plan.Plan{Hash: "h1", Held: []plan.Held{{ID: "a", Code: plan.HeldFirstPlan, Reason: "first", Change: model.Change{Key: model.Key{Kind: model.KindUser, DBID: 1}, Action: model.ActionCreate}}}},
	}
	h := &Handler{Log: quiet(), Runner: &fake{t: t, sync: func(run.Request) (run.Report, error) { return report, nil }}}
	for _, format := range []string{"text", "markdown"} {
		got := must(t, h, `{"action":"sync","format":"`+format+`"}`)
		want := "This tenant has no approved first plan: only the plan was made. Run 9: 3 messages sent, 2 put back on the queue, 1 looked at because asked for.\n" +
			"The source went back: the highest DBID fell. Nothing is removed until it is accepted: " + plan.ApproveCommand("s1") + "\n" +
			"Not proven: cfg_person had 3 rows\nNot proven: cfg_skill had 4 rows\n"
		if !strings.HasSuffix(got, "\n\n"+want) {
			t.Errorf("%s:\n%s\nwant at its end:\n%s", format, got, want)
		}
	}
}

// firstPlan is told only while the plan waits for it: an empty organisation needs no approval.
func TestFirstPlanOfAnEmptyOrganisation(t *testing.T) {
	h := &Handler{Log: quiet(), Runner: &fake{t: t, sync: func(run.Request) (run.Report, error) { return run.Report{Run: 1, Sent: 2, FirstPlan: true}, nil }}}
	if got := into[map[string]any](t, h, `{"action":"sync"}`); got["firstPlan"] != nil || got["sent"] != 2.0 {
		t.Errorf("answer %v", got)
	}
	if got := must(t, h, `{"action":"sync","format":"text"}`); strings.Contains(got, "first plan") {
		t.Error(got)
	}
}
