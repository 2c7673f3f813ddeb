package telemetry

import (
	"strings"
	"time"
)

// Missing says what an alarm makes of a period without values, as CloudWatch spells it.
type Missing string

// The two treatments in use.
const (
	Breaching    Missing = "breaching"
	NotBreaching Missing = "notBreaching"
)

// Comparison is how an alarm compares, as CloudWatch spells it.
type Comparison string

// The comparisons in use.
const (
	AtLeast Comparison = "GreaterThanOrEqualToThreshold"
	Below   Comparison = "LessThanThreshold"
)

// Alarm is one alarm: its condition for CloudWatch, its text for people.
type Alarm struct {
	// Slug is the alarm's name without the stack's.
	Slug string
	// Heading is the heading in Runbook.
	Heading string
	Metric  Name
	// Statistic is the metric's, unless the alarm needs another.
	Statistic  Statistic
	Comparison Comparison
	Threshold  float64
	// Period is the length of one period; 0: that of the schedule of snapshot. Periods of them must breach, out of Of.
	Period      time.Duration
	Periods, Of int
	Missing     Missing
	// Says is what happened. Command shows what it is about, ready to paste; STAGE stands for the stage.
	Says, Command string
	// Silent says that no run or batch can know of it, so that no log line says it in words.
	Silent bool
}

// Runbook is where the headings are.
const Runbook = "infra/RUNBOOK.md"

// The alarms by slug.
const (
	AlarmDeadLetters     = "dead-letters"
	AlarmUnconverged     = "unconverged"
	AlarmProofFailed     = "proof-failed"
	AlarmWentBack        = "source-went-back"
	AlarmGuardTripped    = "guard-tripped"
	AlarmSnapshotMissing = "snapshot-missing"
	AlarmOtherOrg        = "other-org"
	AlarmOldSettings     = "old-settings"
	AlarmAuthFailed      = "auth-failed"
	AlarmBudget          = "budget-exhausted"
	AlarmErrors          = "errors"
	AlarmUndelivered     = "undelivered"
)

const (
	// gaugePeriod is the period of alarms on what every run measures: some runs of a schedule of a minute fit in, so that one
	// that is late makes no gap.
	gaugePeriod = 5 * time.Minute
	// UnconvergedFor is how long an object may take. A first load takes longer, and the runbook says so.
	UnconvergedFor = time.Hour
	// exhausted is for how many minutes on end work must have been put off before the budget counts as exhausted. What is left
	// of the budget does not tell: workers that are refused come back later, and meanwhile there is room. A burst of changes
	// is put off for a minute or two; a first load, or another user of the same OAuth client, for as long as it lasts.
	exhausted = 15
)

// Alarms lists the alarms in the order in which to read them. CloudWatch can not write figures into an alarm's text: those
// are in the log line "alarm" that every run writes for each condition that holds, with counts, the first five keys and
// the command.
func Alarms() []Alarm {
	list := []Alarm{
		{Slug: AlarmSnapshotMissing, Heading: "Snapshot missing", Metric: Snapshots, Comparison: Below, Threshold: 1, Periods: 3, Missing: Breaching, Silent: true,
			Says: "no run came to an end for three periods of the schedule", Command: "make status STAGE=STAGE"},
		{Slug: AlarmProofFailed, Heading: "Proof failed", Metric: ProofFailures, Threshold: 2,
			Says: "Engage could not be read, or not be proven complete, twice in a row: nothing is changed on its account", Command: "make status STAGE=STAGE"},
		{Slug: AlarmWentBack, Heading: "The Configuration Database was restored from a backup", Metric: WentBack, Threshold: 1,
			Says: "the source is taken for an older one, and nothing is removed; or for another database, and nothing is done: until it is accepted", Command: "make plan STAGE=STAGE"},
		{Slug: AlarmGuardTripped, Heading: "Guard tripped", Metric: GuardTrips, Threshold: 1,
			Says: "more removals or changes than the guard allows: they are held until they are approved", Command: "make plan STAGE=STAGE"},
		{Slug: AlarmDeadLetters, Heading: "Dead letters", Metric: DeadLetters, Threshold: 1,
			Says: "objects failed for good", Command: "make replay DRY=1 STAGE=STAGE"},
		{Slug: AlarmUnconverged, Heading: "Unconverged objects", Metric: OldestUnconverged, Threshold: UnconvergedFor.Seconds(),
			Says: "an object has not come to what Engage wants for an hour", Command: "make list STAGE=STAGE"},
		{Slug: AlarmOtherOrg, Heading: "Another organisation", Metric: OtherOrg, Threshold: 1,
			Says: "the credentials lead to another EX Org than the one that the first plan was approved for: nothing is written", Command: "make status STAGE=STAGE"},
		{Slug: AlarmOldSettings, Heading: "Old settings", Metric: OldSettings, Threshold: 1, Periods: 2,
			Says: "for 10 minutes a function has had other settings than its deployment: it plans and writes nothing", Command: "make status STAGE=STAGE"},
		{Slug: AlarmAuthFailed, Heading: "Authentication failed", Metric: AuthFailures, Threshold: 1,
			Says: "the EX Org or Engage's database refuses the credentials or a permission", Command: "make status STAGE=STAGE"},
		{Slug: AlarmBudget, Heading: "Budget exhausted", Metric: Refusals, Threshold: 1, Period: time.Minute, Periods: exhausted,
			Says: "for 15 minutes on end no call of the EX Org was free for some of the work", Command: "make status STAGE=STAGE"},
		{Slug: AlarmErrors, Heading: "Function errors", Metric: LambdaErrors, Threshold: 1, Periods: 2, Of: 3, Silent: true,
			Says: "invocations of a function end with an error", Command: "make status STAGE=STAGE"},
		{Slug: AlarmUndelivered, Heading: "Undelivered events", Metric: QueueVisible, Threshold: 1, Silent: true,
			Says: "scheduled calls, partner events or invocations were given up", Command: "make verify STAGE=STAGE"},
	}
	for i := range list {
		list[i] = list[i].withDefaults()
	}
	return list
}

func (a Alarm) withDefaults() Alarm {
	if a.Statistic == "" {
		a.Statistic = Of(a.Metric).Statistic
	}
	if a.Comparison == "" {
		a.Comparison = AtLeast
	}
	if a.Missing == "" {
		a.Missing = NotBreaching
	}
	if a.Period == 0 && a.Slug != AlarmSnapshotMissing {
		a.Period = gaugePeriod
	}
	a.Periods = max(a.Periods, 1)
	a.Of = max(a.Of, a.Periods)
	return a
}

// AlarmOf finds an alarm by its slug. An unknown one is a fault of the program.
func AlarmOf(slug string) Alarm {
	for _, a := range Alarms() {
		if a.Slug == slug {
			return a
		}
	}
	panic("telemetry: there is no alarm " + slug)
}

// CommandFor gives the command for a stage.
func (a Alarm) CommandFor(stage string) string {
	return strings.TrimSuffix(a.Command, "STAGE=STAGE") + "STAGE=" + stage
}

// Description is the alarm's text in CloudWatch, which takes at most 1024 characters: what happened, where the runbook
// tells what to do, the command, and where figures and keys are.
func (a Alarm) Description(stage string) string {
	where := "Counts and the first five keys: saved query \"alarms in words\", or the top of the dashboard."
	if a.Silent {
		where = "More: saved query \"last errors\", or the end of the dashboard."
	}
	return "EXCS " + stage + ": " + a.Says + ".\nRunbook: " + Runbook + " \"" + a.Heading + "\".\nPaste: " + a.CommandFor(stage) + "\n" + where
}
