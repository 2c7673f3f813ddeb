package exorgtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const tokenPath = "/oauth/token"

// client is an OAuth client with what its role lets it do and see, which a test may change while it works.
type client struct {
	id, secret, name string
	perMinute        int
	lacks            map[string]bool
	blind            map[string]bool // replaced as a whole, never changed
	tokenWindow      window
}

// window counts requests within a fixed minute, which begins with the first request after the last one has ended.
type window struct {
	start time.Time
	count int
}

// next counts a request and returns the whole seconds until the window ends.
func (w *window) next(now time.Time) (reset int) {
	if w.start.IsZero() || now.Sub(w.start) >= time.Minute || now.Before(w.start) {
		*w = window{start: now}
	}
	w.count++
	left := w.start.Add(time.Minute).Sub(now)
	return int((left + time.Second - 1) / time.Second)
}

// bearer is an access token.
type bearer struct {
	client  *client
	expires time.Time
	window  window
}

// gate knows who may come in, and how often.
type gate struct {
	mu      sync.Mutex
	cfg     *config
	clients map[string]*client
	tokens  map[string]*bearer
}

func newGate(cfg *config) *gate {
	g := &gate{cfg: cfg, clients: map[string]*client{}, tokens: map[string]*bearer{}}
	for _, c := range cfg.clients {
		g.clients[c.ID] = &client{
			id: c.ID, secret: c.Secret, name: c.Name, perMinute: c.PerMinute, lacks: set(c.Lacks), blind: set(c.Blind),
		}
	}
	return g
}

func set(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// tokenError is the error body of the login host, which has a shape of its own.
func tokenError(code, description string) map[string]any {
	return map[string]any{"error": code, "description": description, "error_description": description}
}

// issue answers a token request: client credentials by HTTP Basic. Its own rate limit shows as 400 invalid_request.
func (g *gate) issue(r *http.Request, body []byte, now time.Time, word string) (status int, answer map[string]any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	c := g.clients[id]
	if c == nil || c.secret != secret {
		return http.StatusUnauthorized, tokenError("invalid_client", "client not found or secret does not match")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("grant_type") != "client_credentials" {
		return http.StatusBadRequest, tokenError("unsupported_grant_type", "the grant_type must be client_credentials")
	}
	if c.tokenWindow.next(now); g.cfg.tokensPer > 0 && c.tokenWindow.count > g.cfg.tokensPer {
		return http.StatusBadRequest, tokenError("invalid_request", "rate limit exceeded; too many token requests for the client")
	}
	for t, b := range g.tokens {
		if !now.Before(b.expires) {
			delete(g.tokens, t)
		}
	}
	g.tokens[word] = &bearer{client: c, expires: now.Add(g.cfg.tokenLife)}
	return http.StatusOK, map[string]any{"access_token": word, "token_type": "bearer", "expires_in": int(g.cfg.tokenLife.Seconds())}
}

// rate is what the rate limit headers of an answer say.
type rate struct {
	count, allowed, reset int
}

// unlimited is what the headers say is allowed when no limit is set.
const unlimited = 1000000

// enter finds the client of a request and counts it against the limit of its token. The client is nil when the token is not valid.
func (g *gate) enter(r *http.Request, now time.Time) (*client, rate) {
	word, isBearer := cutPrefixFold(r.Header.Get("Authorization"), "Bearer ")
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.tokens[word]
	if !isBearer || b == nil || !now.Before(b.expires) {
		return nil, rate{}
	}
	reset := b.window.next(now)
	allowed := g.cfg.perMinute
	if b.client.perMinute > 0 {
		allowed = b.client.perMinute
	}
	if allowed <= 0 {
		allowed = unlimited
	}
	return b.client, rate{count: b.window.count, allowed: allowed, reset: reset}
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// allowed says whether the client's role grants any of the permissions.
func (g *gate) allowed(c *client, permissions []string) bool {
	if len(permissions) == 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(permissions, func(p string) bool { return !c.lacks[p] })
}

func (g *gate) blindTo(c *client) map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return c.blind
}

// Deny takes permissions from the role of an OAuth client; "" is the only or every client.
func (o *Org) Deny(clientID string, permissions ...string) {
	o.gate.change(clientID, func(c *client) { maps.Copy(c.lacks, set(permissions)) })
}

// Grant gives permissions back that Deny or Client.Lacks took.
func (o *Org) Grant(clientID string, permissions ...string) {
	o.gate.change(clientID, func(c *client) {
		for _, p := range permissions {
			delete(c.lacks, p)
		}
	})
}

// Blind takes divisions out of the reach of an OAuth client's role: their objects become invisible to it; "" is every client.
func (o *Org) Blind(clientID string, divisionIDs ...string) {
	o.gate.change(clientID, func(c *client) {
		next := maps.Clone(c.blind)
		maps.Copy(next, set(divisionIDs))
		c.blind = next
	})
}

// Unblind gives an OAuth client its view of all divisions back.
func (o *Org) Unblind(clientID string) {
	o.gate.change(clientID, func(c *client) { c.blind = map[string]bool{} })
}

// RevokeTokens makes every access token that is out invalid: the next request with one is answered 401.
func (o *Org) RevokeTokens() {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	clear(o.gate.tokens)
}

func (g *gate) change(clientID string, f func(*client)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, c := range g.clients {
		if clientID == "" || clientID == id {
			f(c)
		}
	}
}
