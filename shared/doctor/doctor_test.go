package doctor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"excs/shared/doctor"
	"excs/shared/engage"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/sides"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

type depth struct{ err error }

func (d depth) Depth(context.Context) (waiting, inFlight int, err error) { return 3, 1, d.err }

// healthy is a tenant in which everything is as it must be, against an EX Org over HTTP.
func healthy(t *testing.T) (doctor.Config, *exorgtest.Org) {
	t.Helper()
	org := exorgtest.New()
	cfg := excstest.Secret(exorgtest.DefaultClientSecret).Config()
	cfg.HTTP, cfg.Sleep = org.Client(), func(context.Context, time.Duration) error { return nil }
	client := exorg.New(cfg)
	return doctor.Config{
		Engage: func(context.Context) []engage.Finding {
			return []engage.Finding{{What: "server", OK: true, Text: "PostgreSQL 15"}}
		},
		Org:    client,
		Table:  func(context.Context) (string, error) { return "table-1", nil },
		Queues: map[string]run.Depth{"work queue": depth{}, "dead-letter queue": depth{}},
		Status: func(context.Context) (run.Status, error) {
			return run.Status{LastProven: now.Add(-time.Minute), FirstPlan: now.Add(-time.Hour), Org: model.Org{ID: "org-1", Name: "Northwind"}}, nil
		},
		Now: func() time.Time { return now },
	}, org
}

// of returns the line of one check.
func of(t *testing.T, lines []doctor.Line, what string) doctor.Line {
	t.Helper()
	for _, l := range lines {
		if l.What == what {
			return l
		}
	}
	t.Fatalf("there is no line for %q in %v", what, lines)
	return doctor.Line{}
}

// In a healthy tenant every line is fine or says that it cannot be seen from here, and nothing is written to the EX Org.
func TestAHealthyTenant(t *testing.T) {
	c, org := healthy(t)
	lines := doctor.Check(t.Context(), c)
	if doctor.Worst(lines) != doctor.Fine {
		t.Errorf("lines %v", lines)
	}
	for _, what := range []string{"credentials", "home division", "directory:user:view", "routing:skill:view", "routing:queue:view", "routing:wrapupCode:view", "presence:source:view", "mapping table", "work queue", "runs", "first plan", "settings", "server"} {
		if l := of(t, lines, what); l.Verdict != doctor.Fine {
			t.Errorf("%s", l)
		}
	}
	if n := org.Totals().Writes; n != 0 {
		t.Errorf("it wrote %d times", n)
	}
}

// Whatever is wrong is one line with what to do, and the other checks are made all the same.
func TestWhatIsWrong(t *testing.T) {
	status := func(change func(*run.Status)) func(*doctor.Config) {
		return func(c *doctor.Config) {
			before := c.Status
			c.Status = func(ctx context.Context) (run.Status, error) {
				s, err := before(ctx)
				change(&s)
				return s, err
			}
		}
	}
	for _, test := range []struct {
		name    string
		change  func(*doctor.Config)
		org     func(*exorgtest.Org)
		what    string
		verdict doctor.Verdict
		text    string
	}{
		{name: "a permission is missing", org: func(o *exorgtest.Org) {
			o.Fail(exorgtest.Fault{Path: "/routing/skills", Status: 403, Code: "missing.permissions"})
		}, what: "routing:skill:view", verdict: doctor.Wrong, text: "grant it to the role of the OAuth client"},
		{name: "the credentials are refused", org: func(o *exorgtest.Org) { o.Fail(exorgtest.Fault{Path: "/oauth/token", Status: 401}) }, what: "credentials", verdict: doctor.Wrong, text: "correct clientId"},
		{name: "the EX Org is away", org: func(o *exorgtest.Org) { o.Fail(exorgtest.Fault{Path: "/routing/queues", Status: 503}) }, what: "routing:queue:view", verdict: doctor.Warning, text: "it may pass"},
		{name: "the database is not readable", change: func(c *doctor.Config) {
			c.Engage = func(context.Context) []engage.Finding {
				return []engage.Finding{{What: "login", Text: "the password is refused"}}
			}
		}, what: "login", verdict: doctor.Wrong, text: "the password is refused"},
		{name: "no Engage secret", change: func(c *doctor.Config) {
			c.Engage, c.Lacks = nil, errors.New("EXCS_ENGAGE_SECRET: the secret is not set yet")
		}, what: "secrets", verdict: doctor.Wrong, text: "EXCS_ENGAGE_SECRET"},
		{name: "old settings", change: func(c *doctor.Config) { c.Outdated = "the settings are not those of this function's deployment" }, what: "settings", verdict: doctor.Wrong, text: "deploy again"},
		{name: "the table is gone", change: func(c *doctor.Config) {
			c.Table = func(context.Context) (string, error) {
				return "", model.Errorf(model.CodeInvalid, "TableID", "no such table")
			}
		}, what: "mapping table", verdict: doctor.Wrong, text: "no such table"},
		{name: "the queue is not readable", change: func(c *doctor.Config) { c.Queues["work queue"] = depth{err: errors.New("denied")} }, what: "work queue", verdict: doctor.Wrong, text: "denied"},
		{name: "no first plan", change: status(func(s *run.Status) { s.FirstPlan = time.Time{} }), what: "first plan", verdict: doctor.Warning, text: "make approve HASH="},
		{name: "another organisation", change: status(func(s *run.Status) { s.OtherOrg = &sides.Foreign{Have: model.Org{ID: "o-2", Name: "Elsewhere"}} }), what: "organisation", verdict: doctor.Wrong, text: "Elsewhere"},
		{name: "no run for an hour", change: status(func(s *run.Status) { s.LastProven = now.Add(-time.Hour) }), what: "runs", verdict: doctor.Warning, text: "1h0m0s ago"},
		{name: "runs fail", change: status(func(s *run.Status) { s.ProofFailed, s.ProofFailure = 4, "no answer" }), what: "runs", verdict: doctor.Wrong, text: "the last 4 could not read Engage: no answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, org := healthy(t)
			if test.change != nil {
				test.change(&c)
			}
			if test.org != nil {
				test.org(org)
			}
			lines := doctor.Check(t.Context(), c)
			l := of(t, lines, test.what)
			if l.Verdict != test.verdict || !strings.Contains(l.String(), test.text) {
				t.Errorf("the line is %s", l)
			}
			if doctor.Worst(lines) != test.verdict {
				t.Errorf("the worst is %s", doctor.Worst(lines))
			}
			if len(lines) < 8 {
				t.Errorf("only %d checks were made: %v", len(lines), lines)
			}
		})
	}
}
