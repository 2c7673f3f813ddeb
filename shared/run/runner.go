package run

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
	"excs/shared/rules"
)

// Table is what a run needs of the mapping table.
type Table interface {
	Documents
	mapping.PauseStore
	mapping.IdentityStore
	mapping.HistoryStore
	mapping.WroteStore
	Keys(ctx context.Context, kind model.Kind) ([]model.Key, error)
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	PutDesired(ctx context.Context, run int64, wish mapping.Wish) (mapping.Row, error)
	MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error)
	ClearQueued(ctx context.Context, key model.Key, token string) (mapping.Row, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
	Record(ctx context.Context, outcome mapping.Outcome, now time.Time) (mapping.Row, error)
	Bind(ctx context.Context, key model.Key, version int64, exID string, settled time.Time, note mapping.Entry) (mapping.Row, error)
	Forget(ctx context.Context, key model.Key) error
	List(ctx context.Context, states []mapping.State, kinds []model.Kind) ([]mapping.Item, error)
	Own(ctx context.Context, kind model.Kind, exID string, key model.Key, from []model.Key, share bool) error
	Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string]mapping.OwnerItem, error)
	Delta(ctx context.Context, want map[model.Key]model.Fingerprint) (model.Delta, error)
	Marked(ctx context.Context) ([]model.Key, error)
	PutIndex(ctx context.Context, run int64, changed map[model.Key]model.Fingerprint) error
	TakeLease(ctx context.Context, holder string, now time.Time, ttl time.Duration) (mapping.Lease, error)
	RenewLease(ctx context.Context, lease mapping.Lease, now time.Time, ttl time.Duration) (mapping.Lease, error)
	ReleaseLease(ctx context.Context, lease mapping.Lease) error
	Drawn(ctx context.Context, w mapping.Window, now time.Time) (mapping.Tally, error)
	Draw(ctx context.Context, w mapping.Window, names []string, limit int, now time.Time) (ok bool, drawn int, err error)
}

// Queue is what a run needs of the work queue.
type Queue interface {
	Send(ctx context.Context, messages []queue.Message) error
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Depth is a queue whose messages are only counted.
type Depth interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Org lists what the EX Org holds, for newcomers that may be there already. nil: no EX Org is at hand, and newcomers are
// planned as creations.
type Org interface {
	// Observe lists the objects of a kind; users of every state, sources deactivated or not.
	Observe(ctx context.Context, kind model.Kind) ([]model.Observed, error)
	// Get reads one object by its EX id. not_found when it is not there or can not be seen.
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
	// Find looks an object up by what identifies it beside its EX id.
	Find(ctx context.Context, want model.Object) ([]model.Observed, error)
	// ExternalKeys reads a user's keys under EXCS's authority.
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
	// Sets reads a user's skills and languages by their own calls.
	Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error)
	// Members reads the users that are members of a queue as users.
	Members(ctx context.Context, queueID string) ([]string, error)
	// HomeDivision is the id of the home division.
	HomeDivision(ctx context.Context) (string, error)
}

// Config is what a Runner is made of. Org, Sleep and Log may be nil.
type Config struct {
	// Read reads Engage in one consistent transaction, with the counts that prove it.
	Read      func(ctx context.Context) (*model.Snapshot, model.Counts, error)
	Table     Table
	TableName string
	Queue     Queue
	// Dead is the dead-letter queue, whose depth status tells; nil: it is not told.
	Dead Depth
	Org  Org
	// Clients are the ids of EXCS's OAuth clients: what they made in the EX Org EXCS made.
	Clients []string
	// Identity tells which organisation Org is. nil: nobody can tell, and it is taken for the approved one; for what reads the table only.
	Identity Identity
	Settings rules.Settings
	// Outdated says why nothing must be planned or written by these settings: they are not those of the deployment. "": they are.
	Outdated string
	// Version is that of the functions, as AWS numbers it; "" where nothing numbers them.
	Version string
	// Holder names this process in the lease.
	Holder string
	Now    func() time.Time
	// Sleep waits for the lease; nil: by the wall clock.
	Sleep    func(ctx context.Context, d time.Duration) error
	NewToken func() string
	Log      *slog.Logger
}

