package engage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// connectTimeout bounds how long a connection may take, over all hosts of the DSN.
const connectTimeout = 20 * time.Second

// Reader reads one Configuration Database. It may be used by several goroutines and is kept between runs; Close ends it.
type Reader struct {
	db      *sql.DB
	dialect dialect
	dsn     string
	schema  string
	names   map[string]string // overrides
	hide    []string          // what no message may hold
	// asked is called before each query of the snapshot's transaction; tests set it.
	asked func(query string)
}

// Open checks the secret and prepares a Reader; it does not connect yet. The database driver is the caller's: it must be
// registered under the names pgx, sqlserver, oracle or sqlite. The error is CodeInvalid.
func Open(secret Secret) (*Reader, error) {
	const op = openOp
	if err := secret.validate(); err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	d, err := dialectOf(secret.Driver)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	if err := registered(d, sql.Drivers()); err != nil {
		return nil, err
	}
	dsn, err := d.prepare(strings.TrimSpace(secret.DSN))
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	hide := secretsOf(secret.DSN, dsn)
	db, err := sql.Open(d.driver, dsn)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "the dsn is not accepted: %s", scrub(err.Error(), hide))
	}
	// One read uses one connection; a second may run beside it (a plan while the schedule runs). A function that was
	// frozen for long should not meet a connection that a firewall has forgotten.
	db.SetMaxOpenConns(2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Reader{db: db, dialect: d, dsn: dsn, schema: secret.Schema, names: secret.Columns, hide: hide}, nil
}

const openOp = "open Engage"

// registered checks that the program has the database driver.
func registered(d dialect, drivers []string) error {
	if slices.Contains(drivers, d.driver) {
		return nil
	}
	return model.Errorf(model.CodeInvalid, openOp, "this program was built without the database driver %s that the driver %s of the Engage secret needs (it has: %s)",
		d.driver, d.name, strings.Join(drivers, ", "))
}

// Close ends the connections.
func (r *Reader) Close() error { return r.db.Close() }

// String gives the sort of database only.
func (r *Reader) String() string { return "engage reader (" + r.dialect.name + ")" }

// connect takes a connection from the pool, or makes one.
func (r *Reader) connect(ctx context.Context) (*sql.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := r.db.Conn(bounded)
	if err != nil {
		return nil, r.fault("connect to the Configuration Database", err)
	}
	return conn, nil
}

// Probe looks up how the tables and columns that a query needs are called in this database. Its errors are those of
// Read.
func (r *Reader) Probe(ctx context.Context, q Query) (res Resolved, err error) {
	if err := q.validate(); err != nil {
		return Resolved{}, err
	}
	conn, err := r.connect(ctx)
	if err != nil {
		return Resolved{}, err
	}
	defer func() { err = r.release(conn, err) }()
	return r.probe(ctx, conn, q)
}

// release gives a connection back; its error counts only if there is no other.
func (r *Reader) release(conn *sql.Conn, err error) error {
	if e := conn.Close(); e != nil && err == nil {
		return r.fault("close the connection", e)
	}
	return err
}

func (r *Reader) probe(ctx context.Context, conn *sql.Conn, q Query) (Resolved, error) {
	c, err := r.readCatalogue(ctx, conn)
	if err != nil {
		return Resolved{}, err
	}
	return resolve(r.dialect, r.schema, r.names, c, needs(q))
}

// Query says what to read.
type Query struct {
	// Tenant is the DBID of the tenant.
	Tenant int64
	// DNTypes are the types of the DNs that become queues (model.DNVirtualQueue, …).
	DNTypes []int
	// Attributes are the names of the Business Attributes whose values are read (wrap-up codes).
	Attributes []string
	// LanguageAttribute is the name of the one whose values name the languages; "" for none.
	LanguageAttribute string
	// AllPersons reads persons that are not agents too.
	AllPersons bool
}

func (q Query) validate() error {
	switch {
	case q.Tenant <= 0:
		return model.Errorf(model.CodeInvalid, op, "tenant %d is not a DBID: set the setting tenant to the DBID of the Engage tenant", q.Tenant)
	case len(q.DNTypes) == 0:
		return model.Errorf(model.CodeInvalid, op, "no DN type becomes a queue: check the setting queues.types")
	}
	return nil
}

// attributes lists the names of all Business Attributes that are asked for.
func (q Query) attributes() []string {
	var names []string
	for _, n := range append(slices.Clone(q.Attributes), q.LanguageAttribute) {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// numbers writes a list of numbers for an IN.
func numbers[T int | int64](ns []T) string {
	ts := make([]string, 0, len(ns))
	for _, n := range ns {
		ts = append(ts, fmt.Sprint(n))
	}
	return strings.Join(ts, ", ")
}
