package instruments

import (
	"cmp"
	"context"

	"excs/shared/apply"
	"excs/shared/listen"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
	"excs/shared/telemetry"
)

// keysNamed is how many keys an alarm names.
const keysNamed = 5

// Batch measures a batch of messages and the answers to them, and says in the log which alarms it met.
func (s *Set) Batch(ctx context.Context, batch []queue.Received, answers []apply.Answer) {
	if s == nil {
		return
	}
	r := s.Meter.Begin()
	trips, outdated := 0, false
	var foreign *model.ForeignOrg
	for _, a := range answers {
		foreign, outdated = cmp.Or(foreign, a.Work.Foreign), outdated || a.Work.Outdated
		work(r, a.Work)
		trips += a.Work.Guarded
	}
	said := conditions{ctx: ctx, set: s}
	said.sides(r, foreign, outdated)
	if trips > 0 {
		r.Set(telemetry.GuardTrips, float64(trips))
		guarded := keysOf(batch, answers, func(a apply.Answer) bool { return a.Work.Guarded > 0 })
		said.say(telemetry.AlarmGuardTripped, len(guarded), first(guarded))
	}
	u := s.calls(r)
	if u.Denied > 0 {
		said.say(telemetry.AlarmAuthFailed, u.Denied, first(keysOf(batch, answers, func(a apply.Answer) bool { return a.Work.Denied })))
	}
	if u.Refused > 0 {
		said.say(telemetry.AlarmBudget, u.Refused, first(keysOf(batch, answers, func(a apply.Answer) bool { return a.Failed && a.Again > 0 })))
	}
	s.write(ctx, r)
}

// work counts what the looks at one key came to.
func work(r *telemetry.Reading, w apply.Work) {
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
func keysOf(batch []queue.Received, answers []apply.Answer, is func(apply.Answer) bool) []model.Key {
	var keys []model.Key
	for i, a := range answers {
		if is(a) {
			keys = append(keys, batch[i].Key)
		}
	}
	return keys
}

func first(keys []model.Key) []model.Key { return keys[:min(len(keys), keysNamed)] }

// Heard measures what became of notifications. refused are HTTPS requests that were not let in or can not be worked on.
func (s *Set) Heard(ctx context.Context, report listen.Report, refused int) {
	if s == nil {
		return
	}
	r := s.Meter.Begin()
	ignored := report.Replayed
	for _, n := range report.Ignored {
		ignored += n
	}
	r.Add(telemetry.WebhookAccepted, report.Sent+report.Later+report.Coalesced)
	r.Add(telemetry.WebhookIgnored, ignored)
	r.Add(telemetry.WebhookRejected, report.Rejected+refused)
	s.calls(r)
	s.write(ctx, r)
}

// Action measures an operator's action that is no run: what it cost in calls.
func (s *Set) Action(ctx context.Context, action string) {
	if s == nil {
		return
	}
	r := s.Meter.Begin()
	r.Note("operation", action)
	s.calls(r)
	s.write(ctx, r)
}

// Replayed measures what a replay left on the dead-letter queue.
func (s *Set) Replayed(ctx context.Context, report replay.Report) {
	if s == nil || report.Remaining < 0 {
		return
	}
	r := s.Meter.Begin()
	r.Set(telemetry.DeadLetters, float64(report.Remaining))
	s.write(ctx, r)
}
