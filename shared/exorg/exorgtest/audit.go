package exorgtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxAuditPage      = 500
	maxAuditDays      = 30
	maxRealtimeDays   = 14
	auditDay          = 24 * time.Hour
	auditViewRequired = "audits:audit:view"
)

// auditRequest is the body of an audit query.
type auditRequest struct {
	Interval    string `json:"interval"`
	ServiceName string `json:"serviceName"`
	Filters     []struct {
		Property string `json:"property"`
		Value    string `json:"value"`
	} `json:"filters"`
	Sort []struct {
		SortOrder string `json:"sortOrder"`
	} `json:"sort"`
	PageNumber int `json:"pageNumber"`
	PageSize   int `json:"pageSize"`
}

// auditQuery is a query with its result, kept until it is asked for.
type auditQuery struct {
	in    auditRequest
	at    time.Time
	found []Change
}

func auditRoutes() []*route {
	return []*route{
		op("POST /api/v2/audits/query", auditViewRequired, postAudit, "audit"),
		op("GET /api/v2/audits/query/{transactionId}", auditViewRequired, getAudit),
		op("GET /api/v2/audits/query/{transactionId}/results", auditViewRequired, getAuditResults),
		op("POST /api/v2/audits/query/realtime", auditViewRequired, postRealtime, "audit"),
		op("GET /api/v2/audits/query/servicemapping", auditViewRequired, getServiceMapping),
	}
}

// readAudit checks a query: interval within bounds, and no filter on Action without one on EntityType.
func readAudit(body []byte, days int) (in auditRequest, from, to time.Time, e *refusal) {
	if err := json.Unmarshal(body, &in); err != nil {
		return in, from, to, bad("The request could not be understood by the server due to malformed syntax.")
	}
	a, b, _ := strings.Cut(in.Interval, "/")
	from, errFrom := time.Parse(time.RFC3339, a)
	to, errTo := time.Parse(time.RFC3339, b)
	if errFrom != nil || errTo != nil || to.Before(from) {
		return in, from, to, badField("interval", "The interval must be two times, as a/b.")
	}
	if to.Sub(from) > time.Duration(days)*auditDay {
		return in, from, to, badField("interval", "The interval must not be longer than %d days.", days)
	}
	if in.filter("Action") != "" && in.filter("EntityType") == "" {
		return in, from, to, badField("filters", "A filter on Action needs a filter on EntityType.")
	}
	return in, from, to, nil
}

func (in *auditRequest) filter(property string) string {
	for _, f := range in.Filters {
		if f.Property == property {
			return f.Value
		}
	}
	return ""
}

// auditRows finds the changes that the audit service tells of, newest first unless asked otherwise.
func (c *call) auditRows(in *auditRequest, from, to time.Time) []Change {
	var rows []Change
	for _, ch := range c.w.history.since(0) {
		if c.w.cfg.audited(&ch) && !ch.At.Before(from) && ch.At.Before(to) && in.matches(&ch) {
			rows = append(rows, ch)
		}
	}
	if len(in.Sort) == 0 || !strings.EqualFold(in.Sort[0].SortOrder, "ascending") {
		slices.Reverse(rows)
	}
	return rows
}

func (in *auditRequest) matches(ch *Change) bool {
	service, entity := auditNames(ch.Kind)
	for property, have := range map[string]string{"EntityType": entity, "Action": ch.Action, "EntityId": ch.ID, "UserId": ch.By.ID} {
		if want := in.filter(property); want != "" && want != have {
			return false
		}
	}
	return in.ServiceName == "" || in.ServiceName == service
}

// auditView is a record of the query API; its names differ from those of the event.
func (c *call) auditView(ch Change) any {
	service, entity := auditNames(ch.Kind)
	return map[string]any{
		"id": c.w.orgID + "-" + strconv.Itoa(ch.Seq), "userHomeOrgId": c.w.orgID, "level": ch.level(), "status": "SUCCESS",
		"user": map[string]any{"id": ch.By.ID}, "client": map[string]any{"id": ""}, "serviceName": service, "eventDate": stamp(ch.At),
		"action": ch.Action, "entityType": entity, "entity": map[string]any{"id": ch.ID, "name": ch.entityName()}, "propertyChanges": ch.propertyChanges(),
	}
}

