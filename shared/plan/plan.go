package plan

import (
	"maps"
	"time"

	"excs/shared/model"
)

// Plan is what one run does and what it holds. What the caller writes for each Change:
//
//	action                     wish (goal)          index
//	create, adopt, restore     present              fingerprint of Object; From leaves it
//	update, deactivate, empty  present              fingerprint of Object
//	refresh                    present, silent      fingerprint of Object
//	delete                     absent               key leaves it
//	orphan                     orphan               key leaves it
//
// Index gives the last column. A Change with From takes over the EX object of that row (its id is in Adopt): apply makes
// Key the owner and drops the row From. A skill or language whose Change is a create with a name field was renamed: its
// row forgets the EX id it had and gets the one of the new object.
type Plan struct {
	// Run is set by the caller.
	Run int64 `json:"run,omitempty"`
	// Changes are to be made now: in wave order, then by kind and DBID.
	Changes []model.Change `json:"changes"`
	// Approved are the keys whose change goes because an operator approved it: the worker's guard must let it pass too. The
	// change may do less than what was approved (a member whose user is not made yet), so its ID may be another.
	Approved map[model.Key]bool `json:"approved,omitempty"`
	// Agreed is what the index must say of keys whose rows hold what Engage wants already, and that it tells otherwise.
	Agreed map[model.Key]model.Fingerprint `json:"-"`
	// Held wait: for a second read, a proof, or an approval. In key order.
	Held []Held `json:"held,omitempty"`
	// Forget are rows or index entries that go without any write to the EX Org.
	Forget  []Forget       `json:"forget,omitempty"`
	Rejects []model.Reject `json:"rejects,omitempty"`
	Notes   []model.Note   `json:"notes,omitempty"`
	// Counts are per kind, for the kinds that the plan covers.
	Counts map[model.Kind]Counts `json:"counts"`
	// Guard says for each kind and class with something to count how it stands.
	Guard []Verdict `json:"guard,omitempty"`
	// Draws are to be drawn from the guard's windows before the changes are made.
	Draws []Draw `json:"-"`
	// Hash stands for Changes, Held and Forget, whatever order the rows came in.
	Hash string `json:"hash"`
	// HeldHash stands for what an operator can approve, per kind; HeldHashAll for all kinds together ("" for nothing).
	HeldHash    map[model.Kind]string `json:"heldHash,omitempty"`
	HeldHashAll string                `json:"heldHashAll,omitempty"`
}

// Empty says whether the run has nothing to write, neither to the EX Org nor to a row.
func (p Plan) Empty() bool { return len(p.Changes)+len(p.Forget) == 0 }

// Index gives what the mapping index must hold once the rows of the plan are written; 0 takes a key off.
func (p Plan) Index() map[model.Key]model.Fingerprint {
	index := make(map[model.Key]model.Fingerprint, len(p.Changes)+len(p.Forget)+len(p.Agreed))
	maps.Copy(index, p.Agreed)
	for _, c := range p.Changes {
		if !c.From.IsZero() {
			index[c.From] = 0
		}
	}
	for _, f := range p.Forget {
		index[f.Key] = 0
	}
	for _, c := range p.Changes {
		index[c.Key] = indexed(c)
	}
	return index
}

// agree notes a change that the key's row holds already.
func (p *Plan) agree(c model.Change) {
	if !c.From.IsZero() {
		p.Agreed[c.From] = 0
	}
	p.Agreed[c.Key] = indexed(c)
}

// indexed is what the index must hold for a change's key; 0: nothing.
func indexed(c model.Change) model.Fingerprint {
	switch c.Action {
	case model.ActionDelete, model.ActionOrphan:
		return 0
	default:
		return c.Object.Fingerprint()
	}
}

// HeldCode says why a change is held.
type HeldCode string

