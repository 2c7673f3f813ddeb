package notice

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"excs/shared/model"
)

const op = "read the notification"

// Split takes apart what arrived: one event, or an array of them. The error (CodeInvalid) says why it is neither.
func Split(body []byte) ([]json.RawMessage, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return nil, model.Errorf(model.CodeInvalid, op, "it is empty")
	}
	if !json.Valid(body) {
		return nil, model.Errorf(model.CodeInvalid, op, "it is not JSON, or was cut off")
	}
	raw := open(body)
	if len(raw) == 0 || raw[0] != '[' && raw[0] != '{' || !json.Valid(raw) {
		return nil, model.Errorf(model.CodeInvalid, op, "it is neither an event (a JSON object) nor an array of events")
	}
	events := list(raw)
	if len(events) == 0 {
		return nil, model.Errorf(model.CodeInvalid, op, "the array holds no event")
	}
	return events, nil
}

// Parse reads one event. The error is CodeInvalid and says what is missing; it quotes no value. An event of an entity type
// that is no kind of EXCS is no error: Noise tells it.
func Parse(event []byte) (Notice, error) {
	e, err := find(event)
	if err != nil {
		return Notice{}, err
	}
	action := text(e.body["action"])
	n := Notice{
		ID:     cut(cmp.Or(text(e.body["id"]), e.envelopeID), eventIDLength),
		Entity: cut(cmp.Or(text(e.body["entityType"]), e.topicEntity), idLength),
		Action: actionOf(action),
		Who:    who(e.body),
		At:     when(e.body["eventTime"], e.body["eventDate"], e.detail["timestamp"], e.time),
	}
	n.Kind = kindOf(n.Entity)
	n.Name = cut(text(object(e.body["entity"])["name"]), nameLength)
	n.Memberships = n.Action == ActionMembers && n.Kind == model.KindQueue
	n.Aside = n.Memberships && strings.EqualFold(action, "MemberUpdate")
	n.change(e.body["propertyChanges"])
	if n.Kind == model.KindUser && !strings.EqualFold(n.Entity, "User") {
		// A skill that a user has is gone or new: that is an update of the user.
		n.Action, n.Properties = ActionUpdate, nil
	}
	n.EXID = idOr(reference(e.body["entity"]), text(e.body["entityId"]), e.topicID, n.EXID)
	switch {
	case n.Entity == "":
		return Notice{}, model.Errorf(model.CodeInvalid, op, "it has no entityType, and no topicName that tells it")
	case n.EXID == "" && n.Kind != "":
		return Notice{}, model.Errorf(model.CodeInvalid, op, "it has no usable entity.id, and no topicName that tells it")
	}
	return n, nil
}

// eventIDLength is the longest event id that is told apart: those seen are UUIDs, with or without a suffix.
const eventIDLength = 128

// nameLength is the longest name that is looked up, in bytes: a queue's has up to 256 characters.
const nameLength = 1024

// found is where the parts of an event are.
type found struct {
	body, detail         map[string]json.RawMessage
	envelopeID           string
	time                 json.RawMessage
	topicEntity, topicID string
}

// find goes from the outside in: envelope, detail, body.
func find(event []byte) (found, error) {
	outer := object(event)
	if outer == nil {
		return found{}, model.Errorf(model.CodeInvalid, op, "it is not a JSON object")
	}
	f := found{detail: outer, time: outer["time"]}
	if raw, ok := outer["detail"]; ok {
		f.envelopeID = text(outer["id"])
		if f.detail = object(raw); f.detail == nil {
			return found{}, model.Errorf(model.CodeInvalid, op, "its detail is not a JSON object")
		}
	}
	f.topicEntity, f.topicID = topic(text(f.detail["topicName"]))
	if raw, ok := f.detail["eventBody"]; ok {
		if f.body = object(raw); f.body == nil && f.topicEntity == "" {
			return found{}, model.Errorf(model.CodeInvalid, op, "its eventBody is not a JSON object")
		}
		return f, nil
	}
	f.body = f.detail
	return f, nil
}

