package runtime_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"excs/infra/local/aws/runtime"
)

// A process is started for the first event only, and serves the next ones too.
func TestOneProcessServesManyEvents(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{}), nil)
	first, second := invoke(t, f, event{Do: "log"}), invoke(t, f, event{Do: "log"})
	if string(first.Payload) != string(second.Payload) {
		t.Errorf("processes %s and %s worked", first.Payload, second.Payload)
	}
	if !first.Cold || second.Cold || first.Init <= 0 || second.Init != 0 {
		t.Errorf("cold %v in %s, then cold %v in %s", first.Cold, first.Init, second.Cold, second.Init)
	}
	s := f.Figures()
	if s.Invocations != 2 || s.ColdStarts != 1 || len(s.Inits) != 1 || s.MostAtOnce != 1 || s.Errors != 0 || s.Billed < 2*time.Millisecond {
		t.Errorf("figures %+v", s)
	}
	if s.PeakBytes < 1<<20 || s.PeakBytes > 256<<20 {
		t.Errorf("a peak of %d bytes", s.PeakBytes)
	}
	if first.RequestID == second.RequestID || len(first.RequestID) != 36 {
		t.Errorf("request ids %s and %s", first.RequestID, second.RequestID)
	}
}

// The process learns from its invocation who was called and how much time is left.
func TestWhatAnInvocationTells(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{}), func(c *runtime.Config) { c.Timeout = 40 * time.Second })
	got := answer[struct {
		ARN  string
		Left float64
	}](t, f, event{Do: "context"})
	if got.ARN != "arn:aws:lambda:eu-central-1:000000000000:function:excs-test-echo" || got.Left <= 0 || got.Left > 40 {
		t.Errorf("got %+v", got)
	}
}

// The environment is Lambda's and the function's own: nothing of the developer's shell is in it.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the developer's")
	t.Setenv("EXCS_ELSEWHERE", "x")
	f := add(t, host(t, runtime.Options{}), func(c *runtime.Config) {
		c.Variables = map[string]string{"EXCS_TABLE": "excs-test-mapping"}
		c.Endpoint, c.LogFormat, c.LogLevel, c.LogGroup = "http://127.0.0.1:1", "JSON", "INFO", "/aws/lambda/excs-test-echo"
	})
	env := answer[[]string](t, f, event{Do: "environ"})
	for _, want := range []string{
		"EXCS_TABLE=excs-test-mapping", "AWS_LAMBDA_FUNCTION_NAME=excs-test-echo", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=ROLEecho", "AWS_SECRET_ACCESS_KEY=local", "AWS_ENDPOINT_URL=http://127.0.0.1:1",
		"AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL=INFO", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/excs-test-echo", "TZ=:UTC", "_HANDLER=bootstrap",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(program),
	} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "LAMBDA_") && !slices.Contains([]string{"EXCS_TABLE", "TZ", "LANG", "PATH", "_HANDLER", "_X_AMZN_TRACE_ID"}, name) || name == "AWS_PROFILE" {
			t.Errorf("%s is of nobody's business", name)
		}
	}
}

