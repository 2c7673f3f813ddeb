package awstest_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"excs/shared/awstest"
)

const hello = `
	import http from "node:http";
	const s = http.createServer((q, a) => a.end("hello " + process.pid + " " + process.env.AWS_PROFILE));
	s.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + s.address().port));`

// TestMain can play a parent that starts a server and is killed.
func TestMain(m *testing.M) {
	if os.Getenv("SERVERS_TEST_PARENT") == "" {
		os.Exit(m.Run())
	}
	s, err := awstest.StartNode(context.Background(), hello)
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(s.URL + "\n")
	select {}
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	line, _ := bufio.NewReader(response.Body).ReadString('\n')
	return line
}

// gone waits until nobody listens at the address.
func gone(t *testing.T, url string) {
	t.Helper()
	for range 200 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the server at %s is still there", url)
}

func TestAServerAnswersUntilItIsStopped(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	s, err := awstest.StartNode(t.Context(), hello)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, s.URL); !strings.HasPrefix(got, "hello ") || !strings.HasSuffix(got, " undefined") {
		t.Errorf("it answers %q: the developer's account must not reach it", got)
	}
	s.Stop()
	gone(t, s.URL)
	s.Stop()
	<-s.Done()
}

func TestAServerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := awstest.StartNode(ctx, hello)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-s.Done()
	gone(t, s.URL)
}

// A test process that dies cleans nothing up: the kernel does it.
func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), "SERVERS_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url = strings.TrimSpace(url)
	pid, err := strconv.Atoi(strings.Fields(get(t, url))[1])
	if err != nil || pid == parent.Process.Pid {
		t.Fatalf("the server's process is %d: %v", pid, err)
	}
	if err := parent.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent was not killed")
	}
	gone(t, url)
}

func TestScriptsThatStartNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, script, want string
		missing            bool
	}{
		{"a package that is not there", `import "no-such-package-of-ours"`, "run npm --prefix infra ci", true},
		{"a script that fails", `throw new Error("out of luck")`, "out of luck", false},
		{"a script that ends", `console.error("bye")`, "bye", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := awstest.StartNode(t.Context(), tc.script)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), tc.want) || errors.Is(err, awstest.ErrMissing) != tc.missing {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAScriptThatSaysNothingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := awstest.StartNode(ctx, `setInterval(() => {}, 1000)`); err == nil {
		t.Error("it started")
	}
}

// Without the programs the errors name what installs them.
func TestMissingPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, nodeErr := awstest.StartNode(t.Context(), hello)
	_, motoErr := awstest.StartMoto(t.Context())
	for want, err := range map[string]error{"npm --prefix infra ci": nodeErr, "pip install": motoErr} {
		if !errors.Is(err, awstest.ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}

// A shim that knows no such program answers 127, as shells do.
func TestAShimWithoutMotoIsMissingToo(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(bin+"/moto_server", []byte("#!/bin/sh\nexit 127\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	if _, err := awstest.StartMoto(t.Context()); !errors.Is(err, awstest.ErrMissing) {
		t.Errorf("the error is %v", err)
	}
	if err := os.WriteFile(bin+"/moto_server", []byte("#!/bin/sh\necho no luck >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := awstest.StartMoto(t.Context()); err == nil || errors.Is(err, awstest.ErrMissing) || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("the error is %v", err)
	}
}
