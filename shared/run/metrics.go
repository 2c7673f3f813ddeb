package run

import (
	"cmp"
	"context"
	"math"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/sides"
	"excs/shared/telemetry"
)

// Measure measures a run of Engage, whatever came of it, and says in the log which alarms hold. A run that did not get the lease,
// because another was under way or the table could not be reached, has no number and nothing to tell of the objects.
func Measure(ctx context.Context, i *telemetry.Instruments, report Report, failure error) {
	if i == nil {
		return
	}
	r := i.Meter.Begin()
	if report.Run != 0 {
		r.Note(telemetry.AttrRun, report.Run)
		if i.Scheduled() {
			r.Set(telemetry.Snapshots, 1)
		}
	}
	report.Figures.measure(ctx, i, r)
	foreign := cmp.Or(model.ForeignOrgOf(failure), report.Foreign)
	i.Sides(ctx, r, foreign, sides.Outdated(failure))
	denied := i.Calls(r).Denied
	if model.CodeOf(failure) == model.CodeDenied && denied == 0 && foreign == nil { // it was not the EX Org: the database, or AWS
		denied = 1
		r.Add(telemetry.AuthFailures, denied)
	}
	if denied > 0 {
		i.Say(ctx, telemetry.AlarmAuthFailed, denied, nil)
	}
	if i.Scheduled() {
		report.Figures.letters(ctx, i, r)
		i.MeasureBudget(ctx, r)
	}
	i.Write(ctx, r)
}

// unknown are the metrics that only a run's figures tell.
func unknown() []telemetry.Name {
	return []telemetry.Name{
		telemetry.InEngage, telemetry.Mapped, telemetry.Converged, telemetry.Orphaned, telemetry.Quarantined, telemetry.Rejected,
		telemetry.OldestUnconverged, telemetry.ProofFailures, telemetry.WentBack, telemetry.GuardTrips, telemetry.Held, telemetry.DeadLetterAge,
		telemetry.SnapshotDuration, telemetry.Rows,
	}
}

// measure puts a run's figures into the reading.
func (f *Figures) measure(ctx context.Context, i *telemetry.Instruments, r *telemetry.Reading) {
	if f == nil {
		r.Unknown(unknown()...)
		return
	}
	for kind, k := range f.Kinds {
		for name, n := range map[telemetry.Name]int{
			telemetry.InEngage: k.Engage, telemetry.Mapped: k.Mapped, telemetry.Converged: k.Converged,
			telemetry.Orphaned: k.Orphaned, telemetry.Quarantined: k.Quarantined, telemetry.Rejected: k.Rejected,
		} {
			r.SetOf(name, string(kind), float64(n))
		}
	}
	wentBack := 0.0
	if !f.WentBack.IsZero() {
		wentBack = 1
	}
	for name, v := range map[telemetry.Name]float64{
		telemetry.OldestUnconverged: whole(f.Unconverged.Age), telemetry.DeadLetterAge: whole(f.Quarantined.Age),
		telemetry.ProofFailures: float64(f.ProofFailed), telemetry.WentBack: wentBack, telemetry.GuardTrips: float64(f.Tripped),
		telemetry.Held: float64(f.Held.Count), telemetry.Rows: float64(f.Rows), telemetry.SnapshotDuration: float64(f.ReadTook.Milliseconds()),
	} {
		r.Set(name, v)
	}
	f.say(ctx, i)
}

// whole gives whole seconds: nobody asks for more of an age.
func whole(age time.Duration) float64 { return math.Floor(age.Seconds()) }

// letters counts the dead letters.
func (f *Figures) letters(ctx context.Context, i *telemetry.Instruments, r *telemetry.Reading) {
	if i.Dead == nil {
		r.Unknown(telemetry.DeadLetters)
		return
	}
	waiting, inFlight, err := i.Dead.Depth(ctx)
	if err != nil {
		r.Unknown(telemetry.DeadLetters)
		i.Complain(ctx, "the depth of the dead-letter queue could not be read", err)
		return
	}
	n := waiting + inFlight
	r.Set(telemetry.DeadLetters, float64(n))
	if n == 0 {
		return
	}
	var keys []model.Key
	quarantined := 0
	if f != nil {
		keys, quarantined = f.Quarantined.Keys, f.Quarantined.Count
	}
	i.Say(ctx, telemetry.AlarmDeadLetters, n, keys, i.Then(plan.Command{Action: "replay", Keys: keys}, "quarantined", quarantined)...)
}

// say says the alarms that a run's figures tell.
func (f *Figures) say(ctx context.Context, i *telemetry.Instruments) {
	holds := func(slug string, v float64) bool { return v >= telemetry.AlarmOf(slug).Threshold }
	if holds(telemetry.AlarmProofFailed, float64(f.ProofFailed)) {
		i.Say(ctx, telemetry.AlarmProofFailed, f.ProofFailed, nil, "error", f.ProofFailure)
	}
	if !f.WentBack.IsZero() {
		i.Say(ctx, telemetry.AlarmWentBack, 0, nil, i.Then(plan.Approve(f.SourceHash), "since", f.WentBack.UTC().Format(time.RFC3339))...)
	}
	if holds(telemetry.AlarmGuardTripped, float64(f.Tripped)) {
		i.Say(ctx, telemetry.AlarmGuardTripped, f.Guarded.Count, f.Guarded.Keys, i.Then(plan.Approve(f.ApproveHash))...)
	}
	if holds(telemetry.AlarmUnconverged, f.Unconverged.Age.Seconds()) {
		i.Say(ctx, telemetry.AlarmUnconverged, f.Unconverged.Count, f.Unconverged.Keys,
			i.Then(plan.Command{Action: "explain", Keys: f.Unconverged.Keys[:min(1, len(f.Unconverged.Keys))]}, "oldest", f.Unconverged.Age.Round(time.Second))...)
	}
}
