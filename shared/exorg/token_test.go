package exorg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

func oks(n int) []script.Reply {
	out := make([]script.Reply, n)
	for i := range out {
		out[i] = script.OK(`{"id":"t1"}`)
	}
	return out
}

func read(t *testing.T, c *exorg.Client) error {
	t.Helper()
	return c.Call(t.Context(), reading(), &thing{})
}

func mustRead(t *testing.T, c *exorg.Client) {
	t.Helper()
	if err := read(t, c); err != nil {
		t.Fatal(err)
	}
}

func bearers(s *script.Server) string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}
	return strings.Join(out, " ")
}

func TestOneTokenServesManyCallsAtOnce(t *testing.T) {
	const callers = 20
	s, clk := script.Start(t, oks(callers)...), newClock()
	release := make(chan struct{})
	s.Token(script.Wait(release, script.OK(`{"access_token":"only","expires_in":86400}`)))
	c := exorg.New(config(t, s.URL, clk))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if err := c.Call(t.Context(), reading(), &thing{}); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := len(s.TokenRequests()); n != 1 {
		t.Errorf("%d tokens were fetched, want 1", n)
	}
}

func TestACallerThatLeavesDoesNotTakeTheTokenFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := exorgtest.New()
		org.Fail(exorgtest.Fault{Kind: exorgtest.Delay, Route: "/oauth/token", Delay: 5 * time.Second})
		c := exorg.New(exorg.Config{
			APIURL: "http://org", LoginURL: "http://org", HTTP: org.Client(),
			Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
		})
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Me(impatient)
			if !exorg.IsUnavailable(err) {
				t.Errorf("the impatient caller got %v", err)
			}
		})
		wg.Go(func() {
			time.Sleep(500 * time.Millisecond)
			if _, err := c.Me(t.Context()); err != nil {
				t.Errorf("the patient caller got %v", err)
			}
		})
		wg.Wait()
	})
}

func TestTheTokenIsRenewedBeforeItsEnd(t *testing.T) {
	c, s, clk := played(t, oks(4)...)
	mustRead(t, c)
	clk.Advance(24*time.Hour - 91*time.Second) // the client renews 60 s, plus half of 60 s by its dice, before the end
	mustRead(t, c)
	clk.Advance(2 * time.Second)
	mustRead(t, c)
	mustRead(t, c)
	if got := bearers(s); got != "token-1 token-1 token-2 token-2" {
		t.Errorf("tokens were %s", got)
	}
}

func TestATokenThatTellsNoLifeIsTakenForShort(t *testing.T) {
	c, s, clk := played(t, oks(3)...)
	s.Token(script.OK(`{"access_token":"x"}`))
	mustRead(t, c)
	clk.Advance(3 * time.Minute)
	mustRead(t, c)
	if n := len(s.TokenRequests()); n != 1 {
		t.Errorf("%d tokens within 3 minutes", n)
	}
	clk.Advance(2 * time.Minute)
	mustRead(t, c)
	if n := len(s.TokenRequests()); n != 2 {
		t.Errorf("%d tokens within 5 minutes", n)
	}
}

func TestAnOldTokenServesWhileTheEndpointFails(t *testing.T) {
	c, s, clk := played(t, oks(2)...)
	mustRead(t, c)
	s.Token(script.Status(503, "x", "y"))
	clk.Advance(24*time.Hour - 10*time.Second)
	mustRead(t, c)
	clk.Advance(20 * time.Second)
	wantCode(t, read(t, c), model.CodeUnavailable)
	if got := bearers(s); got != "token-1 token-1" {
		t.Errorf("tokens were %s", got)
	}
}

func TestTheTokenIsSharedThroughTheCache(t *testing.T) {
	s, clk, shelf := script.Start(t, oks(4)...), newClock(), newShelf()
	cfg := config(t, s.URL, clk)
	cfg.Tokens = shelf
	first, second := exorg.New(cfg), exorg.New(cfg)
	mustRead(t, first)
	mustRead(t, second)
	if n := len(s.TokenRequests()); n != 1 || shelf.tokens["client-1"] != "token-1" {
		t.Fatalf("%d tokens fetched, the cache holds %q", n, shelf.tokens["client-1"])
	}
	if want := start().Add(24 * time.Hour); !shelf.expires["client-1"].Equal(want) {
		t.Errorf("the cache says it expires at %s, want %s", shelf.expires["client-1"], want)
	}
	clk.Advance(24*time.Hour - time.Minute)
	mustRead(t, second)
	mustRead(t, first) // finds the token that the other process renewed
	if n := len(s.TokenRequests()); n != 2 {
		t.Errorf("%d tokens fetched, want 2", n)
	}
	if got := bearers(s); got != "token-1 token-1 token-2 token-2" {
		t.Errorf("tokens were %s", got)
	}
}

