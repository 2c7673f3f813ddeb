package mapping

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"excs/shared/model"
	"golang.org/x/sync/errgroup"
)

// shardWriters bounds how many shards are written side by side.
const shardWriters = 8

// indexWrite is one PutIndex on its way.
type indexWrite struct {
	t    *table
	run  int64
	head indexHead
	// touched are the changes by shard, in the shards that the head knows.
	touched map[shardID]entries

	mu sync.Mutex
	// sums are the new sums of written shards; grown the kinds that moved to more shards, with all sums.
	sums map[shardID]shardSum
	// marked counts the keys that are being changed in each written shard.
	marked map[shardID]int
	grown  map[model.Kind][]shardSum
	// left are shards that no head will name any more.
	left []shardID
}

// PutIndex writes changed fingerprints, 0 removes a key; see IndexStore. It also sets right what the last Delta found
// wrong, so call it after every run; with nothing to do it sends nothing.
//
// The order makes every crash harmless: shards are written first, each on condition that no later run wrote it, then the
// head with their digests. A crash in between leaves shards that differ from their digests: the next Delta reads them and
// finds the truth. When a kind outgrows its shards, all its keys are written into twice as many new ones, which nobody
// reads until the head names them.
func (t *table) PutIndex(ctx context.Context, run int64, changed map[model.Key]model.Fingerprint) error {
	t = t.in(ctx)
	doubts := t.doubts.take()
	if len(changed) == 0 && len(doubts) == 0 {
		return nil
	}
	w := &indexWrite{t: t, run: run, touched: map[shardID]entries{}, sums: map[shardID]shardSum{}, marked: map[shardID]int{}, grown: map[model.Kind][]shardSum{}}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return w.begin(ctx, changed) },
		func(context.Context) error { w.deal(changed, doubts); return nil },
		w.writeShards,
		w.writeHead,
		w.cleanUp,
	} {
		if err := step(ctx); err != nil {
			return inOp("write index", err)
		}
	}
	return nil
}

// begin reads the head and announces kinds that it does not know, with empty shards: from then on a crash leaves shards
// that the next Delta looks at.
func (w *indexWrite) begin(ctx context.Context, changed map[model.Key]model.Fingerprint) error {
	newcomers := map[model.Kind]int{}
	for key, f := range changed {
		if f != 0 {
			newcomers[key.Kind]++
		}
	}
	head, stored, err := w.t.head(ctx, "PutIndex read")
	if err != nil {
		return err
	}
	w.head = head
	_, err = w.t.replace(ctx, "PutIndex", w.t.keys.head(), stored, func(old item) (item, error) {
		head, err := w.fence(old)
		if err != nil {
			return nil, err
		}
		next := head.clone()
		for kind, n := range newcomers {
			if len(next.kinds[kind]) == 0 {
				next.kinds[kind] = make([]shardSum, shardsFor(n))
			}
		}
		w.head = next
		if maps.EqualFunc(head.kinds, next.kinds, func(a, b []shardSum) bool { return len(a) == len(b) }) {
			return nil, errUnchanged
		}
		next.run = w.run
		return next.item(), nil
	})
	return err
}

// fence refuses a head that a later run wrote.
func (w *indexWrite) fence(it item) (indexHead, error) {
	head, err := headOf(it)
	if err == nil && head.run > w.run {
		err = model.Errorf(model.CodeStale, "", "run %d wrote the index before run %d", head.run, w.run)
	}
	return head, err
}

func (h indexHead) item() item {
	it := item{}
	it.setNumber(attrRun, h.run)
	it.setBytes(attrBody, h.encode())
	if marks := h.encodeMarked(); len(marks) > 0 {
		it.setBytes(attrMarked, marks)
	}
	return it
}

// deal gives the changes to their shards. A key to remove of a kind without shards is not there.
func (w *indexWrite) deal(changed map[model.Key]model.Fingerprint, doubts []shardID) {
	for key, f := range changed {
		of := len(w.head.kinds[key.Kind])
		if of == 0 {
			continue
		}
		id := shardOf(key.Kind, key.DBID, of)
		if w.touched[id] == nil {
			w.touched[id] = entries{}
		}
		w.touched[id][key.DBID] = f
	}
	for _, id := range doubts {
		if w.touched[id] == nil && len(w.head.kinds[id.kind]) == id.of {
			w.touched[id] = entries{}
		}
	}
}

// apply changes entries; 0 removes.
func (e entries) apply(changes entries) {
	for dbid, f := range changes {
		if f == 0 {
			delete(e, dbid)
			continue
		}
		e[dbid] = f
	}
}

