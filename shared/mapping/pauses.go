package mapping

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// Paused begins the reason of a row that waits because an operator paused it (or what it needs): nobody is to blame, and it
// is looked at when the pause ends.
const Paused = "paused: "

// AtRest says that the row waits for the end of a pause, as far as its last look knew.
func (r Row) AtRest() bool { return r.State == StateWaiting && strings.HasPrefix(r.Reason, Paused) }

// AtRest says the same of a line of a list.
func (i Item) AtRest() bool { return i.State == StateWaiting && strings.HasPrefix(i.Reason, Paused) }

// Scope is what one pause is about: one object, else one kind, else (the zero Scope) everything.
type Scope struct {
	Kind model.Kind `json:"kind,omitempty"`
	Key  model.Key  `json:"key,omitzero"`
}

// String names it for people: "everything", "kind queue", "user/1042".
func (s Scope) String() string {
	switch {
	case !s.Key.IsZero():
		return s.Key.String()
	case s.Kind != "":
		return "kind " + string(s.Kind)
	default:
		return "everything"
	}
}

// Covers says whether a pause of the scope stops writes to the key. A member list is a part of its queue's EX object, so a
// pause of queues covers it.
func (s Scope) Covers(key model.Key) bool {
	queue := model.Key{Kind: model.KindQueue, DBID: key.DBID}
	list := key.Kind == model.KindMembers
	switch {
	case !s.Key.IsZero():
		return s.Key == key || list && s.Key == queue
	case s.Kind != "":
		return s.Kind == key.Kind || list && s.Kind == model.KindQueue
	default:
		return true
	}
}

// order puts everything first, then kinds, then objects.
func (s Scope) order(o Scope) int {
	rank := func(s Scope) int {
		switch {
		case !s.Key.IsZero():
			return 2
		case s.Kind != "":
			return 1
		default:
			return 0
		}
	}
	return cmp.Or(cmp.Compare(rank(s), rank(o)), cmp.Compare(s.Kind.Order(), o.Kind.Order()), s.Key.Compare(o.Key))
}

// Pause is something that an operator keeps EXCS from writing to.
type Pause struct {
	Scope
	Since time.Time `json:"since"`
	// Until is when the next run ends the pause; zero: never.
	Until time.Time `json:"until,omitzero"`
	Who   string    `json:"who,omitempty"`
	Note  string    `json:"note,omitempty"`
}

// Why says it in a sentence: "kind queue is paused since 2026-03-02T08:00:00Z until 2026-03-03T04:00:00Z by jane: reorganisation". It is the same for
// everything that the pause covers.
func (p Pause) Why() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is paused since %s", p.Scope, p.Since.UTC().Format(time.RFC3339))
	if !p.Until.IsZero() {
		b.WriteString(" until " + p.Until.UTC().Format(time.RFC3339))
	}
	if p.Who != "" {
		b.WriteString(" by " + p.Who)
	}
	if p.Note != "" {
		b.WriteString(": " + p.Note)
	}
	return b.String()
}

// Pauses are all pauses of a tenant, in order: everything, kinds, objects.
type Pauses []Pause

// Of gives the pause that covers the key: the closest one, whose note says most.
func (p Pauses) Of(key model.Key) (Pause, bool) {
	for _, pause := range slices.Backward(p) {
		if pause.Covers(key) {
			return pause, true
		}
	}
	return Pause{}, false
}

// Covers says whether the key is paused.
func (p Pauses) Covers(key model.Key) bool {
	_, covered := p.Of(key)
	return covered
}

// In gives the pauses of exactly these scopes.
func (p Pauses) In(scopes []Scope) Pauses {
	return slices.DeleteFunc(slices.Clone(p), func(x Pause) bool { return !slices.Contains(scopes, x.Scope) })
}

