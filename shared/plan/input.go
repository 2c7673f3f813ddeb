package plan

import (
	"time"

	"excs/shared/model"
	"excs/shared/rules"
)

// Input is everything that Make decides by. Order of rows never matters.
type Input struct {
	// Settings are the tenant's rules; the zero value is not usable.
	Settings rules.Settings
	// Proof says that the read behind Objects was complete. The zero Proven holds everything.
	Proof model.Proven
	// Database says why the read is of another database than the one that the EX Org was made from, and that nobody
	// accepted; "" for any other. It holds everything.
	Database string
	// Objects are all desired objects of the tenant, also of kinds that Kinds leaves out: rules look across kinds.
	Objects []model.Object
	// Rejects and Notes come from translate and are passed on. A rejected key is living: it is never lost.
	Rejects []model.Reject
	Notes   []model.Note
	// Delta says how Objects differ from the mapping index.
	Delta model.Delta
	// Facts are rows: of every Changed and Lost key and of every New key that has one; of queue/N for a Lost members/N;
	// of orphans, leaving and gone rows of the kinds that have newcomers; of the owners that Matches name. A Changed or
	// Lost key without a fact is left alone and noted.
	Facts model.Facts
	// Settled are the Lost keys whose row says "converged": their last desired state was made true. A deactivated user
	// and an emptied member list leave the index only then.
	Settled map[model.Key]bool
	// Matches are EX Org objects that newcomers would adopt (FindMatches), with the owners of each EX id.
	Matches map[model.Key]Match
	// Looking are newcomers of which nobody knows yet whether they are in the EX Org, with the reason: they wait.
	Looking map[model.Key]string
	// Drawn counts what the guard's windows have seen already, before this run.
	Drawn Drawn
	// Counted says whether a name is in the window of a kind and class already, and so is not counted again; nil: none is.
	Counted func(k model.Kind, c Class, name string) bool
	// Mapped counts mapped objects per kind when the windows began; nil: Delta.Mapped.
	Mapped map[model.Kind]int
	// Memberships counts all memberships when the window began; 0: counted from Objects and Facts.
	Memberships int
	// Start gives what was mapped when a window of that length began, and the memberships under the kind members, for the
	// shares of what is added; nil: what is mapped now.
	Start func(window time.Duration) map[model.Kind]int
	// FirstLoad says that the first plan is not carried out yet: nothing that is added is counted.
	FirstLoad bool
	// Gap is for how many whole hours there was no complete read that was carried out, or what this plan is about was paused.
	Gap int
	// Waiting says since when a change has been held (Held.ID of earlier runs, Held.Since), and since when what needs a second
	// read has been wanted (Held.Waited).
	Waiting map[string]time.Time
	// Tripped says since when the guard has held a part (Held.Tripped of earlier runs): what came later is judged apart.
	Tripped map[string]time.Time
	// Approved are the Held.IDs and Held.Parts that an operator approved and whose approval has not run out.
	Approved map[string]bool
	// Taken says of Lost keys that another key which Engage has owns their EX object by now: a takeover whose run died is no newcomer's any more.
	Taken map[model.Key]Taking
	// Paused says why an operator keeps EXCS from writing to a key, "" when nobody does; nil: nothing is paused. What is
	// paused is held, whole: no row, no index entry, no message.
	Paused func(model.Key) string
	// Holds says whether the key's row holds the change already, with an operator's approval if approved: a run wrote it and
	// died before the index told of it. Then only the index is written. nil: no row does.
	Holds func(c model.Change, approved bool) bool
	// SettingsChanged says that the settings are not those of the last approved run: nothing is removed.
	SettingsChanged bool
	// FirstRun says that the tenant has no approved first plan.
	FirstRun bool
	// Unfinished says that rows which are not right, and which no plan shows because the index has their desired states, would change
	// what is in the EX Org once the first plan is approved.
	Unfinished bool
	// Foreign says why everything waits for the approval of a first plan, whatever it touches: the organisation is another than
	// the approved one. "": it is not.
	Foreign string
	// Home is the EX id of the Home Division, so that adoptions show moves; "" when it is not known.
	Home string
	// Now is the time of the run, for waits and Held.Since.
	Now time.Time
	// Kinds limits the plan to some kinds; empty means all.
	Kinds []model.Kind
}

// Class is what the guard counts. The words are also the classes of the guard's windows in the mapping table.
type Class string

// The classes. Removals are deletes, deactivations, users that become orphans and emptied member lists, counted in objects;
// agents are users who would be left without any queue; updates are counted in objects, and so are users whose address
// changes, and those who lose skills or languages or get them at another level; memberships are single members that leave a
// queue, joins those that come to one. Made are queues and users that are made or adopted, names the same of skills, languages
// and codes.
const (
	ClassNone        Class = ""
	ClassRemovals    Class = "removals"
	ClassUpdates     Class = "updates"
	ClassMemberships Class = "memberships"
	ClassAgents      Class = "agents"
	ClassMade        Class = "made"
	ClassNames       Class = "names"
	ClassJoins       Class = "joins"
	ClassAssignments Class = "assignments"
	ClassAddresses   Class = "addresses"
)

// What the windows remember beside what is counted: users that are new, and the addresses that users had.
const (
	ClassNewcomers Class = "newcomers"
	ClassFormer    Class = "former addresses"
)

// Drawn counts what was let through in the current windows, by kind and class.
type Drawn map[model.Kind]map[Class]int

// Of gives one count.
func (d Drawn) Of(k model.Kind, c Class) int { return d[k][c] }

// By says which field made a Match.
type By string

// The ways to match, strongest first.
const (
	ByExternalID By = "external id"
	ByPeerID     By = "peer id"
	ByEmail      By = "e-mail"
	ByName       By = "name"
)

// Match is an EX Org object that a new Engage object would adopt.
type Match struct {
	Observed model.Observed
	By       By
	// Owners are the keys that own the EX id in the mapping table; empty: nobody. Make decides which of them are living.
	Owners []model.Key
	// Stale are the owners whose rows say that they do not have the object: they forbid nothing, and nothing is taken over
	// from them.
	Stale map[model.Key]bool
	// Leave are the users that are members of an EX queue and that its member list would lose with the adoption.
	Leave []model.Key
}

// Taking is a takeover that an earlier run told of.
type Taking struct {
	// By is the key that has the EX object, or is about to.
	By model.Key
	// Done says that it has: nothing is left to the row before it.
	Done bool
}
