package exorgtest

import (
	"net/http"
	"slices"
	"strings"
)

const (
	maxQueuePage  = 500
	maxMemberPage = 100
	maxCodePage   = 100
)

// splitList splits a comma-separated parameter.
func splitList(v string) []string {
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// matchName compares with a filter that may have an asterisk at either end.
func matchName(filter, name string) bool {
	f, n := fold(filter), fold(name)
	core, open := strings.CutSuffix(f, "*")
	tail, openStart := strings.CutPrefix(core, "*")
	switch {
	case f == "":
		return true
	case open && openStart:
		return strings.Contains(n, tail)
	case open:
		return strings.HasPrefix(n, core)
	case openStart:
		return strings.HasSuffix(n, tail)
	}
	return n == f
}

// getQueues lists queues. Those with a peer and those without are listed apart: without hasPeer (and without peerId and id, which
// name theirs), those without.
func getQueues(c *call) (reply, *refusal) {
	p, e := c.readPage(maxQueuePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	name, divisions, peers, ids := c.query.Get("name"), c.list("divisionId"), c.list("peerId"), c.list("id")
	hasPeer := peerHalf(c.query.Get("hasPeer"), len(peers)+len(ids) > 0)
	rows := c.queueRows(ids, peers, func(q *queue) bool {
		return matchName(name, q.name) && in(divisions, q.division) && in(peers, q.peer) && hasPeer(q)
	})
	return ok(listing(c, p, rows, func(q *queue) any { return c.w.queueView(q) })), nil
}

func peerHalf(hasPeer string, named bool) func(*queue) bool {
	switch {
	case hasPeer == "true":
		return func(q *queue) bool { return q.peer != "" }
	case hasPeer == "" && named:
		return func(*queue) bool { return true }
	}
	return func(q *queue) bool { return q.peer == "" }
}

// queueRows lists what the visitor sees, by name. Peer ids are looked up in the index.
func (c *call) queueRows(ids, peers []string, keep func(*queue) bool) []*queue {
	if len(ids) == 0 && len(peers) > 0 {
		for _, peer := range peers {
			for _, r := range c.w.queues.find("peer:" + peer) {
				ids = append(ids, r.id)
			}
		}
		if len(ids) == 0 {
			return nil
		}
	}
	rows := chosen(c.w.queues, c.act, c.w, ids, func(q *queue) bool { return q.shown(c.now) && c.sees(q.division) && keep(q) })
	slices.SortStableFunc(rows, func(a, b *queue) int { return strings.Compare(fold(a.name), fold(b.name)) })
	if c.query.Get("sortOrder") == "desc" {
		slices.Reverse(rows)
	}
	return rows
}

func getQueueViews(c *call) (reply, *refusal) {
	p, e := c.readPage(maxQueuePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	rows := c.queueRows(nil, nil, func(*queue) bool { return true })
	return ok(listing(c, p, rows, func(q *queue) any {
		return map[string]any{"id": q.id, "name": q.name, "division": c.w.divisionRef(q.division), "selfUri": "/api/v2/routing/queues/" + q.id}
	})), nil
}

func (c *call) queueReply(q *queue, e *refusal) (reply, *refusal) {
	if e != nil {
		return reply{}, e
	}
	return ok(c.w.queueView(q)), nil
}

// queueBody reads the body of a create or a full replace.
func (c *call) queueBody() (doc, *refusal) {
	in, e := readDoc(c.body)
	if e == nil {
		e = refuseFirstRuleQueue(in)
	}
	if e == nil {
		e = c.w.refuseQueueRefs(c.act, in)
	}
	return in, e
}

func postQueue(c *call) (reply, *refusal) {
	in, e := c.queueBody()
	if e != nil {
		return reply{}, e
	}
	return c.queueReply(c.w.createQueue(c.act, in))
}

func getQueue(c *call) (reply, *refusal) {
	return c.queueReply(c.w.readQueue(c.act, c.params["queueId"]))
}

func putQueue(c *call) (reply, *refusal) {
	in, e := c.queueBody()
	if e != nil {
		return reply{}, e
	}
	return c.queueReply(c.w.updateQueue(c.act, c.params["queueId"], in))
}

func deleteQueue(c *call) (reply, *refusal) {
	return done(http.StatusNoContent, c.w.deleteQueue(c.act, c.params["queueId"]))
}

// done is the answer of an operation without a body.
func done(status int, e *refusal) (reply, *refusal) {
	if e != nil {
		return reply{}, e
	}
	return reply{status: status}, nil
}

// getMembers lists members. There is no total: the reader goes on until a short page.
func getMembers(c *call) (reply, *refusal) {
	p, e := c.readPage(maxMemberPage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	rows, e := c.memberRows()
	if e != nil {
		return reply{}, e
	}
	m := listing(c, p, rows, func(s *seat) any { return memberView(c.params["queueId"], s) })
	delete(m, "total")
	delete(m, "pageCount")
	delete(m, "lastUri")
	return ok(m), nil
}

func (c *call) memberRows() ([]*seat, *refusal) {
	q, e := c.w.readQueueOfList(c.act, c.params["queueId"])
	if e != nil {
		return nil, e
	}
	roster := c.w.rosters[q.id]
	if roster == nil {
		return nil, nil
	}
	by, joined, name := c.query.Get("memberBy"), c.query.Get("joined"), fold(c.query.Get("name"))
	shown := roster.shown(c.now, c.w.sideLag())
	rows := make([]*seat, 0, len(roster.at))
	for i := range roster.seats {
		s := &roster.seats[i]
		if shown(s) && s.by(by) && (joined == "" || asText(s.joined) == joined) && strings.Contains(fold(s.user.now().name), name) {
			rows = append(rows, s)
		}
	}
	return rows, nil
}

func (s *seat) by(how string) bool {
	switch how {
	case "user":
		return s.byUser
	case "group":
		return s.byGroup
	}
	return true
}

func postMembers(c *call) (reply, *refusal) {
	in, e := readDocs(c.body)
	if e != nil {
		return reply{}, e
	}
	ids, e := memberIDs(in)
	if e != nil {
		return reply{}, e
	}
	if c.query.Get("delete") == "true" {
		return done(http.StatusNoContent, c.w.removeMembers(c.act, c.params["queueId"], ids))
	}
	return done(http.StatusNoContent, c.w.addMembers(c.act, c.params["queueId"], ids))
}

// patchMembers joins and unjoins, and answers the list of members.
func patchMembers(c *call) (reply, *refusal) {
	in, e := readDocs(c.body)
	if e != nil {
		return reply{}, e
	}
	if e := c.w.patchMembers(c.act, c.params["queueId"], in); e != nil {
		return reply{}, e
	}
	return getMembers(c)
}

func patchMember(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	return done(http.StatusAccepted, c.w.patchMember(c.act, c.params["queueId"], c.params["memberId"], in))
}

func deleteMember(c *call) (reply, *refusal) {
	q, e := c.w.livingQueue(c.act, c.params["queueId"])
	if e != nil {
		return reply{}, e
	}
	id := c.params["memberId"]
	if !c.w.removeMember(c.act, c.w.rosters[q.id], id) {
		return reply{}, notFound("queue member", id)
	}
	c.w.noteMembers(c.act, q, ActionMemberGone, []Property{{Name: "QueueMember/" + q.id + ":" + id, Old: []string{"<queue member deleted>"}}})
	return reply{status: http.StatusNoContent}, nil
}
