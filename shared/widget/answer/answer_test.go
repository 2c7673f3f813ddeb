package answer_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// lines gives the texts of an answer, one a line.
func lines(t *testing.T, v any) string {
	t.Helper()
	body, ok := v.(string)
	if !ok {
		t.Fatalf("the answer is a %T", v)
	}
	return widgettest.Lines(t, body)
}

const explained = "user/101 \"Ada Lovelace\"\n\nState\n  converged since 2026-03-02T08:00:00Z\n\nFields\n  name (controlled): first and last name\n      desired  \"Ada\"\nNext\n  nothing\nThat is all.\n"

// An answer as text keeps its title, its headings and what stands under them.
func TestText(t *testing.T) {
	page := answer.Text(answer.Context{Dark: true}, explained)
	widgettest.Golden(t, *update, "explain.html", page)
}

// A text of any shape is shown whole.
func TestTextShapes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"one line", "Nothing needs your eye\n", "Nothing needs your eye"},
		{"nothing", "", ""},
		{"lines without a heading", "1 held\n  held user/1\n  held user/2\n", "1 held\nheld user/1\nheld user/2"},
		{"prose", "Replayed\nOne.\nTwo.\n", "Replayed\nOne.\nTwo."},
		{"a heading at the end", "A\nB\n  c\nD", "A\nB\nc\nD"},
		{"empty lines are left out", "A\n\n\n\nB\n\n  c\n", "A\nB\nc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page := answer.Text(answer.Context{}, test.text)
			if d := cmp.Diff(test.want, lines(t, page)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A text of a hundred thousand lines is cut, and says so.
func TestLongText(t *testing.T) {
	page := answer.Text(answer.Context{}, "Plan\n"+strings.Repeat("  update user/1\n", 100_000))
	if len(page) > 200_000 || !strings.Contains(page, "and 99,000 more lines: the command line shows all") {
		t.Errorf("%d bytes, …%s", len(page), page[len(page)-300:])
	}
}

// A replay's report becomes lists of what was moved, dropped and left, with reasons.
func TestReplayed(t *testing.T) {
	line := func(k model.Kind, dbid int64, reason, why string, since time.Duration) replay.Line {
		l := replay.Line{ID: "0d1f6a2b", Reason: reason, Why: why, Since: widgettest.Now.Add(-since)}
		if dbid != 0 {
			l.Key = model.Key{Kind: k, DBID: dbid}
		}
		return l
	}
	report := replay.Report{
		Counts: replay.Counts{Letters: 4, Moved: 2, Objects: 1, Dropped: 1, Left: 1}, Remaining: 1, Stopped: "max: 1 objects; replay again for the rest",
		Moved:   []replay.Line{line(model.KindUser, 101, "the name is not liked", "sent", 26*time.Hour), line(model.KindUser, 101, "the name is not liked", "one look answers all letters of an object", time.Hour)},
		Dropped: []replay.Line{line(model.KindQueue, 7, "no answer", "it is right since 2026-03-01T00:00:00Z", time.Minute)},
		Left:    []replay.Line{line("", 0, "it can not be read", "no replay helps: look at it, and delete it by hand", 0)},
	}
	page := answer.Replayed(answer.Context{}, report, widgettest.Now)
	widgettest.Golden(t, *update, "replayed.html", page)

	dry := answer.Replayed(answer.Context{}, replay.Report{Dry: true, Remaining: -1, Counts: replay.Counts{Letters: 1, Moved: 1}, Moved: report.Moved[:1]}, widgettest.Now)
	if got := lines(t, dry); !strings.Contains(got, "Dry run: nothing was changed") || !strings.Contains(got, "1 would be moved") || strings.Contains(got, "now holds") {
		t.Error(got)
	}
	many := replay.Report{Counts: replay.Counts{Letters: 700, Left: 700}, Left: make([]replay.Line, 500), More: 200}
	long := answer.Replayed(answer.Context{}, many, widgettest.Now)
	if got := lines(t, long); strings.Count(got, "letter\n") < 100 || !strings.Contains(got, "and 600 more") {
		t.Error(got)
	}
}

const inWidget = `{"action":"explain","keys":["user/101"],"format":"json","widgetContext":{"theme":"dark","forms":{"all":{}}}}`

// A button's call reaches the function without what CloudWatch adds and asks for text, and the text becomes HTML.
func TestForText(t *testing.T) {
	var asked []string
	answering := answer.ForText(func(_ context.Context, body json.RawMessage) (any, error) {
		asked = append(asked, string(body))
		return explained, nil
	})
	page, err := answering(t.Context(), json.RawMessage(inWidget))
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(t, page); !strings.HasPrefix(got, "user/101 \"Ada Lovelace\"\nState\nconverged since") || !strings.Contains(page.(string), "excs-dark") {
		t.Error(page)
	}
	// Every other call passes as it is, whatever it is.
	for _, body := range []string{`{"action":"status"}`, `{}`, `null`, `[]`, `7`, `{"a":1}{"widgetContext":{}}`, `nonsense`, ``} {
		if page, err := answering(t.Context(), json.RawMessage(body)); err != nil || page != explained {
			t.Errorf("%s: %v, %v", body, page, err)
		}
	}
	want := []string{`{"action":"explain","format":"text","keys":["user/101"]}`, `{"action":"status"}`, `{}`, `null`, `[]`, `7`, `{"a":1}{"widgetContext":{}}`, `nonsense`, ``}
	if d := cmp.Diff(want, asked); d != "" {
		t.Error(d)
	}
}

// An empty widgetContext is one.
func TestEmptyContext(t *testing.T) {
	answering := answer.ForText(func(context.Context, json.RawMessage) (any, error) { return "Done\n", nil })
	for _, body := range []string{`{"widgetContext":{}}`, `{"widgetContext":null}`, `{"widgetContext":"x"}`} {
		if page, err := answering(t.Context(), json.RawMessage(body)); err != nil || lines(t, page) != "Done" {
			t.Errorf("%s: %v, %v", body, page, err)
		}
	}
}

// A replay's answer stays a report for everybody but a button.
func TestForReplay(t *testing.T) {
	asked := ""
	answering := answer.ForReplay(func(_ context.Context, body json.RawMessage) (*replay.Report, error) {
		asked = string(body)
		return &replay.Report{Counts: replay.Counts{Letters: 3}}, nil
	}, func() time.Time { return widgettest.Now })
	page, err := answering(t.Context(), json.RawMessage(`{"dryRun":true,"widgetContext":{}}`))
	if err != nil || asked != `{"dryRun":true}` || !strings.Contains(lines(t, page), "3 dead letters looked at") {
		t.Errorf("%s, %v, %v", asked, page, err)
	}
	page, err = answering(t.Context(), json.RawMessage(`{"max":7}`))
	if report, ok := page.(*replay.Report); err != nil || !ok || report.Counts.Letters != 3 || asked != `{"max":7}` {
		t.Errorf("%s, %v, %v", asked, page, err)
	}
}

// In a widget an error is told to people; to everybody else it stays an error.
func TestErrors(t *testing.T) {
	failure := fmt.Errorf("approve: %w", model.Errorf(model.CodeNotFound, "approve", "nothing is held under the hash %q", "<b>"))
	text := answer.ForText(func(context.Context, json.RawMessage) (any, error) { return nil, failure })
	report := answer.ForReplay(func(context.Context, json.RawMessage) (*replay.Report, error) { return nil, failure }, time.Now)
	shown := answer.Shown(func(context.Context, json.RawMessage) (string, error) { return "", failure })
	for name, answering := range map[string]func(context.Context, json.RawMessage) (any, error){"text": text, "report": report, "shown": shown} {
		page, err := answering(t.Context(), json.RawMessage(`{"widgetContext":{"theme":"light"}}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := lines(t, page), "That did not work: not_found\napprove: approve: nothing is held under the hash \"<b>\""; got != want {
			t.Errorf("%s: %s", name, got)
		}
		page, err = answering(t.Context(), json.RawMessage(`{}`))
		if !errors.Is(err, failure) {
			t.Errorf("%s: %v, %v", name, page, err)
		}
	}
}

// A function's error reads the same when Lambda's form of it comes.
func TestErrorsOfLambda(t *testing.T) {
	told := messages.InvokeResponse_Error{Type: string(model.CodeNotFound), Message: "approve: nothing is held under the hash \"<b>\""}
	page := answer.Failure(answer.Context{}, fmt.Errorf("invoke: %w", told))
	if got, want := lines(t, page), "That did not work: not_found\napprove: nothing is held under the hash \"<b>\""; got != want {
		t.Errorf("%s", got)
	}
}

// What is HTML already passes as it is.
func TestShown(t *testing.T) {
	shown := answer.Shown(func(_ context.Context, body json.RawMessage) (string, error) {
		return "<p>" + string(body) + "</p>", nil
	})
	for _, body := range []string{`{"describe":true}`, `{"widgetContext":{}}`} {
		if page, err := shown(t.Context(), json.RawMessage(body)); err != nil || page != "<p>"+body+"</p>" {
			t.Errorf("%v, %v", page, err)
		}
	}
}
