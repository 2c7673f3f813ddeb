package engage

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"excs/shared/model"
)

// dialect is what one DBMS does differently: the placeholder, how a transaction that sees one state begins, where the
// catalogue is, what its driver wants in the DSN and what its error numbers mean. Everything else is one plain SQL.
type dialect struct {
	name   string // as the Engage secret calls it
	driver string // as database/sql knows it
	// parameter is the first (and only) placeholder of a statement.
	parameter string
	// upper says that the catalogue shows plain names in upper case (Oracle).
	upper bool
	// quoteMixed says that a name that is not all lower case must be quoted (PostgreSQL).
	quoteMixed bool
	noSchemas  bool
	catalogue  func(schema string, tables []string) string
	begin      func(ctx context.Context, conn *sql.Conn, dsn string) (*sql.Tx, []model.Note, error)
	// prepare completes the DSN; its error never quotes the DSN.
	prepare func(dsn string) (string, error)
	code    func(err error) (model.Code, bool)
}

func dialects() []dialect {
	return []dialect{
		{
			name: "postgres", driver: "pgx", parameter: "$1", quoteMixed: true,
			catalogue: postgresCatalogue, begin: beginPostgres, prepare: preparePostgres, code: postgresCode,
		},
		{
			name: "sqlserver", driver: "sqlserver", parameter: "@p1",
			catalogue: sqlServerCatalogue, begin: beginSQLServer, prepare: prepareSQLServer, code: sqlServerCode,
		},
		{
			name: "oracle", driver: "oracle", parameter: ":1", upper: true,
			catalogue: oracleCatalogue, begin: beginOracle, prepare: prepareOracle, code: oracleCode,
		},
		{
			name: "sqlite", driver: "sqlite", parameter: "?", noSchemas: true,
			catalogue: sqliteCatalogue, begin: beginSQLite, prepare: prepareSQLite, code: sqliteCode,
		},
	}
}

func dialectOf(name string) (dialect, error) {
	known := make([]string, 0, 4)
	for _, d := range dialects() {
		if d.name == name {
			return d, nil
		}
		known = append(known, d.name)
	}
	if name == "" {
		return dialect{}, fmt.Errorf("driver is missing: use one of %s", strings.Join(known, ", "))
	}
	return dialect{}, fmt.Errorf("unknown driver %q: use one of %s", name, strings.Join(known, ", "))
}

// identifier writes a name of the catalogue as it must stand in SQL.
func (d dialect) identifier(name string) string {
	if d.upper {
		return strings.ToLower(name)
	}
	if d.quoteMixed && name != strings.ToLower(name) {
		return `"` + name + `"`
	}
	return name
}

// cfgTables is the condition on the column that names the table. No backslash as the escape: servers with
// standard_conforming_strings=off read it differently.
func cfgTables(column string, more []string) string {
	like := "LOWER(" + column + ") LIKE 'cfg!_%' ESCAPE '!'"
	if len(more) == 0 {
		return like
	}
	return "(" + like + " OR LOWER(" + column + ") IN ('" + strings.Join(more, "', '") + "'))"
}

// The catalogue queries give schema, table and column. Where a name without a schema may mean tables of several
// schemas, the one that SQL would take comes first.

func postgresCatalogue(schema string, tables []string) string {
	where, order := "table_schema = '"+schema+"'", ""
	if schema == "" {
		where, order = "table_schema = ANY (current_schemas(false))", "array_position(current_schemas(false), table_schema::name), "
	}
	return "SELECT table_schema, table_name, column_name\nFROM information_schema.columns\nWHERE " + where +
		" AND " + cfgTables("table_name", tables) + "\nORDER BY " + order + "table_name, ordinal_position"
}

// sqlServerCatalogue writes the view in upper case, as a database in case-sensitive mode needs it (which Genesys asks
// for).
func sqlServerCatalogue(schema string, tables []string) string {
	where, order := "TABLE_SCHEMA = '"+schema+"'", ""
	if schema == "" {
		where, order = "TABLE_SCHEMA IN (SCHEMA_NAME(), 'dbo')", "CASE WHEN TABLE_SCHEMA = SCHEMA_NAME() THEN 0 ELSE 1 END, "
	}
	return "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME\nFROM INFORMATION_SCHEMA.COLUMNS\nWHERE " + where +
		" AND " + cfgTables("TABLE_NAME", tables) + "\nORDER BY " + order + "TABLE_NAME, ORDINAL_POSITION"
}

func oracleCatalogue(schema string, tables []string) string {
	owner := "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
	if schema != "" {
		owner = "'" + strings.ToUpper(schema) + "'"
	}
	return "SELECT OWNER, TABLE_NAME, COLUMN_NAME\nFROM ALL_TAB_COLUMNS\nWHERE OWNER = " + owner +
		" AND " + cfgTables("TABLE_NAME", tables) + "\nORDER BY TABLE_NAME, COLUMN_ID"
}

func sqliteCatalogue(_ string, tables []string) string {
	return "SELECT 'main', m.name, c.name\nFROM sqlite_master m JOIN pragma_table_info(m.name) c\nWHERE m.type IN ('table', 'view') AND " +
		cfgTables("m.name", tables) + "\nORDER BY m.name, c.cid"
}
