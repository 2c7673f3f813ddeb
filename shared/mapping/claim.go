package mapping

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
)

// Claim is what a worker asks for before it works on a row.
type Claim struct {
	// Tokens are those of the messages that it was given: a queued mark that carries one of them goes.
	Tokens []string
	// Working is the claim itself. Its token is another for each delivery of a message.
	Working Working
	// Idle says of which rows there is nothing to do: they are not claimed.
	Idle func(Row) bool
}

// Claim takes the queued mark away and lets one worker work on the row; see RowStore. Both are one write. The row's packed part
// is not touched.
func (t *table) Claim(ctx context.Context, key model.Key, c Claim, now time.Time) (Row, error) {
	t = t.in(ctx)
	const what = "claim"
	var row Row
	_, err := t.mutate(ctx, "Claim", t.keys.row(key), func(old item) (item, error) {
		if old == nil {
			return nil, notFound(what, key)
		}
		var err error
		if row, err = t.decodeRow(key, old); err != nil {
			return nil, err
		}
		before := row
		if row.Queued != nil && slices.Contains(c.Tokens, row.Queued.Token) {
			row.Queued = nil
			setQueued(old, nil)
		}
		if c.Idle(row) {
			if row.Queued == before.Queued {
				return nil, errUnchanged
			}
			return old, nil
		}
		if w := before.Working; w != nil && w.Token != c.Working.Token && now.Before(w.Until) {
			row = before
			return nil, &model.Error{Code: model.CodeConflict, Op: what, Key: key, Err: fmt.Errorf("another worker is at it until %s", w.Until.UTC().Format(time.RFC3339))}
		}
		row.Working = &c.Working
		setWorking(old, row.Working)
		return old, nil
	})
	return row, named(what, key, err)
}
