package exorgtest

import (
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const maxQueueName = 256

// queue is one state of a queue. It has no version: the last writer wins.
type queue struct {
	id, name, peer, division string
	fields                   map[string]any // all settings; what a PUT leaves out is back at its default
	codes                    []string       // wrap-up codes assigned
	created, changed         time.Time
	createdBy, changedBy     string
	deleted                  bool
	gone                     time.Time // of a deleted queue: when readers stop to see it
}

// cachedQueue is a deleted queue that a read has put into the public cache.
type cachedQueue struct {
	value *queue
	until time.Time
}

func queueWords(q *queue) []string {
	words := []string{fold(q.name)}
	if q.peer != "" {
		words = append(words, "peer:"+q.peer)
	}
	return words
}

// shown says whether lists and reads show the queue: a deleted one for a while.
func (q *queue) shown(now time.Time) bool { return !q.deleted || now.Before(q.gone) }

// queueFields are the settings that CreateQueueRequest and QueueRequest take, beside name, peerId and division.
func queueFields() []string {
	return []string{"description", "mediaSettings", "routingRules", "bullseye", "acwSettings", "skillEvaluationMethod", "scoringMethod",
		"lastAgentRoutingMode", "memberGroups", "queueFlow", "conditionalGroupRouting", "conditionalGroupActivation", "emailInQueueFlow",
		"messageInQueueFlow", "whisperPrompt", "onHoldPrompt", "autoAnswerOnly", "cannedResponseLibraries", "enableTranscription",
		"enableAudioMonitoring", "enableManualAssignment", "agentOwnedRouting", "directRouting", "callingPartyName", "callingPartyNumber",
		"defaultScripts", "outboundMessagingAddresses", "outboundEmailAddress", "suppressInQueueCallRecording"}
}

// createQueue makes a queue; sourceQueueId copies the settings of another.
func (w *world) createQueue(a *act, in doc) (*queue, *refusal) {
	if len(w.rosters) >= w.cfg.queueLimit {
		return nil, &refusal{
			status: http.StatusBadRequest, code: "limit.exceeded", limitKey: "queues.max", limit: w.cfg.queueLimit,
			message: "The maximum number of queues has been reached.",
		}
	}
	f := form{in: in}
	q := &queue{id: w.newID(KindQueue, nameIn(in)), division: f.ref("division", w.home), created: a.now, createdBy: a.by.ID}
	if f.refused != nil {
		return nil, f.refused
	}
	if e := w.divisionThere(a, "division", q.division); e != nil {
		return nil, e
	}
	base, e := w.queueBase(a, in)
	if e != nil {
		return nil, e
	}
	if e := w.fillQueue(a, q, base, in); e != nil {
		return nil, e
	}
	w.queues.put(q.id, q, a.now)
	w.rosters[q.id] = newRoster(q.id)
	w.note(a, KindQueue, q.id, q.name, ActionCreate, differences(nil, map[string]any{"name": q.name})...)
	return q, nil
}

// queueBase is what a new queue starts from: the defaults, or the settings of the source queue.
func (w *world) queueBase(a *act, in doc) (map[string]any, *refusal) {
	source, ok, e := in.text("sourceQueueId")
	if e != nil || !ok || source == "" {
		return queueDefaults(), e
	}
	from, e := w.livingQueue(a, source)
	if e != nil {
		return nil, badField("sourceQueueId", "The queue %s does not exist.", source)
	}
	return from.fields, nil
}

// fillQueue sets name, peer and settings from a body over a base.
func (w *world) fillQueue(a *act, q *queue, base map[string]any, in doc) *refusal {
	name, e := w.name(KindQueue, in)
	if e != nil {
		return e
	}
	if e := w.queueNameFree(a, name, q.id); e != nil {
		return e
	}
	peer, _, e := in.text("peerId")
	if e != nil {
		return e
	}
	q.name, q.peer, q.changed, q.changedBy = name, peer, a.now, a.by.ID
	q.fields = maps.Clone(base)
	for _, k := range queueFields() {
		if v := in[k]; v != nil {
			q.fields[k] = deepCopy(v)
		}
	}
	// The first rule is evaluated for the queue itself, whatever a person's tool or an older body says: it is shown, not kept.
	delete(firstRule(q.fields["conditionalGroupRouting"]), "queue")
	return nil
}

func (w *world) queueNameFree(a *act, name, exceptID string) *refusal {
	if strings.Contains(name, "*") {
		return badField("name", "The name of a queue must not contain an asterisk.")
	}
	if utf8.RuneCountInString(name) > maxQueueName {
		return badField("name", "The name of a queue must not be longer than %d characters.", maxQueueName)
	}
	for _, r := range w.queues.find(fold(name)) {
		q := r.now()
		if q != nil && q.id != exceptID && q.shown(a.now) && w.sameName(q.name, name) {
			return duplicate(w.cfg.quirks.duplicateStatus, "queue", name)
		}
	}
	return nil
}

// refuseQueueRefs refuses a reference to a queue that is not there, where so set.
func (w *world) refuseQueueRefs(a *act, in doc) *refusal {
	if !w.cfg.quirks.queueRefsChecked {
		return nil
	}
	ids := queueRefs(in["conditionalGroupRouting"], in["conditionalGroupActivation"])
	if direct, ok := in["directRouting"].(map[string]any); ok && direct["backupQueueId"] != nil {
		ids = append(ids, asText(direct["backupQueueId"]))
	}
	for _, id := range ids {
		if _, e := w.livingQueue(a, id); e != nil {
			return bad("A queue that is referred to (%s) does not exist.", id)
		}
	}
	return nil
}

// queueRefs collects the ids of the properties named queue, however deep.
func queueRefs(values ...any) []string {
	var ids []string
	for _, v := range values {
		switch v := v.(type) {
		case []any:
			ids = append(ids, queueRefs(v...)...)
		case map[string]any:
			if id, e := doc(v).ref("queue"); e == nil && id != "" {
				ids = append(ids, id)
			}
			for _, inner := range v {
				ids = append(ids, queueRefs(inner)...)
			}
		}
	}
	return ids
}

// livingQueue returns the committed queue, if it can be written to.
func (w *world) livingQueue(a *act, id string) (*queue, *refusal) {
	r := w.queues.get(id)
	if r == nil || r.now() == nil || r.now().deleted || !a.sees(r.now().division) {
		return nil, notFound("queue", id)
	}
	return r.now(), nil
}

// updateQueue is PUT: a full replace. What the body leaves out is back at its default; the division is not moved.
func (w *world) updateQueue(a *act, id string, in doc) (*queue, *refusal) {
	q, e := w.livingQueue(a, id)
	if e != nil {
		return nil, e
	}
	next := *q
	if e := w.fillQueue(a, &next, queueDefaults(), in); e != nil {
		return nil, e
	}
	w.queues.put(id, &next, a.now)
	w.note(a, KindQueue, id, next.name, ActionUpdate, differences(q.facts(), next.facts())...)
	return &next, nil
}

// deleteQueue deletes a queue; readers may see it for a while. Its memberships go with it.
func (w *world) deleteQueue(a *act, id string) *refusal {
	q, e := w.livingQueue(a, id)
	if e != nil {
		return e
	}
	next := *q
	next.deleted, next.gone = true, a.now.Add(w.cfg.queueGone)
	w.queues.put(id, &next, a.now)
	w.dropRoster(id)
	w.note(a, KindQueue, id, q.name, ActionDelete)
	return nil
}

// readQueue is a read by id. A read of a queue that is on its way out keeps it alive in the public cache.
func (w *world) readQueue(a *act, id string) (*queue, *refusal) {
	return w.readQueueAs(a, id, func(r *record[queue]) *queue { return r.seen(a.now, w.readLag()) })
}

// readQueueOfList is a read of the queue whose members or wrap-up codes are listed.
func (w *world) readQueueOfList(a *act, id string) (*queue, *refusal) {
	return w.readQueueAs(a, id, func(r *record[queue]) *queue { return r.seenSide(a.now, w.sideLag()) })
}

func (w *world) readQueueAs(a *act, id string, seen func(*record[queue]) *queue) (*queue, *refusal) {
	r := w.queues.get(id)
	if r == nil {
		return nil, notFound("queue", id)
	}
	q := seen(r)
	if q == nil || !a.sees(q.division) {
		return nil, notFound("queue", id)
	}
	if !q.deleted {
		return q, nil
	}
	if q := w.fromCache(a, q); q != nil {
		return q, nil
	}
	return nil, notFound("queue", id)
}

// fromCache is a read of a deleted queue: until it is gone, and from the cache that such a read has filled.
func (w *world) fromCache(a *act, q *queue) *queue {
	w.cacheMu.Lock()
	defer w.cacheMu.Unlock()
	if a.now.Before(q.gone) {
		if w.cfg.queueCache > 0 {
			w.queueCached[q.id] = cachedQueue{value: q, until: a.now.Add(w.cfg.queueCache)}
		}
		return q
	}
	if c, ok := w.queueCached[q.id]; ok && a.now.Before(c.until) {
		return c.value
	}
	return nil
}

// facts are the properties of a queue that audit events tell of.
func (q *queue) facts() map[string]any {
	f := maps.Clone(q.fields)
	f["name"], f["peerId"], f["divisionId"] = q.name, q.peer, q.division
	return f
}

// queueView renders a queue.
func (w *world) queueView(q *queue) map[string]any {
	m := maps.Clone(q.fields)
	m["id"], m["name"], m["division"] = q.id, q.name, w.divisionRef(q.division)
	m["dateCreated"], m["dateModified"] = stamp(q.created), stamp(q.changed)
	m["createdBy"], m["modifiedBy"] = q.createdBy, q.changedBy
	m["selfUri"] = "/api/v2/routing/queues/" + q.id
	if q.peer != "" {
		m["peerId"] = q.peer
	}
	if firstRule(m["conditionalGroupRouting"]) != nil {
		routing := deepCopy(m["conditionalGroupRouting"])
		firstRule(routing)["queue"] = map[string]any{"id": q.id, "name": q.name, "selfUri": "/api/v2/routing/queues/" + q.id}
		m["conditionalGroupRouting"] = routing
	}
	all, users, joined := 0, 0, 0
	if r := w.rosters[q.id]; r != nil {
		all, users, joined = r.all, r.users, r.joined
	}
	m["memberCount"], m["userMemberCount"], m["joinedMemberCount"] = all, users, joined
	return m
}

// queueDefaults are the settings of a queue that nobody has set up, as an organisation gives them.
func queueDefaults() map[string]any {
	media := func(alert, durationMs int) map[string]any {
		return map[string]any{
			"enableAutoAnswer": false, "alertingTimeoutSeconds": float64(alert),
			"serviceLevel":                 map[string]any{"percentage": 0.8, "durationMs": float64(durationMs)},
			"autoAnswerAlertToneSeconds":   float64(1),
			"manualAnswerAlertToneSeconds": float64(2),
		}
	}
	callback := media(30, 20000)
	callback["mode"] = "AgentFirst"
	callback["enableAutoDialAndEnd"] = false
	callback["autoDialDelaySeconds"] = float64(300)
	callback["autoEndDelaySeconds"] = float64(300)
	message := media(30, 20000)
	message["subTypeSettings"] = map[string]any{}
	message["enableInactivityTimeout"] = false
	return map[string]any{
		"mediaSettings": map[string]any{
			"call": media(8, 20000), "callback": callback, "chat": media(30, 20000), "email": media(300, 86400000), "message": message,
		},
		"acwSettings":                  map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": float64(300000)},
		"skillEvaluationMethod":        "BEST",
		"scoringMethod":                "TimestampAndPriority",
		"lastAgentRoutingMode":         "AnyAgent",
		"autoAnswerOnly":               true,
		"enableTranscription":          false,
		"enableAudioMonitoring":        false,
		"enableManualAssignment":       false,
		"suppressInQueueCallRecording": true,
		"agentOwnedRouting":            map[string]any{"enableAgentOwnedCallbacks": false, "maxOwnedCallbackHours": float64(0), "maxOwnedCallbackDelayHours": float64(0)},
		"defaultScripts":               map[string]any{},
		"memberGroups":                 []any{},
		"routingRules":                 []any{},
	}
}
