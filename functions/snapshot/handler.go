package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

// Runner makes one run.
type Runner interface {
	Sync(ctx context.Context, req run.Request) (run.Report, error)
}

// Handler is the function snapshot. It takes a Scheduler event or {}: what is in it does not matter.
type Handler struct {
	wiring.Base
	Runner Runner
	Log    *slog.Logger
	// Instruments measure each run; nil: nothing is measured.
	Instruments *telemetry.Instruments
	// Closer ends what the handler was built on.
	io.Closer
}

// Answer is what an invocation by hand shows.
type Answer struct {
	// Run is the run's number; 0 when it was skipped.
	Run int64 `json:"run"`
	// Changes are to be made now, Held wait (sync list says for what), Rejected objects of Engage can not become one of the
	// EX Org as they are.
	Changes  int `json:"changes"`
	Held     int `json:"held"`
	Rejected int `json:"rejected"`
	// Paused says what operators keep EXCS from writing to, Resting how many of the held changes wait for the end of a pause only.
	Paused  mapping.Pauses `json:"paused,omitempty"`
	Resting int            `json:"resting,omitempty"`
	// Requeued objects were due again, Sent messages are on the queue.
	Requeued int    `json:"requeued"`
	Sent     int    `json:"sent"`
	PlanHash string `json:"planHash,omitempty"`
	// FirstPlan says that only a plan is made until an operator approves it.
	FirstPlan bool `json:"firstPlan,omitempty"`
	// WentBack says why the source is taken for an older one; Doubts, per table, what the read did not prove.
	WentBack string                 `json:"wentBack,omitempty"`
	Doubts   map[model.Table]string `json:"doubts,omitempty"`
	// Database is another database than the one that the EX Org was made from: everything is held until its hash is approved.
	Database *run.Database `json:"database,omitempty"`
	// Skipped says why no run was made: another one is under way. Due rows are put back on the queue all the same.
	Skipped string `json:"skipped,omitempty"`
	// NotConfigured says which secret nobody has set yet: no run can be made, and that is no fault.
	NotConfigured string `json:"notConfigured,omitempty"`
}

// Handle makes one run. A run that is under way is no fault: the schedule comes again.
//
// Errors are those of the run: what reading Engage gives (invalid, denied, unavailable), unavailable for a read that was
// not complete, what the table and the queue answer. Nothing is written to the EX Org then, nor to a row.
func (h *Handler) Handle(ctx context.Context, _ json.RawMessage) (Answer, error) {
	if err := h.Lacks(); err != nil && h.Runner == nil {
		return h.cannotRun(ctx, run.Report{}, err)
	}
	report, err := h.Runner.Sync(ctx, run.Request{Cause: model.CauseEngage})
	if wiring.IsNotSet(err) {
		return h.cannotRun(ctx, report, err)
	}
	run.Measure(ctx, h.Instruments, report, err)
	if model.CodeOf(err) == model.CodeConflict {
		h.Log.InfoContext(ctx, "skipped", "why", err.Error())
		return Answer{Skipped: err.Error(), Requeued: report.Requeued}, nil
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "run failed", "run", report.Run, "requeued", report.Requeued, "code", model.CodeOf(err), "error", err.Error(), "correlationId", exorg.CorrelationOf(err))
		return Answer{}, err
	}
	a := Answer{
		Run: report.Run, Changes: len(report.Plan.Changes), Held: len(report.Plan.Held), Rejected: len(report.Plan.Rejects),
		Paused: report.Paused, Resting: report.Resting, Requeued: report.Requeued, Sent: report.Sent, PlanHash: report.Plan.Hash,
		FirstPlan: slices.ContainsFunc(report.Plan.Held, func(h plan.Held) bool { return h.Code == plan.HeldFirstPlan }), WentBack: report.WentBack, Doubts: report.Doubts,
	}
	if db := report.Database; db.Waits() {
		a.Database = &db
		h.Log.WarnContext(ctx, "another database", "run", a.Run, "hash", db.Hash, "since", db.Since, "why", db.Why)
	}
	h.Log.InfoContext(ctx, "run done", "run", a.Run, "changes", a.Changes, "held", a.Held, "rejected", a.Rejected, "requeued", a.Requeued, "sent", a.Sent, "paused", len(a.Paused), "resting", a.Resting, "rows", report.Rows)
	return a, nil
}

// cannotRun answers while a secret cannot be used. One that was never set is a deployment that is not finished: no error, so that
// neither an alarm nor a retry comes of it.
func (h *Handler) cannotRun(ctx context.Context, report run.Report, err error) (Answer, error) {
	if wiring.IsNotSet(err) {
		h.Instruments.NotConfigured(ctx)
		h.Log.InfoContext(ctx, "not configured", "why", err.Error(), "requeued", report.Requeued)
		return Answer{NotConfigured: "not configured: " + err.Error(), Requeued: report.Requeued}, nil
	}
	run.Measure(ctx, h.Instruments, report, err)
	h.Log.ErrorContext(ctx, "no run can be made", "code", model.CodeOf(err), "error", err.Error())
	return Answer{}, err
}
