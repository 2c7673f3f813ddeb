package mapping

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// These tests are inside the package: the packed forms are nobody else's business.

// What is packed comes back, whatever its size, and repetitive text gets smaller.
func TestPackedBytesComeBack(t *testing.T) {
	c := newCodec()
	for name, pack := range map[string]func([]byte) ([]byte, error){"rows": c.pack, "documents": c.packSmall} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				raw := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes"), rapid.IntRange(0, 20).Draw(t, "times"))
				packed, err := pack(raw)
				if err != nil {
					t.Fatal(err)
				}
				got, err := unpack(packed)
				if err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("packed %d bytes, got %d back: %v", len(raw), len(got), err)
				}
				if len(packed) > len(raw)+1 {
					t.Fatalf("%d bytes became %d", len(raw), len(packed))
				}
			})
		})
	}
	packed, err := c.pack([]byte(strings.Repeat("long text ", 1000)))
	if err != nil || len(packed) > 500 {
		t.Errorf("10,000 repetitive bytes became %d: %v", len(packed), err)
	}
}

// Damaged bytes are an error that says so, never a panic.
func TestDamagedBytesAreAnError(t *testing.T) {
	for name, damaged := range map[string][]byte{"an unknown form": []byte("?abc"), "no deflate stream": {packedFlate, 0xff, 0xff, 0xff}, "a cut stream": {packedFlate}} {
		if got, err := unpack(damaged); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// Shards keep their entries in any order they were added, at about ten bytes each, and equal entries have equal digests.
func TestShardsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries{}
		for dbid, f := range rapid.MapOf(rapid.Int64Range(0, math.MaxInt64), rapid.Uint64Range(1, math.MaxUint64)).Draw(t, "entries") {
			e[dbid] = model.Fingerprint(f)
		}
		got, err := decodeEntries(e.encode())
		if err != nil || !maps.Equal(got, e) || got.sum() != e.sum() {
			t.Fatalf("%v came back as %v: %v", e, got, err)
		}
		for dbid := range e {
			other := maps.Clone(e)
			other[dbid]++
			if other.sum() == e.sum() {
				t.Fatal("another fingerprint, the same digest")
			}
		}
	})
	e := entries{}
	for i := range int64(shardTarget) {
		e[100+3*i] = model.Fingerprint(i + 1)
	}
	if n := len(e.encode()); n > 4096 {
		t.Errorf("a full shard takes %d bytes, more than a read unit", n)
	}
}

// The head keeps its sums.
func TestHeadsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := indexHead{kinds: map[model.Kind][]shardSum{}}
		for _, kind := range rapid.SliceOf(rapid.SampledFrom(model.Kinds())).Draw(t, "kinds") {
			sums := make([]shardSum, rapid.IntRange(1, 40).Draw(t, "shards"))
			for i := range sums {
				sums[i] = shardSum{digest: rapid.Uint64().Draw(t, "digest"), count: rapid.IntRange(0, 5000).Draw(t, "count")}
			}
			h.kinds[kind] = sums
		}
		kinds, err := decodeHead(h.encode())
		if err != nil || !(indexHead{kinds: kinds}).equal(h) {
			t.Fatalf("%v came back as %v: %v", h.kinds, kinds, err)
		}
	})
}

// The number of shards holds the average within the target, is a power of two, and never shrinks as keys are added.
func TestShardsForGrows(t *testing.T) {
	last := 1
	for keys := range 200_000 {
		n := shardsFor(keys)
		if n&(n-1) != 0 || n < last || keys > n*shardTarget {
			t.Fatalf("%d keys in %d shards after %d", keys, n, last)
		}
		last = n
	}
}

// DBIDs that come in runs or in steps spread over the shards.
func TestShardsAreEven(t *testing.T) {
	for _, step := range []int64{1, 2, 64, 1000} {
		counts := make([]int, 64)
		for i := range int64(64 * 200) {
			counts[shardOf(model.KindUser, 101+i*step, 64).n]++
		}
		if slices.Min(counts) < 120 || slices.Max(counts) > 280 {
			t.Errorf("with DBIDs %d apart a shard holds %d to %d of 200", step, slices.Min(counts), slices.Max(counts))
		}
	}
}

// A pace never gives out more than is allowed.
func TestPaceStaysWithinTheLimit(t *testing.T) {
	for allowed := 1; allowed <= 3000; allowed++ {
		p := PaceOf(allowed)
		perMinute := (60_000 + p.Step.Milliseconds() - 1) / p.Step.Milliseconds()
		if int(perMinute)+p.Burst-1 > allowed || p.Burst < 1 || p.Rate < 1 {
			t.Fatalf("of %d allowed: %+v gives %d and a burst", allowed, p, perMinute)
		}
	}
	if p := PaceOf(300); p.Rate != 290 || p.Burst != 10 || p.Step.Milliseconds() != 207 {
		t.Errorf("the pace of 300 a minute is %+v", p)
	}
}

// A document beyond what 64 parts hold is refused before anything is written.
func TestDocumentBeyondItsPartsIsInvalid(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	err := m.putParts(t.Context(), "plan", make([]byte, maxParts*partSize+1), item{})
	if model.CodeOf(err) != model.CodeInvalid || m.Items() != 0 {
		t.Errorf("%d parts were written: %v", m.Items(), err)
	}
	if err := m.putParts(t.Context(), "plan", make([]byte, 3*partSize), item{}); err != nil || m.Items() != 3 {
		t.Errorf("%d of 3 parts were written: %v", m.Items(), err)
	}
}

// FuzzPackedForms feeds the readers of packed forms whatever comes: they answer or refuse, and what they read they write
// back alike.
func FuzzPackedForms(f *testing.F) {
	f.Add(entries{1: 2, 300: 4}.encode())
	f.Add(indexHead{kinds: map[model.Kind][]shardSum{model.KindUser: {{1, 2}}}}.encode())
	f.Add([]byte{packedFlate, 3, 0})
	f.Add(encodeBytes(item{AttrPK: numberValue(3)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := decodeEntries(b); err == nil {
			again, err := decodeEntries(e.encode())
			if err != nil || !maps.Equal(again, e) {
				t.Errorf("entries %v came back as %v: %v", e, again, err)
			}
		}
		if kinds, err := decodeHead(b); err == nil {
			again, err := decodeHead(indexHead{kinds: kinds}.encode())
			if err != nil || len(again) != len(kinds) {
				t.Errorf("head %v came back as %v: %v", kinds, again, err)
			}
		}
		if _, err := unpack(b); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		if len(b) > 0 {
			if it, err := decodeBytes(b); err == nil && it == nil {
				t.Error("bytes gave no item")
			}
		}
	})
}
