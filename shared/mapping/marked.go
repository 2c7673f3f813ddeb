package mapping

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"excs/shared/model"
)

// Marked lists the keys that a run marked as being changed and that no run has unmarked, in order; see IndexStore. The head
// says which shards have any, so that it is one read when there are none.
func (t *table) Marked(ctx context.Context) ([]model.Key, error) {
	t = t.in(ctx)
	head, _, err := t.head(ctx, "Marked")
	if err != nil {
		return nil, inOp("list keys that are being changed", err)
	}
	if len(head.marked) == 0 {
		return nil, nil
	}
	shards, err := t.readShards(ctx, "Marked", slices.Collect(maps.Keys(head.marked)))
	if err != nil {
		return nil, inOp("list keys that are being changed", err)
	}
	var keys []model.Key
	for id, e := range shards {
		for _, dbid := range e.marked() {
			keys = append(keys, model.Key{Kind: id.kind, DBID: dbid})
		}
	}
	slices.SortFunc(keys, model.Key.Compare)
	return keys, nil
}

// marked gives the keys that are being changed.
func (e entries) marked() []int64 {
	var dbids []int64
	for dbid, f := range e {
		if f == model.BeingChanged {
			dbids = append(dbids, dbid)
		}
	}
	return dbids
}

// mark takes over the counts of written shards, and drops those of shards that the head does not name any more.
func (h *indexHead) mark(written map[shardID]int) {
	if h.marked == nil {
		h.marked = map[shardID]int{}
	}
	maps.Copy(h.marked, written)
	maps.DeleteFunc(h.marked, func(id shardID, n int) bool { return n == 0 || len(h.kinds[id.kind]) != id.of })
}

// encodeMarked writes per kind the numbers of the shards with keys that are being changed, each with how many. It is an
// attribute of its own beside the sums, so that a release that does not know it reads the head as ever.
func (h indexHead) encodeMarked() []byte {
	byKind := map[model.Kind][]int{}
	for id := range h.marked {
		byKind[id.kind] = append(byKind[id.kind], id.n)
	}
	var b []byte
	for _, kind := range sortedKeys(byKind) {
		shards := byKind[kind]
		slices.Sort(shards)
		b = binary.AppendUvarint(b, uint64(len(kind)))
		b = append(b, kind...)
		b = binary.AppendUvarint(b, uint64(len(shards)))
		for _, n := range shards {
			b = binary.AppendUvarint(b, uint64(n))                                                           //nolint:gosec // a shard's number is never negative
			b = binary.AppendUvarint(b, uint64(h.marked[shardID{kind: kind, of: len(h.kinds[kind]), n: n}])) //nolint:gosec // nor is a count
		}
	}
	return b
}

func decodeMarked(b []byte, kinds map[model.Kind][]shardSum) (map[shardID]int, error) {
	marked := map[shardID]int{}
	for r := (&headReader{b: b}); len(r.b) > 0; {
		kind := model.Kind(r.take(r.number()))
		for range r.number() {
			n, count := int(r.number()), int(r.number()) //nolint:gosec // number is bounded
			if r.bad {
				return nil, errHead
			}
			if of := len(kinds[kind]); n < of {
				marked[shardID{kind: kind, of: of, n: n}] = count
			}
		}
		if r.bad {
			return nil, errHead
		}
	}
	return marked, nil
}
