package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
)

// writesAtOnce is how many rows are written side by side. A row takes two small writes of some milliseconds each.
const writesAtOnce = 32

// carryOut writes the plan's desired states and sends its messages, wave by wave, and remembers what the next run needs:
//
//  1. what was decided by this read alone: a run that dies must not make the next one forget that it was (foresee)
//  2. the marks: the index says of every key whose row is about to be written that it is being changed
//  3. the rows, each before its message, and what the next run needs to know of them
//  4. the index, which takes the marks off
//
// Whatever the run dies between, the next one compares the marked keys with their rows and finds what is still to be
// done, whether or not Engage asks for the same by then.
func (r *Runner) carryOut(ctx context.Context, lease mapping.Lease, d *draft, req Request) (sent, looks int, err error) {
	line := r.line()
	if _, err := line.Lost(ctx); err != nil {
		return 0, 0, err
	}
	if err := r.draw(ctx, d); err != nil {
		return 0, 0, err
	}
	if err := r.foresee(ctx, lease.Run, d, req); err != nil {
		return 0, 0, err
	}
	if err := r.mark(ctx, lease.Run, d); err != nil {
		return 0, 0, err
	}
	if sent, looks, err = r.writeRows(ctx, lease, d, req, line); err != nil {
		return sent, looks, err
	}
	if err := r.remember(ctx, lease.Run, d, req); err != nil {
		return sent, looks, err
	}
	return sent, looks, r.unmark(ctx, lease.Run, d, req)
}

// writeRows writes and drops the rows of the plan and sends their messages.
func (r *Runner) writeRows(ctx context.Context, lease mapping.Lease, d *draft, req Request, line *dispatch.Line) (sent, looks int, err error) {
	for wave := range waves {
		n, err := r.carryWave(ctx, lease, d, wave, req.Cause, line)
		if sent += n; err != nil {
			return sent, 0, err
		}
	}
	if err := r.forget(ctx, d); err != nil {
		return sent, 0, err
	}
	looks, err = r.look(ctx, lease.Run, d, req, line)
	return sent, looks, err
}

const waves = 4

// carryWave writes the rows of one wave and sends their messages; it says how many.
func (r *Runner) carryWave(ctx context.Context, lease mapping.Lease, d *draft, wave int, cause model.Cause, line *dispatch.Line) (int, error) {
	changes := slices.DeleteFunc(slices.Clone(d.plan.Changes), func(c model.Change) bool { return c.Key.Kind.Wave() != wave })
	if len(changes) == 0 {
		return 0, nil
	}
	for i := range changes {
		d.keepUnfinished(&changes[i])
	}
	// Rows take a desired state from any higher run than their own: a run that lost the lease must not go on with what it
	// read before the run that has it now.
	if _, err := r.Table.RenewLease(ctx, lease, r.Now(), leaseTime); err != nil {
		return 0, fmt.Errorf("go on with run %d: %w", lease.Run, err)
	}
	messages, refused, err := r.write(ctx, lease.Run, changes, cause, d, line)
	d.refused = append(d.refused, refused...)
	d.plan.Rejects = append(d.plan.Rejects, refused...)
	if sending := line.Send(ctx, messages); err == nil && sending != nil {
		err = fmt.Errorf("send the messages of run %d: %w", lease.Run, sending)
	}
	if err != nil {
		return 0, err
	}
	return len(messages), nil
}

// keepUnfinished leaves on a row the takeover, or the adoption, that may be half done: the worker ends it before it does what
// the row says. Without it the EX object, or the row that was taken over, would be nobody's for ever.
func (d *draft) keepUnfinished(c *model.Change) {
	row := d.rows[c.Key]
	if c.Key.Kind == model.KindMembers || row.Version == 0 || !c.From.IsZero() || c.Adopt != "" {
		return
	}
	gone := c.Action == model.ActionDelete || c.Action == model.ActionOrphan
	switch {
	case row.EXID == "" && row.From.IsZero() && gone:
		c.Adopt = row.Adopt
	case row.EXID != "" && row.State != mapping.StateConverged && !row.From.IsZero() && !d.living(row.From):
		c.From = row.From
	}
}

