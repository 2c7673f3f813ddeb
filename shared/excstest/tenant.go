package excstest

import (
	"context"
	"sync"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// Domain is the mail domain of the tenant's users.
const Domain = "agents.example"

// Settings are the default settings of the generated sites' tenant.
func Settings(preset rules.Preset) rules.Settings {
	s := rules.Default(engagetest.MainTenant, preset)
	s.Email.Domain = Domain
	return s
}

// Secret is the EX Org secret of the simulated organisation, with that client secret.
func Secret(clientSecret string) exorg.Secret {
	return exorg.Secret{
		APIURL: "http://api.example", LoginURL: "http://login.example",
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, clientSecret)},
	}
}

// Clock is a clock that stands until it is moved. It may be used by several goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at eight on a Monday morning.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)} }

// Now gives the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass moves the clock on; it never goes back.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(0, d))
}

// Sleep moves the clock on instead of waiting. The error is the context's.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.Pass(d)
	return ctx.Err()
}
