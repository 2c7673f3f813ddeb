package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// programs is the folder of the real bootstraps, built once for this machine.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "functions-"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(programs) }()
	build := exec.Command("go", "build", "-o", programs+string(filepath.Separator), "./snapshot", "./apply", "./sync")
	if said, err := build.CombinedOutput(); err != nil {
		fmt.Printf("build the functions: %v\n%s", err, said)
		return 1
	}
	return m.Run()
}

// limit bounds the life of one process.
const limit = 30 * time.Second

// ended is a process that ran to its end.
type ended struct {
	code  int
	lines []string // of standard output and error
}

// start runs a function with an environment of its own until it ends or stop is called.
func start(t *testing.T, function string, env map[string]string) (wait func() ended, stop func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(programs, function))
	cmd.Env = []string{"AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() ended {
		err := cmd.Wait()
		e := ended{lines: strings.Split(strings.TrimRight(said.String(), "\n"), "\n")}
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			e.code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return e
	}, cancel
}

// aws is an endpoint that knows no table item and no message, and notes what it was asked for.
type aws struct {
	mu    sync.Mutex
	calls []string
}

func startAWS(t *testing.T) (*aws, string) {
	t.Helper()
	a := &aws{}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, server.URL
}

// ServeHTTP answers everything with an empty object.
func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.calls = append(a.calls, r.Header.Get("X-Amz-Target"))
	a.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	body := []byte("{}")
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write(body)
}

func (a *aws) called() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// lambda is the Runtime API for one process: it hands out payloads and keeps the answers (facts: /2018-06-01/runtime).
type lambda struct {
	payloads chan string
	answers  chan outcome
	idle     chan struct{} // closed when the process first asks for work
	once     sync.Once
}

// outcome is the answer to one invocation; Failed says that it was posted as an error.
type outcome struct {
	Failed       bool
	Body         string
	ErrorMessage string `json:"errorMessage"`
	ErrorType    string `json:"errorType"`
}

func startLambda(t *testing.T) (*lambda, string) {
	t.Helper()
	l := &lambda{payloads: make(chan string, 8), answers: make(chan outcome, 8), idle: make(chan struct{})}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return l, strings.TrimPrefix(server.URL, "http://")
}

// ServeHTTP is the Runtime API.
func (l *lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/invocation/next") {
		l.once.Do(func() { close(l.idle) })
		select {
		case payload := <-l.payloads:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(limit).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:excs")
			_, _ = io.WriteString(w, payload)
		case <-r.Context().Done():
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	o := outcome{Failed: strings.HasSuffix(r.URL.Path, "/error"), Body: string(body)}
	_ = json.Unmarshal(body, &o)
	w.WriteHeader(http.StatusAccepted)
	l.answers <- o
}

// invoke hands a payload to the process and gives its answer.
func (l *lambda) invoke(t *testing.T, payload string) outcome {
	t.Helper()
	l.payloads <- payload
	select {
	case o := <-l.answers:
		return o
	case <-time.After(limit):
		t.Fatal("no answer in time")
		return outcome{}
	}
}
