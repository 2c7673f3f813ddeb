package exorgtest

import (
	"slices"
	"sync"
	"time"
)

// Kind is a kind of EX Org object.
type Kind string

// The kinds of objects that the organisation holds.
const (
	KindUser     Kind = "user"
	KindSkill    Kind = "skill"
	KindLanguage Kind = "language"
	KindQueue    Kind = "queue"
	KindCode     Kind = "wrapupcode"
	KindSource   Kind = "source"
	KindDivision Kind = "division"
)

// The actions of a change, in the words of the audit service.
const (
	ActionCreate     = "Create"
	ActionUpdate     = "Update"
	ActionDelete     = "Delete"
	ActionMemberAdd  = "MemberAdd"
	ActionMemberEdit = "MemberUpdate"
	ActionMemberGone = "MemberRemove"
	ActionCodeAdd    = "WrapupCodeAdd"
	ActionCodeGone   = "WrapupCodeRemove"
)

// Actor is who made a change: an OAuth client (Client true, ID its client id) or an administrator (ID of the user).
type Actor struct {
	ID     string
	Client bool
	System bool // the organisation itself: a log-in, a background job
}

// Change is one committed change of one object.
type Change struct {
	Seq        int // rises by one per change, from 1
	At         time.Time
	Kind       Kind
	ID, Name   string
	Action     string
	Properties []Property
	By         Actor
	Trace      string // correlation id of the request, if there was one
}

// Property is what changed in one property of an object; values are texts, as in audit events.
type Property struct {
	Name     string
	Old, New []string
}

// propertiesPerChange bounds the history's memory: an add of 100 members is one change with 100 properties.
const propertiesPerChange = 10

// history keeps the last changes and tells subscribers of new ones.
type history struct {
	mu      sync.Mutex
	limit   int
	seq     int
	weight  int // properties kept
	changes []Change
	hooks   []func(Change)
}

// add numbers the changes and keeps them.
func (h *history) add(changes []Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range changes {
		h.seq++
		changes[i].Seq = h.seq
		if h.limit > 0 {
			h.weight += len(changes[i].Properties)
			h.changes = append(h.changes, changes[i])
		}
	}
	if len(h.changes) > h.limit*5/4 || h.weight > h.limit*propertiesPerChange*5/4 {
		h.forget()
	}
}

// forget drops the oldest changes, some at a time so that it is seldom done.
func (h *history) forget() {
	first := 0
	for len(h.changes)-first > h.limit || h.weight > h.limit*propertiesPerChange {
		h.weight -= len(h.changes[first].Properties)
		first++
	}
	h.changes = slices.Clone(h.changes[first:])
}

// tell calls the subscribers.
func (h *history) tell(changes []Change) {
	h.mu.Lock()
	hooks := h.hooks
	h.mu.Unlock()
	for _, c := range changes {
		for _, hook := range hooks {
			hook(c)
		}
	}
}

// since returns the kept changes after seq.
func (h *history) since(seq int) []Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := 0
	if n := len(h.changes); n > 0 {
		first = max(min(seq-h.changes[0].Seq+1, n), n-h.limit, 0)
	}
	return append([]Change(nil), h.changes[first:]...)
}

func (h *history) subscribe(hook func(Change)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hooks = append(slices.Clone(h.hooks), hook)
}
