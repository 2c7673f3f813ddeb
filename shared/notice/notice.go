package notice

import (
	"time"

	"excs/shared/model"
)

// Action is what an event says was done.
type Action string

// The actions. An action that is missing or unknown reads as an update: a look is cheap.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionDelete  Action = "delete"
	ActionMembers Action = "members" // members of a queue were added or removed, or a membership was changed
	ActionCodes   Action = "codes"   // wrap-up codes were put on a queue or taken off
)

// Notice is one event, reduced to what says where to look. Values of properties are left out on purpose: the object is
// read again, and an event may hold a person's data.
type Notice struct {
	// ID is the event's own id, which is the same in every delivery; without one the envelope's; "" if neither is there.
	ID string
	// Entity is the event's entity type as it came, Kind the kind that it stands for ("" for none), EXID the object.
	Entity string
	Kind   model.Kind
	EXID   string
	Action Action
	// Properties names what changed, without the memberships.
	Properties []string
	// Memberships says that the event tells of members of the queue EXID; Members are their user ids where it names them.
	Memberships bool
	Members     []string
	// Aside says that no member came or went: somebody joined or left, or got another ring number.
	Aside bool
	// Name of the object; user events have none.
	Name string
	// Who is the id of the user or OAuth client that made the change, "" where the event does not tell.
	Who string
	// At is the time of the change, zero where the event does not tell.
	At time.Time
}

// Looks lists the kinds of keys to look at on account of the notice: the object itself, the member list of the queue, or
// both; none for noise.
func (n Notice) Looks() []model.Kind {
	switch {
	case n.Noise() != "":
		return nil
	case !n.Memberships || n.Action == ActionDelete:
		return []model.Kind{n.Kind}
	case n.Action == ActionMembers || uncontrolled(n.Kind, n.Properties) != "":
		return []model.Kind{model.KindMembers}
	case n.Aside:
		return []model.Kind{n.Kind}
	default:
		return []model.Kind{n.Kind, model.KindMembers}
	}
}

// Identifies says whether the notice may make an object that EXCS does not know resemble one that it does: a new object,
// or one whose name, address or peer id changed.
func (n Notice) Identifies() bool {
	if n.Action == ActionCreate {
		return true
	}
	if n.Action != ActionUpdate {
		return false
	}
	for _, p := range n.Properties {
		if identifying.has(first(p)) {
			return true
		}
	}
	return false
}
