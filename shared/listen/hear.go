package listen

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
)

// Hear takes notices in and sends the messages that they lead to. The counts tell what was done, whether or not it fails.
//
// An error means that nobody will look at some of the objects: tell the same notices again; what was done is not done
// twice. Errors are those of the table, the queue and, for objects that are new, of the EX Org; unavailable when the context's
// time was too short for all objects.
func (l *Listener) Hear(ctx context.Context, notices []notice.Notice) (Report, error) {
	r := Report{Heard: len(notices)}
	hints := l.sort(notices, &r)
	if len(hints) == 0 {
		return r, nil
	}
	c := &call{Listener: l, now: l.Now(), report: &r, open: map[subject]window{}, pauses: mapping.NewWatch(l.Table, l.Now)}
	c.line = dispatch.NewLine(l.Table, l.Work, l.Settings.Requests.PerMinute, l.Now)
	if err := c.load(ctx, hints); err != nil {
		return r, err
	}
	var failures []error
	failed := map[event]bool{}
	for i, h := range hints {
		if late(ctx) {
			r.Left = len(hints) - i
			failures = append(failures, model.Errorf(model.CodeUnavailable, "hear", "the time is up: %d of %d objects are not looked at, tell of them again", r.Left, len(hints)))
			for _, h := range hints[i:] {
				for _, e := range h.events {
					failed[e] = true
				}
			}
			break
		}
		if err := c.attend(ctx, h); err != nil {
			// One object's trouble does not keep the others from being looked at.
			failures = append(failures, fmt.Errorf("heard of %s %s: %w", h.kind, h.exID, err))
			for _, e := range h.events {
				failed[e] = true
			}
		}
	}
	for _, h := range hints {
		for _, e := range h.events {
			if !failed[e] {
				l.heard.put(e, struct{}{})
			}
		}
	}
	return r, errors.Join(failures...)
}

// lastLook is how long before the end of its time a call begins with no further object: what is begun is done until then, or
// taken back.
const lastLook = 5 * time.Second

func late(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < lastLook
}

// call is the work on the notices of one call.
type call struct {
	*Listener
	now    time.Time
	report *Report
	// open holds the windows that are open, and new ones for the subjects that were not heard of in the last minute.
	open  map[subject]window
	fresh map[subject]bool
	rows  map[model.Key]mapping.Row
	// pauses are read when the first row is looked at: noise costs nothing.
	pauses *mapping.Watch
	line   *dispatch.Line
}

// load reads the owners of the objects that are not in mind, and the rows of all that are to be looked at: one read of
// each however many events the call has. An object that has only stale owners is nobody's.
func (c *call) load(ctx context.Context, hints []*hint) error {
	c.fresh = map[subject]bool{}
	ask := map[model.Kind][]string{}
	for _, h := range hints {
		w, ok := c.windows.get(h.subject)
		if ok && c.now.Before(w.until) {
			c.open[h.subject] = w
			continue
		}
		c.fresh[h.subject] = true
		ask[h.object()] = append(ask[h.object()], h.exID)
	}
	owners := map[model.Kind]mapping.Owners{}
	for _, kind := range slices.Sorted(maps.Keys(ask)) {
		items, err := c.Table.Owners(ctx, kind, ask[kind])
		if err != nil {
			return fmt.Errorf("find whose %s objects they are: %w", kind, err)
		}
		if owners[kind], err = mapping.JudgeOwners(ctx, c.Table, items, c.now); err != nil {
			return err
		}
	}
	known := map[model.Key]mapping.Row{}
	for _, of := range owners {
		for _, owner := range slices.Concat(slices.Collect(maps.Values(of))...) {
			known[owner.Row.Key] = owner.Row
		}
	}
	var keys []model.Key
	for _, h := range hints {
		if c.fresh[h.subject] {
			c.open[h.subject] = window{until: c.now.Add(windowLength), keys: h.keysOf(owners[h.object()].Keys(h.exID))}
		}
		if w := c.open[h.subject]; !w.settled {
			keys = append(keys, w.keys...)
		}
	}
	keys = slices.DeleteFunc(keys, func(key model.Key) bool { return known[key].Version > 0 })
	rows, err := c.read(ctx, keys)
	maps.Copy(known, rows)
	c.rows = known
	return err
}

func (c *call) read(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := c.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	return rows, nil
}

// attend does what the notices of one subject ask for.
func (c *call) attend(ctx context.Context, h *hint) error {
	w := c.open[h.subject]
	switch {
	case w.settled:
		c.report.Coalesced++
		return nil
	case len(w.keys) == 0:
		return c.stranger(ctx, h, w)
	}
	urgent := c.fresh[h.subject] || h.deleted && !w.deleted
	w.deleted = w.deleted || h.deleted
	settled := true
	for _, key := range w.keys {
		v, err := c.look(ctx, h, c.rows[key], key, urgent, &w)
		if err != nil {
			return err
		}
		settled = settled && v.settles()
		c.count(v, c.rows[key])
	}
	w.settled = settled
	c.windows.put(h.subject, w)
	return nil
}

// verdict is what a notice led to for one row.
type verdict int

const (
	sent    verdict = iota // a message is on the queue now
	covered                // a message was on its way
	waits                  // the row waits and is looked at when that is over
	later                  // the row was made to wait for the end of the window
	idle                   // workers leave the row alone
	missing                // there is no row
)

// settles says that nothing needs to be done about the row until the window ends.
func (v verdict) settles() bool { return v != sent && v != covered }

func (c *call) count(v verdict, row mapping.Row) {
	switch v {
	case sent:
		c.report.Sent++
	case later:
		c.report.Later++
	case covered, waits:
		c.report.Coalesced++
	case idle:
		c.report.ignore(rowIs + string(row.State))
	case missing:
		c.report.ignore(ReasonNoRow)
	}
}