// write sets the desired states of one wave and returns the messages that tell of them: with an error those of the rows
// that were written by then. A row that the table refuses to hold holds up no other: it is told as a reject.
func (r *Runner) write(ctx context.Context, run int64, changes []model.Change, cause model.Cause, d *draft, line *dispatch.Line) ([]queue.Message, []model.Reject, error) {
	messages := make([]*queue.Message, len(changes))
	refusals := make([]error, len(changes))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(writesAtOnce)
	for i, c := range changes {
		group.Go(func() error {
			wish := wishOf(c, cause, d.plan.Approved[c.Key])
			wish.Let = d.let[c.Key]
			row, err := r.Table.PutDesired(inner, run, wish)
			if model.CodeOf(err) == model.CodeInvalid {
				refusals[i] = err
				return nil
			}
			if err != nil {
				return fmt.Errorf("write the desired state of %s: %w", c.Key, err)
			}
			if quiet(c.Action) {
				return nil
			}
			m, err := r.message(inner, run, row, cause, line)
			if err != nil || m == nil {
				return err
			}
			for _, f := range c.Fields {
				m.Fields = append(m.Fields, f.Name)
			}
			messages[i] = m
			return nil
		})
	}
	err := group.Wait()
	var out []queue.Message
	var refused []model.Reject
	for i, m := range messages {
		if m != nil {
			out = append(out, *m)
		}
		if refusals[i] != nil {
			refused = append(refused, model.Reject{Key: changes[i].Key, Reason: "the mapping table can not hold it: " + refusals[i].Error()})
		}
	}
	return out, refused, err
}

// message marks the row queued and makes its message; nil when a message is on its way already.
func (r *Runner) message(ctx context.Context, run int64, row mapping.Row, cause model.Cause, line *dispatch.Line) (*queue.Message, error) {
	m := queue.Message{Key: row.Key, Version: row.Version, Token: r.NewToken(), Cause: cause, Run: run}
	marked, err := line.Mark(ctx, m)
	if err != nil {
		return nil, err
	}
	if !marked {
		return nil, nil //nolint:nilnil // no message is no fault: one is on its way
	}
	return &m, nil
}

// quiet says that a change writes nothing to the EX Org, so that no worker needs to hear of it.
func quiet(a model.Action) bool { return a == model.ActionRefresh || a == model.ActionOrphan }

func wishOf(c model.Change, cause model.Cause, approved bool) mapping.Wish {
	w := mapping.Wish{Key: c.Key, Goal: mapping.GoalPresent, Desired: c.Object, Adopt: c.Adopt, From: c.From, Approved: approved, Cause: cause}
	switch c.Action {
	case model.ActionDelete:
		w.Goal = mapping.GoalAbsent
	case model.ActionOrphan:
		w.Goal = mapping.GoalOrphan
	case model.ActionRefresh:
		w.Silent = true
	default:
	}
	return w
}

// forget drops the rows that the plan says go without a write to the EX Org.
func (r *Runner) forget(ctx context.Context, d *draft) error {
	for _, f := range d.plan.Forget {
		if f.IndexOnly {
			continue
		}
		if err := r.dropRow(ctx, d.rows[f.Key], f.Key); err != nil {
			return err
		}
	}
	return nil
}

// toLookAt gives the keys that were asked for, that no change covers and that nobody paused.
func (d *draft) toLookAt(keys []model.Key) []model.Key {
	planned := map[model.Key]bool{}
	for _, c := range d.plan.Changes {
		planned[c.Key] = true
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k model.Key) bool { return planned[k] || d.pauses.Covers(k) })
}

// look sends messages for keys that were asked for and that no change covers.
func (r *Runner) look(ctx context.Context, run int64, d *draft, req Request, line *dispatch.Line) (int, error) {
	keys := d.toLookAt(req.Keys)
	if len(keys) == 0 {
		return 0, nil
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if _, ok := rows[key]; !ok && !slices.ContainsFunc(d.plan.Held, func(h plan.Held) bool { return h.Change.Key == key }) {
			return 0, &model.Error{Code: model.CodeNotFound, Op: "sync", Key: key, Err: errors.New("Engage has no such object in scope, and nothing is mapped to it")} //nolint:staticcheck // Engage is a name
		}
	}
	var messages []queue.Message
	for _, key := range keys {
		row, ok := rows[key]
		if !ok {
			continue // held before it was ever made: there is nothing to look at
		}
		m, err := r.message(ctx, run, row, model.CauseManual, line)
		if err != nil {
			return 0, err
		}
		if m != nil {
			messages = append(messages, *m)
		}
	}
	return len(messages), line.Send(ctx, messages)
}

// line puts messages on the work queue, for one run or one request.
func (r *Runner) line() *dispatch.Line {
	return dispatch.NewLine(r.Table, r.Queue, r.Settings.Requests.PerMinute, r.Now)
}
