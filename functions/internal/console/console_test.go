package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/console"
)

// says is a function that answers HTML.
func says(html string) console.Function {
	return func(context.Context, json.RawMessage) (any, error) { return html, nil }
}

const button = `<a class="btn">Go</a><cwdb-action action="call" endpoint="arn:go" confirmation="Sure?">{"a":1}</cwdb-action>`

// witness is a test that notes failures instead of failing.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Helper()           {}
func (w *witness) Error(args ...any) { w.said = append(w.said, "failed") }
func (w *witness) Errorf(format string, _ ...any) {
	w.said = append(w.said, format)
}

// The page does what CloudWatch's does: it takes out scripts, frames and references, binds an action to the element before
// it, asks, calls with the context, and shows the answer.
func TestPage(t *testing.T) {
	var got string
	c := console.Start(t).Open(t, console.Config{
		Widget: says(`<script>window.ran = true</script><iframe></iframe><svg><use></use></svg><b>kept</b>` + button),
		Functions: map[string]console.Function{"arn:go": func(_ context.Context, payload json.RawMessage) (any, error) {
			got = string(payload)
			return "<p>done</p>", nil
		}},
		Dark: true, Params: map[string]any{"p": 1},
	})
	var left []string
	c.Eval(`[...document.querySelectorAll("#frame *")].map(e => e.tagName.toLowerCase())`, &left)
	if d := cmp.Diff([]string{"svg", "b", "a", "cwdb-action"}, left); d != "" {
		t.Error(d)
	}
	if question := c.Click("Go", 0); question != "Sure?" || c.Popup() != "" {
		t.Errorf("it asks %q and shows %q", question, c.Popup())
	}
	c.Answer(false)
	if calls := c.Calls(); len(calls) > 0 || c.Popup() != "" {
		t.Errorf("after no: %v, %q", calls, c.Popup())
	}
	c.Click("Go", 0)
	c.Answer(true)
	if d := cmp.Diff([]console.Call{{ARN: "arn:go", Payload: `{"a":1}`}}, c.Calls()); d != "" || c.Popup() != "done" {
		t.Errorf("after yes: %s, %q", d, c.Popup())
	}
	if !strings.Contains(got, `"theme":"dark"`) || !strings.Contains(got, `"params":{"p":1}`) {
		t.Errorf("the function was sent %s", got)
	}
	c.Innocent()
	c.Refresh()
	if c.Popup() != "" || c.Text() == "" {
		t.Errorf("after a refresh: %q, %q", c.Popup(), c.Text())
	}
}

// What a careless widget does is seen: a script that runs, a picture from elsewhere, an error.
func TestInnocentSees(t *testing.T) {
	c := console.Start(t).Open(t, console.Config{Widget: says("<p>harmless</p>")})
	tests := []struct {
		name string
		html string
		want []string
	}{
		{"nothing", "<p>harmless</p>", nil},
		{"a handler", `<img src="/nothing" onerror="window.ran = true">`, []string{"failed"}},
		{"a picture from elsewhere", `<img src="http://198.51.100.7/x.png">`, []string{"the page asked for %s"}},
		{"an action that belongs to nothing", `<div><cwdb-action action="call" endpoint="x">{}</cwdb-action></div>`, []string{"errors in the page: %q"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &witness{TB: t}
			c.Show(w, console.Config{Widget: says(test.html)})
			c.Eval(`Promise.all([...document.querySelectorAll("img")].map(i => i.complete || new Promise(done => { i.onloadend = done; i.addEventListener("error", done) })))`, nil)
			c.Innocent()
			if d := cmp.Diff(test.want, w.said); d != "" {
				t.Error(d)
			}
		})
	}
}

// A function that fails is an error in the page, as in CloudWatch.
func TestFailingFunction(t *testing.T) {
	w := &witness{TB: t}
	c := console.Start(t).Open(w, console.Config{Widget: says(button), Functions: map[string]console.Function{
		"arn:go": func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("it broke") },
	}})
	c.Click("Go", 0)
	c.Answer(true)
	c.Innocent()
	if !slices.Contains(w.said, "errors in the page: %q") {
		t.Errorf("said %q", w.said)
	}
}

// A Chromium is found by any of its names, the program before a script that starts it; without one the test is skipped with
// a reason that says what to install.
func TestFind(t *testing.T) {
	program := func(elements ...string) string {
		t.Helper()
		path := filepath.Join(elements...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path, lib, none := t.TempDir(), t.TempDir(), t.TempDir()
	script, other := program(path, "chromium-headless-shell"), program(none, "chromium", "chromium")
	shell := program(lib, "chromium-150", "chromium-headless-shell")
	tests := []struct{ name, path, lib, want string }{
		{"on PATH", path, none, script},
		{"the program before the script", path, lib, shell},
		{"Debian's place alone", lib, none, other},
		{"none", lib, path, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PATH", test.path)
			got, err := console.FindUnder(test.lib)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("found %s, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "install Debian's package chromium-headless-shell") {
				t.Error(err)
			}
		})
	}
}

// A small picture has the same size in pixels, few colours and fewer bytes.
func TestSmall(t *testing.T) {
	c := console.Start(t).Open(t, console.Config{Width: 300, Height: 200, Widget: says(`<div style="height:150px;background:linear-gradient(90deg,red,blue)"></div>`)})
	picture := c.Picture()
	small := console.Small(t, picture)
	if len(small) >= len(picture) || string(small[16:24]) != string(picture[16:24]) {
		t.Errorf("%d bytes of %d", len(small), len(picture))
	}
}
