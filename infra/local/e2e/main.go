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

// options are what the command line asks for.
type options struct {
	tier     engagetest.Tier
	template string
	programs string
	logs     string
}

// parse reads arguments. Its error is one line; help goes to out (flag.ErrHelp).
func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("e2e", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main tells the error, once
	tier := f.String("tier", engagetest.Medium.String(), "size of the generated site: tiny or small are quick, medium is the proof")
	f.StringVar(&o.template, "template", "", "a template that is synthesized already; default: synthesize it now")
	f.StringVar(&o.programs, "programs", "", "a folder of functions compiled for this machine; default: compile them now")
	f.StringVar(&o.logs, "logs", "", "write what the functions log into this file")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(out)
			f.Usage()
		}
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: see -help", f.Arg(0))
	}
	var err error
	o.tier, err = engagetest.ParseTier(*tier)
	return o, err
}

// e2e is the whole program but for its exit status.
func e2e(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	begun := time.Now()
	log, err := openLog(o.logs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.close()) }()
	root, err := scene.Root()
	if err != nil {
		return err
	}
	s := &story{out: out, tier: o.tier, extra: nothing()}
	s.section("Deploy")
	s.scene, err = scene.Open(ctx, scene.Options{
		Root: root, Tier: o.tier, Seed: 1, Template: o.template, Programs: o.programs, Line: log.line, Step: s.step,
		RetryDelay: func(int) time.Duration { return time.Second },
	})
	if err != nil {
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
