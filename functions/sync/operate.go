package main

import (
	"context"
	"encoding/json"

	"excs/shared/model"
	"excs/shared/run"
)

const (
	actionPause  = "pause"
	actionResume = "resume"
)

func (r request) scope() run.PauseRequest {
	return run.PauseRequest{Kinds: r.Kinds, Keys: r.Keys, By: r.by}
}

// pause stops every writer, of everything, some kinds or some objects.
func (h *Handler) pause(ctx context.Context, r request) (shown, error) {
	req := r.scope()
	var err error
	if req.Until, err = endOf(r.until, req, h.now(), h.zone()); err != nil {
		return nil, err
	}
	s, err := h.Operator.Pause(ctx, req)
	return PauseAnswer{Standstill: s, resume: r.resumeWith("")}, err
}

// resume shows the plan that would follow the end of a pause, or ends it and carries out exactly that plan.
func (h *Handler) resume(ctx context.Context, r request) (shown, error) {
	out, err := h.Operator.Resume(ctx, run.ResumeRequest{PauseRequest: r.scope(), Hash: r.hash})
	return resumption{out: out, resume: r.resumeWith(out.Hash)}, err
}

// resumeWith is the payload that resumes what the request is about; without a hash it shows the plan.
func (r request) resumeWith(hash string) string {
	p := Payload{Action: actionResume, PlanHash: hash}
	for _, k := range r.Kinds {
		p.Kinds = append(p.Kinds, string(k))
	}
	for _, k := range r.Keys {
		p.Keys = append(p.Keys, k.String())
	}
	b, err := json.Marshal(p)
	if err != nil {
		return actionResume
	}
	return "sync " + string(b)
}

// release gives objects another look that failed for good.
func (h *Handler) release(ctx context.Context, r request) (shown, error) {
	list, err := h.Operator.Release(ctx, r.Keys, r.by)
	return released(list), err
}

// link binds a key to an EX object.
func (h *Handler) link(ctx context.Context, r request) (shown, error) {
	l, err := h.Operator.Link(ctx, run.LinkRequest{Key: r.Keys[0], EXID: r.exID, By: r.by})
	return LinkAnswer{l}, err
}

// forget drops rows.
func (h *Handler) forget(ctx context.Context, r request) (shown, error) {
	list, err := h.Operator.Forget(ctx, r.Keys, r.by)
	return ForgetAnswer{Objects: append([]run.Forgotten{}, list...)}, err
}

// ReleaseAnswer is the answer to release: what became of each object, and how many get another look.
type ReleaseAnswer struct {
	Released int            `json:"released"`
	Objects  []run.Released `json:"objects"`
}

func released(list []run.Released) ReleaseAnswer {
	a := ReleaseAnswer{Objects: append([]run.Released{}, list...)}
	for _, l := range list {
		if l.Done {
			a.Released++
		}
	}
	return a
}

// LinkAnswer is the answer to link.
type LinkAnswer struct{ run.Linked }

// ForgetAnswer is the answer to forget: the rows that were dropped.
type ForgetAnswer struct {
	Objects []run.Forgotten `json:"objects"`
}

// keysOf names keys in a sentence.
func keysOf(keys []model.Key) []string {
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		names = append(names, k.String())
	}
	return names
}
