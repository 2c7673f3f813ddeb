package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"excs/shared/model"
)

// Document is the name of the document that sweeps keep in the mapping table.
const Document = "verify"

// cursor is what one call leaves for the next.
type cursor struct {
	// Holder claims the document until Until. Fence rises with every claim: a write under an older one is refused.
	Holder string    `json:"holder,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Fence  int64     `json:"fence"`
	// Open are the sweeps that are not done, by what they were asked for ("" is a whole one).
	Open map[string]progress `json:"open,omitempty"`
	// Absent are the objects that a read missed, since the first miss.
	Absent map[model.Key]absence `json:"absent,omitempty"`
	// Apart are the DBIDs of users that lists do not show wholly: the rotation reads all of them.
	Apart map[int64]bool `json:"apart,omitempty"`

	Members  rotation `json:"members"`
	External rotation `json:"external"`
	Codes    rotation `json:"codes"`
}

// progress says where a sweep goes on.
type progress struct {
	Began time.Time `json:"began"`
	Step  string    `json:"step"`
}

// absence is the first miss of an object. The EX id is part of it: another object under the key is another absence.
type absence struct {
	Since time.Time `json:"since"`
	EXID  string    `json:"exId"`
}

// rotation goes through keys in the order of their DBIDs, a part each sweep, so that the one seen longest ago is next. It
// needs no time per key: the place in the order is the time.
type rotation struct {
	Round time.Time `json:"round,omitzero"` // when this round began
	After int64     `json:"after,omitempty"`
	Seen  int       `json:"seen,omitempty"` // in this round
	// Whole says that somebody asked for a whole round now, which is not done.
	Whole bool `json:"whole,omitempty"`
}

func newCursor() cursor {
	return cursor{Open: map[string]progress{}, Absent: map[model.Key]absence{}, Apart: map[int64]bool{}}
}

// due begins a round when one is due and says how many of the keys must have been seen by the end of this sweep: the part
// of the round that will have passed when the next sweep comes. asked means all of them.
func (r *rotation) due(now time.Time, total int, asked bool, interval, round time.Duration) int {
	switch {
	case asked && !r.Whole:
		r.Round, r.Seen, r.Whole = now, 0, true
	case r.Round.IsZero():
		r.Round, r.Seen = now, 0
	case r.Seen >= total && now.Sub(r.Round)+interval/2 >= round:
		r.Seen = 0
		if r.Round = r.Round.Add(round); now.Sub(r.Round).Abs() > interval {
			r.Round = now
		}
	}
	if asked {
		return total
	}
	part := (now.Sub(r.Round) + interval).Seconds() / round.Seconds()
	return int(math.Ceil(float64(total) * max(0, min(1, part))))
}

// behind says that the round takes longer than it should.
func (r *rotation) behind(now time.Time, total int, interval, round time.Duration) bool {
	return r.Seen < total && now.Sub(r.Round) > round+interval
}

// ledger reads and writes the document for one sweep.
type ledger struct {
	table  Table
	holder string
	fence  int64
}

func (l *ledger) load(ctx context.Context) (cursor, error) {
	c := newCursor()
	body, err := l.table.GetDocument(ctx, Document)
	if model.CodeOf(err) == model.CodeNotFound {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read where the last sweep stopped: %w", err)
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, model.Errorf(model.CodeInternal, "read where the last sweep stopped", "%w", err)
	}
	return c, nil
}

// claimTime is how long a claim stands when the context has no deadline: as long as a Lambda function may take.
const claimTime = 15 * time.Minute

// claim makes the document this sweep's. conflict while another one holds it.
func (l *ledger) claim(ctx context.Context, now, until time.Time) (cursor, error) {
	c, err := l.load(ctx)
	if err != nil {
		return c, err
	}
	if c.Holder != "" && c.Holder != l.holder && now.Before(c.Until) {
		return c, model.Errorf(model.CodeConflict, "verify", "another sweep is under way and has its claim until %s: try again then", stamp(c.Until))
	}
	l.fence = max(c.Fence+1, now.UnixMilli())
	c.Holder, c.Until, c.Fence = l.holder, until, l.fence
	if err := l.put(ctx, c); err != nil {
		return c, err
	}
	// Two sweeps that claimed in the same millisecond have one number: the one that wrote last goes on.
	return c, l.mine(ctx)
}

func (l *ledger) mine(ctx context.Context) error {
	now, err := l.load(ctx)
	if err == nil && now.Holder != l.holder {
		err = errTaken
	}
	return err
}

var errTaken = &model.Error{Code: model.CodeConflict, Op: "verify", Err: fmt.Errorf("another sweep took over: it goes on where this one was")}

// save keeps the cursor, if the document is still this sweep's.
func (l *ledger) save(ctx context.Context, c cursor) error {
	if err := l.mine(ctx); err != nil {
		return err
	}
	return l.put(ctx, c)
}

func (l *ledger) put(ctx context.Context, c cursor) error {
	body, err := json.Marshal(c)
	if err != nil {
		return model.Errorf(model.CodeInternal, "keep where the sweep is", "%w", err)
	}
	err = l.table.PutDocument(ctx, Document, l.fence, body)
	if model.CodeOf(err) == model.CodeStale {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("keep where the sweep is: %w", err)
	}
	return nil
}
