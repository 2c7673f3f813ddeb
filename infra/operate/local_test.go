package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// invokeAPI is a stack on this machine: the file that make local writes, and Lambda's Invoke API behind it.
type invokeAPI struct {
	root   string // of a repository
	server *httptest.Server
	// asked and sent are path and body of the requests; answer is what comes back.
	asked, sent []string
	answer      func(w http.ResponseWriter)
}

func newInvokeAPI(t *testing.T) *invokeAPI {
	t.Helper()
	api := &invokeAPI{root: t.TempDir(), answer: func(w http.ResponseWriter) { _, _ = w.Write([]byte(`"done"`)) }}
	api.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		api.asked, api.sent = append(api.asked, r.Method+" "+r.URL.EscapedPath()), append(api.sent, string(body))
		api.answer(w)
	}))
	t.Cleanup(api.server.Close)
	write(t, filepath.Join(api.root, "go.mod"), "module x\n")
	write(t, filepath.Join(api.root, "deep", "below", "file"), "")
	file, err := json.Marshal(map[string]string{"stack": "excs-try", "region": "eu-central-1", "account": "000000000000", "lambda": api.server.URL + "/", "webhook": "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(api.root, ".local", "stack.json"), string(file))
	t.Chdir(api.root)
	return api
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// here runs a command line with LOCAL=1.
func here(t *testing.T, args ...string) told {
	t.Helper()
	return typedWith(t, map[string]string{"LOCAL": "1", "USER": "kim"}, nil, args...)
}

// LOCAL=1 needs neither the CLI nor an account; stage and stack are those of the stack that runs.
func TestLocalInvokesTheStackOfThisMachine(t *testing.T) {
	api := newInvokeAPI(t)
	t.Setenv("PATH", t.TempDir())
	got := here(t, "explain", "-key", "user/101")
	want(t, got, told{exitDone, "done\n", "account 000000000000, region eu-central-1, stage try, on this machine: explain of excs-try-sync\n"})
	want(t, api.asked, []string{"POST /2015-03-31/functions/excs-try-sync/invocations"})
	want(t, api.sent, []string{`{"action":"explain","keys":["user/101"],"format":"text"}`})
}

// Writes are signed with the user of this machine and need no consent: it is a stack to try things in.
func TestLocalWritesWithoutAsking(t *testing.T) {
	api := newInvokeAPI(t)
	if got := here(t, "pause", "-note", "trying"); got.Status != exitDone {
		t.Fatal(got)
	}
	want(t, api.sent, []string{`{"action":"pause","note":"trying","who":"kim","format":"text"}`})
}

func TestLocalIsFoundFromAnyFolderOfTheRepository(t *testing.T) {
	api := newInvokeAPI(t)
	t.Chdir(filepath.Join(api.root, "deep", "below"))
	if got := here(t, "status"); got.Status != exitDone {
		t.Error(got)
	}
}

// What can be wrong with a local stack, each with what to do.
func TestLocalFailures(t *testing.T) {
	for _, tc := range []struct {
		name string
		harm func(t *testing.T, api *invokeAPI)
		says string
	}{
		{"none runs", func(t *testing.T, api *invokeAPI) {
			if err := os.Remove(filepath.Join(api.root, ".local", "stack.json")); err != nil {
				t.Fatal(err)
			}
		}, "operate: no stack runs on this machine (.local/stack.json is not there): start one with `make local` in another terminal, or leave LOCAL out\n"},
		{"its file is cut off", func(t *testing.T, api *invokeAPI) {
			write(t, filepath.Join(api.root, ".local", "stack.json"), `{"stack":`)
		},
			"end `make local` and start it again"},
		{"its file says nothing", func(t *testing.T, api *invokeAPI) { write(t, filepath.Join(api.root, ".local", "stack.json"), `{}`) },
			"names no stack or no Invoke API: end `make local` and start it again"},
		{"it has ended", func(_ *testing.T, api *invokeAPI) { api.server.Close() }, "is `make local` still running?"},
		{"the function is not there", func(_ *testing.T, api *invokeAPI) {
			api.answer = func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte(`{"Message": "Function not found"}`))
			}
		}, `operate: the local stack refuses to invoke excs-try-status-of: 404 Not Found: {"Message": "Function not found"}` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			api := newInvokeAPI(t)
			tc.harm(t, api)
			args := []string{"status"}
			if strings.Contains(tc.says, "status-of") {
				write(t, filepath.Join(api.root, "event.json"), "{}")
				args = []string{"invoke", "status-of", "event.json"}
			}
			got := here(t, args...)
			if got.Status != exitFailed || got.Out != "" || !strings.Contains(got.Err, tc.says) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A function's error looks the same as in AWS.
func TestLocalFunctionErrors(t *testing.T) {
	api := newInvokeAPI(t)
	api.answer = func(w http.ResponseWriter) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = w.Write([]byte(`{"errorMessage":"sync: run 7 holds the lease","errorType":"conflict"}`))
	}
	got := here(t, "sync")
	want(t, got.Status, exitRefused)
	if !strings.Contains(got.Err, "sync failed (conflict): sync: run 7 holds the lease\nWhat to do: something else is under way") {
		t.Error(got.Err)
	}
}
