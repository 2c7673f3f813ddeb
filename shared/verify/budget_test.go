package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

// mostPerMinute is the most requests in any sixty seconds of the organisation's log, tokens left out.
func (g *stage) mostPerMinute() int {
	var at []time.Time
	for _, e := range g.org.Requests() {
		if e.Route != "/oauth/token" {
			at = append(at, e.Time)
		}
	}
	most, first := 0, 0
	for i, now := range at {
		for now.Sub(at[first]) >= time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// A sweep spends its share of the budget and no more, in any minute; the organisation's own word for the limit counts.
func TestShareIsHeld(t *testing.T) {
	cases := []struct {
		share     float64
		perMinute int
		want      int
	}{{0.20, 300, 60}, {0.20, 180, 36}, {0.05, 300, 15}, {0.001, 300, 1}}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%v of %d", c.share, c.perMinute), func(t *testing.T) {
			g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithRateLimit(c.perMinute))
			g.share = c.share
			s := g.sweeper(func(*verify.Config) {})
			g.org.ResetCounters()
			begun := g.clock.Now()
			r, err := s.Sweep(t.Context(), verify.Request{Kinds: model.Kinds()})
			must(t, err)
			if !r.Done {
				t.Fatalf("not done: %s", r.Next)
			}
			total := g.org.Totals()
			if n := total.Calls - total.Tokens; r.Calls != n {
				t.Errorf("the report says %d calls, the organisation %d", r.Calls, n)
			}
			if got := g.mostPerMinute(); got > c.want {
				t.Errorf("%d calls in a minute, want at most %d", got, c.want)
			}
			if least := time.Duration(r.Calls-1) * time.Minute / time.Duration(c.want); g.clock.Now().Sub(begun) > least+time.Minute {
				t.Errorf("%d calls took %s: the share is not used", r.Calls, g.clock.Now().Sub(begun))
			}
		})
	}
}

// While people's changes take the budget, a sweep stops at once, and goes on where it stopped when they are done.
func TestYieldsToPeople(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	if _, _, err := g.Table.Reserve(t.Context(), exorgtest.DefaultClientID, 290, model.RankPeople, g.clock.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	g.org.ResetCounters()
	r, err := g.Sweep(t.Context(), verify.Request{})
	must(t, err)
	if r.Done || r.Calls > 0 || g.org.Totals().Calls > 0 {
		t.Errorf("done %v after %d calls with the budget spent", r.Done, r.Calls)
	}
	g.clock.Pass(2 * time.Minute)
	if r, err = g.Sweep(t.Context(), verify.Request{}); err != nil || !r.Done {
		t.Errorf("done %v, %v: the budget is free again", r.Done, err)
	}
}

// An organisation that asks to wait ends the sweep for now.
func TestStopsWhenAskedToWait(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodGet, Route: queuesRoute, Status: http.StatusTooManyRequests, RetryAfter: 90 * time.Second, Times: 1})
	r, err := g.Sweep(t.Context(), verify.Request{})
	must(t, err)
	if r.Done || r.Next == "" || r.Kinds[model.KindWrapUpCode].Compared == 0 || r.Kinds[model.KindUser] != nil {
		t.Errorf("done %v, next %q, kinds %v", r.Done, r.Next, r.Kinds)
	}
	g.clock.Pass(2 * time.Minute)
	g.org.ResetCounters()
	r, err = g.Sweep(t.Context(), verify.Request{})
	must(t, err)
	if !r.Done || g.org.Calls()["GET /api/v2/routing/skills"] > 0 || r.Kinds[model.KindQueue].Compared == 0 {
		t.Errorf("done %v, calls %v: it goes on with the queues", r.Done, g.org.Calls())
	}
}

// A sweep stops before its process ends, keeps where it was, and the next one goes on.
func TestStopsBeforeTheDeadline(t *testing.T) {
	g := stageOf(t, settings(), borough())
	deadline := g.clock.Now().Add(verify.DefaultMargin + 20*time.Second)
	r, err := g.Sweep(until{t.Context(), deadline}, verify.Request{Kinds: []model.Kind{model.KindMembers}})
	must(t, err)
	if last := deadline.Add(-verify.DefaultMargin); r.Done || g.clock.Now().After(last) {
		t.Errorf("done %v, ended %s after the margin began", r.Done, g.clock.Now().Sub(last))
	}
	if r.Members == nil || r.Members.Seen == 0 || r.Members.Seen == r.Members.Of {
		t.Fatalf("members %+v", r.Members)
	}
	seen := r.Members.Seen
	calls := 1
	for ; !r.Done; calls++ {
		r, err = g.Sweep(until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + 20*time.Second)}, verify.Request{Kinds: []model.Kind{model.KindMembers}})
		must(t, err)
		if r.Members.Seen <= seen {
			t.Fatalf("%d lists were seen, %d before", r.Members.Seen, seen)
		}
		seen = r.Members.Seen
	}
	if r.Members.Seen != r.Members.Of || calls < 2 {
		t.Errorf("%+v after %d calls", r.Members, calls)
	}
}

