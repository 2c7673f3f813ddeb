package telemetry

import (
	"context"
	"log/slog"
	"strings"

	"excs/shared/model"
	"excs/shared/plan"
)

// Depth is a queue whose messages can be counted.
type Depth interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Budget tells how many calls of the EX Org are free, of how many.
type Budget func(ctx context.Context) (left, of int, err error)

// Usage counts what the clients of the EX Org did.
type Usage struct {
	// Calls are requests to the API, repeated ones too.
	Calls int
	// Throttled are answers that asked to wait.
	Throttled int
	// Refused are calls that were not made, because the budget had no slot for them.
	Refused int
	// Denied are calls that ended with refused credentials or a refused permission.
	Denied int
}

// Instruments turn what one function did into metrics and into the log lines that say an alarm in words. Each package that does something
// measures it in its metrics.go. Measuring returns nothing and never fails an invocation: what cannot be measured is told in the log. Nil
// Instruments measure nothing; so do fields that are nil.
type Instruments struct {
	Meter *Meter
	// Usage takes what the clients of the EX Org did since it was last asked.
	Usage  func() Usage
	Budget Budget
	// Dead is the dead-letter queue.
	Dead Depth
	Log  *slog.Logger
}

// Calls puts what the clients of the EX Org did into the reading, and returns it.
func (i *Instruments) Calls(r *Reading) Usage {
	if i.Usage == nil {
		return Usage{}
	}
	u := i.Usage()
	if i.Meter == nil {
		return u
	}
	r.AddOf(Calls, i.Meter.Function, u.Calls)
	r.Add(Throttles, u.Throttled)
	r.Add(Refusals, u.Refused)
	r.Add(AuthFailures, u.Denied)
	return u
}

// MeasureBudget puts the share of the budget that is free into the reading.
func (i *Instruments) MeasureBudget(ctx context.Context, r *Reading) {
	if i.Budget == nil {
		return
	}
	left, of, err := i.Budget(ctx)
	if err != nil || of == 0 {
		i.Complain(ctx, "the request budget could not be read", err)
		return
	}
	const all = 100
	r.Set(BudgetLeft, all*float64(left)/float64(of))
}

// Write ends a reading.
func (i *Instruments) Write(ctx context.Context, r *Reading) {
	if err := r.Write(ctx); err != nil {
		i.Complain(ctx, "the metrics could not be written", err)
	}
}

// Complain logs what could not be measured.
func (i *Instruments) Complain(ctx context.Context, what string, err error) {
	if i.Log != nil && err != nil {
		i.Log.WarnContext(ctx, what, "code", model.CodeOf(err), "error", err.Error())
	}
}

// Action measures an operator's action that is no run: what it cost in calls.
func (i *Instruments) Action(ctx context.Context, action string) {
	if i == nil {
		return
	}
	r := i.Meter.Begin()
	r.Note("operation", action)
	i.Calls(r)
	i.Write(ctx, r)
}

// NotConfigured measures an invocation of the schedule that can make no run because a secret was never set: the schedule works, and
// the alarm of a missing one stays silent.
func (i *Instruments) NotConfigured(ctx context.Context) {
	if i == nil {
		return
	}
	r := i.Meter.Begin()
	r.Set(Snapshots, 1)
	i.Write(ctx, r)
}

// Scheduled reports whether this is the function of the schedule. It measures what would be measured twice otherwise.
func (i *Instruments) Scheduled() bool {
	return i.Meter != nil && i.Meter.Function == FunctionSnapshot
}

// AlarmLine is the message of the log line that says an alarm in words: what CloudWatch cannot write into an alarm's text.
// There is one for each condition that holds, from every run and batch that meets it. The function could publish the text to
// the alarms' topic too; it does not, because an operator would get each alarm twice, and every minute.
const AlarmLine = "alarm"

// keysNamed is how many keys an alarm names.
const keysNamed = 5

// Say writes the line of an alarm: how many, the first keys, and what to paste.
func (i *Instruments) Say(ctx context.Context, slug string, count int, keys []model.Key, more ...any) {
	if i.Log == nil || i.Meter == nil {
		return
	}
	a := AlarmOf(slug)
	args := []any{"alarm", slug, "says", a.Says}
	if count > 0 {
		args = append(args, "count", count)
	}
	if len(keys) > 0 {
		args = append(args, "keys", keys[:min(len(keys), keysNamed)])
	}
	args = append(args, "command", a.CommandFor(i.stage()))
	args = append(args, more...)
	args = append(args, "runbook", a.Heading)
	i.Log.WarnContext(ctx, AlarmLine, args...)
}

// stage is the stage of the stack, which is named excs-<stage>.
func (i *Instruments) stage() string { return strings.TrimPrefix(i.Meter.Stack, "excs-") }

// Sides measures whether the two sides and the settings are those that may be worked by, and says it in words where they are not.
func (i *Instruments) Sides(ctx context.Context, r *Reading, foreign *model.ForeignOrg, outdated bool) {
	if foreign != nil {
		r.Set(OtherOrg, 1)
		i.Say(ctx, AlarmOtherOrg, 0, nil, "org", foreign.Have.ID, "orgName", foreign.Have.Name, "approved", foreign.Want.ID, "approvedName", foreign.Want.Name)
	}
	if outdated {
		r.Set(OldSettings, 1)
		i.Say(ctx, AlarmOldSettings, 0, nil)
	}
}

// Then adds the command that follows once the alarm's own was read, if there is anything to put into it.
func (i *Instruments) Then(command plan.Command, args ...any) []any {
	if command.IsZero() || i.Meter == nil {
		return args
	}
	return append(args, "then", command.Typed("STAGE="+i.stage()))
}
