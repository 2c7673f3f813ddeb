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
	closers  []func() error
	what     string
}

func (s *source) close() {
	for _, c := range s.closers {
		if err := c(); err != nil {
			fmt.Fprintln(os.Stderr, "demo: "+err.Error())
		}
	}
}

// openSource generates a site, or opens the database that is there.
func openSource(ctx context.Context, o options, out io.Writer) (s *source, err error) {
	s = &source{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.settings, err = settingsOf(o); err != nil {
		return nil, err
	}
	secret, err := s.database(ctx, o, out)
	if err != nil {
		return nil, err
	}
	reader, err := engage.Open(secret)
	if err != nil {
		return nil, err
	}
	s.closers = append([]func() error{reader.Close}, s.closers...)
	s.read = wiring.ReadFor(reader, s.settings)
	if s.edits == nil {
		overlay := &overlay{}
		s.read = overlay.over(s.read)
		s.edits = overlay
	}
	return s, nil
}

func settingsOf(o options) (rules.Settings, error) {
	if o.settings != "" {
		return rules.Parse([]byte(o.settings))
	}
	s := rules.Default(o.tenant, rules.Preset202307)
	s.Email.Domain = "agents.example"
	return s, s.Validate()
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
	return "", errors.New("ENGAGE_DSN: begin it with postgres://, sqlserver:// or oracle://")
}

// generate writes a generated site into a SQLite file that goes with the demo.
func (s *source) generate(ctx context.Context, o options, out io.Writer) (engage.Secret, error) {
	dir, err := os.MkdirTemp("", "excs-demo-")
	if err != nil {
		return engage.Secret{}, fmt.Errorf("make a folder for the generated site: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	path := filepath.Join(dir, "engage.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		return engage.Secret{}, err
	}
	s.closers = append([]func() error{db.Close}, s.closers...)
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
		return fmt.Errorf("fill: the data source name can not be used")
	}
	s.closers = append(s.closers, db.Close)
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
	p := newProgress(out)
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
