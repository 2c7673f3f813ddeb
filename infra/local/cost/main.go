// Command cost tells what a month of EXCS costs for 500, 5,000 and 30,000 agents.
//
// It reads counts that were measured by running the whole service in this process (testdata/measured.json; -measure
// measures anew), list prices with their date (prices.json) and the synthesized template, returns a table, and never asks
// AWS for anything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	_ "modernc.org/sqlite" // driver sqlite, for the generated sites
)

// Where things are, seen from the root of the repository.
const (
	measuredFile = "infra/local/cost/testdata/measured.json"
	templateFile = "infra/stack/testdata/dev.template.json"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := tell(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cost: "+err.Error())
		os.Exit(1)
	}
}

// options are what the command is asked for.
type options struct {
	format, measured, template string
	measure                    bool
}

func parse(args []string, errs io.Writer) (options, error) {
	o := options{}
	f := flag.NewFlagSet("cost", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.format, "format", formatText, "text, markdown or json")
	f.StringVar(&o.measured, "measured", measuredFile, "the file with the counts")
	f.StringVar(&o.template, "template", templateFile, "the synthesized template of a stage")
	f.BoolVar(&o.measure, "measure", false, "measure anew (some minutes) and keep the counts in the file")
	if err := f.Parse(args); err != nil {
		return o, fmt.Errorf("read the flags: %w", err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("there are no arguments, only flags: %q", f.Arg(0))
	}
	return o, knownFormat(o.format)
}

func tell(ctx context.Context, args []string, out, errs io.Writer) error {
	o, err := parse(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	inventory, err := readInventory(o.template)
	if err != nil {
		return err
	}
	if o.measure {
		if err := measureInto(ctx, o.measured, errs); err != nil {
			return err
		}
	}
	measured, err := readMeasured(o.measured)
	if err != nil {
		return err
	}
	prices, err := listPrices()
	if err != nil {
		return err
	}
	return show(out, o.format, makeReport(measured, inventory, series(), prices))
}

// measureInto measures the three sizes and keeps the counts.
func measureInto(ctx context.Context, path string, progress io.Writer) error {
	m, err := measureAll(ctx, sizes(), func(what string) { fmt.Fprintln(progress, what) }) //nolint:errcheck // progress
	if err != nil {
		return err
	}
	return m.write(path)
}
