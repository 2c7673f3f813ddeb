package awstest

import (
	"context"
	"os/exec"
	"time"
)

// Tool makes a command that starts commands of its own, as the go command does: when the context ends they all end, and a
// Ctrl-C at the terminal does not reach them on its own.
func Tool(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the caller's own
	endTogether(cmd)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
