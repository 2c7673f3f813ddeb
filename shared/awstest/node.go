package awstest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// installNode is what makes the packages available.
const installNode = "npm --prefix infra ci"

// StartNode runs an ECMAScript module that starts a server and prints its URL as the first line. Packages are found in
// infra/node_modules. The error wraps ErrMissing when node or a package of the script is not installed.
func StartNode(ctx context.Context, script string) (*Server, error) {
	directory, err := infraDirectory()
	if err != nil {
		return nil, err
	}
	program, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node is %w: install Node 20 or later, then run %s", ErrMissing, installNode)
	}
	// A script given as text is resolved against the working directory, hence infra/node_modules.
	cmd := exec.CommandContext(ctx, program, "--input-type=module", "--eval", script) //nolint:gosec // the caller's own script
	cmd.Dir = directory
	first := &lines{out: make(chan string, 1)}
	s, err := start(cmd, first)
	if err != nil {
		return nil, err
	}
	limit, cancel := await(ctx)
	defer cancel()
	select {
	case s.URL = <-first.out:
		return s, nil
	case <-s.Done():
		return nil, earlyEnd(s.end())
	case <-limit.Done():
		s.Stop()
		return nil, fmt.Errorf("the node script did not print its URL: %w: %s", limit.Err(), s.Output())
	}
}

func earlyEnd(said string) error {
	if strings.Contains(said, "ERR_MODULE_NOT_FOUND") {
		return fmt.Errorf("a package of the node script is %w: run %s", ErrMissing, installNode)
	}
	return errors.New("the node script ended before it printed its URL: " + lastLines(said))
}

// lastLines keeps an error to what one reads.
func lastLines(s string) string {
	const most = 600
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}
