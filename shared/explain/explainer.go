package explain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// Read reads Engage in one consistent transaction, with the counts that prove it.
type Read func(ctx context.Context) (*model.Snapshot, model.Counts, error)

// Planner makes the plan of the next run for one key from what read gives, and writes nothing.
type Planner func(ctx context.Context, read Read, key model.Key) (plan.Plan, error)

// PlanWith makes a Planner of the configuration of runs.
func PlanWith(c run.Config) Planner {
	return func(ctx context.Context, read Read, key model.Key) (plan.Plan, error) {
		c.Read = read
		report, err := run.New(c).Plan(ctx, run.Request{Keys: []model.Key{key}})
		return report.Plan, err
	}
}

// Table is what an explanation needs of the mapping table.
type Table interface {
	mapping.PauseReader
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	Marked(ctx context.Context) ([]model.Key, error)
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]mapping.OwnerItem, error)
}

// Org is what an explanation reads of the EX Org. Errors carry a model.Code.
type Org interface {
	HomeDivision(ctx context.Context) (string, error)
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
	Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error)
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
	Members(ctx context.Context, queueID string) ([]string, error)
}

// Config is what an Explainer is made of. Every field is needed.
type Config struct {
	Read     Read
	Plan     Planner
	Table    Table
	Org      Org
	Settings rules.Settings
	Now      func() time.Time
}

// Explainer explains objects.
type Explainer struct{ Config }

// New makes an Explainer.
func New(c Config) *Explainer { return &Explainer{c} }

// Explain explains one object. What can not be read (Engage, the EX Org) is said in the explanation; the rest is there all
// the same.
//
// Errors: not_found for a key that neither Engage nor the mapping table has; what the table gives.
func (e *Explainer) Explain(ctx context.Context, key model.Key) (Explanation, error) {
	rows, err := e.Table.GetMany(ctx, []model.Key{key})
	if err != nil {
		return Explanation{}, fmt.Errorf("read the row of %s: %w", key, err)
	}
	w := &work{Explainer: e, key: key, row: rows[key], out: Explanation{Key: key, At: e.Now()}, refs: map[model.Key]mapping.Row{}}
	_, w.mapped = rows[key]
	pauses, err := e.Table.Pauses(ctx)
	if err != nil {
		return Explanation{}, err
	}
	if p, paused := pauses.Of(key); paused {
		w.out.Paused = p.Why()
	}
	marked, err := e.Table.Marked(ctx)
	if err != nil {
		return Explanation{}, fmt.Errorf("read what is being changed: %w", err)
	}
	w.out.BeingChanged = slices.Contains(marked, key)
	w.engage(ctx)
	if w.desired.Key.IsZero() && !w.rejected() {
		return Explanation{}, &model.Error{Code: model.CodeNotFound, Op: "explain", Key: key, Err: fmt.Errorf("%s", w.unknown())}
	}
	if err := w.references(ctx); err != nil {
		return Explanation{}, err
	}
	w.observe(ctx)
	if err := w.compare(ctx); err != nil {
		return Explanation{}, err
	}
	w.tellRow()
	w.tellFields()
	w.tellNext()
	return w.out, nil
}

// work is one explanation in the making.
type work struct {
	*Explainer
	key    model.Key
	row    mapping.Row
	mapped bool
	out    Explanation

	snapshot *model.Snapshot // nil: Engage could not be read
	plan     plan.Plan
	desired  model.Object // what Engage wants by the next run
	held     *plan.Held

	refs  map[model.Key]mapping.Row // what the object refers to
	exID  string
	seen  model.Observed
	there bool // the EX Org showed the object
	home  string
	drift []model.Field
}
