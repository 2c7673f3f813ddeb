package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// wroteKept is how long it is known what was written to the EX Org (RULES 8.16).
const wroteKept = 90 * 24 * time.Hour

// wroteFormat is the version of the items' format; a later release reads every earlier one.
const wroteFormat = 1

// Wrote is what one attempt wrote, or began to write, to one EX object. It is kept before the write is sent, so that there is no write without
// it; whether the write was done shows in the object.
type Wrote struct {
	Key model.Key `json:"-"`
	Run int64     `json:"-"` // whose desired state it was
	At  time.Time `json:"at"`
	// EXID is empty for an object that was about to be created.
	EXID   string       `json:"exId,omitempty"`
	Name   string       `json:"name,omitempty"`
	Action model.Action `json:"action"`
	Cause  model.Cause  `json:"cause,omitempty"`
	// Fields are what differed, for people.
	Fields []model.Field `json:"fields,omitempty"`
	// Before is the object as it was read last; nil for one that was about to be created, and for member lists.
	Before *model.Observed `json:"before,omitempty"`
	// Joined and Left are EX ids of users, of a member list.
	Joined []string `json:"joined,omitempty"`
	Left   []string `json:"left,omitempty"`
}

// WroteStore keeps what workers wrote to the EX Org, for 90 days or until the key is forgotten.
type WroteStore interface {
	// PutWrote keeps one.
	PutWrote(ctx context.Context, w Wrote) error
	// WroteBy lists the keys whose objects a run's desired states had written, in order; eventually consistent.
	WroteBy(ctx context.Context, run int64) ([]model.Key, error)
	// WroteTo reads what was written to the object of a key, the earliest first.
	WroteTo(ctx context.Context, key model.Key) ([]Wrote, error)
	// EraseWrote drops everything that WroteTo would read.
	EraseWrote(ctx context.Context, key model.Key) error
}

const wrotePrefix = "wrote#"

// PutWrote keeps one; see WroteStore.
func (t *table) PutWrote(ctx context.Context, w Wrote) error {
	t = t.in(ctx)
	op := "note the write to " + w.Key.String()
	raw, err := json.Marshal(w)
	if err != nil {
		return model.Errorf(model.CodeInternal, op, "%w", err)
	}
	packed, err := t.codec.packSmall(raw)
	if err != nil {
		return err
	}
	k := t.keys.row(w.Key)
	k.sk = fmt.Sprintf("%s%020d#%s", wrotePrefix, w.At.UnixNano(), t.Stamps())
	it := item{}
	it.setBytes(attrBody, packed)
	it.setNumber(attrRun, w.Run)
	it.setNumber(attrFormat, wroteFormat)
	it.setText(AttrIndexPK, t.keys.wroteBy(w.Run))
	it.setText(AttrIndexSK, w.Key.String())
	it.expire(w.At.Add(wroteKept))
	_, err = t.replace(ctx, "PutWrote", k, nil, func(item) (item, error) { return it, nil })
	return inOp(op, err)
}

// WroteBy lists keys; see WroteStore.
func (t *table) WroteBy(ctx context.Context, run int64) ([]model.Key, error) {
	t = t.in(ctx)
	found, err := t.server.list(ctx, "WroteBy", t.keys.wroteBy(run))
	if err != nil {
		return nil, inOp(fmt.Sprintf("list what run %d wrote", run), err)
	}
	var keys []model.Key
	for _, it := range found {
		key, err := model.ParseKey(it.text(AttrIndexSK))
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, "list what a run wrote", "%w", err)
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, model.Key.Compare)
	return slices.Compact(keys), nil
}

// WroteTo reads what was written; see WroteStore.
func (t *table) WroteTo(ctx context.Context, key model.Key) ([]Wrote, error) {
	t = t.in(ctx)
	op := "read what was written to " + key.String()
	found, err := t.server.parts(ctx, "WroteTo", t.keys.row(key).pk, wrotePrefix)
	if err != nil {
		return nil, inOp(op, err)
	}
	var list []Wrote
	for _, it := range found {
		if t.live(it) == nil {
			continue
		}
		raw, err := unpack(it.bytes(attrBody))
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, op, "%w", err)
		}
		w := Wrote{Key: key, Run: it.number(attrRun)}
		if err := json.Unmarshal(raw, &w); err != nil {
			return nil, model.Errorf(model.CodeInternal, op, "%w", err)
		}
		list = append(list, w)
	}
	return list, nil
}

// EraseWrote drops what was kept; see WroteStore.
func (t *table) EraseWrote(ctx context.Context, key model.Key) error {
	t = t.in(ctx)
	op := "erase what was written to " + key.String()
	found, err := t.server.parts(ctx, "EraseWrote read", t.keys.row(key).pk, wrotePrefix)
	if err != nil {
		return inOp(op, err)
	}
	for _, it := range found {
		if _, err := t.replace(ctx, "EraseWrote", it.key(), it, func(item) (item, error) { return nil, nil }); err != nil {
			return inOp(op, err)
		}
	}
	return nil
}

// wroteBy is the hash of the sparse index under which a run finds what it wrote.
func (k keys) wroteBy(run int64) string {
	return k.of(strings.TrimSuffix(wrotePrefix, "#"), fmt.Sprint(run))
}
