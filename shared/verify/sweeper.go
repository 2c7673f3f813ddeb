package verify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// Table is what a sweep needs of the mapping table. It sets queued marks, notes what it saw of queues and keeps its own document; it changes
// nothing else.
type Table interface {
	mapping.PauseReader
	dispatch.Marks
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	See(ctx context.Context, key model.Key, exID string, body []byte, codes []string) error
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]mapping.OwnerItem, error)
	GetDocument(ctx context.Context, name string) ([]byte, error)
	PutDocument(ctx context.Context, name string, run int64, body []byte) error
}

// Lists reads all rows of a kind.
type Lists interface {
	Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error)
}

// The defaults of Config.
const (
	DefaultAbsence  = 90 * time.Second
	DefaultFresh    = 5 * time.Minute
	DefaultInterval = time.Hour
	DefaultRound    = 24 * time.Hour
	DefaultMargin   = 30 * time.Second
)

// Config is what a Sweeper is made of. Times of zero take their defaults; Log may be nil.
type Config struct {
	Table    Table
	Lists    Lists
	Queue    dispatch.Queue
	Org      Org
	Settings rules.Settings

	// Absence is how far apart two reads must miss an object before it counts as missing.
	Absence time.Duration
	// Fresh is how long after EXCS wrote an object its reads prove nothing.
	Fresh time.Duration
	// Interval is how often whole sweeps are made, Round the time in which rotations come round once.
	Interval, Round time.Duration
	// Margin is how long before the context's deadline a sweep stops, so that it can still keep where it stopped.
	Margin time.Duration

	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error // nil: a timer
	NewToken func() string                                    // an id that is never used twice
	Log      *slog.Logger
}

// Sweeper makes sweeps. It keeps nothing between them: what the next one needs stands in its document.
type Sweeper struct{ Config }

