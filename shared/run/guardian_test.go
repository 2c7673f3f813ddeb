package run_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"excs/shared/exorg/exorgtest"
)

// guardian sees every change that EXCS makes in an EX Org, as it happens, and says what must never be (RULES 5; P2 and P5
// of the properties): a write to a field, a member or an object that EXCS does not control, and two objects for one
// Engage object.
type guardian struct {
	h *house

	mu sync.Mutex
	// fault are sentences; removals counts deletions, deactivations and members that left, by EXCS.
	faults   []string
	removals map[string]int
	// foreign are objects that nobody but the administrators may touch.
	foreign map[string]string
}

func newGuardian(h *house) *guardian {
	return &guardian{h: h, removals: map[string]int{}, foreign: map[string]string{}}
}

// keepOff tells the guardian that an object is none of EXCS's business.
func (w *guardian) keepOff(id, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.foreign[id] = what
}

func (w *guardian) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.faults)
}

// removed gives what EXCS removed so far: "delete queue", "deactivate user", "member".
func (w *guardian) removed() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	for k, n := range w.removals {
		out[k] = n
	}
	return out
}

func (w *guardian) fault(c exorgtest.Change, format string, args ...any) {
	if len(w.faults) < 10 {
		w.faults = append(w.faults, fmt.Sprintf("EXCS: %s %s %s '%s': ", c.Action, c.Kind, c.ID, c.Name)+fmt.Sprintf(format, args...))
	}
}

func (w *guardian) see(c exorgtest.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !c.By.Client {
		return
	}
	if what, ok := w.foreign[c.ID]; ok {
		w.fault(c, "%s was touched", what)
	}
	switch c.Action {
	case exorgtest.ActionDelete:
		if c.Kind != exorgtest.KindQueue {
			w.fault(c, "only queues are ever deleted")
		}
		w.removals["delete "+string(c.Kind)]++
	case exorgtest.ActionUpdate:
		w.fields(c)
	case exorgtest.ActionMemberGone:
		w.member(c)
	case exorgtest.ActionMemberEdit, exorgtest.ActionCodeGone:
		w.fault(c, "ring numbers, joined and codes on a queue are the administrator's")
	}
	if c.Action == exorgtest.ActionCreate || c.Action == exorgtest.ActionUpdate {
		w.oneToOne(c)
	}
}

// controlled are the properties that EXCS may write, by kind. A user's version moves with every write.
var controlled = map[exorgtest.Kind][]string{
	exorgtest.KindUser:   {"version", "name", "email", "state", "divisionId", "externalIds", "routingskills", "routinglanguages"},
	exorgtest.KindQueue:  {"name", "peerId"},
	exorgtest.KindCode:   {"name"},
	exorgtest.KindSource: {"name", "deactivated"},
}

func (w *guardian) fields(c exorgtest.Change) {
	for _, p := range c.Properties {
		// A user that goes inactive loses its roles: that is the organisation's doing.
		byState := p.Name == "authorization.roles" && slices.ContainsFunc(c.Properties, func(q exorgtest.Property) bool { return q.Name == "state" })
		if !byState && !slices.Contains(controlled[c.Kind], p.Name) {
			w.fault(c, "it wrote %s: %v → %v", p.Name, p.Old, p.New)
		}
		if p.Name == "state" && slices.Equal(p.New, []string{"inactive"}) {
			w.removals["deactivate user"]++
		}
	}
}

// member checks that whoever leaves a queue is a user that EXCS knows: one with an external id.
func (w *guardian) member(c exorgtest.Change) {
	for _, p := range c.Properties {
		w.removals["member"]++
		_, user, _ := strings.Cut(strings.TrimPrefix(p.Name, "QueueMember/"), ":")
		if u, ok := w.h.org.User(user); ok && len(u.External) == 0 {
			w.fault(c, "%s was put in by hand and was taken out", u.Email)
		}
	}
}

func (w *guardian) oneToOne(c exorgtest.Change) {
	switch c.Kind {
	case exorgtest.KindUser:
		u, _ := w.h.org.User(c.ID)
		n := 0
		for _, x := range u.External {
			if x.Authority == w.h.Settings.Users.Authority {
				n++
			}
		}
		if n > 2 { // two for the moment in which a user changes hands
			w.fault(c, "it carries %d external ids", n)
		}
	case exorgtest.KindQueue:
		q, ok := w.h.org.Queue(c.ID)
		for _, o := range w.h.org.Queues() {
			if ok && o.ID != q.ID && o.PeerID != "" && o.PeerID == q.PeerID {
				w.fault(c, "the queue %s has the same peer id", o.ID)
			}
		}
	}
}
