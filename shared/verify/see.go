package verify

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// A queue that is deleted in the EX Org is made again from what was seen of it: its body and its wrap-up codes. A sweep refreshes both. Bodies
// stand in the list that it reads anyway. Codes need a call for each queue: they are read in rotation, and at once of a queue whose body changed,
// because whoever sets up a queue sets up its codes too.

// codesAtOnce is of how many changed queues a sweep reads the codes right away. The rotation comes to the others.
const codesAtOnce = 60

// sight is what a sweep saw of a queue and the row does not know.
type sight struct {
	row  mapping.Row
	body []byte
}

// shows says whether a read shows the row's EX object as it is: it is not being made, EXCS has not written to it a short while ago, and what is
// kept is not that of a lost queue, whose codes the worker still owes to this one.
func (w *sweep) shows(row mapping.Row) bool {
	return row.EXID != "" && row.Intent == nil && w.Now().Sub(row.Written) >= w.Fresh && (len(row.Seen) == 0 || exorg.QueueIDOf(row.Seen) == row.EXID)
}

// see notes the bodies of queues on their rows.
func (w *sweep) see(ctx context.Context, changed []sight) error {
	if w.req.Dry {
		return nil
	}
	for i, s := range changed {
		if w.timeUp() {
			return nil // the next sweep sees the rest again
		}
		if err := w.note(ctx, s.row, s.body, nil); err != nil {
			return err
		}
		if i >= codesAtOnce {
			continue
		}
		if err := w.queueCodes(ctx, s.row); err != nil {
			return err
		}
	}
	return nil
}

// note keeps what was seen. A row that went meanwhile needs nothing.
func (w *sweep) note(ctx context.Context, row mapping.Row, body []byte, codes []string) error {
	err := w.Table.See(ctx, row.Key, row.EXID, body, codes)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return fmt.Errorf("keep what was seen of %s: %w", row.Key, err)
	}
	return nil
}

// codes reads the wrap-up codes of queues in rotation.
func (w *sweep) codes(ctx context.Context) error {
	rows, err := w.loadRows(ctx, model.KindQueue)
	if err != nil {
		return err
	}
	w.report.Codes, err = w.rotate(ctx, &w.cursor.Codes, rows, w.queueCodes)
	return err
}

// queueCodes reads the wrap-up codes of one queue and notes them if they are others than were seen before.
func (w *sweep) queueCodes(ctx context.Context, row mapping.Row) error {
	if !w.shows(row) || w.suspect(row.Key) || w.coded[row.Key] {
		return nil
	}
	w.coded[row.Key] = true
	codes, err := exorg.SeenCodes(ctx, w.Org, row.EXID, row.SeenCodes)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil // the queue itself is found by its list
	}
	if err != nil {
		return w.readFailed(ctx, row, err)
	}
	if sameSet(codes, row.SeenCodes) {
		return nil
	}
	return w.note(ctx, row, nil, codes)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
