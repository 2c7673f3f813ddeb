package exorg

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

const (
	// renewBefore is how long before its end a token is renewed, plus a random part of the same, so that workers do not renew together. The
	// shortest life that an OAuth client can have is 300 s.
	renewBefore = time.Minute
	// tokenPause is how long a refusal of the token endpoint is remembered when it names no time (its rate limit: a minute in the official
	// provider). Without it every worker would ask again and keep the limit exceeded.
	tokenPause = time.Minute
	// shortLife is assumed of a token that does not tell its life.
	shortLife = 5 * time.Minute
	// longestLife is the longest that an OAuth client can be set to, in seconds.
	longestLife = 38_880_000
)

// oauth is one OAuth client with what this process knows of it.
type oauth struct {
	number int // from 1, for logs
	// gate lets one caller at a time fetch a token. A channel, because waiting for it must end with the context.
	gate chan struct{}

	mu          sync.Mutex
	credentials Credentials
	token       string
	org         model.Org // of token; zero: not known yet
	expires     time.Time
	renew       time.Time // from when on a new token is sought
	bad         string    // a token that the API refused
	failed      error     // the last refusal of the token endpoint, good until failTo
	failTo      time.Time
	heldTo      time.Time
	allowed     int
}

// known gives the OAuth client's credentials as they are now.
func (o *oauth) known() Credentials {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.credentials
}

// learn takes new credentials over, and says whether they are others than before. A token of the old ones goes.
func (o *oauth) learn(c Credentials) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.credentials.ID == c.ID && o.credentials.reveal() == c.reveal() {
		return false
	}
	if o.credentials.ID != c.ID {
		o.token, o.org, o.bad = "", model.Org{}, ""
	}
	o.credentials = c
	return true
}

func (o *oauth) heldFor(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(o.heldTo.Sub(now), 0)
}

func (o *oauth) hold(until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if until.After(o.heldTo) {
		o.heldTo = until
	}
}

func (o *oauth) newLimit(perMinute int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	changed := o.allowed != perMinute
	o.allowed = perMinute
	return changed
}

// reject forgets a token that the API refused, here and in the cache.
func (o *oauth) reject(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bad = token
	if o.token == token {
		o.token = ""
	}
}

// fresh gives the token while it need not be renewed.
func (o *oauth) fresh(now time.Time) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.token, o.token != "" && now.Before(o.renew)
}

// alive gives the token while it is valid at all.
func (o *oauth) alive(now time.Time) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.token, o.token != "" && now.Before(o.expires)
}

func (o *oauth) refusal(now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil || !now.Before(o.failTo) {
		return nil
	}
	return o.failed
}

func (o *oauth) refuse(err error, until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed, o.failTo = err, until
}

// keep stores a token unless it is the refused one, or dies before the one that is there; it says whether there is now a token that need not be
// renewed.
func (o *oauth) keep(token string, org model.Org, expires, now time.Time, early time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if token == "" || token == o.bad || !now.Before(expires) {
		return false
	}
	switch {
	case o.token == "" || expires.After(o.expires):
		o.token, o.org, o.expires, o.renew = token, org, expires, expires.Add(-early)
	case o.token == token && o.org.IsZero():
		o.org = org // another process asked meanwhile
	}
	return now.Before(o.renew)
}

// orgOf gives the organisation of the token, if it is known.
func (o *oauth) orgOf(token string) (model.Org, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token != token || o.org.IsZero() {
		return model.Org{}, false
	}
	return o.org, true
}

// belongs notes the organisation of the token, if it is still the one in use, and gives the end of its life.
func (o *oauth) belongs(token string, org model.Org) (expires time.Time, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token != token {
		return time.Time{}, false
	}
	o.org = org
	return o.expires, true
}

// enter waits for the OAuth client's gate; leave opens it for the next.
func (o *oauth) enter(ctx context.Context, op string) error {
	select {
	case o.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &model.Error{Code: model.CodeUnavailable, Op: op, Err: ctx.Err()}
	}
}

func (o *oauth) leave() { <-o.gate }

// token gives a valid token: from this process, from the cache, from the token endpoint, in that order.
func (c *Client) token(ctx context.Context, o *oauth) (string, error) {
	if t, ok := o.fresh(c.now()); ok {
		return t, nil
	}
	if err := o.enter(ctx, "get a token"); err != nil {
		return "", err
	}
	defer o.leave()
	if t, ok := o.fresh(c.now()); ok { // somebody else got it meanwhile
		return t, nil
	}
	if c.fromCache(ctx, o) {
		t, _ := o.fresh(c.now())
		return t, nil
	}
	err := c.renewToken(ctx, o)
	if t, ok := o.alive(c.now()); ok {
		if err != nil {
			c.log.WarnContext(ctx, "the token could not be renewed, the old one is used to its end", "client", o.number, "error", err.Error())
		}
		return t, nil
	}
	return "", err
}

