package mapping

import (
	"context"
	"time"

	"excs/shared/model"
)

// Store is everything that the mapping table offers. Consumers declare the few methods they need; this interface exists
// so that the table and its twin pass one conformance suite.
//
// Errors carry a model.Code: not_found (no such row), stale (a condition no longer holds: read again), conflict
// (something else holds the lease, the intent or the EX object), throttled and unavailable (try again later), ambiguous
// (the write may have happened), invalid (bad input, wrong table).
type Store interface {
	RowStore
	OwnerStore
	IndexStore
	DocumentStore
	LeaseStore
	PauseStore
	GuardStore
	BudgetStore
	TokenStore
	IdentityStore
	HistoryStore
	WroteStore
}

// RowStore is the rows by key and by state.
type RowStore interface {
	// Get reads one row, consistently. not_found.
	Get(ctx context.Context, key model.Key) (Row, error)
	// GetMany reads rows, consistently; keys without a row are absent.
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]Row, error)
	// PutDesired sets a row's desired state on behalf of a run, creating the row if there is none: version + 1, state
	// pending, attempts, error, wait, quarantine and queued mark cleared. It is refused (stale) when a later run was
	// there first; the same wish from the same run again changes nothing and returns the row as it is.
	// A wish with GoalOrphan sets state orphan; pending while there is no EX id, or a takeover may be half done. Silent: see Wish. EX id, intent, applied, history and guard marks stay.
	PutDesired(ctx context.Context, run int64, wish Wish) (Row, error)
	// MarkQueued sets the queued mark if there is none or it is older than lost; false when a younger one stands.
	MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error)
	// ClearQueued takes the mark away if it carries the token ("" takes any), and returns the row as it is now. not_found.
	ClearQueued(ctx context.Context, key model.Key, token string) (Row, error)
	// Claim takes the queued mark away if it carries one of the claim's tokens and, unless the row is idle, notes that a worker works
	// on it; it returns the row as it is then. conflict: another worker's claim stands, and the mark too; the row comes with it.
	// An outcome ends the claim that it names. not_found.
	Claim(ctx context.Context, key model.Key, claim Claim, now time.Time) (Row, error)
	// Intend notes that the caller is about to create the object. conflict: another intent stands; stale: the version moved.
	// replace names the token of an older intent that the caller may take over ("" for none). The same token again is fine.
	Intend(ctx context.Context, key model.Key, version int64, intent Intent, replace string) error
	// Record stores what a worker did. If the row's version is not the outcome's, the EX id, intent, guard marks, seen
	// body and history are stored all the same, and the error is stale: look again, the row as it is now comes with it.
	// not_found.
	Record(ctx context.Context, outcome Outcome, now time.Time) (Row, error)
	// See keeps what was seen of the EX object of a row: a queue's body, and the EX ids of its wrap-up codes (nil: leave). It is for readers that
	// are no workers: nothing else of the row changes, and nothing at all if the row has another EX object by now or one is being made. What is
	// kept already is not written again. not_found.
	See(ctx context.Context, key model.Key, exID string, body []byte, codes []string) error
	// Release sets a held, quarantined, invisible or waiting row pending again with version + 1; approved marks it. stale
	// when the row's version is not the given one (0: any). A pending row changes only to be approved; converged, orphaned
	// and gone ones stay as they are, without an error: look at the state. not_found.
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (Row, error)
	// Bind maps the row to another EX object: version + 1, pending (an orphan stays one), nothing applied, no intent, and
	// nothing seen of the former object. It is for operators; owners are set apart. stale when the row's version is not the
	// given one; conflict for a row on its way out, and for one whose creation was begun after settled. not_found.
	Bind(ctx context.Context, key model.Key, version int64, exID string, settled time.Time, note Entry) (Row, error)
	// Forget drops the row. Owners are dropped apart.
	Forget(ctx context.Context, key model.Key) error
	// List streams rows of the given states from the sparse index (converged rows are not in it), of all kinds or the
	// given ones, in no promised order; eventually consistent.
	List(ctx context.Context, states []State, kinds []model.Kind) ([]Item, error)
}

// OwnerStore says which keys own an EX Org object.
type OwnerStore interface {
	// Own makes key an owner of the EX object: if nobody owns it, key does already, or all its owners are among from
	// (they are replaced). share adds the key beside other owners (merged names). Else conflict, naming the owner.
	Own(ctx context.Context, kind model.Kind, exID string, key model.Key, from []model.Key, share bool) error
	// Owners reads the owner items of EX objects of one kind, consistently; objects without one are absent. See JudgeOwners.
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]OwnerItem, error)
	// Disown takes key off the owners; the last one drops the item.
	Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error
}

