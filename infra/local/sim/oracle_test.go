package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/infra/local/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// oracle sees every request and every change that EXCS makes in the EX Org, as it happens, and says what must never be.
type oracle struct {
	l          *life
	violations []string
	// foreign are objects that nobody but the administrators may touch.
	foreign map[string]string
	// what Engage truly said, by object: an emptied table or a foreign database is no truth
	queueGone  map[int64]bool
	personGone map[int64]bool // disabled or gone at some time
	unwanted   map[reference.Membership]bool
	facts      reference.Facts
	// removed are the users and queues that EXCS took away without an approval: when, by what they are.
	removed  map[string]time.Time
	approved map[string]bool
	sent     []time.Time // requests of the last minute
}

func newOracle(l *life) *oracle {
	o := &oracle{
		l: l, foreign: map[string]string{}, queueGone: map[int64]bool{}, personGone: map[int64]bool{}, unwanted: map[reference.Membership]bool{},
		removed: map[string]time.Time{}, approved: map[string]bool{},
	}
	o.facts = o.now()
	for p, enabled := range o.facts.Persons {
		o.personGone[p] = !enabled
	}
	return o
}

func (o *oracle) now() reference.Facts {
	return reference.FactsOf(o.l.editor.Site(), o.l.preset == rules.PresetCurrent)
}

// edited takes down what Engage says from now on.
func (o *oracle) edited() {
	before := o.facts
	o.facts = o.now()
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
	for m := range before.Members {
		if !o.facts.Members[m] {
			o.unwanted[m] = true
		}
	}
}

func (o *oracle) violation(rule, format string, args ...any) {
	text := "rule " + rule + ": " + fmt.Sprintf(format, args...)
	o.l.tell("VIOLATION %s", text)
	if len(o.violations) < 20 {
		o.violations = append(o.violations, text)
	}
}

// keepOff says that an object is none of EXCS's business.
func (o *oracle) keepOff(id, what string) { o.foreign[id] = what }

// requested counts the requests of the last minute. Clocks that are apart let the shared budget of one minute reach into
// the next by as much.
func (o *oracle) requested(*http.Request) {
	now := time.Now()
	o.sent = append(o.sent, now)
	first := slices.IndexFunc(o.sent, func(at time.Time) bool { return now.Sub(at) < time.Minute })
	o.sent = o.sent[first:]
	limit := o.l.config.Settings.Requests.PerMinute
	limit += limit * int(o.l.weather.skew.Seconds()) / 60
	if len(o.sent) > limit+len(o.l.actors)+1 {
		o.violation("6", "%d requests within a minute", len(o.sent))
		o.sent = nil
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
	switch c.Action {
	case exorgtest.ActionDelete:
		o.deleted(c)
	case exorgtest.ActionUpdate:
		o.fields(c)
	case exorgtest.ActionMemberGone:
		o.left(c)
	case exorgtest.ActionMemberEdit, exorgtest.ActionCodeGone:
		o.violation("4", "%s of %s: ring numbers, joined and codes on a queue are the administrator's", c.Action, c.Name)
	}
	if c.Action == exorgtest.ActionCreate || c.Action == exorgtest.ActionUpdate {
		o.oneToOne(c)
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
	if dn, err := strconv.ParseInt(peer, 10, 64); err == nil && !o.queueGone[dn] {
		o.violation("1", "the queue %s was deleted, and Engage never lost its DN %d", c.Name, dn)
	}
	o.guarded("queue " + c.ID)
}

// guarded counts a removal that nobody approved.
func (o *oracle) guarded(what string) {
	if o.approved[what] {
		return
	}
	now := time.Now()
	o.removed[what] = now
	n := 0
	for _, at := range o.removed {
		if now.Sub(at) < 24*time.Hour {
			n++
		}
	}
	g := o.l.config.Settings.Guard
	if most := 2 * max(g.Removals.Count, 1); n > most { // users and queues each
		o.violation("2", "%d users and queues were taken away within a day without approval, %d are allowed: %s", n, most, what)
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
	gone := len(u.External) == 0
	for _, x := range u.External {
		p, err := strconv.ParseInt(x.Key, 10, 64)
		_, living := o.facts.Persons[p]
		gone = gone || err != nil || o.personGone[p] || !living
	}
	if !gone {
		o.violation("1", "the user %s was deactivated, and Engage never disabled it", c.Name)
	}
	o.guarded("user " + c.ID)
}

// left checks that whoever leaves a queue is a user that EXCS knows and whom Engage did not always want there.
func (o *oracle) left(c exorgtest.Change) {
	q, _ := o.l.org.Queue(c.ID)
	dn, _ := strconv.ParseInt(q.PeerID, 10, 64)
	for _, p := range c.Properties {
		_, user, _ := strings.Cut(strings.TrimPrefix(p.Name, "QueueMember/"), ":")
		u, ok := o.l.org.User(user)
		if ok && len(u.External) == 0 {
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
		u, _ := o.l.org.User(c.ID)
		n := 0
		for _, x := range u.External {
			if x.Authority == o.l.config.Settings.Users.Authority {
				n++
			}
		}
		if n > 2 { // two for the moment in which a user changes hands
			o.violation("3", "the user %s carries %d external ids", c.Name, n)
		}
	case exorgtest.KindQueue:
		q, ok := o.l.org.Queue(c.ID)
		for _, other := range o.l.org.Queues() {
			if ok && other.ID != q.ID && other.PeerID != "" && other.PeerID == q.PeerID {
				o.violation("3", "the queues %s and %s have the same peer id", q.Name, other.Name)
			}
		}
	default:
	}
}
