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
	begin      func(ctx context.Context, conn *sql.Conn, r *Reader) (*sql.Tx, []model.Note, error)
	// prepare checks and completes the DSN; its error never quotes the DSN.
	prepare func(s Secret) (prepared, error)
	// encoding asks for the encoding that the database says it has; "" for none.
	encoding string
	// fault knows the driver's own errors.
	fault func(err error) (verdict, bool)
	// text writes a column of texts as it is selected; nil means as it stands.
	text func(column, columnType string, encoded bool) string
}

// prepared is a DSN that was checked.
type prepared struct {
	dsn  string
	hide []string // what no message may hold
	tls  string   // how far the connection is protected
}

const (
	tlsVerified   = "encrypted, and the server is verified"
	tlsUnverified = "encrypted, but the server is not verified"
	tlsNone       = "in clear"
)

func dialects() []dialect {
	return []dialect{
		{
			name: "postgres", driver: "pgx", parameter: "$1", quoteMixed: true,
			catalogue: postgresCatalogue, begin: beginPostgres, prepare: preparePostgres, fault: postgresFault,
			encoding: "SHOW server_encoding",
		},
		{
			name: "sqlserver", driver: "sqlserver", parameter: "@p1",
			catalogue: sqlServerCatalogue, begin: beginSQLServer, prepare: prepareSQLServer, fault: sqlServerFault, text: sqlServerText,
		},
		{
			name: "oracle", driver: "oracle", parameter: ":1", upper: true,
			catalogue: oracleCatalogue, begin: beginOracle, prepare: prepareOracle, fault: oracleFault, text: oracleText,
			encoding: oracleCharacterSet,
		},
		{
			name: "sqlite", driver: "sqlite", parameter: "?", noSchemas: true,
			catalogue: sqliteCatalogue, begin: beginSQLite, prepare: prepareSQLite, fault: sqliteFault,
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
// standard_conforming_strings=off read it differently. Names that the secret gives are compared as written, in small and
// in capital letters, for what LOWER makes of an I depends on the server.
func cfgTables(column string, more []string) string {
	like := "LOWER(" + column + ") LIKE 'cfg!_%' ESCAPE '!'"
	if len(more) == 0 {
		return like
	}
	return "(" + like + " OR " + column + " IN ('" + strings.Join(more, "', '") + "'))"
}

// The catalogue queries give schema, table, column, type, and a rank: 0 for what SQL takes for the plain name, above 0
// for what is in other schemas. Without a schema in the secret all of them are looked at. Within one rank, what SQL takes
// first comes first.

// postgresCatalogue reads pg_class, which knows materialized views too.
func postgresCatalogue(schema string, tables []string) string {
	where, rank, order := "n.nspname = '"+schema+"'", "0", ""
	if schema == "" {
		where = "n.nspname NOT IN ('information_schema', 'pg_catalog')"
		rank = "CASE WHEN n.nspname = ANY (current_schemas(false)) THEN 0 ELSE 1 END"
		order = "5, array_position(current_schemas(false), n.nspname), "
	}
	return "SELECT n.nspname, c.relname, a.attname, t.typname, " + rank + "\nFROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" +
		" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid\nWHERE " + where +
		" AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND " +
		cfgTables("c.relname", tables) + "\nORDER BY " + order + "n.nspname, c.relname, a.attnum"
}

// sqlServerCatalogue writes the views as a database in case-sensitive mode needs it (which Genesys asks for). A synonym
// has the columns of the table that it stands for.
func sqlServerCatalogue(schema string, tables []string) string {
	const same = " COLLATE DATABASE_DEFAULT" // the catalogue's own collation may be another
	where, rank := "TABLE_SCHEMA = '"+schema+"'", "0"
	if schema == "" {
		where, rank = "TABLE_SCHEMA <> 'sys'", "CASE WHEN TABLE_SCHEMA = SCHEMA_NAME() THEN 0 WHEN TABLE_SCHEMA = 'dbo' THEN 0 ELSE 1 END"
	}
	return "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, " + rank + " AS PLACE, CASE WHEN TABLE_SCHEMA = SCHEMA_NAME() THEN 0 ELSE 1 END AS DISTANCE\nFROM (" +
		"SELECT TABLE_SCHEMA" + same + ", TABLE_NAME" + same + ", COLUMN_NAME" + same + ", DATA_TYPE" + same + ", ORDINAL_POSITION FROM INFORMATION_SCHEMA.COLUMNS" +
		" UNION ALL SELECT SCHEMA_NAME(s.schema_id)" + same + ", s.name" + same + ", c.name" + same + ", TYPE_NAME(c.system_type_id)" + same + ", c.column_id" +
		" FROM sys.synonyms s JOIN sys.columns c ON c.object_id = OBJECT_ID(s.base_object_name)) x (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, ORDINAL_POSITION)\nWHERE " +
		where + " AND " + cfgTables("TABLE_NAME", tables) + "\nORDER BY PLACE, DISTANCE, TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
}

// oracleCatalogue finds tables, views and materialized views, and the synonyms that stand for them; a public one is
// taken for the plain name after the schema's own.
func oracleCatalogue(schema string, tables []string) string {
	const current = "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
	owner, rank, synonyms := "OWNER NOT IN ('SYS', 'SYSTEM')", "CASE WHEN OWNER = "+current+" THEN 0 ELSE 2 END", "s.OWNER IN ("+current+", 'PUBLIC')"
	if schema != "" {
		owner, rank, synonyms = "OWNER = '"+strings.ToUpper(schema)+"'", "0", "s.OWNER = '"+strings.ToUpper(schema)+"'"
	}
	return "SELECT OWNER, TABLE_NAME, COLUMN_NAME, DATA_TYPE, PLACE\nFROM (" +
		"SELECT OWNER, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_ID, " + rank + " PLACE, " + rank + " DISTANCE FROM ALL_TAB_COLUMNS WHERE " + owner +
		" UNION ALL SELECT s.OWNER, s.SYNONYM_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_ID, 0, CASE WHEN s.OWNER = 'PUBLIC' THEN 1 ELSE 0 END" +
		" FROM ALL_SYNONYMS s JOIN ALL_TAB_COLUMNS c ON c.OWNER = s.TABLE_OWNER AND c.TABLE_NAME = s.TABLE_NAME WHERE s.DB_LINK IS NULL AND " + synonyms +
		")\nWHERE " + cfgTables("TABLE_NAME", tables) + "\nORDER BY DISTANCE, OWNER, TABLE_NAME, COLUMN_ID"
}

func sqliteCatalogue(_ string, tables []string) string {
	return "SELECT 'main', m.name, c.name, c.type, 0\nFROM sqlite_master m JOIN pragma_table_info(m.name) c\nWHERE m.type IN ('table', 'view') AND " +
		cfgTables("m.name", tables) + "\nORDER BY m.name, c.cid"
}

// sqlServerText reads a text as nvarchar, so that the driver's code pages and UTF-8 collations do not matter. Where the
// secret gives the encoding, a column of the server's own code page is read as the bytes that it holds.
func sqlServerText(column, columnType string, encoded bool) string {
	low := strings.ToLower(columnType)
	long := low == "text" || low == "ntext"
	switch {
	case encoded && (low == "varchar" || low == "char" || low == "text"):
		return "CAST(" + column + " AS varbinary(" + either(long, "max", "8000") + "))"
	default:
		return "CAST(" + column + " AS nvarchar(" + either(long, "max", "4000") + "))"
	}
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// oracleText reads the bytes of a text where the secret gives their encoding: the server would convert them from the
// character set that it takes them for, and from US7ASCII lose every letter beyond ASCII.
func oracleText(column, columnType string, encoded bool) string {
	if t := strings.ToUpper(columnType); encoded && (t == "VARCHAR2" || t == "CHAR") {
		return "UTL_RAW.CAST_TO_RAW(" + column + ")"
	}
	return column
}
