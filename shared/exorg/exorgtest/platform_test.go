package exorgtest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

func TestToken(t *testing.T) {
	t.Run("is given for client credentials and dies with its lifetime", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithTokenLifetime(10*time.Minute))
		a := c.askToken(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)
		if a.str("token_type") != "bearer" || a.num("expires_in") != 600 {
			t.Errorf("token answer: type %q, expires_in %d", a.str("token_type"), a.num("expires_in"))
		}
		clock.move(10*time.Minute - time.Second)
		c.get("/users")
		clock.move(time.Second)
		c.must(401, "GET", "/users", nil)
		c.login()
		c.get("/users")
	})
	t.Run("can be revoked", func(t *testing.T) {
		c := newCaller(t)
		c.org.RevokeTokens()
		if a := c.must(401, "GET", "/users", nil); a.str("code") != "bad.credentials" {
			t.Errorf("code %q", a.str("code"))
		}
	})
	t.Run("is refused in the login host's own error shape", func(t *testing.T) {
		c := newCaller(t)
		a := c.askToken(exorgtest.DefaultClientID, "wrong")
		if a.status != 401 || a.str("error") != "invalid_client" || a.str("error_description") == "" || a.str("description") == "" {
			t.Errorf("status %d: %s", a.status, a.text)
		}
		r := c.request("POST", "/oauth/token", nil)
		r.SetBasicAuth(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)
		if a := c.send(r); a.status != 400 || a.str("error") != "unsupported_grant_type" {
			t.Errorf("status %d: %s", a.status, a.text)
		}
	})
	t.Run("has a rate limit of its own that shows as 400 invalid_request", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithTokenRateLimit(3))
		for range 2 {
			c.login()
		}
		a := c.askToken(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)
		if a.status != 400 || a.str("error") != "invalid_request" || !strings.HasPrefix(a.str("error_description"), "rate limit exceeded; ") {
			t.Errorf("status %d: %s", a.status, a.text)
		}
		clock.move(time.Minute)
		c.login()
	})
	t.Run("tells whose it is", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithName("ACME"))
		a := c.get("/tokens/me")
		org, _ := a.object["organization"].(object)
		client, _ := a.object["OAuthClient"].(object)
		if org["id"] != c.org.ID() || org["name"] != "ACME" || client["id"] != exorgtest.DefaultClientID {
			t.Errorf("answer: %s", a.text)
		}
	})
	t.Run("several clients have tokens of their own", func(t *testing.T) {
		org := exorgtest.New(exorgtest.WithClients(exorgtest.Client{ID: "a", Secret: "1"}, exorgtest.Client{ID: "b", Secret: "2", Lacks: []string{"directory:user:add"}}))
		c := &caller{t: t, org: org, http: org.Client(), base: "http://exorg.invalid"}
		for id, secret := range map[string]string{"a": "1", "b": "2"} {
			c.token = c.askToken(id, secret).str("access_token")
			want := map[string]int{"a": 200, "b": 403}[id]
			c.must(want, "POST", "/users", object{"name": "A", "email": "a@x.de", "divisionId": org.HomeDivision()})
		}
	})
}

