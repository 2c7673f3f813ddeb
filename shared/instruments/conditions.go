package instruments

import (
	"context"
	"strings"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/telemetry"
)

// AlarmLine is the message of the log line that says an alarm in words: what CloudWatch can not write into an alarm's text.
// There is one for each condition that holds, from every run and batch that meets it. The function could publish the text to
// the alarms' topic too; it does not, because an operator would get each alarm twice, and every minute.
const AlarmLine = "alarm"

// conditions says alarms.
type conditions struct {
	ctx context.Context //nolint:containedctx // it lives for one invocation
	set *Set
}

// say writes the line of an alarm: how many, the first keys, and what to paste.
func (c conditions) say(slug string, count int, keys []model.Key, more ...any) {
	if c.set.Log == nil || c.set.Meter == nil {
		return
	}
	a := telemetry.AlarmOf(slug)
	args := []any{"alarm", slug, "says", a.Says}
	if count > 0 {
		args = append(args, "count", count)
	}
	if len(keys) > 0 {
		args = append(args, "keys", keys)
	}
	args = append(args, "command", a.CommandFor(stageOf(c.set.Meter.Stack)))
	args = append(args, more...)
	args = append(args, "runbook", a.Heading)
	c.set.Log.WarnContext(c.ctx, AlarmLine, args...)
}

// stageOf gives the stage of a stack, which is named excs-<stage>.
func stageOf(stack string) string { return strings.TrimPrefix(stack, "excs-") }

// figures says the alarms that a run's figures tell.
func (c conditions) figures(f *run.Figures) {
	holds := func(slug string, v float64) bool { return v >= telemetry.AlarmOf(slug).Threshold }
	if holds(telemetry.AlarmProofFailed, float64(f.ProofFailed)) {
		c.say(telemetry.AlarmProofFailed, f.ProofFailed, nil, "error", f.ProofFailure)
	}
	if !f.WentBack.IsZero() {
		c.say(telemetry.AlarmWentBack, 0, nil, c.then(plan.Approve(f.SourceHash), "since", f.WentBack.UTC().Format(time.RFC3339))...)
	}
	if holds(telemetry.AlarmGuardTripped, float64(f.Tripped)) {
		c.say(telemetry.AlarmGuardTripped, f.Guarded.Count, f.Guarded.Keys, c.then(plan.Approve(f.ApproveHash))...)
	}
	if holds(telemetry.AlarmUnconverged, f.Unconverged.Age.Seconds()) {
		c.say(telemetry.AlarmUnconverged, f.Unconverged.Count, f.Unconverged.Keys,
			c.then(plan.Command{Action: "explain", Keys: f.Unconverged.Keys[:min(1, len(f.Unconverged.Keys))]}, "oldest", f.Unconverged.Age.Round(time.Second))...)
	}
}

// sides measures whether the two sides and the settings are those that may be worked by, and says it in words where they are not.
func (c conditions) sides(r *telemetry.Reading, foreign *model.ForeignOrg, outdated bool) {
	if foreign != nil {
		r.Set(telemetry.OtherOrg, 1)
		c.say(telemetry.AlarmOtherOrg, 0, nil, "org", foreign.Have.ID, "orgName", foreign.Have.Name, "approved", foreign.Want.ID, "approvedName", foreign.Want.Name)
	}
	if outdated {
		r.Set(telemetry.OldSettings, 1)
		c.say(telemetry.AlarmOldSettings, 0, nil)
	}
}

// then adds the command that follows once the first one was read, if there is anything to put into it.
func (c conditions) then(command plan.Command, args ...any) []any {
	if command.IsZero() || c.set.Meter == nil {
		return args
	}
	return append(args, "then", command.Typed("STAGE="+stageOf(c.set.Meter.Stack)))
}