func postAudit(c *call) (reply, *refusal) {
	in, from, to, e := readAudit(c.body, maxAuditDays)
	if e != nil {
		return reply{}, e
	}
	id := c.w.dice.uuid()
	c.w.audits[id] = auditQuery{in: in, at: c.now, found: c.auditRows(&in, from, to)}
	return reply{status: http.StatusAccepted, body: map[string]any{"id": id, "state": "Queued", "interval": in.Interval, "startDate": stamp(c.now)}}, nil
}

func (c *call) audit() (auditQuery, *refusal) {
	q, there := c.w.audits[c.params["transactionId"]]
	if !there {
		return auditQuery{}, notFound("audit query", c.params["transactionId"])
	}
	return q, nil
}

// getAudit tells the state of a query: it was Queued when it was sent and is Succeeded when it is asked for.
func getAudit(c *call) (reply, *refusal) {
	q, e := c.audit()
	if e != nil {
		return reply{}, e
	}
	return ok(map[string]any{"id": c.params["transactionId"], "state": "Succeeded", "interval": q.in.Interval, "startDate": stamp(q.at)}), nil
}

func getAuditResults(c *call) (reply, *refusal) {
	p, e := c.readPage(maxAuditPage, 0)
	if e != nil {
		return reply{}, e
	}
	q, e := c.audit()
	if e != nil {
		return reply{}, e
	}
	first := 0
	if cursor := c.query.Get("cursor"); cursor != "" {
		var err error
		if first, err = strconv.Atoi(cursor); err != nil || first < 0 || first > len(q.found) {
			return reply{}, badField("cursor", "The cursor is not valid.")
		}
	}
	last := min(first+p.size, len(q.found))
	entities := []any{}
	for _, ch := range q.found[first:last] {
		entities = append(entities, c.auditView(ch))
	}
	m := map[string]any{"id": c.params["transactionId"], "pageSize": p.size, "entities": entities}
	if last < len(q.found) {
		m["cursor"] = strconv.Itoa(last)
	}
	return ok(m), nil
}

// postRealtime answers at once, page by page.
func postRealtime(c *call) (reply, *refusal) {
	in, from, to, e := readAudit(c.body, maxRealtimeDays)
	if e != nil {
		return reply{}, e
	}
	p := page{number: max(in.PageNumber, 1), size: in.PageSize}
	if p.size <= 0 {
		p.size = 25
	}
	if e := checkPage(p, maxAuditPage, c.w.cfg.rowCap); e != nil {
		return reply{}, e
	}
	m := listing(c, p, c.auditRows(&in, from, to), c.auditView)
	for _, k := range []string{"selfUri", "firstUri", "lastUri", "nextUri", "previousUri"} {
		delete(m, k)
	}
	return ok(m), nil
}

// getServiceMapping lists what the audit service of this organisation tells of.
func getServiceMapping(c *call) (reply, *refusal) {
	crud := []string{ActionCreate, ActionUpdate, ActionDelete}
	entity := func(name string, actions ...string) any { return map[string]any{"name": name, "actions": actions} }
	service := func(name string, entities ...any) any { return map[string]any{"name": name, "entities": entities} }
	members := append(slices.Clone(crud), ActionMemberAdd, ActionMemberEdit, ActionMemberGone, ActionCodeAdd, ActionCodeGone)
	services := []any{
		service("Directory", entity("User", crud...)),
		service("ContactCenter", entity("Queue", members...), entity("WrapupCode", crud...)),
	}
	if c.w.cfg.quirks.skillAudit {
		services = append(services, service("Routing", entity("RoutingSkill", crud...), entity("RoutingLanguage", crud...)))
	}
	return ok(map[string]any{"services": services}), nil
}
