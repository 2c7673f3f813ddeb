package instruments

import (
	"context"
	"log/slog"

	"excs/shared/exorg"
	"excs/shared/model"
	"excs/shared/telemetry"
)

// Depth is a queue whose messages can be counted.
type Depth interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// Budget tells how many calls of the EX Org are free, of how many.
type Budget func(ctx context.Context) (left, of int, err error)

// Set is the instruments of one function. A nil Set measures nothing; so do fields that are nil.
type Set struct {
	Meter *telemetry.Meter
	// Counter counts the calls of the EX Org of all clients of the function.
	Counter *exorg.Counter
	Budget  Budget
	// Dead is the dead-letter queue.
	Dead Depth
	Log  *slog.Logger
}

// taken is what the clients did since the last invocation.
func (s *Set) taken() exorg.Usage {
	if s.Counter == nil {
		return exorg.Usage{}
	}
	return s.Counter.Take()
}

// calls puts what the clients did into the reading.
func (s *Set) calls(r *telemetry.Reading) exorg.Usage {
	u := s.taken()
	if s.Meter == nil {
		return u
	}
	r.AddOf(telemetry.Calls, s.Meter.Function, u.Calls)
	r.Add(telemetry.Throttles, u.Throttled)
	r.Add(telemetry.Refusals, u.Refused)
	r.Add(telemetry.AuthFailures, u.Denied)
	return u
}

// budget measures the budget.
func (s *Set) budget(ctx context.Context, r *telemetry.Reading) {
	if s.Budget == nil {
		return
	}
	left, of, err := s.Budget(ctx)
	if err != nil || of == 0 {
		s.complain(ctx, "the request budget could not be read", err)
		return
	}
	const all = 100
	r.Set(telemetry.BudgetLeft, all*float64(left)/float64(of))
}

// write ends a reading.
func (s *Set) write(ctx context.Context, r *telemetry.Reading) {
	if err := r.Write(ctx); err != nil {
		s.complain(ctx, "the metrics could not be written", err)
	}
}

func (s *Set) complain(ctx context.Context, what string, err error) {
	if s.Log != nil && err != nil {
		s.Log.WarnContext(ctx, what, "code", model.CodeOf(err), "error", err.Error())
	}
}
