package engage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"excs/shared/model"
)

// Read reads the tenant in one transaction that sees one state, and what the same transaction counted. It streams: beside
// the snapshot itself it holds one row. Model.Prove decides whether the read was complete.
//
// The error is one line: CodeInvalid for a wrong DSN, schema or tenant, or a missing table or column; CodeDenied for
// wrong credentials or missing privileges; CodeUnavailable for everything that may pass (host, network, time-out,
// deadlock).
func (r *Reader) Read(ctx context.Context, q Query) (_ *model.Snapshot, _ model.Counts, err error) {
	if err := q.validate(); err != nil {
		return nil, nil, err
	}
	var b *reading
	err = r.connected(ctx, func(ctx context.Context, conn *sql.Conn) (err error) {
		b, err = r.readOn(ctx, conn, q)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return b.snap, b.counts, nil
}

func (r *Reader) readOn(ctx context.Context, conn *sql.Conn, q Query) (*reading, error) {
	res, err := r.probe(ctx, conn, q)
	if err != nil {
		return nil, err
	}
	tx, notes, err := r.dialect.begin(ctx, conn, r)
	if err != nil {
		return nil, r.fault("begin the read-only transaction", err)
	}
	b := newReading(r, tx, newQueries(res, q, r.encoding != nil))
	b.snap.Notes = notes
	if err := b.all(ctx); err != nil {
		return nil, b.abandon(err)
	}
	if err := tx.Commit(); err != nil {
		return nil, r.fault("end the read-only transaction", err)
	}
	return b, nil
}

// reading is one read under way.
type reading struct {
	reader *Reader
	tx     *sql.Tx
	sql    queries
	snap   *model.Snapshot
	counts model.Counts

	skills     map[int64]bool
	persons    map[int64]bool
	agents     map[int64]bool
	dns        map[int64]bool
	groups     map[int64]int // index in snap.Groups
	groupTypes map[int64]int64
	members    map[int64]bool // groups that have explicit agents

	broken map[model.Table]tally // values that are no valid text
	states map[model.Table]tally // rows without a known state
}

// tally counts rows and keeps the DBID of the first.
type tally struct {
	n     int
	first int64
}

func newReading(r *Reader, tx *sql.Tx, q queries) *reading {
	return &reading{
		reader: r, tx: tx, sql: q,
		snap: &model.Snapshot{
			HasEmailColumn: q.res.has("cfg_person", emailColumn),
			Read:           map[model.Table]int{},
			Total:          map[model.Table]int{},
			Valued:         map[string]int{},
			Dropped:        map[model.Table]int{},
			Highest:        map[model.Table]int64{},
			Newest:         map[model.Table][]int64{},
		},
		counts:     model.Counts{},
		skills:     map[int64]bool{},
		persons:    map[int64]bool{},
		agents:     map[int64]bool{},
		dns:        map[int64]bool{},
		groups:     map[int64]int{},
		groupTypes: map[int64]int64{},
		members:    map[int64]bool{},
		broken:     map[model.Table]tally{},
		states:     map[model.Table]tally{},
	}
}

// all reads everything, in an order in which what a row refers to is known before the row is.
func (b *reading) all(ctx context.Context) error {
	steps := []func(context.Context) error{
		b.readTenant, b.readExtents,
		b.readPersons, b.readSkills, b.readLevels,
		b.readSwitches, b.readDNs, b.readGroups, b.readAgents, b.readScripts, b.readLinks,
		b.readAttributes, b.readValues, b.readTransactions,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	b.noteTallies()
	return nil
}

// abandon ends the transaction after an error, which stays the one that is told: where the rollback fails too, the
// connection is broken, and database/sql throws it away.
func (b *reading) abandon(err error) error {
	if e := b.tx.Rollback(); e != nil && err == nil {
		return b.reader.fault("end the read-only transaction", e)
	}
	return err
}

// query runs one SELECT and calls row for each row, after its columns were scanned into dest.
func (b *reading) query(ctx context.Context, what, query string, args, dest []any, row func() error) (err error) {
	if b.reader.asked != nil {
		b.reader.asked(query)
	}
	rows, err := b.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return b.reader.fault(what, err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = b.reader.fault(what, e)
		}
	}()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return b.reader.fault(what, err)
		}
		if err := row(); err != nil {
			return err
		}
	}
	return b.reader.fault(what, rows.Err())
}

// each counts the rows of a statement, tells the count to size, then reads them.
func (b *reading) each(ctx context.Context, s statement, size func(n int), dest []any, row func()) error {
	what := "read " + string(s.table)
	args := []any{b.sql.query.Tenant}
	var n number
	if err := b.query(ctx, "count "+string(s.table), s.count(), args, []any{&n}, func() error { return nil }); err != nil {
		return err
	}
	b.counts[s.table] = int(n.value)
	size(int(n.value))
	read := 0
	err := b.query(ctx, what, s.rows(), args, dest, func() error {
		read++
		row()
		return nil
	})
	b.snap.Read[s.table] = read
	return err
}

