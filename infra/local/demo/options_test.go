package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/rules"
)

const hidden = "pa55word"

// What the demo can not do is one line on standard error, status 1, nothing on standard output, and no secret.
func TestRefused(t *testing.T) {
	program := filepath.Join(t.TempDir(), "demo")
	if said, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	tests := []struct {
		name string
		args []string
		env  string
		says string
	}{
		{"a tier that does not exist", []string{"-tier", "nonsense"}, "", `demo: tier "nonsense" is unknown: use one of tiny, small, medium, large, stress`},
		{"a negative rate", []string{"-rate", "-1"}, "", "demo: rate -1: give the requests a minute, or 0 for no limit"},
		{"a rate that is no number", []string{"-rate", "fast"}, "", `demo: invalid value "fast" for flag -rate: parse error`},
		{"a flag that does not exist", []string{"-all"}, "", "demo: flag provided but not defined: -all"},
		{"an argument", []string{"tiny"}, "", `demo: unexpected argument "tiny": see -help`},
		{"a negative tenant", []string{"-tenant", "-5"}, "", "demo: tenant -5: give the DBID of the Engage tenant"},
		{"fill without a database", []string{"-fill"}, "", "demo: fill needs ENGAGE_DSN, the database to fill"},
		{"a DSN of an unknown scheme", nil, "ENGAGE_DSN=mysql://excs:" + hidden + "@db/genesys", "demo: ENGAGE_DSN: begin it with postgres://, sqlserver:// or oracle://"},
		{"a DSN without a scheme", nil, "ENGAGE_DSN=host=db password=" + hidden, "demo: ENGAGE_DSN: begin it with postgres://"},
		{"a DSN that is no address", nil, "ENGAGE_DSN=postgres://excs:" + hidden + "@db:port/genesys", "demo: "},
		{"fill of another sort of database", []string{"-fill"}, "ENGAGE_DSN=oracle://excs:" + hidden + "@db/genesys", "demo: fill: only a PostgreSQL database can be filled"},
		{"settings that are no JSON", nil, "EXCS_SETTINGS={", "demo: EXCS_SETTINGS: read the settings: "},
		{"settings with an unknown key", nil, `EXCS_SETTINGS={"tenant":101,"colour":"red"}`, "colour"},
		{"two tenants", []string{"-tenant", "7"}, `EXCS_SETTINGS={"tenant":101}`, "demo: tenant 7 is not the tenant 101 of EXCS_SETTINGS: leave one out"},
		{"an EX Org secret without a client", nil, `EXCS_EXORG_SECRET={"region":"mypurecloud.de"}`, "demo: EXCS_EXORG_SECRET: read the EX Org secret: "},
		{"an EX Org secret that is no JSON", nil, `EXCS_EXORG_SECRET=` + hidden, "demo: EXCS_EXORG_SECRET: read the EX Org secret: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program, test.args...)
			cmd.Env = []string{"TMPDIR=" + t.TempDir(), test.env}
			var out, said strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &said
			err := cmd.Run()
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.ExitCode() != 1 {
				t.Fatalf("it ended with %v: %s", err, said.String())
			}
			line := said.String()
			if strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "demo: ") || !strings.Contains(line, test.says) {
				t.Errorf("it said %q, want one line with %q", line, test.says)
			}
			if out.String() != "" {
				t.Errorf("it wrote %q", out.String())
			}
			if strings.Contains(line, hidden) {
				t.Errorf("the line shows a secret: %s", line)
			}
			if left, err := os.ReadDir(strings.TrimPrefix(cmd.Env[0], "TMPDIR=")); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}

// Help is no error: it goes to standard output and tells of the environment.
func TestHelp(t *testing.T) {
	out, err := play(t, nil, "-help")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"-tier", "-rate", "-fill", "-tenant", varDSN, varSecret, varSettings} {
		if !strings.Contains(out, word) {
			t.Errorf("help does not tell of %s:\n%s", word, out)
		}
	}
	var asked strings.Builder
	if _, err := parse([]string{"-h"}, func(string) string { return "" }, &asked); !errors.Is(err, flag.ErrHelp) || asked.String() != out {
		t.Errorf("-h is not -help: %v", err)
	}
}

// Without anything the demo is of the medium tier, without a limit, on the generated tenant under the default settings.
func TestDefaults(t *testing.T) {
	o, err := parse(nil, func(string) string { return "" }, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	if o.tier != engagetest.Medium || o.rate != 0 || o.dsn != "" || o.fill || o.secret != nil {
		t.Errorf("options %+v", o)
	}
	if o.settings.Tenant != engagetest.MainTenant || o.settings.Preset != rules.Preset202307 || o.settings.Email.Domain == "" {
		t.Errorf("settings %+v", o.settings)
	}
}

// The environment's settings and tenant are taken, whichever of the two names the tenant.
func TestSettings(t *testing.T) {
	env := map[string]string{}
	get := func(name string) string { return env[name] }
	env[varSettings] = `{"tenant":7,"preset":"current","email":{"domain":"x.example"}}`
	for _, args := range [][]string{nil, {"-tenant", "7"}} {
		o, err := parse(args, get, &strings.Builder{})
		if err != nil || o.settings.Tenant != 7 || o.settings.Preset != rules.PresetCurrent {
			t.Errorf("%v: %+v, %v", args, o.settings, err)
		}
	}
	delete(env, varSettings)
	o, err := parse([]string{"-tenant", "9"}, get, &strings.Builder{})
	if err != nil || o.settings.Tenant != 9 {
		t.Errorf("%+v, %v", o.settings, err)
	}
}
