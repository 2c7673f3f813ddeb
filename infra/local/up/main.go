// Command up keeps the deployed service up on this machine until Ctrl-C: a generated site in PostgreSQL, the twin of an EX
// Org, and the stack of the template between them, its schedules ticking. `LOCAL=1 make plan` and the like talk to it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"excs/infra/local/scene"
	"excs/shared/engage/engagetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root, err := scene.Root()
	if err == nil {
		err = up(ctx, root, os.Args[1:], os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "local: "+err.Error())
		os.Exit(1)
	}
}

// parse reads arguments: what is set up, with schedules that tick.
func parse(args []string, out io.Writer) (scene.Options, error) {
	o := scene.Options{Tier: engagetest.Small, Seed: 1, Ticking: true}
	err := scene.ParseFlags("local", args, out, &o, func(f *flag.FlagSet) {
		f.IntVar(&o.Rate, "rate", 0, "requests a minute that the EX Org allows; 0: no limit")
	})
	if err == nil && o.Rate < 0 {
		err = fmt.Errorf("rate %d: give the requests of a minute, or 0 for no limit", o.Rate)
	}
	return o, err
}

// up is the whole program but for its exit status. It ends with its context, which is no failure.
func up(ctx context.Context, root string, args []string, out io.Writer) (err error) {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	file := record{path: filepath.Join(root, filepath.FromSlash(recordPath))}
	if err := file.free(ctx); err != nil {
		return err
	}
	activity := &activity{out: out}
	o.Root, o.Line = root, activity.line
	o.Step = func(what string, took time.Duration) { activity.say("%5.1f s  %s", took.Seconds(), what) }
	s, err := scene.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	board, err := serveBoard(s.Stack)
	if err != nil {
		return err
	}
	if err := file.write(s, board); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.remove()) }()
	introduce(activity, s, o, board)
	// The first minute of a stack is a long one for who watches: the schedule fires once more, right now.
	if err := s.Stack.Fire("snapshot"); err != nil {
		return err
	}
	<-ctx.Done()
	activity.say("Ctrl-C: everything ends.")
	for _, p := range s.Stack.Problems() {
		activity.say("There was a problem around the functions: %s", p)
	}
	return nil
}

func introduce(a *activity, s *scene.Scene, o scene.Options, board string) {
	a.say(`
The stack %s is up, with a site of the tier %s and an empty EX Org; its schedules tick: %v.
  dashboard's widget   %s
  webhook              %s  (header x-excs-secret: %s)
  EX Org               %s
  Engage               psql '%s'
  operate it           LOCAL=1 make status | plan | sync | explain KEY=user/104 | list | replay   (in another terminal)
  a sample payload     LOCAL=1 make invoke FUNCTION=sync EVENT=events/sync-plan.json
Ctrl-C ends everything. What the functions do:
`, s.Stack.Name(), o.Tier, s.Stack.Schedules(), board, s.Stack.Output("WebhookUrl"), s.Stack.Secret("webhook"), s.OrgURL, s.AdminDSN())
}
