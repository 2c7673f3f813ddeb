// Command demo runs the whole of EXCS on one machine: a generated Engage site (or a Configuration Database that is there),
// the mapping table's and the queues' twins in memory, and an EX Org that is simulated over HTTP. It shows a first sync,
// a few changes, and that nothing is left to do.
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

	_ "modernc.org/sqlite" // driver sqlite, the embedded default

	"excs/shared/engage/drivers"
)

func main() {
	drivers.Register()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := demo(ctx, os.Args[1:], os.Getenv, os.Stdout, wallClock())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo: "+oneLine(err))
		os.Exit(1)
	}
}

// demo is the whole program but for its exit status.
func demo(ctx context.Context, args []string, getenv func(string) string, out io.Writer, c clock) (err error) {
	o, err := parse(args, getenv, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	source, err := openSource(ctx, o, out, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	if o.secret != nil {
		return planOnly(ctx, *o.secret, source, out)
	}
	return show(ctx, o, source, out, c)
}

// oneLine joins the lines of an error: some drivers and errors.Join write several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
