package engagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// ErrNoSuchObject says that an edit names an object that the site does not have.
var ErrNoSuchObject = errors.New("the site has no such object")

// ErrConflict says that an edit would make something that is there already, such as a second skill level of the same skill.
var ErrConflict = errors.New("the site has that already")

// Editor does what administrators do in Engage: each edit changes the database in one transaction and, once that is committed, the model.
// An edit that fails changes neither. An Editor is not safe for concurrent use; readers of the database need not wait for it.
type Editor struct {
	site    *Site
	db      Database
	dialect Dialect
	moves   atomic.Int64
}

// NewEditor returns an editor of a site that was written into the database. A nil database edits the model only.
func NewEditor(site *Site, db Database, d Dialect) *Editor {
	return &Editor{site: site, db: db, dialect: d}
}

// Site returns the model as of the last edit.
func (e *Editor) Site() *Site { return e.site }

// Moves counts the beginnings and the ends of transactions that change the database. While it stays the same, every read of the database gives
// the same. It may be asked while an edit is under way.
func (e *Editor) Moves() int64 { return e.moves.Load() }

// moving notes that the database is about to change, and once more, by what it returns, that it has.
func (e *Editor) moving() (moved func()) {
	e.moves.Add(1)
	return func() { e.moves.Add(1) }
}

// statement is one change of the database.
type statement struct {
	sql  string
	args []any
}

// edit runs the statements in one transaction and then changes the model.
func (e *Editor) edit(ctx context.Context, what string, statements []statement, model func()) error {
	if e.db != nil {
		if err := e.run(ctx, statements); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	model()
	return nil
}

// run runs the statements in one transaction.
func (e *Editor) run(ctx context.Context, statements []statement) error {
	defer e.moving()()
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, s := range statements {
		if err := execute(ctx, tx, s, e.dialect); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// execute runs one statement. The empty one, of a table or column that the schema lacks, does nothing.
func execute(ctx context.Context, tx *sql.Tx, s statement, d Dialect) error {
	if s.sql == "" {
		return nil
	}
	args := make([]any, len(s.args))
	for i, a := range s.args {
		args[i] = storable(a, d)
	}
	if _, err := tx.ExecContext(ctx, s.sql, args...); err != nil {
		return fmt.Errorf("%s: %w", s.sql, err)
	}
	return nil
}

// insert returns the statement that inserts a row.
func insert[T any](e *Editor, sh shape[T], row T) statement {
	if !e.site.Schema.HasTable(sh.table) {
		return statement{}
	}
	keep := e.site.present(sh.table, sh.columns)
	return statement{e.site.insertSQL(e.dialect, sh.table, sh.columns, keep, 1), appendKept(nil, sh.values(row), keep, e.dialect)}
}

// update returns the statement that writes all columns of a row again, found by its DBID: the first column of the shape.
func update[T any](e *Editor, sh shape[T], row T) statement {
	if !e.site.Schema.HasTable(sh.table) {
		return statement{}
	}
	values := sh.values(row)
	var sets []string
	var args []any
	for _, k := range e.site.present(sh.table, sh.columns) {
		if k > 0 {
			args = append(args, values[k])
			sets = append(sets, e.site.Schema.ColumnName(sh.table, sh.columns[k])+" = "+e.dialect.placeholder(len(args)))
		}
	}
	where := e.where(sh.table, &args, equals{sh.columns[0], values[0]})
	return statement{"UPDATE " + e.site.Schema.TableName(sh.table, e.dialect) + " SET " + strings.Join(sets, ", ") + where, args}
}

// equals is a condition: the column holds the value.
type equals struct {
	column string
	value  any
}

// remove returns the statement that deletes the rows that meet all conditions.
func (e *Editor) remove(t Table, conditions ...equals) statement {
	if !e.site.Schema.HasTable(t) {
		return statement{}
	}
	var args []any
	where := e.where(t, &args, conditions...)
	return statement{"DELETE FROM " + e.site.Schema.TableName(t, e.dialect) + where, args}
}

// where returns the WHERE clause of the conditions and appends their values to args.
func (e *Editor) where(t Table, args *[]any, conditions ...equals) string {
	var parts []string
	for _, c := range conditions {
		*args = append(*args, c.value)
		parts = append(parts, e.site.Schema.ColumnName(t, c.column)+" = "+e.dialect.placeholder(len(*args)))
	}
	if len(parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

// removeAnnex returns the statement that deletes the annex of an object.
func (e *Editor) removeAnnex(t ObjectType, dbid int64) statement {
	return e.remove(TableProp, equals{"object_type", int(t)}, equals{"object_dbid", dbid})
}

// dropAnnex removes the annex of an object from the model.
func (s *Site) dropAnnex(t ObjectType, dbid int64) {
	s.Props = slices.DeleteFunc(s.Props, func(p Prop) bool { return p.Type == t && p.Object == dbid })
}

// missing says that the site lacks an object.
func missing(what string, dbid int64) error {
	return fmt.Errorf("%w: %s %d", ErrNoSuchObject, what, dbid)
}

// change replaces the row with the DBID by what alter makes of it, in the database and in the model.
func change[T any](ctx context.Context, e *Editor, what string, rows []T, of func(T) int64, sh shape[T], dbid int64, alter func(*T)) error {
	i := find(rows, dbid, of)
	if i < 0 {
		return fmt.Errorf("%s: %w", what, missing(string(sh.table), dbid))
	}
	row := rows[i]
	alter(&row)
	return e.edit(ctx, what, []statement{update(e, sh, row)}, func() { rows[i] = row })
}

// swap exchanges something between two rows: in one transaction, so that no reader sees both alike.
func swap[T any](ctx context.Context, e *Editor, what string, rows []T, of func(T) int64, sh shape[T], a, b int64, exchange func(a, b *T)) error {
	i, j := find(rows, a, of), find(rows, b, of)
	if i < 0 {
		return fmt.Errorf("%s: %w", what, missing(string(sh.table), a))
	}
	if j < 0 {
		return fmt.Errorf("%s: %w", what, missing(string(sh.table), b))
	}
	x, y := rows[i], rows[j]
	exchange(&x, &y)
	return e.edit(ctx, what, []statement{update(e, sh, x), update(e, sh, y)}, func() { rows[i], rows[j] = x, y })
}
