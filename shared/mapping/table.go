package mapping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"excs/shared/model"
)

// server is the little that EXCS needs of DynamoDB: single items, conditional writes, one index. The table itself
// (Dynamo) and the twin (Memory) differ in nothing else, so every promise of Store is kept by the same code.
//
// op is the Store method at work; reads that a writing method does first add " read".
type server interface {
	// get reads one item, consistently; nil when it is absent.
	get(ctx context.Context, op string, k itemKey) (item, error)
	// getMany reads items, consistently; absent ones are not in the map.
	getMany(ctx context.Context, op string, ks []itemKey) (map[itemKey]item, error)
	// put writes the whole item if the stored one carries the stamp was ("": if there is none), else *conditionError.
	put(ctx context.Context, op string, it item, was string) error
	// remove drops the item on the same condition.
	remove(ctx context.Context, op string, k itemKey, was string) error
	// update changes numbers of one item without reading it first, and gives the item as it is then.
	update(ctx context.Context, op string, k itemKey, u update) (item, error)
	// list reads one partition of the sparse index, eventually consistent.
	list(ctx context.Context, op string, hash string) ([]item, error)
	// parts reads the items of one partition of the table whose sort key starts with prefix, consistently.
	parts(ctx context.Context, op string, pk, prefix string) ([]item, error)
	// tableID gives the table's own id.
	tableID(ctx context.Context) (string, error)
}

// conditionError says that a conditional write was refused. current is the item that stood in the way, nil when there is
// none or the server did not say (some emulators do not).
type conditionError struct{ current item }

func (e *conditionError) Error() string { return "the item changed in the meantime" }

// errUnchanged is what a change returns when there is nothing to write.
var errUnchanged = errors.New("nothing to write")

// maxAttempts bounds how often a write is tried again because another writer was faster. Each round at least one writer
// gets through, so this is also how many writers may meet on one item.
const maxAttempts = 64

// table keeps the promises of Store on a server. It is embedded by Dynamo and Memory.
type table struct {
	Options
	server server
	keys   keys
	codec  *codec
	rates  *rates
	doubts *doubts

	tenant string
	space  Space // the part of the table that this view of it works in
	views  *views
}

func newTable(s server, tenant string, o Options) *table {
	return &table{
		Options: o.withDefaults(), server: s, keys: keys{tenant}, codec: newCodec(), rates: newRates(), doubts: newDoubts(),
		tenant: tenant, space: Space{Plain: true}, views: &views{all: map[Space]*table{}},
	}
}

// live gives the item, nil when it is absent or expired.
func (t *table) live(it item) item {
	if it == nil || it.expired(t.Clock()) {
		return nil
	}
	return it
}

func (t *table) get(ctx context.Context, op string, k itemKey) (item, error) {
	it, err := t.server.get(ctx, op, k)
	if err != nil {
		return nil, err
	}
	return t.live(it), nil
}

func (t *table) getMany(ctx context.Context, op string, ks []itemKey) (map[itemKey]item, error) {
	found, err := t.server.getMany(ctx, op, ks)
	if err != nil {
		return nil, err
	}
	for k, it := range found {
		if t.live(it) == nil {
			delete(found, k)
		}
	}
	return found, nil
}

// mutate reads an item, lets change make the next one from it (nil: there is none; nil result: drop it) and writes that
// if nobody else wrote in between, else tries again from what stands there now. Every item carries the stamp of its last
// write, which is the condition of the next one.
func (t *table) mutate(ctx context.Context, op string, k itemKey, change func(old item) (item, error)) (item, error) {
	stored, err := t.server.get(ctx, op+" read", k)
	if err != nil {
		return nil, err
	}
	return t.replace(ctx, op, k, stored, change)
}

// replace is mutate for a caller that has just read the item.
func (t *table) replace(ctx context.Context, op string, k itemKey, stored item, change func(old item) (item, error)) (item, error) {
	for range maxAttempts {
		next, err := change(t.live(stored).clone())
		if errors.Is(err, errUnchanged) {
			return t.live(stored), nil
		}
		if err != nil {
			return nil, err
		}
		done, current, err := t.write(ctx, op, k, stored, next)
		if err != nil || done {
			return next, err
		}
		stored = current
	}
	return nil, model.Errorf(model.CodeUnavailable, op, "item %s changed under %d attempts to write it: too many writers, try again", k, maxAttempts)
}

// write replaces stored by next. done is false when another writer was faster; current is then what it wrote.
//
// An answer can be lost after the write was done; the SDK then sends it again and is refused by its own first attempt.
// The stamp tells: if the item in the way carries ours, the write is done.
func (t *table) write(ctx context.Context, op string, k itemKey, stored, next item) (done bool, current item, err error) {
	if next == nil && stored == nil {
		return true, nil, nil
	}
	if next == nil {
		err = t.server.remove(ctx, op, k, stored.text(attrStamp))
	} else {
		next.setText(AttrPK, k.pk)
		next.setText(AttrSK, k.sk)
		next.setText(attrStamp, t.Stamps())
		if n := next.size(); n > maxItem {
			return false, nil, model.Errorf(model.CodeInvalid, op,
				"item %s would take %d KB, DynamoDB holds %d KB an item: the object is too large for the mapping table", k, n>>10, maxItem>>10)
		}
		err = t.server.put(ctx, op, next, stored.text(attrStamp))
	}
	var refused *conditionError
	if !errors.As(err, &refused) {
		return err == nil, nil, err
	}
	if current = refused.current; current == nil {
		if current, err = t.server.get(ctx, op+" read", k); err != nil {
			return false, nil, err
		}
	}
	return isOwn(next, current), current, nil
}

func isOwn(next, current item) bool {
	if next == nil || current == nil {
		return next == nil && current == nil
	}
	return next.text(attrStamp) == current.text(attrStamp)
}

// update is a change of numbers that needs no read: set and add, if all conditions hold.
type update struct {
	set  map[string]int64
	add  map[string]int64
	when []condition
}

// condition compares a number attribute.
type condition struct {
	attr string
	op   comparison
	n    int64
}

type comparison int

const (
	equals comparison = iota
	atLeast
	atMost
	absent
	absentOrBelow
)

func (c condition) holds(it item) bool {
	n, has := it.number(c.attr), it.has(c.attr)
	switch c.op {
	case equals:
		return has && n == c.n
	case atLeast:
		return has && n >= c.n
	case atMost:
		return has && n <= c.n
	case absent:
		return !has
	default:
		return !has || n < c.n
	}
}

func notFound(op string, key model.Key) error {
	return &model.Error{Code: model.CodeNotFound, Op: op, Key: key, Err: errors.New("there is no row of this key in the mapping table")}
}

func wrapKey(op string, key model.Key, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", op, key, err)
}

func utc(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Round(0)
}
