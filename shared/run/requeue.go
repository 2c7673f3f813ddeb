package run

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Requeue puts unconverged rows that are due back on the queue, without a run.
func (r *Runner) Requeue(ctx context.Context) (int, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return 0, err
	}
	items, err := r.Table.List(ctx, comeBack(), nil)
	if err != nil {
		return 0, fmt.Errorf("list unconverged rows: %w", err)
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return 0, err
	}
	return r.requeue(ctx, 0, items, pauses)
}

// onTheirWay are the states of rows that come to be converged by themselves.
func onTheirWay() []mapping.State {
	return []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateInvisible}
}

// comeBack are the states of rows that are looked at again: those on their way, and at a slow pace those in quarantine.
func comeBack() []mapping.State { return append(onTheirWay(), mapping.StateQuarantined) }

// callsPerRetry is what a retry of something refused or quarantined usually costs at most, slowShare the part of the budget, in
// percent, that all of them may take.
const (
	callsPerRetry = 4
	slowShare     = 2
)

// slowed keeps of the refused and quarantined items as many as their share of a minute's budget pays for, those first that
// have been due for longest. The schedule requeues once a minute.
func (r *Runner) slowed(due []mapping.Item) []mapping.Item {
	slices.SortStableFunc(due, func(a, b mapping.Item) int { return a.WaitUntil.Compare(b.WaitUntil) })
	left := max(1, r.Settings.Requests.PerMinute*slowShare/100/callsPerRetry)
	return slices.DeleteFunc(due, func(i mapping.Item) bool {
		if i.State != mapping.StateQuarantined && !i.Refusing() {
			return false
		}
		left--
		return left < 0
	})
}

// requeue puts unconverged rows that are due back on the queue: those whose wait is over and those whose message was
// lost. What is paused stays where it is. It does not need Engage.
func (r *Runner) requeue(ctx context.Context, run int64, items []mapping.Item, pauses mapping.Pauses) (int, error) {
	line := r.line()
	lost, err := line.Lost(ctx)
	if err != nil {
		return 0, err
	}
	now := r.Now()
	var ripe []mapping.Item
	for _, item := range unpaused(items, pauses) {
		if !now.Before(item.WaitUntil) && now.Sub(item.QueuedAt) >= lost {
			ripe = append(ripe, item)
		}
	}
	ripe = r.slowed(ripe)
	due := make([]model.Key, 0, len(ripe))
	for _, item := range ripe {
		due = append(due, item.Key)
	}
	if len(due) == 0 {
		return 0, nil
	}
	return r.queueAgain(ctx, run, due, line)
}

// queueAgain sends messages for those of the rows that are still due when they are read; it says for how many.
func (r *Runner) queueAgain(ctx context.Context, run int64, due []model.Key, line *dispatch.Line) (int, error) {
	rows, err := r.Table.GetMany(ctx, due)
	if err != nil {
		return 0, fmt.Errorf("read unconverged rows: %w", err)
	}
	now, n := r.Now(), 0
	byWave := make([][]queue.Message, waves)
	for _, key := range due {
		row, ok := rows[key]
		if !ok || !unconverged(row.State) || now.Before(row.WaitUntil) {
			continue
		}
		m, err := r.message(ctx, run, row, causeOf(row), line)
		if err != nil {
			return n, err
		}
		if m != nil {
			byWave[key.Kind.Wave()] = append(byWave[key.Kind.Wave()], *m)
			n++
		}
	}
	for _, messages := range byWave {
		if err := line.Send(ctx, messages); err != nil {
			return n, fmt.Errorf("put unconverged objects back on the queue: %w", err)
		}
	}
	return n, nil
}

// causeOf keeps the row's own cause: a change that Engage made stays one while it waits.
func causeOf(row mapping.Row) model.Cause {
	if row.Cause == "" {
		return model.CauseRequeue
	}
	return row.Cause
}

func unconverged(s mapping.State) bool {
	return slices.Contains(comeBack(), s)
}