// The words around the ids of an audit topic.
const (
	topicStart  = "v2.audits.entitytype."
	topicMiddle = ".entityid."
)

// topic takes entity type and id out of a concrete topic name; the template, as detail-type shows it, has none.
func topic(name string) (entity, id string) {
	rest, ok := strings.CutPrefix(name, topicStart)
	if !ok {
		return "", ""
	}
	entity, id, _ = strings.Cut(rest, topicMiddle)
	if !isID(entity) {
		return "", ""
	}
	return entity, idOr(id)
}

// kindOf gives the kind of an entity type. RoutingSkill and RoutingLanguage are unproven, and so are UserSkill and
// UserLanguage, which the audit service listed until March 2025: whatever their entity is, it is looked up among users, and
// an id that is no user's is ignored (FACTS X14).
func kindOf(entity string) model.Kind {
	switch strings.ToLower(entity) {
	case "user", "userskill", "userlanguage":
		return model.KindUser
	case "queue":
		return model.KindQueue
	case "wrapupcode":
		return model.KindWrapUpCode
	case "routingskill":
		return model.KindSkill
	case "routinglanguage":
		return model.KindLanguage
	default:
		return ""
	}
}

func actionOf(action string) Action {
	switch strings.ToLower(action) {
	case "create":
		return ActionCreate
	case "delete":
		return ActionDelete
	case "memberadd", "memberremove", "memberupdate":
		return ActionMembers
	case "wrapupcodeadd", "wrapupcoderemove":
		return ActionCodes
	default:
		return ActionUpdate
	}
}

// who gives the id of the user that made the change, else that of the OAuth client.
func who(body map[string]json.RawMessage) string {
	return idOr(reference(body["userId"]), reference(body["user"]), reference(body["clientId"]), reference(body["client"]))
}

// change reads the properties that changed and tells those that are memberships from the rest.
func (n *Notice) change(raw json.RawMessage) {
	for _, one := range list(raw) {
		change := object(one)
		name := cut(text(change["property"]), propertyLength)
		if name == "" {
			continue
		}
		m, ok := membershipOf(name, change)
		if !ok || n.Kind != model.KindQueue {
			n.Properties = append(n.Properties, name)
			continue
		}
		n.EXID = cmp.Or(n.EXID, m.queue)
		n.Aside = m.aside && (n.Aside || !n.Memberships)
		n.Memberships = true
		n.Members = append(n.Members, m.users...)
	}
	if n.Action == ActionUpdate && n.Memberships && len(n.Properties) == 0 {
		n.Action = ActionMembers
	}
	slices.Sort(n.Members)
	n.Members = slices.Compact(n.Members)
}

// propertyLength is the longest property name that is read.
const propertyLength = 256

// membership is a property that tells of members of a queue.
type membership struct {
	queue string
	users []string
	// aside says that no user came or went: somebody joined, or got another ring number.
	aside bool
}

// membershipOf reads both forms of FACTS X14: "QueueMember/<queue>:<user>", with ":joined" and the like behind
// it, and the older "queueId:<queue>:members" whose values are "queueMember:<user>".
func membershipOf(property string, change map[string]json.RawMessage) (membership, bool) {
	if rest, ok := strings.CutPrefix(property, "QueueMember/"); ok {
		parts := strings.Split(rest, ":")
		m := membership{queue: idOr(parts[0]), aside: len(parts) > 2}
		if len(parts) > 1 && isID(parts[1]) {
			m.users = []string{parts[1]}
		}
		return m, true
	}
	rest, ok := strings.CutPrefix(property, "queueId:")
	if !ok {
		return membership{}, false
	}
	queue, tail, _ := strings.Cut(rest, ":")
	if tail != "members" {
		return membership{}, false
	}
	m := membership{queue: idOr(queue)}
	for _, value := range append(list(change["oldValues"]), list(change["newValues"])...) {
		if user, ok := strings.CutPrefix(text(value), "queueMember:"); ok && isID(user) {
			m.users = append(m.users, user)
		}
	}
	return m, true
}
