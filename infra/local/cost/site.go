package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
)

// Size is one of the sizes that the table has a column for.
type Size struct {
	// Agents names it, roughly: a twentieth of a site's persons are no agents.
	Agents int
	Tier   engagetest.Tier
	// Persons is how many persons of the tier are kept; 0: all.
	Persons int
}

// sizes are the columns. There is no tier of 5,000 persons: half of the agents of the large one, with all its queues and
// skills, is what such a site has at most.
func sizes() []Size {
	return []Size{
		{Agents: 500, Tier: engagetest.Small},
		{Agents: 5_000, Tier: engagetest.Large, Persons: 5_000},
		{Agents: 30_000, Tier: engagetest.Stress},
	}
}

// site is a generated Configuration Database, ready to be read and edited.
type site struct {
	editor *engagetest.Editor
	reader *engage.Reader
	dir    string
	db     *sql.DB
}

// generate writes a site of the size into a SQLite file of its own.
func generate(ctx context.Context, size Size) (s *site, err error) {
	s = &site{}
	if s.dir, err = os.MkdirTemp("", "excs-cost-"); err != nil {
		return nil, fmt.Errorf("make a folder for the generated site: %w", err)
	}
	if err := s.fill(ctx, size); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) fill(ctx context.Context, size Size) (err error) {
	model := engagetest.New(size.Tier, 1)
	if size.Persons > 0 {
		keepPersons(model, size.Persons)
	}
	path := filepath.Join(s.dir, "engage.db")
	if s.db, err = engagetest.OpenSQLite(path); err != nil { //nolint:contextcheck // a file of this machine
		return err
	}
	if err := model.Write(ctx, s.db, engagetest.SQLite); err != nil {
		return err
	}
	s.editor = engagetest.NewEditor(model, s.db, engagetest.SQLite)
	s.reader, err = engage.Open(engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)})
	return err
}

func (s *site) close() error {
	var errs []error
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// keepPersons takes away all persons of the tenant but the first n, with their skill levels, memberships, logins and annex.
func keepPersons(s *engagetest.Site, n int) {
	gone := map[int64]bool{}
	for _, p := range s.Persons {
		if p.Tenant != s.Tenant {
			continue
		}
		if n > 0 {
			n--
			continue
		}
		gone[p.DBID] = true
	}
	s.Persons = slices.DeleteFunc(s.Persons, func(p engagetest.Person) bool { return gone[p.DBID] })
	s.Levels = slices.DeleteFunc(s.Levels, func(l engagetest.Level) bool { return gone[l.Person] })
	s.Members = slices.DeleteFunc(s.Members, func(m engagetest.Member) bool { return gone[m.Person] })
	s.LoginInfos = slices.DeleteFunc(s.LoginInfos, func(l engagetest.LoginInfo) bool { return gone[l.Person] })
	s.Props = slices.DeleteFunc(s.Props, func(p engagetest.Prop) bool { return p.Type == engagetest.ObjectPerson && gone[p.Object] })
}
