package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
)

// Names of the attributes that the table's definition knows. infra builds the table from Schema; a test compares both.
const (
	AttrPK      = "pk"
	AttrSK      = "sk"
	AttrIndexPK = "xpk"
	AttrIndexSK = "xsk"
	AttrTTL     = "ttl"
	// IndexName is the sparse index of rows that are neither converged nor gone.
	IndexName = "unconverged"
)

// Names of the other attributes. They are short because DynamoDB charges for their bytes.
const (
	attrStamp    = "w" // the last write's stamp: the optimistic lock of every item
	attrMarked   = "marked"
	attrRun      = "run"
	attrVersion  = "ver"
	attrGoal     = "goal"
	attrState    = "state"
	attrSince    = "since"
	attrOpen     = "open"
	attrReason   = "why"
	attrEXID     = "ex"
	attrApplied  = "applied"
	attrAdopt    = "adopt"
	attrFrom     = "from"
	attrApproved = "ok"
	attrIntent   = "it"
	attrIntentAt = "iat"
	attrQueued   = "qt"
	attrQueuedAt = "qat"
	attrLane     = "lane"
	attrWorking  = "wk"
	attrFormat   = "fmt"
	attrOrg      = "org"
	attrOrgName  = "orgn"
	attrOrigin   = "orig"

	attrWorkingUntil = "wkat"
	attrWaitUntil    = "wait"
	attrWaitsFor     = "waits"
	attrAttempts     = "tries"
	attrError        = "err"
	attrErrorAt      = "erat"
	attrCause        = "cause"
	attrWritten      = "wat"
	attrBody         = "body"
	attrSeen         = "seen"

	attrOwners     = "own"
	attrHolder     = "by"
	attrUntil      = "until"
	attrBuckets    = "n"
	attrTAT        = "tat"
	attrAllowed    = "allowed"
	attrToken      = "token"
	attrGeneration = "gen"
	attrParts      = "parts"
	attrAt         = "at"
)

// projected are the attributes that the sparse index holds beside its keys: the fields of an Item.
func projected() []string {
	return []string{attrState, attrSince, attrOpen, attrWaitUntil, attrReason, attrEXID, attrQueuedAt, attrAttempts}
}

// TableSchema is the definition of the mapping table.
type TableSchema struct {
	// PK and SK are the names of the table's keys, both strings.
	PK, SK string
	// IndexName is the one global secondary index, with its keys (strings) and what it holds beside them.
	IndexName, IndexPK, IndexSK string
	IndexInclude                []string
	// TTL is the attribute with the epoch second at which an item expires.
	TTL string
}

// Schema gives the definition that infra must build, on demand (no provisioned capacity).
func Schema() TableSchema {
	return TableSchema{
		PK: AttrPK, SK: AttrSK,
		IndexName: IndexName, IndexPK: AttrIndexPK, IndexSK: AttrIndexSK, IndexInclude: projected(),
		TTL: AttrTTL,
	}
}

// itemKey is the primary key of one item.
type itemKey struct{ pk, sk string }

func (k itemKey) String() string { return k.pk + " " + k.sk }

// keys builds every key string of one tenant. All start with the tenant, so that tenants can share a table in tests and
// a restored table can be told from a foreign one.
type keys struct{ tenant string }

func (k keys) of(parts ...string) string { return k.tenant + "#" + strings.Join(parts, "#") }

// row: one partition a row, so that a first load spreads over the whole table.
func (k keys) row(key model.Key) itemKey { return itemKey{k.of("row", key.String()), "row"} }

// rowKey reads a row's key back from its partition key.
func (k keys) rowKey(pk string) (model.Key, error) {
	text, ok := strings.CutPrefix(pk, k.of("row", ""))
	if !ok {
		return model.Key{}, model.Errorf(model.CodeInternal, "read mapping table", "item %q is no row of tenant %s", pk, k.tenant)
	}
	return model.ParseKey(text)
}

// index is the sparse index's hash: by state and kind, so that a first load of one kind does not meet the removals of
// another in one partition, and a list of held queues reads held queues only.
func (k keys) index(state State, kind model.Kind) string { return k.of(string(state), string(kind)) }

func (k keys) owner(kind model.Kind, exID string) itemKey {
	return itemKey{k.of("ex", string(kind)+"/"+exID), "owner"}
}

func (k keys) head() itemKey { return itemKey{k.of("index"), "head"} }

// shard names one packed shard. The number of shards is part of the name: a growing index writes all new shards beside
// the old ones, and the head switches over.
func (k keys) shard(s shardID) itemKey {
	return itemKey{k.of("index", string(s.kind), strconv.Itoa(s.of), strconv.Itoa(s.n)), "shard"}
}

func (k keys) document(name string) itemKey { return itemKey{k.of("doc", name), "head"} }

func (k keys) part(name, generation string, n int) itemKey {
	return itemKey{k.of("doc", name), fmt.Sprintf("part#%s#%04d", generation, n)}
}

func (k keys) lease() itemKey { return itemKey{k.of("lease"), "lease"} }

func (k keys) pauses() itemKey { return itemKey{k.of("pauses"), "pauses"} }

func (k keys) window(w Window) itemKey {
	return itemKey{k.of("window", string(w.Kind), w.Class, strconv.FormatInt(int64(w.Length/time.Second), 10)), "window"}
}

func (k keys) budget(client string) itemKey { return itemKey{k.of("budget", client), "budget"} }

func (k keys) token(client string) itemKey { return itemKey{k.of("token", client), "token"} }