func (b *reading) drop(t model.Table) { b.snap.Dropped[t]++ }

func (b *reading) note(format string, args ...any) {
	b.snap.Notes = append(b.snap.Notes, model.Note{Text: fmt.Sprintf(format, args...)})
}

// clean decodes and trims a text. One that can not be decoded stays what it is, which is no valid UTF-8.
func (b *reading) clean(t model.Table, dbid int64, raw text) string {
	s, ok := b.reader.decode(raw)
	if !ok {
		b.broken[t] = b.broken[t].add(dbid)
	}
	return strings.TrimSpace(s)
}

// decode turns what a driver gave into text. Drivers that are asked for the bytes of a text (queries.text) give bytes;
// a text that they give beside those comes from a column that knows its own encoding.
func (r *Reader) decode(raw text) (string, bool) {
	if r.dialect.text != nil && !raw.bytes {
		return decode(raw.raw, nil)
	}
	return decode(raw.raw, r.encoding)
}

// state reads a state: NULL, 0 and unknown numbers are taken for enabled, because disabling somebody needs a row that
// says so. Rows in state 3 do not come here, the WHERE leaves them out.
func (b *reading) state(t model.Table, dbid int64, n number) model.CfgState {
	switch s := model.CfgState(n.value); s {
	case model.CfgEnabled, model.CfgDisabled:
		return s
	default:
		b.states[t] = b.states[t].add(dbid)
		return model.CfgEnabled
	}
}

func (t tally) add(dbid int64) tally {
	if t.n == 0 {
		t.first = dbid
	}
	t.n++
	return t
}

func (b *reading) noteTallies() {
	for _, t := range sortedTables(b.broken) {
		n := b.broken[t]
		b.note("%s: %d values are no text in %s (the first in the object with DBID %d): what is called by them is neither written nor removed; set encoding in the Engage secret to the code page that Configuration Server wrote in", t, n.n, b.reader.encodingName(), n.first)
	}
	for _, t := range sortedTables(b.states) {
		n := b.states[t]
		b.note("%s: %d rows have no known state and are read as enabled (the first with DBID %d)", t, n.n, n.first)
	}
}

func sortedTables[V any](m map[model.Table]V) []model.Table {
	ts := make([]model.Table, 0, len(m))
	for t := range m {
		ts = append(ts, t)
	}
	slices.Sort(ts)
	return ts
}

// readTenant finds the tenant among all of them, so that a wrong one can be answered with the right ones.
func (b *reading) readTenant(ctx context.Context) error {
	var id, state number
	var name text
	var others []string
	err := b.query(ctx, "read cfg_tenant", b.sql.tenants(), nil, []any{&id, &name, &state}, func() error {
		t := model.Tenant{DBID: id.value, Name: b.clean(tenantTable, id.value, name), State: model.CfgState(state.value)}
		if t.DBID == b.sql.query.Tenant {
			b.snap.Tenant = t
		}
		others = append(others, fmt.Sprintf("%d '%s'", t.DBID, strings.ToValidUTF8(t.Name, "?")))
		return nil
	})
	if err != nil || b.snap.Tenant.DBID != 0 {
		return err
	}
	if len(others) > 20 {
		others = append(others[:20], "…")
	}
	there := "it holds no tenant"
	if len(others) > 0 {
		there = "it holds " + strings.Join(others, ", ")
	}
	return model.Errorf(model.CodeInvalid, op, "tenant %d is not in cfg_tenant (%s): check the setting tenant", b.sql.query.Tenant, there)
}

// readExtents reads the size and the highest DBID of whole tables.
func (b *reading) readExtents(ctx context.Context) error {
	for _, t := range b.sql.extents() {
		var total, highest number
		err := b.query(ctx, "read the highest DBID of "+string(t), b.sql.extent(t), nil, []any{&total, &highest}, func() error { return nil })
		if err != nil {
			return err
		}
		b.snap.Total[t], b.snap.Highest[t] = int(total.value), highest.value
		if err := b.readNewest(ctx, t, highest.value); err != nil {
			return err
		}
	}
	return nil
}

// readNewest reads which DBIDs there are near the highest one.
func (b *reading) readNewest(ctx context.Context, t model.Table, highest int64) error {
	var dbid number
	return b.query(ctx, "read the newest DBIDs of "+string(t), b.sql.newest(t, highest), nil, []any{&dbid}, func() error {
		b.snap.Newest[t] = append(b.snap.Newest[t], dbid.value)
		return nil
	})
}
