package engagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Dialect is a DBMS that a site can be written into.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota + 1
	PostgreSQL
)

// String returns the name of the DBMS.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "SQLite"
	case PostgreSQL:
		return "PostgreSQL"
	}
	return "Dialect(" + strconv.Itoa(int(d)) + ")"
}

// maxParameters is the number of values bound per INSERT. Statements of this size are as fast as larger ones in both DBMSs, and below both limits
// (SQLite 32,766 values, PostgreSQL 65,535).
const maxParameters = 4000

// Database is what a site needs of a *sql.DB.
type Database interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Write creates the schema and loads all rows, in one transaction. The database (or the schema of Schema.Name) must not hold the tables yet.
//
// PostgreSQL takes no invalid UTF-8 and no NUL: there they are stored as U+FFFD, which a reader takes for what it is: a text of which a part is lost.
func (s *Site) Write(ctx context.Context, db Database, d Dialect) error {
	if d != SQLite && d != PostgreSQL {
		return fmt.Errorf("write site: unknown %s: use SQLite or PostgreSQL", d)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write site: begin: %w", err)
	}
	if err := s.writeAll(ctx, tx, d); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write site: commit: %w", err)
	}
	return nil
}

// writeAll creates the schema and loads all rows into it.
func (s *Site) writeAll(ctx context.Context, tx *sql.Tx, d Dialect) error {
	for _, ddl := range s.Schema.DDL(d) {
		if _, err := tx.ExecContext(ctx, ddl); err != nil {
			return fmt.Errorf("write site: %s: %w", ddl, err)
		}
	}
	if err := s.load(ctx, tx, d, nil); err != nil {
		return err
	}
	return s.analyze(ctx, tx, d)
}

// analyze has PostgreSQL count what was loaded, as a database in use has been: without it the planner guesses, and reads take longer than at
// a real site.
func (s *Site) analyze(ctx context.Context, tx *sql.Tx, d Dialect) error {
	if d != PostgreSQL {
		return nil
	}
	for _, t := range s.Schema.Tables() {
		if _, err := tx.ExecContext(ctx, "ANALYZE "+s.Schema.TableName(t, d)); err != nil {
			return fmt.Errorf("write site: analyze %s: %w", t, err)
		}
	}
	return nil
}

// load inserts the rows of the tables that want accepts; nil accepts all.
func (s *Site) load(ctx context.Context, tx *sql.Tx, d Dialect, want func(Table) bool) error {
	for _, rows := range s.rowSets() {
		if rows.count == 0 || !s.Schema.HasTable(rows.table) || (want != nil && !want(rows.table)) {
			continue
		}
		if err := s.insertAll(ctx, tx, d, rows); err != nil {
			return fmt.Errorf("write site: load %s: %w", rows.table, err)
		}
	}
	return nil
}

// insertAll inserts the rows with as few statements as the parameter limit allows. The statement for a full batch is prepared once.
func (s *Site) insertAll(ctx context.Context, tx *sql.Tx, d Dialect, rows rowSet) (err error) {
	keep := s.present(rows.table, rows.columns)
	batch := max(1, maxParameters/max(1, len(keep)))
	stmt, err := tx.PrepareContext(ctx, s.insertSQL(d, rows.table, rows.columns, keep, min(batch, rows.count)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	args := make([]any, 0, batch*len(keep))
	for from := 0; from < rows.count; from += batch {
		to := min(from+batch, rows.count)
		args = args[:0]
		for i := from; i < to; i++ {
			args = appendKept(args, rows.values(i), keep, d)
		}
		if to-from == min(batch, rows.count) {
			_, err = stmt.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, s.insertSQL(d, rows.table, rows.columns, keep, to-from), args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// present returns the indexes of the columns that the schema has.
func (s *Site) present(t Table, columns []string) []int {
	var keep []int
	for i, c := range columns {
		if s.Schema.HasColumn(t, c) {
			keep = append(keep, i)
		}
	}
	return keep
}

// appendKept appends the values of the kept columns, made storable in the dialect.
func appendKept(args, values []any, keep []int, d Dialect) []any {
	for _, k := range keep {
		args = append(args, storable(values[k], d))
	}
	return args
}

// storable replaces what PostgreSQL refuses in a text.
func storable(v any, d Dialect) any {
	t, ok := v.(string)
	if !ok || d != PostgreSQL || (utf8.ValidString(t) && !strings.Contains(t, "\x00")) {
		return v
	}
	return strings.ReplaceAll(strings.ToValidUTF8(t, "\uFFFD"), "\x00", "\uFFFD")
}

// insertSQL returns an INSERT of n rows.
func (s *Site) insertSQL(d Dialect, t Table, columns []string, keep []int, n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + s.Schema.TableName(t, d) + " (")
	for i, k := range keep {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s.Schema.ColumnName(t, columns[k]))
	}
	b.WriteString(") VALUES ")
	p := 0
	for row := range n {
		if row > 0 {
			b.WriteByte(',')
		}
		for i := range keep {
			b.WriteByte(",("[btoi(i == 0)])
			p++
			b.WriteString(d.placeholder(p))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// placeholder returns the n-th placeholder of a statement, counted from 1.
func (d Dialect) placeholder(n int) string {
	if d == SQLite {
		return "?"
	}
	return "$" + strconv.Itoa(n)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
