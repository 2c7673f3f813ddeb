package apply

import (
	"context"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// glimpse is what of a row tells that somebody has worked on it since.
type glimpse struct {
	version        int64
	state          mapping.State
	since, written time.Time
}

func glimpseOf(row mapping.Row) glimpse {
	return glimpse{version: row.Version, state: row.State, since: row.Since, written: row.Written}
}

// saw keeps how the rows stood on which the look decides whether to wait; a key that is not there counts as well.
func (l *look) saw(rows map[model.Key]mapping.Row, keys ...model.Key) {
	if l.glimpses == nil {
		l.glimpses = make(map[model.Key]glimpse, len(keys))
	}
	for _, key := range keys {
		if _, known := l.glimpses[key]; !known {
			l.glimpses[key] = glimpseOf(rows[key])
		}
	}
}

// rowOf reads a row and keeps how it stood.
func (l *look) rowOf(ctx context.Context, key model.Key) (row mapping.Row, there bool, err error) {
	row, there, err = l.Worker.rowOf(ctx, key)
	if err == nil {
		l.saw(map[model.Key]mapping.Row{key: row}, key)
	}
	return row, there, err
}

// awaitedAtMost bounds how many rows are read once more after a wait is on record: one read of the table.
const awaitedAtMost = 100

// cameMeanwhile says, once the wait is on record, whether something that the row waits for became right after the look
// had read it. Whoever made it right woke the row before it waited, and will not do so again.
func (l *look) cameMeanwhile(ctx context.Context) (bool, error) {
	if l.out.State != mapping.StateWaiting || l.out.WaitsFor.IsZero() {
		return false, nil
	}
	keys := append([]model.Key{l.out.WaitsFor}, l.missed...)
	keys = keys[:min(len(keys), awaitedAtMost)]
	rows, err := l.Rows.GetMany(ctx, keys)
	if err != nil {
		return false, fmt.Errorf("read what %s waits for: %w", l.row.Key, err)
	}
	for _, key := range keys {
		row, there := rows[key]
		before, read := l.glimpses[key]
		if there && read && row.State == mapping.StateConverged && glimpseOf(row) != before {
			return true, nil
		}
	}
	return false, nil
}
