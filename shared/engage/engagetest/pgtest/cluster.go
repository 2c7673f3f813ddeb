package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// Cluster is a PostgreSQL cluster that the tests of a package share. It starts with the first Database.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, cluster)) }
//
//	var cluster = pgtest.New()
//
// A Cluster is safe for concurrent use.
type Cluster struct {
	options []Option

	mu     sync.Mutex
	server *server
	err    error // of a start that failed: the next test need not wait for it again
	made   int   // databases made so far
}

// New returns a cluster that is not started yet.
func New(options ...Option) *Cluster { return &Cluster{options: options} }

// Main runs the tests and stops the clusters that they started. It returns the exit code for os.Exit.
func Main(m interface{ Run() int }, clusters ...*Cluster) int {
	code := m.Run()
	for _, c := range clusters {
		if err := c.Stop(); err != nil {
			fmt.Println(err)
			code = max(code, 1)
		}
	}
	return code
}

// Start starts a cluster for one test, which stops it at its end. A machine without PostgreSQL fails the test, naming the package to install.
func Start(tb testing.TB, options ...Option) *Cluster {
	tb.Helper()
	c := New(options...)
	tb.Cleanup(func() {
		if err := c.Stop(); err != nil {
			tb.Error(err)
		}
	})
	if _, err := c.started(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return c
}

// Database makes an empty database for one test, which drops it at its end, and returns its data source name for the driver pgx.
func (c *Cluster) Database(tb testing.TB) (dsn string) {
	tb.Helper()
	dsn, drop, err := c.NewDatabase(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := drop(); err != nil {
			tb.Error(err)
		}
	})
	return dsn
}

// Open makes an empty database as Database does and opens it; the test closes it at its end.
func (c *Cluster) Open(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", c.Database(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// NewDatabase makes an empty database and returns its data source name and the function that drops it, whoever is still connected.
func (c *Cluster) NewDatabase(ctx context.Context) (dsn string, drop func() error, err error) {
	s, err := c.started(ctx)
	if err != nil {
		return "", nil, err
	}
	c.mu.Lock()
	c.made++
	name := fmt.Sprintf("test_%d", c.made)
	c.mu.Unlock()
	if err := s.execute(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	drop = func() error {
		select {
		case <-s.done: // stopped: the database is gone with the server
			return nil
		default: // the test's context has ended by now
			return s.execute(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
	}
	return s.dsn(name), drop, nil
}

// started starts the cluster if it does not run.
func (c *Cluster) started(ctx context.Context) (*server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil && c.err == nil {
		c.server, c.err = run(ctx, c.options)
	}
	return c.server, c.err
}

// Stop ends the cluster, if it runs, and removes its files. A later Database starts a new one.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.server
	c.server, c.err = nil, nil
	if s == nil {
		return nil
	}
	return s.stop()
}

// execute runs a statement in the database postgres.
func (s *server) execute(ctx context.Context, statement string) (err error) {
	db, err := sql.Open("pgx", s.dsn("postgres"))
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
