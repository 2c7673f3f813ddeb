package exorg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// The calls that the transport tests make: one that reads and one that writes.
func reading() wire.Request {
	return wire.Request{Op: "read thing", Method: http.MethodGet, Route: "/things/{id}", Args: []string{"t1"}, Reads: true}
}

func writing() wire.Request {
	return wire.Request{
		Op: "create thing", Method: http.MethodPost, Route: "/things/{id}", Args: []string{"t1"}, Body: map[string]string{"name": "Jane"},
		Private: []string{"Jane"}, Needs: "thing:add",
	}
}

type thing struct {
	ID string `json:"id"`
}

func TestWhatAStatusMeans(t *testing.T) {
	// Reads are sent three times where a repeat may help; no write is sent twice, but for a 401.
	tests := []struct {
		status      int
		read, write model.Code
		reads       int
		writes      int
	}{
		{400, model.CodeInvalid, model.CodeInvalid, 1, 1},
		{401, model.CodeDenied, model.CodeDenied, 2, 2},
		{403, model.CodeDenied, model.CodeDenied, 1, 1},
		{404, model.CodeNotFound, model.CodeNotFound, 1, 1},
		{405, model.CodeInvalid, model.CodeInvalid, 1, 1},
		{408, model.CodeUnavailable, model.CodeAmbiguous, 3, 1},
		{409, model.CodeConflict, model.CodeConflict, 1, 1},
		{410, model.CodeNotFound, model.CodeNotFound, 1, 1},
		{413, model.CodeInvalid, model.CodeInvalid, 1, 1},
		{415, model.CodeInvalid, model.CodeInvalid, 1, 1},
		{429, model.CodeThrottled, model.CodeThrottled, 1, 1},
		{500, model.CodeUnavailable, model.CodeAmbiguous, 3, 1},
		{502, model.CodeUnavailable, model.CodeAmbiguous, 3, 1},
		{503, model.CodeUnavailable, model.CodeAmbiguous, 3, 1},
		{504, model.CodeUnavailable, model.CodeAmbiguous, 3, 1},
	}
	for _, tt := range tests {
		for _, call := range []struct {
			request wire.Request
			code    model.Code
			sent    int
		}{{reading(), tt.read, tt.reads}, {writing(), tt.write, tt.writes}} {
			t.Run(fmt.Sprintf("%d to %s", tt.status, call.request.Method), func(t *testing.T) {
				c, s, _ := played(t)
				for range call.sent {
					s.Then(script.Status(tt.status, "some.code", "It did not work."))
				}
				err := c.Call(t.Context(), call.request, &thing{})
				wantCode(t, err, call.code)
				if n := len(s.Requests()); n != call.sent {
					t.Errorf("sent %d times, want %d", n, call.sent)
				}
				e := apiError(t, err)
				if e.Status != tt.status || e.Code != "some.code" || e.CorrelationID != "corr-1" || e.Route != "/things/{id}" || e.Method != call.request.Method {
					t.Errorf("APIError is %+v", *e)
				}
				for _, part := range []string{call.request.Op + " t1", fmt.Sprint(tt.status), "some.code", "It did not work.", "corr-1"} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error text %q lacks %q", err, part)
					}
				}
			})
		}
	}
}

func TestARequestCarriesWhatTheAPIWants(t *testing.T) {
	c, s, _ := played(t, script.OK(`{"id":"t1"}`), script.OK(`{"id":"t1"}`))
	r := writing()
	r.Body = map[string]any{"name": "Röntgen <&> Söhne", "level": json.Number("4.50")}
	r.Args = []string{"a/b c"}
	if err := c.Call(t.Context(), r, &thing{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), reading(), nil); err != nil {
		t.Fatal(err)
	}
	post, get := s.Requests()[0], s.Requests()[1]
	if post.Path != "/api/v2/things/a%2Fb%20c" {
		t.Errorf("path is %s", post.Path)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "Authorization": "Bearer token-1", "User-Agent": "EXCS",
	} {
		if got := post.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if post.Body != `{"level":4.50,"name":"Röntgen <&> Söhne"}` {
		t.Errorf("body is %s", post.Body)
	}
	if get.Body != "" || get.Header.Get("Content-Type") != "" {
		t.Errorf("a request without body has body %q and type %q", get.Body, get.Header.Get("Content-Type"))
	}
	token := s.TokenRequests()[0]
	user, password, _ := (&http.Request{Header: token.Header}).BasicAuth()
	if user != "client-1" || password != "secret-1" || token.Body != "grant_type=client_credentials" ||
		token.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("token request is %+v", token)
	}
}

