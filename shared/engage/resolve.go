package engage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"excs/shared/model"
)

// Resolved is how the tables and columns that EXCS needs are called in the database at hand. Print it at start-up: it
// holds names only.
type Resolved struct {
	dialect dialect
	schema  string
	tables  map[string]resolvedTable
	// absent says what was looked for, for everything optional that is not there.
	absent map[string]string
}

type resolvedTable struct {
	name    string
	columns map[string]string
	types   map[string]string // by the name in the documented schema
}

// table gives a table's name as it stands in SQL.
func (r Resolved) table(name string) string {
	t := r.dialect.identifier(r.tables[name].name)
	if r.schema == "" {
		return t
	}
	return r.dialect.identifier(r.schema) + "." + t
}

// column gives a column's name as it stands in SQL.
func (r Resolved) column(table, name string) string {
	return r.dialect.identifier(r.tables[table].columns[name])
}

// text gives a column of texts as it is selected.
func (r Resolved) text(alias, table, name string, encoded bool) string {
	c := alias + "." + r.column(table, name)
	if r.dialect.text == nil {
		return c
	}
	return r.dialect.text(c, r.tables[table].types[name], encoded)
}

// has says whether an optional table (column "") or column is there.
func (r Resolved) has(table, column string) bool {
	t, ok := r.tables[table]
	if column == "" || !ok {
		return ok
	}
	_, ok = t.columns[column]
	return ok
}

