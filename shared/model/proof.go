package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Counts are what `SELECT COUNT(*)` said per table in the transaction that read the snapshot.
type Counts map[Table]int

// Memory is what earlier proven reads left behind. Prove compares a read with it (DESIGN 2.4).
type Memory struct {
	// Rows is the number of rows per table in the last read that was proven and not in doubt.
	Rows map[Table]int `json:"rows,omitempty"`
	// Total is the number of rows of the whole table, foreign tenants included, in that read.
	Total map[Table]int `json:"total,omitempty"`
	// Highest is the highest DBID per table ever seen in a proven read.
	Highest map[Table]int64 `json:"highest,omitempty"`
	// Newest lists the DBIDs near the highest one in that read (Snapshot.Newest).
	Newest map[Table][]int64 `json:"newest,omitempty"`
	// EmailColumn says that the last proven read had an e-mail column.
	EmailColumn bool `json:"emailColumn,omitempty"`
	// EmptySince is when a table that had rows was first read empty by a complete read.
	EmptySince map[Table]time.Time `json:"emptySince,omitempty"`
	// WentBackSince is when the source was first seen to have gone back; zero while it has not.
	WentBackSince time.Time `json:"wentBackSince,omitzero"`
}

// Proven is a snapshot whose read was complete. Only Prove makes one that holds anything, so code that removes
// something asks for it by type: the zero Proven proves nothing.
type Proven struct {
	snapshot *Snapshot
	at       time.Time
	doubts   map[Table]string
	kinds    map[Kind]string
	wentBack string
}

// Prove checks that a read was complete: the counts of the same transaction equal the rows read, the tenant exists and
// is enabled, the e-mail column did not vanish. Tables that had rows and now have none are in doubt until a second
// complete read, at least settle later, agrees; a source whose highest DBIDs fell by more than the missing objects
// explain "went back", which puts every removal in doubt. It returns the memory that the next run starts from.
//
// at is the time of the read. The error is CodeInvalid for a tenant that is not there or not enabled, CodeUnavailable
// for a read that was partial.
func Prove(s *Snapshot, counted Counts, before Memory, settle time.Duration, at time.Time) (Proven, Memory, error) {
	if err := proveRead(s, counted, before); err != nil {
		return Proven{}, before, err
	}
	p := Proven{snapshot: s, at: at, doubts: map[Table]string{}}
	after := before.next(s)
	for _, t := range sortedTables(before.Rows) {
		if before.Rows[t] == 0 || after.Rows[t] > 0 {
			continue
		}
		since, seen := before.EmptySince[t]
		if !seen {
			since = at
		}
		if seen && at.Sub(since) >= settle {
			continue
		}
		after.EmptySince[t] = since
		after.Rows[t] = before.Rows[t]
		p.doubts[t] = fmt.Sprintf("%s had %d rows and now has none: unknown until a second complete read %s after %s agrees",
			t, before.Rows[t], settle, since.UTC().Format(time.RFC3339))
	}
	p.wentBack = wentBack(s, before)
	if p.wentBack != "" {
		after.Highest, after.Rows, after.Total, after.Newest = before.Highest, before.Rows, before.Total, before.Newest
		if after.WentBackSince.IsZero() {
			after.WentBackSince = at
		}
	} else {
		after.WentBackSince = time.Time{}
	}
	return p, after, nil
}

func proveRead(s *Snapshot, counted Counts, before Memory) error {
	const op = "prove the read of Engage"
	switch {
	case s == nil:
		return Errorf(CodeInternal, op, "there is no snapshot")
	case s.Tenant.DBID == 0:
		return Errorf(CodeInvalid, op, "the tenant is not in cfg_tenant: check the setting tenant")
	case s.Tenant.State != CfgEnabled:
		return Errorf(CodeInvalid, op, "tenant %d '%s' is not enabled (state %d): nothing is done until it is", s.Tenant.DBID, s.Tenant.Name, s.Tenant.State)
	case before.EmailColumn && !s.HasEmailColumn:
		return Errorf(CodeInvalid, op, "cfg_person had an e-mail column in the last read and has none now: give its name in the Engage secret under columns")
	}
	tables := make([]Table, 0, len(counted))
	for t := range counted {
		tables = append(tables, t)
	}
	slices.Sort(tables)
	var short []string
	for _, t := range tables {
		if n := s.Read[t]; n != counted[t] {
			short = append(short, fmt.Sprintf("%s: %d rows read of %d counted", t, n, counted[t]))
		}
	}
	if len(counted) == 0 {
		short = append(short, "no table was counted")
	}
	if len(short) > 0 {
		return Errorf(CodeUnavailable, op, "the read was not complete (%s): nothing is done, the next run tries again", strings.Join(short, "; "))
	}
	return nil
}

