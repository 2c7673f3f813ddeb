package verify_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/verify"
)

// A sweep of 10,000 users, 2,000 queues and 300,000 members within 20 % of 300 requests a minute, on a virtual clock: the
// part that an hour has, a whole round of both rotations, and a day of hourly sweeps of at most 15 minutes each. Calls are
// the organisation's own count.
func BenchmarkVerify(b *testing.B) {
	if os.Getenv("EXCS_LARGE") == "" {
		b.Skip("EXCS_LARGE=1 measures the large tier (make bench does)")
	}
	s := settings()
	s.Users.Who = rules.WhoAll
	for b.Loop() {
		g := newStage(b, s, engagetest.Large, exorgtest.WithLog(0), exorgtest.WithHistory(0))
		members := 0
		for _, row := range g.rowsOf(b, model.KindMembers) {
			members += len(row.Desired.Members)
		}
		b.Logf("%d users, %d queues, %d member lists with %d members",
			len(g.rowsOf(b, model.KindUser)), len(g.rowsOf(b, model.KindQueue)), len(g.rowsOf(b, model.KindMembers)), members)

		hour := g.measure(b, func() verify.Report { return g.sweep(b, verify.Request{}) })
		b.Logf("hourly part:  %s", hour)
		b.ReportMetric(float64(hour.calls), "hourly-calls")
		b.ReportMetric(hour.took.Minutes(), "hourly-min")

		round := g.measure(b, func() verify.Report { return g.sweep(b, verify.Request{Kinds: model.Kinds()}) })
		b.Logf("full round:   %s", round)
		b.ReportMetric(float64(round.calls), "round-calls")
		b.ReportMetric(round.took.Minutes(), "round-min")

		g.clock.Pass(24 * time.Hour)
		notDone, longest := 0, time.Duration(0)
		var last verify.Report
		day := g.measure(b, func() verify.Report {
			for range 24 {
				begun := g.clock.Now()
				r, err := g.Sweep(until{b.Context(), begun.Add(15 * time.Minute)}, verify.Request{})
				if err != nil {
					b.Fatal(err)
				}
				if !r.Done {
					notDone++
				}
				longest, last = max(longest, r.Took), r
				g.clock.Pass(begun.Add(time.Hour).Sub(g.clock.Now()))
			}
			return last
		})
		b.Logf("a day:        %d calls, longest sweep %s, %d of 24 not done in 15 minutes, %d of %d member lists and %d of %d external ids seen",
			day.calls, longest.Round(time.Second), notDone, last.Members.Seen, last.Members.Of, last.External.Seen, last.External.Of)
	}
}

type measured struct {
	calls int
	took  time.Duration
	found int
}

func (m measured) String() string {
	return fmt.Sprintf("%d calls in %s (virtual), %d findings", m.calls, m.took.Round(time.Second), m.found)
}

func (g *stage) measure(b *testing.B, do func() verify.Report) measured {
	b.Helper()
	g.org.ResetCounters()
	begun := g.clock.Now()
	r := do()
	total := g.org.Totals()
	return measured{calls: total.Calls - total.Tokens, took: g.clock.Now().Sub(begun), found: len(r.Findings)}
}
