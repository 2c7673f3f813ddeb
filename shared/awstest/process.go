package awstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ErrMissing says that the program is not installed. The text of the error around it names the command that installs it.
var ErrMissing = errors.New("not installed")

// startLimit is how long a server may take to answer: they take up to three seconds on an idle machine.
const startLimit = time.Minute

// Server is a running server process.
type Server struct {
	// URL is where the server answers, for example http://127.0.0.1:40001.
	URL string

	child *Child
	said  *tail
}

// start runs the command and watches it. stdout gets what the program writes there.
func start(cmd *exec.Cmd, stdout io.Writer) (*Server, error) {
	s := &Server{said: &tail{}}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(stdout, s.said), s.said
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = environment()
	var err error
	s.child, err = StartChild(cmd)
	return s, err
}

// Stop ends the server, by its process id, and waits until it is gone.
func (s *Server) Stop() { s.said.note(s.child.Kill()) }

// Done is closed when the process is gone.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Output is the end of what the server wrote.
func (s *Server) Output() string { return s.said.String() }

// end is what the server wrote and, if it did not end well, how it ended. It is valid once the process is gone.
func (s *Server) end() string {
	s.said.note(s.child.Err())
	return s.said.String()
}

// environment is the parent's without what would lead a server to a real account.
func environment() []string {
	var kept []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AWS_") && !strings.HasPrefix(e, "NODE_OPTIONS=") {
			kept = append(kept, e)
		}
	}
	return kept
}

// infraDirectory is the infra directory of the module around the working directory.
func infraDirectory() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "infra"), nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", errors.New("find the module: no go.mod in or above the working directory")
		}
		at = above
	}
}

// tail keeps the last few kilobytes that were written. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

const tailSize = 4 << 10

// Write keeps p.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) note(err error) {
	if err != nil {
		fmt.Fprintln(t, err)
	}
}

// String gives what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.kept))
}

// lines gives what is written to it line by line; what nobody takes is dropped.
type lines struct {
	rest []byte
	out  chan string
}

// Write cuts p into lines.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.rest = rest
		select {
		case l.out <- strings.TrimSpace(string(line)):
		default:
		}
	}
}

// await bounds a wait for the server's start.
func await(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, startLimit)
}
