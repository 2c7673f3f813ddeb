package exorg

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"excs/shared/model"
)

// Client reads one EX Org. It is safe for concurrent use and starts no goroutine of its own.
type Client struct {
	api, login string
	http       *http.Client
	tokens     TokenCache
	guarded    bool
	budget     Budget
	rank       model.Rank
	maxWait    time.Duration
	timeout    time.Duration
	retry      Retry
	now        func() time.Time
	sleep      func(context.Context, time.Duration) error
	random     func() float64
	log        *slog.Logger
	count      *Counter
	reload     func(context.Context) ([]Credentials, error)

	oauths []*oauth
	turn   turn
	idle   idle
	home   home
}

// New makes a client. It calls nothing; a Config without clients makes every call fail with code invalid.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	h := *cfg.HTTP
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		api: cfg.APIURL, login: cfg.LoginURL, http: &h, tokens: cfg.Tokens, guarded: cfg.Guarded, budget: cfg.Budget, rank: cfg.Rank,
		maxWait: cfg.MaxWait, timeout: cfg.Timeout, retry: cfg.Retry,
		now: cfg.Now, sleep: cfg.Sleep, random: cfg.Random, log: cfg.Logger, count: cfg.Counter, reload: cfg.Reload,
	}
	for i, credentials := range cfg.Clients {
		c.oauths = append(c.oauths, &oauth{number: i + 1, credentials: credentials, gate: make(chan struct{}, 1)})
	}
	return c
}

// home keeps the home division for the life of the process: an organisation's never changes (FACTS X8).
type home struct {
	mu       sync.Mutex
	division Division
}
