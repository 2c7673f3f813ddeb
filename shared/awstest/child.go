package awstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Child is a running process that ends, at the latest, with the process that started it (on Linux, even by a kill), and
// that an interrupt at the terminal does not reach: whoever started it ends it.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; valid once done is closed
}

// StartChild starts the command, whose output and environment are the caller's.
func StartChild(cmd *exec.Cmd) (*Child, error) {
	c := &Child{cmd: cmd, done: make(chan struct{})}
	dieWithParent(cmd)
	started := make(chan error)
	go func() {
		// The kernel ties "my parent died" to the thread that started the child, so that thread must live as long.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	return c, nil
}

// Kill ends the child, by its process id, and waits until it is gone and everything it wrote is read. The error says that
// it could not be ended.
func (c *Child) Kill() error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", filepath.Base(c.cmd.Path), err)
	}
	<-c.done
	return nil
}

// Signal sends a signal to the child.
func (c *Child) Signal(s os.Signal) error { return c.cmd.Process.Signal(s) }

// PID is its process id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the child is gone.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how the child ended, nil for status 0. It is valid once Done is closed.
func (c *Child) Err() error { return c.err }
