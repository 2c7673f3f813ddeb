package stage

import (
	"context"
	"database/sql"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/wiring"
)

// shelf has the sites of the tests.
var shelf = excstest.NewSites()

// Read reads Engage.
type Read = excstest.Read

// Stage is one tenant with everything that serves it.
type Stage struct {
	*excstest.Service
	Org   *exorgtest.Org
	Clock *excstest.Clock

	asked excstest.Asked
}

// Settings are the default settings of the generated sites' tenant.
func Settings() rules.Settings { return excstest.Settings(rules.Preset202307) }

// Tiny is the default stage: a tiny site in SQLite, an empty EX Org.
func Tiny(tb testing.TB) (*Stage, *engagetest.Editor) {
	tb.Helper()
	e := shelf.Open(tb, Site())
	return New(tb, Settings(), e.Read(Settings())), e.Editor
}

// New makes a stage that reads Engage with read. The EX Org is empty; change may alter the world before it is made.
func New(tb testing.TB, settings rules.Settings, read Read, change ...func(*excstest.Config)) *Stage {
	tb.Helper()
	s := &Stage{Clock: excstest.NewClock()}
	s.Org = exorgtest.New(exorgtest.WithClock(s.Clock.Now))
	config := excstest.Config{
		Settings: settings, Read: read, HTTP: s.Org.Client(), Now: s.Clock.Now, Sleep: s.Clock.Sleep,
		Secret: Secret(exorgtest.DefaultClientSecret), Table: mapping.MemoryOptions{Fault: s.asked.Note},
	}
	for _, c := range change {
		c(&config)
	}
	s.Service = excstest.New(config)
	return s
}

// Secret is the EX Org secret of a stage with that client secret.
func Secret(clientSecret string) exorg.Secret { return excstest.Secret(clientSecret) }

// SQLite writes a site into a file and opens a reader of it.
func SQLite(tb testing.TB, site *engagetest.Site) (*engagetest.Editor, *engage.Reader) {
	tb.Helper()
	e := shelf.Open(tb, site)
	return e.Editor, e.Reader
}

func openDB(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Write loads a site into a database.
func Write(tb testing.TB, site *engagetest.Site, db *sql.DB, d engagetest.Dialect) *engagetest.Editor {
	tb.Helper()
	if err := site.Write(context.Background(), db, d); err != nil {
		tb.Fatal(err)
	}
	return engagetest.NewEditor(site, db, d)
}

// Open opens a reader that ends with the test.
func Open(tb testing.TB, secret engage.Secret) *engage.Reader {
	tb.Helper()
	reader, err := engage.Open(secret)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = reader.Close() })
	return reader
}

// Reset starts all counting anew.
func (s *Stage) Reset() {
	s.asked.Forget()
	s.Table.ResetUnits()
	s.Org.ResetCounters()
}

// TableWrites names the table's operations that wrote since Reset, each once (excstest.Asked).
func (s *Stage) TableWrites() []string { return s.asked.Writes() }

// Rows counts the rows of the mapping table that are known to its index or not converged.
func (s *Stage) Rows(tb testing.TB) int {
	tb.Helper()
	keys := map[model.Key]bool{}
	for _, k := range model.Kinds() {
		list, err := s.Table.Keys(tb.Context(), k)
		if err != nil {
			tb.Fatal(err)
		}
		for _, key := range list {
			keys[key] = true
		}
	}
	items, err := s.Table.List(tb.Context(), mapping.States(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, i := range items {
		keys[i.Key] = true
	}
	return len(keys)
}

// Messages counts the messages on the work queue and on the dead-letter queue.
func (s *Stage) Messages(tb testing.TB) (work, dead int) {
	tb.Helper()
	waiting, inFlight, err := s.Work.Depth(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	deadWaiting, deadInFlight, err := s.Dead.Depth(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return waiting + inFlight, deadWaiting + deadInFlight
}

// Site is the tiny site of the default stage.
func Site() *engagetest.Site { return engagetest.New(engagetest.Tiny, 1) }

// Breaking reads with the reader until down is set; then Engage can not be reached.
func Breaking(reader *engage.Reader, settings rules.Settings, down *bool) Read {
	read := wiring.ReadFor(reader, settings)
	return func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
		if *down {
			return nil, nil, model.Errorf(model.CodeUnavailable, "read Engage", "no answer")
		}
		return read(ctx)
	}
}

// LoseMessages takes everything off the work queue without working on it.
func (s *Stage) LoseMessages(tb testing.TB) {
	tb.Helper()
	for {
		batch, err := s.Work.Receive(tb.Context(), queue.BatchSize, 0)
		if err != nil {
			tb.Fatal(err)
		}
		if len(batch) == 0 {
			return
		}
		if err := s.Work.Delete(tb.Context(), batch); err != nil {
			tb.Fatal(err)
		}
	}
}

// Converge works until nothing is left that would change by itself.
func (s *Stage) Converge(tb testing.TB) {
	tb.Helper()
	if err := s.Settle(tb.Context(), 30, s.Clock.Pass); err != nil {
		tb.Fatal(err)
	}
}

// NothingWritten fails the test if anything was written since Reset: to the EX Org, to a row, to a document, to a queue.
func (s *Stage) NothingWritten(tb testing.TB) {
	tb.Helper()
	if n := s.Org.Totals().Writes; n > 0 {
		tb.Errorf("%d writes to the EX Org: %v", n, s.Org.Calls())
	}
	if w := s.TableWrites(); len(w) > 0 {
		tb.Errorf("the table was written to: %v", w)
	}
	if work, dead := s.Messages(tb); work+dead > 0 {
		tb.Errorf("%d messages on the work queue, %d dead letters", work, dead)
	}
}

// CallsBeyondIdentity counts the calls of the EX Org but those that tell which organisation it is: a token, and whose it is.
func CallsBeyondIdentity(org *exorgtest.Org) int {
	calls := org.Calls()
	return org.Totals().Calls - calls["POST /oauth/token"] - calls["GET /api/v2/tokens/me"]
}
