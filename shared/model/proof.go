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

// Memory is what earlier proven reads left behind. Prove compares a read with it (RULES 4.20).
type Memory struct {
	// Rows is the number of rows per table in the last read that was proven and not in doubt.
	Rows map[Table]int `json:"rows,omitempty"`
	// Total is the number of rows of the whole table, foreign tenants included, in that read.
	Total map[Table]int `json:"total,omitempty"`
	// Highest is the highest DBID per table in that read; of a table that had no row at all, in the last read that had.
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

// Prove checks that a read was complete: the counts of the same transaction equal the rows read, of every table that was
// read, the tenant exists and is enabled, the e-mail column did not vanish. Tables that had rows and now have none, and
// Business Attributes that had values and now have none, are in doubt until a second complete read, at least settle later, agrees; a source whose highest DBIDs fell by more than the
// missing objects explain "went back", which puts every removal in doubt. It returns the memory that the next run starts
// from.
//
// at is the time of the read. The error is CodeInvalid for a tenant that is not there or not enabled, CodeUnavailable
// for a read that was partial.
func Prove(s *Snapshot, counted Counts, before Memory, settle time.Duration, at time.Time) (Proven, Memory, error) {
	if err := proveRead(s, counted, before); err != nil {
		return Proven{}, before, err
	}
	p := Proven{snapshot: s, at: at, doubts: map[Table]string{}, wentBack: wentBack(s, before)}
	after := before.next(s)
	for _, t := range sortedTables(before.Rows) {
		if before.Rows[t] == 0 || after.Rows[t] > 0 {
			continue
		}
		since, seen := before.EmptySince[t]
		if !seen {
			since = at
		}
		asked, wanted := readNow(t, s, counted)
		if !wanted || seen && asked && at.Sub(since) >= settle {
			continue
		}
		after.EmptySince[t] = since
		after.keep(t, before)
		p.doubts[t] = doubtOf(t, before.Rows[t], asked, settle, since)
	}
	if p.wentBack == "" {
		after.WentBackSince = time.Time{}
		return p, after, nil
	}
	after.Rows, after.Total = maps.Clone(before.Rows), maps.Clone(before.Total)
	after.Highest, after.Newest = maps.Clone(before.Highest), maps.Clone(before.Newest)
	if after.WentBackSince.IsZero() {
		after.WentBackSince = at
	}
	return p, after, nil
}

// readNow says whether a part was asked for in this read, and whether its absence would mean anything: the values of an
// attribute that the settings do not name any more are not missing.
func readNow(t Table, s *Snapshot, counted Counts) (asked, wanted bool) {
	if t.attribute() == "" {
		_, asked = counted[t]
		return asked, true
	}
	for name := range s.Valued {
		if ValuesOf(name) == t {
			return true, true
		}
	}
	return false, false
}

func doubtOf(t Table, rows int, asked bool, settle time.Duration, since time.Time) string {
	if !asked {
		return fmt.Sprintf("%s had %d rows and was not read now: unknown until it is", t, rows)
	}
	if name := t.attribute(); name != "" {
		return fmt.Sprintf("the Business Attribute '%s' had %d values and now has none: unknown until a second complete read %s after %s agrees",
			name, rows, settle, since.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s had %d rows and now has none: unknown until a second complete read %s after %s agrees",
		t, rows, settle, since.UTC().Format(time.RFC3339))
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
	if short := shortfalls(s.Read, counted); len(short) > 0 {
		return Errorf(CodeUnavailable, op, "the read was not complete (%s): nothing is done, the next run tries again", strings.Join(short, "; "))
	}
	return nil
}

// shortfalls says in what the rows read and the rows counted differ.
func shortfalls(read, counted map[Table]int) []string {
	if len(counted) == 0 {
		return []string{"no table was counted"}
	}
	all := maps.Clone(counted)
	maps.Copy(all, read)
	var short []string
	for _, t := range sortedTables(all) {
		n, asked := counted[t]
		switch {
		case !asked && read[t] > 0:
			short = append(short, fmt.Sprintf("%s: %d rows read, none counted", t, read[t]))
		case read[t] != n:
			short = append(short, fmt.Sprintf("%s: %d rows read of %d counted", t, read[t], n))
		}
	}
	return short
}

// next is the memory of a read without doubts. A highest DBID that fell was explained, so the lower one is the measure
// from now on: measured from the old one, the next deletions would look larger than they are.
func (m Memory) next(s *Snapshot) Memory {
	after := Memory{
		Rows:          map[Table]int{},
		Total:         map[Table]int{},
		Highest:       map[Table]int64{},
		Newest:        map[Table][]int64{},
		EmailColumn:   s.HasEmailColumn,
		EmptySince:    map[Table]time.Time{},
		WentBackSince: m.WentBackSince,
	}
	// Dangling rows do not count: a link table of which only those are left is as good as empty.
	for t, n := range s.Read {
		after.Rows[t] = n - s.Dropped[t]
	}
	for name, n := range s.Valued {
		after.Rows[ValuesOf(name)] = n
	}
	maps.Copy(after.Total, s.Total)
	maps.Copy(after.Newest, s.Newest)
	maps.Copy(after.Highest, m.Highest)
	for t, n := range s.Highest {
		if s.Total[t] > 0 {
			after.Highest[t] = n
		}
	}
	return after
}

// keep leaves what is known of a table in doubt as it was: its rows may come back.
func (m Memory) keep(t Table, before Memory) {
	m.Rows[t] = before.Rows[t]
	if n, ok := before.Total[t]; ok {
		m.Total[t] = n
	}
	if n, ok := before.Highest[t]; ok {
		m.Highest[t] = n
	}
	if n, ok := before.Newest[t]; ok {
		m.Newest[t] = n
	}
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

// Doubts lists the parts of the snapshot whose emptiness is not settled, with the reason.
func (p Proven) Doubts() map[Table]string { return maps.Clone(p.doubts) }

// DoubtedKinds lists the kinds that Doubting put in doubt, with the reason.
func (p Proven) DoubtedKinds() map[Kind]string { return maps.Clone(p.kinds) }

// Doubting adds a doubt about one kind, for what only the whole of a translation shows: all its objects are gone at once.
// Doubts can be added and never taken away.
func (p Proven) Doubting(k Kind, why string) Proven {
	if why == "" {
		return p
	}
	kinds := maps.Clone(p.kinds)
	if kinds == nil {
		kinds = map[Kind]string{}
	}
	kinds[k] = why
	p.kinds = kinds
	return p
}

// Doubt says why nothing that exists may be touched on this read, whatever its kind: the zero Proven proves nothing, and
// a source that went back is not believed. It is "" for any other read; what Doubts and DoubtedKinds put in question is a
// matter of the rules, which say what is made from what.
func (p Proven) Doubt() string {
	if p.snapshot == nil {
		return "the read of Engage was not proven to be complete"
	}
	return p.wentBack
}
