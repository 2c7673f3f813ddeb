package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files anew")

// root is the repository's, seen from here.
const root = "../../.."

func want(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-12)); d != "" {
		t.Error(d)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says fails the test unless err has the text.
func says(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("the error is %v, want %q in it", err, text)
	}
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	wanted, err := os.ReadFile(path)
	must(t, err)
	want(t, got, string(wanted))
}

// command runs the command at the root of the repository.
func command(t *testing.T, args ...string) (out, errs string, err error) {
	t.Helper()
	t.Chdir(root)
	var o, e bytes.Buffer
	err = tell(t.Context(), args, &o, &e)
	return o.String(), e.String(), err
}

// What `make cost` prints is written from what lies in the repository: stored counts, prices, the golden template and the
// list of metrics. A change of any of them shows here, and shared/docs/FIGURES.md shows the same table.
func TestTheTable(t *testing.T) {
	out, errs, err := command(t, "-format", "markdown")
	must(t, err)
	want(t, errs, "")
	t.Chdir(filepath.Join("infra", "local", "cost"))
	golden(t, "cost.md", out)
	readme, err := os.ReadFile(filepath.Join(root, "shared", "docs", "FIGURES.md"))
	must(t, err)
	bill, _, _ := strings.Cut(out[strings.Index(out, "| USD a month |"):], "\n\n")
	if !strings.Contains(string(readme), bill) {
		t.Errorf("shared/docs/FIGURES.md has another bill: put this into it\n%s", bill)
	}
}

// The three formats say the same.
func TestFormats(t *testing.T) {
	text, _, err := command(t)
	must(t, err)
	t.Chdir(filepath.Join("infra", "local", "cost"))
	out, _, err := command(t, "-format", "json")
	must(t, err)
	var r Report
	must(t, json.Unmarshal([]byte(out), &r))
	if len(r.Bills) != 3 {
		t.Fatalf("%d sizes", len(r.Bills))
	}
	for _, b := range r.Bills {
		sum := 0.0
		for _, usd := range b.Lines {
			sum += usd
		}
		want(t, sum, b.Total)
		if !strings.Contains(text, usd(b.Total)) || b.WithFree >= b.Total || b.Total < 5 {
			t.Errorf("%d agents: %v USD, %v with free amounts", b.Agents, b.Total, b.WithFree)
		}
	}
	for i := range 2 {
		if r.Bills[i].Total >= r.Bills[i+1].Total {
			t.Errorf("%d agents cost more than %d", r.Bills[i].Agents, r.Bills[i+1].Agents)
		}
	}
}

// What can not be done is said with what to do.
func TestTheCommandRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	must(t, os.WriteFile(broken, []byte(`{"sizes":`), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.json")
	must(t, os.WriteFile(empty, []byte(`{"on":"2026-11-25","sizes":[]}`), 0o600))
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"a format that there is not", []string{"-format", "yaml"}, `format is "yaml": use text, markdown or json`},
		{"an argument", []string{"500"}, `there are no arguments, only flags: "500"`},
		{"a flag that there is not", []string{"-agents=5"}, "not defined: -agents"},
		{"no template", []string{"-template", "nowhere.json"}, "make synth makes one"},
		{"no counts", []string{"-measured", "nowhere.json"}, "measure with -measure"},
		{"broken counts", []string{"-measured", broken}, "measure anew with -measure"},
		{"counts of nothing", []string{"-measured", empty}, "holds no size"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := command(t, tc.args...)
			says(t, err, tc.says)
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	_, errs, err := command(t, "-help")
	must(t, err)
	if !strings.Contains(errs, "-measure") {
		t.Error(errs)
	}
}
