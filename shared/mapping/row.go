package mapping

import (
	"strings"
	"time"

	"excs/shared/model"
)

// State is where a row stands.
type State string

// The states. All but converged, orphan and gone keep the row in the sparse index of unconverged rows; orphan rows are
// listed there too (apart), because newcomers may take them over and administrators want to see them.
const (
	StatePending     State = "pending"     // the desired state is not yet made true
	StateWaiting     State = "waiting"     // pending, not before WaitUntil
	StateConverged   State = "converged"   // applied equals desired
	StateHeld        State = "held"        // the guard or a rule wants an operator's approval first
	StateQuarantined State = "quarantined" // failed for good; an operator or a new desired state releases it
	StateInvisible   State = "invisible"   // the EX object is there but EXCS can not see it
	StateOrphan      State = "orphan"      // the Engage object is gone, the EX object is left to the administrator
	StateGone        State = "gone"        // the EX object was deleted because Engage's was; kept for a takeover, then expires
)

// States lists every state.
func States() []State {
	return []State{StatePending, StateWaiting, StateConverged, StateHeld, StateQuarantined, StateInvisible, StateOrphan, StateGone}
}

// Goal is what Engage wants of the EX object.
type Goal string

// The goals.
const (
	GoalPresent Goal = "present" // make it equal to Desired
	GoalAbsent  Goal = "absent"  // delete it
	GoalOrphan  Goal = "orphan"  // write nothing to it
)

// Intent says that a worker was about to create the object: whoever finds it looks the object up before posting again.
type Intent struct {
	Token string
	At    time.Time
}

// Queued says that a message for the row is on its way, and on which lane.
type Queued struct {
	Token string
	At    time.Time
	Lane  model.Lane
}

// Working is the claim of the worker that works on the row, so that two lanes never work on one key at once. It holds until
// Until.
type Working struct {
	Token string
	Until time.Time
}

// Origin says how a row came by its EX object.
type Origin string

// The origins. Rows of format 1 have none: whether EXCS made their object is told by their history or by the EX Org.
const (
	OriginUnknown Origin = ""
	OriginMade    Origin = "made"    // EXCS created it, or found it by EXCS's own mark
	OriginAdopted Origin = "adopted" // it was there before
)

// Refusal is a part of an object that the EX Org will not take.
type Refusal struct {
	// Part is the controlled field (model.FieldEmail, model.FieldSkills); EXID the member of a set that was refused.
	Part string `json:"part"`
	EXID string `json:"exId,omitempty"`
	// Name is what people call that member; Value is what a plain field was to become: another value is no refused one.
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
	// Status, Code and Reason are the EX Org's own.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason"`
	// Gone says of a refused state that the user is deleted and can not be restored.
	Gone bool `json:"gone,omitempty"`
	// Since is when it was first refused, Tries how often it was, Next when it is tried again.
	Since time.Time `json:"since"`
	Tries int       `json:"tries"`
	Next  time.Time `json:"next"`
}

// OwnWrite is what EXCS last wrote to one part of the EX object. While it is younger than the EX Org's lag, a read that does
// not show it decides nothing.
type OwnWrite struct {
	At time.Time `json:"at"`
	// Value is what a plain field was set to.
	Value string `json:"value,omitempty"`
	// Set are the members of a set that were added or re-levelled, by EX id, with their level in tenths (0 for queue members);
	// Gone are those that were taken away.
	Set  map[string]int `json:"set,omitempty"`
	Gone []string       `json:"gone,omitempty"`
}

// What operators do to a row stands in its history beside what EXCS did to the EX object.
const (
	ActionPause   model.Action = "pause"
	ActionResume  model.Action = "resume"
	ActionRelease model.Action = "release"
	ActionApprove model.Action = "approve"
	ActionLink    model.Action = "link"
	ActionForget  model.Action = "forget"
	ActionDiscard model.Action = "discard"
)

