package explain_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/explain"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shelf has the sites of the tests.
var shelf = excstest.NewSites()

// stage is one tenant with everything that serves it, a clock that stands until it is moved, and an explainer.
type stage struct {
	*excstest.Service
	org       *exorgtest.Org
	clock     *excstest.Clock
	site      *engagetest.Site
	editor    *engagetest.Editor
	explainer *explain.Explainer
	config    explain.Config
	asked     excstest.Asked
}

func settings() rules.Settings {
	s := excstest.Settings(rules.Preset202307)
	s.Email.Template = rules.DefaultTemplate
	return s
}

func newStage(t testing.TB, s rules.Settings, site *engagetest.Site) *stage {
	t.Helper()
	g := &stage{clock: excstest.NewClock(), site: site}
	e := shelf.Open(t, site)
	g.editor = e.Editor
	g.org = exorgtest.New(exorgtest.WithClock(g.clock.Now))
	g.Service = excstest.New(excstest.Config{
		Settings: s, Read: e.Read(s), HTTP: g.org.Client(), Now: g.clock.Now, Sleep: g.clock.Sleep, Table: mapping.MemoryOptions{Fault: g.asked.Note},
		Secret: excstest.Secret(exorgtest.DefaultClientSecret),
	})
	g.config = explain.Config{
		Read: e.Read(s), Plan: explain.PlanWith(g.Runner.Config), Table: g.Table, Org: exorg.NewReader(g.Client, s.Users.Authority), Settings: s, Now: g.clock.Now,
	}
	g.explainer = explain.New(g.config)
	_, err := g.Sync(t.Context())
	must(t, err)
	must(t, g.Settle(t.Context(), 60, g.clock.Pass))
	g.clock.Pass(time.Hour)
	return g
}

// explain explains a key and proves that nothing was written anywhere.
func (g *stage) explain(t testing.TB, key model.Key) explain.Explanation {
	t.Helper()
	g.org.ResetCounters()
	g.asked.Forget()
	before, _, err := g.Work.Depth(t.Context())
	must(t, err)
	e, err := g.explainer.Explain(t.Context(), key)
	must(t, err)
	if n := g.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes to the EX Org: %v", n, g.org.Calls())
	}
	for _, op := range g.asked.Writes() {
		t.Errorf("the table was written to by %s", op)
	}
	if after, _, err := g.Work.Depth(t.Context()); err != nil || after != before {
		t.Errorf("%d messages before, %d after, %v", before, after, err)
	}
	return e
}

func (g *stage) row(t testing.TB, key model.Key) mapping.Row {
	t.Helper()
	row, err := g.Table.Get(t.Context(), key)
	must(t, err)
	return row
}

// pick gives the first row of a kind that fits.
func (g *stage) pick(t testing.TB, kind model.Kind, fits func(mapping.Row) bool) mapping.Row {
	t.Helper()
	rows, err := mapping.Lists{Table: g.Table}.Rows(t.Context(), kind)
	must(t, err)
	slices.SortFunc(rows, func(a, b mapping.Row) int { return a.Key.Compare(b.Key) })
	for _, row := range rows {
		if fits(row) {
			return row
		}
	}
	t.Fatalf("the site has no %s that the test needs", kind)
	return mapping.Row{}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// golden compares a text with a file, ids and times masked.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(got, "EX-ID")
	got = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`).ReplaceAllString(got, "TIME")
	// Workers run side by side: a list may be filled in one look or, with its last users made meanwhile, in two.
	got = regexp.MustCompile(`(?m)(^  TIME update because of engage, run 1; members .*\n)+`).ReplaceAllString(got, "  TIME update because of engage, run 1; members (in one look or more)\n")
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}
