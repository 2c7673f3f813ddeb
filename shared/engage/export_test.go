package engage

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"excs/shared/model"
)

// OnQuery has f called before each query of a snapshot's transaction.
func (r *Reader) OnQuery(f func(query string)) { r.asked = f }

// Scrub is scrub with what is found in the DSN, or why the DSN is wrong.
func Scrub(driver, text, dsn string) string {
	d, err := dialectOf(driver)
	if err != nil {
		return err.Error()
	}
	p, err := d.prepare(Secret{Driver: driver, DSN: dsn})
	if err != nil {
		return err.Error()
	}
	return scrub(text, secretsOf(p.hide...))
}

// Opener gives what Register was told.
func Opener(name string) func(Connection) (driver.Connector, error) {
	open, _ := connectorOf(name)
	return open
}

// PrepareDSN completes a DSN for a driver.
func PrepareDSN(driver, dsn string) (string, error) {
	d, err := dialectOf(driver)
	if err != nil {
		return "", err
	}
	p, err := d.prepare(Secret{Driver: driver, DSN: dsn})
	return p.dsn, err
}

// Fault says what a driver's error becomes.
func Fault(driver string, err error) error {
	d, derr := dialectOf(driver)
	if derr != nil {
		return derr
	}
	return (&Reader{dialect: d}).fault("test", err)
}

// CodeOf says which code a driver's error has.
func CodeOf(driver string, err error) model.Code { return model.CodeOf(Fault(driver, err)) }

// Number scans a value as the reader does.
func Number(src any) (value int64, null bool, err error) {
	var n number
	err = n.Scan(src)
	return n.value, n.null, err
}

// Text scans a value as the reader does, and decodes it from an encoding.
func Text(src any, encoding string) (string, bool, error) {
	var t text
	e, err := decoderOf(encoding)
	err = errors.Join(err, t.Scan(src))
	s, ok := decode(t.raw, e)
	return s, !ok, err
}

// Schema is a catalogue for tests: table → columns.
type Schema map[string][]string

// DocumentedSchema holds everything that is looked for under its first name.
func DocumentedSchema() Schema {
	s := Schema{}
	for _, n := range needs(Query{}) {
		for _, c := range n.columns {
			s[n.table] = append(s[n.table], c.name)
		}
	}
	return s
}

// Resolve finds what a query needs in a schema.
func Resolve(driver, schema string, overrides map[string]string, q Query, holds Schema) (Resolved, error) {
	d, err := dialectOf(driver)
	if err != nil {
		return Resolved{}, err
	}
	c := catalogue{}
	for t, columns := range holds {
		for _, column := range columns {
			c.add(t, column, "varchar")
		}
	}
	return resolve(d, schema, overrides, c, needs(q))
}

// SQL renders every statement that a read of the resolved schema runs.
func SQL(res Resolved, q Query, named ...string) string {
	var b strings.Builder
	put := func(title, sql string) { fmt.Fprintf(&b, "-- %s\n%s;\n\n", title, sql) }
	s := newQueries(res, q, false)
	put("catalogue", res.dialect.catalogue(res.schema, named))
	put("tenants", s.tenants())
	for _, t := range s.extents() {
		put("extent of "+string(t), s.extent(t))
		put("newest of "+string(t), s.newest(t, 1000))
	}
	all := []statement{s.persons(), s.skills(), s.levels(), s.switches(), s.dns(), s.groups(), s.agents(), s.scripts(), s.links()}
	if s.hasAttributes() {
		all = append(all, s.attributes(), s.values([]int64{118, 119}))
	}
	if res.has("cfg_transaction", "") {
		all = append(all, s.transactions())
	}
	for _, st := range slices.All(all) {
		put("count of "+string(st.table), st.count())
		put("rows of "+string(st.table), st.rows())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Try runs a statement in the transaction that a read has.
func (r *Reader) Try(ctx context.Context, query string) error {
	ctx, end := onLeash(ctx)
	defer end()
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, _, err := r.dialect.begin(ctx, conn, r)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, query)
	return err
}

// Unregistered gives the error of Open in a program without the driver.
func Unregistered(s Secret) error {
	d, err := dialectOf(s.Driver)
	if err != nil {
		return err
	}
	return registered(d, []string{"sqlite"})
}
