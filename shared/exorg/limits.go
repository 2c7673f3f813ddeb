package exorg

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"excs/shared/exorg/internal/wire"
)

const (
	// retryMost caps Retry-After: a wrong clock or header must not stop EXCS for days.
	retryMost = 12 * time.Hour
	// retryDefault is for a 429 that does not say how long: the EX Org counts in windows of a minute (FACTS X10).
	retryDefault = time.Minute
	// noteTime bounds what is written into the budget on the side, also when the caller is already gone.
	noteTime = 5 * time.Second
)

// learn takes from an answer what binds everybody: the limit per minute, and a demand to wait.
func (c *Client) learn(ctx context.Context, o *oauth, r wire.Request, a answer) {
	if a.status == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	if allowed, err := strconv.Atoi(a.header.Get("inin-ratelimit-allowed")); err == nil && allowed > 0 && o.newLimit(allowed) {
		c.setAllowed(ctx, o, allowed)
	}
	if a.status == http.StatusTooManyRequests {
		c.holdBack(ctx, o, r, a)
	}
}

func (c *Client) setAllowed(ctx context.Context, o *oauth, allowed int) {
	if c.budget == nil {
		return
	}
	if err := c.budget.SetAllowed(ctx, o.known().ID, allowed, c.now()); err != nil {
		o.newLimit(0) // so that the next answer tries again
		c.log.WarnContext(ctx, "the EX Org's rate limit could not be noted", "client", o.number, "allowed", allowed, "error", err.Error())
	}
}

func (c *Client) holdBack(ctx context.Context, o *oauth, r wire.Request, a answer) {
	now := c.now()
	until := now.Add(retryAfter(a, string(a.body), now))
	o.hold(until)
	c.log.WarnContext(ctx, "the EX Org asks to wait", "client", o.number, "method", r.Method, "route", r.Route, "until", until.UTC().Format(time.RFC3339))
	if c.budget == nil {
		return
	}
	if err := c.budget.Hold(ctx, o.known().ID, until); err != nil {
		c.log.WarnContext(ctx, "the wait could not be shared with the other workers", "client", o.number, "error", err.Error())
	}
}

// retryAfter is how long an answer asks to wait: the header in seconds or as a date, else the seconds in the message, else the end of the window.
// A 429 always asks, with at least a second; other answers ask only by header.
func retryAfter(a answer, message string, now time.Time) time.Duration {
	d, told := headerWait(a.header.Get("Retry-After"), now)
	if a.status != http.StatusTooManyRequests {
		return min(d, retryMost)
	}
	if !told {
		d, told = messageWait(message)
	}
	if !told {
		d, told = headerWait(a.header.Get("inin-ratelimit-reset"), now)
	}
	if !told {
		d = retryDefault
	}
	return min(max(d, time.Second), retryMost)
}

func headerWait(text string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return seconds(n), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

// seconds guards against numbers that a duration can not hold.
func seconds(n float64) time.Duration {
	if !(n > 0) {
		return 0
	}
	return time.Duration(min(n, retryMost.Seconds()) * float64(time.Second))
}

// messageWait reads "Retry the request in [12] seconds".
func messageWait(message string) (time.Duration, bool) {
	m := regexp.MustCompile(`in \[(\d{1,6})\] seconds`).FindStringSubmatch(message)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return time.Duration(n) * time.Second, err == nil
}
