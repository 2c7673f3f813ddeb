package mapping

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// twinIndex is the twin's sparse index: what List sees, later than what was written.
type twinIndex struct {
	draw *rand.Rand
	max  time.Duration
	// seen is the index as it shows, by hash; at is where each item stands in it.
	seen map[string]map[itemKey]item
	at   map[itemKey]string
	// coming are writes that do not show yet, in the order in which they will.
	coming []indexChange
	// last is when the last change of an item shows: changes of one item never overtake each other.
	last map[itemKey]time.Time
}

type indexChange struct {
	shows time.Time
	key   itemKey
	next  item // the projected item, nil to drop it
}

func newTwinIndex(seed int64, max time.Duration) *twinIndex {
	return &twinIndex{draw: newDraw(seed), max: max, seen: map[string]map[itemKey]item{}, at: map[itemKey]string{}, last: map[itemKey]time.Time{}}
}

// write takes over one write of the table and gives the write units that it costs on the index.
func (x *twinIndex) write(k itemKey, old, next item, now time.Time) float64 {
	before, after := project(old), project(next)
	if before == nil && after == nil || string(encodeBytes(before)) == string(encodeBytes(after)) {
		return 0
	}
	if _, waits := x.last[k]; waits {
		x.settle(now)
	}
	c := indexChange{shows: now, key: k, next: after}
	if x.max > 0 {
		c.shows = now.Add(time.Duration(x.draw.Int64N(int64(x.max) + 1)))
	}
	if last := x.last[k]; c.shows.Before(last) {
		c.shows = last
	}
	if !c.shows.After(now) {
		x.show(c)
	} else {
		x.last[k] = c.shows
		x.coming = append(x.coming, c)
	}
	return x.charge(before, after)
}

// charge is DynamoDB's: a write that moves an item within the index costs two.
func (x *twinIndex) charge(before, after item) float64 {
	n := 0.0
	if before != nil && (after == nil || before.text(AttrIndexPK) != after.text(AttrIndexPK)) {
		n += writeUnits(before.size())
	}
	if after != nil {
		n += writeUnits(after.size())
	}
	return n
}

func project(it item) item {
	if !it.has(AttrIndexPK) || !it.has(AttrIndexSK) {
		return nil
	}
	p := item{}
	for _, name := range append(projected(), AttrPK, AttrSK, AttrIndexPK, AttrIndexSK) {
		if it.has(name) {
			p[name] = it[name]
		}
	}
	return p
}

func (x *twinIndex) show(c indexChange) {
	if hash, ok := x.at[c.key]; ok {
		delete(x.seen[hash], c.key)
		delete(x.at, c.key)
	}
	if c.next == nil {
		return
	}
	hash := c.next.text(AttrIndexPK)
	if x.seen[hash] == nil {
		x.seen[hash] = map[itemKey]item{}
	}
	x.seen[hash][c.key] = c.next
	x.at[c.key] = hash
}

// settle shows what is due.
func (x *twinIndex) settle(now time.Time) {
	x.coming = slices.DeleteFunc(x.coming, func(c indexChange) bool {
		due := !c.shows.After(now)
		if due {
			x.show(c)
			if x.last[c.key].Equal(c.shows) {
				delete(x.last, c.key)
			}
		}
		return due
	})
}

// list reads one partition of the index. It is charged page by page, at half price.
func (tw *twin) list(ctx context.Context, op string, hash string) ([]item, error) {
	if err := tw.reading(ctx, op, itemKey{pk: hash}); err != nil {
		return nil, err
	}
	tw.mu.Lock()
	defer tw.mu.Unlock()
	tw.index.settle(tw.clock())
	found := make([]item, 0, len(tw.index.seen[hash]))
	size := 0
	for _, it := range tw.index.seen[hash] {
		found = append(found, it.clone())
		size += it.size()
	}
	tw.units.Reads += readUnits(size) / 2
	slices.SortFunc(found, func(a, b item) int { return strings.Compare(a.text(AttrIndexSK), b.text(AttrIndexSK)) })
	return found, nil
}

// parts reads the items of one partition by their sort key. It is only used for large documents, so it may look at
// every item.
func (tw *twin) parts(ctx context.Context, op string, pk, prefix string) ([]item, error) {
	if err := tw.reading(ctx, op, itemKey{pk: pk, sk: prefix}); err != nil {
		return nil, err
	}
	tw.mu.Lock()
	defer tw.mu.Unlock()
	var found []item
	size := 0
	for k, b := range tw.items {
		if k.pk != pk || !strings.HasPrefix(k.sk, prefix) {
			continue
		}
		it, err := decodeBytes(b)
		if err != nil {
			return nil, err
		}
		found = append(found, it)
		size += it.size()
	}
	tw.units.Reads += readUnits(size)
	slices.SortFunc(found, func(a, b item) int { return strings.Compare(a.text(AttrSK), b.text(AttrSK)) })
	return found, nil
}
