package console

import (
	"context"
	"encoding/json"
	"time"

	"excs/shared/excstest"
	"excs/shared/run"
	"excs/shared/widget"
	"excs/shared/widget/answer"
)

// The ARNs of the functions behind a tenant's buttons.
const (
	SyncARN   = "arn:aws:lambda:eu-central-1:123456789012:function:excs-dev-sync"
	ReplayARN = "arn:aws:lambda:eu-central-1:123456789012:function:excs-dev-replay"
)

// Tenant is the widget of a tenant, read and written as the function dashboard does: tests of the functions behind its
// buttons can not import that.
func Tenant(w *excstest.Service, now func() time.Time) Function {
	looker := run.New(run.Config{Table: w.Table, TableName: excstest.TableName, Queue: w.Work, Settings: w.Settings, Now: now})
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var members struct {
			WidgetContext json.RawMessage `json:"widgetContext"`
		}
		if err := json.Unmarshal(payload, &members); err != nil {
			return nil, err
		}
		v := widget.View{SyncARN: SyncARN, ReplayARN: ReplayARN}
		var err error
		if v.Overview, err = looker.Overview(ctx, widget.Few); err != nil {
			return nil, err
		}
		waiting, inFlight, err := w.Dead.Depth(ctx)
		if err != nil {
			return nil, err
		}
		v.Dead = waiting + inFlight
		return widget.Render(v, answer.ParseContext(members.WidgetContext))
	}
}
