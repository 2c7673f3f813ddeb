package exorg

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"excs/shared/model"
)

// TokenCache shares one OAuth token per client among all workers: the token endpoint has a rate limit of its own (FACTS X9).
type TokenCache interface {
	// LoadToken reads the token of an OAuth client and the organisation that it belongs to, as far as that was asked for. not_found
	// when there is none.
	LoadToken(ctx context.Context, client string) (token string, org model.Org, expires time.Time, err error)
	// SaveToken keeps both until the token expires.
	SaveToken(ctx context.Context, client string, token string, org model.Org, expires time.Time) error
}

// Budget is the request budget of each OAuth client, shared by all workers.
type Budget interface {
	// Reserve takes n request slots. wait is how long to sleep before the first of them (0 to maxWait). When the slot would be later than
	// maxWait nothing is taken, ok is false, and wait says how long until it is worth asking again.
	Reserve(ctx context.Context, client string, n int, rank model.Rank, now time.Time, maxWait time.Duration) (wait time.Duration, ok bool, err error)
	// Hold makes everybody wait until then (Retry-After).
	Hold(ctx context.Context, client string, until time.Time) error
	// SetAllowed feeds the limit per minute that the EX Org's headers tell.
	SetAllowed(ctx context.Context, client string, perMinute int, now time.Time) error
}

// Retry shapes how reads are repeated after a passing fault. Writes are never repeated by the client.
type Retry struct {
	// Attempts is how often a read is sent in all; default 3.
	Attempts int
	// Base and Most shape the wait between attempts: a random part of Base, 2 Base, 4 Base …, at most Most. Defaults 200 ms and 2 s. A
	// Retry-After longer than Most ends the attempts.
	Base, Most time.Duration
}

// Config is what a Client is made of. The addresses and at least one client are needed; Secret.Config gives them.
type Config struct {
	// APIURL and LoginURL are the roots without /api/v2 and /oauth/token: https://api.mypurecloud.de, https://login.mypurecloud.de.
	APIURL, LoginURL string
	// Clients are the OAuth clients, each with its own token and its own budget.
	Clients []Credentials
	// Reload reads the OAuth clients again when the EX Org refuses one of them: a process lives for hours, and a secret that was
	// rotated must not wait for its end. nil: what the process started with is all there is.
	Reload func(ctx context.Context) ([]Credentials, error)
	// HTTP sends the requests; default a client with the transport's own limits. Redirects are never followed: they would carry the token along.
	HTTP *http.Client
	// Tokens shares tokens with other processes; nil keeps them in this one.
	Tokens TokenCache
	// Guarded clients send no write whose context is not bound to an organisation (Under).
	Guarded bool
	// Budget paces requests; nil is no limit (Retry-After still binds this process).
	Budget Budget
	// Rank is the rank of requests whose context names none; default RankPeople.
	Rank model.Rank
	// MaxWait is how long a request sleeps for its slot before it fails as throttled; default 2 s.
	MaxWait time.Duration
	// Timeout bounds one attempt, answer included; default 20 s.
	Timeout time.Duration
	Retry   Retry
	// Counter counts what is done; clients that are made of one Config share it. Default: one that nobody reads.
	Counter *Counter
	// Now, Sleep and Random are the clock and the dice; defaults time.Now, a timer that ends with the context, math/rand/v2.
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Random func() float64
	// Logger gets a line per call at level debug, and warnings; default none.
	Logger *slog.Logger
}

const (
	defaultMaxWait  = 2 * time.Second
	defaultTimeout  = 20 * time.Second
	defaultAttempts = 3
	defaultBase     = 200 * time.Millisecond
	defaultMost     = 2 * time.Second
)

func (cfg Config) withDefaults() Config {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: transport()}
	}
	if cfg.MaxWait <= 0 {
		cfg.MaxWait = defaultMaxWait
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	cfg.Retry = cfg.Retry.withDefaults()
	if cfg.Counter == nil {
		cfg.Counter = &Counter{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Random == nil {
		cfg.Random = random
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// transport is net/http's own but for more kept connections to the one host there is: workers share a client.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     idleLimit,
		TLSHandshakeTimeout: 5 * time.Second,
	}
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = defaultAttempts
	}
	if r.Base <= 0 {
		r.Base = defaultBase
	}
	if r.Most <= 0 {
		r.Most = defaultMost
	}
	return r
}

// sleep waits for d or for the end of ctx, whichever comes first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
