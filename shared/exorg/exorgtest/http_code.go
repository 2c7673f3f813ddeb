package exorgtest

import (
	"net/http"
	"slices"
	"strings"
)

func getCodes(c *call) (reply, *refusal) {
	p, e := c.readPage(maxCodePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	name, divisions := c.query.Get("name"), c.list("divisionId")
	rows := chosen(c.w.codes, c.act, c.w, c.list("id"), func(o *code) bool {
		return c.sees(o.division) && matchName(name, o.name) && in(divisions, o.division)
	})
	key := func(o *code) string { return fold(o.name) }
	if c.query.Get("sortBy") == "id" {
		key = func(o *code) string { return o.id }
	}
	slices.SortStableFunc(rows, func(a, b *code) int { return strings.Compare(key(a), key(b)) })
	if c.query.Get("sortOrder") == "descending" {
		slices.Reverse(rows)
	}
	return ok(listing(c, p, rows, func(o *code) any { return c.w.codeView(o) })), nil
}

func (c *call) codeReply(o *code, e *refusal) (reply, *refusal) {
	if e != nil {
		return reply{}, e
	}
	return ok(c.w.codeView(o)), nil
}

func postCode(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	return c.codeReply(c.w.createCode(c.act, in))
}

func getCode(c *call) (reply, *refusal) {
	id := c.params["codeId"]
	r := c.w.codes.get(id)
	if r == nil {
		return reply{}, notFound("wrap-up code", id)
	}
	o := r.seen(c.now, c.w.readLag())
	if o == nil || !c.sees(o.division) {
		return reply{}, notFound("wrap-up code", id)
	}
	return ok(c.w.codeView(o)), nil
}

func putCode(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	return c.codeReply(c.w.updateCode(c.act, c.params["codeId"], in))
}

func deleteCode(c *call) (reply, *refusal) {
	return done(http.StatusNoContent, c.w.deleteCode(c.act, c.params["codeId"]))
}

// getQueueCodes lists the codes of a queue; deleted codes are gone from it.
func getQueueCodes(c *call) (reply, *refusal) {
	p, e := c.readPage(maxCodePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	q, e := c.w.readQueueOfList(c.act, c.params["queueId"])
	if e != nil {
		return reply{}, e
	}
	var rows []*code
	for _, id := range q.codes {
		if o, e := c.w.findCode(c.act, id); e == nil && matchName(c.query.Get("name"), o.name) {
			rows = append(rows, o)
		}
	}
	return ok(listing(c, p, rows, func(o *code) any { return c.w.codeView(o) })), nil
}

func postQueueCodes(c *call) (reply, *refusal) {
	in, e := readDocs(c.body)
	if e != nil {
		return reply{}, e
	}
	codes, e := c.w.assignCodes(c.act, c.params["queueId"], in)
	if e != nil {
		return reply{}, e
	}
	out := make([]any, 0, len(codes))
	for _, o := range codes {
		out = append(out, c.w.codeView(o))
	}
	return ok(out), nil
}

func deleteQueueCode(c *call) (reply, *refusal) {
	return done(http.StatusNoContent, c.w.unassignCode(c.act, c.params["queueId"], c.params["codeId"]))
}
