package run

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"excs/shared/model"
)

// identity is what tells who a Person or which line a DN is: four bytes of each identifying field, 0 for one that is not
// filled. Of a Person they are employee id, user name and e-mail; of a DN number and switch.
type identity []uint32

// identities are those of Persons and DNs, under the keys of the user and the queue that they become.
type identities map[model.Key]identity

// identitiesOf reads the rows themselves, before any rule says which of them count: a Person who left the scope is nobody
// else.
func identitiesOf(s *model.Snapshot) identities {
	all := make(identities, len(s.Persons)+len(s.DNs))
	for i := range s.Persons {
		p := &s.Persons[i]
		all[model.Key{Kind: model.KindUser, DBID: p.DBID}] = identity{digest(p.EmployeeID), digest(p.UserName), digest(p.Email)}
	}
	for i := range s.DNs {
		d := &s.DNs[i]
		all[model.Key{Kind: model.KindQueue, DBID: d.DBID}] = identity{digest(d.Number), digest(d.Switch)}
	}
	return all
}

func digest(field string) uint32 {
	if field = model.Fold(field); field == "" {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(field)) // a hash takes everything
	return max(1, h.Sum32())
}

// compare counts the fields that are filled both times, and those of them that differ.
func (i identity) compare(o identity) (both, differ int) {
	for n := range min(len(i), len(o)) {
		if i[n] == 0 || o[n] == 0 {
			continue
		}
		both++
		if i[n] != o[n] {
			differ++
		}
	}
	return both, differ
}

// isOther says whether the two are somebody else: every field that is filled both times differs, and at least two could
// be compared.
func (i identity) isOther(o identity) bool {
	both, differ := i.compare(o)
	return both >= 2 && both == differ
}

// after is the identity once the row is believed: a field that is empty now is remembered as it was.
func (i identity) after(was identity) identity {
	out := slices.Clone(i)
	for n := range min(len(out), len(was)) {
		if out[n] == 0 {
			out[n] = was[n]
		}
	}
	return out
}

const (
	othersAtLeast = 10 // how many must be somebody else at least
	othersShare   = 5  // one in so many of those that can be compared
	fewMapped     = 10 // below so many mapped Persons and DNs, that they are gone says nothing
)

// another says in a sentence why the rows are those of another database than the one that what is remembered came from,
// "" when they are not. Of a table that is wholly empty nothing is said: that is what the doubt about it is for.
func (was identities) another(now identities) string {
	there := map[model.Kind]bool{}
	for k := range now {
		there[k.Kind] = true
	}
	total, gone, comparable, others := 0, 0, 0, 0
	for k, before := range was {
		if !there[k.Kind] {
			continue
		}
		total++
		row, ok := now[k]
		if !ok {
			gone++
			continue
		}
		if both, _ := before.compare(row); both >= 2 {
			comparable++
		}
		if before.isOther(row) {
			others++
		}
	}
	switch {
	case others >= max(othersAtLeast, (comparable+othersShare-1)/othersShare):
		return fmt.Sprintf("%d of %d mapped Persons and DNs that can be compared are somebody else: this is another database than the one that the EX Org was made from", others, comparable)
	case total >= fewMapped && 2*gone > total:
		return fmt.Sprintf("%d of %d mapped Persons and DNs are gone at once: this is another database than the one that the EX Org was made from", gone, total)
	default:
		return ""
	}
}

// identityFormat is the first byte of packed identities.
const identityFormat = 1

// identityKinds are the kinds that have an identity, with the number of its fields. The order is part of the format.
func identityKinds() []model.Kind { return []model.Kind{model.KindUser, model.KindQueue} }

func fieldsOf(kind model.Kind) int {
	if kind == model.KindUser {
		return 3
	}
	return 2
}

// encode packs them: per kind their number, then each DBID as the difference to the one before, with four bytes a field.
func (was identities) encode() []byte {
	b := []byte{identityFormat}
	for _, kind := range identityKinds() {
		var dbids []int64
		for k := range was {
			if k.Kind == kind {
				dbids = append(dbids, k.DBID)
			}
		}
		slices.Sort(dbids)
		b = binary.AppendUvarint(b, uint64(len(dbids)))
		last := int64(0)
		for _, dbid := range dbids {
			b = binary.AppendVarint(b, dbid-last)
			last = dbid
			fields := was[model.Key{Kind: kind, DBID: dbid}]
			for n := range fieldsOf(kind) {
				b = binary.BigEndian.AppendUint32(b, fields[n])
			}
		}
	}
	return b
}

