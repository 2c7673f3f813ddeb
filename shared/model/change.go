package model

import "slices"

// Action is what a change does to an EX Org object. The verbs are the ones of the house rules.
type Action string

// The actions. Refresh writes nothing to the EX Org: only facts kept in the row differ. Orphan writes nothing either:
// it hands the object over to the administrator.
const (
	ActionCreate     Action = "create"
	ActionAdopt      Action = "adopt"
	ActionUpdate     Action = "update"
	ActionRestore    Action = "restore"
	ActionDelete     Action = "delete"
	ActionEmpty      Action = "empty"
	ActionDeactivate Action = "deactivate"
	ActionOrphan     Action = "orphan"
	ActionRefresh    Action = "refresh"
)

// Actions lists every action in the order in which people read them.
func Actions() []Action {
	return []Action{ActionCreate, ActionAdopt, ActionUpdate, ActionRestore, ActionDelete, ActionEmpty, ActionDeactivate, ActionOrphan, ActionRefresh}
}

// Removes says whether the action takes something away from the EX Org that the guard counts as a removal.
func (a Action) Removes() bool {
	return slices.Contains([]Action{ActionDelete, ActionEmpty, ActionDeactivate}, a)
}

// Field is one controlled field that differs. Plain fields have Before and After; sets (skills, languages, members) have
// Added and Removed, written for people: "Billing(3)".
type Field struct {
	Name    string   `json:"name"`
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Names of fields, one spelling everywhere: plans, audit lines, metrics.
const (
	FieldName       = "name"
	FieldEmail      = "email"
	FieldState      = "state"
	FieldDivision   = "division"
	FieldExternalID = "externalId"
	FieldPeerID     = "peerId"
	FieldSkills     = "skills"
	FieldLanguages  = "languages"
	FieldMembers    = "members"
)

// Cause says why EXCS looks at an object. It goes into messages, audit lines and metrics.
type Cause string

// The causes.
const (
	CauseEngage   Cause = "engage"   // Engage changed
	CauseManual   Cause = "manual"   // an operator asked for it
	CauseRequeue  Cause = "requeue"  // unconverged and due again
	CauseDrift    Cause = "drift"    // the EX Org changed
	CauseDeleted  Cause = "deleted"  // the EX Org object was deleted
	CauseReplay   Cause = "replay"   // a dead letter came back
	CauseApproval Cause = "approval" // an operator approved a held change
)

// Change is one object that must be created, updated, deleted, emptied, deactivated, restored, with the fields that
// differ.
type Change struct {
	Key    Key     `json:"key"`
	Action Action  `json:"action"`
	Fields []Field `json:"fields,omitempty"`
	// Object is what the row's desired state becomes; its Key is Key. For an orphan or a delete it is the last desired.
	Object Object `json:"object"`
	// Adopt is the EX Org object that already exists and is taken over.
	Adopt string `json:"adopt,omitempty"`
	// From is the row whose EX Org object this key takes over (a Person or DN that was re-created, a name that an orphan
	// holds).
	From Key `json:"from,omitzero"`
	// Label is how people call the object: an e-mail address for a user, else its name.
	Label string `json:"label,omitempty"`
}
