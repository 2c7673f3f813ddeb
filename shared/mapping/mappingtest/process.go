package mappingtest

import (
	"bufio"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"
)

// process is a server that ends with the test that started it.
type process struct {
	cmd   *exec.Cmd
	lines chan string
	ended chan struct{}
	err   error // valid once ended is closed
	said  tail
}

// tail keeps the end of what a server says on its standard error, for the test that fails.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 2000

// Write never fails.
func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = append(w.last, b...)
	w.last = w.last[max(0, len(w.last)-tailBytes):]
	return len(b), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.last)
}

// start runs the server. It is ended by its process id when the test ends, and by the kernel if the test dies first.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	p := &process{cmd: cmd, lines: make(chan string, 1), ended: make(chan struct{})}
	cmd.Stderr = &p.said
	started := make(chan error)
	go func() {
		// The kernel's signal comes when the thread that started the child ends, so this one has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.drain(stdout)
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// drain keeps the first line of the output and drops the rest, so that the server never waits for a reader.
func (p *process) drain(out io.Reader) {
	s := bufio.NewScanner(out)
	if s.Scan() {
		p.lines <- s.Text()
	}
	_, _ = io.Copy(io.Discard, out)
}

// firstLine waits for the first line that the server prints.
func (p *process) firstLine(t *testing.T) string {
	t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-p.ended:
		t.Fatalf("%s ended before it said where it listens: %v\n%s", p.cmd.Path, p.err, &p.said)
	case <-time.After(startWithin):
		t.Fatalf("%s did not say within %s where it listens\n%s", p.cmd.Path, startWithin, &p.said)
	}
	return ""
}
