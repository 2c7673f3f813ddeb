package exorg

import (
	"context"
	"fmt"
	"sync"
	"time"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

type rankKey struct{}

type prepaidKey struct{}

// WithRank sets the rank of the requests made under the context.
func WithRank(ctx context.Context, rank model.Rank) context.Context {
	return context.WithValue(ctx, rankKey{}, rank)
}

func (c *Client) rankOf(ctx context.Context) model.Rank {
	if r, ok := ctx.Value(rankKey{}).(model.Rank); ok {
		return r
	}
	return c.rank
}

// prepaid is a stock of slots of one OAuth client.
type prepaid struct {
	oauth *oauth
	due   time.Time

	mu   sync.Mutex
	left int
}

func (p *prepaid) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return false
	}
	p.left--
	return true
}

// Reserve takes n slots for the requests made under the returned context; unused ones are lost, and further requests take their own. The requests
// themselves wait for the slots to come due, at most MaxWait; the duration tells how long that is.
//
// throttled: no OAuth client has n slots within MaxWait; nothing was taken, and the duration and the error's RetryAfter say when to ask again.
// Other codes are those of the Budget.
func (c *Client) Reserve(ctx context.Context, n int, rank model.Rank) (context.Context, time.Duration, error) {
	ranked := WithRank(ctx, rank)
	if n <= 0 {
		return ranked, 0, nil
	}
	if len(c.oauths) == 0 {
		return ctx, 0, model.Errorf(model.CodeInvalid, "reserve requests", "there is no OAuth client: set clientId and clientSecret in the EX Org secret")
	}
	o, wait, err := c.earliest(ctx, n, rank)
	if err != nil {
		return ctx, wait, err
	}
	p := &prepaid{oauth: o, due: c.now().Add(wait), left: n}
	return context.WithValue(ranked, prepaidKey{}, p), wait, nil
}

// slot gives the OAuth client that may send now, after waiting for its slot.
func (c *Client) slot(ctx context.Context, r wire.Request) (*oauth, error) {
	o, wait, err := c.nextSlot(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation(r), err)
	}
	if wait > 0 {
		if err := c.sleep(ctx, wait); err != nil {
			return nil, &model.Error{Code: model.CodeUnavailable, Op: operation(r), Err: fmt.Errorf("wait for a request slot: %w", err)}
		}
	}
	return o, nil
}

func (c *Client) nextSlot(ctx context.Context) (*oauth, time.Duration, error) {
	if p, ok := ctx.Value(prepaidKey{}).(*prepaid); ok && p.take() {
		now := c.now()
		if wait := max(p.due.Sub(now), p.oauth.heldFor(now)); wait <= c.maxWait {
			return p.oauth, wait, nil
		}
		// The EX Org asked this OAuth client to wait after the slots were taken; another one may be free.
	}
	return c.earliest(ctx, 1, c.rankOf(ctx))
}

// earliest takes n slots of the OAuth client that can send first. One client is asked outright. Of several, each is asked for a slot at once, in
// turn, so that the load spreads; if none has one, the least wait wins.
func (c *Client) earliest(ctx context.Context, n int, rank model.Rank) (*oauth, time.Duration, error) {
	if len(c.oauths) == 1 {
		return c.orSpent(c.ask(ctx, c.oauths[0], n, rank, c.maxWait))
	}
	var best *oauth
	var least time.Duration
	for i := range c.oauths {
		o := c.oauths[(c.turn.start()+i)%len(c.oauths)]
		grant := c.ask(ctx, o, n, rank, 0)
		if grant.err != nil || grant.ok {
			c.turn.after(o.number, len(c.oauths))
			return c.orSpent(grant)
		}
		if best == nil || grant.wait < least {
			best, least = o, grant.wait
		}
	}
	if least > c.maxWait {
		return nil, least, c.spent(least)
	}
	c.turn.after(best.number, len(c.oauths))
	return c.orSpent(c.ask(ctx, best, n, rank, c.maxWait))
}

// grant is the answer to one question for slots.
type grant struct {
	oauth *oauth
	wait  time.Duration
	ok    bool
	err   error
}

func (c *Client) orSpent(g grant) (*oauth, time.Duration, error) {
	switch {
	case g.err != nil:
		return nil, 0, g.err
	case !g.ok:
		return nil, g.wait, c.spent(g.wait)
	default:
		return g.oauth, g.wait, nil
	}
}

func (c *Client) ask(ctx context.Context, o *oauth, n int, rank model.Rank, maxWait time.Duration) grant {
	now := c.now()
	held := o.heldFor(now)
	if held > maxWait {
		return grant{oauth: o, wait: held}
	}
	if c.budget == nil {
		return grant{oauth: o, wait: held, ok: true}
	}
	wait, ok, err := c.budget.Reserve(ctx, o.known().ID, n, rank, now, maxWait)
	if err != nil {
		// Without the budget nobody may send: all workers together must stay below the limit.
		return grant{err: fmt.Errorf("reserve %d requests of OAuth client %d: %w", n, o.number, err)}
	}
	return grant{oauth: o, wait: max(wait, held), ok: ok}
}

func (c *Client) spent(wait time.Duration) error {
	c.count.refused.Add(1)
	e := model.Errorf(model.CodeThrottled, "", "the request budget of the EX Org is spent, ask again in %s", wait.Round(time.Millisecond))
	e.RetryAfter = wait
	return e
}

// turn is where the next search for a slot begins.
type turn struct {
	mu   sync.Mutex
	next int
}

func (t *turn) start() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.next
}

// after moves the turn behind the OAuth client of that number (counted from 1).
func (t *turn) after(number, of int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = number % of
}