// String lists every table with its columns, one table a line, then what is not there. Names that differ from the
// documented ones are written "documented = found".
func (r Resolved) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.tables)) {
		t := r.tables[name]
		cs := make([]string, 0, len(t.columns))
		for _, c := range slices.Sorted(maps.Keys(t.columns)) {
			cs = append(cs, equal(c, r.column(name, c)))
		}
		fmt.Fprintf(&b, "%s (%s)\n", equal(name, r.table(name)), strings.Join(cs, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.absent)) {
		fmt.Fprintf(&b, "%s: not there (%s)\n", name, r.absent[name])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func equal(documented, found string) string {
	if documented == found {
		return documented
	}
	return documented + " = " + found
}

// resolveIn finds the schema that holds what is needed: the one of the secret, else what SQL takes for plain names, else
// the only other one that has it all. Of several none is guessed.
func resolveIn(d dialect, schema string, overrides map[string]string, cs catalogues, wanted []need) (Resolved, error) {
	r, err := resolve(d, schema, overrides, cs.own, wanted)
	if err == nil || schema != "" {
		return r, err
	}
	var fits []string
	var found Resolved
	for _, other := range slices.Sorted(maps.Keys(cs.others)) {
		if there, e := resolve(d, other, overrides, cs.others[other], wanted); e == nil {
			fits, found = append(fits, other), there
		}
	}
	switch {
	case len(fits) == 1 && len(cs.own) == 0:
		return found, nil
	case len(fits) > 0:
		return r, model.Errorf(model.CodeInvalid, op, "the login's own schema does not hold the Configuration Database, but these do: %s. Give the right one as schema in the Engage secret", strings.Join(fits, ", "))
	case len(cs.own) == 0 && len(cs.others) > 0:
		nearest := slices.MaxFunc(slices.Sorted(maps.Keys(cs.others)), func(a, b string) int { return len(cs.others[a]) - len(cs.others[b]) })
		return resolve(d, nearest, overrides, cs.others[nearest], wanted)
	}
	return r, err
}

// resolve finds every need in the catalogue. Everything that is missing is named in one error (CodeInvalid), with what
// was looked for and what the schema holds.
func resolve(d dialect, schema string, overrides map[string]string, c catalogue, wanted []need) (Resolved, error) {
	r := Resolved{dialect: d, schema: schema, tables: map[string]resolvedTable{}, absent: map[string]string{}}
	if len(c) == 0 {
		return r, model.Errorf(model.CodeInvalid, op, "%s holds no table named cfg_… that this login can see: check the database in the dsn, the schema, and the SELECT grants", place(schema))
	}
	var missing []string
	for _, n := range wanted {
		t, trouble := n.find(c, overrides)
		switch {
		case trouble == "":
			r.tables[n.table] = t
			r.noteAbsentColumns(n, t, overrides)
		case n.optional && !n.named(overrides):
			r.absent[n.table] = trouble
		default:
			missing = append(missing, n.table+": "+trouble)
		}
	}
	if len(missing) > 0 {
		return r, model.Errorf(model.CodeInvalid, op, "the Configuration Database lacks what the rules need (or this login can not see it): %s. %s holds %s. Give names that differ under columns in the Engage secret",
			strings.Join(missing, "; "), place(schema), c)
	}
	return r, nil
}

func place(schema string) string {
	if schema == "" {
		return "the login's own schema"
	}
	return "the schema " + schema
}

func (r Resolved) noteAbsentColumns(n need, t resolvedTable, overrides map[string]string) {
	for _, c := range n.columns {
		if _, ok := t.columns[c.name]; !ok {
			r.absent[n.table+"."+c.name] = "looked for " + strings.Join(n.namesOf(c, overrides), ", ")
		}
	}
}

// named says whether the secret names the table or one of its columns: then it has to be there.
func (n need) named(overrides map[string]string) bool {
	for key := range overrides {
		if key == n.table || strings.HasPrefix(key, n.table+".") {
			return true
		}
	}
	return false
}

// find picks the first table by name that has all columns, else the one table of the right shape. It says in words what
// is missing where there is none.
func (n need) find(c catalogue, overrides map[string]string) (resolvedTable, string) {
	names := n.names(overrides)
	var near []string
	for _, name := range names {
		t, ok := c[strings.ToLower(name)]
		if !ok {
			continue
		}
		found, lacks := n.match(t, overrides)
		if len(lacks) == 0 {
			return found, ""
		}
		near = append(near, fmt.Sprintf("%s has no column %s (it has %s)", strings.ToLower(t.name), strings.Join(lacks, " and no column "),
			strings.Join(slices.Sorted(maps.Keys(t.columns)), ", ")))
	}
	if _, named := overrides[n.table]; n.shaped != nil && !named {
		if found, trouble := n.findShaped(c, overrides); trouble != "" || found.name != "" {
			return found, trouble
		}
	}
	return resolvedTable{}, n.trouble(names, near)
}

// match resolves the columns of a table, or says which required ones it lacks.
func (n need) match(t catalogueTable, overrides map[string]string) (resolvedTable, []string) {
	found := resolvedTable{name: t.name, columns: map[string]string{}, types: map[string]string{}}
	var lacks []string
	for _, col := range n.columns {
		_, named := overrides[n.table+"."+col.name]
		names := n.namesOf(col, overrides)
		if actual, ok := t.first(names); ok {
			found.columns[col.name] = actual
			found.types[col.name] = t.types[strings.ToLower(actual)]
		} else if !col.optional || named {
			lacks = append(lacks, strings.Join(names, " or "))
		}
	}
	return found, lacks
}

// findShaped finds the table by its columns. Two that fit are an error: a wrong guess would move people between queues.
func (n need) findShaped(c catalogue, overrides map[string]string) (resolvedTable, string) {
	var fits []resolvedTable
	var names []string
	for _, key := range slices.Sorted(maps.Keys(c)) {
		t := c[key]
		if !n.shaped(t) {
			continue
		}
		if found, lacks := n.match(t, overrides); len(lacks) == 0 {
			fits, names = append(fits, found), append(names, key)
		}
	}
	switch len(fits) {
	case 0:
		return resolvedTable{}, ""
	case 1:
		return fits[0], ""
	}
	return resolvedTable{}, fmt.Sprintf("several tables could be it (%s): name the right one under columns in the Engage secret", strings.Join(names, ", "))
}

func (n need) trouble(names, near []string) string {
	cs := make([]string, 0, len(n.columns))
	for _, c := range n.columns {
		if !c.optional {
			cs = append(cs, strings.Join(append([]string{c.name}, c.also...), "|"))
		}
	}
	looked := fmt.Sprintf("looked for a table %s with the columns %s", strings.Join(names, " or "), strings.Join(cs, ", "))
	if n.shaped != nil {
		looked += ", then for any other cfg_ table with these columns"
	}
	if len(near) > 0 {
		looked += "; " + strings.Join(near, "; ")
	}
	return looked
}
