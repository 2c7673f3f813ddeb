package mappingtest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when the test's process is gone, however it went.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