// Runner makes runs.
type Runner struct{ Config }

// New makes a Runner.
func New(c Config) *Runner {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return &Runner{c}
}

// Request says what a run is asked to do.
type Request struct {
	// Kinds and Keys limit it; empty means everything. Keys are looked at even when nothing changed.
	Kinds []model.Kind
	Keys  []model.Key
	Cause model.Cause
	// Scopes limit a run to the objects that they cover and to what takes those over. Keys are then only looked at.
	Scopes []mapping.Scope
	// PausedSince is when what the run is about was paused; zero: it was not.
	PausedSince time.Time
}

func (r Request) whole() bool { return len(r.Kinds)+len(r.Keys)+len(r.Scopes) == 0 }

// keeps says whether a change of the key, which takes over from another (or from none), is part of the run.
func (r Request) keeps(key, from model.Key) bool {
	if len(r.Scopes) > 0 {
		return slices.ContainsFunc(r.Scopes, func(s mapping.Scope) bool { return s.Covers(key) || !from.IsZero() && s.Covers(from) })
	}
	return len(r.Keys) == 0 || slices.Contains(r.Keys, key)
}

// Report says what a run found and did.
type Report struct {
	Run  int64     `json:"run,omitempty"`
	Plan plan.Plan `json:"plan"`
	// Requeued rows were due again, Sent messages are on the queue, Looks are keys that were asked for without a change.
	Requeued int `json:"requeued"`
	Sent     int `json:"sent"`
	Looks    int `json:"looks,omitempty"`
	// Rows and Dropped count what was read of Engage, per table.
	Rows    map[model.Table]int `json:"rows,omitempty"`
	Dropped map[model.Table]int `json:"dropped,omitempty"`
	// WentBack and Doubts say what the read did not prove.
	WentBack string `json:"wentBack,omitempty"`
	// SourceHash accepts a source that went back.
	SourceHash string                 `json:"sourceHash,omitempty"`
	Doubts     map[model.Table]string `json:"doubts,omitempty"`
	// Database is another database than the one that the EX Org was made from; zero: it is the same.
	Database Database `json:"database,omitzero"`
	// FirstPlan says that only a plan was made, because the tenant has no approved first plan.
	FirstPlan bool `json:"firstPlan,omitempty"`
	// Foreign names the organisation that the credentials lead to, when it is not the approved one: only a plan was made.
	Foreign *model.ForeignOrg `json:"foreign,omitempty"`
	// Paused are the pauses that stand; Resting counts the changes that wait for their end and for nothing else.
	Paused  mapping.Pauses `json:"paused,omitempty"`
	Resting int            `json:"resting,omitempty"`
	// Figures are for metrics; nil of a run that came to nothing, and of a plan.
	Figures *Figures `json:"-"`
}

// Plan makes a plan and writes nothing anywhere: no lease, no row, no document, no message.
func (r *Runner) Plan(ctx context.Context, req Request) (Report, error) {
	if err := r.outdated("plan"); err != nil {
		return Report{}, err
	}
	ctx, side, err := r.enter(ctx)
	if err != nil {
		return Report{}, err
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return Report{}, err
	}
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Report{}, err
	}
	d, err := r.draft(ctx, side, site, req, pauses, nil)
	if err != nil {
		return Report{}, err
	}
	return d.report(), nil
}

