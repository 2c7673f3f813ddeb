//go:build unix

package runtime

import (
	"syscall"

	"excs/shared/awstest"
)

func stop(c *awstest.Child) error   { return c.Signal(syscall.SIGSTOP) }
func resume(c *awstest.Child) error { return c.Signal(syscall.SIGCONT) }
