package mappingtest

import (
	"reflect"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

func (c *C) events(at time.Time) []string {
	bodies, err := c.Store.Events(c.Ctx, at)
	c.ok(err)
	texts := []string{}
	for _, b := range bodies {
		texts = append(texts, string(b))
	}
	return texts
}

func (c *C) event(at time.Time, id, body string) { c.ok(c.Store.PutEvent(c.Ctx, at, id, []byte(body))) }

func (c *C) wantEvents(at time.Time, want ...string) {
	if want == nil {
		want = []string{}
	}
	got := c.events(at)
	c.want(slices.Equal(got, want), "events are %q, want %q", got, want)
}

func historyChecks() []Check {
	return []Check{
		{"events of a day come back in order, those of other days apart", func(c *C) {
			day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
			c.event(day.Add(time.Hour+time.Nanosecond), "b", "second")
			c.event(day.Add(time.Hour), "z", "first")
			c.event(day.Add(-time.Nanosecond), "a", "yesterday")
			c.event(day.Add(24*time.Hour), "a", "tomorrow")
			c.event(day.Add(time.Hour+time.Nanosecond), "a", "at the same moment")
			c.wantEvents(day, "first", "at the same moment", "second")
			c.wantEvents(day.Add(-time.Hour), "yesterday")
			c.wantEvents(day.Add(100 * 24 * time.Hour))
		}},
		{"the same event again is one event", func(c *C) {
			at := c.Clock.Now()
			c.event(at, "run-1", "once")
			c.event(at, "run-1", "twice")
			c.wantEvents(at, "twice")
		}},
		{"events are forgotten after 400 days, not before", func(c *C) {
			at := c.Clock.Now()
			c.event(at, "run-1", "old")
			c.Clock.Advance(400*24*time.Hour - time.Second)
			c.wantEvents(at, "old")
			c.Clock.Advance(2 * time.Second)
			c.wantEvents(at)
		}},
		{"an event without an id is refused", func(c *C) {
			err := c.Store.PutEvent(c.Ctx, c.Clock.Now(), "", []byte("x"))
			c.want(model.CodeOf(err) == model.CodeInvalid, "error %v", err)
		}},
	}
}

func wroteOf(key model.Key, run int64, at time.Time) mapping.Wrote {
	return mapping.Wrote{
		Key: key, Run: run, At: at, EXID: "ex-" + key.String(), Name: "Ann", Action: model.ActionUpdate, Cause: model.CauseEngage,
		Fields: []model.Field{{Name: model.FieldName, Before: "Ann", After: "Anna"}},
		Before: &model.Observed{Kind: key.Kind, EXID: "ex", Name: "Ann", Skills: []model.Assigned{{EXID: "s", Name: "Sales", Level: 3}}},
	}
}

func wroteChecks() []Check {
	return []Check{
		{"what was written comes back by key, the earliest first, and by run", func(c *C) {
			at := c.Clock.Now().UTC()
			late, early, other := wroteOf(userKey(1), 8, at.Add(time.Minute)), wroteOf(userKey(1), 7, at), wroteOf(userKey(2), 7, at)
			for _, w := range []mapping.Wrote{late, early, other, early} {
				c.ok(c.Store.PutWrote(c.Ctx, w))
			}
			got, err := c.Store.WroteTo(c.Ctx, userKey(1))
			c.ok(err)
			c.want(len(got) == 3 && reflect.DeepEqual(got[0], early) && reflect.DeepEqual(got[2], late), "written are %+v", got)
			c.eventually("run 7 wrote to both users", func() (bool, error) {
				keys, err := c.Store.WroteBy(c.Ctx, 7)
				return slices.Equal(keys, []model.Key{userKey(1), userKey(2)}), err
			})
		}},
		{"it is no part of the row, and the row none of it", func(c *C) {
			c.ok(c.Store.PutWrote(c.Ctx, wroteOf(userKey(1), 7, c.Clock.Now())))
			_, err := c.Store.Get(c.Ctx, userKey(1))
			c.want(model.CodeOf(err) == model.CodeNotFound, "error %v", err)
			items, err := c.Store.List(c.Ctx, mapping.States(), nil)
			c.ok(err)
			c.want(len(items) == 0, "listed are %v", items)
		}},
		{"it is erased for a key, and for no other", func(c *C) {
			for _, key := range []model.Key{userKey(1), userKey(1), userKey(11)} {
				c.ok(c.Store.PutWrote(c.Ctx, wroteOf(key, 7, c.Clock.Now())))
			}
			c.ok(c.Store.EraseWrote(c.Ctx, userKey(1)))
			c.ok(c.Store.EraseWrote(c.Ctx, userKey(1)))
			gone, err := c.Store.WroteTo(c.Ctx, userKey(1))
			c.ok(err)
			left, err := c.Store.WroteTo(c.Ctx, userKey(11))
			c.ok(err)
			c.want(len(gone) == 0 && len(left) == 1, "%d are left of the one, %d of the other", len(gone), len(left))
		}},
		{"it is forgotten after 90 days", func(c *C) {
			c.ok(c.Store.PutWrote(c.Ctx, wroteOf(userKey(1), 7, c.Clock.Now())))
			c.Clock.Advance(90*24*time.Hour + time.Second)
			gone, err := c.Store.WroteTo(c.Ctx, userKey(1))
			c.ok(err)
			c.want(len(gone) == 0, "left are %v", gone)
		}},
	}
}