func TestPermissions(t *testing.T) {
	c := newCaller(t)
	for _, tc := range []struct{ method, path, permission string }{
		{"POST", "/users", "directory:user:add"},
		{"POST", "/users/search", "directory:user:view"},
		{"GET", "/routing/queues", "routing:queue:view"},
		{"DELETE", "/routing/queues/x", "routing:queue:delete"},
		{"POST", "/presence/sources", "presence:source:add"},
	} {
		c.org.Deny("", tc.permission)
		var body any
		if tc.method == "POST" {
			body = object{"name": "A", "email": "a@x.de", "divisionId": "x"}
		}
		a := c.must(403, tc.method, tc.path, body)
		if !strings.HasSuffix(a.str("message"), "missing the following permission(s): "+tc.permission) {
			t.Errorf("message %q", a.str("message"))
		}
		c.org.Grant("", tc.permission)
		if a := c.call(tc.method, tc.path, body); a.status == 403 {
			t.Errorf("%s %s: still 403", tc.method, tc.path)
		}
	}
	t.Run("any one of several permissions is enough", func(t *testing.T) {
		u := c.newUser("ada@example.com")
		c.org.Deny("", "admin", "directory:organization:admin")
		c.must(200, "PATCH", "/users/"+u, object{"version": 1, "title": "x"})
		c.org.Deny("", "directory:user:edit")
		c.must(403, "PATCH", "/users/"+u, object{"version": 2, "title": "x"})
	})
	t.Run("a move of objects needs the permission to edit them", func(t *testing.T) {
		q, other := c.newQueue("Q", ""), made(t)(c.org.AddDivision("Other"))
		c.org.Deny("", "routing:queue:edit")
		c.must(403, "POST", "/authorization/divisions/"+other+"/objects/QUEUE", []string{q})
	})
}

