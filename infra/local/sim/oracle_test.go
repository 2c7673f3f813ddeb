package sim

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/excstest"
	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

const domain = excstest.Domain

// oracle sees every request and every change that EXCS makes in the EX Org, as it happens, and says what must never be.
type oracle struct {
	l          *life
	violations []string
	// foreign are objects that nobody but the administrators may touch, with what they are and how they looked.
	foreign map[string]string
	looked  map[string]looks
	// what Engage truly said, by object: an emptied table or a foreign database is no truth
	queueGone  map[int64]bool
	personGone map[int64]bool // disabled or gone at some time
	unwanted   map[reference.Membership]bool
	wanted     map[string]bool // kinds with the names and addresses that Engage ever asked for
	facts      reference.Facts
	// removed are the users and queues that EXCS took away without an approval, when, by kind and EX id; mapped counts how many there were.
	removed map[exorgtest.Kind]map[string]time.Time
	mapped  map[exorgtest.Kind]int
	// approved are the keys and EX ids that an operator let pass at some time.
	approved map[string]bool
	// forgotten are the keys whose rows an operator dropped: if Engage has deleted such a one before it was matched anew, its EX object stays as
	// it is, as the answer to forget says.
	forgotten map[model.Key]bool
	// made are the users and queues that EXCS made, as long as no operator took them from it.
	made map[string]exorgtest.Kind
	// closed says that the tenant has no approved first plan, and that one is needed.
	closed bool
	// opened says that something was written to the organisation: it is the approved one from then on.
	opened bool
	sent   map[access][]time.Time // requests of the last minute
	limit  int                    // the most requests a minute that any settings allowed
}

// looks is an object as it was when it was made by hand.
type looks struct {
	kind exorgtest.Kind
	raw  map[string]any
}

func newOracle(l *life) *oracle {
	o := &oracle{
		l: l, foreign: map[string]string{}, looked: map[string]looks{}, queueGone: map[int64]bool{}, personGone: map[int64]bool{}, unwanted: map[reference.Membership]bool{},
		wanted: map[string]bool{}, removed: map[exorgtest.Kind]map[string]time.Time{}, mapped: map[exorgtest.Kind]int{}, approved: map[string]bool{}, forgotten: map[model.Key]bool{}, made: map[string]exorgtest.Kind{}, sent: map[access][]time.Time{},
		limit: l.config.Settings.Requests.PerMinute,
	}
	o.facts = o.now()
	for p, enabled := range o.facts.Persons {
		o.personGone[p] = !enabled
	}
	o.wants()
	return o
}

func (o *oracle) now() reference.Facts {
	return reference.FactsOf(o.l.editor.Site(), o.l.preset == rules.PresetCurrent)
}

// edited takes down what Engage says from now on.
func (o *oracle) edited() {
	before := o.facts
	o.facts = o.now()
	o.wants()
	for dn := range before.Queues {
		if !o.facts.Queues[dn] {
			o.queueGone[dn] = true
		}
	}
	for p := range before.Persons {
		if !o.facts.Persons[p] {
			o.personGone[p] = true
		}
	}
	for p, enabled := range o.facts.Persons {
		if !enabled {
			o.personGone[p] = true
		}
	}
	// Whom Engage wants in a queue since now it did not want there before, and a worker may still go by that.
	for m := range o.facts.Members {
		if !before.Members[m] {
			o.unwanted[m] = true
		}
	}
	for m := range before.Members {
		if !o.facts.Members[m] {
			o.unwanted[m] = true
		}
	}
}

// wants adds what the site asks for to all that it ever asked for.
func (o *oracle) wants() {
	for kind, lines := range reference.Expected(o.l.editor.Site(), domain, o.l.preset == rules.PresetCurrent) {
		for _, line := range lines {
			switch kind {
			case "user":
				line, _, _ = strings.Cut(line, " ")
			case "queue":
				line = plainName(line[:strings.LastIndex(line, " peer=")])
			default:
			}
			o.wanted[kind+" "+fold(line)] = true
		}
	}
}

