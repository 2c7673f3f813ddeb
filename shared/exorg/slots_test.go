package exorg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

// budgeted is a client with a budget; clients are named client-1, client-2 and so on.
func budgeted(t *testing.T, p *purse, clients int, replies ...script.Reply) (*exorg.Client, *script.Server, *clock) {
	t.Helper()
	s, clk := script.Start(t, replies...), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Budget = p
	cfg.Clients = nil
	for i := range clients {
		cfg.Clients = append(cfg.Clients, exorg.NewCredentials(fmt.Sprintf("client-%d", i+1), "s"))
	}
	return exorg.New(cfg), s, clk
}

func TestEveryAttemptTakesOneSlot(t *testing.T) {
	p := newPurse()
	c, s, _ := budgeted(t, p, 1, script.Status(503, "x", "y"), script.Status(401, "x", "y"), script.OK(`{"id":"t1"}`))
	mustRead(t, c)
	if p.taken["client-1"] != 3 || len(s.Requests()) != 3 {
		t.Errorf("%d slots for %d requests", p.taken["client-1"], len(s.Requests()))
	}
}

func TestARequestWaitsForItsSlot(t *testing.T) {
	t.Run("as long as MaxWait", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"] = 1500 * time.Millisecond
		c, _, clk := budgeted(t, p, 1, oks(1)...)
		mustRead(t, c)
		if got := fmt.Sprint(clk.Slept()); got != "[1.5s]" {
			t.Errorf("slept %s", got)
		}
	})
	t.Run("and not longer", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"] = 2001 * time.Millisecond
		c, s, clk := budgeted(t, p, 1)
		err := c.Call(t.Context(), writing(), &thing{})
		wantCode(t, err, model.CodeThrottled)
		if !exorg.IsThrottled(err) || model.RetryAfterOf(err) != 2001*time.Millisecond || len(clk.Slept()) != 0 || len(s.Requests()) != 0 {
			t.Errorf("RetryAfter %s, slept %v, sent %d", model.RetryAfterOf(err), clk.Slept(), len(s.Requests()))
		}
		if !strings.Contains(err.Error(), "create thing t1") || !strings.Contains(err.Error(), "budget of the EX Org is spent, ask again in 2.001s") {
			t.Errorf("error is %q", err)
		}
	})
	t.Run("but no longer than its caller lives", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newPurse()
			p.wait["client-1"] = 2 * time.Second
			c := exorg.New(exorg.Config{Clients: []exorg.Credentials{exorg.NewCredentials("client-1", "s")}, Budget: p})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := c.Call(ctx, writing(), &thing{})
			wantCode(t, err, model.CodeUnavailable)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v", err)
			}
		})
	})
}

// Without the budget nobody may send: all workers together must stay below the limit.
func TestABudgetThatFailsStopsTheRequest(t *testing.T) {
	p := newPurse()
	p.fails = model.Errorf(model.CodeUnavailable, "table", "is away")
	c, s, _ := budgeted(t, p, 1)
	err := c.Call(t.Context(), writing(), &thing{})
	wantCode(t, err, model.CodeUnavailable)
	if len(s.Requests()) != 0 || !strings.Contains(err.Error(), "is away") {
		t.Errorf("sent %d, error %q", len(s.Requests()), err)
	}
}

