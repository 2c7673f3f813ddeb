package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Forgotten is one object whose row was dropped.
type Forgotten struct {
	Key   model.Key     `json:"key"`
	State mapping.State `json:"state"`
	// EXID is the EX object that stays as it is, and that no key owns now unless others share it.
	EXID string `json:"exId,omitempty"`
	// Next says what the next run does about the key.
	Next string `json:"next"`
}

// Forget drops rows: what they were mapped to, what was applied and seen, and why they failed. The EX objects stay as they
// are. If Engage still holds an object, the next run takes it for new and matches it anew, by external id, peer id, address
// or name; that is planned, held and guarded as any adoption is. An orphan that is forgotten is not listed any more.
//
// Errors: not_found for a key without a row, conflict for one whose creation was begun a short while ago, both before
// anything is done; conflict while a run holds the lease; those of the table.
func (r *Runner) Forget(ctx context.Context, keys []model.Key, by By) ([]Forgotten, error) {
	lease, err := r.patientLease(ctx)
	if err != nil {
		return nil, err
	}
	var list []Forgotten
	err = r.under(ctx, lease, func(ctx context.Context) error {
		list, err = r.forgetRows(ctx, lease, distinct(keys), by)
		return err
	})
	return list, err
}

func (r *Runner) forgetRows(ctx context.Context, lease mapping.Lease, keys []model.Key, by By) ([]Forgotten, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := r.rowsOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	index := map[model.Key]model.Fingerprint{}
	for _, key := range keys {
		if r.beingCreated(rows[key]) {
			return nil, r.mayBeMadeTwice(rows[key], "forget")
		}
		index[key] = model.BeingChanged
	}
	// The marks go first: a key that the index names and that has no row would be taken for unchanged, for ever, and a row
	// that it does not name would be nobody's once Engage loses the object.
	if err := r.Table.PutIndex(ctx, lease.Run, index); err != nil {
		return nil, fmt.Errorf("mark the keys in the mapping index: %w", err)
	}
	if err := r.unlearn(ctx, lease.Run, keys); err != nil {
		return nil, err
	}
	lists, err := r.memberLists(ctx, keys)
	if err != nil {
		return nil, err
	}
	list := make([]Forgotten, 0, len(keys))
	for _, key := range keys {
		row := rows[key]
		if err := r.restMembers(ctx, key, lists); err != nil {
			return list, err
		}
		if err := r.restListsOf(ctx, key); err != nil {
			return list, err
		}
		if err := r.dropRow(ctx, row, key); err != nil {
			return list, err
		}
		r.Log.InfoContext(ctx, "forgotten", "run", lease.Run, "key", key, "was", row.State, "exId", row.EXID, "who", by.Who, "note", by.Note)
		list = append(list, Forgotten{Key: key, State: row.State, EXID: row.EXID, Next: "if Engage still holds it, the next run takes it for new and matches it anew"})
	}
	for key := range index {
		index[key] = 0
	}
	if err := r.Table.PutIndex(ctx, lease.Run, index); err != nil {
		return list, fmt.Errorf("take the keys off the mapping index: %w", err)
	}
	r.acted(ctx, mapping.ActionForget, keysNamedIn(keys), by)
	return list, nil
}

// settled is the time before which a creation that was begun has come to an end that can be looked up.
func (r *Runner) settled() time.Time { return r.Now().Add(-r.Settings.IndexLag) }

// beingCreated says that a creation was begun a short while ago, of a new object or of one that was lost, and that nobody
// knows what came of it.
func (r *Runner) beingCreated(row mapping.Row) bool {
	return row.Intent != nil && row.Intent.At.After(r.settled())
}

func (r *Runner) mayBeMadeTwice(row mapping.Row, action string) error {
	at := row.Intent.At.UTC()
	return &model.Error{Code: model.CodeConflict, Key: row.Key, Err: fmt.Errorf("its creation was begun at %s and the outcome is not known yet: %s it after %s, or it may be made twice; nothing was done",
		at.Format(time.RFC3339), action, at.Add(r.Settings.IndexLag).Format(time.RFC3339))}
}