// plainName leaves away what tells two queues of one alias apart: a name keeps it as long as the alias is the same.
func plainName(queue string) string {
	plain, _, _ := strings.Cut(queue, " (")
	return plain
}

func (o *oracle) violation(rule, format string, args ...any) {
	text := "rule " + rule + ": " + fmt.Sprintf(format, args...)
	o.l.tell("VIOLATION %s", text)
	if len(o.violations) < 20 {
		o.violations = append(o.violations, text)
	}
}

// keepOff says that an object is none of EXCS's business.
func (o *oracle) keepOff(kind exorgtest.Kind, id, what string) {
	raw, _ := o.l.org.Raw(kind, id)
	o.foreign[id], o.looked[id] = what, looks{kind: kind, raw: raw}
}

// handOver says that an operator gave EXCS an object that was none of its business, in the place of the one that it had.
func (o *oracle) handOver(id, former string) {
	delete(o.foreign, id)
	delete(o.looked, id)
	delete(o.made, former)
}

// let says that an operator lets the change of a key pass.
func (o *oracle) let(key model.Key) {
	o.approved[key.String()] = true
	if key.Kind == model.KindQueue {
		o.queueGone[key.DBID] = true
	}
	if key.Kind == model.KindUser {
		o.personGone[key.DBID] = true
	}
	if key.Kind == model.KindMembers {
		for m := range o.facts.Members {
			if m.DN == key.DBID {
				o.unwanted[m] = true
			}
		}
	}
}

// planned takes down that a run found nothing that needs the approval of a first plan.
func (o *oracle) planned(report run.Report) {
	if !slices.ContainsFunc(report.Plan.Held, func(h plan.Held) bool { return h.Code == plan.HeldFirstPlan || h.Code == plan.HeldLooking }) && report.Foreign == nil {
		o.closed = false
	}
}

// asked checks that a question writes nothing.
func (o *oracle) asked(t *ticket) {
	free := t.call.on == dependsOnTable && slices.Contains([]string{"Reserve", "SetAllowed", "Hold", "SaveToken"}, t.call.op)
	if t.call.writes && !free {
		o.violation("P11", "%s writes: %s", t.who.name, t.call)
	}
}

// requested counts the requests of the last minute that one OAuth client makes. Clocks that are apart let the shared budget of
// one minute reach into the next by as much.
func (o *oracle) requested(of access) {
	now := time.Now()
	sent := append(o.sent[of], now)
	first := slices.IndexFunc(sent, func(at time.Time) bool { return now.Sub(at) < time.Minute })
	o.sent[of] = sent[first:]
	limit := o.limit + o.limit*int(o.l.weather.skew.Seconds())/60
	if len(o.sent[of]) > limit+len(o.l.actors)+1 {
		o.violation("6", "%d requests for %s within a minute", len(o.sent[of]), of)
		o.sent[of] = nil
	}
}

// seeOther sees what happens in an organisation that nobody approved a plan for.
func (o *oracle) seeOther(c exorgtest.Change) {
	if c.By.Client {
		o.violation("9", "%s of %s %s in the other organisation", c.Action, c.Kind, c.Name)
	}
}