// Over returns the pauses whose end has come. They hold until a run ends them: workers and functions do not go by their own clocks.
func (p Pauses) Over(now time.Time) Pauses {
	return slices.DeleteFunc(slices.Clone(p), func(x Pause) bool { return x.Until.IsZero() || now.Before(x.Until) })
}

// Scopes returns what the pauses are about.
func (p Pauses) Scopes() []Scope {
	scopes := make([]Scope, 0, len(p))
	for _, x := range p {
		scopes = append(scopes, x.Scope)
	}
	return scopes
}

// Without gives the pauses of other scopes.
func (p Pauses) Without(scopes []Scope) Pauses {
	return slices.DeleteFunc(slices.Clone(p), func(x Pause) bool { return slices.Contains(scopes, x.Scope) })
}

// with adds pauses; one that stands keeps its time and gets the new end, note and name.
func (p Pauses) with(add []Pause) Pauses {
	all := slices.Clone(p)
	for _, a := range add {
		a.Since, a.Until = utc(a.Since), utc(a.Until)
		i := slices.IndexFunc(all, func(x Pause) bool { return x.Scope == a.Scope })
		if i < 0 {
			all = append(all, a)
			continue
		}
		all[i].Until, all[i].Who, all[i].Note = a.Until, a.Who, a.Note
	}
	slices.SortFunc(all, func(a, b Pause) int { return a.order(b.Scope) })
	return all
}

// pausesMost bounds the item in bytes: every worker reads it all the time, and one read unit is 4 KB. That is room for some
// hundred objects under one note.
const pausesMost = 4<<10 - 256

// Pauses reads every pause; see PauseStore.
func (t *table) Pauses(ctx context.Context) (Pauses, error) {
	it, err := t.get(ctx, "GetPauses", t.keys.pauses())
	if err != nil {
		return nil, inOp("read what is paused", err)
	}
	return pausesOf(it)
}

// Pause adds pauses; see PauseStore.
func (t *table) Pause(ctx context.Context, add []Pause) (Pauses, error) {
	return t.changePauses(ctx, "Pause", func(p Pauses) (Pauses, error) { return p.with(add), nil })
}

// Resume ends pauses; see PauseStore.
func (t *table) Resume(ctx context.Context, scopes []Scope) (Pauses, error) {
	return t.changePauses(ctx, "Resume", func(p Pauses) (Pauses, error) {
		if len(p.In(scopes)) == 0 {
			return p, errUnchanged
		}
		return p.Without(scopes), nil
	})
}

func (t *table) changePauses(ctx context.Context, op string, change func(Pauses) (Pauses, error)) (Pauses, error) {
	var after Pauses
	_, err := t.mutate(ctx, op, t.keys.pauses(), func(old item) (item, error) {
		before, err := pausesOf(old)
		if err != nil {
			return nil, err
		}
		if after, err = change(before); err != nil {
			return nil, err
		}
		return t.pausesItem(after)
	})
	return after, inOp("change what is paused", err)
}

func (t *table) pausesItem(p Pauses) (item, error) {
	if len(p) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, model.Errorf(model.CodeInternal, "encode pauses", "%w", err)
	}
	packed, err := t.codec.packSmall(raw)
	if err != nil {
		return nil, err
	}
	if len(packed) > pausesMost {
		return nil, model.Errorf(model.CodeInvalid, "pause", "%d pauses are more than the mapping table keeps: pause a kind instead of many objects, or give shorter notes", len(p))
	}
	it := item{}
	it.setBytes(attrBody, packed)
	return it, nil
}

func pausesOf(it item) (Pauses, error) {
	damaged := func(err error) (Pauses, error) {
		return nil, model.Errorf(model.CodeInternal, "read what is paused", "%w", err)
	}
	raw, err := unpack(it.bytes(attrBody))
	if err != nil {
		return damaged(err)
	}
	if len(raw) == 0 {
		return nil, nil
	}
	var p Pauses
	if err := json.Unmarshal(raw, &p); err != nil {
		return damaged(err)
	}
	return p, nil
}
