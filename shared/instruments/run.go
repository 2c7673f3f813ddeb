package instruments

import (
	"cmp"
	"context"
	"math"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/sides"
	"excs/shared/telemetry"
)

// Run measures a run of Engage, whatever came of it, and says in the log which alarms hold. A run that did not get the lease,
// because another was under way or the table could not be reached, has no number and nothing to tell of the objects.
func (s *Set) Run(ctx context.Context, report run.Report, failure error) {
	if s == nil {
		return
	}
	r := s.Meter.Begin()
	if report.Run != 0 {
		r.Note(telemetry.AttrRun, report.Run)
		if s.scheduled() {
			r.Set(telemetry.Snapshots, 1)
		}
	}
	said := conditions{ctx: ctx, set: s}
	s.figures(r, report.Figures, &said)
	foreign := cmp.Or(model.ForeignOrgOf(failure), report.Foreign)
	said.sides(r, foreign, sides.Outdated(failure))
	denied := s.calls(r).Denied
	if model.CodeOf(failure) == model.CodeDenied && denied == 0 && foreign == nil { // it was not the EX Org: the database, or AWS
		denied = 1
		r.Add(telemetry.AuthFailures, denied)
	}
	if denied > 0 {
		said.say(telemetry.AlarmAuthFailed, denied, nil)
	}
	if s.scheduled() {
		s.letters(ctx, r, report.Figures, &said)
		s.budget(ctx, r)
	}
	s.write(ctx, r)
}

// NotConfigured measures an invocation of the schedule that can make no run because a secret was never set: the schedule works, and
// the alarm of a missing one stays silent.
func (s *Set) NotConfigured(ctx context.Context) {
	if s == nil {
		return
	}
	r := s.Meter.Begin()
	r.Set(telemetry.Snapshots, 1)
	s.write(ctx, r)
}

// scheduled says whether this is the function of the schedule. It measures what would be measured twice otherwise.
func (s *Set) scheduled() bool {
	return s.Meter != nil && s.Meter.Function == telemetry.FunctionSnapshot
}

// unknown are the metrics that only a run's figures tell.
func unknown() []telemetry.Name {
	return []telemetry.Name{
		telemetry.InEngage, telemetry.Mapped, telemetry.Converged, telemetry.Orphaned, telemetry.Quarantined, telemetry.Rejected,
		telemetry.OldestUnconverged, telemetry.ProofFailures, telemetry.WentBack, telemetry.GuardTrips, telemetry.Held, telemetry.DeadLetterAge,
		telemetry.SnapshotDuration, telemetry.Rows,
	}
}

// figures puts a run's figures into the reading.
func (s *Set) figures(r *telemetry.Reading, f *run.Figures, said *conditions) {
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
	said.figures(f)
}

// whole gives whole seconds: nobody asks for more of an age.
func whole(age time.Duration) float64 { return math.Floor(age.Seconds()) }

// letters counts the dead letters.
func (s *Set) letters(ctx context.Context, r *telemetry.Reading, f *run.Figures, said *conditions) {
	if s.Dead == nil {
		r.Unknown(telemetry.DeadLetters)
		return
	}
	waiting, inFlight, err := s.Dead.Depth(ctx)
	if err != nil {
		r.Unknown(telemetry.DeadLetters)
		s.complain(ctx, "the depth of the dead-letter queue could not be read", err)
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
	said.say(telemetry.AlarmDeadLetters, n, keys, said.then(plan.Command{Action: "replay", Keys: keys}, "quarantined", quarantined)...)
}
