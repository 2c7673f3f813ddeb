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

	_ "github.com/jackc/pgx/v5/stdlib"  // driver pgx
	_ "github.com/microsoft/go-mssqldb" // driver sqlserver
	_ "github.com/sijms/go-ora/v2"      // driver oracle
	_ "modernc.org/sqlite"              // driver sqlite, the embedded default

	"excs/shared/engage/engagetest"
)

// options are what the command line and the environment ask for.
type options struct {
	tier     engagetest.Tier
	rate     int
	dsn      string
	fill     bool
	tenant   int64
	settings string
	secret   string // the EX Org secret's JSON: then a plan is made against that organisation, and nothing is written
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := demo(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo: "+err.Error())
		os.Exit(1)
	}
}

func demo(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	o, err := parse(args, getenv, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	source, err := openSource(ctx, o, out)
	if err != nil {
		return err
	}
	defer source.close()
	if o.secret != "" {
		return planOnly(ctx, o, source, out)
	}
	return show(ctx, o, source, out)
}

func parse(args []string, getenv func(string) string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(out)
	tier := f.String("tier", "medium", "size of the generated site: tiny, small, medium, large or stress")
	f.IntVar(&o.rate, "rate", 0, "requests a minute that the simulated EX Org allows; 0: no limit")
	f.StringVar(&o.dsn, "engage-dsn", "", "read this Configuration Database (postgres://…, sqlserver://…, oracle://…) instead of a generated site; it is never written to")
	f.BoolVar(&o.fill, "fill", false, "first write the generated site into the PostgreSQL database of -engage-dsn, which must be empty")
	f.Int64Var(&o.tenant, "tenant", engagetest.MainTenant, "DBID of the Engage tenant")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.tier, err = engagetest.ParseTier(*tier); err != nil {
		return o, err
	}
	if o.rate < 0 {
		return o, fmt.Errorf("rate %d: give the requests a minute, or 0 for no limit", o.rate)
	}
	if o.fill && o.dsn == "" {
		return o, errors.New("fill needs ENGAGE_DSN, the database to fill")
	}
	o.settings, o.secret = getenv("EXCS_SETTINGS"), getenv("EXCS_EXORG_SECRET")
	return o, nil
}
