package listen

import (
	"context"
	"log/slog"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// Table is what listening needs of the mapping table.
type Table interface {
	mapping.PauseReader
	dispatch.Marks
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]mapping.OwnerItem, error)
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	Record(ctx context.Context, outcome mapping.Outcome, now time.Time) (mapping.Row, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
}

// Lists reads all rows of a kind: whose address or name a new object has is found by it.
type Lists interface {
	Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error)
}

// Org reads an object that is new in the EX Org. Errors carry a model.Code; not_found means that it is not there (yet) or
// can not be seen.
type Org interface {
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
}

// Config is what a Listener is made of. Every field but Log is needed.
type Config struct {
	Table    Table
	Lists    Lists
	Org      Org
	Work     dispatch.Queue
	Settings rules.Settings
	Now      func() time.Time
	NewToken func() string // an id that is never used twice
	Log      *slog.Logger
}

// Listener turns notices into messages. It is safe for concurrent use. What it remembers (which objects it heard of in the
// last minute, which events it has taken in) is bounded, lives in the process and may be lost: then an object is looked at
// once more.
type Listener struct {
	Config
	windows *recent[subject, window]
	heard   *recent[event, struct{}]
	names   *names
}

// remembered is how many objects, and how many events, the listener has in mind; at most twice as many, some megabytes.
const remembered = 10_000

// New makes a Listener.
func New(c Config) *Listener {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Listener{
		Config: c, names: newNames(c.Lists, c.Now),
		windows: newRecent[subject, window](remembered), heard: newRecent[event, struct{}](remembered),
	}
}