func TestReserve(t *testing.T) {
	t.Run("prepays the calls made under its context", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"] = time.Second
		c, _, clk := budgeted(t, p, 1, oks(4)...)
		ctx, wait, err := c.Reserve(t.Context(), 3, model.RankBulk)
		if err != nil || wait != time.Second || len(clk.Slept()) != 0 {
			t.Fatalf("wait %s, slept %v, error %v", wait, clk.Slept(), err)
		}
		for range 4 {
			if err := c.Call(ctx, reading(), &thing{}); err != nil {
				t.Fatal(err)
			}
		}
		// Three slots at once with the rank; the fourth request takes its own with the same rank.
		if got := fmt.Sprint(p.questions()); got != "[client-1 3 1 client-1 1 1]" {
			t.Errorf("asked %s", got)
		}
		if got := fmt.Sprint(clk.Slept()); got != "[1s 1s]" {
			t.Errorf("slept %s: the first call waits for the stock, the fourth for its own", got)
		}
	})
	t.Run("takes nothing when the slots are too far", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"] = 12 * time.Second
		c, _, _ := budgeted(t, p, 1)
		ctx, wait, err := c.Reserve(t.Context(), 3, model.RankPeople)
		wantCode(t, err, model.CodeThrottled)
		if wait != 12*time.Second || model.RetryAfterOf(err) != wait || ctx == nil || p.taken["client-1"] != 0 {
			t.Errorf("wait %s, RetryAfter %s, taken %d", wait, model.RetryAfterOf(err), p.taken["client-1"])
		}
	})
	t.Run("of nothing only sets the rank", func(t *testing.T) {
		p := newPurse()
		c, _, _ := budgeted(t, p, 1, oks(1)...)
		ctx, _, err := c.Reserve(t.Context(), 0, model.RankBulk)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Call(ctx, reading(), &thing{}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.questions()); got != "[client-1 1 1]" {
			t.Errorf("asked %s", got)
		}
	})
	t.Run("hands on what the budget says", func(t *testing.T) {
		p := newPurse()
		p.fails = model.Errorf(model.CodeThrottled, "table", "too fast")
		c, _, _ := budgeted(t, p, 1)
		_, _, err := c.Reserve(t.Context(), 1, model.RankPeople)
		wantCode(t, err, model.CodeThrottled)
	})
	t.Run("without a budget is free", func(t *testing.T) {
		c, _, _ := played(t, oks(1)...)
		ctx, wait, err := c.Reserve(t.Context(), 5, model.RankPeople)
		if err != nil || wait != 0 {
			t.Fatal(wait, err)
		}
		if err := c.Call(ctx, reading(), &thing{}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheRankOfARequest(t *testing.T) {
	p, s, clk := newPurse(), script.Start(t, oks(2)...), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Budget, cfg.Rank = p, model.RankBulk
	c := exorg.New(cfg)
	mustRead(t, c)
	if err := c.Call(exorg.WithRank(t.Context(), model.RankPeople), reading(), &thing{}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.questions()); got != "[client-1 1 1 client-1 1 0]" {
		t.Errorf("asked %s: the default rank, then that of the context", got)
	}
}

func TestSeveralOAuthClients(t *testing.T) {
	t.Run("take turns while all have slots", func(t *testing.T) {
		p := newPurse()
		for i := 1; i <= 3; i++ {
			p.free[fmt.Sprintf("client-%d", i)] = 100
		}
		c, s, _ := budgeted(t, p, 3, oks(9)...)
		for range 9 {
			mustRead(t, c)
		}
		for i := 1; i <= 3; i++ {
			if n := p.taken[fmt.Sprintf("client-%d", i)]; n != 3 {
				t.Errorf("client-%d sent %d of 9", i, n)
			}
		}
		if n := len(s.TokenRequests()); n != 3 {
			t.Errorf("%d tokens, want one each", n)
		}
	})
	t.Run("the one with the earliest slot sends", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"], p.wait["client-2"], p.wait["client-3"] = 1900*time.Millisecond, 300*time.Millisecond, 5*time.Second
		c, _, clk := budgeted(t, p, 3, oks(1)...)
		mustRead(t, c)
		if p.taken["client-2"] != 1 || fmt.Sprint(clk.Slept()) != "[300ms]" {
			t.Errorf("taken %v, slept %v", p.taken, clk.Slept())
		}
	})
	t.Run("all spent: the least wait is told", func(t *testing.T) {
		p := newPurse()
		p.wait["client-1"], p.wait["client-2"] = 40*time.Second, 15*time.Second
		c, _, _ := budgeted(t, p, 2)
		err := read(t, c)
		wantCode(t, err, model.CodeThrottled)
		if model.RetryAfterOf(err) != 15*time.Second {
			t.Errorf("RetryAfter is %s", model.RetryAfterOf(err))
		}
	})
	t.Run("another one takes over what 429 refused, be it a write or prepaid", func(t *testing.T) {
		p := newPurse()
		p.free["client-1"], p.free["client-2"] = 10, 10
		c, s, _ := budgeted(t, p, 2, script.Status(429, "too.many.requests", "x", "Retry-After", "30"), script.OK(`{"id":"t1"}`))
		ctx, _, err := c.Reserve(t.Context(), 2, model.RankPeople)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Call(ctx, writing(), &thing{}); err != nil {
			t.Fatal(err)
		}
		if got := bearers(s); got != "token-1 token-2" {
			t.Errorf("tokens were %s", got)
		}
		if until := p.holds["client-1"]; !until.Equal(start().Add(30 * time.Second)) {
			t.Errorf("client-1 is held until %s", until)
		}
	})
	t.Run("429 for each of them ends the call", func(t *testing.T) {
		p := newPurse()
		p.free["client-1"], p.free["client-2"] = 10, 10
		throttled := script.Status(429, "too.many.requests", "x", "Retry-After", "30")
		c, s, _ := budgeted(t, p, 2, throttled, throttled)
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeThrottled)
		if len(s.Requests()) != 2 {
			t.Errorf("%d requests", len(s.Requests()))
		}
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeThrottled)
		if len(s.Requests()) != 2 {
			t.Error("a request went out although both clients are held")
		}
	})
}

