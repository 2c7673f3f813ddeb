package exorgtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
)

// contract judges by the published document where there is one.
var contract = openapi.Once()

// caller is a plain HTTP client with a token: what a connector is to the organisation.
type caller struct {
	t      testing.TB
	org    *exorgtest.Org
	http   *http.Client
	base   string
	token  string
	sloppy bool // the test sends requests that break the contract on purpose
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	object map[string]any
	list   []any
}

func (a answer) str(name string) string { s, _ := a.object[name].(string); return s }
func (a answer) id() string             { return a.str("id") }
func (a answer) num(name string) int    { f, _ := a.object[name].(float64); return int(f) }
func (a answer) entities() []any        { l, _ := a.object["entities"].([]any); return l }

// column reads one property of every listed object.
func (a answer) column(name string) []any {
	out := []any{}
	for _, e := range a.entities() {
		out = append(out, e.(map[string]any)[name])
	}
	return out
}

// newCaller makes an organisation whose every answer must keep the published contract, and every request too unless the test is sloppy.
func newCaller(t *testing.T, opts ...exorgtest.Option) *caller {
	t.Helper()
	org := exorgtest.New(append([]exorgtest.Option{contract(t)}, opts...)...)
	c := &caller{t: t, org: org, http: org.Client(), base: "http://exorg.invalid"}
	c.login()
	t.Cleanup(func() {
		for _, v := range org.Violations() {
			if v.Answer || !c.sloppy {
				t.Errorf("contract broken: %s", v)
			}
		}
	})
	return c
}

// newSocketCaller is newCaller over a real connection.
func newSocketCaller(t *testing.T, opts ...exorgtest.Option) *caller {
	t.Helper()
	c := newCaller(t, opts...)
	s, err := c.org.Start()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c.http, c.base = &http.Client{Transport: transport}, s.URL
	return c
}

func (c *caller) login() {
	c.t.Helper()
	a := c.askToken(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)
	if a.status != http.StatusOK {
		c.t.Fatalf("token: %d %s", a.status, a.text)
	}
	c.token = a.str("access_token")
}

func (c *caller) askToken(id, secret string) answer {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(id, secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(r)
}

func (c *caller) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (c *caller) send(r *http.Request) answer {
	c.t.Helper()
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(b)}
	var v any
	if json.Unmarshal(b, &v) == nil {
		a.object, _ = v.(map[string]any)
		a.list, _ = v.([]any)
	}
	return a
}

// call sends an API request, path below /api/v2.
func (c *caller) call(method, path string, body any) answer {
	c.t.Helper()
	return c.send(c.request(method, "/api/v2"+path, body))
}

// must is call with an expected status.
func (c *caller) must(status int, method, path string, body any) answer {
	c.t.Helper()
	a := c.call(method, path, body)
	if a.status != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

func (c *caller) get(path string) answer {
	c.t.Helper()
	return c.must(200, http.MethodGet, path, nil)
}

type object = map[string]any

func (c *caller) newUser(email string) string {
	c.t.Helper()
	return c.must(200, "POST", "/users", object{"name": "User " + email, "email": email, "divisionId": c.org.HomeDivision(), "state": "active"}).id()
}

func (c *caller) newSkill(name string) string {
	c.t.Helper()
	return c.must(200, "POST", "/routing/skills", object{"name": name}).id()
}

func (c *caller) newLanguage(name string) string {
	c.t.Helper()
	return c.must(200, "POST", "/routing/languages", object{"name": name}).id()
}

func (c *caller) newQueue(name, peer string) string {
	c.t.Helper()
	body := object{"name": name}
	if peer != "" {
		body["peerId"] = peer
	}
	return c.must(200, "POST", "/routing/queues", body).id()
}

func (c *caller) newCode(name string) string {
	c.t.Helper()
	return c.must(200, "POST", "/routing/wrapupcodes", object{"name": name}).id()
}

func (c *caller) search(criteria ...object) []any {
	c.t.Helper()
	results, _ := c.must(200, "POST", "/users/search", object{"query": criteria, "pageSize": 25}).object["results"].([]any)
	return results
}

func byEmail(email string) object {
	return object{"fields": []string{"email"}, "value": email, "type": "EXACT"}
}
func byState(state string) object {
	return object{"fields": []string{"state"}, "values": []string{state}, "type": "EXACT"}
}

// handClock is a clock that stands still until it is moved.
type handClock struct{ now time.Time }

func newHandClock() *handClock                { return &handClock{now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)} }
func (h *handClock) Now() time.Time           { return h.now }
func (h *handClock) move(d time.Duration)     { h.now = h.now.Add(d) }
func (h *handClock) option() exorgtest.Option { return exorgtest.WithClock(h.Now) }

func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func made(t testing.TB) func(id string, err error) string {
	t.Helper()
	return func(id string, err error) string {
		t.Helper()
		do(t, err)
		return id
	}
}
