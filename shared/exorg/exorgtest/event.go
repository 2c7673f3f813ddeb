package exorgtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// auditTopic is the template that EventBridge shows as detail-type: it does not name the object.
const auditTopic = "v2.audits.entitytype.{id}.entityid.{id}"

// Event is an audit event as the EventBridge partner source delivers it.
type Event struct {
	Seq      int             // of the change; rises, with gaps where a change has no event
	At       time.Time       // when it is delivered: the change's time and the event lag
	Envelope json.RawMessage // the whole EventBridge event
}

// Changes returns the kept history of changes, oldest first; WithHistory bounds it. Unlike events it holds every change.
func (o *Org) Changes() []Change { return o.world.history.since(0) }

// OnChange lets hook be told of every later change, right after it is committed and before its request is answered. Hooks may
// read the organisation.
func (o *Org) OnChange(hook func(Change)) { o.world.history.subscribe(hook) }

// Events returns the audit events delivered so far, oldest first. Only what the audit service is known to tell has events: users, queues
// with members and assigned codes, wrap-up codes; skills and languages with WithSkillAudit; never presence sources or a user's skills.
func (o *Org) Events() []Event { return o.EventsSince(0) }

// EventsSince returns the audit events delivered so far of the changes after seq.
func (o *Org) EventsSince(seq int) []Event {
	now := o.cfg.clock()
	var out []Event
	for _, c := range o.world.history.since(seq) {
		if e, ok := o.Event(c); ok && !e.At.After(now) {
			out = append(out, e)
		}
	}
	return out
}

// Event renders the audit event of a change; ok is false when the audit service does not tell of it.
func (o *Org) Event(c Change) (e Event, ok bool) {
	if !o.cfg.audited(&c) {
		return Event{}, false
	}
	e = Event{Seq: c.Seq, At: c.At.Add(o.cfg.eventLag)}
	envelope, err := json.Marshal(o.envelope(&c, e.At))
	if err != nil {
		return Event{}, false
	}
	e.Envelope = envelope
	return e, true
}

// sideProperties hang on a user but are no properties of it: no captured audit event tells of them.
func sideProperties() []string { return []string{"routingskills", "routinglanguages", "externalIds"} }

// audited says whether the audit service tells of a change (FACTS X14).
func (c *config) audited(ch *Change) bool {
	switch ch.Kind {
	case KindUser:
		return !slices.ContainsFunc(ch.Properties, func(p Property) bool { return slices.Contains(sideProperties(), p.Name) })
	case KindQueue, KindCode:
		return true
	case KindSkill, KindLanguage:
		return c.quirks.skillAudit
	}
	return false
}

// auditNames are service and entity type of a kind.
func auditNames(k Kind) (service, entity string) {
	switch k {
	case KindUser:
		return "Directory", "User"
	case KindQueue:
		return "ContactCenter", "Queue"
	case KindCode:
		return "ContactCenter", "WrapupCode"
	case KindSkill:
		return "Routing", "RoutingSkill"
	case KindLanguage:
		return "Routing", "RoutingLanguage"
	}
	return "", ""
}

func (ch *Change) level() string {
	if ch.By.System {
		return "SYSTEM"
	}
	return "USER"
}

// propertyChanges renders values as texts; a side without values is left out, as events do.
func (ch *Change) propertyChanges() []any {
	out := make([]any, 0, len(ch.Properties))
	for _, p := range ch.Properties {
		m := map[string]any{"property": p.Name}
		if p.Old != nil {
			m["oldValues"] = p.Old
		}
		if p.New != nil {
			m["newValues"] = p.New
		}
		out = append(out, m)
	}
	return out
}

// entityName is "" for users: their events do not carry a name.
func (ch *Change) entityName() string {
	if ch.Kind == KindUser {
		return ""
	}
	return ch.Name
}

// eventID is the same however often the event is rendered: delivery is at least once.
func (o *Org) eventID(c *Change, what string) string {
	h := sha256.Sum256([]byte(o.world.orgID + what + strconv.Itoa(c.Seq)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func (o *Org) envelope(c *Change, delivered time.Time) map[string]any {
	service, entity := auditNames(c.Kind)
	clientID := ""
	if c.By.Client && o.cfg.quirks.clientInEvents {
		clientID = c.By.ID
	}
	body := map[string]any{
		"id": o.eventID(c, "audit"), "userId": c.By.ID, "userHomeOrgId": o.world.orgID, "username": map[string]any{"id": ""},
		"clientId": map[string]any{"id": clientID}, "serviceName": service, "level": c.level(), "eventTime": stamp(c.At),
		"action": c.Action, "entityType": entity, "entity": map[string]any{"id": c.ID, "name": c.entityName()},
		"propertyChanges": c.propertyChanges(),
	}
	topic := strings.NewReplacer("entitytype.{id}", "entitytype."+entity, "entityid.{id}", "entityid."+c.ID).Replace(auditTopic)
	return map[string]any{
		"version": "0", "id": o.eventID(c, "event"), "detail-type": auditTopic,
		"source":  "aws.partner/genesys.com/cloud/" + o.world.orgID + "/excs",
		"account": "000000000000", "time": delivered.UTC().Format(time.RFC3339), "region": "eu-central-1", "resources": []any{},
		"detail": map[string]any{
			"topicName": topic, "version": "2", "eventBody": body,
			"metadata": map[string]any{"CorrelationId": c.Trace}, "timestamp": stamp(delivered),
		},
	}
}