func TestACacheThatFailsCostsATokenAndALogLine(t *testing.T) {
	s, clk, shelf := script.Start(t, oks(2)...), newClock(), newShelf()
	shelf.fails = model.Errorf(model.CodeUnavailable, "table", "is away")
	cfg := config(t, s.URL, clk)
	cfg.Tokens = shelf
	log, lines := journal(0)
	cfg.Logger = log
	c := exorg.New(cfg)
	mustRead(t, c)
	mustRead(t, c)
	if n := len(s.TokenRequests()); n != 1 {
		t.Errorf("%d tokens fetched, want 1", n)
	}
	for _, part := range []string{"could not be read", "could not be shared", "is away"} {
		if !strings.Contains(lines.String(), part) {
			t.Errorf("the log lacks %q: %s", part, lines)
		}
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	refused := script.Status(401, "bad.credentials", "Invalid login credentials.")
	t.Run("and the call goes on, be it a write", func(t *testing.T) {
		s, clk, shelf := script.Start(t, refused, script.OK(`{"id":"t1"}`)), newClock(), newShelf()
		shelf.tokens["client-1"], shelf.expires["client-1"] = "revoked", start().Add(time.Hour)
		cfg := config(t, s.URL, clk)
		cfg.Tokens = shelf
		if err := exorg.New(cfg).Call(t.Context(), writing(), &thing{}); err != nil {
			t.Fatal(err)
		}
		if got := bearers(s); got != "revoked token-1" || shelf.tokens["client-1"] != "token-1" {
			t.Errorf("tokens were %s, the cache holds %s", got, shelf.tokens["client-1"])
		}
	})
	t.Run("by the one that another process has put into the cache", func(t *testing.T) {
		s, clk, shelf := script.Start(t, refused, script.OK(`{"id":"t1"}`)), newClock(), newShelf()
		shelf.tokens["client-1"], shelf.expires["client-1"] = "old", start().Add(time.Hour)
		s.Token(script.Status(500, "x", "no token is needed from here"))
		cfg := config(t, s.URL, clk)
		cfg.Tokens = &swapping{tokenShelf: shelf, next: "newer"}
		mustRead(t, exorg.New(cfg))
		if got := bearers(s); got != "old newer" {
			t.Errorf("tokens were %s", got)
		}
	})
	t.Run("and a second refusal is final and names the credentials", func(t *testing.T) {
		c, s, _ := played(t, refused, refused)
		err := c.Call(t.Context(), writing(), &thing{})
		wantCode(t, err, model.CodeDenied)
		if !exorg.IsCredentials(err) || !strings.Contains(err.Error(), "check that the OAuth client") {
			t.Errorf("error is %q", err)
		}
		if got := bearers(s); got != "token-1 token-2" {
			t.Errorf("tokens were %s", got)
		}
	})
	t.Run("and a token endpoint that gives the same again is no help", func(t *testing.T) {
		c, s, _ := played(t, refused)
		s.Token(script.OK(`{"access_token":"same","expires_in":300}`))
		wantCode(t, read(t, c), model.CodeUnavailable)
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// swapping is a cache whose token is replaced by another process after the first read.
type swapping struct {
	*tokenShelf
	next string
}

func (s *swapping) SaveToken(context.Context, string, string, model.Org, time.Time) error {
	return errors.New("nothing should be saved")
}

func (s *swapping) LoadToken(ctx context.Context, client string) (string, model.Org, time.Time, error) {
	token, org, expires, err := s.tokenShelf.LoadToken(ctx, client)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[client] = s.next
	return token, org, expires, err
}

func TestWhatTheTokenEndpointSays(t *testing.T) {
	tests := []struct {
		name  string
		reply script.Reply
		code  model.Code
		wait  time.Duration
		says  string
		bad   bool // the credentials are bad
		asks  int  // requests to the endpoint by three calls one after another
	}{
		{name: "its rate limit comes as 400 invalid_request",
			reply: script.JSON(400, `{"error":"invalid_request","description":"rate limit exceeded; wait","error_description":"rate limit exceeded; wait"}`),
			code:  model.CodeThrottled, wait: time.Minute, says: "rate limit exceeded", asks: 1},
		{name: "its rate limit may come as 429 with Retry-After", reply: script.JSON(429, `{"error":"x"}`, "Retry-After", "90"),
			code: model.CodeThrottled, wait: 90 * time.Second, asks: 1},
		{name: "bad credentials as 401", reply: script.JSON(401, `{"error":"invalid_client","error_description":"authentication failed"}`),
			code: model.CodeDenied, says: "check that the OAuth client", bad: true, asks: 1},
		{name: "bad credentials as 400", reply: script.JSON(400, `{"error":"invalid_client","description":"client not found"}`),
			code: model.CodeDenied, says: "(invalid_client): client not found", bad: true, asks: 1},
		{name: "another 400", reply: script.JSON(400, `{"error":"unsupported_grant_type"}`), code: model.CodeInvalid, says: "unsupported_grant_type", asks: 3},
		{name: "a server's fault", reply: script.JSON(502, `<html>`), code: model.CodeUnavailable, asks: 3},
		{name: "a page instead of a token", reply: script.OK(`<html>`), code: model.CodeUnavailable, says: "check loginUrl", asks: 3},
		{name: "nothing at all", reply: script.Reset(), code: model.CodeUnavailable, asks: 3},
		{name: "404 of a wrong address", reply: script.JSON(404, `<html>`), code: model.CodeUnavailable, says: "check apiUrl", asks: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s, clk := played(t)
			s.Token(tt.reply)
			var err error
			for range 3 {
				err = c.Call(t.Context(), writing(), &thing{})
				wantCode(t, err, tt.code)
				clk.Advance(time.Second)
			}
			if got := model.RetryAfterOf(err); got != tt.wait {
				t.Errorf("RetryAfter is %s, want %s", got, tt.wait)
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "get a token for OAuth client 1") {
				t.Errorf("error is %q", err)
			}
			if exorg.IsCredentials(err) != tt.bad {
				t.Errorf("IsCredentials is %v", !tt.bad)
			}
			if strings.Contains(err.Error(), "secret-1") {
				t.Errorf("the error shows the secret: %q", err)
			}
			if n := len(s.TokenRequests()); n < tt.asks || tt.asks == 1 && n != 1 {
				t.Errorf("the endpoint was asked %d times, want %d", n, tt.asks)
			}
			if n := len(s.Requests()); n != 0 {
				t.Errorf("%d requests went to the API without a token", n)
			}
		})
	}
}

func TestATokenRefusalIsForgottenAfterItsTime(t *testing.T) {
	c, s, clk := played(t, oks(1)...)
	s.Token(script.JSON(400, `{"error":"invalid_request","description":"rate limit exceeded"}`))
	wantCode(t, read(t, c), model.CodeThrottled)
	s.Token(script.OK(`{"access_token":"x","expires_in":300}`))
	clk.Advance(59 * time.Second)
	wantCode(t, read(t, c), model.CodeThrottled)
	clk.Advance(time.Second)
	mustRead(t, c)
}

func TestAgainstAnOrgTheTokenLimitAndLifeHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := exorgtest.New(exorgtest.WithTokenLifetime(10*time.Minute), exorgtest.WithTokenRateLimit(1))
		c := exorg.New(exorg.Config{
			APIURL: "http://org", LoginURL: "http://org", HTTP: org.Client(),
			Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
		})
		for i := range 120 { // two hours, a call a minute: never refused
			if _, err := c.Me(t.Context()); err != nil {
				t.Fatalf("minute %d: %v", i, err)
			}
			time.Sleep(time.Minute)
		}
		if n := org.Calls()[http.MethodPost+" /oauth/token"]; n < 12 || n > 16 {
			t.Errorf("%d tokens of 10 minutes in 2 hours", n)
		}
		if failed := org.Totals().Failed; failed != 0 {
			t.Errorf("%d calls failed: %s", failed, fmt.Sprint(org.Calls()))
		}
	})
}
