package mapping

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
)

// OwnerItem is the owner item of an EX object as the table has it: the keys that own the object, or did. A key stays in it when
// a worker dies between two writes, so that the item alone says of nobody that the object is its: JudgeOwners does.
type OwnerItem struct{ keys []model.Key }

// Names says whether the item names the key. It is for a key that knows its own row, right before it writes to the object.
func (o OwnerItem) Names(key model.Key) bool { return slices.Contains(o.keys, key) }

// Unjudged are the keys of the item, for who takes their place with Own, and judges each of them before.
func (o OwnerItem) Unjudged() []model.Key { return slices.Clone(o.keys) }

// Owner is a key that has an EX object, or is about to have it.
type Owner struct {
	Row Row
	// Orphan says that its Engage object is gone.
	Orphan bool
}

// Owners are the owners of EX objects, by EX id. Those that nobody owns are absent.
type Owners map[string][]Owner

// Keys are the keys that own the EX object.
func (o Owners) Keys(exID string) []model.Key {
	keys := make([]model.Key, 0, len(o[exID]))
	for _, owner := range o[exID] {
		keys = append(keys, owner.Row.Key)
	}
	return keys
}

// Owned says whether anybody owns the EX object.
func (o Owners) Owned(exID string) bool { return len(o[exID]) > 0 }

// Label names the EX object by the first key that owns it, "" if none does.
func (o Owners) Label(exID string) string {
	if !o.Owned(exID) {
		return ""
	}
	return o[exID][0].Row.Key.String()
}

// RowReader reads rows.
type RowReader interface {
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]Row, error)
}

// JudgeOwners reads the rows of the keys that owner items name, and those that they take over from, and gives the owners that
// are not stale.
func JudgeOwners(ctx context.Context, rows RowReader, items map[string]OwnerItem, now time.Time) (Owners, error) {
	owners := make(Owners, len(items))
	var keys []model.Key
	for _, item := range items {
		keys = append(keys, item.keys...)
	}
	own, err := rowsOnce(ctx, rows, keys)
	if err != nil {
		return nil, err
	}
	keys = keys[:0]
	for _, row := range own {
		if row.EXID == "" && !row.From.IsZero() {
			keys = append(keys, row.From)
		}
	}
	from, err := rowsOnce(ctx, rows, keys)
	if err != nil {
		return nil, err
	}
	for exID, item := range items {
		for _, key := range item.keys {
			row := own[key]
			if standing := StandingOf(row, from[row.From], exID, now); standing != OwnerStale {
				owners[exID] = append(owners[exID], Owner{Row: row, Orphan: standing == OwnerOrphan})
			}
		}
	}
	return owners, nil
}

func rowsOnce(ctx context.Context, rows RowReader, keys []model.Key) (map[model.Key]Row, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, model.Key.Compare)
	found, err := rows.GetMany(ctx, slices.Compact(keys))
	if err != nil {
		return nil, fmt.Errorf("read the rows of the owners of EX objects: %w", err)
	}
	return found, nil
}

// Standing is what the key of an owner item has to say about the EX object.
type Standing int

// The standings. A stale owner forbids nothing: whether the object may become another key's is for the rule of adoption to say.
const (
	// OwnerStale is gone, on its way out, or has another EX object.
	OwnerStale Standing = iota
	// OwnerOrphan has the object, and its Engage object is gone: the object may be taken, and the row goes then.
	OwnerOrphan
	// OwnerLives has the object, or is about to have it.
	OwnerLives
)

// StandingOf judges an owner of an EX object by its row; there is no row when its Version is 0. from is the row that it takes
// over from, if any.
//
//	the owner's row                                         standing
//	none, or its goal is the deletion                       stale
//	has another EX id                                       stale
//	has this EX id, or is about to have it:                 orphan or lives, by its goal
//	  it was told to adopt it, the row that it takes over
//	  from has it, a creation is open, a worker is at it
//	has none, and none of that                              stale
//
// A takeover from a key that came back to Engage since is void, and so is its mark.
func StandingOf(row, from Row, exID string, now time.Time) Standing {
	switch {
	case row.Version == 0, row.Goal == GoalAbsent:
		return OwnerStale
	case row.EXID != "" && row.EXID != exID, row.EXID == "" && !row.about(from, exID, now):
		return OwnerStale
	case row.Goal == GoalOrphan:
		return OwnerOrphan
	default:
		return OwnerLives
	}
}

// about says that the row, which has no EX id, may be about to have this one.
func (r Row) about(from Row, exID string, now time.Time) bool {
	if r.Intent != nil || r.Working != nil && now.Before(r.Working.Until) {
		return true
	}
	if r.From.IsZero() {
		return r.Adopt == exID
	}
	if from.Version == 0 {
		return r.Adopt == exID // the row went, so the takeover was all but done
	}
	return !r.VoidedBy(from) && (from.EXID == exID || r.Adopt == exID)
}

// VoidedBy says that the takeover from that row is void: a later run than the one that told to take over found its key in
// Engage again.
func (r Row) VoidedBy(from Row) bool { return from.Goal == GoalPresent && from.Run > r.Run }
