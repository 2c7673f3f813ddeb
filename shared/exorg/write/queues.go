package write

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/wire"
)

// NewQueue is a queue to create.
type NewQueue struct {
	Name, PeerID string
	// DivisionID may be empty: the division of Base, else the home division.
	DivisionID string
	// Base is the last seen body of a queue that is created again: everything in it but name, peer id, ids and stamps is taken over. nil: none.
	Base json.RawMessage
}

// CreateQueue creates a queue. A taken name answers 400 or 409, which is unproven: exorg.IsDuplicate covers both. With a Base a 400 may also mean
// that something it refers to is gone. The answer holds the whole body (Raw).
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
	for _, stamp := range []string{"dateCreated", "dateModified", "createdBy", "modifiedBy", "peerId"} {
		delete(base, stamp)
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