func (o *oracle) see(c exorgtest.Change) {
	if !c.By.Client {
		return
	}
	o.l.note(fmt.Sprintf("EX Org: %s %s %s '%s'", c.Action, c.Kind, c.ID, c.Name))
	if what, ok := o.foreign[c.ID]; ok {
		o.violation("4", "%s was touched: %s %s", what, c.Action, c.Name)
	}
	// What EXCS itself made a moment ago is followed up: the run that only creates may not have said so yet, or have died before it did.
	if _, own := o.made[c.ID]; o.closed && c.Action != exorgtest.ActionCreate && !own {
		o.violation("8", "%s of %s %s, and no first plan is approved", c.Action, c.Kind, c.Name)
	}
	o.opened = true
	switch c.Action {
	case exorgtest.ActionCreate:
		o.created(c)
		o.oneToOne(c)
	case exorgtest.ActionDelete:
		o.deleted(c)
	case exorgtest.ActionUpdate:
		o.fields(c)
		o.oneToOne(c)
	case exorgtest.ActionMemberGone:
		o.left(c)
	case exorgtest.ActionMemberEdit, exorgtest.ActionCodeGone:
		o.violation("4", "%s of %s: ring numbers, joined and codes on a queue are the administrator's", c.Action, c.Name)
	default:
	}
}

// created checks that Engage asked for what is made: neither a doubt nor another database makes anything.
func (o *oracle) created(c exorgtest.Change) {
	name := c.Name
	switch c.Kind {
	case exorgtest.KindUser:
		u, _ := o.l.org.User(c.ID)
		name = u.Email
	case exorgtest.KindQueue:
		name = plainName(name)
	case exorgtest.KindSource:
		name = o.l.config.Settings.SourceName
	default:
	}
	o.made[c.ID] = c.Kind
	if !o.wanted[string(c.Kind)+" "+fold(name)] {
		o.violation("9", "the %s %s was made, and Engage never asked for it", c.Kind, name)
	}
}

func (o *oracle) deleted(c exorgtest.Change) {
	if c.Kind != exorgtest.KindQueue {
		o.violation("2.1", "%s %s was deleted: only queues are ever", c.Kind, c.Name)
		return
	}
	peer := ""
	for _, p := range c.Properties {
		if p.Name == "peerId" && len(p.Old) > 0 {
			peer = p.Old[0]
		}
	}
	dn, err := strconv.ParseInt(peer, 10, 64)
	if err == nil && !o.queueGone[dn] {
		o.violation("1", "the queue %s was deleted, and Engage never lost its DN %d", c.Name, dn)
	}
	o.guarded(c, model.Key{Kind: model.KindQueue, DBID: dn})
}

// guarded counts a removal that nobody approved: never more than the guard allows within a day.
func (o *oracle) guarded(c exorgtest.Change, key model.Key) {
	if o.approved[key.String()] || o.approved[c.ID] {
		return
	}
	now, removed := time.Now(), o.removed[c.Kind]
	if removed == nil {
		removed = map[string]time.Time{}
		o.removed[c.Kind] = removed
	}
	removed[c.ID] = now
	n := 0
	for _, at := range removed {
		if now.Sub(at) < 24*time.Hour {
			n++
		}
	}
	g := o.l.config.Settings.Guard
	if most := g.Removals.Limit(o.mapped[c.Kind]); n > most {
		o.violation("2", "%d of kind %s were taken away within a day without approval, %d are allowed: %s", n, c.Kind, most, c.Name)
	}
}

// controlled are the properties that EXCS may write, by kind. A user's version moves with every write.
func controlled(k exorgtest.Kind) []string {
	switch k {
	case exorgtest.KindUser:
		return []string{"version", "name", "email", "state", "divisionId", "externalIds", "routingskills", "routinglanguages"}
	case exorgtest.KindQueue:
		return []string{"name", "peerId"}
	case exorgtest.KindCode:
		return []string{"name"}
	case exorgtest.KindSource:
		return []string{"name", "deactivated"}
	default:
		return nil
	}
}

func (o *oracle) fields(c exorgtest.Change) {
	for _, p := range c.Properties {
		// A user that goes inactive loses its roles: that is the organisation's doing.
		byState := p.Name == "authorization.roles" && slices.ContainsFunc(c.Properties, func(q exorgtest.Property) bool { return q.Name == "state" })
		if !byState && !slices.Contains(controlled(c.Kind), p.Name) {
			o.violation("4", "%s of %s %s was written: %v → %v", p.Name, c.Kind, c.Name, p.Old, p.New)
		}
		if p.Name == "state" && slices.Equal(p.New, []string{"inactive"}) {
			o.deactivated(c)
		}
	}
}

