package replay

import (
	"context"

	"excs/shared/telemetry"
)

// Measure measures what a replay left on the dead-letter queue.
func Measure(ctx context.Context, i *telemetry.Instruments, report Report) {
	if i == nil || report.Remaining < 0 {
		return
	}
	r := i.Meter.Begin()
	r.Set(telemetry.DeadLetters, float64(report.Remaining))
	i.Write(ctx, r)
}