func (c *Client) fromCache(ctx context.Context, o *oauth) bool {
	if c.tokens == nil {
		return false
	}
	token, org, expires, err := c.tokens.LoadToken(ctx, o.known().ID)
	if err != nil {
		if model.CodeOf(err) != model.CodeNotFound {
			c.log.WarnContext(ctx, "the shared token could not be read, a new one is fetched", "client", o.number, "error", err.Error())
		}
		return false
	}
	return o.keep(token, org, expires, c.now(), c.early())
}

func (c *Client) early() time.Duration {
	return renewBefore + time.Duration(c.random()*float64(renewBefore))
}

func (c *Client) renewToken(ctx context.Context, o *oauth) error {
	if err := o.refusal(c.now()); err != nil {
		return err
	}
	if err := tooLate(ctx, "get a token"); err != nil {
		return err
	}
	token, life, err := c.fetchToken(ctx, o)
	if IsCredentials(err) && c.reread(ctx, o) {
		token, life, err = c.fetchToken(ctx, o)
	}
	now := c.now()
	if err != nil {
		if IsThrottled(err) || IsDenied(err) {
			o.refuse(err, now.Add(max(model.RetryAfterOf(err), tokenPause)))
		}
		return err
	}
	expires := now.Add(life)
	if !o.keep(token, model.Org{}, expires, now, min(c.early(), life/2)) {
		return model.Errorf(model.CodeUnavailable, "get a token", "the token endpoint gave a token that the EX Org has refused")
	}
	c.share(ctx, o, token, model.Org{}, expires)
	return nil
}

// share gives a token to the other workers. If that fails, it costs each of them a call and nothing else.
func (c *Client) share(ctx context.Context, o *oauth, token string, org model.Org, expires time.Time) {
	if c.tokens == nil {
		return
	}
	if err := c.tokens.SaveToken(ctx, o.known().ID, token, org, expires); err != nil {
		c.log.WarnContext(ctx, "the token could not be shared with the other workers", "client", o.number, "error", err.Error())
	}
}

// reread reads the secret again after a refusal, and says whether it holds other credentials for the OAuth client: the ones
// of its id, else those in its place. The refusal is remembered for a while, so this is once a minute at most.
func (c *Client) reread(ctx context.Context, o *oauth) bool {
	if c.reload == nil {
		return false
	}
	all, err := c.reload(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "the EX Org refuses the OAuth client, and its secret could not be read again", "client", o.number, "error", err.Error())
		return false
	}
	now := o.known()
	for _, credentials := range all {
		if credentials.ID == now.ID {
			return o.learn(credentials)
		}
	}
	if o.number > len(all) {
		return false
	}
	return o.learn(all[o.number-1])
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (c *Client) fetchToken(ctx context.Context, o *oauth) (string, time.Duration, error) {
	credentials := o.known()
	pair := credentials.ID + ":" + credentials.reveal()
	header := http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(pair))},
		"Content-Type":  {"application/x-www-form-urlencoded"},
	}
	a := c.do(ctx, http.MethodPost, c.login+"/oauth/token", header, []byte("grant_type=client_credentials"))
	r := wire.Request{Op: fmt.Sprintf("get a token for OAuth client %d", o.number), Method: http.MethodPost, Route: "/oauth/token", Reads: true}
	if a.err != nil || a.status != http.StatusOK {
		return "", 0, c.tokenError(r, a)
	}
	var t tokenAnswer
	if json.Unmarshal(a.body, &t) != nil || t.AccessToken == "" {
		a.err = errors.New("the answer holds no access token: check loginUrl")
		return "", 0, c.fail(r, a)
	}
	life := time.Duration(min(t.ExpiresIn, longestLife)) * time.Second
	if life <= 0 {
		life = shortLife
	}
	return t.AccessToken, life, nil
}

// tokenError reads the token endpoint's own ways: its rate limit comes as 400 invalid_request "rate limit exceeded", refused credentials as 400
// invalid_client or 401 (FACTS X9).
func (c *Client) tokenError(r wire.Request, a answer) error {
	err := c.fail(r, a)
	if a.err != nil || a.status >= http.StatusInternalServerError {
		return err
	}
	e, _ := errors.AsType[*APIError](err)
	var body errorBody
	_ = json.Unmarshal(a.body, &body) // an answer of another form has none of the words below
	text := strings.ToLower(body.Description + " " + body.ErrorDescription + " " + body.Message)
	e.Code = body.Error
	switch {
	case a.status == http.StatusTooManyRequests || strings.Contains(text, "rate limit exceeded"):
		c.count.throttled.Add(1)
		e.RetryAfter = max(e.RetryAfter, tokenPause)
		return wrap(r, model.CodeThrottled, e)
	case a.status == http.StatusUnauthorized || body.Error == "invalid_client" || body.Error == "unauthorized_client":
		e.credentials = true
		return wrap(r, model.CodeDenied, e)
	default:
		return err
	}
}
