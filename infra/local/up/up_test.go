package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/infra/local/aws/stack"
	"excs/infra/local/scene"
)

// shown is an output that several goroutines write.
type shown struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shown) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shown) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// eventually waits until what is true sooner or later is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("it never came to this: " + what)
}

// fetch sends a request and gives the status and the body.
func fetch(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// A stack is up until its context ends: it syncs by itself, answers the Invoke API, shows the dashboard's widget, says in a
// file where it is, and takes no second one beside it. Afterwards the file is gone.
func TestUp(t *testing.T) {
	module, err := scene.Root()
	if err != nil {
		t.Fatal(err)
	}
	programs, root := t.TempDir(), t.TempDir()
	names, err := scene.Functions(module)
	if err == nil {
		err = stack.Build(t.Context(), module, programs, names...)
	}
	if err != nil {
		t.Fatal(err)
	}
	// The template that the tests of infra keep, under the name of the local stack.
	text, err := os.ReadFile(filepath.Join(module, "infra", "stack", "testdata", "dev.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	template := filepath.Join(root, "template.json")
	if err := os.WriteFile(template, bytes.ReplaceAll(text, []byte("excs-dev"), []byte(scene.StackName)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-tier", "tiny", "-template", template, "-programs", programs}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, ended := &shown{}, make(chan error, 1)
	go func() { ended <- up(ctx, root, args, out) }()

	file := filepath.Join(root, ".local", "stack.json")
	var c content
	eventually(t, "the file is written", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(text, &c) == nil
	})
	if c.Stack != "excs-local" || c.Region != "eu-central-1" || c.Account != "000000000000" {
		t.Errorf("the file says %+v", c)
	}
	eventually(t, "it syncs by itself", func() bool { return strings.Contains(out.String(), "applied create user/") })
	if status, body := fetch(t, http.MethodPost, c.Lambda+"/2015-03-31/functions/excs-local-sync/invocations", `{"action":"status","format":"text"}`); status != 200 || !strings.Contains(body, "mapped user") {
		t.Errorf("status answers %d %s", status, body)
	}
	if _, body := fetch(t, http.MethodGet, c.Dashboard, ""); !strings.Contains(body, "EXCS on this machine") {
		t.Errorf("the dashboard is %s", body)
	}
	if status, body := fetch(t, http.MethodPost, c.Dashboard+"call", `{"endpoint":"","payload":{},"theme":"dark"}`); status != 200 || !strings.Contains(body, "Queue members") {
		t.Errorf("the widget is %d %.500s", status, body)
	}
	for body, want := range map[string]int{`{"endpoint":"nobody"}`: http.StatusBadGateway, `{`: http.StatusBadRequest} {
		if status, answer := fetch(t, http.MethodPost, c.Dashboard+"call", body); status != want {
			t.Errorf("%s is answered %d %.300s", body, status, answer)
		}
	}
	if err := up(t.Context(), root, args, io.Discard); err == nil || !strings.Contains(err.Error(), "is up already") {
		t.Errorf("a second one: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is left: %v", err)
	}
	if !strings.Contains(out.String(), "Ctrl-C: everything ends.") || strings.Contains(out.String(), "There was a problem") {
		t.Errorf("it said:\n%s", out)
	}
}

// What a stack that was killed left behind is no hindrance.
func TestWhatIsLeftBehind(t *testing.T) {
	for _, text := range []string{`{"lambda":"http://127.0.0.1:1"}`, `{"lambda":"nonsense"}`, `{`, `{}`} {
		r := record{path: filepath.Join(t.TempDir(), "stack.json")}
		if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.free(t.Context()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Arguments that can not be meant are refused in one line.
func TestParse(t *testing.T) {
	for _, args := range [][]string{{"-tier", "huge"}, {"-rate", "-1"}, {"small"}, {"-nonsense"}} {
		if err := up(t.Context(), t.TempDir(), args, io.Discard); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v gives %v", args, err)
		}
	}
	var help strings.Builder
	if err := up(t.Context(), t.TempDir(), []string{"-help"}, &help); err != nil || !strings.Contains(help.String(), "-rate") {
		t.Errorf("help is %q, %v", help.String(), err)
	}
}

// Which log lines are shown, and how.
func TestActivity(t *testing.T) {
	for _, tc := range []struct{ name, line, want string }{
		{"an applied object", `{"timestamp":"2026-03-02T08:00:00Z","level":"INFO","message":"applied","function":"apply","action":"create","key":"user/104"}`, "apply      applied create user/104"},
		{"a run with changes", `{"level":"INFO","message":"run done","function":"snapshot","run":3,"changes":2,"held":1,"sent":2}`, "snapshot   run 3: 2 changes, 1 held, 2 messages sent"},
		{"a run without changes", `{"level":"INFO","message":"run done","function":"snapshot","run":3}`, ""},
		{"an operator's action", `{"level":"INFO","message":"action done","function":"sync","action":"plan"}`, "sync       plan"},
		{"metrics", `{"_aws":{"Timestamp":1},"level":"INFO","message":"x"}`, ""},
		{"a detail", `{"level":"DEBUG","message":"heard nothing"}`, ""},
		{"a failure", `{"level":"ERROR","message":"object quarantined","function":"apply","key":"user/1","error":"no"}`, "apply      ERROR object quarantined user/1 no"},
		{"another line", `{"level":"INFO","message":"heard","function":"webhook"}`, "webhook    heard"},
		{"what is no JSON", `panic: no`, "excs-local-apply  panic: no"},
	} {
		out := &shown{}
		(&activity{out: out}).line("excs-local-apply", []byte(tc.line))
		got := strings.TrimSpace(out.String())
		if tc.want == "" && got != "" || !strings.HasSuffix(got, tc.want) {
			t.Errorf("%s is shown as %q, want %q", tc.name, got, tc.want)
		}
	}
}
