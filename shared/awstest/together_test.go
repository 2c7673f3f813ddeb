package awstest_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"excs/shared/awstest"
)

// A tool ends with its context, and what it started with it.
func TestAToolEndsWithWhatItStarted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := awstest.Tool(ctx, "sh", "-c", "sleep 600 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well")
	}
	for range 500 {
		// What is left of it waits for somebody to take note: it runs no more.
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(err, os.ErrNotExist) || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || strings.Contains(string(status), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is left", pid)
}

// A child that is signalled and killed is gone, and says how it ended.
func TestAChildSaysHowItEnded(t *testing.T) {
	t.Parallel()
	child, err := awstest.StartChild(awstest.Tool(t.Context(), "sh", "-c", "exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	<-child.Done()
	if child.Err() == nil || child.Err().Error() != "exit status 3" {
		t.Errorf("it ended with %v", child.Err())
	}
	if err := child.Kill(); err != nil {
		t.Error(err)
	}
	slow, err := awstest.StartChild(awstest.Tool(t.Context(), "sleep", "600"))
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.Kill(); err != nil || slow.Err() == nil {
		t.Errorf("%v, it ended with %v", err, slow.Err())
	}
	if err := syscall.Kill(slow.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is left: %v", slow.PID(), err)
	}
	if _, err := awstest.StartChild(awstest.Tool(t.Context(), "/nonexistent/program")); err == nil || !strings.Contains(err.Error(), "start program") {
		t.Errorf("the error is %v", err)
	}
}
