package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Released says what became of one object that an operator let go.
type Released struct {
	Key model.Key `json:"key"`
	// Was is the state that the row was in, Reason why.
	Was    mapping.State `json:"was"`
	Reason string        `json:"reason,omitempty"`
	// Done says that it gets another look, Why what happens or why not.
	Done bool   `json:"done"`
	Why  string `json:"why"`
}

// Release gives objects another look: those in quarantine, invisible ones, and those that wait. Their rows are pending then,
// with their attempts forgotten, and their messages on the queue. What is held needs an approval instead, and a paused object
// is looked at when its pause ends. A dead letter of the object stays until a replay finds that it is right.
//
// Errors: not_found for a key without a row, before anything is done; those of the table and the queue.
func (r *Runner) Release(ctx context.Context, keys []model.Key, by By) ([]Released, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := r.rowsOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	out := r.line()
	list := make([]Released, 0, len(keys))
	for _, key := range distinct(keys) {
		line, err := r.release(ctx, rows[key], pauses, out, by)
		if err != nil {
			return list, err
		}
		r.Log.InfoContext(ctx, "released", "key", key, "was", line.Was, "done", line.Done, "who", by.Who, "note", by.Note)
		list = append(list, line)
	}
	r.acted(ctx, mapping.ActionRelease, keysNamedIn(distinct(keys)), by)
	return list, nil
}

// rowsOf reads rows that must be there.
func (r *Runner) rowsOf(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error) {
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	for _, key := range keys {
		if _, ok := rows[key]; !ok {
			return nil, &model.Error{Code: model.CodeNotFound, Key: key, Err: errors.New("the mapping table has no row of it: see plan for what Engage asks for; nothing was done")}
		}
	}
	return rows, nil
}

func distinct(keys []model.Key) []model.Key {
	return slices.Compact(slices.SortedFunc(slices.Values(keys), model.Key.Compare))
}

func (r *Runner) release(ctx context.Context, row mapping.Row, pauses mapping.Pauses, out *dispatch.Line, by By) (Released, error) {
	line := Released{Key: row.Key, Was: row.State, Reason: row.Reason}
	switch row.State {
	case mapping.StateQuarantined, mapping.StateInvisible, mapping.StateWaiting:
	case mapping.StateHeld:
		line.Why = "it is held for an approval: see list, then approve or discard"
		return line, nil
	case mapping.StatePending:
		line.Why = "it is on its way already"
		return line, nil
	default:
		line.Why = fmt.Sprintf("there is nothing to release: it is %s since %s", row.State, row.Since.UTC().Format(time.RFC3339))
		return line, nil
	}
	after, err := r.Table.Release(ctx, row.Key, row.Version, false, model.CauseManual, r.Now())
	switch model.CodeOf(err) {
	case "":
	case model.CodeStale, model.CodeNotFound:
		line.Why = "its row changed at this moment: release it again if it is still listed"
		return line, nil
	default:
		return line, fmt.Errorf("release %s: %w", row.Key, err)
	}
	line.Done, line.Why = true, "it is looked at now"
	if err := r.note(ctx, after, mapping.ActionRelease, by); err != nil {
		return line, err
	}
	if p, paused := pauses.Of(row.Key); paused {
		line.Why = "it is looked at when its pause ends: " + p.Why()
		return line, nil
	}
	return line, r.sendFor(ctx, after, out)
}

// sendFor puts a message for a row on the queue, unless one is on its way.
func (r *Runner) sendFor(ctx context.Context, row mapping.Row, line *dispatch.Line) error {
	m := queue.Message{Key: row.Key, Version: row.Version, Token: r.NewToken(), Cause: model.CauseManual, Run: row.Run}
	if _, err := line.Dispatch(ctx, m); err != nil {
		return fmt.Errorf("send the message of %s: %w", row.Key, err)
	}
	return nil
}