// The codes, strongest first: a change that is held for several reasons carries the first.
const (
	HeldUnproven  HeldCode = "unproven"         // the read does not prove it (an empty table, no proof at all)
	HeldDatabase  HeldCode = "another database" // it is not the database that the EX Org was made from
	HeldWentBack  HeldCode = "went back"        // the source was restored, migrated, or lags
	HeldLooking   HeldCode = "looking"          // the EX Org was not asked yet whether it is there already
	HeldFirstPlan HeldCode = "first plan"       // the tenant has no approved first plan
	HeldIdentity  HeldCode = "another object"   // a mapped DBID names something else now
	HeldSettings  HeldCode = "settings"         // the settings changed and this would remove something
	HeldAdoption  HeldCode = "adoption"         // an object that was there before would lose something by its adoption (Adoptable)
	HeldAdopted   HeldCode = "adopted"          // a queue that was there before EXCS would be deleted
	HeldGuard     HeldCode = "guard"            // more than the guard allows
	HeldSecond    HeldCode = "second read"      // a queue would lose or get many members, or an address was another user's: a second read must agree
	HeldDepends   HeldCode = "depends"          // it goes with another change that is held
	HeldPaused    HeldCode = "paused"           // an operator paused it, or the object that it takes over
)

// Approvable says whether an operator's approval lets the change pass. A read that proves nothing is not approved away, and
// a pause ends by a resume.
func (c HeldCode) Approvable() bool {
	return c != HeldUnproven && c != HeldDatabase && c != HeldWentBack && c != HeldLooking && c != HeldDepends && c != HeldPaused
}

// Held is a change that waits.
type Held struct {
	// ID names the change in approvals and waits; it does not depend on the run.
	ID     string       `json:"id"`
	Code   HeldCode     `json:"code"`
	Reason string       `json:"reason"`
	Since  time.Time    `json:"since"`
	Change model.Change `json:"change"`
	// Parts name what is held of the change, for as long as Engage wants it, whatever else changes; Tripped says since when
	// the guard has held those that it holds.
	Parts   []string             `json:"-"`
	Tripped map[string]time.Time `json:"-"`
	// Waited says since when every complete read has wanted what waits, or has waited, for a second one.
	Waited map[string]time.Time `json:"-"`
}

// Draw is what the guard counts of a plan and lets through: one name in the window of a kind and class. It is to be drawn if
// one of the changes By is made.
type Draw struct {
	Kind  model.Kind
	Class Class
	Name  string
	By    []model.Key
	// Free says that it passes without being drawn.
	Free bool
}

// Forget is a row that goes without a write to the EX Org, or (IndexOnly) just its entry in the mapping index.
type Forget struct {
	Key       model.Key `json:"key"`
	IndexOnly bool      `json:"indexOnly,omitempty"`
	Reason    string    `json:"reason"`
}

// Counts are the objects of one kind by what happens to them. Engage counts desired and rejected objects; Held counts
// changes of which at least a part waits.
type Counts struct {
	Engage     int `json:"inEngage"`
	Create     int `json:"create"`
	Adopt      int `json:"adopt"`
	Update     int `json:"update"`
	Restore    int `json:"restore"`
	Delete     int `json:"delete"`
	Empty      int `json:"empty"`
	Deactivate int `json:"deactivate"`
	Orphan     int `json:"orphan"`
	Refresh    int `json:"refresh"`
	Held       int `json:"held"`
	Rejected   int `json:"rejected"`
	Unchanged  int `json:"unchanged"`
}

// Verdict is what the guard says of one kind and class.
type Verdict struct {
	Kind  model.Kind `json:"kind"`
	Class Class      `json:"class"`
	// Mapped is what shares are of: the kind's mapped objects (or all memberships) when the window began.
	Mapped int `json:"mapped"`
	// Limit is the most that may be drawn in a window; Drawn was drawn before this run, Wanted is this run's share without
	// what an operator approved, Approved is that.
	Limit    int  `json:"limit"`
	Drawn    int  `json:"drawn"`
	Wanted   int  `json:"wanted"`
	Approved int  `json:"approved,omitempty"`
	Tripped  bool `json:"tripped"`
	// Held is how many of Wanted wait, Objects the first ten of them by name.
	Held    int      `json:"held,omitempty"`
	Objects []string `json:"objects,omitempty"`
	// Kinds are those of the changes that are held.
	Kinds []model.Kind `json:"-"`
	// Text says it for people, with the numbers; Command is the one-time way through, "" while not tripped.
	Text    string `json:"text"`
	Command string `json:"command,omitempty"`
}
