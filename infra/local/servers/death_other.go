//go:build !linux

package servers

import "os/exec"

// dieWithParent does nothing where the kernel offers no such thing: there Stop and the context end the child.
func dieWithParent(*exec.Cmd) {}
