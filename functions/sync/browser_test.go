package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/console"
	"excs/functions/internal/stage"
	"excs/shared/exorg/exorgtest"
	"excs/shared/run"
	"excs/shared/widget/answer"
)

// onDashboard opens the dashboard of a stage in a browser; its buttons call this function.
func onDashboard(t *testing.T, s *stage.Stage) *console.Console {
	t.Helper()
	h := onStage(s)
	return console.Start(t).Open(t, console.Config{
		Widget:    console.Tenant(s.Service, s.Clock.Now),
		Functions: map[string]console.Function{console.SyncARN: console.Function(answer.ForText(h.Handle))},
	})
}

func shows(t *testing.T, what, text string, says ...string) {
	t.Helper()
	for _, s := range says {
		if !strings.Contains(text, s) {
			t.Errorf("%s does not say %q:\n%s", what, s, text)
		}
	}
}

// A first plan is looked at and approved on the dashboard: nothing happens on a refusal, and after the approval the next
// run carries it out, until all is well.
func TestApproveTheFirstPlanOnTheDashboard(t *testing.T) {
	s, editor := stage.Tiny(t)
	if _, err := s.Org.AddUser(map[string]any{"name": "Somebody Else", "email": editor.Site().Persons[0].Email}); err != nil {
		t.Fatal(err)
	}
	report, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := onDashboard(t, s)
	shows(t, "the dashboard", c.Text(), "Needs a look", "This tenant has no approved first plan", "First plan")

	c.Click("Plan", 0)
	shows(t, "the plan", c.Popup(), "This is a plan: nothing was written.")
	c.Refresh()
	question := c.Click("Approve this plan", 0)
	shows(t, "the question", question, "Approve this tenant's first plan", report.Plan.HeldHashAll)
	c.Answer(false)
	if _, err := s.Sync(t.Context()); err != nil || s.Rows(t) != 0 {
		t.Fatalf("after a refusal a run made %d rows, %v", s.Rows(t), err)
	}

	c.Click("Approve this plan", 0)
	c.Answer(true)
	shows(t, "the answer", c.Popup(), "Approved: ", "The tenant's first plan is approved.", "the next run makes these changes")
	c.Refresh()
	shows(t, "the dashboard", c.Text(), "approved for the next run")
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	c.Refresh()
	shows(t, "the dashboard", c.Text(), "All is well")
	want := []console.Call{
		{ARN: console.SyncARN, Payload: `{"action":"plan"}`},
		{ARN: console.SyncARN, Payload: `{"action":"approve","planHash":"` + report.Plan.HeldHashAll + `","who":"dashboard"}`},
	}
	if d := cmp.Diff(want, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}

// A button on a page that is older than the plan approves nothing, and says why.
func TestStaleApprovalOnTheDashboard(t *testing.T) {
	s, editor := stage.Tiny(t)
	if _, err := s.Org.AddUser(map[string]any{"name": "Somebody Else", "email": editor.Site().Persons[0].Email}); err != nil {
		t.Fatal(err)
	}
	report, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := onDashboard(t, s)
	if _, err := s.Runner.Discard(t.Context(), report.Plan.HeldHashAll, nil, run.By{}); err != nil {
		t.Fatal(err)
	}
	c.Click("Approve this plan", 0)
	c.Answer(true)
	shows(t, "the answer", c.Popup(), "That did not work: not_found", "nothing is held under the hash")
	c.Innocent()
}

// A person whose name is markup goes into quarantine: the dashboard and the explanation show it as text.
func TestExplainAHostileNameOnTheDashboard(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	s.Org.Fail(exorgtest.Fault{
		Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusBadRequest,
		Code: "bad.request", Message: `<script>window.ran = true</script> is not liked`,
	})
	const first, last = `<img src=x onerror="window.ran = true">`, `</table></div>`
	if err := editor.RenamePerson(t.Context(), 101, first, last); err != nil {
		t.Fatal(err)
	}
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	c := onDashboard(t, s)
	shows(t, "the dashboard", c.Text(), "1 object is in quarantine", first+" "+last, "<script>window.ran = true</script> is not liked")
	c.Click("Explain", 0)
	shows(t, "the explanation", c.Popup(), "user/101", strings.ReplaceAll(first+" "+last, `"`, `\"`), "quarantined since", "Engage", "Fields", "Next")
	if d := cmp.Diff([]console.Call{{ARN: console.SyncARN, Payload: `{"action":"explain","keys":["user/101"]}`}}, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}

// Without a dead letter, because it expired, an object in quarantine is released on the dashboard, and becomes right.
func TestReleaseOnTheDashboard(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	armed := s.Org.Fail(exorgtest.Fault{
		Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusBadRequest, Code: "bad.request", Message: "it is not liked",
	})
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	letters, err := s.Dead.Receive(t.Context(), 10, 0)
	if err != nil || len(letters) != 1 {
		t.Fatal(letters, err)
	}
	if err := s.Dead.Delete(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	armed.Disarm()
	c := onDashboard(t, s)
	question := c.Click("Release", 0)
	shows(t, "the question", question, "End the quarantine of user/101?")
	c.Answer(false)
	c.Click("Release", 0)
	c.Answer(true)
	shows(t, "the answer", c.Popup(), "user/101", "it is looked at now")
	s.Converge(t)
	c.Refresh()
	shows(t, "the dashboard", c.Text(), "All is well")
	if d := cmp.Diff([]console.Call{{ARN: console.SyncARN, Payload: `{"action":"release","keys":["user/101"],"who":"dashboard"}`}}, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}

// What a pause keeps back is told on the dashboard, and so is what would follow its end; nothing is written by asking.
func TestAPauseOnTheDashboard(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	must(t, h, `{"action":"pause","kinds":["user"],"who":"<b>jane</b>","note":"</table><script>window.ran = true</script>"}`)
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	c := onDashboard(t, s)
	shows(t, "the dashboard", c.Text(), "Paused", "1 pause is in force", "All users", "by <b>jane</b>", "</table><script>window.ran = true</script>", "1 object at rest")
	s.Reset()
	c.Click("What if resumed", 0)
	shows(t, "what would follow", c.Popup(), "user/101", "Ada Lovelace", `"action":"resume"`, `"planHash":"`)
	if n := s.Org.Totals().Writes; n > 0 || len(s.TableWrites()) > 0 {
		t.Errorf("%d writes to the EX Org, %v", n, s.TableWrites())
	}
	if d := cmp.Diff([]console.Call{{ARN: console.SyncARN, Payload: `{"action":"resume","kinds":["user"]}`}}, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}
