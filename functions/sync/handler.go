package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"excs/shared/doctor"
	"excs/shared/exorg"
	"excs/shared/explain"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/verify"
	"excs/shared/wiring"
)

// Runner is what the operator's function drives.
type Runner interface {
	Plan(ctx context.Context, req run.Request) (run.Report, error)
	Sync(ctx context.Context, req run.Request) (run.Report, error)
	Approve(ctx context.Context, hash string, kinds []model.Kind, by run.By, keys ...model.Key) (run.Decision, error)
	Discard(ctx context.Context, hash string, kinds []model.Kind, by run.By, keys ...model.Key) (run.Decision, error)
	List(ctx context.Context, kinds []model.Kind) ([]run.Listed, error)
	Status(ctx context.Context) (run.Status, error)
}

// Operator does what an operator decides about rows and writers.
type Operator interface {
	Pause(ctx context.Context, req run.PauseRequest) (run.Standstill, error)
	Pauses(ctx context.Context) (mapping.Pauses, error)
	Resume(ctx context.Context, req run.ResumeRequest) (run.Resumption, error)
	Release(ctx context.Context, keys []model.Key, by run.By) ([]run.Released, error)
	Link(ctx context.Context, req run.LinkRequest) (run.Linked, error)
	Forget(ctx context.Context, keys []model.Key, by run.By) ([]run.Forgotten, error)
	History(ctx context.Context, req run.HistoryRequest) (events []run.Event, more bool, err error)
	RunRecord(ctx context.Context, number int64) (run.Record, error)
	Report(ctx context.Context, kinds []model.Kind) ([]run.Finding, error)
	WrittenTo(ctx context.Context, key model.Key) ([]mapping.Wrote, error)
}

// Sweeper looks for what no event told.
type Sweeper interface {
	Sweep(ctx context.Context, req verify.Request) (verify.Report, error)
}

// Explainer tells why an object is as it is.
type Explainer interface {
	Explain(ctx context.Context, key model.Key) (explain.Explanation, error)
}

// Handler is the function sync.
type Handler struct {
	wiring.Base
	Runner    Runner
	Operator  Operator
	Sweeper   Sweeper
	Explainer Explainer
	// Settings is the text of the deployment's settings, and PlanUnder plans as if others were deployed.
	Settings  string
	PlanUnder func(ctx context.Context, s rules.Settings, req run.Request) (run.Report, error)
	// Doctor is what the check of everything is made with, as far as the secrets go.
	Doctor doctor.Config
	// Zone is the time zone in which operators write hours; nil: UTC. Now is the clock; nil: the wall clock.
	Zone *time.Location
	Now  func() time.Time
	Log  *slog.Logger
	// Instruments measure runs, and what the other actions cost; nil: nothing is measured.
	Instruments *telemetry.Instruments
	// Closer ends what the handler was built on.
	io.Closer
}

func (h *Handler) zone() *time.Location {
	if h.Zone == nil {
		return time.UTC
	}
	return h.Zone
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// actionDoctor is the action that checks everything.
const actionDoctor = "doctor"

// actionSync is the action that makes a run.
const actionSync = "sync"

// shown is the answer to an action before it takes its format: the value is the JSON answer.
type shown interface {
	// title heads the Markdown answer; text is for a terminal.
	title() string
	text() string
}

// Handle does what the payload asks for. The answer is a JSON object (PlanAnswer, VerifyAnswer, ExplainAnswer,
// DecisionAnswer, ListAnswer, StatusAnswer, PauseAnswer, ResumeAnswer, ReleaseAnswer, LinkAnswer, ForgetAnswer), or a string when the payload asks for text or Markdown.
//
// A payload that is not understood is invalid: the error says what there is, and nothing is read or written. Other errors
// are those of the action, headed by its name.
func (h *Handler) Handle(ctx context.Context, body json.RawMessage) (any, error) {
	req, err := understand(body)
	if err != nil {
		h.Log.WarnContext(ctx, "payload refused", "code", model.CodeOf(err), "error", err.Error())
		return nil, err
	}
	if err := h.Lacks(); err != nil && req.name != actionDoctor {
		h.Log.WarnContext(ctx, "action refused", "action", req.name, "code", model.CodeOf(err), "error", err.Error())
		return nil, wrap(req.name, err)
	}
	if why := h.Outdated(); why != "" && !req.whenOutdated {
		return nil, model.Errorf(model.CodeConflict, req.name, "%s", why)
	}
	ctx, err = h.Bind(ctx)
	if err != nil {
		return nil, wrap(req.name, err)
	}
	answer, err := req.do(h, ctx, req)
	if req.name != actionSync { // which has measured its run
		h.Instruments.Action(ctx, req.name)
	}
	if err != nil {
		err = wrap(req.name, err)
		h.Log.ErrorContext(ctx, "action failed", "action", req.name, "code", model.CodeOf(err), "error", err.Error(), "correlationId", exorg.CorrelationOf(err))
		return nil, err
	}
	h.Log.InfoContext(ctx, "action done", "action", req.name, "kinds", req.Kinds, "keys", req.Keys)
	return inFormat(answer, req.format)
}

// plan answers what a run would do now. No row, document, message or EX Org object is written; the requests that it makes
// of the EX Org are counted in the shared budget as everybody's are.
func (h *Handler) plan(ctx context.Context, r request) (shown, error) {
	if r.preset != "" || len(r.settings) > 0 {
		return h.planUnder(ctx, r)
	}
	report, err := h.Runner.Plan(ctx, r.Request)
	return plannedBy(report, "This is a plan: nothing was written."), err
}

// sync makes a run now.
func (h *Handler) sync(ctx context.Context, r request) (shown, error) {
	report, err := h.Runner.Sync(ctx, r.Request)
	run.Measure(ctx, h.Instruments, report, err)
	return plannedBy(report, didRun(report)), err
}

// verify sweeps the EX Org, or a part of it, and queues looks at what drifted or vanished. A sweep that runs out of time is
// gone on with by the next one.
func (h *Handler) verify(ctx context.Context, r request) (shown, error) {
	report, err := h.Sweeper.Sweep(ctx, verify.Request{Kinds: r.Kinds, Keys: r.Keys, Dry: r.dryRun})
	return VerifyAnswer{report}, err
}

// explain tells of one object; it writes nothing.
func (h *Handler) explain(ctx context.Context, r request) (shown, error) {
	e, err := h.Explainer.Explain(ctx, r.Keys[0])
	return ExplainAnswer{e}, err
}

func (h *Handler) approve(ctx context.Context, r request) (shown, error) {
	d, err := h.Runner.Approve(ctx, r.hash, r.Kinds, r.by, r.Keys...)
	return decided("Approved", d), err
}

func (h *Handler) discard(ctx context.Context, r request) (shown, error) {
	d, err := h.Runner.Discard(ctx, r.hash, r.Kinds, r.by, r.Keys...)
	return decided("Discarded", d), err
}

func (h *Handler) list(ctx context.Context, r request) (shown, error) {
	l, err := h.Runner.List(ctx, r.Kinds)
	if err != nil {
		return nil, err
	}
	a := listing(l)
	a.Paused, err = h.Operator.Pauses(ctx)
	return a, err
}

func (h *Handler) status(ctx context.Context, _ request) (shown, error) {
	s, err := h.Runner.Status(ctx)
	return StatusAnswer{s}, err
}
