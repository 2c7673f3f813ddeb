package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"excs/shared/model"
	"excs/shared/run"
)

// Runner is what the operator's function drives.
type Runner interface {
	Plan(ctx context.Context, req run.Request) (run.Report, error)
	Sync(ctx context.Context, req run.Request) (run.Report, error)
	Approve(ctx context.Context, hash string, kinds []model.Kind) (run.Decision, error)
	Discard(ctx context.Context, hash string, kinds []model.Kind) (run.Decision, error)
	List(ctx context.Context, kinds []model.Kind) ([]run.Listed, error)
	Status(ctx context.Context) (run.Status, error)
}

// Handler is the function sync.
type Handler struct {
	Runner Runner
	Log    *slog.Logger
}

// Payload is what an operator sends (DESIGN section 5).
type Payload struct {
	Action   string   `json:"action"`
	Kinds    []string `json:"kinds,omitempty"`
	Keys     []string `json:"keys,omitempty"`
	PlanHash string   `json:"planHash,omitempty"`
	Format   string   `json:"format,omitempty"`
}

// request is a payload that was understood.
type request struct {
	run.Request
	hash   string
	format string
}

// actions maps the words of the contract to what they do.
func (h *Handler) actions() map[string]func(context.Context, request) (any, error) {
	return map[string]func(context.Context, request) (any, error){
		"plan":    h.plan,
		"sync":    h.sync,
		"approve": h.approve,
		"discard": h.discard,
		"list":    h.list,
		"status":  h.status,
	}
}

// Handle does what the payload asks for. Unknown actions, kinds, keys, formats and fields are errors that say what there
// is; nothing is done then.
func (h *Handler) Handle(ctx context.Context, body json.RawMessage) (any, error) {
	p, err := decode(body)
	if err != nil {
		return nil, err
	}
	do, ok := h.actions()[p.Action]
	if !ok {
		return nil, model.Errorf(model.CodeInvalid, "sync", "unknown action %q: use plan, sync, approve, discard, list or status", p.Action)
	}
	req, err := p.understand()
	if err != nil {
		return nil, err
	}
	answer, err := do(ctx, req)
	if err != nil {
		h.Log.ErrorContext(ctx, "action failed", "action", p.Action, "code", model.CodeOf(err), "error", err.Error())
		return nil, err
	}
	h.Log.InfoContext(ctx, "action done", "action", p.Action, "kinds", p.Kinds, "keys", p.Keys)
	return answer, nil
}

func decode(body json.RawMessage) (Payload, error) {
	var p Payload
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, model.Errorf(model.CodeInvalid, "sync", "read the payload: %w", err)
	}
	if d.More() {
		return p, model.Errorf(model.CodeInvalid, "sync", "read the payload: there is something after the object")
	}
	return p, nil
}

func (p Payload) understand() (request, error) {
	r := request{hash: strings.TrimSpace(p.PlanHash), format: p.Format}
	r.Cause = model.CauseManual
	for _, k := range p.Kinds {
		kind, err := model.ParseKind(k)
		if err != nil {
			return r, err
		}
		r.Kinds = append(r.Kinds, kind)
	}
	for _, k := range p.Keys {
		key, err := model.ParseKey(k)
		if err != nil {
			return r, err
		}
		r.Keys = append(r.Keys, key)
	}
	switch r.format {
	case "":
		r.format = formatJSON
	case formatJSON, formatText, formatMarkdown:
	default:
		return r, model.Errorf(model.CodeInvalid, "sync", "unknown format %q: use json, text or markdown", p.Format)
	}
	return r, nil
}

// The formats of an answer.
const (
	formatJSON     = "json"
	formatText     = "text"
	formatMarkdown = "markdown"
)

func needsHash(action, hash string) error {
	if hash != "" {
		return nil
	}
	return model.Errorf(model.CodeInvalid, "sync", "%s needs the planHash that plan or list showed", action)
}

func (h *Handler) approve(ctx context.Context, r request) (any, error) {
	if err := needsHash("approve", r.hash); err != nil {
		return nil, err
	}
	d, err := h.Runner.Approve(ctx, r.hash, r.Kinds)
	return d, wrap("approve", err)
}

func (h *Handler) discard(ctx context.Context, r request) (any, error) {
	if err := needsHash("discard", r.hash); err != nil {
		return nil, err
	}
	d, err := h.Runner.Discard(ctx, r.hash, r.Kinds)
	return d, wrap("discard", err)
}

func (h *Handler) list(ctx context.Context, r request) (any, error) {
	l, err := h.Runner.List(ctx, r.Kinds)
	return l, wrap("list", err)
}

func (h *Handler) status(ctx context.Context, _ request) (any, error) {
	s, err := h.Runner.Status(ctx)
	return s, wrap("status", err)
}

func wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}