// Sync makes a run:
//
//   - read what is paused: that is planned as everything is, and nothing is written for it
//   - put unconverged rows that are due back on the queue, whether or not Engage can be read or another run is under way
//   - take the lease, so that runs do not overlap and every desired state has a rising run number
//   - read Engage, prove the read, translate, plan
//   - mark in the index what is about to change, write desired states, send messages, write what the next run must
//     remember, and last the index
//
// Errors: conflict while another run holds the lease, and when the settings are not those of the deployment; denied, naming both,
// when the credentials lead to different organisations; what reading Engage gives; invalid when the read proves nothing.
func (r *Runner) Sync(ctx context.Context, req Request) (Report, error) {
	if err := r.outdated("sync"); err != nil {
		return Report{}, err
	}
	report, err := r.run(ctx, req)
	if model.ForeignOrgOf(err) != nil {
		// The credentials were exchanged since the last token was got, and nothing is written yet: the token of now tells the truth.
		report, err = r.run(ctx, req)
	}
	return report, err
}

func (r *Runner) run(ctx context.Context, req Request) (Report, error) {
	ctx, side, err := r.enter(ctx)
	if err == nil {
		err = r.tellForeign(ctx, side)
	}
	if err != nil {
		return Report{}, err
	}
	pauses, ended, err := r.endPauses(ctx)
	if err != nil {
		return Report{}, err
	}
	seen, err := r.survey(ctx, pauses)
	if err == nil && ended {
		err = r.wake(ctx, seen)
	}
	if err != nil {
		return Report{}, err
	}
	requeued, err := 0, error(nil)
	if side.approved { // workers refuse everything else
		requeued, err = r.requeue(ctx, 0, seen.in(comeBack()...), pauses)
	}
	if err != nil {
		return Report{Requeued: requeued}, err
	}
	lease, err := r.Table.TakeLease(ctx, r.Holder, r.Now(), leaseTime)
	if err != nil {
		return Report{Requeued: requeued}, err
	}
	var report Report
	err = r.under(ctx, lease, func(ctx context.Context) error {
		report, err = r.sync(ctx, lease, side, req, pauses, seen)
		return err
	})
	report.Run, report.Requeued = lease.Run, requeued
	return report, err
}

func (r *Runner) sync(ctx context.Context, lease mapping.Lease, side side, req Request, pauses mapping.Pauses, seen *survey) (Report, error) {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Report{}, err
	}
	d, err := r.draft(ctx, side, site, req, pauses, seen)
	if err != nil {
		r.unproven(ctx, lease, &site, err)
		seen.marked = r.left(ctx)
		return Report{Figures: r.figures(site, seen, nil)}, err
	}
	return r.finish(ctx, lease, d, req, seen)
}

// finish carries a plan out and remembers it.
func (r *Runner) finish(ctx context.Context, lease mapping.Lease, d *draft, req Request, seen *survey) (Report, error) {
	r.tellOpenAccounts(ctx, d)
	if err := r.accept(ctx, lease.Run, d, req); err != nil {
		return d.report(), err
	}
	sent, looks, err := r.carryOut(ctx, lease, d, req)
	report := d.report()
	report.Sent, report.Looks = sent, looks
	report.Figures = r.figures(d.site, seen, d)
	return report, err
}

// left reads the keys that a run which died left as being changed. A run that failed only tells of them.
func (r *Runner) left(ctx context.Context) []model.Key {
	keys, err := r.Table.Marked(ctx)
	if err != nil {
		r.Log.WarnContext(ctx, "what is being changed could not be read", "code", model.CodeOf(err), "error", err.Error())
	}
	return keys
}

// unproven keeps count of runs that could not prove their read, for the alarm.
func (r *Runner) unproven(ctx context.Context, lease mapping.Lease, site *Site, failure error) {
	if site.ProofFailed++; site.ProofFailed == 1 {
		r.happened(ctx, Event{Action: EventRun, Run: lease.Run, Failed: failure.Error()}, "run-"+strconv.FormatInt(lease.Run, 10))
	}
	site.ProofFailure = failure.Error()
	site.LastRun = lease.Run
	site.ran(Ran{Run: lease.Run, At: r.Now(), Failed: failure.Error()})
	if err := save(ctx, r.Table, docSite, lease.Run, *site); err != nil {
		r.Log.ErrorContext(ctx, "the failed proof could not be noted", "run", lease.Run, "error", err.Error())
	}
}
