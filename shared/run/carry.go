package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
)

// writesAtOnce is how many rows are written side by side. A row takes two small writes of some milliseconds each.
const writesAtOnce = 32

// carryOut writes the plan's desired states and sends its messages, wave by wave. Rows come first and the index last: a
// crash in between makes the next run see the same changes again, and a row that is pending is found without a message.
func (r *Runner) carryOut(ctx context.Context, run int64, d *draft, req Request) (sent, looks int, err error) {
	approved := d.approvals.valid(d.at)
	lost, err := r.lostAfter(ctx)
	if err != nil {
		return 0, 0, err
	}
	for wave := range waves {
		var changes []model.Change
		for _, c := range d.plan.Changes {
			if c.Key.Kind.Wave() == wave {
				changes = append(changes, c)
			}
		}
		messages, err := r.write(ctx, run, changes, req.Cause, approved, lost)
		if err != nil {
			return sent, 0, err
		}
		if err := r.Queue.Send(ctx, messages); err != nil {
			return sent, 0, fmt.Errorf("send the messages of run %d: %w", run, err)
		}
		sent += len(messages)
	}
	if err := r.forget(ctx, d); err != nil {
		return sent, 0, err
	}
	if looks, err = r.look(ctx, run, d, req, lost); err != nil {
		return sent, looks, err
	}
	if index := d.plan.Index(); len(index) > 0 {
		if err := r.Table.PutIndex(ctx, run, index); err != nil {
			return sent, looks, fmt.Errorf("write the mapping index: %w", err)
		}
	}
	return sent, looks, nil
}

const waves = 4

// write sets the desired states of one wave and returns the messages that tell of them.
func (r *Runner) write(ctx context.Context, run int64, changes []model.Change, cause model.Cause, approved map[string]bool, lost time.Duration) ([]queue.Message, error) {
	messages := make([]*queue.Message, len(changes))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(writesAtOnce)
	for i, c := range changes {
		group.Go(func() error {
			row, err := r.Table.PutDesired(inner, run, wishOf(c, cause, approved[plan.ID(c)]))
			if err != nil {
				return fmt.Errorf("write the desired state of %s: %w", c.Key, err)
			}
			if quiet(c.Action) {
				return nil
			}
			m, err := r.message(inner, run, row, cause, lost)
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
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []queue.Message
	for _, m := range messages {
		if m != nil {
			out = append(out, *m)
		}
	}
	return out, nil
}

// message marks the row queued and makes its message; nil when a message is on its way already.
func (r *Runner) message(ctx context.Context, run int64, row mapping.Row, cause model.Cause, lost time.Duration) (*queue.Message, error) {
	token := r.NewToken()
	marked, err := r.Table.MarkQueued(ctx, row.Key, token, r.Now(), lost)
	if err != nil {
		return nil, fmt.Errorf("mark %s queued: %w", row.Key, err)
	}
	if !marked {
		return nil, nil //nolint:nilnil // no message is no fault: one is on its way
	}
	return &queue.Message{Key: row.Key, Version: row.Version, Token: token, Cause: cause, Run: run}, nil
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
		row := d.rows[f.Key]
		if row.EXID != "" && f.Key.Kind != model.KindMembers {
			if err := r.Table.Disown(ctx, f.Key.Kind, row.EXID, f.Key); err != nil {
				return fmt.Errorf("take %s off its EX object: %w", f.Key, err)
			}
		}
		if err := r.Table.Forget(ctx, f.Key); err != nil && model.CodeOf(err) != model.CodeNotFound {
			return fmt.Errorf("drop the row of %s: %w", f.Key, err)
		}
	}
	return nil
}

// look sends messages for keys that were asked for and that no change covers.
func (r *Runner) look(ctx context.Context, run int64, d *draft, req Request, lost time.Duration) (int, error) {
	var keys []model.Key
	for _, key := range req.Keys {
		if !slices.ContainsFunc(d.plan.Changes, func(c model.Change) bool { return c.Key == key }) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return 0, nil
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return 0, err
	}
	var messages []queue.Message
	for _, key := range keys {
		row, ok := rows[key]
		if !ok {
			return 0, &model.Error{Code: model.CodeNotFound, Op: "sync", Key: key, Err: fmt.Errorf("Engage has no such object in scope, and nothing is mapped to it")}
		}
		m, err := r.message(ctx, run, row, model.CauseManual, lost)
		if err != nil {
			return 0, err
		}
		if m != nil {
			messages = append(messages, *m)
		}
	}
	return len(messages), r.Queue.Send(ctx, messages)
}

// queuedLost is the age from which a queued mark is taken for a lost message, unless the queue itself is slower.
const queuedLost = 10 * time.Minute

// callsPerMessage is the usual cost of a message, for the time that a full queue takes.
const callsPerMessage = 4

// lostAfter gives the age from which a queued mark is taken for a lost message: a first sync of thousands of objects waits
// for the request budget longer than ten minutes, and none of its messages is lost.
func (r *Runner) lostAfter(ctx context.Context) (time.Duration, error) {
	waiting, inFlight, err := r.Queue.Depth(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the depth of the work queue: %w", err)
	}
	minutes := (waiting + inFlight) * callsPerMessage / max(1, r.Settings.Requests.PerMinute)
	return max(queuedLost, 2*time.Duration(minutes)*time.Minute), nil
}