// writeShards writes touched shards of kinds that still fit, and moves the others.
func (w *indexWrite) writeShards(ctx context.Context) error {
	growing, err := w.growing(ctx)
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(shardWriters)
	for _, id := range inOrder(maps.Keys(w.touched)) {
		if changes := w.touched[id]; growing[id.kind] == 0 {
			group.Go(func() error {
				return w.writeShard(groupCtx, id, func(e entries) entries { e.apply(changes); return e })
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, kind := range sortedKeys(growing) {
		if err := w.grow(ctx, kind, growing[kind]); err != nil {
			return err
		}
	}
	return nil
}

// growing finds the kinds that outgrow their shards, with their new number. Only kinds that might are read.
func (w *indexWrite) growing(ctx context.Context) (map[model.Kind]int, error) {
	most := map[model.Kind]int{}
	for id, changes := range w.touched {
		most[id.kind] += len(changes)
	}
	growing := map[model.Kind]int{}
	for _, kind := range sortedKeys(most) {
		n, of := most[kind], len(w.head.kinds[kind])
		if shardsFor(w.head.total(kind)+n) <= of {
			continue
		}
		all, err := w.contents(ctx, kind)
		if err != nil {
			return nil, err
		}
		if n := shardsFor(len(all)); n > of {
			growing[kind] = n
		}
	}
	return growing, nil
}

// contents reads all shards of a kind, with the changes applied.
func (w *indexWrite) contents(ctx context.Context, kind model.Kind) (entries, error) {
	var ids []shardID
	for n := range w.head.kinds[kind] {
		ids = append(ids, shardID{kind: kind, of: len(w.head.kinds[kind]), n: n})
	}
	shards, err := w.t.readShards(ctx, "PutIndex read", ids)
	if err != nil {
		return nil, err
	}
	all := entries{}
	for _, id := range ids {
		maps.Copy(all, shards[id])
		all.apply(w.touched[id])
	}
	return all, nil
}

// grow writes all keys of a kind into of new shards. What a writer that died left in them is replaced.
func (w *indexWrite) grow(ctx context.Context, kind model.Kind, of int) error {
	all, err := w.contents(ctx, kind)
	if err != nil {
		return err
	}
	shards := make([]entries, of)
	for n := range shards {
		shards[n] = entries{}
	}
	for dbid, f := range all {
		shards[shardOf(kind, dbid, of).n][dbid] = f
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(shardWriters)
	for n, e := range shards {
		group.Go(func() error {
			return w.writeShard(ctx, shardID{kind: kind, of: of, n: n}, func(entries) entries { return e })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	sums := make([]shardSum, of)
	for n := range sums {
		sums[n] = w.sums[shardID{kind: kind, of: of, n: n}]
	}
	w.grown[kind] = sums
	for n := range w.head.kinds[kind] {
		w.left = append(w.left, shardID{kind: kind, of: len(w.head.kinds[kind]), n: n})
	}
	return nil
}

// writeShard changes one shard, unless a later run wrote it.
func (w *indexWrite) writeShard(ctx context.Context, id shardID, change func(entries) entries) error {
	var sum shardSum
	var marked int
	_, err := w.t.mutate(ctx, "PutIndex", w.t.keys.shard(id), func(old item) (item, error) {
		if was := old.number(attrRun); was > w.run {
			return nil, model.Errorf(model.CodeStale, "", "run %d wrote a shard before run %d", was, w.run)
		}
		e, err := shardEntries(old)
		if err != nil {
			return nil, err
		}
		before := e.sum()
		e = change(e)
		sum, marked = e.sum(), len(e.marked())
		if sum == before {
			return nil, errUnchanged
		}
		if len(e) == 0 {
			return nil, nil
		}
		next := item{}
		next.setNumber(attrRun, w.run)
		next.setBytes(attrBody, e.encode())
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("shard %d of %d of kind %s: %w", id.n, id.of, id.kind, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sums[id], w.marked[id] = sum, marked
	return nil
}

// writeHead makes the new sums visible at once.
func (w *indexWrite) writeHead(ctx context.Context) error {
	_, err := w.t.mutate(ctx, "PutIndex", w.t.keys.head(), func(old item) (item, error) {
		head, err := w.fence(old)
		if err != nil {
			return nil, err
		}
		next := head.clone()
		next.run = w.run
		for id, sum := range w.sums {
			if w.grown[id.kind] != nil {
				continue
			}
			if len(next.kinds[id.kind]) != id.of {
				return nil, model.Errorf(model.CodeStale, "", "another writer of run %d changed the shards of kind %s", head.run, id.kind)
			}
			next.kinds[id.kind][id.n] = sum
		}
		maps.Copy(next.kinds, w.grown)
		next.mark(w.marked)
		if next.equal(head) {
			return nil, errUnchanged
		}
		return next.item(), nil
	})
	return err
}

// cleanUp removes shards that were outgrown.
func (w *indexWrite) cleanUp(ctx context.Context) error {
	for _, id := range w.left {
		if _, err := w.t.mutate(ctx, "PutIndex", w.t.keys.shard(id), func(item) (item, error) { return nil, nil }); err != nil {
			return fmt.Errorf("the index is written; removing outgrown shards: %w", err)
		}
	}
	return nil
}
