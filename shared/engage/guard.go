package engage

import (
	"context"
	"crypto/x509"
	"database/sql/driver"
	"fmt"
	"runtime"
	"sync"
)

// Connection is what a database driver needs to reach a Configuration Database.
type Connection struct {
	// DSN is complete and checked.
	DSN string
	// RootCAs are the root certificates of the Engage secret; nil means those of the system.
	RootCAs *x509.CertPool
	// LegacyTLS takes what SQL Server had before 2016: TLS 1.0, RSA key exchange, certificates with a negative serial.
	LegacyTLS bool
}

var (
	connectorsMu sync.Mutex
	connectors   = map[string]func(Connection) (driver.Connector, error){}
)

// Register makes a database driver known under the name that the Engage secret gives its DBMS. Its connector must open
// network connections with a Dialer.
func Register(name string, open func(Connection) (driver.Connector, error)) {
	connectorsMu.Lock()
	defer connectorsMu.Unlock()
	connectors[name] = open
}

func connectorOf(name string) (func(Connection) (driver.Connector, error), bool) {
	connectorsMu.Lock()
	defer connectorsMu.Unlock()
	open, ok := connectors[name]
	return open, ok
}

// driverPanic is a panic of a database driver. Its text is the runtime's; another value may hold anything.
type driverPanic struct{ text string }

func (e *driverPanic) Error() string { return "the database driver failed: " + e.text }

// survive turns a panic of a driver into an error. database/sql calls drivers in goroutines of its own too (to close rows
// and to roll back when a context ends), so the drivers' methods themselves are guarded.
func survive[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = &driverPanic{p.Error()}
		default:
			err = &driverPanic{fmt.Sprintf("panic with a %T", p)}
		}
	}()
	return f()
}

func surviveOnly(f func() error) error {
	_, err := survive(func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// guardedConnector makes connections that outlive a panic of their driver.
type guardedConnector struct{ driver.Connector }

func (c guardedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := survive(func() (driver.Conn, error) { return c.Connector.Connect(ctx) })
	if err != nil {
		return nil, err
	}
	return &guardedConn{conn}, nil
}

type guardedConn struct{ driver.Conn }

func (c *guardedConn) Close() error { return surviveOnly(c.Conn.Close) }

func (c *guardedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := survive(func() (driver.Tx, error) { return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o) })
	if err != nil {
		return nil, err
	}
	return guardedTx{tx}, nil
}

func (c *guardedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	q, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip // database/sql then prepares
	}
	return guardRows(survive(func() (driver.Rows, error) { return q.QueryContext(ctx, query, args) }))
}

func (c *guardedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	e, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	return survive(func() (driver.Result, error) { return e.ExecContext(ctx, query, args) })
}

func (c *guardedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := survive(func() (driver.Stmt, error) {
		if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
			return p.PrepareContext(ctx, query)
		}
		return c.Conn.Prepare(query)
	})
	if err != nil {
		return nil, err
	}
	return guardedStmt{stmt}, nil
}

type guardedStmt struct{ driver.Stmt }

func (s guardedStmt) Close() error { return surviveOnly(s.Stmt.Close) }

func (s guardedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return guardRows(survive(func() (driver.Rows, error) { return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args) }))
}

func (s guardedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return survive(func() (driver.Result, error) { return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) })
}

type guardedTx struct{ driver.Tx }

func (t guardedTx) Commit() error   { return surviveOnly(t.Tx.Commit) }
func (t guardedTx) Rollback() error { return surviveOnly(t.Tx.Rollback) }

type guardedRows struct{ driver.Rows }

func guardRows(rows driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, err
	}
	return guardedRows{rows}, nil
}

func (r guardedRows) Close() error { return surviveOnly(r.Rows.Close) }
func (r guardedRows) Next(dest []driver.Value) error {
	return surviveOnly(func() error { return r.Rows.Next(dest) })
}
