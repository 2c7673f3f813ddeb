//go:build unix

package runtime

import (
	"syscall"

	"excs/infra/local/aws/servers"
)

func stop(c *servers.Child) error   { return c.Signal(syscall.SIGSTOP) }
func resume(c *servers.Child) error { return c.Signal(syscall.SIGCONT) }
