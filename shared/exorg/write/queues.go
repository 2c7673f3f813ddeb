package write

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/wire"
)

// NewQueue is a queue to create.
type NewQueue struct {
	Name, PeerID string
	// DivisionID may be empty: the division of Base, else the home division.
	DivisionID string
	// Base is the last seen body of a queue that is created again: everything in it but name, peer id, ids and stamps is taken over, without
	// references to its own former id. nil: none.
	Base json.RawMessage
	// Without names parts of Base (see Parts) that are left out.
	Without []string
}

// CreateQueue creates a queue. A taken name answers 400 or 409, which is unproven: exorg.IsDuplicate covers both. With a Base a 400 may also mean
// that the API refuses a part of it, because what it refers to is gone, say. The answer holds the whole body (Raw).
func (w *Writer) CreateQueue(ctx context.Context, q NewQueue) (exorg.Queue, error) {
	r := wire.Request{Op: "create queue", Route: "/routing/queues", Needs: needsQueueAdd, Unproven: true}
	body, err := newQueueBody(q)
	if err != nil {
		return exorg.Queue{}, bodyError(r, err)
	}
	r.Body = body
	return create(ctx, w, r, func(q exorg.Queue) string { return q.ID })
}

func newQueueBody(q NewQueue) (json.RawMessage, error) {
	base := map[string]json.RawMessage{}
	if q.Base != nil {
		var err error
		if base, err = object(q.Base); err != nil {
			return nil, err
		}
	}
	if err := ownRefs(base); err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(stamps(), q.Without) {
		delete(base, name)
	}
	raw, err := encode(base)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{"name": q.Name}
	if q.PeerID != "" {
		fields["peerId"] = q.PeerID
	}
	if q.DivisionID != "" {
		fields["division"] = reference{ID: q.DivisionID}
	}
	return overlay(raw, fields)
}

// stamps are the fields of a body that a creation sets anew.
func stamps() []string {
	return []string{"dateCreated", "dateModified", "createdBy", "modifiedBy", "peerId"}
}

// ownRefs drops references of a queue's former body to its own former id: the API reads an absent one as the queue itself.
func ownRefs(base map[string]json.RawMessage) error {
	var id string
	if known := json.Unmarshal(base["id"], &id) == nil; !known || id == "" {
		return nil
	}
	return withoutID(base, id)
}

// Part is a top-level field of a queue's former body that a creation from it takes over.
type Part struct {
	Name string
	// Words are the names of the fields and the texts within it: what a refusal may name.
	Words []string
}

// Parts lists the parts of a former body by name; none of one that is no object.
func Parts(base json.RawMessage) []Part {
	body, err := newQueueBody(NewQueue{Base: base})
	if err != nil {
		return nil
	}
	fields, err := object(body)
	if err != nil {
		return nil
	}
	delete(fields, "name")
	parts := make([]Part, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var value any
		if json.Unmarshal(fields[name], &value) == nil && value != nil {
			parts = append(parts, Part{Name: name, Words: words(value)})
		}
	}
	return parts
}

func words(value any) []string {
	var out []string
	switch v := value.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, e := range v {
			out = append(out, words(e)...)
		}
	case map[string]any:
		for name, e := range v {
			out = append(append(out, name), words(e)...)
		}
	}
	return out
}

// QueueFields are the fields of a queue to change; nil leaves one alone.
type QueueFields struct {
	Name, PeerID *string
}

// UpdateQueue puts a queue back with the given fields changed and everything else as in fresh, which must have been read just now
// (exorg.Client.Queue): the API replaces the whole queue, has no version, and the last writer wins. A taken name: see CreateQueue. not_found.
func (w *Writer) UpdateQueue(ctx context.Context, fresh exorg.Queue, f QueueFields) (exorg.Queue, error) {
	fields := map[string]any{}
	if f.Name != nil {
		fields["name"] = *f.Name
	}
	if f.PeerID != nil {
		fields["peerId"] = *f.PeerID
	}
	var out exorg.Queue
	err := w.put(ctx, wire.Request{
		Op: "update queue", Route: "/routing/queues/{id}", Args: []string{fresh.ID}, Needs: needsQueueEdit, Unproven: true,
	}, fresh.Raw, fields, &out)
	return out, err
}

// DeleteQueue deletes a queue, also one that is in use (forceDelete). It may be seen for about two minutes more. not_found: it is gone already.
func (w *Writer) DeleteQueue(ctx context.Context, id string) error {
	return w.org.Call(ctx, wire.Request{
		Op: "delete queue", Method: http.MethodDelete, Route: "/routing/queues/{id}", Args: []string{id},
		Query: url.Values{"forceDelete": {"true"}}, Needs: needsQueueDelete,
	}, nil)
}

// AddMembers makes users members of a queue, 100 a call. Adding a member again is harmless.
func (w *Writer) AddMembers(ctx context.Context, queue string, users []string) error {
	return w.members(ctx, "add members to queue", queue, users, nil)
}

// RemoveMembers takes users out of a queue, 100 a call. Users that are no members do no harm.
func (w *Writer) RemoveMembers(ctx context.Context, queue string, users []string) error {
	return w.members(ctx, "remove members of queue", queue, users, url.Values{"delete": {"true"}})
}

func (w *Writer) members(ctx context.Context, op, queue string, users []string, q url.Values) error {
	return inBatches(users, MemberBatch, func(batch []string) error {
		return w.org.Call(ctx, wire.Request{
			Op: op, Method: http.MethodPost, Route: "/routing/queues/{id}/members", Args: []string{queue}, Query: q,
			Body: references(batch), Needs: needsMemberManage,
		}, nil)
	})
}

// AddQueueWrapUpCodes offers wrap-up codes on a queue, 100 a call; it takes none away.
func (w *Writer) AddQueueWrapUpCodes(ctx context.Context, queue string, codes []string) error {
	return inBatches(codes, MemberBatch, func(batch []string) error {
		return w.org.Call(ctx, wire.Request{
			Op: "add wrap-up codes to queue", Method: http.MethodPost, Route: "/routing/queues/{id}/wrapupcodes", Args: []string{queue},
			Body: references(batch), Needs: needsQueueEdit,
		}, nil)
	})
}
