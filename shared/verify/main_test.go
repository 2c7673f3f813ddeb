package verify_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/verify"
	"excs/shared/wiring"
)

// A check of this package converges a whole site: a few say enough, and -rapid.checks asks for more.
func TestMain(m *testing.M) {
	excstest.Tries(8)
	os.Exit(m.Run())
}

// shelf has the sites of the tests.
var shelf = excstest.NewSites()

// stage is one tenant with everything that serves it, a clock that stands until it is moved, and a sweeper.
type stage struct {
	*excstest.Service
	org   *exorgtest.Org
	clock *excstest.Clock
	*verify.Sweeper
	share float64
	asked excstest.Asked
}

func settings() rules.Settings { return excstest.Settings(rules.Preset202307) }

// newStage makes a stage whose EX Org is what Engage says, and lets time pass until reads prove something again.
func newStage(t testing.TB, s rules.Settings, tier engagetest.Tier, options ...exorgtest.Option) *stage {
	t.Helper()
	return stageOf(t, s, engagetest.New(tier, 1), options...)
}

func stageOf(t testing.TB, s rules.Settings, site *engagetest.Site, options ...exorgtest.Option) *stage {
	t.Helper()
	g := emptyStage(t, s, site, options...)
	if _, err := g.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.converge(t)
	g.rest()
	return g
}

// borough is a site with more users than a sweep reads one by one, and with more member lists than a day has hours.
func borough() *engagetest.Site {
	return engagetest.NewOfSize(engagetest.Size{
		Persons: 140, DisabledPercent: 5, Skills: 12, Languages: 3, LevelsMean: 3, LevelsMax: 6,
		DNs: 80, VirtualQueues: 36, ACDQueues: 2, RoutingPoints: 2, RoutingQueues: 2,
		Groups: 12, ExpressionPercent: 50, Memberships: 120, QueueMembers: 500, WrapUps: 8, Values: 40, Props: 600, Switches: 2,
	}, 1)
}

func emptyStage(t testing.TB, s rules.Settings, site *engagetest.Site, options ...exorgtest.Option) *stage {
	t.Helper()
	g := &stage{clock: excstest.NewClock(), share: verify.DefaultShare}
	g.org = exorgtest.New(append([]exorgtest.Option{exorgtest.WithClock(g.clock.Now), exorgtest.WithLog(100_000), exorgtest.WithRateLimit(300)}, options...)...)
	g.Service = excstest.New(excstest.Config{
		Settings: s, Read: shelf.Open(t, site).Read(s), HTTP: g.org.Client(), Now: g.clock.Now, Sleep: g.clock.Sleep,
		Secret: secret(), Table: mapping.MemoryOptions{Fault: g.asked.Note},
	})
	g.Sweeper = g.sweeper(func(*verify.Config) {})
	return g
}

func secret() exorg.Secret { return excstest.Secret(exorgtest.DefaultClientSecret) }

// sweeper makes another sweeper of the stage, as another process would.
func (g *stage) sweeper(change func(*verify.Config)) *verify.Sweeper {
	cfg := wiring.ClientConfig(secret(), g.Table, nil, wiring.Reading)
	cfg.HTTP, cfg.Now, cfg.Sleep = g.org.Client(), g.clock.Now, g.clock.Sleep
	n := 0
	c := verify.Config{
		Table: g.Table, Lists: mapping.Lists{Table: g.Table}, Queue: g.Work, Org: verify.Open(cfg, g.Settings, g.share), Settings: g.Settings,
		Now: g.clock.Now, Sleep: g.clock.Sleep, NewToken: func() string {
			n++
			return "v" + strconv.Itoa(n) + "-" + strconv.FormatInt(g.clock.Now().UnixNano(), 36)
		},
	}
	change(&c)
	return verify.New(c)
}

// tableWrites names the table's operations since the last call that wrote anything but the books of calls.
func (g *stage) tableWrites() []string {
	defer g.asked.Forget()
	return g.asked.Writes()
}

// converge works until nothing is left that would change by itself.
func (g *stage) converge(t testing.TB) {
	t.Helper()
	if err := g.Settle(t.Context(), 40, g.clock.Pass); err != nil {
		t.Fatal(err)
	}
}

