package engage

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
)

// catalogue is what a schema holds: every table named cfg_… and every table that the secret names, with its columns.
// Keys are in lower case, the values as the DBMS shows them.
type catalogue map[string]catalogueTable

type catalogueTable struct {
	name    string
	columns map[string]string
	types   map[string]string // by the column's name in lower case
}

// catalogues is what the database holds: what SQL takes for plain names, and the other schemas.
type catalogues struct {
	own    catalogue
	others map[string]catalogue
}

// readCatalogue reads it. Names that can not stand in SQL as they are (isIdentifier) are left out.
func (r *Reader) readCatalogue(ctx context.Context, conn *sql.Conn) (_ catalogues, err error) {
	const what = "read the catalogue"
	cs := catalogues{own: catalogue{}, others: map[string]catalogue{}}
	rows, err := conn.QueryContext(ctx, r.dialect.catalogue(r.schema, r.namedTables()))
	if err != nil {
		return cs, r.fault(what, err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = r.fault(what, e)
		}
	}()
	home := map[string]string{} // the schema that a table is taken from
	dest := make([]any, 5)
	if columns, err := rows.Columns(); err == nil {
		dest = make([]any, len(columns)) // SQL Server orders by a sixth
	}
	var schema, table, column, columnType string
	var rank number
	for i, d := range []any{&schema, &table, &column, &columnType, &rank} {
		dest[i] = d
	}
	for i := 5; i < len(dest); i++ {
		dest[i] = &number{}
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return cs, r.fault(what, err)
		}
		if rank.value > 0 {
			cs.other(schema).add(table, column, columnType)
			continue
		}
		key := strings.ToLower(table)
		if first, seen := home[key]; seen && first != schema {
			continue
		}
		home[key] = schema
		cs.own.add(table, column, columnType)
	}
	return cs, r.fault(what, rows.Err())
}

// other gives the catalogue of another schema; one whose name can not stand in SQL is not kept.
func (cs catalogues) other(schema string) catalogue {
	c, ok := cs.others[schema]
	if !ok {
		c = catalogue{}
		if isIdentifier(schema) {
			cs.others[schema] = c
		}
	}
	return c
}

func (c catalogue) add(table, column, columnType string) {
	if !isIdentifier(table) || !isIdentifier(column) {
		return
	}
	key := strings.ToLower(table)
	t, ok := c[key]
	if !ok {
		t = catalogueTable{name: table, columns: map[string]string{}, types: map[string]string{}}
		c[key] = t
	}
	t.columns[strings.ToLower(column)] = column
	t.types[strings.ToLower(column)] = columnType
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

// namedTables lists the table names that the secret gives, as written, in small and in capital letters.
func (r *Reader) namedTables() []string {
	var named []string
	for key, name := range r.names {
		if !strings.Contains(key, ".") {
			named = append(named, name, strings.ToLower(name), strings.ToUpper(name))
		}
	}
	slices.Sort(named)
	return slices.Compact(named)
}
