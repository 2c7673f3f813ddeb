package listen

import (
	"context"

	"excs/shared/telemetry"
)

// Measure measures what became of notifications. refused are HTTPS requests that were not let in or can not be worked on.
func Measure(ctx context.Context, i *telemetry.Instruments, report Report, refused int) {
	if i == nil {
		return
	}
	r := i.Meter.Begin()
	ignored := report.Replayed
	for _, n := range report.Ignored {
		ignored += n
	}
	r.Add(telemetry.WebhookAccepted, report.Sent+report.Later+report.Coalesced)
	r.Add(telemetry.WebhookIgnored, ignored)
	r.Add(telemetry.WebhookRejected, report.Rejected+refused)
	i.Calls(r)
	i.Write(ctx, r)
}
