package listen

import (
	"context"
	"fmt"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// look decides what to do about one row. urgent says that it is looked at now if it can be; otherwise the look may wait for
// the end of the window.
func (c *call) look(ctx context.Context, h *hint, row mapping.Row, key model.Key, urgent bool, w *window) (verdict, error) {
	if v, none := unlooked(row); none {
		return v, nil
	}
	p, paused, err := c.paused(ctx, row)
	switch {
	case err != nil:
		return idle, err
	case paused:
		return c.setAside(ctx, h, row, p)
	case row.State == mapping.StateWaiting && c.now.Before(row.WaitUntil) && !row.Refusing():
		// What is heard once that look may have begun has to be looked at again.
		w.until = earlier(w.until, row.WaitUntil.Add(-skew))
		return waits, nil
	}
	coming, err := c.coming(ctx, row)
	switch {
	case err != nil:
		return idle, err
	case coming:
		return c.marked(ctx, h, row)
	case !urgent && row.State == mapping.StateConverged:
		return c.postpone(ctx, h, row, w.until.Add(skew), calmsDown)
	default:
		return c.send(ctx, h, key, row.Version)
	}
}

// coming says whether a message for the row is on its way, however long it has waited on a full queue.
func (c *call) coming(ctx context.Context, row mapping.Row) (bool, error) {
	if row.Queued == nil {
		return false, nil
	}
	lost, err := c.line.Lost(ctx)
	return c.now.Sub(row.Queued.At) < lost, err
}

// unlooked gives the verdict on a row that is none or that workers do not touch.
func unlooked(row mapping.Row) (verdict, bool) {
	if row.State == "" {
		return missing, true
	}
	return idle, leftAlone(row)
}

// paused says whether an operator paused the object and its row shows nothing else to do.
func (c *call) paused(ctx context.Context, row mapping.Row) (mapping.Pause, bool, error) {
	if row.State != mapping.StateConverged && !row.AtRest() {
		return mapping.Pause{}, false, nil
	}
	return c.pauses.Of(ctx, row.Key)
}

// setAside notes on the row of a paused object that it changed, without a message: the run after the pause has it looked at.
// A row that is on its way as it is gets a message like any other; the worker sets it aside.
func (c *call) setAside(ctx context.Context, h *hint, row mapping.Row, p mapping.Pause) (verdict, error) {
	if row.State != mapping.StateConverged {
		return waits, nil
	}
	return c.postpone(ctx, h, row, c.now, mapping.Paused+p.Why())
}

// leftAlone says that workers do not touch the row.
func leftAlone(row mapping.Row) bool {
	switch row.State {
	case mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible, mapping.StateOrphan, mapping.StateGone:
		return true
	default:
		return row.Goal == mapping.GoalOrphan
	}
}

// marked deals with a row that says that a message is on its way. The worker takes the mark away before it observes, so it
// will see what this notice tells of. But a mark that this very event left, when it was told before and something failed,
// may stand alone: it is replaced, and at worst there are two looks.
func (c *call) marked(ctx context.Context, h *hint, row mapping.Row) (verdict, error) {
	sign := h.sign()
	if sign == "" || !strings.HasPrefix(row.Queued.Token, sign) {
		return covered, nil
	}
	if _, err := c.Table.ClearQueued(ctx, row.Key, row.Queued.Token); err != nil && model.CodeOf(err) != model.CodeNotFound {
		return idle, fmt.Errorf("take the mark off %s: %w", row.Key, err)
	}
	return c.send(ctx, h, row.Key, row.Version)
}

// skew is how far the clocks of two functions may be apart.
const skew = 2 * time.Second

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// postponeTries is how often a wait that a worker ended is set anew. The worker is then at the end of its look, so a second
// time is rare.
const postponeTries = 3

// calmsDown is the reason of a row that is looked at once for many changes.
const calmsDown = "the EX Org told of several changes: looked at again when it has calmed down"

// postpone makes a converged row wait until at, when the schedule has it looked at. A worker that is at work on the row may
// have read the object before the notice, and would end the wait by what it records: the row gets a new version, so that it
// can not. Whenever the row turns out to have moved on, a message does instead.
func (c *call) postpone(ctx context.Context, h *hint, row mapping.Row, at time.Time, reason string) (verdict, error) {
	wait := mapping.Outcome{Key: row.Key, State: mapping.StateWaiting, WaitUntil: at, Reason: reason}
	version := row.Version
	for range postponeTries {
		wait.Version = version
		if _, err := c.Table.Record(ctx, wait, c.now); err != nil {
			return c.insteadOfWaiting(ctx, h, row.Key, err)
		}
		released, err := c.Table.Release(ctx, row.Key, version, false, h.cause(), c.now)
		if err != nil {
			return c.insteadOfWaiting(ctx, h, row.Key, err)
		}
		if released.Version == version {
			continue
		}
		wait.Version = released.Version
		if _, err := c.Table.Record(ctx, wait, c.now); err != nil {
			return c.insteadOfWaiting(ctx, h, row.Key, err)
		}
		return later, nil
	}
	return c.send(ctx, h, row.Key, version)
}

// insteadOfWaiting sends a message for a row that has another desired state by now.
func (c *call) insteadOfWaiting(ctx context.Context, h *hint, key model.Key, err error) (verdict, error) {
	switch model.CodeOf(err) {
	case model.CodeNotFound:
		return missing, nil
	case model.CodeStale:
	default:
		return idle, fmt.Errorf("make %s wait: %w", key, err)
	}
	rows, err := c.read(ctx, []model.Key{key})
	if err != nil {
		return idle, err
	}
	row, ok := rows[key]
	if !ok {
		return missing, nil
	}
	return c.send(ctx, h, key, row.Version)
}

// send marks the row queued and puts its message on the queue.
func (c *call) send(ctx context.Context, h *hint, key model.Key, version int64) (verdict, error) {
	m := queue.Message{Key: key, Version: version, Token: h.sign() + c.NewToken(), Cause: h.cause(), Who: h.who}
	put, err := c.line.Dispatch(ctx, m)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return missing, nil
	case err != nil:
		return idle, fmt.Errorf("queue a look at %s: %w", key, err)
	case !put:
		return covered, nil
	}
	c.Log.InfoContext(ctx, "a look is queued", "key", key, "cause", m.Cause, "who", m.Who)
	return sent, nil
}
