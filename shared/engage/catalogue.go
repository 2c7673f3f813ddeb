package engage

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
)

// catalogue is what the schema holds: every table named cfg_… and every table that the secret names, with its columns.
// Keys are in lower case, the values as the DBMS shows them.
type catalogue map[string]catalogueTable

type catalogueTable struct {
	name    string
	columns map[string]string
}

// readCatalogue reads it. Names that can not stand in SQL as they are (isIdentifier) are left out.
func (r *Reader) readCatalogue(ctx context.Context, conn *sql.Conn) (_ catalogue, err error) {
	const what = "read the catalogue"
	rows, err := conn.QueryContext(ctx, r.dialect.catalogue(r.schema, r.namedTables()))
	if err != nil {
		return nil, r.fault(what, err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = r.fault(what, e)
		}
	}()
	c := catalogue{}
	home := map[string]string{} // the schema that a table without a schema is taken from
	for rows.Next() {
		var schema, table, column string
		if err := rows.Scan(&schema, &table, &column); err != nil {
			return nil, r.fault(what, err)
		}
		key := strings.ToLower(table)
		if first, seen := home[key]; seen && first != schema {
			continue
		}
		home[key] = schema
		c.add(table, column)
	}
	if err := rows.Err(); err != nil {
		return nil, r.fault(what, err)
	}
	return c, nil
}

func (c catalogue) add(table, column string) {
	if !isIdentifier(table) || !isIdentifier(column) {
		return
	}
	key := strings.ToLower(table)
	t, ok := c[key]
	if !ok {
		t = catalogueTable{name: table, columns: map[string]string{}}
		c[key] = t
	}
	t.columns[strings.ToLower(column)] = column
}

// first gives the first of the names that the table has as a column, as the DBMS shows it.
func (t catalogueTable) first(names []string) (string, bool) {
	for _, n := range names {
		if c, ok := t.columns[strings.ToLower(n)]; ok {
			return c, true
		}
	}
	return "", false
}

// String lists the names of the tables.
func (c catalogue) String() string { return strings.Join(slices.Sorted(maps.Keys(c)), ", ") }

// namedTables lists the table names that the secret gives, in lower case.
func (r *Reader) namedTables() []string {
	var named []string
	for key, name := range r.names {
		if !strings.Contains(key, ".") {
			named = append(named, strings.ToLower(name))
		}
	}
	slices.Sort(named)
	return slices.Compact(named)
}
