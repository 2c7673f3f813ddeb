package widget_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/widget"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

// told gives a page's text, and the word of its verdict.
func told(t *testing.T, v widget.View) (word, text string) {
	t.Helper()
	text = widgettest.Lines(t, render(t, v, answer.Context{}))
	word, _, _ = strings.Cut(text, "\n")
	return word, text
}

// The verdict follows from the worst that there is, and says each thing in a sentence.
func TestVerdict(t *testing.T) {
	user := model.Key{Kind: model.KindUser, DBID: 101}
	tests := []struct {
		name   string
		change func(*widget.View)
		word   string
		says   string
	}{
		{"nothing is wrong", func(*widget.View) {}, "All is well", "5,954 objects are as Engage wants."},
		{"some are on the way", func(v *widget.View) { v.Tallies[5].Waiting, v.Tallies[5].Converged = 12, 4800 }, "All is well", "5,942 objects are as Engage wants, 12 are on the way."},
		{"orphans are no fault", func(v *widget.View) { v.Tallies[5].Orphaned = 4 }, "All is well", "Their Engage objects are gone."},
		{"nothing has run", func(v *widget.View) { *v = widgettest.Fresh() }, "Nothing has run yet", "The first run reads Engage and makes a plan."},
		{"something is paused", func(v *widget.View) { v.Pauses = make([]run.Rest, 2) }, "Paused", "2 pauses are in force: nothing in them is written."},
		{"the last run is old", func(v *widget.View) { v.LastRunAt = widgettest.Now.Add(-16 * time.Minute) }, "Needs a look", "The last run was 16 min ago: see whether the schedule runs."},
		{"it may be older", func(v *widget.View) { v.LastRunAt, v.Stale = widgettest.Now.Add(-16*time.Minute), time.Hour }, "All is well", "16 min ago"},
		{"runs go on and read nothing", func(v *widget.View) { v.LastProven, v.ProofFailed = widgettest.Now.Add(-50*time.Minute), 2 }, "Action needed", "Engage last read completely 50 min ago"},
		{"a tenant without a record of its runs", func(v *widget.View) { v.LastRunAt, v.LastProven = time.Time{}, widgettest.Now.Add(-16*time.Minute) }, "Needs a look", "The last run was 16 min ago"},
		{"no read was complete yet", func(v *widget.View) { v.LastProven, v.ProofFailed, v.ProofFailure = time.Time{}, 1, "no answer" }, "Needs a look", "Engage was never read completely"},
		{"one read failed", func(v *widget.View) { v.ProofFailed, v.ProofFailure = 1, "no answer." }, "Needs a look", "The last run could not read Engage completely: no answer."},
		{"reads fail", func(v *widget.View) { v.ProofFailed, v.ProofFailure = 2, "no answer" }, "Action needed",
			"2 runs in a row could not read Engage completely: no answer. Nothing changes on its account until one can."},
		{"the source went back", func(v *widget.View) { v.WentBack = widgettest.Now.Add(-time.Hour) }, "Action needed", "The source went back 1 h ago: nothing is removed until it is accepted."},
		{"an object is in quarantine", func(v *widget.View) { v.Tallies[0].Quarantined = 1 }, "Action needed", "1 object is in quarantine"},
		{"a dead letter is left", func(v *widget.View) { v.Dead = 1 }, "Action needed", "The dead-letter queue holds 1 letter."},
		{"objects are invisible", func(v *widget.View) { v.Tallies[5].Invisible = 2 }, "Needs a look", "2 objects in the EX Org can not be seen"},
		{"somebody fights", func(v *widget.View) { v.DampedCount = 1 }, "Needs a look", "1 object is changed back again and again"},
		{"an object is slow", func(v *widget.View) { v.Oldest, v.OldestKey = widgettest.Now.Add(-time.Hour), user }, "Needs a look", "user/101 has been on its way for 1 h."},
		{"an object is not slow yet", func(v *widget.View) { v.Oldest, v.OldestKey = widgettest.Now.Add(-59*time.Minute), user }, "All is well", "oldest 59 min: user/101"},
		{"objects are rejected", func(v *widget.View) { v.Tallies[5].Rejected = 1 }, "Needs a look", "1 object of Engage is rejected"},
		{"changes are held", func(v *widget.View) { v.Stopped = heldUsers(2, 0, 0) }, "Needs a look", "2 changes are held for your approval."},
		{"the first plan waits", func(v *widget.View) { *v = widgettest.FirstPlan() }, "Needs a look", "This tenant has no approved first plan: nothing is written until you approve 5,954 changes."},
		{"changes wait for a proof", func(v *widget.View) { v.Stopped = heldUsers(0, 0, 3) }, "Needs a look", "3 changes are held until a read proves them."},
		{"what is approved needs nobody", func(v *widget.View) { v.Stopped = heldUsers(0, 4, 0) }, "All is well", "4 are approved for the next run"},
		{"the work queue can not be read", func(v *widget.View) { v.DepthFailure = "no answer" }, "Needs a look", "The work queue's depth could not be read: no answer."},
		{"the dead-letter queue can not be read", func(v *widget.View) { v.DeadFailure = "no answer" }, "Needs a look", "The dead-letter queue's depth could not be read: no answer."},
		{"the worst decides", func(v *widget.View) { *v = widgettest.Trouble() }, "Action needed", "3 objects are in quarantine"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := widgettest.Well()
			test.change(&v)
			word, text := told(t, v)
			if word != test.word || !strings.Contains(text, test.says) {
				t.Errorf("%s, want %s with %q:\n%s", word, test.word, test.says, text)
			}
		})
	}
}

