package run

import (
	"context"
	"log/slog"
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
	GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error)
	PutDesired(ctx context.Context, run int64, wish mapping.Wish) (mapping.Row, error)
	MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error)
	Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error)
	Forget(ctx context.Context, key model.Key) error
	List(ctx context.Context, states []mapping.State, kinds []model.Kind) ([]mapping.Item, error)
	Disown(ctx context.Context, kind model.Kind, exID string, key model.Key) error
	Owners(ctx context.Context, kind model.Kind, exIDs []string) (map[string][]model.Key, error)
	Delta(ctx context.Context, want map[model.Key]model.Fingerprint) (model.Delta, error)
	PutIndex(ctx context.Context, run int64, changed map[model.Key]model.Fingerprint) error
	TakeLease(ctx context.Context, holder string, now time.Time, ttl time.Duration) (mapping.Lease, error)
	RenewLease(ctx context.Context, lease mapping.Lease, now time.Time, ttl time.Duration) (mapping.Lease, error)
	ReleaseLease(ctx context.Context, lease mapping.Lease) error
	Drawn(ctx context.Context, w mapping.Window, now time.Time) (int, error)
}

// Queue is what a run needs of the work queue.
type Queue interface {
	Send(ctx context.Context, messages []queue.Message) error
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Org lists what the EX Org holds, for newcomers that may be there already. nil: no EX Org is at hand, and newcomers are
// planned as creations.
type Org interface {
	// Observe lists the objects of a kind; users of every state, sources deactivated or not.
	Observe(ctx context.Context, kind model.Kind) ([]model.Observed, error)
	// Find looks an object up by what identifies it beside its EX id.
	Find(ctx context.Context, want model.Object) ([]model.Observed, error)
	// ExternalKeys reads a user's keys under EXCS's authority.
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
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
	Org       Org
	Settings  rules.Settings
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
}

func (r Request) whole() bool { return len(r.Kinds)+len(r.Keys) == 0 }

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
	WentBack string                 `json:"wentBack,omitempty"`
	Doubts   map[model.Table]string `json:"doubts,omitempty"`
	// FirstPlan says that only a plan was made, because the tenant has no approved first plan.
	FirstPlan bool `json:"firstPlan,omitempty"`
}

// leaseTime is how long a run may take: the longest time that a Lambda function has.
const leaseTime = 15 * time.Minute

// Plan makes a plan and writes nothing anywhere: no lease, no row, no document, no message.
func (r *Runner) Plan(ctx context.Context, req Request) (Report, error) {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Report{}, err
	}
	d, err := r.draft(ctx, site.forTable(r.TableName), req)
	if err != nil {
		return Report{}, err
	}
	return d.report(), nil
}

// Sync makes a run:
//
//   - take the lease, so that runs do not overlap and every desired state has a rising run number
//   - put unconverged rows that are due back on the queue, whether or not Engage can be read
//   - read Engage, prove the read, translate, plan
//   - write desired states, send messages, and last the index and what the next run must remember
//
// Errors: conflict while another run holds the lease; what reading Engage gives; invalid when the read proves nothing.
func (r *Runner) Sync(ctx context.Context, req Request) (Report, error) {
	lease, err := r.Table.TakeLease(ctx, r.Holder, r.Now(), leaseTime)
	if err != nil {
		return Report{}, err
	}
	report, err := r.sync(ctx, lease, req)
	if released := r.Table.ReleaseLease(context.WithoutCancel(ctx), lease); err == nil {
		err = released
	}
	report.Run = lease.Run
	return report, err
}

func (r *Runner) sync(ctx context.Context, lease mapping.Lease, req Request) (Report, error) {
	requeued, err := r.requeue(ctx, lease.Run)
	if err != nil {
		return Report{Requeued: requeued}, err
	}
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Report{Requeued: requeued}, err
	}
	d, err := r.draft(ctx, site.forTable(r.TableName), req)
	if err != nil {
		return Report{Requeued: requeued}, r.unproven(ctx, lease, site, err)
	}
	sent, looks, err := r.carryOut(ctx, lease, d, req)
	report := d.report()
	report.Requeued, report.Sent, report.Looks = requeued, sent, looks
	if err != nil {
		return report, err
	}
	return report, r.remember(ctx, lease.Run, d, req)
}

// unproven keeps count of runs that could not prove their read, for the alarm, and gives the error back.
func (r *Runner) unproven(ctx context.Context, lease mapping.Lease, site Site, failure error) error {
	site.ProofFailed++
	site.ProofFailure = failure.Error()
	site.LastRun = lease.Run
	if err := save(ctx, r.Table, docSite, lease.Run, site); err != nil {
		r.Log.ErrorContext(ctx, "the failed proof could not be noted", "run", lease.Run, "error", err.Error())
	}
	return failure
}
