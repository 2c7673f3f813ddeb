package answer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"excs/shared/replay"
)

// ForText lets a function whose answer is text be called by a button: a payload with CloudWatch's widgetContext is passed
// on without it and with the format text, and the answer is one string of HTML. Any other payload is passed on as it is.
//
// In a widget an error is an answer too, because CloudWatch shows people no more of an error than that there was one; the
// function has logged it by then.
func ForText(invoke func(context.Context, json.RawMessage) (any, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, body json.RawMessage) (any, error) {
		rest, c, found := split(body)
		if !found {
			return invoke(ctx, body)
		}
		rest["format"] = json.RawMessage(`"text"`)
		answer, err := invoke(ctx, rejoin(rest))
		if err != nil {
			return Failure(c, err), nil
		}
		return Text(c, fmt.Sprint(answer)), nil
	}
}

// ForReplay is ForText for the function replay, whose answer is a report. now is the clock that ages are told by.
func ForReplay(invoke func(context.Context, json.RawMessage) (*replay.Report, error), now func() time.Time) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, body json.RawMessage) (any, error) {
		rest, c, found := split(body)
		if !found {
			return invoke(ctx, body)
		}
		report, err := invoke(ctx, rejoin(rest))
		if err != nil {
			return Failure(c, err), nil
		}
		return Replayed(c, *report, now()), nil
	}
}

// Shown lets a function whose answer is HTML already tell its errors to people in the same way.
func Shown(invoke func(context.Context, json.RawMessage) (string, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, body json.RawMessage) (any, error) {
		answer, err := invoke(ctx, body)
		if _, c, found := split(body); err != nil && found {
			return Failure(c, err), nil
		}
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// rejoin writes a payload again. What was read as JSON can be written as JSON.
func rejoin(rest map[string]json.RawMessage) json.RawMessage {
	body, err := json.Marshal(rest)
	if err != nil {
		return json.RawMessage("null")
	}
	return body
}