// New makes a Sweeper.
func New(c Config) *Sweeper {
	for at, d := range map[*time.Duration]time.Duration{
		&c.Absence: DefaultAbsence, &c.Fresh: DefaultFresh, &c.Interval: DefaultInterval, &c.Round: DefaultRound, &c.Margin: DefaultMargin,
	} {
		if *at <= 0 {
			*at = d
		}
	}
	if c.Sleep == nil {
		c.Sleep = wait
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Sweeper{c}
}

// Request says what a sweep is asked to look at.
type Request struct {
	// Kinds limit it; empty means all. Of a kind that is named, rotations go round once instead of the part that is due.
	Kinds []model.Kind
	// Keys are compared by their own reads; nothing else is looked at.
	Keys []model.Key
	// Dry lists what would be found and neither queues nor keeps anything. It begins at the beginning and can not be
	// resumed; an object that is missing is only suspected.
	Dry bool
}

// Sweep looks at what it is asked to and queues what it finds. It stops when the budget refuses it or the context's
// deadline is near, and says so in the report; the same request again goes on where it stopped.
//
// Errors: invalid for kinds and keys at once; not_found for a key without a row; conflict while another sweep is under
// way; denied when the EX Org refuses the OAuth client; what the table and the queue give. The report holds what was found
// until then.
func (s *Sweeper) Sweep(ctx context.Context, req Request) (Report, error) {
	if len(req.Keys) > 0 && len(req.Kinds) > 0 {
		return Report{}, model.Errorf(model.CodeInvalid, "verify", "give keys or kinds, not both")
	}
	w := s.begin(ctx, req)
	ctx, cancel := w.inTime(ctx)
	defer cancel()
	var err error
	switch {
	case len(req.Keys) > 0:
		err = w.keys(ctx)
	case req.Dry:
		err = w.dry(ctx)
	default:
		err = w.claimed(ctx)
	}
	r := w.finish()
	s.Log.InfoContext(ctx, "verify", "kinds", req.Kinds, "keys", len(req.Keys), "dry", req.Dry, "calls", r.Calls, "findings", len(r.Findings), "queued", r.Queued, "done", r.Done, "next", r.Next)
	return r, err
}

// sweep is the work of one call.
type sweep struct {
	*Sweeper
	req    Request
	end    time.Time // when to stop; zero: never
	calls  int       // of the Org when the sweep began
	report Report
	cursor cursor
	ledger ledger
	saved  time.Time
	pauses *mapping.Watch

	rows  map[model.Kind][]mapping.Row
	byKey map[model.Key]mapping.Row
	gone  map[model.Key]bool // found deleted or missing: what hangs on them is not compared
	coded map[model.Key]bool // queues whose wrap-up codes were read
	home  string
}

func (s *Sweeper) begin(ctx context.Context, req Request) *sweep {
	w := &sweep{
		Sweeper: s, req: req, calls: s.Org.Calls(), rows: map[model.Kind][]mapping.Row{}, byKey: map[model.Key]mapping.Row{}, gone: map[model.Key]bool{}, coded: map[model.Key]bool{},
		pauses: mapping.NewWatch(s.Table, s.Now),
		report: Report{Dry: req.Dry, Began: s.Now(), Kinds: map[model.Kind]*Counts{}}, cursor: newCursor(),
		ledger: ledger{table: s.Table, holder: s.NewToken()},
	}
	if deadline, ok := ctx.Deadline(); ok {
		w.end = deadline.Add(-s.Margin)
	}
	return w
}

// inTime begins no call of the EX Org after the end of the sweep, and cuts off what is under way a good while before the
// context's deadline: then where it stopped is kept.
func (w *sweep) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.end.IsZero() {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(withEnd(ctx, w.end))
	cut := time.AfterFunc(w.end.Sub(w.Now())+w.Margin/2, cancel)
	return ctx, func() { cut.Stop(); cancel() }
}

func (w *sweep) finish() Report {
	w.report.Calls = w.Org.Calls() - w.calls
	w.report.Took = w.Now().Sub(w.report.Began)
	w.report.Suspected = len(w.cursor.Absent)
	slices.SortStableFunc(w.report.Findings, func(a, b Finding) int { return a.Key.Compare(b.Key) })
	return w.report
}

// timeUp says whether the sweep must stop.
func (w *sweep) timeUp() bool { return !w.end.IsZero() && !w.Now().Before(w.end) }

// loadRows reads the rows of a kind, once a sweep. They may change meanwhile: a finding is checked against a fresh read
// before it is queued.
func (w *sweep) loadRows(ctx context.Context, kind model.Kind) ([]mapping.Row, error) {
	if rows, ok := w.rows[kind]; ok {
		return rows, nil
	}
	rows, err := w.Lists.Rows(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("read the rows of kind %s: %w", kind, err)
	}
	slices.SortFunc(rows, func(a, b mapping.Row) int { return a.Key.Compare(b.Key) })
	w.rows[kind] = rows
	for _, row := range rows {
		w.byKey[row.Key] = row
	}
	w.counts(kind).Mapped = len(rows)
	return rows, nil
}

// settled says whether the row's EX object must be what the row wants: EXCS made it so, and long enough ago.
func (w *sweep) settled(row mapping.Row) bool {
	return converged(row) && w.Now().Sub(row.Written) >= w.Fresh
}

// converged says that EXCS made the object right, but for parts that the EX Org refuses: those are left out of comparisons.
func converged(row mapping.Row) bool {
	return (row.State == mapping.StateConverged || row.Refusing()) && row.Goal == mapping.GoalPresent && row.EXID != ""
}

// refusedParts are the parts of a row's object that are known not to be right, and are no drift.
func refusedParts(row mapping.Row) []plan.Part {
	parts := make([]plan.Part, 0, len(row.Refused))
	for _, r := range row.Refused {
		parts = append(parts, plan.Part{Field: r.Part, EXID: r.EXID})
	}
	return parts
}

// staysDeleted says that a deleted user is no finding: it is right so, or known not to come back.
func (w *sweep) staysDeleted(row mapping.Row) bool {
	if row.Key.Kind != model.KindUser {
		return false
	}
	return plan.StaysDeleted(row.Desired, w.Settings.Users) && (row.LeftDeleted() || row.Refusing()) ||
		slices.ContainsFunc(row.Refused, func(r mapping.Refusal) bool { return r.Part == model.FieldState })
}
