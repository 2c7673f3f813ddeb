package verify

import (
	"context"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// miss notes that a read missed the row's EX object. The first miss counts; a second one decides, later.
func (w *sweep) miss(row mapping.Row) {
	if a, ok := w.cursor.Absent[row.Key]; ok && a.EXID == row.EXID {
		if w.req.Dry {
			f := w.finding(row, Absent)
			f.Note = "first missed " + stamp(a.Since)
			w.add(f)
		}
		return
	}
	w.cursor.Absent[row.Key] = absence{Since: w.Now(), EXID: row.EXID}
	w.add(w.finding(row, Absent))
}

// suspect says whether the object of a key may be gone: what hangs on it is not compared.
func (w *sweep) suspect(key model.Key) bool {
	_, absent := w.cursor.Absent[key]
	return absent || w.gone[key]
}

// dueAbsences makes the second reads whose time has come.
func (w *sweep) dueAbsences(ctx context.Context) error {
	if w.req.Dry {
		return nil
	}
	var due []model.Key
	for _, key := range w.absentKeys() {
		if w.Now().Sub(w.cursor.Absent[key].Since) >= w.Absence {
			due = append(due, key)
		}
	}
	if len(due) == 0 {
		return nil
	}
	rows, err := w.Table.GetMany(ctx, due)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	for _, key := range due {
		row := rows[key]
		if !w.settled(row) || row.EXID != w.cursor.Absent[key].EXID {
			delete(w.cursor.Absent, key) // the worker or Engage was there meanwhile
			w.retract(key)
			continue
		}
		if err := w.secondRead(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// secondRead reads an object that a read missed by itself.
func (w *sweep) secondRead(ctx context.Context, row mapping.Row) error {
	seen, _, err := w.Org.Get(ctx, row.Key.Kind, row.EXID)
	what := Missing
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
	case err != nil:
		return w.readFailed(ctx, row, err) // it stays noted, and is read again next time
	case seen.Deleted:
		what = Deleted
	default: // it is there: the list was behind
		delete(w.cursor.Absent, row.Key)
		w.retract(row.Key)
		return nil
	}
	if err := w.vanished(ctx, row, what); err != nil {
		return err // it stays noted until its message is on the queue
	}
	delete(w.cursor.Absent, row.Key)
	w.retract(row.Key)
	return nil
}

// vanished queues the finding that an object is gone.
func (w *sweep) vanished(ctx context.Context, row mapping.Row, what What) error {
	w.gone[row.Key] = true
	if what == Deleted && w.staysDeleted(row) {
		return nil
	}
	w.byKey[row.Key] = row
	return w.queue(ctx, []Finding{w.finding(row, what)})
}

// errEarly says that second reads are left that are not due within this sweep.
var errEarly = &model.Error{Code: model.CodeUnavailable, Op: "verify", Err: fmt.Errorf("a second read is not due yet")}

// secondReads waits for the second reads that are left, if there is time for it.
func (w *sweep) secondReads(ctx context.Context) error {
	for {
		if err := w.dueAbsences(ctx); err != nil {
			return err
		}
		wait, left := w.nextAbsence()
		if !left {
			return nil
		}
		if !w.end.IsZero() && !w.Now().Add(wait).Before(w.end) {
			return errEarly
		}
		if err := w.keep(ctx, true); err != nil {
			return err
		}
		if err := w.Sleep(ctx, wait); err != nil {
			return model.Errorf(model.CodeUnavailable, "wait for a second read", "%w", err)
		}
	}
}

// nextAbsence is how long until the next second read is due. Reads that failed are left to the next sweep.
func (w *sweep) nextAbsence() (wait time.Duration, left bool) {
	for _, a := range w.cursor.Absent {
		until := a.Since.Add(w.Absence).Sub(w.Now())
		if until > 0 && (!left || until < wait) {
			wait, left = until, true
		}
	}
	return wait, left
}
