package model

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// UserState is the state of an EX Org user as Engage decides it.
type UserState string

// A user is active (its Person is enabled) or inactive (disabled, or deleted under the preset "current").
const (
	StateActive   UserState = "active"
	StateInactive UserState = "inactive"
)

// Proficiency is a skill or language level of the EX Org, 0 to 5, in tenths (35 is 3.5).
type Proficiency int16

// MaxProficiency is the EX Org's highest level, 5.0.
const MaxProficiency Proficiency = 50

// ProficiencyOf rounds a level of the EX Org to tenths, half up. There are no levels beyond 0 and 5, so what lies outside
// becomes the nearer of the two, and what is no number 0.
func ProficiencyOf(level float64) Proficiency {
	if math.IsNaN(level) {
		return 0
	}
	return Proficiency(math.Floor(min(max(level, 0), MaxProficiency.Float())*10 + 0.5))
}

// Float gives the level as the EX Org's API has it.
func (p Proficiency) Float() float64 { return float64(p) / 10 }

// Whole rounds to a whole level, half up, as the EX Org does with languages.
func (p Proficiency) Whole() Proficiency { return (p + 5) / 10 * 10 }

// String writes "3" or "3.5".
func (p Proficiency) String() string { return strconv.FormatFloat(p.Float(), 'f', -1, 64) }

// MarshalJSON writes the level as a number.
func (p Proficiency) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalJSON reads a number; null changes nothing. The error is CodeInvalid.
func (p *Proficiency) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return Errorf(CodeInvalid, "read proficiency", "%q is not a number", b)
	}
	*p = ProficiencyOf(f)
	return nil
}

// Assignment is one skill or language of a user. DBID is the Engage skill whose key owns the EX object (of names that
// are equal but for case, the lowest living DBID); Name is its spelling, which is what people read in a plan and what
// makes a renamed skill show as one gained and one lost.
type Assignment struct {
	DBID  int64       `json:"dbid"`
	Name  string      `json:"name"`
	Level Proficiency `json:"level"`
}

// Identity is what the rules that look back need to know of an object later: who a Person was, which DN a queue came
// from, which step of the e-mail chain gave the address. It is kept in the row and never written to the EX Org.
type Identity struct {
	EmployeeID string `json:"employeeId,omitempty"`
	UserName   string `json:"userName,omitempty"`
	// Address is the e-mail that Engage itself holds ("" if none); AddressStep is the step of the chain that gave
	// Object.Email: 1 the column, 2 the user name, 3 the template, 0 for an object without one.
	Address     string `json:"address,omitempty"`
	AddressStep int    `json:"addressStep,omitempty"`
	Number      string `json:"number,omitempty"`
	Switch      string `json:"switch,omitempty"`
	DNType      int    `json:"dnType,omitempty"`
	// BaseName is a queue's or wrap-up code's name before a suffix was added against a collision.
	BaseName string `json:"baseName,omitempty"`
	// SystemName is a wrap-up code's name in Engage (its display name is BaseName).
	SystemName string `json:"systemName,omitempty"`
}

// Object is one desired object: what the EX Org must hold by the rules. Only the fields of its kind are set. Sets are
// sorted (Normalize), so that equal objects have equal fingerprints.
type Object struct {
	Key  Key    `json:"key"`
	Name string `json:"name,omitempty"` // all kinds but members
	// SameAs is the DBID of the key, of the same kind, that owns the one EX object of several Engage objects whose names
	// are one for the EX Org (skills, languages, wrap-up codes); 0 when the key owns its own. The owner is the lowest
	// living DBID.
	SameAs int64 `json:"sameAs,omitempty"`

	Email       string       `json:"email,omitempty"`       // user
	State       UserState    `json:"state,omitempty"`       // user
	ExternalKey string       `json:"externalKey,omitempty"` // user: the DBID in decimal, under the setting's authority
	Skills      []Assignment `json:"skills,omitempty"`      // user
	Languages   []Assignment `json:"languages,omitempty"`   // user

	PeerID string `json:"peerId,omitempty"` // queue: the DBID in decimal

	Members []int64 `json:"members,omitempty"` // members: DBIDs of users
	// AddOnly marks a set of members that may be incomplete (an expression that does not parse): nobody leaves on its
	// account.
	AddOnly bool `json:"addOnly,omitempty"`

	Identity Identity `json:"identity,omitzero"`
}

// Normalize sorts the sets by DBID and removes doubles; of two assignments of one skill the higher level stays. Translate calls it; tests that build objects by hand should.
func (o *Object) Normalize() {
	o.Skills = normalAssignments(o.Skills)
	o.Languages = normalAssignments(o.Languages)
	slices.Sort(o.Members)
	o.Members = slices.Compact(o.Members)
}

func normalAssignments(as []Assignment) []Assignment {
	slices.SortFunc(as, func(a, b Assignment) int {
		// The name decides last, so that the order of the rows never shows.
		return cmp.Or(cmp.Compare(a.DBID, b.DBID), cmp.Compare(b.Level, a.Level), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(as, func(a, b Assignment) bool { return a.DBID == b.DBID })
}

// Clone gives a copy that shares no memory with o.
func (o Object) Clone() Object {
	o.Skills = slices.Clone(o.Skills)
	o.Languages = slices.Clone(o.Languages)
	o.Members = slices.Clone(o.Members)
	return o
}

// Reject is an Engage object that can not become an EX Org object, with a reason an administrator can act on.
type Reject struct {
	Key    Key    `json:"key"`
	Reason string `json:"reason"`
}

// Note is something an administrator should know of an object or a setting that was handled all the same.
type Note struct {
	Key  Key    `json:"key,omitzero"`
	Text string `json:"text"`
}
