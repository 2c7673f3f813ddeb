package exorgtest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

// both runs a test over a real connection and without one.
func both(t *testing.T, run func(t *testing.T, c *caller)) {
	t.Helper()
	t.Run("over a socket", func(t *testing.T) { run(t, newSocketCaller(t)) })
	t.Run("without a socket", func(t *testing.T) { run(t, newCaller(t)) })
}

func TestFaultAnswer(t *testing.T) {
	t.Run("before the work nothing is done, after it everything", func(t *testing.T) {
		for _, tc := range []struct {
			kind  exorgtest.FaultKind
			users int
		}{{exorgtest.Answer, 0}, {exorgtest.AnswerAfter, 1}} {
			c := newCaller(t)
			f := c.org.Fail(exorgtest.Fault{Kind: tc.kind, Method: "POST", Route: "/api/v2/users", Times: 1})
			body := object{"name": "A", "email": "a@x.de", "divisionId": c.org.HomeDivision()}
			c.must(503, "POST", "/users", body)
			if n := len(c.org.Users()); n != tc.users || f.Struck() != 1 {
				t.Errorf("kind %d: %d users, struck %d times", tc.kind, n, f.Struck())
			}
			c.must(200+209*tc.users, "POST", "/users", body) // 409 when the lost one is there
		}
	})
	for _, tc := range []struct {
		name   string
		fault  exorgtest.Fault
		status int
		code   string
		retry  string
	}{
		{"429 with Retry-After", exorgtest.Fault{Status: 429, RetryAfter: 7 * time.Second}, 429, "too.many.requests.retry.after", "7"},
		{"429 without Retry-After", exorgtest.Fault{Status: 429}, 429, "too.many.requests", ""},
		{"403", exorgtest.Fault{Status: 403}, 403, "missing.any.permissions", ""},
		{"401", exorgtest.Fault{Status: 401}, 401, "bad.credentials", ""},
		{"504", exorgtest.Fault{Status: 504}, 504, "request.timeout", ""},
		{"a conflict with nothing behind it", exorgtest.Fault{Status: 409}, 409, "general.conflict", ""},
		{"a status of one's own", exorgtest.Fault{Status: 400, Code: "x.y", Message: "z"}, 400, "x.y", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCaller(t)
			c.org.Fail(tc.fault)
			a := c.must(tc.status, "GET", "/users", nil)
			if a.str("code") != tc.code || a.header.Get("Retry-After") != tc.retry || a.str("message") == "" {
				t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.text)
			}
		})
	}
	t.Run("the token endpoint fails in its own shape", func(t *testing.T) {
		c := newCaller(t)
		c.org.Fail(exorgtest.Fault{Route: "/oauth/token", Status: 503, Times: 1})
		if a := c.askToken(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret); a.status != 503 || a.str("error") == "" {
			t.Errorf("status %d: %s", a.status, a.text)
		}
		c.login()
	})
}

func TestFaultMatching(t *testing.T) {
	pattern := func(f exorgtest.Fault, n int, path string) string {
		c := newCaller(t)
		c.org.Fail(f)
		out := ""
		for range n {
			if c.call("GET", path, nil).status == 200 {
				out += "."
			} else {
				out += "x"
			}
		}
		return out
	}
	for want, f := range map[string]exorgtest.Fault{
		"xxxxxx": {},
		"xx....": {Times: 2},
		"..xxxx": {Skip: 2},
		".x.x.x": {Every: 2},
		"..xx..": {Skip: 2, Times: 2},
		"...x..": {Skip: 1, Every: 3, Times: 1},
		"......": {Method: "POST"},
	} {
		if got := pattern(f, 6, "/routing/skills?name=abc"); got != want {
			t.Errorf("%+v: %s, want %s", f, got, want)
		}
	}
	for name, f := range map[string]exorgtest.Fault{
		"path": {Path: "name=abc"}, "route": {Route: "/api/v2/routing/skills"}, "method": {Method: "GET"},
	} {
		if got := pattern(f, 1, "/routing/skills?name=abc"); got != "x" {
			t.Errorf("%s did not match", name)
		}
		if got := pattern(f, 1, "/routing/languages"); got != "." && name != "method" {
			t.Errorf("%s matched too much", name)
		}
	}
	t.Run("by body, and until it is disarmed", func(t *testing.T) {
		c := newCaller(t)
		f := c.org.Fail(exorgtest.Fault{Body: `"Poison"`})
		keep := c.org.Fail(exorgtest.Fault{Body: `"Other"`})
		c.newSkill("Fine")
		c.must(503, "POST", "/routing/skills", object{"name": "Poison"})
		f.Disarm()
		c.newSkill("Poison")
		c.must(503, "POST", "/routing/skills", object{"name": "Other"})
		c.org.Heal()
		c.newSkill("Other")
		if keep.Struck() != 1 {
			t.Errorf("struck %d times", keep.Struck())
		}
	})
}