// What a function can not be is refused before anything runs.
func TestConfigurationsThatLambdaRefuses(t *testing.T) {
	t.Parallel()
	h := host(t, runtime.Options{})
	for _, tc := range []struct {
		name, says string
		change     func(*runtime.Config)
	}{
		{"a variable of Lambda's own", "AWS_REGION is reserved", func(c *runtime.Config) { c.Variables = map[string]string{"AWS_REGION": "x"} }},
		{"variables over 4 KB", "take 4097 bytes", func(c *runtime.Config) { c.Variables = map[string]string{"A": strings.Repeat("x", 4096)} }},
		{"less memory than the least", "100 MB", func(c *runtime.Config) { c.Memory = 100 }},
		{"more time than the most", "16m0s", func(c *runtime.Config) { c.Timeout = 16 * time.Minute }},
		{"no time", "0s", func(c *runtime.Config) { c.Timeout = 0 }},
		{"a program on the path", "no absolute path", func(c *runtime.Config) { c.Program = "bootstrap" }},
	} {
		if _, err := h.Add(config(tc.change)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}

// Every way to fail has Lambda's type and text, and the function works again after it.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, kind, says string
		event            event
		fresh            bool // the process is a new one afterwards
	}{
		{"an error of the handler leaves the process", "errorString", "out of luck", event{Do: "fail", Text: "out of luck"}, false},
		{"a process that ends", runtime.TypeExit, "Error: Runtime exited with error: exit status 2", event{Do: "exit"}, true},
		{"an invocation that takes too long", runtime.TypeTimeout, "Task timed out after 1.00 seconds", event{Do: "wait", Until: "/nonexistent/file"}, true},
		{"a process that takes too much memory", runtime.TypeMemory, "more than the 256 MB", event{Do: "grow", MB: 300, Until: "/nonexistent/file"}, true},
		{"an answer over 6 MB", runtime.TypeLarge, "exceeded maximum allowed payload size", event{Do: "large"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			said := &log{}
			f := add(t, host(t, runtime.Options{}), func(c *runtime.Config) {
				c.Line = said.line
				if tc.kind == runtime.TypeTimeout {
					c.Timeout = time.Second
				}
			})
			before := answer[int](t, f, event{Do: "log"})
			r := invoke(t, f, tc.event)
			if got := r.Failure(); r.FunctionError != runtime.Unhandled || got.Type != tc.kind || r.ErrorType != tc.kind || !strings.Contains(got.Message, tc.says) {
				t.Errorf("the result is %+v, the failure %+v", r.Report, got)
			}
			if r.Err() == nil || !strings.Contains(r.Err().Error(), tc.says) {
				t.Errorf("the error is %v", r.Err())
			}
			if after := answer[int](t, f, event{Do: "log"}); (after != before) != tc.fresh {
				t.Errorf("process %d before, %d after", before, after)
			}
			if tc.event.Do == "exit" && !strings.Contains(said.String(), "last words\n") {
				t.Errorf("what the process said last is lost: %q", said)
			}
			if s := f.Figures(); s.Errors != 1 || s.Invocations != 3 {
				t.Errorf("figures %+v", s)
			}
		})
	}
}

// A process that does not get to its first event is a failure of the invocation that needed it.
func TestStartsThatFail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, start, kind, says string
	}{
		{"it ends at the start", "exit", runtime.TypeExit, "exit status 3"},
		{"it hangs at the start", "hang", runtime.TypeInitTimeout, "Init timed out after 0.30 seconds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := add(t, host(t, runtime.Options{InitLimit: 300 * time.Millisecond}), func(c *runtime.Config) { c.Variables = map[string]string{"START": tc.start} })
			r := invoke(t, f, event{Do: "echo"})
			if got := r.Failure(); !r.Cold || got.Type != tc.kind || !strings.Contains(got.Message, tc.says) {
				t.Errorf("the failure is %+v", got)
			}
		})
	}
	f := add(t, host(t, runtime.Options{}), func(c *runtime.Config) { c.Program = "/nonexistent/bootstrap" })
	if got := invoke(t, f, event{Do: "echo"}).Failure(); got.Type != runtime.TypeBinary || !strings.Contains(got.Message, "start bootstrap") {
		t.Errorf("the failure is %+v", got)
	}
}

// As many processes as invocations run at once, and no more; a process that is free again is used before a new one.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{Concurrency: 4}), func(c *runtime.Config) { c.Reserved = 3 })
	until := filepath.Join(t.TempDir(), "go")
	var wait sync.WaitGroup
	var mu sync.Mutex
	processes := map[string]bool{}
	for range 3 {
		wait.Go(func() {
			r := invoke(t, f, event{Do: "wait", Until: until})
			mu.Lock()
			defer mu.Unlock()
			processes[string(r.Payload)] = true
		})
	}
	eventually(t, "three run at once", func() bool { return f.Figures().MostAtOnce == 3 })
	if _, err := f.Invoke([]byte(`{"Do":"echo"}`)); !errors.Is(err, runtime.ErrThrottled) {
		t.Errorf("the fourth was let in: %v", err)
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	if len(processes) != 3 {
		t.Errorf("%d processes worked on three invocations at once", len(processes))
	}
	for range 20 {
		if pid := string(invoke(t, f, event{Do: "log"}).Payload); !processes[pid] {
			t.Fatalf("process %s is new", pid)
		}
	}
	if s := f.Figures(); s.ColdStarts != 3 || s.Throttles != 1 || s.MostAtOnce != 3 {
		t.Errorf("figures %+v", s)
	}
}

