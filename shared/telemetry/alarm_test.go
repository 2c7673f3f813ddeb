package telemetry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/telemetry"
)

// Every alarm is complete: a metric of the list, a condition, a treatment of missing data, a runbook heading, a command.
func TestAlarmsAreComplete(t *testing.T) {
	t.Parallel()
	slugs := map[string]bool{}
	for _, a := range telemetry.Alarms() {
		m := telemetry.Of(a.Metric) // panics without one
		statistics := append([]telemetry.Statistic{m.Statistic}, m.Also...)
		switch {
		case slugs[a.Slug], a.Heading == "", a.Says == "", a.Comparison == "", a.Missing == "", a.Periods < 1, a.Of < a.Periods:
			t.Errorf("%+v", a)
		case !slices.Contains(statistics, a.Statistic):
			t.Errorf("%s: %s of %s says nothing", a.Slug, a.Statistic, a.Metric)
		case a.Period%time.Minute != 0, a.Period == 0 && a.Slug != telemetry.AlarmSnapshotMissing:
			t.Errorf("%s: a period of %s", a.Slug, a.Period)
		case !strings.HasPrefix(a.CommandFor("prod"), "make ") || !strings.HasSuffix(a.CommandFor("prod"), " STAGE=prod") || strings.Count(a.CommandFor("prod"), "STAGE") != 1:
			t.Errorf("%s: command %q", a.Slug, a.CommandFor("prod"))
		}
		slugs[a.Slug] = true
		if telemetry.AlarmOf(a.Slug).Says != a.Says {
			t.Errorf("AlarmOf(%s) is another", a.Slug)
		}
	}
	for _, slug := range []string{
		"dead-letters", "unconverged", "proof-failed", "guard-tripped", "snapshot-missing", "auth-failed", "budget-exhausted", "errors", "undelivered", "source-went-back",
	} {
		if !slugs[slug] {
			t.Errorf("there is no alarm %s", slug)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("AlarmOf gave an alarm that there is not")
		}
	}()
	telemetry.AlarmOf("colour")
}

// Only a run that is missing is bad news; of everything else silence is none. Depth and age are looked at by their highest.
func TestMissingDataAndStatistics(t *testing.T) {
	t.Parallel()
	for _, a := range telemetry.Alarms() {
		if breaching := a.Missing == telemetry.Breaching; breaching != (a.Slug == telemetry.AlarmSnapshotMissing) {
			t.Errorf("%s: missing data are %s", a.Slug, a.Missing)
		}
	}
	for _, slug := range []string{telemetry.AlarmDeadLetters, telemetry.AlarmUnconverged, telemetry.AlarmUndelivered, telemetry.AlarmProofFailed, telemetry.AlarmGuardTripped} {
		if a := telemetry.AlarmOf(slug); a.Statistic != telemetry.Maximum {
			t.Errorf("%s looks at %s", slug, a.Statistic)
		}
	}
}

// A description fits into CloudWatch, names the heading and holds the command.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	stage := strings.Repeat("s", 60)
	for _, a := range telemetry.Alarms() {
		text := a.Description(stage)
		if len(text) > 1024 || !strings.Contains(text, `infra/RUNBOOK.md "`+a.Heading+`"`) || !strings.Contains(text, a.CommandFor(stage)) || !strings.Contains(text, a.Says) ||
			strings.Contains(text, "five keys") == a.Silent {
			t.Errorf("%s (%d bytes): %s", a.Slug, len(text), text)
		}
	}
}
