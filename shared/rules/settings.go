package rules

import (
	"fmt"
	"time"

	"excs/shared/model"
)

// Preset names one of the two published rule sets (RULES 1).
type Preset string

// The presets: the specification of 4 July 2023 (default) and the vendor's later documentation.
const (
	Preset202307  Preset = "2023-07"
	PresetCurrent Preset = "current"
)

// Control says how far Engage decides a field.
type Control string

// The controls of a plain field.
const (
	Controlled Control = "controlled" // always set to Engage's value
	AtCreation Control = "atCreation" // given when EXCS creates the object, never again
	Ignored    Control = "ignored"    // never given (a name and an address are still needed to create a user)
)

// SetControl says how far Engage decides a set (skills, languages, members).
type SetControl string

// The controls of a set.
const (
	Exact      SetControl = "exact"
	Additive   SetControl = "additive" // never remove
	SetIgnored SetControl = "ignored"
)

// OnDelete says what happens to an EX Org object whose Engage object is gone.
type OnDelete string

// What a deletion in Engage does. Empty and delete are for queues, deactivate is for users.
const (
	Delete     OnDelete = "delete"
	Empty      OnDelete = "empty"
	Deactivate OnDelete = "deactivate"
	Orphan     OnDelete = "orphan"
)

// Settings are the settings of a tenant with every default filled in. Parse makes them; the zero value is not usable.
type Settings struct {
	Tenant int64 // DBID of the Engage tenant
	Preset Preset

	Users       Users
	Email       Email
	Queues      Queues
	Members     Members
	Languages   Languages
	Proficiency Proficiency
	WrapUpCodes WrapUpCodes
	SourceName  string
	Scope       Scope
	Limits      Limits
	Guard       Guard
	Approval    time.Duration // how long an approval may be used
	SecondRead  SecondRead
	TimeZone    string        // an IANA name; see Zone
	IndexLag    time.Duration // how long a create may stay unseen by look-ups
	Attempts    int           // failures of one object until it is quarantined
	Requests    Requests
	Verify      Verify
	// Fights is how often an hour EXCS sets the same field of one object back before it leaves the fight to people.
	Fights int
}

// Users are the rules of users.
type Users struct {
	Who       string // "agents" or "all"
	OnDelete  OnDelete
	Name      Control
	Email     Control
	State     Control
	Division  Control // Controlled is the design's "enforced"
	Authority string  // of the external id
	Skills    SetControl
	Languages SetControl
}

// Email is the address chain.
type Email struct {
	Template string   // "{employee_id}@{domain}"; "" switches the step off
	Domain   string   // for {domain}
	Ignore   []string // placeholders in the e-mail column that mean "none"
}

// Queues are the rules of queues.
type Queues struct {
	Types    []int            // DN types that become queues
	OnDelete map[int]OnDelete // by DN type; every type has an entry
	// AdoptedDelete says what a delete of a queue that EXCS adopted and did not make needs.
	AdoptedDelete AdoptedDelete
}

// AdoptedDelete says what the delete of an adopted queue needs.
type AdoptedDelete string

// An approval of its own, or nothing more than the delete of a queue that EXCS made.
const (
	AdoptedApprove AdoptedDelete = "approve"
	AdoptedAsMade  AdoptedDelete = "as-made"
)

// Members are the rules of queue members.
type Members struct {
	Control    SetControl
	Union      bool // explicit agents count beside an expression
	AbsentZero bool // an agent without the skill has level 0
}

// Languages say which skills are languages.
type Languages struct {
	Attribute string   // the Business Attribute's name
	Names     []string // further names
	Pattern   string   // a regular expression on the whole name, "" for none
}

// Proficiency maps Engage levels to 0..5. Scale 0 clamps.
type Proficiency struct{ Scale int }

// WrapUpCodes are the rules of wrap-up codes.
type WrapUpCodes struct {
	Attributes []string
	SystemName bool // name codes by the system name instead of the display name
}

// Scope limits a pilot. Empty lists mean everything.
type Scope struct {
	Groups   []string // agent groups whose agents are users
	Linked   bool     // only queues that a user in scope serves
	Switches []string // switches whose DNs are queues
}

// Limits of the EX Org.
type Limits struct {
	Queues         int
	QueueMembers   int
	BulkPerCall    int // skills and languages a call
	MembersPerCall int
}

// Threshold trips above the larger of Count and Share of the mapped objects.
type Threshold struct {
	Count int
	Share float64 // 0..1
}

// Limit gives the number above which the threshold trips, for that many mapped objects.
func (t Threshold) Limit(mapped int) int { return max(t.Count, int(t.Share*float64(mapped))) }

// Guard are the guard's thresholds and windows (RULES 4).
type Guard struct {
	Removals      Threshold // users and queues
	RemovalWindow time.Duration
	Updates       Threshold // every kind
	UpdateWindow  time.Duration
	ActiveFrom    int // mapped objects from which on the guard counts
	// Agents are those who would be left without any queue, of the mapped users, within UpdateWindow.
	Agents Threshold
	// QueueLoss is the share of one queue's members (queues of QueueSize or more) above which a second read must agree.
	QueueLoss float64
	QueueSize int
	// MemberLossCount and MemberLoss (a share of all memberships): more lost ones within UpdateWindow need an approval.
	MemberLossCount int
	MemberLoss      float64
	// Joins are memberships that users get who were mapped before, of all memberships, within UpdateWindow. A queue of
	// QueueSize or more that would grow to more than QueueGrowth times its members waits for a second read.
	Joins       Threshold
	QueueGrowth int
	// Made are users, or queues, that are made or adopted within RemovalWindow; Names the same of skills, languages and codes.
	Made  Threshold
	Names Threshold
	// Assignments are users who lose skills or languages, or get them at another level, within UpdateWindow.
	Assignments Threshold
	// Addresses are users who get another address within RemovalWindow.
	Addresses Threshold
	// GapHours is by how many hours without a complete read the allowances of UpdateWindow grow at most.
	GapHours int
}

// SecondRead says how long after the first a second complete read must agree.
type SecondRead struct {
	Members    time.Duration // a queue that loses more than QueueLoss, or grows by more than QueueGrowth
	AllMembers time.Duration // a queue that loses over half
	Kind       time.Duration // a whole kind or link table that is empty
	Address    time.Duration // an address that another mapped user had
}

// Requests is the budget of calls to the EX Org.
type Requests struct {
	PerMinute int
	// BulkShare is the share of the budget that drift and bulk work may use while people's changes wait.
	BulkShare float64
}

// OnDeleteOf says what the deletion of an Engage object of the kind does; dnType matters for queues only.
func (s Settings) OnDeleteOf(k model.Kind, dnType int) OnDelete {
	switch k {
	case model.KindUser:
		return s.Users.OnDelete
	case model.KindQueue:
		if d, ok := s.Queues.OnDelete[dnType]; ok {
			return d
		}
	default:
	}
	return Orphan
}

// Verify are the rules of the sweep that finds what no event tells.
type Verify struct {
	Share   float64       // of the request budget, at most
	Absence time.Duration // how far apart two reads must miss an object
	Round   time.Duration // how often every member list and every external id is read
}

// Zone returns the time zone of the settings. The names that it finds are those of the program's own list (time/tzdata) or of the machine.
func (s Settings) Zone() (*time.Location, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("settings: timeZone: %q is not in the IANA list of time zones", s.TimeZone)
	}
	return zone, nil
}
