package engagetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Table is the name of a table in the default schema, whatever a Schema calls it.
type Table string

// The tables that a site has. Those marked (inferred) are not publicly known under this name.
const (
	TableTenant      Table = "cfg_tenant"
	TableSwitch      Table = "cfg_switch"
	TablePerson      Table = "cfg_person"
	TableSkill       Table = "cfg_skill"
	TableLevel       Table = "cfg_skill_level"
	TableLogin       Table = "cfg_agent_login"
	TableLoginInfo   Table = "cfg_login_info"
	TableGroup       Table = "cfg_group"
	TableMember      Table = "cfg_agent_group"
	TableLink        Table = "cfg_route_dn" // (inferred)
	TableDN          Table = "cfg_dn"
	TableProp        Table = "cfg_flex_prop"
	TableAttribute   Table = "cfg_enumerator"       // (inferred)
	TableValue       Table = "cfg_enumerator_value" // (inferred)
	TableTransaction Table = "cfg_transaction"      // (inferred)
	TableLocale      Table = "cfg_locale"
)

// EmailColumn is the person's e-mail column in the default schema (inferred: only the attribute's existence is documented).
const EmailColumn = "email_address"

// column names one column of one table, by their names in the default schema.
type column struct {
	table Table
	name  string
}

// Schema says how a database differs from the default schema. The zero value is the default schema.
type Schema struct {
	// Name is the PostgreSQL schema that holds the tables; empty: the connection's own. SQLite has no schemas and ignores it.
	Name string
	// RootNull stores NULL instead of 0 as the parent of annex sections. Which of the two Configuration Server writes is not publicly known.
	RootNull bool

	tables    map[Table]string  // renamed tables
	columns   map[column]string // renamed columns
	noTables  map[Table]bool    // tables that are missing
	noColumns map[column]bool   // columns that are missing
}

// SchemaOption varies the schema of a site.
type SchemaOption func(*Schema)

// NewSchema returns the default schema, varied by the options.
func NewSchema(options ...SchemaOption) Schema {
	var s Schema
	for _, o := range options {
		o(&s)
	}
	return s
}

// WithTable calls a table otherwise, such as cfg_enum_value for TableValue.
func WithTable(t Table, name string) SchemaOption {
	return func(s *Schema) { s.tables = put(s.tables, t, name) }
}

// WithColumn calls a column otherwise, such as route_dn_dbid for TableLink's dn_dbid, or e_mail for EmailColumn.
func WithColumn(t Table, column_, name string) SchemaOption {
	return func(s *Schema) { s.columns = put(s.columns, column{t, column_}, name) }
}

// WithoutTable leaves a table out.
func WithoutTable(t Table) SchemaOption {
	return func(s *Schema) { s.noTables = put(s.noTables, t, true) }
}

// WithoutColumn leaves a column out.
func WithoutColumn(t Table, name string) SchemaOption {
	return func(s *Schema) { s.noColumns = put(s.noColumns, column{t, name}, true) }
}

// WithRootParentNull stores NULL instead of 0 as the parent of annex sections.
func WithRootParentNull() SchemaOption { return func(s *Schema) { s.RootNull = true } }

// WithSchemaName puts the tables into a PostgreSQL schema of that name, which Site.Write creates.
func WithSchemaName(name string) SchemaOption { return func(s *Schema) { s.Name = name } }

// put sets a key of a map that may be nil.
func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}

// clone returns a copy that shares no map with s.
func (s Schema) clone() Schema {
	s.tables, s.columns = maps.Clone(s.tables), maps.Clone(s.columns)
	s.noTables, s.noColumns = maps.Clone(s.noTables), maps.Clone(s.noColumns)
	return s
}

// HasTable reports whether the schema has the table.
func (s Schema) HasTable(t Table) bool {
	return !s.noTables[t] && slices.ContainsFunc(definitions(), func(d definition) bool { return d.table == t })
}

// HasColumn reports whether the schema has the table and the column, named as in the default schema.
func (s Schema) HasColumn(t Table, name string) bool {
	return !s.noTables[t] && !s.noColumns[column{t, name}] && slices.ContainsFunc(definitions(), func(d definition) bool {
		return d.table == t && strings.Contains(", "+d.columns, ", "+name+" ")
	})
}

// TableName returns the table's name in this schema, with the PostgreSQL schema in front if there is one and the dialect knows schemas.
func (s Schema) TableName(t Table, d Dialect) string {
	name := string(t)
	if n, ok := s.tables[t]; ok {
		name = n
	}
	if s.Name != "" && d == PostgreSQL {
		return s.Name + "." + name
	}
	return name
}

// ColumnName returns the column's name in this schema.
func (s Schema) ColumnName(t Table, name string) string {
	if n, ok := s.columns[column{t, name}]; ok {
		return n
	}
	return name
}

// Tables returns the tables of the schema in the order in which they are created.
func (s Schema) Tables() []Table {
	var ts []Table
	for _, d := range definitions() {
		if s.HasTable(d.table) {
			ts = append(ts, d.table)
		}
	}
	return ts
}

// DDL returns the statements that create the schema: standard SQL that PostgreSQL and SQLite both take.
func (s Schema) DDL(d Dialect) []string {
	var out []string
	if s.Name != "" && d == PostgreSQL {
		out = append(out, "CREATE SCHEMA IF NOT EXISTS "+s.Name)
	}
	for _, def := range definitions() {
		if s.HasTable(def.table) {
			out = append(out, s.createTable(def, d))
		}
	}
	return out
}

