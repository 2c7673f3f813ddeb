package engagetest

import (
	"context"
	"fmt"
	"slices"
)

// EmptyTable deletes all rows of a table, as a failed migration or a wrong statement does. The model keeps up; RestoreTable heals it.
func (e *Editor) EmptyTable(ctx context.Context, t Table) error {
	if err := e.held(t); err != nil {
		return fmt.Errorf("empty: %w", err)
	}
	return e.edit(ctx, fmt.Sprint("empty ", t), []statement{e.remove(t)}, func() { e.site.keepRows(t, 0) })
}

// TruncateTable deletes the last rows of a table and keeps a share of it (0.5: the first half), as a load that stopped halfway does.
// "First" is the model's order: objects by DBID.
func (e *Editor) TruncateTable(ctx context.Context, t Table, share float64) error {
	if err := e.held(t); err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	after := e.site.Clone()
	kept := after.keepRows(t, share)
	return e.replace(ctx, fmt.Sprintf("truncate %s to %d rows", t, kept), after, func(x Table) bool { return x == t })
}

// held checks that the model holds the rows of a table. It does not hold those of cfg_locale, which are the same in every site.
func (e *Editor) held(t Table) error {
	if _, ok := e.site.byTable()[t]; !ok || !e.site.Schema.HasTable(t) {
		return fmt.Errorf("%w: table %s", ErrNoSuchObject, t)
	}
	return nil
}

// RestoreTable brings the rows of one table back from a backup (Site.Clone).
func (e *Editor) RestoreTable(ctx context.Context, backup *Site, t Table) error {
	after := e.site.Clone()
	after.takeRows(backup, t)
	return e.replace(ctx, fmt.Sprint("restore table ", t), after, func(x Table) bool { return x == t })
}

// RestoreBackup brings back an older copy of the whole site (Site.Clone). It is the one edit after which DBIDs are given again. The schema
// stays as it is now.
func (e *Editor) RestoreBackup(ctx context.Context, backup *Site) error {
	after := backup.Clone()
	after.Schema = e.site.Schema.clone()
	return e.replace(ctx, "restore from a backup", after, func(Table) bool { return true })
}

// replace writes the rows of the tables that want accepts anew, from another state of the site, which the model then is in.
func (e *Editor) replace(ctx context.Context, what string, after *Site, want func(Table) bool) error {
	if e.db != nil {
		if err := e.reload(ctx, after, want); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	*e.site = *after
	return nil
}

// reload empties the tables that want accepts and loads them, in one transaction.
func (e *Editor) reload(ctx context.Context, after *Site, want func(Table) bool) error {
	defer e.moving()()
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	rollback := func(err error) error {
		if r := tx.Rollback(); r != nil {
			return fmt.Errorf("%w (and the rollback: %w)", err, r)
		}
		return err
	}
	for _, t := range e.site.Schema.Tables() {
		if want(t) {
			if err := execute(ctx, tx, e.remove(t), e.dialect); err != nil {
				return rollback(err)
			}
		}
	}
	if err := after.load(ctx, tx, e.dialect, want); err != nil {
		return rollback(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// RemoveColumn drops a column with what it holds, as an upgrade or a changed view does. The model keeps the values, which AddColumn can not
// bring back: write the person again, or restore the table. A column of a primary key can not be dropped in SQLite.
func (e *Editor) RemoveColumn(ctx context.Context, t Table, name string) error {
	what := fmt.Sprintf("remove column %s of %s", name, t)
	if !e.site.Schema.HasColumn(t, name) {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	ddl := "ALTER TABLE " + e.site.Schema.TableName(t, e.dialect) + " DROP COLUMN " + e.site.Schema.ColumnName(t, name)
	return e.edit(ctx, what, []statement{{sql: ddl}}, func() { WithoutColumn(t, name)(&e.site.Schema) })
}

// RemoveEmailColumn drops the e-mail column of the persons.
func (e *Editor) RemoveEmailColumn(ctx context.Context) error {
	return e.RemoveColumn(ctx, TablePerson, EmailColumn)
}

// RemoveTable drops a table with what it holds.
func (e *Editor) RemoveTable(ctx context.Context, t Table) error {
	what := fmt.Sprint("remove table ", t)
	if !e.site.Schema.HasTable(t) {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	return e.edit(ctx, what, []statement{{sql: "DROP TABLE " + e.site.Schema.TableName(t, e.dialect)}}, func() {
		WithoutTable(t)(&e.site.Schema)
	})
}

// SetTenantState enables or disables a tenant. (Configuration Server would also change the state of its objects, one by one; a test that
// needs that sets them.)
func (e *Editor) SetTenantState(ctx context.Context, tenant int64, state State) error {
	dbid := func(t Tenant) int64 { return t.DBID }
	return change(ctx, e, fmt.Sprint("set the state of tenant ", tenant), e.site.Tenants, dbid, tenantShape(), tenant, func(t *Tenant) { t.State = state })
}

// DeleteTenant deletes the row of a tenant and leaves its objects where they are.
func (e *Editor) DeleteTenant(ctx context.Context, tenant int64) error {
	i := slices.IndexFunc(e.site.Tenants, func(t Tenant) bool { return t.DBID == tenant })
	if i < 0 {
		return fmt.Errorf("delete tenant: %w", missing("tenant", tenant))
	}
	return e.edit(ctx, fmt.Sprint("delete tenant ", tenant), []statement{e.remove(TableTenant, equals{"dbid", tenant})}, func() {
		e.site.Tenants = slices.Delete(e.site.Tenants, i, i+1)
	})
}

// RemoveLinks deletes all rows of the group-to-origination-DN table.
func (e *Editor) RemoveLinks(ctx context.Context) error { return e.EmptyTable(ctx, TableLink) }

// keepRows keeps a share of the rows of a table in the model and returns how many are left.
func (s *Site) keepRows(t Table, share float64) int {
	if rows, ok := s.byTable()[t]; ok {
		return rows.keep(share)
	}
	return 0
}

// takeRows takes the rows of a table over from another model.
func (s *Site) takeRows(from *Site, t Table) {
	if rows, ok := s.byTable()[t]; ok {
		rows.take(from.byTable()[t])
	}
}