// dropRow drops a row and takes its key off the EX object; that of a member list is its queue's. The row goes first: an
// owner without a row is stale and forbids nothing, while an EX object without its owner could become another key's.
func (r *Runner) dropRow(ctx context.Context, row mapping.Row, key model.Key) error {
	if err := r.Table.EraseWrote(ctx, key); err != nil {
		return fmt.Errorf("erase what was written to %s: %w", key, err)
	}
	if err := r.Table.Forget(ctx, key); err != nil && model.CodeOf(err) != model.CodeNotFound {
		return fmt.Errorf("drop the row of %s: %w", key, err)
	}
	if row.EXID == "" || key.Kind == model.KindMembers {
		return nil
	}
	if err := r.Table.Disown(ctx, key.Kind, row.EXID, key); err != nil {
		return fmt.Errorf("take %s off its EX object: %w", key, err)
	}
	return nil
}

// matchedAnew is how long the member list of a forgotten queue is left alone: the next run finds the queue again.
const matchedAnew = 5 * time.Minute

// memberLists reads the member lists of the queues that are about to be forgotten, but for those that are forgotten too.
func (r *Runner) memberLists(ctx context.Context, forgotten []model.Key) (map[model.Key]mapping.Row, error) {
	var keys []model.Key
	for _, k := range forgotten {
		if list := (model.Key{Kind: model.KindMembers, DBID: k.DBID}); k.Kind == model.KindQueue && !slices.Contains(forgotten, list) {
			keys = append(keys, list)
		}
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read the member lists of the queues: %w", err)
	}
	return rows, nil
}

// restListsOf has the member lists that hold a user who is about to be forgotten wait for the one that comes next.
func (r *Runner) restListsOf(ctx context.Context, user model.Key) error {
	if user.Kind != model.KindUser {
		return nil
	}
	keys, err := r.Table.Keys(ctx, model.KindMembers)
	if err != nil {
		return fmt.Errorf("list the member lists: %w", err)
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read the member lists: %w", err)
	}
	for key, row := range rows {
		if row.State != mapping.StateConverged || row.Goal != mapping.GoalPresent || !slices.Contains(row.Desired.Members, user.DBID) {
			continue
		}
		_, err := r.Table.Record(ctx, mapping.Outcome{
			Key: key, Version: row.Version, State: mapping.StateWaiting, WaitUntil: r.Now().Add(matchedAnew), WaitsFor: user,
			Reason: user.String() + " was forgotten and is matched anew",
		}, r.Now())
		if code := model.CodeOf(err); err != nil && code != model.CodeStale && code != model.CodeNotFound {
			return fmt.Errorf("have %s wait: %w", key, err)
		}
	}
	return nil
}

// restMembers lets the member list of a queue that is about to be forgotten rest: without a queue it would fail for good. One
// that a person has to decide on stays so.
func (r *Runner) restMembers(ctx context.Context, queue model.Key, lists map[model.Key]mapping.Row) error {
	key := model.Key{Kind: model.KindMembers, DBID: queue.DBID}
	row, there := lists[key]
	restless := []mapping.State{mapping.StateConverged, mapping.StatePending, mapping.StateWaiting}
	if queue.Kind != model.KindQueue || !there || row.Goal != mapping.GoalPresent || !slices.Contains(restless, row.State) {
		return nil
	}
	_, err := r.Table.Record(ctx, mapping.Outcome{
		Key: key, Version: row.Version, State: mapping.StateWaiting, WaitUntil: r.Now().Add(matchedAnew), WaitsFor: queue,
		Reason: queue.String() + " was forgotten and is matched anew",
	}, r.Now())
	if code := model.CodeOf(err); code == model.CodeStale || code == model.CodeNotFound {
		return nil // a run gave it another desired state just now, and its worker finds the queue again
	}
	return err
}

// unlearn forgets what was found in the EX Org for the keys and their kinds: they are matched anew.
func (r *Runner) unlearn(ctx context.Context, run int64, keys []model.Key) error {
	known := lookups{}
	if err := load(ctx, r.Table, docLookups, &known); err != nil {
		return err
	}
	before := len(known.Lists) + len(known.Found)
	for _, key := range keys {
		delete(known.Lists, key.Kind)
		delete(known.Found, key)
	}
	if len(known.Lists)+len(known.Found) == before {
		return nil
	}
	return save(ctx, r.Table, docLookups, run, known)
}

// errNoOrg says that this process can not look into the EX Org.
var errNoOrg = errors.New("the EX Org is not at hand here")

func without(keys []model.Key, key model.Key) []model.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k model.Key) bool { return k == key })
}
