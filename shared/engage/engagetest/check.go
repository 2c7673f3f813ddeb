package engagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Dump writes all rows of the model as text, table by table: two sites are the same if their dumps are.
func (s *Site) Dump(w io.Writer) error {
	for _, rows := range s.rowSets() {
		if !s.Schema.HasTable(rows.table) {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s (%s)\n", rows.table, strings.Join(rows.columns, ", ")); err != nil {
			return fmt.Errorf("dump site: %w", err)
		}
		for i := range rows.count {
			if _, err := fmt.Fprintf(w, "%q\n", spell(rows.values(i))); err != nil {
				return fmt.Errorf("dump site: %w", err)
			}
		}
	}
	return nil
}

// spell spells the values of a row; NULL is told from the text NULL by a NUL, which no DBMS stores.
func spell(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if v == nil {
			out[i] = "\x00NULL"
			continue
		}
		out[i] = fmt.Sprint(v)
	}
	return out
}

// Queryer is what a check needs of a *sql.DB or *sql.Tx.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Check compares the database with the model, table by table, in all columns that the model knows. It returns an error that names the rows
// that only one of the two has.
func (s *Site) Check(ctx context.Context, db Queryer, d Dialect) error {
	var found []error
	for _, rows := range s.rowSets() {
		if !s.Schema.HasTable(rows.table) {
			continue
		}
		if err := s.checkTable(ctx, db, d, rows); err != nil {
			found = append(found, fmt.Errorf("check %s: %w", rows.table, err))
		}
	}
	return errors.Join(found...)
}

// checkTable compares one table.
func (s *Site) checkTable(ctx context.Context, db Queryer, d Dialect, rows rowSet) error {
	keep := s.present(rows.table, rows.columns)
	want := make([]string, rows.count)
	for i := range rows.count {
		want[i] = fmt.Sprintf("%q", spell(appendKept(nil, rows.values(i), keep, d)))
	}
	var names []string
	for _, k := range keep {
		names = append(names, s.Schema.ColumnName(rows.table, rows.columns[k]))
	}
	got, err := readAll(ctx, db, "SELECT "+strings.Join(names, ", ")+" FROM "+s.Schema.TableName(rows.table, d), len(keep))
	if err != nil {
		return err
	}
	slices.Sort(want)
	slices.Sort(got)
	lost, extra := onlyIn(want, got), onlyIn(got, want)
	if len(lost)+len(extra) > 0 {
		return fmt.Errorf("%d rows only in the model: %s; %d rows only in the database: %s", len(lost), few(lost), len(extra), few(extra))
	}
	return nil
}

// readAll returns the rows of a query, spelt.
func readAll(ctx context.Context, db Queryer, query string, columns int) (out []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	cells, into := make([]sql.NullString, columns), make([]any, columns)
	for i := range cells {
		into[i] = &cells[i]
	}
	values := make([]any, columns)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, c := range cells {
			if values[i] = any(c.String); !c.Valid {
				values[i] = nil
			}
		}
		out = append(out, fmt.Sprintf("%q", spell(values)))
	}
	return out, rows.Err()
}

// onlyIn returns what is in the sorted a and not in the sorted b, as often as it is there more.
func onlyIn(a, b []string) []string {
	var out []string
	for _, x := range a {
		for len(b) > 0 && b[0] < x {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == x {
			b = b[1:]
			continue
		}
		out = append(out, x)
	}
	return out
}

// few returns the first of the rows.
func few(rows []string) string { return strings.Join(rows[:min(3, len(rows))], " ") }
