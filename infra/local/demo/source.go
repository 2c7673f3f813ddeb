package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// source is the Engage site of the demo.
type source struct {
	settings rules.Settings
	read     func(context.Context) (*model.Snapshot, model.Counts, error)
	edits    editor
	closers  []func() error // last opened first
	what     string
	clock    clock
}

func (s *source) close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

func (s *source) closeLater(f func() error) { s.closers = append([]func() error{f}, s.closers...) }

// openSource generates a site, or opens the database that is there.
func openSource(ctx context.Context, o options, out io.Writer, c clock) (*source, error) {
	s := &source{settings: o.settings, clock: c}
	if err := s.open(ctx, o, out); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *source) open(ctx context.Context, o options, out io.Writer) error {
	secret, err := s.database(ctx, o, out)
	if err != nil {
		return err
	}
	reader, err := engage.Open(secret)
	if err != nil {
		return err
	}
	s.closeLater(reader.Close)
	s.read = wiring.ReadFor(reader, s.settings)
	if s.edits == nil {
		overlay := &overlay{}
		s.read = overlay.over(s.read)
		s.edits = overlay
	}
	return nil
}

func (s *source) database(ctx context.Context, o options, out io.Writer) (engage.Secret, error) {
	if o.dsn == "" {
		return s.generate(ctx, o, out)
	}
	driver, err := driverOf(o.dsn)
	if err != nil {
		return engage.Secret{}, err
	}
	secret := engage.Secret{Driver: driver, DSN: o.dsn}
	s.what = "the " + driver + " database given"
	if !o.fill {
		return secret, nil
	}
	return secret, s.fill(ctx, o, driver, out)
}

// driverOf tells the driver from the scheme of a data source name.
func driverOf(dsn string) (string, error) {
	scheme, _, ok := strings.Cut(dsn, "://")
	if ok {
		switch scheme {
		case "postgres", "postgresql":
			return "postgres", nil
		case "sqlserver", "oracle":
			return scheme, nil
		}
	}
	return "", errors.New(varDSN + ": begin it with postgres://, sqlserver:// or oracle://")
}

// generate writes a generated site into a SQLite file that goes with the demo.
func (s *source) generate(ctx context.Context, o options, out io.Writer) (engage.Secret, error) {
	dir, err := os.MkdirTemp("", "excs-demo-")
	if err != nil {
		return engage.Secret{}, fmt.Errorf("make a folder for the generated site: %w", err)
	}
	s.closeLater(func() error { return os.RemoveAll(dir) })
	path := filepath.Join(dir, "engage.db")
	db, err := engagetest.OpenSQLite(path) //nolint:contextcheck // a file of this machine
	if err != nil {
		return engage.Secret{}, err
	}
	s.closeLater(db.Close)
	s.what = "a generated site (tier " + o.tier.String() + ") in SQLite"
	return engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)}, s.write(ctx, o, db, engagetest.SQLite, out)
}

// fill writes the generated site into an empty PostgreSQL database, which may then be edited too: it is the demo's own.
func (s *source) fill(ctx context.Context, o options, driver string, out io.Writer) error {
	if driver != "postgres" {
		return errors.New("fill: only a PostgreSQL database can be filled")
	}
	db, err := sql.Open("pgx", o.dsn)
	if err != nil {
		return errors.New("fill: the data source name can not be used") // the driver's text may quote it
	}
	s.closeLater(db.Close)
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'cfg!_%' ESCAPE '!'`).Scan(&tables); err != nil {
		return fmt.Errorf("fill: look into the database: %w", err)
	}
	if tables > 0 {
		return fmt.Errorf("fill: the database holds %d cfg_ tables already, and the demo writes into an empty one only", tables)
	}
	s.what = "a generated site (tier " + o.tier.String() + ") in the PostgreSQL database given"
	return s.write(ctx, o, db, engagetest.PostgreSQL, out)
}

func (s *source) write(ctx context.Context, o options, db *sql.DB, d engagetest.Dialect, out io.Writer) error {
	p := newProgress(out, s.clock.now)
	p.show("generating the site")
	site := engagetest.New(o.tier, 1)
	p.show("writing the site")
	if err := site.Write(ctx, db, d); err != nil {
		return err
	}
	p.done()
	s.edits = &siteEditor{engagetest.NewEditor(site, db, d)}
	return nil
}
