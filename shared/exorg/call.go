package exorg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// Call makes one call and decodes the answer into out (nil: the answer's body does not matter). It is for the package write and for exorg itself:
// no package outside can build a request.
//
// A read is repeated a few times after a passing fault. A write is sent once, except where the EX Org says that it did nothing: 401 (once, with a
// fresh token) and 429 (with another OAuth client, if there is one that may send). The error is a *model.Error that wraps an *APIError.
func (c *Client) Call(ctx context.Context, r wire.Request, out any) error {
	err := c.call(ctx, r, out)
	c.count.ended(err)
	return err
}

func (c *Client) call(ctx context.Context, r wire.Request, out any) error {
	target, payload, err := c.prepare(r)
	if err != nil {
		return err
	}
	for t := (tries{}); ; {
		if err := tooLate(ctx, operation(r)); err != nil {
			return err
		}
		o, err := c.slot(ctx, r)
		if err != nil {
			return err
		}
		token, err := c.token(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", operation(r), err)
		}
		if err = tooLate(ctx, operation(r)); err == nil {
			err = c.admit(ctx, r, o, token)
		}
		if err == nil {
			a := c.exchange(ctx, r, target, payload, token)
			c.learn(ctx, o, r, a)
			err = c.judge(r, a, out)
		}
		if err == nil || !c.again(ctx, &t, r, o, token, err) {
			return err
		}
	}
}

// tries counts what one call has used up.
type tries struct {
	sent      int
	refreshed bool
	moved     int
}

// again decides whether the call is sent once more, and waits before a repeated read.
func (c *Client) again(ctx context.Context, t *tries, r wire.Request, o *oauth, token string, err error) bool {
	t.sent++
	if e, ok := errors.AsType[*APIError](err); ok && c.undone(t, o, token, e.Status) {
		return true
	}
	wait := model.RetryAfterOf(err)
	if !r.Reads || !IsUnavailable(err) || t.sent >= c.retry.Attempts || wait > c.retry.Most {
		return false
	}
	return c.sleep(ctx, max(c.backoff(t.sent), wait)) == nil
}

// undone says whether the EX Org did nothing and another token or another OAuth client may do better: that is safe for writes too.
func (c *Client) undone(t *tries, o *oauth, token string, status int) bool {
	switch {
	case status == http.StatusUnauthorized && !t.refreshed:
		t.refreshed = true
		o.reject(token)
		return true
	case status == http.StatusTooManyRequests && t.moved < len(c.oauths)-1:
		t.moved++
		return true
	default:
		return false
	}
}

// backoff is a random part of a doubling step, so that workers that failed together do not come back together.
func (c *Client) backoff(attempt int) time.Duration {
	step := min(c.retry.Base<<min(attempt-1, 16), c.retry.Most)
	return time.Duration(c.random() * float64(step))
}

func random() float64 { return rand.Float64() } //nolint:gosec // spreads waits; nothing secret hangs on it

// prepare builds address and body. It refuses an empty id: the route would be that of the whole list.
func (c *Client) prepare(r wire.Request) (string, []byte, error) {
	if len(c.oauths) == 0 {
		return "", nil, model.Errorf(model.CodeInvalid, operation(r), "there is no OAuth client: set clientId and clientSecret in the EX Org secret")
	}
	path, err := fill(r)
	if err != nil {
		return "", nil, err
	}
	target := c.api + "/api/v2" + path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	if r.Body == nil {
		return target, nil, nil
	}
	var payload bytes.Buffer
	e := json.NewEncoder(&payload)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.Body); err != nil {
		return "", nil, model.Errorf(model.CodeInternal, operation(r), "write the body: %w", err)
	}
	return target, bytes.TrimSpace(payload.Bytes()), nil
}

func fill(r wire.Request) (string, error) {
	var b strings.Builder
	args := r.Args
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Route, "/"), "/") {
		b.WriteByte('/')
		if !strings.HasPrefix(part, "{") {
			b.WriteString(part)
			continue
		}
		if len(args) == 0 || args[0] == "" || args[0] == "." || args[0] == ".." {
			return "", model.Errorf(model.CodeInternal, operation(r), "%s %s: the value for %s is missing", r.Method, r.Route, part)
		}
		b.WriteString(url.PathEscape(args[0]))
		args = args[1:]
	}
	return b.String(), nil
}

// judge turns an answer into its value or its error.
func (c *Client) judge(r wire.Request, a answer, out any) error {
	ok := a.status >= http.StatusOK && a.status < http.StatusMultipleChoices
	if ok && out == nil {
		return nil // whatever became of the body, the EX Org said that it is done
	}
	if a.err == nil && ok {
		err := json.Unmarshal(a.body, out)
		if err == nil {
			return nil
		}
		a.err = fmt.Errorf("the answer can not be read as JSON (%d bytes)", len(a.body))
	}
	return c.fail(r, a)
}