// A sweep that finds much near its end queues what there is time for. The rest is found again by the next call.
func TestFindingsOutlastTheTime(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	users := g.rowsOf(t, model.KindUser)[:6]
	for _, row := range users {
		must(t, g.org.EditUser(row.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	}
	g.Table.SetFault(func(op string) mapping.Fault {
		if op == "MarkQueued" {
			g.clock.Pass(20 * time.Second) // the table is slow
		}
		return mapping.FaultNone
	})
	deadline := func() time.Time { return g.clock.Now().Add(verify.DefaultMargin + time.Minute) }
	end := deadline()
	r, err := g.Sweep(until{t.Context(), end}, verify.Request{Kinds: []model.Kind{model.KindUser}})
	must(t, err)
	if r.Done || r.Next == "" || r.Queued == 0 || r.Queued == len(users) || r.Queued != len(r.Findings) || !g.clock.Now().Before(end) {
		t.Errorf("done %v, next %q, queued %d, %d findings", r.Done, r.Next, r.Queued, len(r.Findings))
	}
	for calls := 0; !r.Done && calls < 10; calls++ {
		r, err = g.Sweep(until{t.Context(), deadline()}, verify.Request{Kinds: []model.Kind{model.KindUser}})
		must(t, err)
	}
	if n := g.waiting(t); n != len(users) || !r.Done {
		t.Errorf("%d messages, want %d; done %v", n, len(users), r.Done)
	}
}

// hanging is an EX Org that does not answer.
type hanging struct{ verify.Org }

func (h hanging) Observe(ctx context.Context, _ model.Kind) ([]model.Observed, error) {
	<-ctx.Done()
	return nil, model.Errorf(model.CodeUnavailable, "list", "%w", ctx.Err())
}

// A call that hangs is cut off while there is time to keep where the sweep stopped: another one may claim the document at once.
func TestAHangingCallIsCutOff(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	s := g.sweeper(func(c *verify.Config) { c.Margin, c.Org = 200*time.Millisecond, hanging{c.Org} })
	r, err := s.Sweep(until{t.Context(), g.clock.Now().Add(250 * time.Millisecond)}, verify.Request{})
	must(t, err)
	if r.Done || !strings.Contains(r.Next, "the time was up") {
		t.Errorf("done %v, next %q", r.Done, r.Next)
	}
	if r := g.sweep(t, verify.Request{}); len(r.Findings) > 0 {
		t.Errorf("found %v", what(r.Findings))
	}
}

// Stopping at any call and going on finds the same as a sweep that was never stopped.
func TestResumeAtEveryCall(t *testing.T) {
	t.Parallel()
	spoil := func(g *stage) {
		user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
		must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
		rows := g.rowsOf(t, model.KindUser)
		must(t, g.org.DeleteUser(rows[len(rows)-1].EXID))
		must(t, g.org.RemoveExternalID(rows[5].EXID, exorgtest.ExternalID{Authority: "engage", Key: rows[5].Desired.ExternalKey}))
		must(t, g.org.DeleteSkill(g.rowsOf(t, model.KindSkill)[2].EXID))
		queues := g.rowsOf(t, model.KindQueue)
		must(t, g.org.EditQueue(queues[1].EXID, func(raw map[string]any) { raw["name"] = "Other" }))
		must(t, g.org.DeleteQueue(queues[0].EXID))
		members := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 1 && r.Key.DBID != queues[0].Key.DBID })
		must(t, g.org.RemoveMembers(members.EXID, g.row(t, model.Key{Kind: model.KindUser, DBID: members.Desired.Members[0]}).EXID))
	}
	request := verify.Request{Kinds: model.Kinds()}
	g := newStage(t, settings(), engagetest.Tiny)
	spoil(g)
	whole := g.sweep(t, request)
	want := final(whole.Findings)
	if len(want) < 7 {
		t.Fatalf("the test spoils too little: %v", want)
	}
	for k := 0; k < whole.Calls; k += stride {
		g := newStage(t, settings(), engagetest.Tiny)
		spoil(g)
		g.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Path: "/api/v2/", Skip: k, Times: 1, Status: http.StatusTooManyRequests, RetryAfter: 60 * time.Second})
		r := g.sweep(t, request)
		if got := final(r.Findings); !slices.Equal(got, want) {
			t.Fatalf("stopped at call %d: found %v, want %v", k, got, want)
		}
	}
}

// final leaves out what a later read decided.
func final(findings []verify.Finding) []string {
	return slices.Compact(slices.DeleteFunc(what(findings), func(s string) bool { return strings.HasPrefix(s, "absent ") }))
}

// The pace over several OAuth clients gives each its share, and asks the budget beneath as bulk work.
func TestPaceOfSeveralClients(t *testing.T) {
	c := excstest.NewClock()
	begun := c.Now()
	inner := &counted{}
	p := verify.NewPace(inner, 0.2, 300, c.Sleep)
	for range 30 {
		for _, client := range []string{"a", "b"} {
			if wait, ok, err := p.Reserve(t.Context(), client, 1, model.RankPeople, c.Now(), time.Second); err != nil || !ok || wait != 0 {
				t.Fatalf("wait %s, ok %v, %v", wait, ok, err)
			}
		}
	}
	if took := c.Now().Sub(begun); took != 29*time.Second || p.Calls() != 60 {
		t.Errorf("%d calls took %s", p.Calls(), took)
	}
	if inner.people > 0 {
		t.Errorf("%d reservations in the rank of people", inner.people)
	}
	// A client that asks without patience is told to come again; it loses no turn.
	if wait, ok, err := p.Reserve(t.Context(), "a", 1, model.RankBulk, c.Now(), 0); ok || err != nil || wait <= 0 {
		t.Errorf("wait %s, ok %v, %v", wait, ok, err)
	}
	if p.Calls() != 60 {
		t.Errorf("%d calls", p.Calls())
	}
}

// counted is a budget that has always room.
type counted struct{ people int }

func (c *counted) Reserve(_ context.Context, _ string, _ int, rank model.Rank, _ time.Time, _ time.Duration) (time.Duration, bool, error) {
	if rank == model.RankPeople {
		c.people++
	}
	return 0, true, nil
}

func (c *counted) Hold(context.Context, string, time.Time) error            { return nil }
func (c *counted) SetAllowed(context.Context, string, int, time.Time) error { return nil }
