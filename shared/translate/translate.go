package translate

import (
	"slices"

	"excs/shared/model"
	"excs/shared/rules"
)

// Result is what a snapshot means by the rules. Every list is sorted by key and free of doubles.
type Result struct {
	// Objects are the desired objects, normalized, one a key.
	Objects []model.Object
	// Rejects are the Engage objects that can not become what Engage asks for, each with what an administrator can do.
	// A key that is among Objects too is mapped, and keeps what its row holds (Frozen).
	Rejects []model.Reject
	// Notes are things that an administrator should know and that stopped nothing; the snapshot has notes of its own.
	Notes []model.Note
	// Asks are the keys whose row could decide something and that the facts are silent about.
	Asks []model.Key
	// Sticky are the keys whose row decided something, or could have: the caller keeps their facts as hints for the next
	// run ("no row" included), so that a run without changes asks nothing.
	Sticky []model.Key
	// Frozen are the mapped keys that keep something from their row because Engage offers nothing usable any more: a
	// user its last address; a skill, language or code without a name, and a queue whose name is taken, its last name.
	Frozen []model.Key
	// Suspects are mapped DBIDs whose identifying fields all changed: another object, to be held and never written
	// (RULES 4). Their entry in Objects is what Engage says now.
	Suspects []model.Reject
}

// Translate computes what the EX Org must hold. The zero Proven gives the zero Result.
//
// The rules that look back (RULES 8) take the rows from the facts; a key with a zero Known has no row. The caller starts
// with the hints of the last run, compares Objects with its index, and calls again with the rows of
//
//   - every key in Asks,
//   - every key that is new or whose fingerprint differs (a suffix that stuck, an address that must not fall down the
//     chain, another Person under an old DBID),
//   - every key of the index that Objects lacks (a mapped object that would be rejected, a queue that lost its last link),
//
// until there are none. A key that is silent decides as if its row, should it have one, held what Objects says: that is
// what an equal fingerprint means. So a run without changes ends after the first call and reads no row.
//
//	Engage                              row                      → Objects               Sticky, Frozen
//	VQ 7 alias Sales, VQ 9 alias Sales  none                       both with a suffix    both
//	VQ 7 alias Sales, VQ 9 alias Sales  queue/7 is Sales           queue/7 stays Sales   both
//	VQ 9 alias Sales, VQ 7 is gone      queue/9 is Sales (9@SIP)   as the row            queue/9
//	Person 5 without e-mail             none                       none: a reject
//	Person 5 without e-mail             user/5 is ann@…, step 1    keeps ann@…           user/5, frozen
//	VQ 9 in no group                    none                       no members/9
//	VQ 9 in no group                    members/9 exists           members/9 is empty    members/9
func Translate(p model.Proven, s rules.Settings, f model.Facts) Result {
	if !p.Valid() {
		return Result{}
	}
	t := &translation{snapshot: p.Snapshot(), settings: s, record: newRecord(f)}
	t.source()
	t.capabilities()
	t.index()
	t.users()
	t.queues()
	t.members()
	t.wrapUpCodes()
	return t.result()
}

// translation is one call's work. Its parts are filled in the order of Translate, each by the file of that name.
type translation struct {
	snapshot *model.Snapshot
	settings rules.Settings
	*record

	skills skillTable
	crowd  crowd
	groups groupTable
	// emitted are the persons that are users, by index in the crowd.
	emitted set
	served  []servedQueue
}

// source is the one presence source (RULES 1): it maps to nothing, so its key carries the tenant's DBID.
func (t *translation) source() {
	t.emit(model.Object{Key: model.Key{Kind: model.KindSource, DBID: t.snapshot.Tenant.DBID}, Name: t.settings.SourceName})
}

// alive says whether an object is there. A row in state 3 is one that is gone (FACTS E5); a disabled one is
// there (RULES 4).
func alive(s model.CfgState) bool { return s != model.CfgDeleted }

// living gives the rows that are there, by DBID, whatever order they came in.
func living[T any](rows []T, state func(*T) model.CfgState, dbid func(*T) int64) []T {
	out := make([]T, 0, len(rows))
	for i := range rows {
		if alive(state(&rows[i])) {
			out = append(out, rows[i])
		}
	}
	byDBID := func(a, b T) int { return compare(dbid(&a), dbid(&b)) }
	if !slices.IsSortedFunc(out, byDBID) {
		slices.SortFunc(out, byDBID)
	}
	return slices.CompactFunc(out, func(a, b T) bool { return dbid(&a) == dbid(&b) })
}
