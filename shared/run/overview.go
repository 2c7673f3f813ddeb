package run

import (
	"context"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/sides"
)

// Overview is everything about a tenant that people look at together, read in one pass: counts of all, details of the
// first few.
type Overview struct {
	At time.Time
	// LastRun is the number of the last run, 0 before the first, and LastRunAt its time; LastProven is when Engage was last
	// read completely.
	LastRun      int64
	LastRunAt    time.Time
	LastProven   time.Time
	ProofFailed  int
	ProofFailure string
	// FirstPlan says when the first plan was approved; zero: only plans are made. WentBack says since when the source is
	// not accepted.
	FirstPlan time.Time
	WentBack  time.Time
	LastPlan  *Counted
	// Org is the organisation that the first plan was approved for; OtherOrg says that credentials lead to another one.
	Org      model.Org
	OtherOrg *sides.Foreign
	// Tallies are per kind, in wave order.
	Tallies []Tally
	// Oldest is since when the object that has been pending, waiting or invisible for longest is so. What waits for a
	// person, or rests in a pause, is left out: it has a list of its own.
	Oldest    time.Time
	OldestKey model.Key
	// Quarantined, Invisible, Damped (what waits because somebody keeps changing it back) and Rejected are oldest first,
	// each at most as many as were asked for; the tallies count all.
	Quarantined, Invisible, Damped, Rejected []Named
	DampedCount                              int
	Stopped                                  Stopped
	// Pauses are everything that is paused.
	Pauses []Rest
	// Acts are what operators did last, the latest first.
	Acts []Act
	// Waiting and InFlight are the work queue's messages, roughly; DepthFailure says why they could not be read.
	Waiting, InFlight int
	DepthFailure      string
}

// Named is a listed object with the name that Engage gives it, where a row knows it.
type Named struct {
	Listed
	Name string
}

// Rest is a pause with the objects that rest in it and in no closer one: without it they would be on their way, or changed by
// the next run. Name is that of a paused object, where a row knows it.
type Rest struct {
	mapping.Pause
	Name    string
	Resting int
}

// Tally counts the objects of one kind.
type Tally struct {
	Kind model.Kind
	// Engage are the objects that the last whole run read, in scope of the rules; -1 before the first.
	Engage int
	// Mapped are objects that Engage wants and that have a row: they are converged, or in one of the states below. What is
	// being deleted is not mapped any more and counts in its state only.
	Mapped int
	// Converged are mapped, and their EX Org object is as the row wants it. A change that is held is not in the row yet.
	Converged int
	// Waiting are on their way: pending or waiting for something, be it the end of a pause.
	Waiting int
	// Held wait for a second read or an approval: rows that a worker held, and changes that the last run held, of objects
	// that are mapped (and mostly converged) or not yet.
	Held        int
	Quarantined int
	Invisible   int
	// Orphaned are counted anew every quarter of an hour and whenever a run makes one, as the metric is.
	Orphaned int
	Rejected int
}

// Stopped is what the last whole run held, with the hashes that approve it; what waits only for the end of a pause is not
// among it.
type Stopped struct {
	// Hash is of the whole plan, All of everything that can be approved.
	Hash, All string
	// WentBack says why the source is not accepted: approving Source accepts it.
	WentBack, Source string
	// Database accepts another database, of which WentBack says why it is one; "" for a source that went back.
	Database string
	// First says that it is the tenant's first plan: approving All starts the writing.
	First bool
	// Groups are per kind; Lines the first few changes.
	Groups []StoppedGroup
	Lines  []StoppedLine
	Count  int
}

// StoppedGroup is what is held of one kind: Open changes can be approved under Hash, Approved ones are already, Bound ones
// can not be approved (the read does not prove them, or they go with others).
type StoppedGroup struct {
	Kind                  model.Kind
	Hash                  string
	Open, Approved, Bound int
}

// StoppedLine is one held change.
type StoppedLine struct {
	Named
	Action   model.Action
	Code     plan.HeldCode
	Approved bool
}

// Overview reads how the tenant stands, with the details of at most few objects of each sort. It reads the table and the
// work queue's depth and nothing else: a Runner without Engage and EX Org can do it. A depth that can not be read is told
// in the Overview, so that one missing permission does not hide the rest.
func (r *Runner) Overview(ctx context.Context, few int) (Overview, error) {
	ctx, known, err := r.sidesNow(ctx)
	if err != nil {
		return Overview{}, err
	}
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Overview{}, err
	}
	now := r.Now()
	site = known.of(site)
	o := Overview{
		At: now, LastRun: site.LastRun, LastProven: site.LastProven, ProofFailed: site.ProofFailed, ProofFailure: site.ProofFailure,
		FirstPlan: site.FirstPlan, WentBack: site.Memory.WentBackSince, LastPlan: site.LastPlan,
		Org: known.record.Org, OtherOrg: known.other,
	}
	if site.Database.Waits() {
		o.Stopped.WentBack, o.Stopped.Database = site.Database.Why, site.Database.Hash
	}
	if n := len(site.Runs); n > 0 {
		o.LastRunAt = site.Runs[n-1].At
	}
	look := &onlooker{o: &o, few: few, tallies: talliesOf(site), leaving: map[model.Key]bool{}}
	if err := look.read(ctx, r); err != nil {
		return Overview{}, err
	}
	o.Tallies = look.sum()
	if o.Waiting, o.InFlight, err = r.Queue.Depth(ctx); err != nil {
		o.DepthFailure = err.Error()
	}
	return o, nil
}