// createTable returns one CREATE TABLE. A key of which a column is missing is left out: what is left of it need not be unique.
func (s Schema) createTable(def definition, d Dialect) string {
	var parts []string
	keyed := len(def.key) > 0
	for _, c := range strings.Split(def.columns, ",") {
		name, sqlType, _ := strings.Cut(strings.TrimSpace(c), " ")
		inKey := slices.Contains(def.key, name)
		if !s.HasColumn(def.table, name) {
			keyed = keyed && !inKey
			continue
		}
		part := s.ColumnName(def.table, name) + " " + spellType(sqlType)
		if inKey {
			part += " NOT NULL"
		}
		parts = append(parts, part)
	}
	if keyed {
		var key []string
		for _, k := range def.key {
			key = append(key, s.ColumnName(def.table, k))
		}
		parts = append(parts, "PRIMARY KEY ("+strings.Join(key, ", ")+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", s.TableName(def.table, d), strings.Join(parts, ", "))
}

// spellType spells out the short types of definitions.
func spellType(short string) string {
	switch short {
	case "n":
		return "numeric(10)"
	case "i":
		return "integer"
	}
	return "varchar(" + strings.TrimPrefix(short, "v") + ")"
}

// definition is a table of the default schema: its columns with short types (n = numeric(10), i = integer, v64 = varchar(64)) and its key.
type definition struct {
	table   Table
	columns string
	key     []string
}

// definitions returns the default schema. All columns are there that are publicly known, also those that a site leaves NULL: a reader that
// selects by position or by * would otherwise pass.
func definitions() []definition {
	const address = "address_line1 v64, address_line2 v64, address_line3 v64, address_line4 v64, address_line5 v64"
	dbid := []string{"dbid"}
	return []definition{
		{TableTenant, "dbid n, is_serv_provider i, name v255, password v64, " + address + ", chargeable_number v255, tenant_person_dbid n, " +
			"provid_person_dbid n, is_super_tenant i, state i, csid n, tenant_person_csid n, provid_person_csid n, capacity_dbid n, contract_dbid n, " +
			"parent_tenant_dbid n", dbid},
		{TableSwitch, "dbid n, tenant_dbid n, phys_switch_dbid n, type i, name v255, link_type i, state i", dbid},
		{TablePerson, "dbid n, tenant_dbid n, last_name v64, first_name v64, " + address + ", office v64, home v64, mobile v64, pager v64, fax v64, " +
			"modem v64, phones_comment v64, birthdate v64, comment_ v255, employee_id v64, user_name v255, password v64, is_agent i, is_admin i, " +
			"state i, csid n, tenant_csid n, place_dbid n, place_csid n, capacity_dbid n, site_dbid n, contract_dbid n, " +
			EmailColumn + " v255, external_id v255", dbid},
		{TableSkill, "dbid n, name v255, tenant_dbid n, state i, csid n, tenant_csid n", dbid},
		{TableLevel, "person_dbid n, skill_dbid n, level_ i, person_csid n, skill_csid n", []string{"person_dbid", "skill_dbid"}},
		{TableLogin, "dbid n, switch_dbid n, tenant_dbid n, login_code v255, state i, override v255, use_override i, sw_specific_type i, csid n, " +
			"switch_csid n, tenant_csid n, password v64", dbid},
		{TableLoginInfo, "person_dbid n, agent_login_dbid n, wrapup_time i, person_csid n, agent_login_csid n",
			[]string{"person_dbid", "agent_login_dbid"}},
		{TableGroup, "dbid n, group_type i, tenant_dbid n, name v255, cap_table_dbid n, quota_table_dbid n, state i, dn_group_type i, csid n, " +
			"tenant_csid n, cap_table_csid n, quota_table_csid n, capacity_dbid n, site_dbid n, contract_dbid n", dbid},
		{TableMember, "group_dbid n, agent_dbid n, group_csid n, agent_csid n", []string{"group_dbid", "agent_dbid"}},
		{TableLink, "group_dbid n, dn_dbid n", []string{"group_dbid", "dn_dbid"}},
		{TableDN, "dbid n, switch_dbid n, tenant_dbid n, type i, number_ v255, association v255, login_flag i, dn_login_id v255, register_all i, " +
			"group_dbid n, trunks i, route_type i, override v255, state i, name v255, use_override i, sw_specific_type i, csid n, switch_csid n, " +
			"tenant_csid n, group_csid n, place_dbid n, place_csid n, site_dbid n, contract_dbid n", dbid},
		{TableProp, "dbid n, object_dbid n, object_type i, parent_dbid n, prop_name v255, prop_value v255, prop_type i, part i, csid n, " +
			"object_csid n, parent_csid n", []string{"dbid", "part"}},
		{TableAttribute, "dbid n, tenant_dbid n, name v255, description v255, type i, display_name v255, state i", dbid},
		{TableValue, "dbid n, enumerator_dbid n, tenant_dbid n, name v255, description v255, display_name v255, is_default i, state i", dbid},
		{TableTransaction, "dbid n, tenant_dbid n, name v255, type i, record_period i, alias v255, description v255, state i", dbid},
		{TableLocale, "lcid i, lc_class i, lc_type i, lc_subtype i, lc_value v255", nil},
	}
}
