// Command deploy creates, changes or removes the stack of a stage. `make deploy`, `make destroy` and `make diff` call it.
//
// It reads cdk.json and the variables STAGE, REGION, YES and TABLE, calls the AWS CLI and the CDK CLI, and changes nothing
// before it has shown account, region, stage and what will change, and was told to go on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"excs/infra/stages"
)

// The exit codes: a refusal is told from a usage that makes no sense and from a call that failed.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
)

// refusal is a deliberate stop: nothing was changed.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

func refused(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	d := deployment{
		dir: ".", getenv: os.Getenv, in: os.Stdin, out: os.Stderr, terminal: stages.IsTerminal(os.Stdin),
		cdk: filepath.Join("infra", "node_modules", ".bin", "cdk"),
	}
	code := d.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// deployment is one call of the command.
type deployment struct {
	dir      string // the root of the repository
	getenv   func(string) string
	in       io.Reader
	out      io.Writer
	terminal bool   // somebody can be asked
	cdk      string // the path of the CDK CLI
}

func (d *deployment) main(ctx context.Context, args []string) int {
	err := d.run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(d.out, "excs: "+err.Error()) //nolint:errcheck // to the operator
	switch {
	case errors.As(err, new(usageError)):
		return exitUsage
	case errors.As(err, new(refusal)):
		return exitRefused
	}
	return exitFailed
}

func (d *deployment) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usageError{errors.New("one action is needed: deploy, destroy or diff")}
	}
	s, err := d.open(ctx)
	if err != nil {
		return err
	}
	switch args[0] {
	case "deploy":
		return s.deploy(ctx)
	case "destroy":
		return s.destroy(ctx)
	case "diff":
		return s.run(ctx, s.cdk, "diff", "-c", "stage="+s.stage.Name)
	}
	return usageError{fmt.Errorf("%q is no action: deploy, destroy or diff", args[0])}
}
