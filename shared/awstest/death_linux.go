package awstest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when the process that started it dies, even by a kill. The child has a process
// group of its own, so that Ctrl-C at a terminal leaves its end to its parent.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// endTogether puts the command and what it starts into a process group, which ends as a whole.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
