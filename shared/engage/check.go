package engage

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// Finding is one line of a check.
type Finding struct {
	// What was looked at: secret, server, tls, login, schema, a table, transaction, encoding, row security, tenant, rows, time.
	What string
	OK   bool
	Text string
}

// String writes the line.
func (f Finding) String() string {
	if f.OK {
		return "ok    " + f.What + ": " + f.Text
	}
	return "WRONG " + f.What + ": " + f.Text
}

// Check looks whether a secret leads to a Configuration Database that can be read, and says line by line what it found.
// It goes as far as it can; the last line is what stopped it, or how long a whole read took. It writes nothing.
func Check(ctx context.Context, secret Secret, q Query) []Finding {
	r, err := Open(secret)
	if err != nil {
		return (&checking{}).wrong("secret", err)
	}
	defer func() { _ = r.Close() }()
	return r.Check(ctx, q)
}

// Check is the function Check for a reader that is open.
func (r *Reader) Check(ctx context.Context, q Query) []Finding {
	c := &checking{}
	c.ok("secret", "%s", r.dialect.name)
	err := r.connected(ctx, func(ctx context.Context, conn *sql.Conn) error {
		c.entered(r)
		return c.database(ctx, conn, r, q)
	})
	if err == nil {
		err = c.read(ctx, r, q)
	}
	if err != nil {
		return c.stopped(err)
	}
	return c.found
}

type checking struct {
	found []Finding
	step  string // what is looked at
}

func (c *checking) ok(what, format string, args ...any) {
	c.found = append(c.found, Finding{what, true, fmt.Sprintf(format, args...)})
}

func (c *checking) wrong(what string, err error) []Finding {
	return append(c.found, Finding{what, false, err.Error()})
}

// entered says what a login that worked proves.
func (c *checking) entered(r *Reader) {
	c.ok("server", "it answers")
	c.ok("tls", "%s", r.tls)
	c.ok("login", "taken")
}

// stopped says where an error belongs: before the login, by what the server showed of itself.
func (c *checking) stopped(err error) []Finding {
	if c.step != "" {
		return c.wrong(c.step, err)
	}
	switch model.CodeOf(err) {
	case model.CodeDenied:
		c.ok("server", "it answers")
		return c.wrong("login", err)
	case model.CodeInvalid:
		c.ok("server", "something answers")
		return c.wrong("tls or database", err)
	default:
		return c.wrong("server", err)
	}
}

// database looks at what the login can see.
func (c *checking) database(ctx context.Context, conn *sql.Conn, r *Reader, q Query) error {
	c.step = "schema"
	if err := q.validate(); err != nil {
		return err
	}
	res, err := r.probe(ctx, conn, q)
	if err != nil {
		return err
	}
	for line := range strings.Lines(res.String()) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		c.ok("schema", "%s %s", name, rest)
	}
	c.step = "encoding"
	if r.dialect.encoding != "" {
		var said string
		if err := conn.QueryRowContext(ctx, r.dialect.encoding).Scan(&said); err != nil {
			return r.fault("read the encoding", err)
		}
		c.ok("encoding", "the database says %s; texts are read as %s", said, r.encodingName())
	}
	c.step = "transaction"
	tx, notes, err := r.dialect.begin(ctx, conn, r)
	if err != nil {
		return r.fault("begin the read-only transaction", err)
	}
	c.ok("transaction", "all queries see one state")
	for _, n := range notes {
		c.ok("transaction", "%s", n.Text)
	}
	err = c.tables(ctx, tx, r, res)
	if e := tx.Rollback(); err == nil && e != nil {
		err = r.fault("end the read-only transaction", e)
	}
	return err
}

// tables looks whether each table, with each column, can be read.
func (c *checking) tables(ctx context.Context, tx *sql.Tx, r *Reader, res Resolved) error {
	for _, name := range slices.Sorted(maps.Keys(res.tables)) {
		c.step = name
		columns := slices.Sorted(maps.Keys(res.tables[name].columns))
		for i, column := range columns {
			columns[i] = res.column(name, column)
		}
		var none number
		query := "SELECT COUNT(*)\nFROM (SELECT " + strings.Join(columns, ", ") + " FROM " + res.table(name) + " WHERE 1 = 0) t"
		if err := tx.QueryRowContext(ctx, query).Scan(&none); err != nil {
			return r.fault("read "+name, err)
		}
		c.ok(name, "it can be read")
	}
	if r.dialect.name == "postgres" {
		c.ok("row security", "none hides a row from this login")
	}
	return nil
}

// read reads everything once.
func (c *checking) read(ctx context.Context, r *Reader, q Query) error {
	c.step = "read"
	start := time.Now()
	s, counts, err := r.Read(ctx, q)
	if err != nil {
		return err
	}
	c.ok("tenant", "%d '%s'", s.Tenant.DBID, strings.ToValidUTF8(s.Tenant.Name, "?"))
	for _, t := range sortedTables(counts) {
		c.ok("rows", "%s: %d", t, counts[t])
	}
	for _, n := range s.Notes {
		c.ok("note", "%s", n.Text)
	}
	c.ok("time", "one read took %s", time.Since(start).Round(time.Millisecond))
	return nil
}