// Entry is one line of the row's short history.
type Entry struct {
	At     time.Time     `json:"at"`
	Action model.Action  `json:"action"`
	Cause  model.Cause   `json:"cause"`
	Run    int64         `json:"run,omitempty"`
	Fields []model.Field `json:"fields,omitempty"`
	Who    string        `json:"who,omitempty"`
	Note   string        `json:"note,omitempty"`
}

// HistoryLength is how many entries a row keeps: enough to explain an object, few enough to stay in one read unit.
const HistoryLength = 8

// Damped begins the reason of a row whose object somebody keeps changing back: it waits, and is listed for people.
const Damped = "damped: "

// Kept begins the reason of a row that waits for a name or an address which another object has and does not come off by itself:
// it is listed for people.
const Kept = "kept from its name: "

// Refused begins the reason of a row of which the EX Org will not take a part: everything else of the object is right, and the
// part is tried again at a slow pace.
const Refused = "refused: "

// Refusing says that the row waits for nothing but parts that the EX Org refuses.
func (r Row) Refusing() bool { return refusing(r.State, r.Reason) }

// Refusing says the same of a line of a list.
func (i Item) Refusing() bool { return refusing(i.State, i.Reason) }

func refusing(s State, reason string) bool {
	return s == StateWaiting && strings.HasPrefix(reason, Refused)
}

// LeftDeleted begins the reason of a converged user that is deleted in the EX Org and right so. ListLeftDeleted is what
// List finds such rows by; no row has it as its state.
const (
	LeftDeleted           = "left deleted: "
	ListLeftDeleted State = "left-deleted"
)

// LeftDeleted says that the row's user is deleted in the EX Org, and right so.
func (r Row) LeftDeleted() bool {
	return r.State == StateConverged && strings.HasPrefix(r.Reason, LeftDeleted)
}

// RowFormat is the format that rows are written in. Format 1, of November 2026, has no number: it lacks Origin, Org, lanes,
// claims, refusals and own writes, and is read as it is. A row of a later format is refused, never half understood.
const RowFormat = 2

// Row is what the mapping table knows of one key.
type Row struct {
	Key  model.Key
	EXID string
	// Org is the organisation that EXID, Applied, Adopt, Intent, Seen and SeenCodes are of; "" in a row of format 1.
	Org string
	// Origin says whether the EX object was made or adopted.
	Origin Origin
	Goal   Goal
	// Desired is what Engage wants; for an absent or orphaned object the last it wanted.
	Desired model.Object
	// Applied is the fingerprint of the desired object that EXCS last made true, 0 while nothing was.
	Applied model.Fingerprint
	// Version only rises: with every new desired state, approval and replay.
	Version int64
	// Run is the run that set the desired state.
	Run int64

	State State
	// Since is when the row came into State.
	Since time.Time
	// Unconverged is since when the EX Org has not been as the row wants it; it stays while the row goes to and fro between
	// pending, waiting and invisible. Time that a person took to decide (held, quarantined) does not count. Zero while
	// there is nothing to make true.
	Unconverged time.Time
	// Reason says why the row is held, waiting, quarantined or invisible, for people.
	Reason string

	// Adopt is an EX object that the plan decided to adopt; From is the row whose EX object this key takes over.
	Adopt string
	From  model.Key
	// Approved says that an operator approved the desired state of this version: the guard lets it pass, once.
	Approved bool
	// Let are the names, by class, that the guard let through when runs set the desired states since the row last converged:
	// a worker does not ask for them again.
	Let []string

	Intent  *Intent
	Queued  *Queued
	Working *Working
	// WaitUntil is when a waiting row is due; WaitsFor names the key it waits for, if any.
	WaitUntil time.Time
	WaitsFor  model.Key
	// Attempts counts failures since the last success or new desired state.
	Attempts    int
	LastError   string
	LastErrorAt time.Time
	Cause       model.Cause

	// Written is when EXCS last wrote to the EX object: reads soon after prove nothing.
	Written time.Time
	// Seen is the EX object's body as last read (queues), the base for re-creating it.
	Seen []byte
	// SeenCodes are the EX ids of the wrap-up codes that were on the queue.
	SeenCodes []string
	// Refused are the parts that the EX Org will not take, Wrote EXCS's last writes by part, as long as a read may lag behind them.
	Refused []Refusal
	Wrote   map[string]OwnWrite
	// Lettered is the version that a dead letter was written of: there is one per version.
	Lettered int64
	// Trouble is what the EX Org, or the way to it, did not answer in a row; nil when it answered.
	Trouble *Trouble
	History []Entry
}