func (o *oracle) deactivated(c exorgtest.Change) {
	u, _ := o.l.org.User(c.ID)
	gone, key := len(u.External) == 0, model.Key{}
	for _, x := range u.External {
		p, err := strconv.ParseInt(x.Key, 10, 64)
		_, living := o.facts.Persons[p]
		gone = gone || err != nil || o.personGone[p] || !living
		key = model.Key{Kind: model.KindUser, DBID: p}
	}
	if !gone {
		o.violation("1", "the user %s was deactivated, and Engage never disabled it", c.Name)
	}
	o.guarded(c, key)
}

// left checks that whoever leaves a queue is a user that EXCS knows and whom Engage did not always want there.
func (o *oracle) left(c exorgtest.Change) {
	q, _ := o.l.org.Queue(c.ID)
	dn, _ := strconv.ParseInt(q.PeerID, 10, 64)
	for _, p := range c.Properties {
		_, user, _ := strings.Cut(strings.TrimPrefix(p.Name, "QueueMember/"), ":")
		u, ok := o.l.org.User(user)
		if ok && o.foreign[user] != "" {
			o.violation("4", "%s was put into %s by hand and was taken out", u.Email, c.Name)
		}
		if !ok || len(u.External) != 1 {
			continue
		}
		person, _ := strconv.ParseInt(u.External[0].Key, 10, 64)
		if m := (reference.Membership{DN: dn, Person: person}); o.facts.Members[m] && !o.unwanted[m] {
			o.violation("1", "%s was taken out of %s, and Engage always wanted it there", u.Email, c.Name)
		}
	}
}

func (o *oracle) oneToOne(c exorgtest.Change) {
	switch c.Kind {
	case exorgtest.KindUser:
		o.mapped[c.Kind] = max(o.mapped[c.Kind], o.count(c.Kind))
	case exorgtest.KindQueue:
		o.mapped[c.Kind] = max(o.mapped[c.Kind], o.count(c.Kind))
		q, ok := o.l.org.Queue(c.ID)
		for _, other := range o.l.org.Queues() {
			if ok && other.ID != q.ID && other.PeerID != "" && other.PeerID == q.PeerID {
				o.violation("3", "the queues %s and %s have the same peer id", q.Name, other.Name)
			}
		}
	default:
	}
}

func (o *oracle) count(kind exorgtest.Kind) int {
	if kind == exorgtest.KindQueue {
		return len(o.l.org.Queues())
	}
	return len(o.l.org.Users())
}

// leftovers looks for users and queues that EXCS made and that carry no mark of it: a second one of the same object. An orphan is known
// to the table and not written to, so a mark that people took from it stays away.
func (o *oracle) leftovers(orphans map[string]bool) {
	for _, id := range slices.Sorted(maps.Keys(o.made)) {
		u, isUser := o.l.org.User(id)
		q, isQueue := o.l.org.Queue(id)
		if orphans[id] {
			continue
		}
		if isUser && u.State != "deleted" && len(u.External) == 0 || isQueue && q.PeerID == "" {
			o.violation("3", "at rest EXCS's own %s %s%s carries no mark of it", o.made[id], u.Email, q.Name)
		}
	}
}

// untouched compares what was made by hand with how it looked then: nobody but people changed it.
func (o *oracle) untouched() {
	for _, id := range slices.Sorted(maps.Keys(o.looked)) {
		was := o.looked[id]
		raw, ok := o.l.org.Raw(was.kind, id)
		if ok && was.kind == exorgtest.KindUser && !reflect.DeepEqual(raw, was.raw) {
			o.violation("4", "%s (%s) is not as it was: %v, was %v", o.foreign[id], id, raw, was.raw)
		}
	}
}
