package mapping

import (
	"context"
	"time"

	"excs/shared/model"
)

// BudgetLeft says how much of a budget is free; see BudgetStore.
func (t *table) BudgetLeft(ctx context.Context, client string, now time.Time, maxWait time.Duration) (left, of int, err error) {
	const op = "read the request budget"
	if client == "" || maxWait < 0 {
		return 0, 0, model.Errorf(model.CodeInvalid, op, "client %q, wait of up to %s: needs a client and no negative wait", client, maxWait)
	}
	it, err := t.server.get(ctx, "BudgetLeft", t.keys.budget(client))
	if err != nil {
		return 0, 0, inOp(op, err)
	}
	known := rate{allowed: it.number(attrAllowed), tat: it.number(attrTAT)}
	step := t.pace(known).Step
	slots := func(from int64) int {
		room := time.Duration(now.UnixMilli()-from)*time.Millisecond + maxWait
		if room < 0 {
			return 0
		}
		return int(room/step) + 1
	}
	of = slots(now.UnixMilli())
	return min(of, slots(known.tat)), of, nil
}
