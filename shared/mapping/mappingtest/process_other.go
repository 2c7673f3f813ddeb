//go:build !linux

package mappingtest

import "os/exec"

// dieWithParent has no counterpart here: a server that reads its standard input ends with it, others with the test's
// cleanup only.
func dieWithParent(*exec.Cmd) {}
