package engage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"

	"excs/shared/model"
)

// connectTimeout bounds how long a connection may take, over all hosts of the DSN.
const connectTimeout = 20 * time.Second

// Reader reads one Configuration Database. It may be used by several goroutines and is kept between runs; Close ends it.
// It keeps no connection: servers, failovers and firewalls close idle ones, and a login a minute costs nothing.
type Reader struct {
	db       *sql.DB
	dialect  dialect
	dsn      string
	tls      string // how far the connection is protected
	schema   string
	names    map[string]string // overrides
	encoding encoding.Encoding // of the texts, nil where the database knows
	hide     []string          // what no message may hold
	// asked is called before each query of the snapshot's transaction; tests set it.
	asked func(query string)
}

// Open checks the secret and prepares a Reader; it does not connect yet. The database driver is the caller's: it must be
// registered, under the names pgx or sqlite with database/sql, or with Register. The error is CodeInvalid.
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
	secret.DSN = strings.TrimSpace(secret.DSN)
	p, err := d.prepare(secret)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	hide := secretsOf(p.hide...)
	db, err := openDB(d, p.dsn, secret)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "the dsn is not accepted: %s", scrub(err.Error(), hide))
	}
	db.SetMaxIdleConns(-1)
	e, err := decoderOf(secret.Encoding)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	return &Reader{db: db, dialect: d, dsn: p.dsn, tls: p.tls, schema: secret.Schema, names: secret.Columns, encoding: e, hide: hide}, nil
}

func openDB(d dialect, dsn string, secret Secret) (*sql.DB, error) {
	open, ok := connectorOf(d.name)
	if !ok {
		return sql.Open(d.driver, dsn)
	}
	roots, err := secret.roots()
	if err != nil {
		return nil, err
	}
	connector, err := open(Connection{DSN: dsn, RootCAs: roots, LegacyTLS: secret.TLS == "legacy"})
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(guardedConnector{connector}), nil
}

const openOp = "open Engage"

// registered checks that the program has the database driver.
func registered(d dialect, drivers []string) error {
	if _, ok := connectorOf(d.name); ok || slices.Contains(drivers, d.driver) {
		return nil
	}
	return model.Errorf(model.CodeInvalid, openOp, "this program was built without the database driver %s that the driver %s of the Engage secret needs (it has: %s)",
		d.driver, d.name, strings.Join(drivers, ", "))
}

// Close ends the connections.
func (r *Reader) Close() error { return r.db.Close() }

// String gives the sort of database only.
func (r *Reader) String() string { return "engage reader (" + r.dialect.name + ")" }

// connect makes a connection. It is given up when the context ends, or connectTimeout has passed, whatever the driver
// waits for.
func (r *Reader) connect(ctx context.Context) (*sql.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if l, ok := ctx.Value(leashKey{}).(*leash); ok {
		defer cutAfter(bounded, l)()
	}
	conn, err := r.db.Conn(bounded)
	if err != nil {
		return nil, r.inTime(bounded, r.fault("connect to the Configuration Database", err))
	}
	return conn, nil
}

// inTime says that an error is a time-out where the context has ended, whatever the driver says: one that lost its
// connection to the leash tells of a closed connection.
func (r *Reader) inTime(ctx context.Context, err error) error {
	cause := ctx.Err()
	if err == nil || cause == nil || errors.Is(err, cause) || model.CodeOf(err) != model.CodeUnavailable {
		return err
	}
	return model.Errorf(model.CodeUnavailable, op, "%w", &labelled{"no answer in time: " + err.Error(), cause})
}

// Probe looks up how the tables and columns that a query needs are called in this database. Its errors are those of
// Read.
func (r *Reader) Probe(ctx context.Context, q Query) (res Resolved, err error) {
	if err := q.validate(); err != nil {
		return Resolved{}, err
	}
	err = r.connected(ctx, func(ctx context.Context, conn *sql.Conn) (err error) {
		res, err = r.probe(ctx, conn, q)
		return err
	})
	return res, err
}

// connected does something with a connection of its own, which ends with it.
func (r *Reader) connected(ctx context.Context, do func(context.Context, *sql.Conn) error) (err error) {
	outer := ctx
	ctx, end := onLeash(ctx)
	defer end()
	defer func() { err = r.inTime(outer, err) }()
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = r.release(conn, err) }()
	return do(ctx, conn)
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
	return resolveIn(r.dialect, r.schema, r.names, c, needs(q))
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
