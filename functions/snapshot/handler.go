package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"excs/shared/model"
	"excs/shared/run"
)

// Runner makes one run.
type Runner interface {
	Sync(ctx context.Context, req run.Request) (run.Report, error)
}

// Handler is the function snapshot. It takes a Scheduler event or {}: what is in it does not matter.
type Handler struct {
	Runner Runner
	Log    *slog.Logger
}

// Answer is what an invocation by hand shows.
type Answer struct {
	Run      int64  `json:"run"`
	Changes  int    `json:"changes"`
	Held     int    `json:"held"`
	Rejected int    `json:"rejected"`
	Requeued int    `json:"requeued"`
	Sent     int    `json:"sent"`
	PlanHash string `json:"planHash"`
	// Skipped says why nothing was done: another run is under way.
	Skipped string `json:"skipped,omitempty"`
}

// Handle makes one run. A run that is under way is no fault: the schedule comes again.
func (h *Handler) Handle(ctx context.Context, _ json.RawMessage) (Answer, error) {
	report, err := h.Runner.Sync(ctx, run.Request{Cause: model.CauseEngage})
	if model.CodeOf(err) == model.CodeConflict {
		h.Log.InfoContext(ctx, "skipped", "why", err.Error())
		return Answer{Skipped: err.Error()}, nil
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "run failed", "run", report.Run, "code", model.CodeOf(err), "error", err.Error())
		return Answer{}, err
	}
	a := Answer{
		Run: report.Run, Changes: len(report.Plan.Changes), Held: len(report.Plan.Held), Rejected: len(report.Plan.Rejects),
		Requeued: report.Requeued, Sent: report.Sent, PlanHash: report.Plan.Hash,
	}
	h.Log.InfoContext(ctx, "run done", "run", a.Run, "changes", a.Changes, "held", a.Held, "rejected", a.Rejected, "requeued", a.Requeued, "sent", a.Sent, "rows", report.Rows)
	return a, nil
}
