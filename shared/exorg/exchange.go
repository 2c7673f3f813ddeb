package exorg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"excs/shared/exorg/internal/wire"
)

const (
	userAgent = "EXCS"
	// answerLimit bounds what is read of one answer: 500 users with 50 skills each are about 5 MB.
	answerLimit = 32 << 20
	// idleLimit is the age from which kept connections are not trusted. A frozen Lambda wakes up with connections that the other side closed long
	// ago; a write into one of them would be ambiguous for nothing.
	idleLimit = 15 * time.Second
)

// answer is what one attempt brought: a status with header and body, or an error. sent says whether the EX Org may have got the request.
type answer struct {
	status int
	header http.Header
	body   []byte
	sent   bool
	err    error
}

// exchange makes one attempt of a call.
func (c *Client) exchange(ctx context.Context, r wire.Request, target string, payload []byte, token string) answer {
	header := http.Header{"Authorization": {"Bearer " + token}}
	if payload != nil {
		header.Set("Content-Type", "application/json")
	}
	began := c.now()
	a := c.do(ctx, r.Method, target, header, payload)
	if a.sent {
		c.count.answered(a.status)
		note(ctx, a.header.Get("ININ-Correlation-Id"))
		if a.err == nil {
			noteServed(ctx, r.Method, r.Route, a.status)
		}
	}
	c.log.DebugContext(ctx, "call of the EX Org", "op", r.Op, "ids", r.Args, "method", r.Method, "route", r.Route, "status", a.status,
		"duration", c.now().Sub(began), "correlation", a.header.Get("ININ-Correlation-Id"))
	return a
}

// do sends one request within the attempt's time and reads the answer within its limit.
func (c *Client) do(ctx context.Context, method, target string, header http.Header, payload []byte) answer {
	if err := ctx.Err(); err != nil {
		return answer{err: err}
	}
	if c.idle.tooLong(c.now()) {
		c.http.CloseIdleConnections()
	}
	ctx, cancel := c.attempt(ctx)
	defer cancel()
	var p progress
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, p.trace()), method, target, body)
	if err != nil {
		return answer{err: errors.New("the address of the EX Org is not valid: check apiUrl and loginUrl")}
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: bare(err), sent: p.maySent()}
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header, sent: true}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	switch {
	case err != nil:
		a.err = fmt.Errorf("the answer broke off: %w", bare(err))
	case len(a.body) > answerLimit:
		a.err = fmt.Errorf("the answer is longer than %d MB", answerLimit>>20)
	}
	return a
}

// bare takes the address off an error of net/http: a query may hold a name.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// progress learns from the transport how far a request got.
type progress struct{ asked, got atomic.Bool }

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { p.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.got.Store(true) },
	}
}

// maySent says whether bytes may have left: only a transport that asked for a connection and got none surely sent nothing.
func (p *progress) maySent() bool { return p.got.Load() || !p.asked.Load() }

// idle remembers by the wall clock when a request was last sent; the monotonic clock stands still in a frozen process.
type idle struct {
	mu   sync.Mutex
	last time.Time
}

func (i *idle) tooLong(now time.Time) bool {
	now = now.Round(0)
	i.mu.Lock()
	defer i.mu.Unlock()
	long := !i.last.IsZero() && now.Sub(i.last) > idleLimit
	i.last = now
	return long
}