func TestRateLimit(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithRateLimit(3))
	limits := func(a answer) [3]string {
		return [3]string{a.header.Get("inin-ratelimit-count"), a.header.Get("inin-ratelimit-allowed"), a.header.Get("inin-ratelimit-reset")}
	}
	if diff := cmp.Diff([3]string{"1", "3", "60"}, limits(c.get("/users"))); diff != "" {
		t.Error(diff)
	}
	clock.move(20 * time.Second)
	if diff := cmp.Diff([3]string{"2", "3", "40"}, limits(c.must(404, "GET", "/users/x", nil))); diff != "" {
		t.Error(diff)
	}
	c.get("/users")
	clock.move(500 * time.Millisecond)
	a := c.must(429, "GET", "/users", nil)
	if a.header.Get("Retry-After") != "40" || a.str("code") != "too.many.requests.retry.after" ||
		a.str("message") != "Rate limit exceeded the maximum. Retry the request in [40] seconds" {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.text)
	}
	t.Run("a write beyond it is not done", func(t *testing.T) {
		c.must(429, "POST", "/users", object{"name": "A", "email": "a@x.de", "divisionId": c.org.HomeDivision()})
		if n := len(c.org.Users()); n != 0 {
			t.Errorf("%d users", n)
		}
	})
	t.Run("is per token", func(t *testing.T) {
		old := c.token
		c.login()
		c.get("/users")
		c.token = old
		c.must(429, "GET", "/users", nil)
	})
	t.Run("the window ends a minute after its first request", func(t *testing.T) {
		clock.move(39*time.Second + 400*time.Millisecond)
		c.must(429, "GET", "/users", nil)
		clock.move(100 * time.Millisecond)
		if diff := cmp.Diff([3]string{"1", "3", "60"}, limits(c.get("/users"))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("without one the headers are there all the same", func(t *testing.T) {
		c := newCaller(t)
		if got := limits(c.get("/users")); got[0] != "1" || got[1] == "" || got[2] == "" {
			t.Errorf("headers %v", got)
		}
	})
}

func TestErrorBody(t *testing.T) {
	c := newCaller(t)
	a := c.must(404, "GET", "/users/nobody", nil)
	if a.num("status") != 404 || a.str("code") != "not.found" || a.str("message") == "" || a.str("entityId") != "nobody" {
		t.Errorf("body: %s", a.text)
	}
	if id := a.header.Get("ININ-Correlation-Id"); id == "" || id != a.str("contextId") {
		t.Errorf("correlation id %q, contextId %q", id, a.str("contextId"))
	}
	if c.get("/users").header.Get("ININ-Correlation-Id") == "" {
		t.Error("a success has no correlation id")
	}
}

func TestDoorstep(t *testing.T) {
	c := newCaller(t)
	c.sloppy = true
	t.Run("a body without its content type is 415", func(t *testing.T) {
		r := c.request("POST", "/api/v2/users", object{"name": "A"})
		r.Header.Del("Content-Type")
		if a := c.send(r); a.status != 415 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("a body over 512,000 bytes is 413", func(t *testing.T) {
		c.must(413, "POST", "/users", object{"name": strings.Repeat("x", 512000)})
	})
	t.Run("no token or a wrong one is 401", func(t *testing.T) {
		r := c.request("GET", "/api/v2/users", nil)
		r.Header.Set("Authorization", "Bearer nonsense")
		if a := c.send(r); a.status != 401 {
			t.Errorf("status %d", a.status)
		}
	})
	t.Run("what is no operation is 404", func(t *testing.T) { c.must(404, "GET", "/nowhere", nil) })
	t.Run("broken JSON is 400", func(t *testing.T) {
		r := c.request("POST", "/api/v2/users", nil)
		r.Body = http.NoBody
		if a := c.send(r); a.status != 400 {
			t.Errorf("status %d", a.status)
		}
	})
}

func TestCounters(t *testing.T) {
	c := newCaller(t)
	c.org.ResetCounters()
	c.login()
	u := c.newUser("ada@example.com")
	c.get("/users/" + u)
	c.get("/users")
	c.must(200, "PATCH", "/users/"+u, object{"version": 1, "title": "x"})
	c.must(409, "PATCH", "/users/"+u, object{"version": 1, "title": "x"})
	c.search(byEmail("ada@example.com"))
	c.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Status: 429, Method: "DELETE"})
	c.must(429, "DELETE", "/users/"+u, nil)
	want := map[string]int{
		"POST /oauth/token": 1, "POST /api/v2/users": 1, "GET /api/v2/users/{userId}": 1, "GET /api/v2/users": 1,
		"PATCH /api/v2/users/{userId}": 2, "POST /api/v2/users/search": 1, "DELETE /api/v2/users/{userId}": 1,
	}
	if diff := cmp.Diff(want, c.org.Calls()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(exorgtest.Totals{Calls: 8, Reads: 3, Writes: 4, Tokens: 1, Throttled: 1, Failed: 2}, c.org.Totals()); diff != "" {
		t.Error(diff)
	}
	c.org.ResetCounters()
	if len(c.org.Calls()) != 0 || c.org.Totals() != (exorgtest.Totals{}) || len(c.org.Requests()) != 0 {
		t.Error("something is left after a reset")
	}
}

func TestRequestLog(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithLog(3))
	c.must(200, "POST", "/users", object{"name": "A", "email": "a@x.de", "divisionId": c.org.HomeDivision(), "password": "hunter2-hunter2"})
	log := c.org.Requests()
	last := log[len(log)-1]
	if last.Route != "/api/v2/users" || last.Status != 200 || last.Client != exorgtest.DefaultClientID || !last.Time.Equal(clock.Now()) || !strings.Contains(last.Body, `"a@x.de"`) {
		t.Errorf("entry %+v", last)
	}
	for _, e := range log {
		for _, secret := range []string{"hunter2", exorgtest.DefaultClientSecret, c.token} {
			if strings.Contains(e.Body+e.Path+e.Query, secret) {
				t.Errorf("a secret is in the log: %s %s", e.Method, e.Path)
			}
		}
	}
	for range 20 {
		c.get("/users?state=any")
	}
	log = c.org.Requests()
	if len(log) != 3 || log[2].Query != "state=any" || log[2].Path != "/api/v2/users" {
		t.Errorf("log of %d: %+v", len(log), log)
	}
	if _, url := exorgtest.Start(t, exorgtest.WithLog(0)); url == "" {
		t.Error("no address")
	}
}

func TestSameSeedSameOrganisation(t *testing.T) {
	ids := func(seed uint64) []string {
		org := exorgtest.New(exorgtest.WithSeed(seed))
		return []string{org.ID(), org.HomeDivision(), made(t)(org.AddSkill("S")), made(t)(org.AddQueue(object{"name": "Q"}))}
	}
	if diff := cmp.Diff(ids(7), ids(7)); diff != "" {
		t.Error(diff)
	}
	if slices.Equal(ids(7), ids(8)) {
		t.Error("another seed gives the same ids")
	}
}
