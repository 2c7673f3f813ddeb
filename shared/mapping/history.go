package mapping

import (
	"context"
	"time"

	"excs/shared/model"
)

// historyKept is how long it is known what runs and operators did (RULES 8.17).
const historyKept = 400 * 24 * time.Hour

// HistoryStore keeps what runs and operators did, for 400 days.
type HistoryStore interface {
	// PutEvent keeps an event of some hundred bytes; id tells it from others of the same moment.
	PutEvent(ctx context.Context, at time.Time, id string, body []byte) error
	// Events reads the events of the day (UTC) in which at lies, in order.
	Events(ctx context.Context, at time.Time) ([][]byte, error)
}

// historyStamp sorts as time does.
const historyStamp = "2006-01-02T15:04:05.000000000Z"

// history is the partition of one day: a day is what people ask for, and small enough to read at once.
func (k keys) history(at time.Time) string { return k.of("history", at.UTC().Format(time.DateOnly)) }

// PutEvent keeps an event; see HistoryStore.
func (t *table) PutEvent(ctx context.Context, at time.Time, id string, body []byte) error {
	const op = "note an event"
	if id == "" || len(body) == 0 {
		return model.Errorf(model.CodeInvalid, op, "it needs an id and a body")
	}
	packed, err := t.codec.packSmall(body)
	if err != nil {
		return err
	}
	it := item{}
	it.setBytes(attrBody, packed)
	it.expire(at.Add(historyKept))
	k := itemKey{t.keys.history(at), "event#" + at.UTC().Format(historyStamp) + "#" + id}
	_, err = t.mutate(ctx, "PutEvent", k, func(item) (item, error) { return it.clone(), nil })
	return inOp(op, err)
}

// Events reads a day; see HistoryStore.
func (t *table) Events(ctx context.Context, at time.Time) ([][]byte, error) {
	op := "read the history of " + at.UTC().Format(time.DateOnly)
	found, err := t.server.parts(ctx, "Events", t.keys.history(at), "event#")
	if err != nil {
		return nil, inOp(op, err)
	}
	var events [][]byte
	for _, it := range found {
		if t.live(it) == nil {
			continue
		}
		body, err := unpack(it.bytes(attrBody))
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, op, "%w", err)
		}
		events = append(events, body)
	}
	return events, nil
}