// rest lets reads prove something again.
func (g *stage) rest() { g.clock.Pass(2 * verify.DefaultFresh) }

// sweep makes sweeps until one is done and gives the findings of all of them.
func (g *stage) sweep(t testing.TB, req verify.Request) verify.Report {
	t.Helper()
	var findings []verify.Finding
	for range 50 {
		r, err := g.Sweep(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		findings = append(findings, r.Findings...)
		if r.Done {
			r.Findings = findings
			return r
		}
		g.clock.Pass(2 * time.Minute)
	}
	t.Fatal("the sweep does not come to its end")
	return verify.Report{}
}

// day sweeps every hour for a day, so that rotations come round, or until something is found that is waited for.
func (g *stage) day(t testing.TB, until ...string) []verify.Finding {
	t.Helper()
	var findings []verify.Finding
	for range 24 {
		begun := g.clock.Now()
		findings = append(findings, g.sweep(t, verify.Request{}).Findings...)
		g.clock.Pass(max(0, time.Hour-g.clock.Now().Sub(begun)))
		if slices.ContainsFunc(what(findings), func(f string) bool { return slices.Contains(until, f) }) {
			break
		}
	}
	return findings
}

// round makes one sweep that sees everything, as a day of them does: whoever names the kinds has whole rotations at once.
func (g *stage) round(t testing.TB) []verify.Finding {
	t.Helper()
	return g.sweep(t, verify.Request{Kinds: model.Kinds()}).Findings
}

func (g *stage) row(t testing.TB, key model.Key) mapping.Row {
	t.Helper()
	row, err := g.Table.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (g *stage) user(t testing.TB, id string) exorgtest.User {
	t.Helper()
	u, ok := g.org.User(id)
	if !ok {
		t.Fatalf("there is no user %s", id)
	}
	return u
}

// rowsOf gives the rows of a kind in the order of their keys.
func (g *stage) rowsOf(t testing.TB, kind model.Kind) []mapping.Row {
	t.Helper()
	rows, err := mapping.Lists{Table: g.Table}.Rows(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b mapping.Row) int { return a.Key.Compare(b.Key) })
	return rows
}

// pick gives the first row of a kind that fits.
func (g *stage) pick(t testing.TB, kind model.Kind, fits func(mapping.Row) bool) mapping.Row {
	t.Helper()
	for _, row := range g.rowsOf(t, kind) {
		if row.Desired.SameAs == 0 && fits(row) {
			return row
		}
	}
	t.Fatalf("the site has no %s that the test needs", kind)
	return mapping.Row{}
}

func anyRow(mapping.Row) bool { return true }

// what lists findings as "drift user/12 skills".
func what(findings []verify.Finding) []string {
	list := []string{}
	for _, f := range findings {
		names := []string{string(f.What), f.Key.String()}
		for _, field := range f.Fields {
			names = append(names, field.Name)
		}
		list = append(list, strings.Join(names, " "))
	}
	slices.Sort(list)
	return list
}

func (g *stage) waiting(t testing.TB) int {
	t.Helper()
	waiting, inFlight, err := g.Work.Depth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return waiting + inFlight
}

// nobodyHeard fails the test if anything was queued, or written to the EX Org, since the counters began.
func (g *stage) nobodyHeard(t testing.TB) {
	t.Helper()
	if n := g.waiting(t); n > 0 {
		t.Errorf("%d messages on the work queue, want none", n)
	}
	if n := g.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes to the EX Org, want none: %v", n, g.org.Calls())
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// until is a context whose deadline is on the stage's clock.
type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

// Users reads the list and meddles, once.
func (m *meddler) Users(ctx context.Context, state string) ([]model.Observed, bool, error) {
	list, capped, err := m.Org.Users(ctx, state)
	if !m.once {
		m.once = true
		m.after()
	}
	return list, capped, err
}

// Users leaves the hidden ones out.
func (o *thin) Users(ctx context.Context, state string) ([]model.Observed, bool, error) {
	list, capped, err := o.Org.Users(ctx, state)
	return slices.DeleteFunc(list, func(u model.Observed) bool { return o.hidden[u.EXID] }), capped, err
}