func heldUsers(open, approved, bound int) run.Stopped {
	g := run.StoppedGroup{Kind: model.KindUser, Hash: "77aa0e9d3c1b5f624e8d", Open: open, Approved: approved, Bound: bound}
	return run.Stopped{Hash: "8826274a66e7358d0d7d", All: "77aa0e9d3c1b5f624e8d", Count: open + approved + bound, Groups: []run.StoppedGroup{g}}
}

// action is a button with what it does.
type action struct {
	label, hint, endpoint, confirmation string
	call                                map[string]any
}

// actions takes the buttons of a page apart: each action with the element just before it, as CloudWatch binds them.
func actions(t *testing.T, body string) []action {
	t.Helper()
	var list []action
	attr := func(tag, name string) string {
		_, rest, found := strings.Cut(tag, " "+name+"=")
		for _, other := range []string{" class=", " role=", " tabindex=", " title=", " action=", " display=", " event=", " endpoint=", " confirmation="} {
			rest, _, _ = strings.Cut(rest, other)
		}
		if !found {
			return ""
		}
		return rest
	}
	for _, piece := range strings.Split(body, `<a class="btn`)[1:] {
		piece, _, _ = strings.Cut(`<p><a class="btn`+piece, "</cwdb-action>")
		p := widgettest.Parse(t, piece+"</cwdb-action></p>")
		if len(p.Tags) != 6 || !strings.HasPrefix(p.Tags[3], "<cwdb-action action=call display=popup event=click") {
			t.Fatalf("tags %q", p.Tags)
		}
		a := action{label: p.Texts[0], hint: attr(p.Tags[1], "title"), endpoint: attr(p.Tags[3], "endpoint"), confirmation: attr(p.Tags[3], "confirmation")}
		if err := json.Unmarshal([]byte(p.Texts[1]), &a.call); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// What changes something asks first, what only tells does not; each button says what it does, and calls the function that
// can do it.
func TestButtons(t *testing.T) {
	tells := map[string]bool{"explain": true, "plan": true, "list": true, "resume": true}
	seen := map[string]bool{}
	for _, v := range []widget.View{widgettest.Trouble(), widgettest.FirstPlan(), widgettest.Blind()} {
		for _, a := range actions(t, render(t, v, answer.Context{})) {
			seen[a.label] = true
			word, sync := a.call["action"].(string)
			if want := map[bool]string{true: widgettest.SyncARN, false: widgettest.ReplayARN}[sync]; a.endpoint != want {
				t.Errorf("%s calls %s", a.label, a.endpoint)
			}
			dry, _ := a.call["dryRun"].(bool)
			if asks := a.confirmation != ""; asks == (tells[word] || dry) {
				t.Errorf("%s asks %q", a.label, a.confirmation)
			}
			if a.hint == "" {
				t.Errorf("%s has no hint", a.label)
			}
		}
	}
	for _, label := range []string{"Explain", "Plan", "List all", "Dry run", "Replay", "Replay all", "Release", "Approve these 14", "Approve all 17", "Approve this plan", "Accept the source"} {
		if !seen[label] {
			t.Errorf("there is no button %s", label)
		}
	}
}

// An approval names the hash of what is shown: of one kind with the kind, of all without kinds, of the source the plan's.
func TestApprovals(t *testing.T) {
	tests := []struct {
		name string
		view widget.View
		want map[string]map[string]any
	}{
		{"two kinds", widgettest.Trouble(), map[string]map[string]any{
			"Approve all 17":   {"action": "approve", "planHash": "c4d1b90a7f3e2255e6aa", "who": "dashboard"},
			"Approve these 14": {"action": "approve", "planHash": "1f9b6e0c52d7a8834410", "who": "dashboard", "kinds": []any{"queue"}},
			"Approve these 3":  {"action": "approve", "planHash": "77aa0e9d3c1b5f624e8d", "who": "dashboard", "kinds": []any{"members"}},
		}},
		{"a first plan is approved whole", widgettest.FirstPlan(), map[string]map[string]any{
			"Approve this plan": {"action": "approve", "planHash": "c4d1b90a7f3e2255e6aa", "who": "dashboard"},
		}},
		{"a source that went back", widgettest.Blind(), map[string]map[string]any{
			"Accept the source": {"action": "approve", "planHash": "8826274a66e7358d0d7d", "who": "dashboard"},
		}},
		{"one kind needs no button for all", with(heldUsers(2, 1, 1)), map[string]map[string]any{
			"Approve these 2": {"action": "approve", "planHash": "77aa0e9d3c1b5f624e8d", "who": "dashboard", "kinds": []any{"user"}},
		}},
		{"a single change", with(heldUsers(1, 0, 0)), map[string]map[string]any{
			"Approve this one": {"action": "approve", "planHash": "77aa0e9d3c1b5f624e8d", "who": "dashboard", "kinds": []any{"user"}},
		}},
		{"nothing that can be approved", with(heldUsers(0, 1, 1)), map[string]map[string]any{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]map[string]any{}
			for _, a := range actions(t, render(t, test.view, answer.Context{})) {
				if a.call["action"] == "approve" {
					got[a.label] = a.call
					if hash, _ := a.call["planHash"].(string); !strings.Contains(a.confirmation, hash) {
						t.Errorf("%s asks %q, without the hash", a.label, a.confirmation)
					}
				}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func with(s run.Stopped) widget.View {
	v := widgettest.Well()
	v.Stopped = s
	return v
}

// What would follow a pause's end is asked for with exactly its scope.
func TestResumes(t *testing.T) {
	v := widgettest.Well()
	user := model.Key{Kind: model.KindUser, DBID: 7}
	for _, s := range []mapping.Scope{{}, {Kind: model.KindQueue}, {Key: user}} {
		v.Pauses = append(v.Pauses, run.Rest{Pause: mapping.Pause{Scope: s, Since: widgettest.Now}})
	}
	var got []map[string]any
	for _, a := range actions(t, render(t, v, answer.Context{})) {
		got = append(got, a.call)
	}
	want := []map[string]any{{"action": "resume"}, {"action": "resume", "kinds": []any{"queue"}}, {"action": "resume", "keys": []any{"user/7"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, text := told(t, v); !strings.Contains(text, "Everything\nby somebody") || !strings.Contains(text, "All queues\nby somebody") || !strings.Contains(text, "user/7\nby somebody\nno reason given") {
		t.Error(text)
	}
}

// Only the first few are named, and the page says how many there are and where they are named.
func TestManyObjects(t *testing.T) {
	v := widgettest.Trouble()
	v.Tallies[5].Quarantined, v.Tallies[5].Rejected, v.Tallies[5].Invisible, v.DampedCount = 212, 4000, 31, 12
	v.Pauses = make([]run.Rest, 25)
	_, text := told(t, v)
	for _, says := range []string{"and 210 more: List all names them", "and 3,997 more: List all names them", "and 30 more: List all names them", "and 11 more: List all names them", "and 15 more", "and 19 more: Plan shows all"} {
		if !strings.Contains(text, says) {
			t.Errorf("the page does not say %q:\n%s", says, text)
		}
	}
}

// The column of the invisible is there only when some are: it is seldom so, and the table is wide.
func TestInvisibleColumn(t *testing.T) {
	_, well := told(t, widgettest.Well())
	_, trouble := told(t, widgettest.Trouble())
	if strings.Contains(well, "Invisible") || !strings.Contains(trouble, "Quarantined\nInvisible\nRejected") {
		t.Error(well, trouble)
	}
}
