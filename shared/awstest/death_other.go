//go:build !linux

package awstest

import "os/exec"

// dieWithParent does nothing where the kernel offers no such thing: there Stop and the context end the child.
func dieWithParent(*exec.Cmd) {}

// endTogether does nothing where there are no such groups: there the command alone ends at once, and what it started when
// its work is done.
func endTogether(*exec.Cmd) {}