func (m Memory) next(s *Snapshot) Memory {
	after := Memory{
		Rows:          map[Table]int{},
		Total:         map[Table]int{},
		Highest:       map[Table]int64{},
		Newest:        s.Newest,
		EmailColumn:   s.HasEmailColumn,
		EmptySince:    map[Table]time.Time{},
		WentBackSince: m.WentBackSince,
	}
	// Dangling rows do not count: a link table of which only those are left is as good as empty.
	for t, n := range s.Read {
		after.Rows[t] = n - s.Dropped[t]
	}
	maps.Copy(after.Total, s.Total)
	maps.Copy(after.Highest, m.Highest)
	for t, n := range s.Highest {
		after.Highest[t] = max(n, after.Highest[t])
	}
	return after
}

// wentBack says in a sentence that the source went back, or "". DBIDs are given one after another and never again, so
// the highest one of a table only falls when the rows above the new highest were deleted. Then the new highest was there
// in the last read, and at least as many rows are missing as were above it:
//
//	last read 96 98 99 100, now 96 98       99 and 100 are gone, 2 rows are missing   deleted
//	last read 96 98 99 100, now 96 97       97 was not there                          went back
//	last read 96 98 99 100, now … 12 96     100, 99, 98 are gone, 2 rows are missing  12 came back: went back
//
// Further down than the last read remembers, the highest DBID must not have fallen by more than rows are missing.
func wentBack(s *Snapshot, before Memory) string {
	for _, t := range sortedTables(before.Highest) {
		was, is := before.Highest[t], s.Highest[t]
		if is >= was || s.Total[t] == 0 {
			continue
		}
		missing := before.Total[t] - s.Total[t]
		if explained(is, missing, was, before.Newest[t]) {
			continue
		}
		return fmt.Sprintf("the highest DBID of %s fell from %d to %d while %d rows are missing: the database was restored, migrated, or this is a lagging replica",
			t, was, is, max(missing, 0))
	}
	return ""
}

func explained(is int64, missing int, was int64, newest []int64) bool {
	if len(newest) == 0 || is < slices.Min(newest) {
		return was-is <= int64(max(missing, 0))
	}
	above := 0
	for _, dbid := range newest {
		if dbid > is {
			above++
		}
	}
	return slices.Contains(newest, is) && missing >= above
}

func sortedTables[V any](m map[Table]V) []Table {
	ts := make([]Table, 0, len(m))
	for t := range m {
		ts = append(ts, t)
	}
	slices.Sort(ts)
	return ts
}

// Snapshot gives the rows, nil for the zero Proven.
func (p Proven) Snapshot() *Snapshot { return p.snapshot }

// At is when the read was made.
func (p Proven) At() time.Time { return p.at }

// Valid says whether the value came from Prove.
func (p Proven) Valid() bool { return p.snapshot != nil }

// WentBack says in a sentence why the source seems to have gone back, "" when it has not.
func (p Proven) WentBack() string { return p.wentBack }

// Doubts lists the tables whose emptiness is not settled, with the reason.
func (p Proven) Doubts() map[Table]string { return p.doubts }

// Doubting adds a doubt about one kind, for what only the whole of a translation shows: all its objects are gone at once.
// Doubts can be added and never taken away.
func (p Proven) Doubting(k Kind, why string) Proven {
	kinds := maps.Clone(p.kinds)
	if kinds == nil {
		kinds = map[Kind]string{}
	}
	kinds[k] = why
	p.kinds = kinds
	return p
}

// Doubt says why nothing of the kind may be removed on this read, "" when removals are proven. A kind is in doubt when
// one of the tables that it is made from is; the zero Proven doubts every kind.
func (p Proven) Doubt(k Kind) string {
	if p.snapshot == nil {
		return "the read of Engage was not proven to be complete"
	}
	if p.wentBack != "" {
		return p.wentBack
	}
	if d := p.kinds[k]; d != "" {
		return d
	}
	for _, t := range tablesOf(k) {
		if d := p.doubts[t]; d != "" {
			return d
		}
	}
	return ""
}

// tablesOf lists the tables whose emptiness would take something away from objects of the kind.
func tablesOf(k Kind) []Table {
	switch k {
	case KindSkill:
		return []Table{TableSkill}
	case KindLanguage:
		return []Table{TableSkill, TableAttrValue}
	case KindWrapUpCode:
		return []Table{TableAttribute, TableAttrValue}
	case KindQueue:
		return []Table{TableDN}
	case KindUser:
		return []Table{TablePerson, TableSkill, TableSkillLevel, TableAttrValue}
	case KindMembers:
		return []Table{TablePerson, TableDN, TableGroup, TableGroupAgent, TableGroupDN, TableSkill, TableSkillLevel, TableScript}
	default:
		return nil
	}
}