// The account's concurrency bounds all functions together.
func TestConcurrencyOfTheAccount(t *testing.T) {
	t.Parallel()
	h := host(t, runtime.Options{Concurrency: 1})
	one, other := add(t, h, nil), add(t, h, nil)
	until := filepath.Join(t.TempDir(), "go")
	var wait sync.WaitGroup
	wait.Go(func() { invoke(t, one, event{Do: "wait", Until: until}) })
	eventually(t, "one runs", func() bool { return one.Figures().MostAtOnce == 1 })
	if _, err := other.Invoke([]byte(`{}`)); !errors.Is(err, runtime.ErrThrottled) {
		t.Errorf("the other was let in: %v", err)
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	if got := answer[string](t, other, event{Do: "echo", Text: "now"}); got != "now" {
		t.Errorf("got %q", got)
	}
}

// Between two invocations nothing in the process runs.
func TestAProcessIsFrozenBetweenInvocations(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{}), nil)
	before := answer[int](t, f, event{Do: "ticks"})
	time.Sleep(300 * time.Millisecond)
	if after := answer[int](t, f, event{Do: "ticks"}); after-before > 100 {
		t.Errorf("a goroutine went on from %d to %d while the process was idle", before, after)
	}
}

// What the function writes comes line by line, from both streams.
func TestLines(t *testing.T) {
	t.Parallel()
	said := &log{}
	var reports []runtime.Report
	f := add(t, host(t, runtime.Options{}), func(c *runtime.Config) {
		c.Line, c.Done = said.line, func(r runtime.Report) { reports = append(reports, r) }
	})
	invoke(t, f, event{Do: "log", Text: `{"level":"INFO"}` + "\n" + `{"_aws":{}}`})
	eventually(t, "all lines are there", func() bool {
		return strings.Contains(said.String(), "on the other stream\n") && strings.Contains(said.String(), "{\"level\":\"INFO\"}\n{\"_aws\":{}}\n")
	})
	if n := f.Figures().LogBytes; n != int64(len(said.String())) {
		t.Errorf("%d bytes are counted, %d were written", n, len(said.String()))
	}
	if len(reports) != 1 || reports[0].Function != "excs-test-echo" || !reports[0].Cold || reports[0].Billed < reports[0].Init {
		t.Errorf("reports %+v", reports)
	}
}

func TestPayloadsOverTheLimit(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{}), nil)
	if _, err := f.Invoke(make([]byte, runtime.PayloadLimit+1)); !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("the error is %v", err)
	}
}

// Close ends idle and busy processes; nobody is left, and nothing runs afterwards.
func TestClose(t *testing.T) {
	t.Parallel()
	h, err := runtime.New(t.Context(), runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	said := &log{}
	f := add(t, h, func(c *runtime.Config) { c.Line = said.line })
	pids := []int{answer[int](t, f, event{Do: "log"})}
	ended := make(chan error)
	go func() {
		_, err := f.Invoke([]byte(`{"Do":"wait","Until":"/nonexistent/file"}`))
		ended <- err
	}()
	eventually(t, "it is busy", func() bool { return f.Figures().Invocations == 1 && f.Figures().MostAtOnce == 1 })
	if err := errors.Join(h.Close(), h.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("the invocation ended with %v", err)
	}
	if _, err := f.Invoke([]byte(`{}`)); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("a closed host answers %v", err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %s is left: %v", strconv.Itoa(pid), err)
		}
	}
}

// A process can be started before there is an event for it.
func TestWarm(t *testing.T) {
	t.Parallel()
	h := host(t, runtime.Options{})
	f := add(t, h, nil)
	if r, err := f.Warm(); err != nil || !r.Cold || r.Init <= 0 || r.PeakBytes <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r := invoke(t, f, event{Do: "log"}); r.Cold {
		t.Error("the event had to wait for another process")
	}
	bad := add(t, h, func(c *runtime.Config) { c.Variables = map[string]string{"START": "exit"} })
	if _, err := bad.Warm(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("the error is %v", err)
	}
}

// Recycle makes the next invocation a cold start.
func TestRecycle(t *testing.T) {
	t.Parallel()
	f := add(t, host(t, runtime.Options{}), nil)
	before := answer[int](t, f, event{Do: "log"})
	if err := f.Recycle(); err != nil {
		t.Fatal(err)
	}
	if after := answer[int](t, f, event{Do: "log"}); after == before || f.Figures().ColdStarts != 2 {
		t.Errorf("process %d, then %d", before, after)
	}
}