// IndexStore is the packed fingerprints of the desired states that rows hold.
type IndexStore interface {
	// Delta compares the desired fingerprints with the index, reading only the shards whose digest differs.
	Delta(ctx context.Context, want map[model.Key]model.Fingerprint) (model.Delta, error)
	// PutIndex writes changed fingerprints; 0 removes a key. Only the holder of the lease writes: stale when a later run
	// did already. Shards first, their digests last. With nothing changed it only repairs what the last Delta found broken,
	// and mostly sends nothing: call it at the end of every run.
	PutIndex(ctx context.Context, run int64, changed map[model.Key]model.Fingerprint) error
	// Marked lists the keys that are marked as being changed, in order: a run marks them before it writes their rows and
	// unmarks them afterwards, so they are those of a run under way or of one that died.
	Marked(ctx context.Context) ([]model.Key, error)
	// Keys lists the keys of a kind that the index holds, in order.
	Keys(ctx context.Context, kind model.Kind) ([]model.Key, error)
}

// DocumentStore keeps small documents of the tenant: site memory, hints, held changes, approvals, the last plan.
type DocumentStore interface {
	// GetDocument reads one, consistently. not_found.
	GetDocument(ctx context.Context, name string) ([]byte, error)
	// PutDocument writes one of up to some megabytes (compressed, in parts). run > 0: refused (stale) when a later run wrote it.
	PutDocument(ctx context.Context, name string, run int64, body []byte) error
	// DeleteDocument drops one; absent is fine.
	DeleteDocument(ctx context.Context, name string) error
}

// Lease is the right to run, with a run number that rises with every lease taken.
type Lease struct {
	Run    int64
	Holder string
	Until  time.Time
}

// LeaseStore makes runs exclusive.
type LeaseStore interface {
	// TakeLease takes the lease if it is free, expired, or the holder's own. conflict names the holder and its end.
	TakeLease(ctx context.Context, holder string, now time.Time, ttl time.Duration) (Lease, error)
	// RenewLease extends it. stale when it was lost.
	RenewLease(ctx context.Context, lease Lease, now time.Time, ttl time.Duration) (Lease, error)
	// ReleaseLease gives it back; a lost lease is fine.
	ReleaseLease(ctx context.Context, lease Lease) error
}

// PauseStore keeps what operators keep EXCS from writing to. It is one item, apart from code and settings, so a pause
// survives every deployment.
type PauseStore interface {
	PauseReader
	// Pause adds pauses and gives all of them. One that stands keeps its time and gets the new end, name and note. invalid when
	// there would be more than one read unit holds.
	Pause(ctx context.Context, add []Pause) (Pauses, error)
	// Resume ends the pauses of exactly these scopes and gives those that are left; one that does not stand is fine.
	Resume(ctx context.Context, scopes []Scope) (Pauses, error)
}

// Window is one rolling window of the guard.
type Window struct {
	Kind   model.Kind
	Class  string        // removals, updates, …
	Length time.Duration // 24 h, 60 min
}

// GuardStore counts distinct names over rolling windows.
type GuardStore interface {
	// Draw adds names to the window if the sum stays within limit; ok says whether it did, drawn is the sum afterwards (or as
	// it stands). A name that is in the window already is not counted again, so a draw can be repeated after a crash.
	Draw(ctx context.Context, w Window, names []string, limit int, now time.Time) (ok bool, drawn int, err error)
	// Drawn reads what the window holds.
	Drawn(ctx context.Context, w Window, now time.Time) (Tally, error)
}

// BudgetStore is the request budget of one OAuth client, shared by all workers.
type BudgetStore interface {
	// Reserve takes n request slots. wait is how long to sleep before the first of them (0 to maxWait). When the slot
	// would be later than maxWait nothing is taken, and wait says how long until it is worth asking again; ok is false.
	// Bulk work reserves up to half of maxWait only. Up to PaceOf(allowed).Burst slots (10 at 300 a minute) are granted in
	// turn; more at once need as many quiet slots before them, so under load ask for a few at a time.
	Reserve(ctx context.Context, client string, n int, rank model.Rank, now time.Time, maxWait time.Duration) (wait time.Duration, ok bool, err error)
	// Hold makes everybody wait until then (Retry-After).
	Hold(ctx context.Context, client string, until time.Time) error
	// BudgetLeft says how many requests could still be granted one by one within maxWait, of how many on an idle budget.
	// It takes nothing.
	BudgetLeft(ctx context.Context, client string, now time.Time, maxWait time.Duration) (left, of int, err error)
	// SetAllowed feeds the limit per minute that the EX Org's headers tell.
	SetAllowed(ctx context.Context, client string, perMinute int, now time.Time) error
}

// TokenStore shares one OAuth token per client among all workers.
type TokenStore interface {
	// LoadToken reads the token, and the organisation that it belongs to (zero: nobody asked yet). not_found.
	LoadToken(ctx context.Context, client string) (token string, org model.Org, expires time.Time, err error)
	// SaveToken keeps both until the token expires.
	SaveToken(ctx context.Context, client string, token string, org model.Org, expires time.Time) error
}

// IdentityStore tells which table it is.
type IdentityStore interface {
	// TableID is the id that DynamoDB gave the table when it was made. A table that was restored from a backup has another one,
	// whatever its name is.
	TableID(ctx context.Context) (string, error)
}
