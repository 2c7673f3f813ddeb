package exorg

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"excs/shared/exorg/internal/wire"
)

const permissionQueueView = "routing:queue:view"

// Queue is what EXCS reads of a queue.
type Queue struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	PeerID      string `json:"peerId"`
	Division    Ref    `json:"division"`
	MemberCount int    `json:"memberCount"`
	// Raw is the whole body as it came, the base of a full-replace PUT; of Client.Queue and of the writes only, lists leave it out.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields and keeps the body.
func (q *Queue) UnmarshalJSON(b []byte) error {
	type plain Queue
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*q = Queue(p)
	q.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// listedQueue is a row of a list: 5,000 bodies are too much to keep.
type listedQueue struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	PeerID      string `json:"peerId"`
	Division    Ref    `json:"division"`
	MemberCount int    `json:"memberCount"`
}

// Queue reads a queue with its whole body. not_found. The API's cache may show a deleted queue for about a minute.
func (c *Client) Queue(ctx context.Context, id string) (Queue, error) {
	r := wire.Request{Op: "read queue", Method: http.MethodGet, Route: "/routing/queues/{id}", Args: []string{id}, Reads: true, Needs: permissionQueueView}
	return one(ctx, c, r, func(q Queue) string { return q.ID })
}

// Queues lists all queues: the API lists those with a peer and those without apart.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) { return c.bothHalves(ctx, nil) }

// QueuesByName finds the queues, with a peer or without, whose name equals the given one without case and outer space; the same spelling first. A
// miss of the name filter is sought again in the whole list.
func (c *Client) QueuesByName(ctx context.Context, name string) ([]Queue, error) {
	return byName(name, func(q Queue) string { return q.Name }, func(q url.Values) ([]Queue, error) { return c.bothHalves(ctx, q) })
}

// QueuesNamed asks with the API's name filter alone, and leaves the other half of the list out when the first one shows a holder of the name.
func (c *Client) QueuesNamed(ctx context.Context, name string) ([]Queue, error) {
	for _, has := range []string{"true", "false"} {
		list, err := c.queues(ctx, url.Values{"name": {name}, "hasPeer": {has}}, map[string]bool{})
		if err != nil {
			return nil, err
		}
		if found := named(list, name, func(q Queue) string { return q.Name }); len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

// QueuesByPeerID finds the queues that carry a peer id.
func (c *Client) QueuesByPeerID(ctx context.Context, peer string) ([]Queue, error) {
	list, err := c.queues(ctx, url.Values{"peerId": {peer}, "hasPeer": {"true"}}, map[string]bool{})
	if err != nil {
		return nil, err
	}
	found := []Queue{}
	for _, q := range list {
		if q.PeerID == peer {
			found = append(found, q)
		}
	}
	return found, nil
}

// QueueBodies lists all queues as Queues does and gives each with its whole body, a page at a time: 5,000 bodies are too much to keep.
func (c *Client) QueueBodies(ctx context.Context, give func(Queue)) error {
	seen := map[string]bool{}
	for _, has := range []string{"true", "false"} {
		r := wire.Request{
			Op: "list queues", Method: http.MethodGet, Route: "/routing/queues", Query: url.Values{"hasPeer": {has}}, Reads: true, Needs: permissionQueueView,
		}
		err := walk(ctx, c, r, pageLarge, seen, func(q Queue) string { return q.ID }, func(q Queue) bool { give(q); return true })
		if err != nil {
			return err
		}
	}
	return nil
}

// noSettings are the fields of a queue body that change by themselves, say when others changed, or are EXCS's own.
func noSettings() []string {
	return []string{"memberCount", "userMemberCount", "joinedMemberCount", "dateModified", "modifiedBy", "name", "peerId"}
}

// QueueChanged says that a body of a queue shows settings other than an earlier one, and is not older. Numbers of members, stamps, name and peer id
// are no settings.
func QueueChanged(earlier, body json.RawMessage) bool {
	if bytes.Equal(earlier, body) {
		return false
	}
	var was, is map[string]any
	if json.Unmarshal(body, &is) != nil || is == nil {
		return false
	}
	if json.Unmarshal(earlier, &was) != nil || was == nil {
		return true
	}
	if was["id"] != is["id"] || modified(is).Before(modified(was)) {
		return false
	}
	for _, name := range noSettings() {
		delete(was, name)
		delete(is, name)
	}
	return !reflect.DeepEqual(was, is)
}

// QueueIDOf gives the id of the queue that a body is of, "" if it names none.
func QueueIDOf(body json.RawMessage) string {
	var q struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &q) != nil {
		return ""
	}
	return q.ID
}

func modified(body map[string]any) time.Time {
	text, _ := body["dateModified"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func (c *Client) bothHalves(ctx context.Context, q url.Values) ([]Queue, error) {
	seen := map[string]bool{}
	list := []Queue{}
	for _, has := range []string{"true", "false"} {
		half := url.Values{"hasPeer": {has}}
		for k, v := range q {
			half[k] = v
		}
		found, err := c.queues(ctx, half, seen)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (c *Client) queues(ctx context.Context, q url.Values, seen map[string]bool) ([]Queue, error) {
	r := wire.Request{Op: "list queues", Method: http.MethodGet, Route: "/routing/queues", Query: q, Reads: true, Needs: permissionQueueView}
	list := []Queue{}
	err := walk(ctx, c, r, pageLarge, seen, func(q listedQueue) string { return q.ID }, func(q listedQueue) bool {
		list = append(list, Queue{ID: q.ID, Name: q.Name, PeerID: q.PeerID, Division: q.Division, MemberCount: q.MemberCount})
		return true
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Members lists the ids of the users that are members of a queue as users (memberBy=user): members by way of a group can not be removed as users.
// The list has no total and ends with a short page, so it proves no removal by itself. not_found.
func (c *Client) Members(ctx context.Context, queue string) ([]string, error) {
	r := wire.Request{
		Op: "read members of queue", Method: http.MethodGet, Route: "/routing/queues/{id}/members", Args: []string{queue},
		Query: url.Values{"memberBy": {"user"}}, Reads: true, Needs: permissionQueueView,
	}
	list, err := all(ctx, c, r, pageMember, func(m Ref) string { return m.ID })
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids, nil
}

// QueueWrapUpCodes lists the ids of the wrap-up codes that a queue offers. not_found.
func (c *Client) QueueWrapUpCodes(ctx context.Context, queue string) ([]string, error) {
	r := wire.Request{
		Op: "read wrap-up codes of queue", Method: http.MethodGet, Route: "/routing/queues/{id}/wrapupcodes", Args: []string{queue},
		Reads: true, Needs: permissionQueueView,
	}
	list, err := all(ctx, c, r, pageCodes, func(m Ref) string { return m.ID })
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids, nil
}

// DivisionOf returns the id of the division in a queue's body, "" where it tells none.
func DivisionOf(body json.RawMessage) string {
	var q struct {
		Division Ref `json:"division"`
	}
	if json.Unmarshal(body, &q) != nil {
		return ""
	}
	return q.Division.ID
}
