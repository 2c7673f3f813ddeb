// Command operate is what an operator types: it invokes a function of a stage, through the aws CLI or, with LOCAL=1, in the
// stack that `make local` keeps up, and shows the answer.
//
// It reads flags, the environment and an answer, returns text or JSON on the standard output (where it acts stands on the
// standard error, first), and never writes anything itself: the functions do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"excs/infra/stages"
)

// The exit statuses: what was asked for is done; it failed for another reason; it was not understood; it was refused or is held; what it is about
// is not there; something did not answer, and the same command may work later.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitNotFound    = 4
	exitUnavailable = 5
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := console{
		lookup: os.LookupEnv, in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: stages.IsTerminal(os.Stdin),
	}.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// console is the operator's side: what they typed into, and what they see.
type console struct {
	// lookup reads the environment. A variable that is there and empty is not the same as none: see whole.
	lookup   func(string) (string, bool)
	in       io.Reader
	out, err io.Writer
	terminal bool // in is one: questions make sense
}

func (c console) getenv(name string) string {
	value, _ := c.lookup(name)
	return value
}

// usageError is a command that was not understood.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func misused(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errHelp says that the usage was asked for and shown.
var errHelp = errors.New("help")

// run does one command and gives the exit status.
func (c console) run(ctx context.Context, args []string) int {
	err := c.do(ctx, args)
	var usage *usageError
	var failed *functionError
	switch {
	case err == nil, errors.Is(err, errHelp):
		return exitDone
	case errors.As(err, &usage):
		c.say("operate: %s", usage)
		return exitUsage
	case errors.As(err, &failed):
		c.say("%s", failed)
		return failed.status()
	case ctx.Err() != nil:
		c.say("operate: interrupted. A function that was invoked goes on by itself: make status tells.")
	default:
		c.say("operate: %s", err)
	}
	return exitFailed
}

// say writes a line for the operator. Where they can not be told anything more, nothing is left to be done about it.
func (c console) say(format string, args ...any) {
	fmt.Fprintln(c.err, harmless(fmt.Sprintf(format, args...)))
} //nolint:errcheck // see above

func (c console) do(ctx context.Context, args []string) error {
	cmd, err := c.parse(args)
	if err != nil {
		return err
	}
	payload, err := cmd.payload()
	if err != nil {
		return err
	}
	target, err := c.connect(ctx, cmd)
	if err != nil {
		return err
	}
	if payload, err = cmd.signed(payload, target.place()); err != nil {
		return err
	}
	c.say("%s", target.place().line(cmd))
	if err := c.consent(cmd, target.place()); err != nil {
		return err
	}
	answer, err := target.invoke(ctx, payload)
	if err != nil {
		return err
	}
	return c.show(cmd, target.place(), answer)
}

// target is where functions are invoked.
type target interface {
	// place says which functions these are.
	place() place
	// invoke calls the function of the command and waits for its answer.
	invoke(ctx context.Context, payload []byte) (answer, error)
}

// connect finds the stage that the command is for.
func (c console) connect(ctx context.Context, cmd command) (target, error) {
	if cmd.local {
		return openLocal(cmd, c.getenv)
	}
	return openAWS(ctx, cmd, c.getenv)
}

// place is one function of one stage.
type place struct {
	account, region, stage, stack, function string
	// caller is who invokes: the last part of the ARN, or the name of the user at this machine.
	caller string
	local  bool
}

// line is what an operator must see before anything else.
func (p place) line(cmd command) string {
	where := ""
	if p.local {
		where = ", on this machine"
	}
	return fmt.Sprintf("account %s, region %s, stage %s%s: %s of %s", p.account, p.region, p.stage, where, cmd.name, p.function)
}
