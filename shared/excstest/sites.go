package excstest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // driver sqlite

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// Sites keeps the sites that the tests of a package begin with, each written once.
//
//	var shelf = excstest.NewSites()
//
// A Sites is safe for concurrent use.
type Sites struct {
	mu    sync.Mutex
	sites map[[sha256.Size]byte]*kept
}

// NewSites returns a shelf with nothing on it.
func NewSites() *Sites { return &Sites{sites: map[[sha256.Size]byte]*kept{}} }

// kept is a site as it was written, and what reading it gave.
type kept struct {
	written sync.Once
	file    []byte
	err     error

	mu    sync.Mutex
	takes map[string]take // by the settings
}

// take is the answer to a read.
type take struct {
	snapshot *model.Snapshot
	counts   model.Counts
}

// Read reads Engage.
type Read = func(context.Context) (*model.Snapshot, model.Counts, error)

// Engage is a site in a SQLite file of one test.
type Engage struct {
	*engagetest.Editor
	Reader *engage.Reader

	kept *kept
}

// Open puts a site into a SQLite file of the test's own. The editor changes the site and the file, until the test ends.
func (s *Sites) Open(tb testing.TB, site *engagetest.Site) *Engage {
	tb.Helper()
	k := s.find(site)
	if k.written.Do(func() { k.file, k.err = written(tb.TempDir(), site) }); k.err != nil {
		tb.Fatal(k.err)
	}
	path := filepath.Join(tb.TempDir(), "engage.db")
	if err := os.WriteFile(path, k.file, 0o600); err != nil {
		tb.Fatal(err)
	}
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	reader, err := engage.Open(engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = reader.Close() })
	return &Engage{Editor: engagetest.NewEditor(site, db, engagetest.SQLite), Reader: reader, kept: k}
}

// find gives the entry of a site, by all that it holds.
func (s *Sites) find(site *engagetest.Site) *kept {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", *site))
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.sites[sum]
	if !ok {
		k = &kept{takes: map[string]take{}}
		s.sites[sum] = k
	}
	return k
}

// written writes a site into a file and gives what is in it.
func written(dir string, site *engagetest.Site) (file []byte, err error) {
	path := filepath.Join(dir, "engage.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		return nil, err
	}
	// The last connection that closes moves the write-ahead log into the file.
	if err := errors.Join(site.Write(context.Background(), db, engagetest.SQLite), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // the test's own file
}

// Read gives the read that the settings ask for. As long as nothing was edited it gives what it gave before, and before
// the first edit what any other test's read of the same site gave: the reading itself is tested where it is written.
func (e *Engage) Read(settings rules.Settings) Read {
	read := wiring.ReadFor(e.Reader, settings)
	asked, err := json.Marshal(settings)
	if err != nil {
		return func(context.Context) (*model.Snapshot, model.Counts, error) { return nil, nil, err }
	}
	var mu sync.Mutex
	var last take
	at := int64(-1)
	return func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
		mu.Lock()
		defer mu.Unlock()
		moves := e.Moves()
		if moves != at {
			t, err := e.take(ctx, moves == 0, string(asked), read)
			if err != nil {
				return nil, nil, err
			}
			last, at = t, moves
		}
		snapshot := *last.snapshot
		return &snapshot, last.counts, ctx.Err()
	}
}

// take reads. A site that nobody has edited yet is read once for all tests.
func (e *Engage) take(ctx context.Context, fresh bool, asked string, read Read) (take, error) {
	if !fresh {
		snapshot, counts, err := read(ctx)
		return take{snapshot, counts}, err
	}
	e.kept.mu.Lock()
	defer e.kept.mu.Unlock()
	if t, ok := e.kept.takes[asked]; ok {
		return t, nil
	}
	snapshot, counts, err := read(ctx)
	if err == nil && e.Moves() == 0 { // an edit may have come while it was read
		e.kept.takes[asked] = take{snapshot, counts}
	}
	return take{snapshot, counts}, err
}
