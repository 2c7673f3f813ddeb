package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg"
	"excs/shared/rules"
)

// The environment variables of the demo. What may hold a password is no argument: every process list shows those.
const (
	varDSN      = "ENGAGE_DSN"
	varSecret   = "EXCS_EXORG_SECRET" //nolint:gosec // the name of a variable
	varSettings = "EXCS_SETTINGS"
)

const usage = `The environment has what may be secret:
  ENGAGE_DSN         read this Configuration Database (postgres://…, sqlserver://…, oracle://…) instead of a
                     generated site; it is never written to
  EXCS_EXORG_SECRET  JSON of an EX Org secret: then a plan is made against that organisation, and nothing is written
  EXCS_SETTINGS      JSON of the settings; default: those of the preset 2023-07
`

// options are what the command line and the environment ask for.
type options struct {
	tier     engagetest.Tier
	rate     int
	dsn      string
	fill     bool
	settings rules.Settings
	secret   *exorg.Secret
}

// parse reads arguments and environment. Its error is one line; help goes to out (flag.ErrHelp).
func parse(args []string, getenv func(string) string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main tells the error, once
	tier := f.String("tier", engagetest.Medium.String(), "size of the generated site: tiny, small, medium, large or stress")
	f.IntVar(&o.rate, "rate", 0, "requests a minute that the simulated EX Org allows; 0: no limit")
	f.BoolVar(&o.fill, "fill", false, "first write the generated site into the PostgreSQL database of ENGAGE_DSN, which must hold none")
	tenant := f.Int64("tenant", 0, fmt.Sprintf("DBID of the Engage tenant; 0: that of the settings, else %d", engagetest.MainTenant))
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(out)
			f.Usage()
			fmt.Fprint(out, usage)
		}
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: see -help", f.Arg(0))
	}
	var err error
	if o.tier, err = engagetest.ParseTier(*tier); err != nil {
		return o, err
	}
	if o.rate < 0 {
		return o, fmt.Errorf("rate %d: give the requests a minute, or 0 for no limit", o.rate)
	}
	o.dsn = strings.TrimSpace(getenv(varDSN))
	if o.fill && o.dsn == "" {
		return o, fmt.Errorf("fill needs %s, the database to fill", varDSN)
	}
	if o.settings, err = settingsOf(getenv(varSettings), *tenant); err != nil {
		return o, err
	}
	o.secret, err = secretOf(getenv(varSecret))
	return o, err
}

// settingsOf gives the settings of the environment, or the default ones of the tenant.
func settingsOf(text string, tenant int64) (rules.Settings, error) {
	if tenant < 0 {
		return rules.Settings{}, fmt.Errorf("tenant %d: give the DBID of the Engage tenant", tenant)
	}
	if strings.TrimSpace(text) == "" {
		if tenant == 0 {
			tenant = engagetest.MainTenant
		}
		s := rules.Default(tenant, rules.Preset202307)
		s.Email.Domain = "agents.example"
		return s, s.Validate()
	}
	s, err := rules.Parse([]byte(text))
	if err != nil {
		return s, fmt.Errorf("%s: %w", varSettings, err)
	}
	if tenant != 0 && tenant != s.Tenant {
		return s, fmt.Errorf("tenant %d is not the tenant %d of %s: leave one out", tenant, s.Tenant, varSettings)
	}
	return s, nil
}

func secretOf(text string) (*exorg.Secret, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil //nolint:nilnil // no secret is no fault
	}
	s, err := exorg.ParseSecret([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", varSecret, err)
	}
	return &s, nil
}
