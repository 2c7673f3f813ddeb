package servers

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when the process that started it dies, even by a kill.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
