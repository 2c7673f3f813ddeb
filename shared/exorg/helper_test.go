package exorg_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is when every test's clock begins: a Wednesday at noon.
func start() time.Time { return time.Date(2025, 6, 4, 12, 0, 0, 0, time.UTC) }

// clock is a clock that moves only when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: start()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	c.now = c.now.Add(d)
	return nil
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.slept...)
}

// config is the configuration of a client of the server, on a clock of its own.
func config(t *testing.T, url string, clk *clock) exorg.Config {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return exorg.Config{
		APIURL: url, LoginURL: url,
		Clients: []exorg.Credentials{exorg.NewCredentials("client-1", "secret-1")},
		HTTP:    &http.Client{Transport: transport},
		Now:     clk.Now, Sleep: clk.Sleep,
		Random: func() float64 { return 0.5 },
	}
}

// played starts a scripted server and a client of it.
func played(t *testing.T, replies ...script.Reply) (*exorg.Client, *script.Server, *clock) {
	t.Helper()
	s, clk := script.Start(t, replies...), newClock()
	return exorg.New(config(t, s.URL, clk)), s, clk
}

func wantCode(t *testing.T, err error, want model.Code) {
	t.Helper()
	if got := model.CodeOf(err); got != want {
		t.Fatalf("code is %q, want %q; error: %v", got, want, err)
	}
}

func apiError(t *testing.T, err error) *exorg.APIError {
	t.Helper()
	e, ok := errors.AsType[*exorg.APIError](err)
	if !ok {
		t.Fatalf("no APIError in %v", err)
	}
	return e
}

// journal is a logger whose lines a test can read.
func journal(level slog.Level) (*slog.Logger, *lines) {
	l := &lines{}
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level})), l
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tokenShelf is a TokenCache in memory.
type tokenShelf struct {
	mu      sync.Mutex
	tokens  map[string]string
	orgs    map[string]model.Org
	expires map[string]time.Time
	loads   int
	fails   error
}

func newShelf() *tokenShelf {
	return &tokenShelf{tokens: map[string]string{}, orgs: map[string]model.Org{}, expires: map[string]time.Time{}}
}

func (s *tokenShelf) LoadToken(_ context.Context, client string) (string, model.Org, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	if s.fails != nil {
		return "", model.Org{}, time.Time{}, s.fails
	}
	if s.tokens[client] == "" {
		return "", model.Org{}, time.Time{}, model.Errorf(model.CodeNotFound, "load token", "none")
	}
	return s.tokens[client], s.orgs[client], s.expires[client], nil
}

func (s *tokenShelf) SaveToken(_ context.Context, client, token string, org model.Org, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	s.tokens[client], s.orgs[client], s.expires[client] = token, org, expires
	return nil
}

// purse is a Budget that grants a number of slots per client at once and the next ones after a wait.
type purse struct {
	mu      sync.Mutex
	free    map[string]int           // slots that are free now
	wait    map[string]time.Duration // how long the next slot takes when none is free
	asked   []string                 // "client n rank"
	taken   map[string]int
	holds   map[string]time.Time
	allowed map[string][]int
	fails   error
}

func newPurse() *purse {
	return &purse{free: map[string]int{}, wait: map[string]time.Duration{}, taken: map[string]int{}, holds: map[string]time.Time{}, allowed: map[string][]int{}}
}

func (p *purse) Reserve(_ context.Context, client string, n int, rank model.Rank, _ time.Time, maxWait time.Duration) (time.Duration, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, client+" "+string(rune('0'+n))+" "+string(rune('0'+int(rank))))
	if p.fails != nil {
		return 0, false, p.fails
	}
	if p.free[client] >= n {
		p.free[client] -= n
		p.taken[client] += n
		return 0, true, nil
	}
	if p.wait[client] > maxWait {
		return p.wait[client], false, nil
	}
	p.taken[client] += n
	return p.wait[client], true, nil
}

func (p *purse) Hold(_ context.Context, client string, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holds[client] = until
	return p.fails
}

func (p *purse) SetAllowed(_ context.Context, client string, perMinute int, _ time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed[client] = append(p.allowed[client], perMinute)
	return p.fails
}

// total is how many slots were taken in all.
func (p *purse) total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, taken := range p.taken {
		n += taken
	}
	return n
}

func (p *purse) questions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

var (
	_ exorg.TokenCache = (*tokenShelf)(nil)
	_ exorg.Budget     = (*purse)(nil)
)
