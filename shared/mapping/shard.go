package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"math/bits"
	"slices"

	"excs/shared/model"
)

// shardID names shard n of the shards of one kind.
type shardID struct {
	kind  model.Kind
	of, n int
}

func (id shardID) compare(o shardID) int {
	return cmp.Or(cmp.Compare(id.kind, o.kind), cmp.Compare(id.of, o.of), cmp.Compare(id.n, o.n))
}

// inOrder gives shards in one order, so that the same changes make the same requests.
func inOrder(ids iter.Seq[shardID]) []shardID { return slices.SortedFunc(ids, shardID.compare) }

// shardTarget is how many keys a shard holds on average before the kind's shards are doubled: 400 entries of about 10
// bytes are one read unit.
const shardTarget = 400

// shardsFor gives the number of shards, a power of two, for so many keys.
func shardsFor(keys int) int {
	if keys <= shardTarget {
		return 1
	}
	return 1 << bits.Len(uint((keys-1)/shardTarget))
}

// shardOf places a DBID. DBIDs come in runs, so their bits are mixed first (the finaliser of splitmix64).
func shardOf(kind model.Kind, dbid int64, of int) shardID {
	x := uint64(dbid) //nolint:gosec // only its bits matter
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return shardID{kind: kind, of: of, n: int(x & uint64(of-1))} //nolint:gosec // of is at least 1, and the result below it
}

// entries are the desired fingerprints of one shard, by DBID.
type entries map[int64]model.Fingerprint

// shardFormat is the first byte of a packed shard.
const shardFormat = 1

// encode packs entries: DBIDs in order as differences, each with the 8 bytes of its fingerprint. Fingerprints are hashes, so
// nothing compresses further.
func (e entries) encode() []byte {
	if len(e) == 0 {
		return nil
	}
	b := make([]byte, 1, 1+len(e)*11)
	b[0] = shardFormat
	last := int64(0)
	for _, dbid := range sortedKeys(e) {
		b = binary.AppendVarint(b, dbid-last)
		b = binary.BigEndian.AppendUint64(b, uint64(e[dbid]))
		last = dbid
	}
	return b
}

var errShard = errors.New("the shard is damaged or of a later version of EXCS")

func decodeEntries(b []byte) (entries, error) {
	e := entries{}
	if len(b) == 0 {
		return e, nil
	}
	if b[0] != shardFormat {
		return nil, errShard
	}
	last := int64(0)
	for b = b[1:]; len(b) > 0; {
		diff, n := binary.Varint(b)
		if n <= 0 || len(b) < n+8 {
			return nil, errShard
		}
		last += diff
		e[last] = model.Fingerprint(binary.BigEndian.Uint64(b[n:]))
		b = b[n+8:]
	}
	return e, nil
}

// shardSum is what the head knows of a shard: 0, 0 for an empty one.
type shardSum struct {
	digest uint64
	count  int
}

func (e entries) sum() shardSum {
	if len(e) == 0 {
		return shardSum{}
	}
	digest := sha256.Sum256(e.encode())
	return shardSum{digest: binary.BigEndian.Uint64(digest[:8]), count: len(e)}
}

// indexHead is the head item: per kind the sums of all its shards. A no-change run reads this and nothing else.
type indexHead struct {
	run   int64
	kinds map[model.Kind][]shardSum
	// marked counts the keys that are being changed in each shard that has any.
	marked map[shardID]int
}

// total counts the keys of a kind.
func (h indexHead) total(kind model.Kind) int {
	n := 0
	for _, s := range h.kinds[kind] {
		n += s.count
	}
	return n
}

func (h indexHead) clone() indexHead {
	kinds := make(map[model.Kind][]shardSum, len(h.kinds))
	for k, sums := range h.kinds {
		kinds[k] = slices.Clone(sums)
	}
	return indexHead{run: h.run, kinds: kinds, marked: maps.Clone(h.marked)}
}

func (h indexHead) equal(o indexHead) bool {
	return h.run == o.run && maps.Equal(h.marked, o.marked) && maps.EqualFunc(h.kinds, o.kinds, slices.Equal[[]shardSum])
}

func (h indexHead) encode() []byte {
	b := []byte{shardFormat}
	for _, kind := range sortedKeys(h.kinds) {
		b = binary.AppendUvarint(b, uint64(len(kind)))
		b = append(b, kind...)
		b = binary.AppendUvarint(b, uint64(len(h.kinds[kind])))
		for _, s := range h.kinds[kind] {
			b = binary.BigEndian.AppendUint64(b, s.digest)
			b = binary.AppendUvarint(b, uint64(s.count)) //nolint:gosec // a count is never negative
		}
	}
	return b
}

var errHead = errors.New("the head of the index is damaged or of a later version of EXCS")

func decodeHead(b []byte) (map[model.Kind][]shardSum, error) {
	kinds := map[model.Kind][]shardSum{}
	if len(b) == 0 {
		return kinds, nil
	}
	if b[0] != shardFormat {
		return nil, errHead
	}
	r := headReader{b: b[1:]}
	for len(r.b) > 0 && !r.bad {
		kind := model.Kind(r.take(r.number()))
		n := r.number()
		if n > uint64(len(r.b)) {
			return nil, errHead
		}
		sums := make([]shardSum, 0, n)
		for range n {
			if digest := r.take(8); !r.bad {
				sums = append(sums, shardSum{digest: binary.BigEndian.Uint64(digest), count: int(r.number())}) //nolint:gosec // number is bounded
			}
		}
		kinds[kind] = sums
	}
	if r.bad {
		return nil, errHead
	}
	return kinds, nil
}

// headReader reads and remembers that it could not.
type headReader struct {
	b   []byte
	bad bool
}

func (r *headReader) number() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 || n > maxItem {
		r.bad = true
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *headReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}
