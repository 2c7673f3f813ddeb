package sides

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"excs/shared/model"
)

// Table is what a Gate needs of the mapping table.
type Table interface {
	Noter
	TableID(ctx context.Context) (string, error)
}

// Refused is the error of work that must not write now, though nothing failed: its message is done, and the row waits for the
// run that finds everything in order again.
type Refused struct {
	Why string
	// Outdated says that it is for the settings: the function has others than its deployment.
	Outdated bool
}

// Error says why.
func (r *Refused) Error() string { return r.Why }

// IsRefused reports whether the work is refused, and not merely failed.
func IsRefused(err error) bool {
	_, ok := errors.AsType[*Refused](err)
	return ok
}

// Outdated reports whether the work is refused because the function's settings are not its deployment's.
func Outdated(err error) bool {
	r, ok := errors.AsType[*Refused](err)
	return ok && r.Outdated
}

// believed is how long a process believes what it read of the record and of the table's id.
const believed = time.Minute

// Gate is where everybody who writes to the EX Org passes: it lets work through only on the table and in the organisation that the
// first plan was approved for. Safe for concurrent use.
type Gate struct {
	table Table
	now   func() time.Time
	log   *slog.Logger
	// settings says why the function must not work by the settings that it has; "" when they are its deployment's.
	settings string

	mu     sync.Mutex
	at     time.Time // when record and id were read; zero: they must be read
	record Record
}

// NewGate makes a Gate. settings says why the function's settings are not to be worked by, "" for nothing.
func NewGate(table Table, settings string, now func() time.Time, log *slog.Logger) *Gate {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Gate{table: table, settings: settings, now: now, log: log}
}

// Admit gives the context in which one piece of work may read and write: bound to the approved organisation, so that no call goes
// out with credentials that lead elsewhere. The error is *Refused when nothing may be written now, with a context that still
// reaches the rows; any other error means that nobody can tell.
func (g *Gate) Admit(ctx context.Context) (context.Context, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.settings != "" {
		home, err := Home(ctx, g.table)
		if err != nil {
			return ctx, err
		}
		return home, &Refused{Why: g.settings, Outdated: true}
	}
	if now := g.now(); g.at.IsZero() || now.Sub(g.at) >= believed || now.Before(g.at) {
		if err := g.read(ctx, now); err != nil {
			return ctxOf(ctx, g.record), err
		}
	}
	return g.record.Bind(ctx, g.record.Org), nil
}

func ctxOf(ctx context.Context, r Record) context.Context {
	if r.Org.IsZero() {
		return ctx
	}
	return r.Bind(ctx, r.Org)
}

// read reads the record and compares it with the table. A refusal is not believed for longer than one question.
func (g *Gate) read(ctx context.Context, now time.Time) error {
	g.at = time.Time{}
	record, known, err := Load(ctx, g.table)
	if err != nil {
		return err
	}
	g.record = record
	if !known || record.Org.IsZero() {
		return &Refused{Why: "no first plan is approved for this organisation and this mapping table"}
	}
	id, err := g.table.TableID(ctx)
	if err != nil {
		return err
	}
	if id != record.Table {
		return &Refused{Why: "the mapping table was restored from a backup, and no first plan is approved for it"}
	}
	g.at = now
	return nil
}

// Met notes that work was refused because its credentials lead to another organisation, so that runs and people hear of it.
func (g *Gate) Met(ctx context.Context, f *model.ForeignOrg) {
	now := g.now()
	g.log.ErrorContext(ctx, "the credentials lead to another organisation: nothing is written", "org", f.Have.ID, "orgName", f.Have.Name, "approved", f.Want.ID, "approvedName", f.Want.Name)
	note := Foreign{Have: f.Have, Want: f.Want, Writing: true, Since: now, At: now}
	if err := NoteForeign(ctx, g.table, note); err != nil {
		g.log.WarnContext(ctx, "the other organisation could not be noted", "code", model.CodeOf(err), "error", err.Error())
	}
}
