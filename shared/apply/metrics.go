package apply

import (
	"cmp"
	"context"

	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/telemetry"
)

// Measure measures a batch of messages and the answers to them, and says in the log which alarms it met.
func Measure(ctx context.Context, i *telemetry.Instruments, batch []queue.Received, answers []Answer) {
	if i == nil {
		return
	}
	r := i.Meter.Begin()
	trips, outdated := 0, false
	var foreign *model.ForeignOrg
	for _, a := range answers {
		foreign, outdated = cmp.Or(foreign, a.Work.Foreign), outdated || a.Work.Outdated
		a.Work.measure(r)
		trips += a.Work.Guarded
	}
	i.Sides(ctx, r, foreign, outdated)
	if trips > 0 {
		r.Set(telemetry.GuardTrips, float64(trips))
		guarded := keysOf(batch, answers, func(a Answer) bool { return a.Work.Guarded > 0 })
		i.Say(ctx, telemetry.AlarmGuardTripped, len(guarded), guarded)
	}
	u := i.Calls(r)
	if u.Denied > 0 {
		i.Say(ctx, telemetry.AlarmAuthFailed, u.Denied, keysOf(batch, answers, func(a Answer) bool { return a.Work.Denied }))
	}
	if u.Refused > 0 {
		i.Say(ctx, telemetry.AlarmBudget, u.Refused, keysOf(batch, answers, func(a Answer) bool { return a.Failed && a.Again > 0 }))
	}
	i.Write(ctx, r)
}

// measure counts what the looks at one key came to.
func (w *Work) measure(r *telemetry.Reading) {
	for _, d := range w.Done {
		r.AddOf(telemetry.ChangesByAction, string(d.Action), 1)
		r.AddOf(telemetry.ChangesByCause, string(d.Cause), 1)
	}
	if w.Applied {
		r.Add(telemetry.Applied, 1)
	}
	if w.Took > 0 {
		r.Observe(telemetry.TimeToApply, w.Took.Seconds())
	}
}

// keysOf gives the keys of the messages whose answer is one of those.
func keysOf(batch []queue.Received, answers []Answer, is func(Answer) bool) []model.Key {
	var keys []model.Key
	for n, a := range answers {
		if is(a) {
			keys = append(keys, batch[n].Key)
		}
	}
	return keys
}
