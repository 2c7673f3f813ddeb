package mapping

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"excs/shared/model"
)

// doubts are shards that the last Delta found to differ from their head: a writer died in between. The next PutIndex of
// this process sets the head right, so that later runs do not read them again.
type doubts struct {
	mu     sync.Mutex
	shards map[shardID]bool
}

func newDoubts() *doubts { return &doubts{shards: map[shardID]bool{}} }

func (d *doubts) add(id shardID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shards[id] = true
}

func (d *doubts) take() []shardID {
	d.mu.Lock()
	defer d.mu.Unlock()
	ids := inOrder(maps.Keys(d.shards))
	clear(d.shards)
	return ids
}

func (t *table) head(ctx context.Context, op string) (indexHead, item, error) {
	it, err := t.server.get(ctx, op, t.keys.head())
	if err != nil {
		return indexHead{}, nil, err
	}
	h, err := headOf(it)
	return h, it, err
}

func headOf(it item) (indexHead, error) {
	kinds, err := decodeHead(it.bytes(attrBody))
	if err != nil {
		return indexHead{}, model.Errorf(model.CodeInternal, "read index", "%w", err)
	}
	marked, err := decodeMarked(it.bytes(attrMarked), kinds)
	if err != nil {
		return indexHead{}, model.Errorf(model.CodeInternal, "read index", "%w", err)
	}
	return indexHead{run: it.number(attrRun), kinds: kinds, marked: marked}, nil
}

// Delta compares the desired fingerprints with the index; see IndexStore. It computes what each shard would be if nothing
// had changed and reads only shards whose digest in the head is another.
func (t *table) Delta(ctx context.Context, want map[model.Key]model.Fingerprint) (model.Delta, error) {
	t = t.in(ctx)
	head, _, err := t.head(ctx, "Delta")
	if err != nil {
		return model.Delta{}, inOp("compare with index", err)
	}
	d := model.Delta{Mapped: map[model.Kind]int{}}
	shards := split(want, head, &d)
	var differ []shardID
	for _, id := range inOrder(maps.Keys(shards)) {
		if e := shards[id]; e.sum() != head.kinds[id.kind][id.n] {
			differ = append(differ, id)
		}
	}
	for kind := range head.kinds {
		if n := head.total(kind); n > 0 {
			d.Mapped[kind] = n
		}
	}
	if err := t.compare(ctx, differ, shards, head, &d); err != nil {
		return model.Delta{}, inOp("compare with index", err)
	}
	slices.SortFunc(d.New, model.Key.Compare)
	slices.SortFunc(d.Changed, model.Key.Compare)
	slices.SortFunc(d.Lost, model.Key.Compare)
	slices.SortFunc(d.Marked, model.Key.Compare)
	return d, nil
}

// split deals the wanted keys to the shards of the head, all of them, empty ones too. Keys of kinds that the head does
// not know are new.
func split(want map[model.Key]model.Fingerprint, head indexHead, d *model.Delta) map[shardID]entries {
	shards := map[shardID]entries{}
	for kind, sums := range head.kinds {
		for n := range sums {
			shards[shardID{kind: kind, of: len(sums), n: n}] = entries{}
		}
	}
	for key, f := range want {
		sums := head.kinds[key.Kind]
		if len(sums) == 0 {
			d.New = append(d.New, key)
			continue
		}
		shards[shardOf(key.Kind, key.DBID, len(sums))][key.DBID] = f
	}
	return shards
}

// compare reads the shards that differ and finds the keys that do. Counts come from the shards themselves, so that a head
// that a dying writer left behind does not mislead the guard.
func (t *table) compare(ctx context.Context, differ []shardID, want map[shardID]entries, head indexHead, d *model.Delta) error {
	have, err := t.readShards(ctx, "Delta", differ)
	if err != nil {
		return err
	}
	for _, id := range differ {
		has, sum := have[id], head.kinds[id.kind][id.n]
		if has.sum() != sum {
			t.doubts.add(id)
			if d.Mapped[id.kind] += len(has) - sum.count; d.Mapped[id.kind] == 0 {
				delete(d.Mapped, id.kind)
			}
		}
		for dbid, f := range want[id] {
			was, known := has[dbid]
			switch key := (model.Key{Kind: id.kind, DBID: dbid}); {
			case !known:
				d.New = append(d.New, key)
			case was != f:
				d.Changed = append(d.Changed, key)
			}
		}
		for _, dbid := range has.marked() {
			d.Marked = append(d.Marked, model.Key{Kind: id.kind, DBID: dbid})
		}
		for dbid := range has {
			if _, wanted := want[id][dbid]; !wanted {
				d.Lost = append(d.Lost, model.Key{Kind: id.kind, DBID: dbid})
			}
		}
	}
	return nil
}

func (t *table) readShards(ctx context.Context, op string, ids []shardID) (map[shardID]entries, error) {
	ks := make([]itemKey, 0, len(ids))
	for _, id := range ids {
		ks = append(ks, t.keys.shard(id))
	}
	found, err := t.server.getMany(ctx, op, ks)
	if err != nil {
		return nil, err
	}
	shards := make(map[shardID]entries, len(ids))
	for i, id := range ids {
		if shards[id], err = shardEntries(found[ks[i]]); err != nil {
			return nil, err
		}
	}
	return shards, nil
}

func shardEntries(it item) (entries, error) {
	e, err := decodeEntries(it.bytes(attrBody))
	if err != nil {
		return nil, model.Errorf(model.CodeInternal, "read index", "%s: %w", it.key(), err)
	}
	return e, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