// An empty id would turn "read this one" into "list all of them", and "delete this queue's member" into something worse.
func TestACallWithoutItsIDIsNotSent(t *testing.T) {
	for _, id := range []string{"", ".", ".."} {
		c, s, _ := played(t)
		r := reading()
		r.Args = []string{id}
		wantCode(t, c.Call(t.Context(), r, &thing{}), model.CodeInternal)
		if len(s.Requests())+len(s.TokenRequests()) != 0 {
			t.Errorf("id %q was sent", id)
		}
	}
}

func TestAClientWithoutCredentialsSaysSo(t *testing.T) {
	c := exorg.New(exorg.Config{APIURL: "http://127.0.0.1:1", LoginURL: "http://127.0.0.1:1"})
	err := c.Call(t.Context(), reading(), &thing{})
	wantCode(t, err, model.CodeInvalid)
	if !strings.Contains(err.Error(), "set clientId and clientSecret") {
		t.Errorf("error is %q", err)
	}
	_, _, err = c.Reserve(t.Context(), 1, model.RankPeople)
	wantCode(t, err, model.CodeInvalid)
}

func TestAResetAfterTheRequestWasSent(t *testing.T) {
	t.Run("leaves a write ambiguous and is not repeated", func(t *testing.T) {
		c, s, _ := played(t, script.Reset())
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeAmbiguous)
		if n := len(s.Requests()); n != 1 {
			t.Errorf("the write was sent %d times", n)
		}
	})
	t.Run("on a kept connection leaves a write ambiguous too", func(t *testing.T) {
		c, s, _ := played(t, script.OK(`{"id":"t1"}`), script.Reset())
		if err := c.Call(t.Context(), reading(), &thing{}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeAmbiguous)
		if n := len(s.Requests()); n != 2 {
			t.Errorf("%d requests, want the read and one write", n)
		}
	})
	t.Run("is repeated for a read", func(t *testing.T) {
		c, s, clk := played(t, script.Reset(), script.Half(200, `{"id":"t1","name":"x"}`), script.OK(`{"id":"t1"}`))
		var got thing
		if err := c.Call(t.Context(), reading(), &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != "t1" || s.Left() != 0 {
			t.Errorf("got %+v with %d replies left", got, s.Left())
		}
		if slept := fmt.Sprint(clk.Slept()); slept != "[100ms 200ms]" {
			t.Errorf("waited %s, want half of 200 ms and of 400 ms", slept)
		}
	})
	t.Run("ends a read after its attempts", func(t *testing.T) {
		c, s, _ := played(t, script.Reset(), script.Reset(), script.Reset())
		wantCode(t, c.Call(t.Context(), reading(), &thing{}), model.CodeUnavailable)
		if n := len(s.Requests()); n < 3 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestAnAnswerThatBreaksOff(t *testing.T) {
	t.Run("leaves a write ambiguous when its content is needed", func(t *testing.T) {
		c, _, _ := played(t, script.Half(200, `{"id":"t1","name":"x"}`))
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeAmbiguous)
	})
	t.Run("does not matter when the status is all that is needed", func(t *testing.T) {
		c, _, _ := played(t, script.Half(200, `{"id":"t1","name":"x"}`))
		if err := c.Call(t.Context(), writing(), nil); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("leaves a write ambiguous when it is an error of the server", func(t *testing.T) {
		c, _, _ := played(t, script.Half(502, `<html>bad gateway</html>`))
		wantCode(t, c.Call(t.Context(), writing(), nil), model.CodeAmbiguous)
	})
}

func TestAnAnswerThatIsNotThePlatformAPIs(t *testing.T) {
	t.Run("200 with a page is no answer to a read", func(t *testing.T) {
		c, _, _ := played(t, script.OK(`<html>`), script.OK(`<html>`), script.OK(`<html>`))
		wantCode(t, c.Call(t.Context(), reading(), &thing{}), model.CodeUnavailable)
	})
	t.Run("200 without a body leaves a creation ambiguous", func(t *testing.T) {
		c, _, _ := played(t, script.OK(``))
		wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeAmbiguous)
	})
	for _, body := range []string{`<html>not found</html>`, ``, `{"message":"Not Found"}`, `null`} {
		t.Run("a proxy's 404 is not taken for a deleted object: "+body, func(t *testing.T) {
			c, s, _ := played(t)
			for range 3 {
				s.Then(script.JSON(404, body))
			}
			err := c.Call(t.Context(), reading(), &thing{})
			wantCode(t, err, model.CodeUnavailable)
			if exorg.IsNotFound(err) || !strings.Contains(err.Error(), "check apiUrl") {
				t.Errorf("error is %q", err)
			}
		})
	}
	t.Run("a 404 with the API's correlation id is the API's", func(t *testing.T) {
		c, _, _ := played(t, script.JSON(404, ``, "ININ-Correlation-Id", "c-9"))
		err := c.Call(t.Context(), reading(), &thing{})
		wantCode(t, err, model.CodeNotFound)
		if apiError(t, err).CorrelationID != "c-9" {
			t.Errorf("error is %q", err)
		}
	})
	t.Run("a redirect is not followed, because it would carry the token along", func(t *testing.T) {
		elsewhere := script.Start(t)
		c, _, _ := played(t, script.JSON(307, ``, "Location", elsewhere.URL+"/api/v2/things/t1"))
		wantCode(t, c.Call(t.Context(), writing(), nil), model.CodeInvalid)
		if len(elsewhere.Requests()) != 0 {
			t.Error("the redirect was followed")
		}
	})
	t.Run("an endless answer is cut off", func(t *testing.T) {
		endless := func(w http.ResponseWriter, r *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}
		c, _, _ := played(t, endless, endless, endless)
		err := c.Call(t.Context(), reading(), &thing{})
		wantCode(t, err, model.CodeUnavailable)
		if !strings.Contains(err.Error(), "longer than 32 MB") {
			t.Errorf("error is %q", err)
		}
	})
}

// closedPort is an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

func TestAConnectionThatIsRefusedSentNothing(t *testing.T) {
	login, clk := script.Start(t), newClock()
	cfg := config(t, login.URL, clk)
	cfg.APIURL = closedPort(t)
	c := exorg.New(cfg)
	err := c.Call(t.Context(), writing(), &thing{})
	wantCode(t, err, model.CodeUnavailable)
	if exorg.IsAmbiguous(err) || !exorg.IsUnavailable(err) {
		t.Errorf("predicates disagree with the code of %v", err)
	}
	if strings.Contains(err.Error(), "Jane") || strings.Contains(err.Error(), "/api/v2") {
		t.Errorf("error text holds more than it should: %q", err)
	}
}

// fakeTransport fails without telling how far it got.
type fakeTransport struct{ err error }

func (f fakeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		return http.DefaultTransport.RoundTrip(r)
	}
	return nil, f.err
}

func TestATransportThatDoesNotTellLeavesAWriteAmbiguous(t *testing.T) {
	login, clk := script.Start(t), newClock()
	cfg := config(t, login.URL, clk)
	cfg.HTTP = &http.Client{Transport: fakeTransport{errors.New("no route")}}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	wantCode(t, exorg.New(cfg).Call(t.Context(), writing(), &thing{}), model.CodeAmbiguous)
}

func TestTimeAndCancellation(t *testing.T) {
	t.Run("an attempt that takes too long leaves a write ambiguous", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		s, clk := script.Start(t, script.Wait(release, script.OK(`{"id":"t1"}`))), newClock()
		cfg := config(t, s.URL, clk)
		cfg.Timeout = 200 * time.Millisecond
		err := exorg.New(cfg).Call(t.Context(), writing(), &thing{})
		wantCode(t, err, model.CodeAmbiguous)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("a caller that leaves meanwhile leaves a write ambiguous", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		defer close(release)
		c, _, _ := played(t, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			script.Wait(release, script.OK(`{}`))(w, r)
		})
		err := c.Call(ctx, writing(), &thing{})
		wantCode(t, err, model.CodeAmbiguous)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("a caller that left before sends nothing", func(t *testing.T) {
		c, s, _ := played(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantCode(t, c.Call(ctx, writing(), &thing{}), model.CodeUnavailable)
		if len(s.Requests())+len(s.TokenRequests()) != 0 {
			t.Error("something was sent")
		}
	})
	t.Run("a caller that leaves between attempts ends the attempts", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s, clk := script.Start(t, script.Status(503, "busy", "Busy.")), newClock()
		cfg := config(t, s.URL, clk)
		cfg.Sleep = func(ctx context.Context, _ time.Duration) error {
			cancel()
			return ctx.Err()
		}
		wantCode(t, exorg.New(cfg).Call(ctx, reading(), &thing{}), model.CodeUnavailable)
		if n := len(s.Requests()); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestRetryAfterOfAPassingFault(t *testing.T) {
	t.Run("is waited for when it is short", func(t *testing.T) {
		c, _, clk := played(t, script.Status(503, "busy", "Busy.", "Retry-After", "2"), script.OK(`{"id":"t1"}`))
		if err := c.Call(t.Context(), reading(), &thing{}); err != nil {
			t.Fatal(err)
		}
		if slept := fmt.Sprint(clk.Slept()); slept != "[2s]" {
			t.Errorf("waited %s", slept)
		}
	})
	t.Run("is handed on when it is long", func(t *testing.T) {
		c, s, _ := played(t, script.Status(503, "busy", "Busy.", "Retry-After", "30"))
		err := c.Call(t.Context(), reading(), &thing{})
		wantCode(t, err, model.CodeUnavailable)
		if model.RetryAfterOf(err) != 30*time.Second || len(s.Requests()) != 1 {
			t.Errorf("RetryAfter is %s after %d requests", model.RetryAfterOf(err), len(s.Requests()))
		}
	})
}

// A frozen process wakes up with connections that are long dead; the client must not write into them.
func TestConnectionsThatLayIdleAreNotUsedAgain(t *testing.T) {
	var remotes []string
	note := func(w http.ResponseWriter, r *http.Request) {
		remotes = append(remotes, r.RemoteAddr)
		script.OK(`{"id":"t1"}`)(w, r)
	}
	c, _, clk := played(t, note, note, note)
	for _, pause := range []time.Duration{0, 10 * time.Second, 20 * time.Second} {
		clk.Advance(pause)
		if err := c.Call(t.Context(), writing(), &thing{}); err != nil {
			t.Fatal(err)
		}
	}
	if remotes[0] != remotes[1] {
		t.Error("a connection of 10 s was not kept")
	}
	if remotes[1] == remotes[2] {
		t.Error("a connection that lay idle for 20 s was used again")
	}
}

func TestLogLinesHoldNoSecretAndNoPerson(t *testing.T) {
	s, clk := script.Start(t,
		script.JSON(200, `{"id":"t1"}`, "ININ-Correlation-Id", "c-1"),
		script.Status(429, "too.many.requests", "Rate limit exceeded the maximum. Retry the request in [7] seconds"),
	), newClock()
	cfg := config(t, s.URL, clk)
	log, lines := journal(slog.LevelDebug)
	cfg.Logger = log
	c := exorg.New(cfg)
	if err := c.Call(t.Context(), writing(), &thing{}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.Call(t.Context(), writing(), &thing{}), model.CodeThrottled)
	out := lines.String()
	for _, part := range []string{"create thing", "t1", "/things/{id}", "c-1", `"status":200`, "asks to wait"} {
		if !strings.Contains(out, part) {
			t.Errorf("the log lacks %q:\n%s", part, out)
		}
	}
	for _, part := range []string{"Jane", "token-1", "secret-1"} {
		if strings.Contains(out, part) {
			t.Errorf("the log shows %q:\n%s", part, out)
		}
	}
}
