package runtime_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"excs/infra/local/aws/runtime"
)

// program is the bootstrap of testdata, built once.
var program string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtime-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "bootstrap")
	if said, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", program, "./testdata/bootstrap").CombinedOutput(); err != nil {
		fmt.Printf("build the bootstrap: %v\n%s", err, said)
		return 1
	}
	return m.Run()
}

// host starts a host that ends with the test.
func host(t *testing.T, o runtime.Options) *runtime.Host {
	t.Helper()
	h, err := runtime.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// log keeps lines.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) line(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	l.text.WriteByte('\n')
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// config is a function that has all it needs; change varies it.
func config(change func(*runtime.Config)) runtime.Config {
	c := runtime.Config{
		Name: "excs-test-echo", ARN: "arn:aws:lambda:eu-central-1:000000000000:function:excs-test-echo", Program: program,
		Memory: 256, Timeout: time.Minute, Region: "eu-central-1", AccessKey: "ROLEecho",
	}
	if change != nil {
		change(&c)
	}
	return c
}

func add(t *testing.T, h *runtime.Host, change func(*runtime.Config)) *runtime.Function {
	t.Helper()
	f, err := h.Add(config(change))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// event is what the bootstrap of testdata takes.
type event struct {
	Do    string
	Text  string `json:",omitempty"`
	MB    int    `json:",omitempty"`
	Until string `json:",omitempty"`
}

func invoke(t *testing.T, f *runtime.Function, e event) runtime.Result {
	t.Helper()
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Invoke(payload)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer is the answer to an event that does not fail.
func answer[T any](t *testing.T, f *runtime.Function, e event) T {
	t.Helper()
	r := invoke(t, f, e)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(r.Payload, &v); err != nil {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	return v
}

// eventually waits until what is true sooner or later is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it never came to this: " + what)
}