func TestRetryAfter(t *testing.T) {
	body := func(message string) string {
		return `{"status":429,"code":"too.many.requests","message":"` + message + `"}`
	}
	tests := []struct {
		name    string
		body    string
		headers []string
		want    time.Duration
	}{
		{"in seconds", body("x"), []string{"Retry-After", "17"}, 17 * time.Second},
		{"as a date", body("x"), []string{"Retry-After", start().Add(40 * time.Second).Format(http.TimeFormat)}, 40 * time.Second},
		{"as a date that has passed", body("x"), []string{"Retry-After", start().Add(-time.Hour).Format(http.TimeFormat)}, time.Second},
		{"of zero is a second", body("x"), []string{"Retry-After", "0"}, time.Second},
		{"that is negative is a second", body("x"), []string{"Retry-After", "-5"}, time.Second},
		{"of a year is 12 hours", body("x"), []string{"Retry-After", "31536000"}, 12 * time.Hour},
		{"beyond all numbers is 12 hours", body("x"), []string{"Retry-After", "1e300"}, 12 * time.Hour},
		{"in the message", body("Rate limit exceeded the maximum. Retry the request in [9] seconds"), nil, 9 * time.Second},
		{"in the message, when the header is rubbish", body("Retry the request in [9] seconds"), []string{"Retry-After", "soon"}, 9 * time.Second},
		{"at the end of the window", body("x"), []string{"inin-ratelimit-reset", "23"}, 23 * time.Second},
		{"not told", body("x"), nil, time.Minute},
		{"not told, no body", ``, nil, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurse()
			c, s, clk := budgeted(t, p, 1, script.JSON(429, tt.body, tt.headers...), script.OK(`{"id":"t1"}`))
			p.free["client-1"] = 100
			err := c.Call(t.Context(), writing(), &thing{})
			wantCode(t, err, model.CodeThrottled)
			if got := model.RetryAfterOf(err); got != tt.want || apiError(t, err).RetryAfter != tt.want {
				t.Errorf("RetryAfter is %s, want %s", got, tt.want)
			}
			if until := p.holds["client-1"]; !until.Equal(start().Add(tt.want)) {
				t.Errorf("everybody is held until %s, want %s", until, tt.want)
			}
			if tt.want <= 2*time.Second {
				return
			}
			wantCode(t, read(t, c), model.CodeThrottled)
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests went out while held", n)
			}
			clk.Advance(tt.want)
			mustRead(t, c)
		})
	}
}

func TestAHoldThatCanNotBeSharedBindsThisProcess(t *testing.T) {
	p := newPurse()
	p.free["client-1"] = 100
	s, clk := script.Start(t, script.Status(429, "x", "y", "Retry-After", "30")), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Budget = holdless{p}
	log, lines := journal(0)
	cfg.Logger = log
	c := exorg.New(cfg)
	wantCode(t, read(t, c), model.CodeThrottled)
	wantCode(t, read(t, c), model.CodeThrottled)
	if len(s.Requests()) != 1 || !strings.Contains(lines.String(), "could not be shared") {
		t.Errorf("%d requests; log: %s", len(s.Requests()), lines)
	}
}