func decodeIdentities(b []byte) (identities, error) {
	bad := model.Errorf(model.CodeInternal, "read the identities", "they are damaged or of a later version of EXCS")
	all := identities{}
	if len(b) == 0 {
		return all, nil
	}
	if b[0] != identityFormat {
		return nil, bad
	}
	b = b[1:]
	for _, kind := range identityKinds() {
		n, used := binary.Uvarint(b)
		if used <= 0 {
			return nil, bad
		}
		b = b[used:]
		last := int64(0)
		for range n {
			diff, used := binary.Varint(b)
			if used <= 0 || len(b) < used+4*fieldsOf(kind) {
				return nil, bad
			}
			b = b[used:]
			last += diff
			fields := make(identity, fieldsOf(kind))
			for i := range fields {
				fields[i] = binary.BigEndian.Uint32(b[4*i:])
			}
			b = b[4*len(fields):]
			all[model.Key{Kind: kind, DBID: last}] = fields
		}
	}
	return all, nil
}

func (was identities) sum() string {
	if len(was) == 0 {
		return ""
	}
	sum := sha256.Sum256(was.encode())
	return hex.EncodeToString(sum[:8])
}

// bucketTarget is how many identities a bucket holds on average: about 6 KB.
const bucketTarget = 400

func bucketsFor(n int) int {
	if n <= bucketTarget {
		return 1
	}
	return 1 << bits.Len(uint((n-1)/bucketTarget))
}

// split deals them to buckets, so that an edit rewrites a few of them and not all.
func (was identities) split(of int) []identities {
	buckets := make([]identities, of)
	for n := range buckets {
		buckets[n] = identities{}
	}
	for k, i := range was {
		x := uint64(k.DBID) * 0x9e3779b97f4a7c15 //nolint:gosec // only its bits matter
		buckets[int(x>>40)&(of-1)][k] = i        //nolint:gosec // of is a small power of two
	}
	return buckets
}

// ledger is what the site knows of the identities that are remembered: the sum of each bucket.
type ledger struct {
	Sums []string `json:"sums"`
}

func (l ledger) sum() string {
	sum := sha256.Sum256([]byte(strings.Join(l.Sums, " ")))
	return hex.EncodeToString(sum[:8])
}

func ledgerOf(buckets []identities) ledger {
	l := ledger{Sums: make([]string, len(buckets))}
	for n, b := range buckets {
		l.Sums[n] = b.sum()
	}
	return l
}

// The documents that hold identities: those that the EX Org was made from, in buckets under a ledger; those of another
// database as it was first seen; and those that an accepted one took the place of.
const (
	docIdentities = "identities"
	docOther      = "identities-other"
	docFormer     = "identities-former"
)

func docBucket(of, n int) string { return fmt.Sprintf("%s-%d-%d", docIdentities, of, n) }

func loadIdentities(ctx context.Context, docs Documents, name string) (identities, error) {
	body, err := docs.GetDocument(ctx, name)
	if model.CodeOf(err) == model.CodeNotFound {
		return identities{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the document %s: %w", name, err)
	}
	return decodeIdentities(body)
}

func saveIdentities(ctx context.Context, docs Documents, name string, run int64, all identities) error {
	if err := docs.PutDocument(ctx, name, run, all.encode()); err != nil {
		return fmt.Errorf("write the document %s: %w", name, err)
	}
	return nil
}

// remembered gives the identities that the EX Org was made from. guess is what they are if nothing changed: only buckets
// that differ from it are read.
func remembered(ctx context.Context, docs Documents, known Known, guess identities) (identities, error) {
	if known.Buckets == 0 {
		return identities{}, nil
	}
	buckets := guess.split(known.Buckets)
	if ledgerOf(buckets).sum() == known.Sum {
		return guess, nil
	}
	var l ledger
	if err := load(ctx, docs, docIdentities, &l); err != nil {
		return nil, err
	}
	all := identities{}
	for n, sum := range l.Sums {
		bucket := identities{}
		if len(l.Sums) == known.Buckets {
			bucket = buckets[n]
		}
		if bucket.sum() != sum {
			var err error
			if bucket, err = loadIdentities(ctx, docs, docBucket(len(l.Sums), n)); err != nil {
				return nil, err
			}
		}
		maps.Copy(all, bucket)
	}
	return all, nil
}

// remember writes the buckets that changed, then the ledger; a run that dies in between leaves buckets of both, each of
// which was true.
func (was identities) remember(ctx context.Context, docs Documents, run int64, known Known, next identities) (Known, error) {
	buckets := next.split(max(known.Buckets, bucketsFor(len(next))))
	l := ledgerOf(buckets)
	now := Known{Buckets: len(buckets), Sum: l.sum()}
	if now == known {
		return known, nil
	}
	before := ledger{}
	if known.Buckets == now.Buckets {
		before = ledgerOf(was.split(known.Buckets))
	}
	for n, b := range buckets {
		if before.Sums != nil && before.Sums[n] == l.Sums[n] {
			continue
		}
		if err := saveIdentities(ctx, docs, docBucket(len(buckets), n), run, b); err != nil {
			return known, err
		}
	}
	return now, save(ctx, docs, docIdentities, run, l)
}
