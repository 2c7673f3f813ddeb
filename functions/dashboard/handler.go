package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/widget"
	"excs/shared/widget/answer"
	"excs/shared/wiring"
)

// Tenant tells how the tenant stands.
type Tenant interface {
	Overview(ctx context.Context, few int) (run.Overview, error)
}

// Letters is the dead-letter queue, as far as a look may go. It has no Receive: in a FIFO queue a received letter is hidden
// until its visibility ends, and with it all letters of its object, so a widget that is refreshed every minute would hide
// them from replays, and count each look as a delivery. What a letter says stands in its object's row as well.
type Letters interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Handler is the function dashboard.
type Handler struct {
	wiring.Base
	Tenant             Tenant
	Dead               Letters
	SyncARN, ReplayARN string
	Log                *slog.Logger
}

// Payload is what CloudWatch sends: the widget's parameters, and what CloudWatch adds. Other members are left alone,
// because CloudWatch may add more.
type Payload struct {
	// Describe asks for the documentation.
	Describe bool `json:"describe,omitempty"`
	// StaleMinutes is from which age on the last run is too old; 0: widget.DefaultStale.
	StaleMinutes int `json:"staleMinutes,omitempty"`
	// Context is CloudWatch's widgetContext.
	Context json.RawMessage `json:"widgetContext,omitempty"`
}

// Handle answers the widget's HTML, or its documentation in Markdown. It only reads.
//
// Errors: invalid for a payload that is not understood; those of the table. A dead-letter queue whose depth can not be
// read is told in the widget.
func (h *Handler) Handle(ctx context.Context, body json.RawMessage) (string, error) {
	var p Payload
	if err := json.Unmarshal(body, &p); err != nil {
		err := model.Errorf(model.CodeInvalid, "dashboard", `the payload is not understood (%s): write {} or {"staleMinutes":15}`, strings.TrimPrefix(err.Error(), "json: "))
		h.Log.WarnContext(ctx, "payload refused", "code", model.CodeOf(err), "error", err.Error())
		return "", err
	}
	if p.Describe {
		return widget.Documentation(), nil
	}
	page, err := h.page(ctx, p)
	if err != nil {
		h.Log.ErrorContext(ctx, "the widget failed", "code", model.CodeOf(err), "error", err.Error())
		return "", fmt.Errorf("dashboard: %w", err)
	}
	return page, nil
}

func (h *Handler) page(ctx context.Context, p Payload) (string, error) {
	overview, err := h.Tenant.Overview(ctx, widget.Few)
	if err != nil {
		return "", err
	}
	v := widget.View{Overview: overview, SyncARN: h.SyncARN, ReplayARN: h.ReplayARN, Stale: time.Duration(max(0, p.StaleMinutes)) * time.Minute}
	waiting, inFlight, err := h.Dead.Depth(ctx)
	if v.Dead = waiting + inFlight; err != nil {
		v.DeadFailure = err.Error()
		h.Log.WarnContext(ctx, "the depth of the dead-letter queue could not be read", "code", model.CodeOf(err), "error", err.Error())
	}
	return widget.Render(v, answer.ParseContext(p.Context))
}
