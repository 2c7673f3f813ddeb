package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// queue puts findings on the work queue and into the report. The rows are read once more: what changed since the sweep
// read them is the worker's already, and no finding. What is paused is reported and not queued: the sweep after the pause
// finds it again.
func (w *sweep) queue(ctx context.Context, found []Finding) error {
	found, rows, err := w.standing(ctx, found)
	if err != nil || len(found) == 0 {
		return err
	}
	if err := w.setPausedApart(ctx, found); err != nil {
		return err
	}
	if !w.req.Dry {
		err = w.send(ctx, found, rows)
	}
	for _, f := range found {
		if err == nil || f.Queued {
			w.add(f)
		}
	}
	return err
}

// standing gives the findings whose rows are as the sweep read them, with the rows.
func (w *sweep) standing(ctx context.Context, found []Finding) ([]Finding, map[model.Key]mapping.Row, error) {
	if len(found) == 0 {
		return nil, nil, nil
	}
	keys := make([]model.Key, 0, len(found))
	for _, f := range found {
		keys = append(keys, f.Key)
	}
	rows, err := w.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("read the rows of what was found: %w", err)
	}
	return slices.DeleteFunc(found, func(f Finding) bool {
		row, ok := rows[f.Key]
		stale := !ok || !w.settled(row) || row.Version != w.byKey[f.Key].Version || row.EXID != f.EXID
		if stale {
			w.counts(f.Key.Kind).Skipped++
		}
		return stale
	}), rows, nil
}

// setPausedApart marks the findings that an operator keeps EXCS from setting right.
func (w *sweep) setPausedApart(ctx context.Context, found []Finding) error {
	pauses, err := w.pauses.All(ctx)
	if err != nil {
		return err
	}
	for i, f := range found {
		if p, paused := pauses.Of(f.Key); paused {
			found[i].Paused = true
			found[i].Note = strings.TrimPrefix(f.Note+"; "+p.Why(), "; ")
			w.counts(f.Key.Kind).Paused++
		}
	}
	return nil
}

func (w *sweep) send(ctx context.Context, found []Finding, rows map[model.Key]mapping.Row) error {
	line := dispatch.NewLine(w.Table, w.Queue, w.Settings.Requests.PerMinute, w.Now)
	var messages []queue.Message
	var failure error
	for i, f := range found {
		if w.timeUp() {
			failure = errTimeUp // the next sweep finds the rest again
			break
		}
		if f.Paused {
			continue
		}
		m := message(f, rows[f.Key], w.NewToken())
		marked, err := line.Mark(ctx, m)
		if err != nil {
			failure = err // what is marked is sent all the same: a mark without a message would silence its object
			break
		}
		if !marked {
			continue
		}
		found[i].Queued = true
		messages = append(messages, m)
	}
	if err := line.Send(ctx, messages); err != nil {
		for i := range found {
			found[i].Queued = false
		}
		return errors.Join(failure, fmt.Errorf("queue what was found: %w", err))
	}
	w.report.Queued += len(messages)
	w.tell(ctx, found)
	return failure
}

// tell writes a line for each object that is looked at on account of the sweep. The answer to a scheduled sweep is read by
// nobody. It names fields; values are for people who ask.
func (w *sweep) tell(ctx context.Context, found []Finding) {
	for _, f := range found {
		if !f.Queued {
			continue
		}
		m := message(f, mapping.Row{}, "")
		w.Log.InfoContext(ctx, "a look is queued", "key", f.Key, "cause", m.Cause, "found", f.What, "fields", m.Fields)
	}
}

func message(f Finding, row mapping.Row, token string) queue.Message {
	m := queue.Message{Key: f.Key, Version: row.Version, Token: token, Cause: model.CauseDrift}
	if f.What == Deleted || f.What == Missing {
		m.Cause = model.CauseDeleted
	}
	for _, field := range f.Fields {
		m.Fields = append(m.Fields, field.Name)
	}
	return m
}
