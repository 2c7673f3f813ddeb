package mapping

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"excs/shared/model"
)

// The request budget is one number per OAuth client, the theoretical arrival time ("tat", Unix milliseconds): the moment
// of the first slot that nobody took. A reservation moves it forward in one conditional write and so owns the slots in
// between (GCRA with slots ahead, FACTS A6).
//
// The guarantee: while the limit stays the same, the calls of all reservations together, each sent at its grant (now +
// wait) or spread from there at the pace's step, are at most Allowed in any 60 seconds. Slots lie a step apart, at most
// Rate in 60 seconds; a reservation of up to Burst calls may send them all at its first slot, which moves at most
// Burst - 1 calls of later slots into the window; Rate + Burst <= Allowed. A larger reservation starts only after as many
// free slots as it has calls beyond Burst, so it counts the same. What is sent later than granted counts where it is
// sent: a pause of L between the grant and the call can add Rate x L calls at most, which Retry-After (Hold) catches.

// Pace is how a limit is used.
type Pace struct {
	// Allowed is the limit per minute, Rate the slots given out per minute, Burst the calls that one reservation may send
	// at once.
	Allowed, Rate, Burst int
	// Step is the distance of two slots, rounded up to whole milliseconds.
	Step time.Duration
}

// PaceOf splits a limit per minute: a thirtieth, at least 1 and at most 10, is burst.
func PaceOf(allowed int) Pace {
	p := Pace{Allowed: max(1, allowed)}
	p.Burst = min(10, max(1, p.Allowed/30))
	p.Rate = max(1, p.Allowed-p.Burst)
	p.Step = time.Duration((60_000+p.Rate-1)/p.Rate) * time.Millisecond
	return p
}

// rates remembers, per client, what the table last said, so that a grant needs no read. A wrong memory costs one refused
// write, which tells the truth.
type rates struct {
	mu   sync.Mutex
	seen map[string]rate
}

// rate is the budget item: allowed is 0 while no header told the limit.
type rate struct{ allowed, tat int64 }

func newRates() *rates { return &rates{seen: map[string]rate{}} }

func (r *rates) get(client string) rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[client]
}

func (r *rates) learn(client string, it item) rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[client] = rate{allowed: it.number(attrAllowed), tat: it.number(attrTAT)}
	return r.seen[client]
}

// request is one reservation in milliseconds.
type request struct {
	now, horizon int64
	lead, cost   int64
}

// bulkShare is the part of the horizon that bulk work may reserve: people's changes always find room in the rest.
const bulkShare = 2

func newRequest(p Pace, n int, rank model.Rank, now time.Time, maxWait time.Duration) request {
	step := p.Step.Milliseconds()
	r := request{now: now.UnixMilli(), horizon: maxWait.Milliseconds(), cost: int64(n) * step, lead: int64(max(0, n-p.Burst)) * step}
	if rank == model.RankBulk {
		r.horizon /= bulkShare
	}
	return r
}

// start is when the calls may begin if tat is what the table says.
func (r request) start(tat int64) int64 { return max(r.now, tat+r.lead) }

// update is the one write that takes the slots, if the table is as remembered.
func (r request) update(known rate) update {
	allowed := condition{attr: attrAllowed, op: equals, n: known.allowed}
	if known.allowed == 0 {
		allowed = condition{attr: attrAllowed, op: absent}
	}
	quiet := r.now - r.lead
	if known.tat < quiet {
		return update{set: map[string]int64{attrTAT: r.now + r.cost}, when: []condition{allowed, {attrTAT, absentOrBelow, quiet}}}
	}
	return update{add: map[string]int64{attrTAT: r.lead + r.cost},
		when: []condition{allowed, {attrTAT, atLeast, quiet}, {attrTAT, atMost, r.now + r.horizon - r.lead}}}
}

// Reserve takes n request slots; see BudgetStore.
func (t *table) Reserve(ctx context.Context, client string, n int, rank model.Rank, now time.Time, maxWait time.Duration) (time.Duration, bool, error) {
	const op = "reserve requests"
	known := t.rates.get(client)
	for range maxAttempts {
		p := t.pace(known)
		if client == "" || n < 1 || n > p.Allowed || maxWait < 0 {
			return 0, false, model.Errorf(model.CodeInvalid, op, "client %q, %d requests, wait of up to %s: needs a client, 1 to %d requests, no negative wait", client, n, maxWait, p.Allowed)
		}
		r := newRequest(p, n, rank, now, maxWait)
		it, err := t.server.update(ctx, "Reserve", t.keys.budget(client), r.update(known))
		if err == nil {
			known = t.rates.learn(client, it)
			return time.Duration(max(0, known.tat-r.cost-r.now)) * time.Millisecond, true, nil
		}
		if it, err = t.inTheWay(ctx, "Reserve", t.keys.budget(client), err); err != nil {
			return 0, false, inOp(op, err)
		}
		known = t.rates.learn(client, it)
		r = newRequest(t.pace(known), n, rank, now, maxWait)
		if late := r.start(known.tat) - r.now - r.horizon; late > 0 {
			return time.Duration(late) * time.Millisecond, false, nil
		}
	}
	return 0, false, model.Errorf(model.CodeUnavailable, op, "the budget of client %s changed under %d attempts: try again", client, maxAttempts)
}

func (t *table) pace(known rate) Pace {
	if known.allowed > 0 {
		return PaceOf(int(known.allowed))
	}
	return PaceOf(t.Allowed)
}

// inTheWay gives the item that refused an update; any other error is returned.
func (t *table) inTheWay(ctx context.Context, op string, k itemKey, err error) (item, error) {
	var refused *conditionError
	if !errors.As(err, &refused) {
		return nil, err
	}
	if refused.current != nil {
		return refused.current, nil
	}
	return t.server.get(ctx, op+" read", k)
}

// Hold makes everybody wait until then; an earlier moment than the next free slot changes nothing.
func (t *table) Hold(ctx context.Context, client string, until time.Time) error {
	at := until.UnixMilli() + 1
	it, err := t.server.update(ctx, "Hold", t.keys.budget(client),
		update{set: map[string]int64{attrTAT: at}, when: []condition{{attrTAT, absentOrBelow, at}}})
	var refused *conditionError
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return inOp(fmt.Sprintf("hold requests until %s", until.Format(time.RFC3339)), err)
	}
	t.rates.learn(client, it)
	return nil
}

// SetAllowed feeds the limit per minute; see BudgetStore. Nothing is sent while the table is known to have it.
func (t *table) SetAllowed(ctx context.Context, client string, perMinute int, now time.Time) error {
	const op = "set request limit"
	if perMinute < 1 || client == "" {
		return model.Errorf(model.CodeInvalid, op, "client %q, %d a minute: needs a client and a positive limit", client, perMinute)
	}
	if t.rates.get(client).allowed == int64(perMinute) {
		return nil
	}
	it, err := t.server.update(ctx, "SetAllowed", t.keys.budget(client),
		update{set: map[string]int64{attrAllowed: int64(perMinute), attrAt: now.UnixNano()}})
	if err != nil {
		return inOp(op, err)
	}
	t.rates.learn(client, it)
	return nil
}