func TestFaultReset(t *testing.T) {
	both(t, func(t *testing.T, c *caller) {
		for _, tc := range []struct {
			kind  exorgtest.FaultKind
			email string
			users int
		}{{exorgtest.Reset, "a@x.de", 0}, {exorgtest.ResetAfter, "b@x.de", 1}} {
			c.org.Fail(exorgtest.Fault{Kind: tc.kind, Method: "POST", Times: 1})
			resp, err := c.http.Do(c.request("POST", "/api/v2/users", object{"name": "A", "email": tc.email, "divisionId": c.org.HomeDivision()}))
			if err == nil {
				_ = resp.Body.Close()
				t.Fatalf("kind %d: answered %d", tc.kind, resp.StatusCode)
			}
			var op *net.OpError
			if !errors.As(err, &op) && !errors.Is(err, io.EOF) {
				t.Errorf("kind %d: %v", tc.kind, err)
			}
			if n := len(c.org.Users()); n != tc.users {
				t.Errorf("kind %d: %d users", tc.kind, n)
			}
			log := c.org.Requests()
			if got := log[len(log)-1].Status; got != 0 {
				t.Errorf("kind %d: logged with status %d", tc.kind, got)
			}
		}
		c.get("/users")
	})
}

func TestFaultTruncate(t *testing.T) {
	both(t, func(t *testing.T, c *caller) {
		c.newUser("a@x.de")
		c.org.Fail(exorgtest.Fault{Kind: exorgtest.Truncate, Times: 1})
		a := c.get("/users?state=any")
		if a.text == "" || a.object != nil {
			t.Errorf("whole: %s", a.text)
		}
		if got := c.get("/users?state=any").num("total"); got != 1 {
			t.Errorf("total %d", got)
		}
	})
}

// TestFaultDelay runs on virtual time: the organisation starts no goroutine and no timer that outlives the request.
func TestFaultDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t)
		c.org.Fail(exorgtest.Fault{Kind: exorgtest.Delay, Delay: time.Hour, Times: 1})
		before := time.Now()
		c.get("/users")
		if got := time.Since(before); got != time.Hour {
			t.Errorf("waited %v", got)
		}
	})
}

func TestFaultPages(t *testing.T) {
	walk := func(c *caller) []any {
		var out []any
		for n := 1; n <= 3; n++ {
			out = append(out, c.get(fmt.Sprintf("/routing/wrapupcodes?pageSize=2&pageNumber=%d", n)).column("name")...)
		}
		return out
	}
	for _, tc := range []struct {
		name string
		kind exorgtest.FaultKind
		want []any
	}{
		{"a row is repeated when one was added in between", exorgtest.PageRepeat, []any{"a", "b", "b", "c", "d", "e"}},
		{"a row is left out when one was removed in between", exorgtest.PageSkip, []any{"a", "b", "d", "e"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCaller(t)
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				c.newCode(name)
			}
			f := c.org.Fail(exorgtest.Fault{Kind: tc.kind})
			if diff := cmp.Diff(tc.want, walk(c)); diff != "" {
				t.Error(diff)
			}
			f.Disarm()
			if diff := cmp.Diff([]any{"a", "b", "c", "d", "e"}, walk(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("the order of a list changes", func(t *testing.T) {
		c := newCaller(t)
		for i := range 20 {
			c.newSkill(fmt.Sprintf("%02d", i))
		}
		plain := c.get("/routing/skills").column("name")
		c.org.Fail(exorgtest.Fault{Kind: exorgtest.Shuffle})
		shuffled := c.get("/routing/skills").column("name")
		if cmp.Equal(plain, shuffled) || len(shuffled) != 20 {
			t.Errorf("order %v", shuffled)
		}
	})
}
