package functions_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/stack"
)

// programs is the folder of the real bootstraps, built once for this machine as they are built for Lambda; folders are
// their names.
var (
	programs string
	folders  []string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "functions-"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(programs) }()
	mains, err := filepath.Glob("*/main.go")
	for _, path := range mains {
		folders = append(folders, filepath.Dir(path))
	}
	if err == nil {
		err = stack.Build(context.Background(), "..", programs, folders...)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// lambda is a function on a host of its own, with AWS behind it.
type lambda struct {
	*runtime.Function
	cloud *aws

	mu    sync.Mutex
	lines []string // of standard output and error
}

// start makes a function with an environment; no process runs yet. Everything ends with the test.
func start(t *testing.T, function string, env map[string]string) *lambda {
	t.Helper()
	host, err := runtime.New(t.Context(), runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cloud, url := startAWS(t)
	l := &lambda{cloud: cloud}
	l.Function, err = host.Add(runtime.Config{
		Name: "excs-prod-" + function, ARN: "arn:aws:lambda:eu-central-1:123456789012:function:excs-prod-" + function, Program: filepath.Join(programs, function),
		Variables: env, Memory: 512, Timeout: time.Minute, Region: "eu-central-1", AccessKey: "test", Endpoint: url, LogFormat: "JSON", LogLevel: "INFO", Line: l.line,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *lambda) line(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
}

// stop ends the process and gives everything that it wrote.
func (l *lambda) stop(t *testing.T) []string {
	t.Helper()
	if err := l.Recycle(); err != nil {
		t.Error(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// invoke gives the process a payload and gives its answer.
func (l *lambda) invoke(t *testing.T, payload string) runtime.Result {
	t.Helper()
	r, err := l.Invoke([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// silent fails the test if a line shows the password.
func silent(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		if strings.Contains(line, password) {
			t.Errorf("a line shows a secret: %s", line)
		}
	}
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

// ServeHTTP answers everything with an empty object, says which table the mapping table is, and what a fresh secret holds.
func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.calls = append(a.calls, r.Header.Get("X-Amz-Target"))
	a.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	body := []byte("{}")
	switch r.Header.Get("X-Amz-Target") {
	case "DynamoDB_20120810.DescribeTable":
		body = []byte(`{"Table":{"TableId":"the-table"}}`)
	case "secretsmanager.GetSecretValue": // as a fresh stack makes it
		body = []byte(`{"SecretString":"aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB"}`)
	}
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write(body)
}

func (a *aws) called() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}
