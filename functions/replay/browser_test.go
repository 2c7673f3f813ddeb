package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/console"
	"excs/functions/internal/stage"
	"excs/shared/mapping"
	"excs/shared/queue"
	"excs/shared/widget/answer"
)

// onDashboard opens the dashboard of a stage in a browser; its buttons call this function.
func onDashboard(t *testing.T, s *stage.Stage) *console.Console {
	t.Helper()
	h := onStage(s)
	return console.Start(t).Open(t, console.Config{
		Widget:    console.Tenant(s.Service, s.Clock.Now),
		Functions: map[string]console.Function{console.ReplayARN: console.Function(answer.ForReplay(h.Handle, s.Clock.Now))},
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

// From quarantine to well again, with the mouse alone: a dry run tells, a refusal leaves everything, a replay brings the
// object back, and the dashboard then says that all is well.
func TestReplayFromTheDashboard(t *testing.T) {
	s, cure := poisoned(t)
	c := onDashboard(t, s)
	shows(t, "the dashboard", c.Text(), "Action needed", "1 object is in quarantine", "user/101", "Ada Lovelace", "the name is not liked")

	c.Click("Dry run", 0)
	shows(t, "the dry run", c.Popup(), "Dry run: nothing was changed", "1 dead letter looked at: 1 would be moved back", "user/101", "the name is not liked")
	c.Refresh()
	c.Click("Replay", 0)
	c.Answer(false)
	if work, dead := s.Messages(t); work != 0 || dead != 1 {
		t.Fatalf("after a dry run and a refusal %d messages, %d dead letters", work, dead)
	}

	cure()
	c.Click("Replay", 0)
	c.Answer(true)
	shows(t, "the answer", c.Popup(), "Replayed", "1 dead letter looked at: 1 moved back to the work queue", "user/101", "The dead-letter queue now holds about 0 letters.")
	c.Refresh()
	shows(t, "the dashboard", c.Text(), "All is well", "1 is on the way")
	s.Converge(t)
	c.Refresh()
	shows(t, "the dashboard", c.Text(), "All is well")
	if row := get(t, s); row.State != mapping.StateConverged || name(t, s) != "Ada Lovelace" {
		t.Errorf("the row is %s, the name %q", row.State, name(t, s))
	}
	want := []console.Call{{ARN: console.ReplayARN, Payload: `{"dryRun":true}`}, {ARN: console.ReplayARN, Payload: `{"keys":["user/101"]}`}}
	if d := cmp.Diff(want, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}

// Replay all twice: the second, on a page that was not refreshed, finds nothing and says so.
func TestReplayAllTwiceFromTheDashboard(t *testing.T) {
	s, cure := poisoned(t)
	cure()
	c := onDashboard(t, s)
	for _, says := range []string{"1 dead letter looked at: 1 moved", "0 dead letters looked at: 0 moved"} {
		c.Click("Replay all", 0)
		c.Answer(true)
		shows(t, "the answer", c.Popup(), says)
		c.Eval(`document.getElementById("popup").close()`, nil)
	}
	if work, dead := s.Messages(t); work != 1 || dead != 0 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
	c.Innocent()
}

// Letters that nobody wrote by hand can be nasty: what the EX Org answered is shown as text.
func TestHostileReasonsOnTheDashboard(t *testing.T) {
	s, _ := poisoned(t)
	letter := take(t, s)
	letter.Reason = `<img src=x onerror="window.ran = true"></td></tr></table>`
	if err := s.Dead.Send(t.Context(), []queue.Message{letter}); err != nil {
		t.Fatal(err)
	}
	c := onDashboard(t, s)
	c.Click("Dry run", 0)
	shows(t, "the dry run", c.Popup(), `<img src=x onerror="window.ran = true"></td></tr></table>`)
	c.Innocent()
}
