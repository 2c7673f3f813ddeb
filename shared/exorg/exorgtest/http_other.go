package exorgtest

import (
	"net/http"
	"strings"
)

// getSources lists presence sources, without paging: those in use, or with deactivated=TRUE the deactivated ones.
func getSources(c *call) (reply, *refusal) {
	deactivated := strings.EqualFold(c.query.Get("deactivated"), "true")
	rows := visible(c.w.sources, c.act, c.w, func(s *source) bool { return s.deactivated == deactivated })
	for _, f := range c.faults {
		f.shifted(c, rows2swap(rows), page{number: 1, size: len(rows)}, 0)
	}
	entities := make([]any, 0, len(rows))
	for _, s := range rows {
		entities = append(entities, s.view())
	}
	return ok(map[string]any{"total": len(rows), "entities": entities, "selfUri": c.path}), nil
}

func (c *call) sourceReply(s *source, e *refusal) (reply, *refusal) {
	if e != nil {
		return reply{}, e
	}
	return ok(s.view()), nil
}

func postSource(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	return c.sourceReply(c.w.createSource(c.act, in))
}

func getSource(c *call) (reply, *refusal) {
	id := c.params["sourceId"]
	r := c.w.sources.get(id)
	if r == nil {
		return reply{}, notFound("presence source", id)
	}
	s := r.seen(c.now, c.w.readLag())
	if s == nil {
		return reply{}, notFound("presence source", id)
	}
	return ok(s.view()), nil
}

func putSource(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	return c.sourceReply(c.w.updateSource(c.act, c.params["sourceId"], in))
}

func deleteSource(c *call) (reply, *refusal) {
	return done(http.StatusNoContent, c.w.deleteSource(c.act, c.params["sourceId"]))
}

func primaryView(userID string, p primarySource) map[string]any {
	m := map[string]any{"id": userID, "registered": p.registered, "selfUri": "/api/v2/presence/users/" + userID + "/primarysource"}
	if p.sourceID != "" {
		m["sourceId"] = p.sourceID
	}
	return m
}

func getPrimarySource(c *call) (reply, *refusal) {
	u, e := c.seenUser(false)
	if e != nil {
		return reply{}, e
	}
	return ok(primaryView(u.id, c.w.primary[u.id])), nil
}

func putPrimarySource(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	u, e := c.w.livingUser(c.act, c.params["userId"])
	if e != nil {
		return reply{}, e
	}
	id, _, e := in.text("sourceId")
	if e != nil {
		return reply{}, e
	}
	if _, e := c.w.findSource(id); e != nil {
		return reply{}, badField("sourceId", "The presence source %s does not exist.", id)
	}
	registered, _, e := in.flag("registered")
	if e != nil {
		return reply{}, e
	}
	c.w.primary[u.id] = primarySource{sourceID: id, registered: registered}
	return ok(primaryView(u.id, c.w.primary[u.id])), nil
}

func getHome(c *call) (reply, *refusal) {
	return ok(c.w.divisionView(c.w.divisions.get(c.w.home).now())), nil
}

func getDivisions(c *call) (reply, *refusal) {
	p, e := c.readPage(maxQueuePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	name := c.query.Get("name")
	rows := chosen(c.w.divisions, c.act, c.w, c.list("id"), func(d *division) bool { return c.sees(d.id) && matchName(name, d.name) })
	return ok(listing(c, p, rows, func(d *division) any { return c.w.divisionView(d) })), nil
}

func postObjects(c *call) (reply, *refusal) {
	objectType := c.params["objectType"]
	permissions := movePermission(objectType)
	if !c.may(permissions) {
		return reply{}, missingPermission(permissions[0])
	}
	return done(http.StatusNoContent, c.w.moveObjects(c.act, c.params["divisionId"], objectType, c.body))
}

// getToken tells which client and which organisation a token belongs to.
func getToken(c *call) (reply, *refusal) {
	org := map[string]any{"id": c.w.orgID, "name": c.w.cfg.name}
	return ok(map[string]any{
		"organization": org, "homeOrganization": org, "authorizedScope": []any{},
		"OAuthClient": map[string]any{
			"id": c.client.id, "name": c.client.name, "authorizedGrantType": "CLIENT-CREDENTIALS", "state": "active", "organization": org,
		},
	}), nil
}

// getTopics lists the notification topics that carry changes of the configuration.
func getTopics(*call) (reply, *refusal) {
	topic := func(id string, transports ...any) any {
		return map[string]any{"id": id, "visibility": "Public", "enforced": true, "transports": transports}
	}
	return ok(map[string]any{"entities": []any{
		topic(auditTopic, "Websocket", "EventBridge"),
		topic("v2.routing.queues.{id}.users", "Websocket"),
	}}), nil
}