type holdless struct{ *purse }

func (holdless) Hold(context.Context, string, time.Time) error { return errors.New("table is away") }

func TestTheLimitOfTheHeadersReachesTheBudget(t *testing.T) {
	limit := func(n string) script.Reply {
		return script.JSON(200, `{"id":"t1"}`, "inin-ratelimit-allowed", n, "inin-ratelimit-count", "1", "inin-ratelimit-reset", "60")
	}
	p := newPurse()
	c, _, _ := budgeted(t, p, 1, limit("180"), limit("180"), limit("300"), limit(""), limit("0"), limit("many"), limit("300"))
	for range 7 {
		mustRead(t, c)
	}
	if got := fmt.Sprint(p.allowed["client-1"]); got != "[180 300]" {
		t.Errorf("the budget heard %s, want each change once", got)
	}
}

func TestALimitThatCouldNotBeNotedIsNotedLater(t *testing.T) {
	limit := script.JSON(200, `{"id":"t1"}`, "inin-ratelimit-allowed", "180")
	s, clk, p := script.Start(t, limit, limit), newClock(), newPurse()
	cfg := config(t, s.URL, clk)
	cfg.Budget = limitless{p}
	c := exorg.New(cfg)
	mustRead(t, c)
	mustRead(t, c)
	if got := fmt.Sprint(p.allowed["client-1"]); got != "[180 180]" {
		t.Errorf("the budget heard %s", got)
	}
}

type limitless struct{ *purse }

func (l limitless) SetAllowed(ctx context.Context, client string, perMinute int, now time.Time) error {
	_ = l.purse.SetAllowed(ctx, client, perMinute, now)
	return errors.New("table is away")
}

// A worker that obeys RetryAfter gets through an organisation with a small limit without ever being refused twice for one window.
func TestAgainstAnOrgRetryAfterIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := exorgtest.New(exorgtest.WithRateLimit(10))
		c := exorg.New(exorg.Config{
			APIURL: "http://org", LoginURL: "http://org", HTTP: org.Client(),
			Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
		})
		done, refused := 0, 0
		for done < 50 {
			_, err := c.Me(t.Context())
			switch {
			case err == nil:
				done++
			case exorg.IsThrottled(err):
				refused++
				time.Sleep(model.RetryAfterOf(err))
			default:
				t.Fatal(err)
			}
		}
		if refused > 5 || org.Totals().Throttled > 5 {
			t.Errorf("50 calls at 10 a minute were refused %d times, %d by the organisation", refused, org.Totals().Throttled)
		}
	})
}

func TestAShortHoldIsWaitedForEvenIfTheBudgetHasSlots(t *testing.T) {
	p := newPurse()
	p.free["client-1"] = 100
	c, _, clk := budgeted(t, p, 1, script.Status(429, "x", "y", "Retry-After", "1"), script.OK(`{"id":"t1"}`))
	wantCode(t, read(t, c), model.CodeThrottled)
	mustRead(t, c)
	if got := fmt.Sprint(clk.Slept()); got != "[1s]" {
		t.Errorf("slept %s", got)
	}
}

// leaving is a transport whose caller goes away in the moment in which the EX Org asks to wait.
type leaving struct {
	http.RoundTripper
	leave func()
}

func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		l.leave()
	}
	return resp, err
}

// strict is a budget that, like a real table, does nothing for a caller that is gone.
type strict struct{ *purse }

func (s strict) Hold(ctx context.Context, client string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.purse.Hold(ctx, client, until)
}

func TestADemandToWaitIsSharedEvenIfTheCallerIsGone(t *testing.T) {
	s, clk, p := script.Start(t, script.Status(429, "x", "y", "Retry-After", "30")), newClock(), newPurse()
	p.free["client-1"] = 100
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config(t, s.URL, clk)
	cfg.Budget = strict{p}
	cfg.HTTP = &http.Client{Transport: leaving{cfg.HTTP.Transport, cancel}}
	if err := exorg.New(cfg).Call(ctx, reading(), &thing{}); err == nil {
		t.Fatal("429 is no success")
	}
	if until := p.holds["client-1"]; !until.Equal(start().Add(30 * time.Second)) {
		t.Errorf("everybody is held until %s", until)
	}
}
