// Command e2e proves the deployed service on this machine: it synthesizes the template, runs the real bootstraps as the
// template says, and tells a story in which each use of the service is a section that a person can read. It ends with
// status 1 at the first expectation that does not hold, and it ends every process that it started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"excs/infra/local/scene"
	"excs/shared/engage/engagetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := e2e(ctx, os.Args[1:], os.Stdout)
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted; everything that it started has ended")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: "+err.Error())
		os.Exit(1)
	}
}

// parse reads arguments: what is set up, and the file that takes what the functions log.
func parse(args []string, out io.Writer) (o scene.Options, logs string, err error) {
	o = scene.Options{Tier: engagetest.Medium, Seed: 1, RetryDelay: func(int) time.Duration { return time.Second }}
	err = scene.ParseFlags("e2e", args, out, &o, func(f *flag.FlagSet) {
		f.StringVar(&logs, "logs", "", "write what the functions log into this file")
	})
	return o, logs, err
}

// e2e is the whole program but for its exit status.
func e2e(ctx context.Context, args []string, out io.Writer) (err error) {
	o, logs, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	begun := time.Now()
	log, err := openLog(logs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.close()) }()
	if o.Root, err = scene.Root(); err != nil {
		return err
	}
	s := &story{out: out, tier: o.Tier, extra: nothing()}
	s.section("Deploy")
	o.Line, o.Step = log.line, s.step
	if s.scene, err = scene.Open(ctx, o); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.scene.Close()) }()
	if err := s.tell(ctx); err != nil {
		return s.why(err)
	}
	s.say("\nEverything holds: %.0f s in all.", time.Since(begun).Seconds())
	return nil
}

// logFile takes what functions log; without a path it takes nothing.
type logFile struct{ file *os.File }

func openLog(path string) (logFile, error) {
	if path == "" {
		return logFile{}, nil
	}
	file, err := os.Create(path) //nolint:gosec // the caller's own path
	return logFile{file}, err
}

func (l logFile) line(function string, line []byte) {
	if l.file != nil {
		_, _ = fmt.Fprintf(l.file, "%s %s\n", function, line) // a log that can not be written fails nothing
	}
}

func (l logFile) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// why adds to a failure what the functions said last.
func (s *story) why(err error) error {
	var said []string
	for _, name := range s.scene.Stack.Functions() {
		for _, line := range s.scene.Stack.Lines(name) {
			if strings.Contains(line, `"level":"ERROR"`) {
				said = append(said, "  "+name+": "+line)
			}
		}
	}
	for _, p := range s.scene.Stack.Problems() {
		said = append(said, "  "+p)
	}
	const most = 12
	said = said[max(0, len(said)-most):]
	if len(said) == 0 {
		return fmt.Errorf("section %d (%s): %w", s.number, s.title, err)
	}
	return fmt.Errorf("section %d (%s): %w\nwhat went wrong last:\n%s", s.number, s.title, err, strings.Join(said, "\n"))
}