// Trouble counts failures for which no object is to blame, since the last answer.
type Trouble struct {
	Since time.Time `json:"since"`
	Times int       `json:"times"`
}

// Known gives what the rules that look back need of the row.
func (r Row) Known() model.Known {
	return model.Known{
		Object: r.Desired, EXID: r.EXID, Orphan: r.Goal == GoalOrphan, Leaving: r.Goal == GoalAbsent,
		Adopted: r.Key.Kind == model.KindQueue && r.EXID != "" && r.MadeOrAdopted() != OriginMade,
	}
}

// MadeOrAdopted is the row's Origin. Of a row of format 1 its history may tell that EXCS made the object; it does not tell
// of every one that EXCS made, because it is short.
func (r Row) MadeOrAdopted() Origin {
	if r.Origin != OriginUnknown {
		return r.Origin
	}
	for _, e := range r.History {
		if e.Action == model.ActionCreate {
			return OriginMade
		}
	}
	return OriginUnknown
}

// Wish is a new desired state for a row.
type Wish struct {
	Key      model.Key
	Goal     Goal
	Desired  model.Object
	Adopt    string
	From     model.Key
	Approved bool
	Let      []string
	Cause    model.Cause
	// Silent says that only facts for the rules that look back differ: a converged row stays converged, with the new
	// object's fingerprint as applied, and the version does not rise. A row in another state keeps that, its failures and
	// its marks, but its version rises, so that a worker at work with the old facts does not record them. Without a row of
	// the same goal it is a wish like any other.
	Silent bool
}

// Outcome is what a worker records about a row it loaded at Version.
type Outcome struct {
	Key     model.Key
	Version int64
	// Loaded is the EX id that the row had at Version. A stale outcome of a row that has another one by now says nothing of
	// EXID, Seen and SeenCodes.
	Loaded string

	// EXID is recorded whatever the version ("" leaves the row's as it is; ClearEXID forgets it).
	EXID      string
	ClearEXID bool
	// Origin says how the row comes by EXID; "" leaves what the row says.
	Origin Origin
	// ClearIntent ends a creation, whatever the version.
	ClearIntent bool
	// Claim is the token of the claim that ends, whatever the version.
	Claim string
	// Queued says that the message stays on the queue: its mark is set, whatever the version, unless another one stands.
	Queued    *Queued
	Written   time.Time // zero: leave
	Seen      []byte    // nil: leave
	SeenCodes []string  // nil: leave
	History   []Entry   // appended, oldest dropped

	// The rest is recorded only if the row still has Version. With a State all of it is (zero values clear); without one
	// only what is not zero, as a note on the way.
	State     State // "" leaves it
	Reason    string
	Applied   model.Fingerprint // 0 leaves it
	WaitUntil time.Time
	WaitsFor  model.Key
	Attempts  int
	LastError string
	Refused   []Refusal // nil: leave
	Lettered  int64     // 0: leave
	Trouble   *Trouble  // with a State: what becomes of it
	// Cause is why the row is looked at next; "" leaves it.
	Cause model.Cause
}

// Item is one line of a list of rows, from the sparse index: eventually consistent, so read the row before acting.
type Item struct {
	Key   model.Key
	State State
	Since time.Time
	// Unconverged is Row.Unconverged.
	Unconverged time.Time
	WaitUntil   time.Time
	Reason      string
	EXID        string
	QueuedAt    time.Time
	Attempts    int
}
