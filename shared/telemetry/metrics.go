package telemetry

import "slices"

// The names of the metrics.
const (
	InEngage    Name = "inEngage"
	Mapped      Name = "mapped"
	Converged   Name = "converged"
	Orphaned    Name = "orphaned"
	Quarantined Name = "quarantined"
	Rejected    Name = "rejected"

	ChangesByAction Name = "changesByAction"
	ChangesByCause  Name = "changesByCause"

	OldestUnconverged Name = "oldestUnconverged"
	Applied           Name = "applied"
	TimeToApply       Name = "timeToApply"

	Calls      Name = "exOrgCalls"
	Throttles  Name = "throttles"
	Refusals   Name = "budgetRefusals"
	BudgetLeft Name = "budgetLeft"

	Snapshots        Name = "snapshots"
	SnapshotDuration Name = "snapshotDuration"
	Rows             Name = "rows"
	ProofFailures    Name = "proofFailures"
	WentBack         Name = "wentBack"

	GuardTrips Name = "guardTrips"
	Held       Name = "held"

	WebhookAccepted Name = "webhookAccepted"
	WebhookIgnored  Name = "webhookIgnored"
	WebhookRejected Name = "webhookRejected"

	OtherOrg      Name = "otherOrg"
	OldSettings   Name = "oldSettings"
	AuthFailures  Name = "authFailures"
	DeadLetters   Name = "deadLetters"
	DeadLetterAge Name = "deadLetterAge"
)

// Metrics is the one list of EXCS's own metrics, in the order of the dashboard. Emission, alarms, dashboard and the
// documentation are all made of it: a misspelt metric would be an alarm that never fires.
//
// CloudWatch bills each series, a metric with one value of its dimension, at 0.30 USD a month (the cost table in
// infra/local/cost counts them), and that is most of what a small tenant costs. So there is never more than one dimension
// beside the stack: changes by action and by cause are 14 series, where each pair of the two would be 49. The pairs are in
// the audit lines, and the saved query "changes by action and cause" counts them for the price of the bytes that it reads.
func Metrics() []Metric {
	return slices.Concat(objects(), changes(), speed(), calls(), reads(), stops(), hearing(), letters())
}

func metric(name Name, unit Unit, s Statistic, own string, help string, from ...string) Metric {
	m := Metric{Namespace: Namespace, Name: name, Unit: unit, Dimensions: []string{DimStack}, Statistic: s, Help: help, From: from}
	if own != "" {
		m.Dimensions = append(m.Dimensions, own)
	}
	return m
}

func objects() []Metric {
	perKind := func(name Name, s Statistic, help string) Metric {
		return metric(name, Count, s, DimKind, help, FunctionSnapshot, FunctionSync)
	}
	return []Metric{
		perKind(InEngage, Maximum, "objects in scope that Engage has, rejected ones too; while Engage can not be read, as of the last read that was proven"),
		perKind(Mapped, Maximum, "objects that Engage wants and that have a row in the mapping table"),
		perKind(Converged, Minimum, "mapped objects whose EX Org object is as the row wants it, as far as EXCS knows"),
		perKind(Orphaned, Maximum, "EX Org objects whose Engage object is gone and that are left to the administrator; counted anew every 15 minutes and whenever a run makes one"),
		perKind(Quarantined, Maximum, "objects that failed for good and wait for a person or a new desired state"),
		perKind(Rejected, Maximum, "objects of Engage that can not become one of the EX Org as they are"),
	}
}

func changes() []Metric {
	return []Metric{
		metric(ChangesByAction, Count, Sum, DimAction, "objects written to the EX Org, by what was done", FunctionApply),
		metric(ChangesByCause, Count, Sum, DimCause, "the same, by why: a change in Engage, drift, a deletion in the EX Org, an operator's request, a replay, a wait that was over, an approval", FunctionApply),
	}
}

func speed() []Metric {
	toApply := metric(TimeToApply, Seconds, P95, "", "from the moment that a change is written to the row, or that a person let it go, until the EX Org has it; one value an object", FunctionApply)
	toApply.Also = []Statistic{P50, Maximum}
	toApply.Gaps = true // a 0 for "nothing was applied" would be taken for the fastest change of all
	return []Metric{
		metric(OldestUnconverged, Seconds, Maximum, "", "age of the object that has been pending, waiting or invisible for longest; 0 for none. Objects that wait for a person (held, quarantined, paused) are left out: they have figures and alarms of their own", FunctionSnapshot, FunctionSync),
		metric(Applied, Count, Sum, "", "objects that a worker found or made right", FunctionApply),
		toApply,
	}
}

func calls() []Metric {
	return []Metric{
		metric(Calls, Count, Sum, DimFunction, "requests to the EX Org's API, repeated ones too, by the function that made them; requests for tokens do not count", FunctionSnapshot, FunctionApply, FunctionWebhook, FunctionSync),
		metric(Throttles, Count, Sum, "", "answers 429 of the EX Org, its token endpoint included", FunctionSnapshot, FunctionApply, FunctionWebhook, FunctionSync),
		metric(Refusals, Count, Sum, "", "times that work was put off because no call was free within the wait that it is ready for", FunctionSnapshot, FunctionApply, FunctionWebhook, FunctionSync),
		budgetLeft(),
	}
}

func budgetLeft() Metric {
	m := metric(BudgetLeft, Percent, Average, "", "how many of the calls that a worker is ready to wait for (some seconds of the rate limit) are free at the moment, one sample a run; 0: the next one would be refused, because others took the slots or the EX Org asked everybody to wait", FunctionSnapshot)
	m.Also = []Statistic{Minimum, Maximum}
	m.Gaps = true // a run that could not read the budget must not report it as spent
	return m
}

func reads() []Metric {
	duration := metric(SnapshotDuration, Milliseconds, Maximum, "", "how long the read of Engage took", FunctionSnapshot, FunctionSync)
	duration.Also = []Statistic{P50}
	return []Metric{
		metric(Snapshots, Count, Sum, "", "runs of the schedule that came to an end, proven or not; 0 for one that was skipped because another was under way", FunctionSnapshot),
		duration,
		metric(Rows, Count, Maximum, "", "rows read of Engage", FunctionSnapshot, FunctionSync),
		metric(ProofFailures, Count, Maximum, "", "runs in a row that could not read Engage, or not prove that the read was complete", FunctionSnapshot, FunctionSync),
		metric(WentBack, Count, Maximum, "", "1 while the source is taken for an older one (restored, migrated, lagging): no removal, no change of identity; or for another database: nothing at all", FunctionSnapshot, FunctionSync),
	}
}

func stops() []Metric {
	return []Metric{
		metric(GuardTrips, Count, Maximum, "", "kinds and classes of changes over the guard's limit in a run, and objects that workers held or hold for it", FunctionSnapshot, FunctionSync, FunctionApply),
		metric(Held, Count, Maximum, "", "changes that wait for a second read, a proof or an approval", FunctionSnapshot, FunctionSync),
	}
}

func hearing() []Metric {
	return []Metric{
		metric(WebhookAccepted, Count, Sum, "", "notifications that lead to a look at an object, now, later, or by a look that was due already", FunctionWebhook),
		metric(WebhookIgnored, Count, Sum, "", "notifications that mean nothing to EXCS: of objects that it does not know, echoes, repetitions", FunctionWebhook),
		metric(WebhookRejected, Count, Sum, "", "notifications that can not be understood, and HTTPS requests that were refused", FunctionWebhook),
	}
}

func letters() []Metric {
	return []Metric{
		metric(OtherOrg, Count, Maximum, "", "1 while credentials lead to another organisation than the one that the first plan was approved for: nothing is written", FunctionSnapshot, FunctionSync, FunctionApply),
		metric(OldSettings, Count, Maximum, "", "1 while a function has other settings than its deployment and does nothing by them", FunctionSnapshot, FunctionSync, FunctionApply),
		metric(AuthFailures, Count, Sum, "", "times that the EX Org or Engage's database refused EXCS's credentials or a permission", FunctionSnapshot, FunctionApply, FunctionWebhook, FunctionSync),
		metric(DeadLetters, Count, Maximum, "", "messages in the dead-letter queue, as the queue counts them", FunctionSnapshot, FunctionReplay),
		metric(DeadLetterAge, Seconds, Maximum, "", "age of the oldest quarantined object: dead letters expire after 14 days, the row does not; 0 for none", FunctionSnapshot, FunctionSync),
	}
}

// The names of AWS's own metrics that the dashboard and alarms use.
const (
	LambdaErrors      Name = "Errors"
	LambdaDuration    Name = "Duration"
	LambdaThrottles   Name = "Throttles"
	LambdaInvocations Name = "Invocations"
	QueueVisible      Name = "ApproximateNumberOfMessagesVisible"
	QueueInFlight     Name = "ApproximateNumberOfMessagesNotVisible"
	QueueAge          Name = "ApproximateAgeOfOldestMessage"
)

// Native lists AWS's own metrics in use. They cost nothing.
func Native() []Metric {
	lambda := func(name Name, unit Unit, s Statistic, help string) Metric {
		return Metric{Namespace: "AWS/Lambda", Name: name, Unit: unit, Dimensions: []string{DimLambda}, Statistic: s, Help: help, Gaps: true}
	}
	queue := func(name Name, unit Unit, help string) Metric {
		return Metric{Namespace: "AWS/SQS", Name: name, Unit: unit, Dimensions: []string{DimQueue}, Statistic: Maximum, Help: help, Gaps: true}
	}
	return []Metric{
		lambda(LambdaInvocations, Count, Sum, "invocations of a function"),
		lambda(LambdaErrors, Count, Sum, "invocations that ended with an error"),
		lambda(LambdaThrottles, Count, Sum, "invocations that Lambda refused for lack of concurrency"),
		lambda(LambdaDuration, Milliseconds, P95, "how long invocations took"),
		queue(QueueVisible, Count, "messages that wait"),
		queue(QueueInFlight, Count, "messages that are being worked on, or wait for their visibility"),
		queue(QueueAge, Seconds, "age of the oldest message"),
	}
}

// Formula is a figure that CloudWatch computes of metrics where it is shown; it costs nothing.
type Formula struct {
	Name Name
	// Expression is CloudWatch's metric math over the ids m1, m2 …, which stand for Metrics in order, each summed over the
	// values of its dimension.
	Expression string
	Metrics    []Name
	Help       string
}

// CallsPerObject is the formula that says what an object costs.
const CallsPerObject Name = "callsPerObject"

// Formulas lists them.
func Formulas() []Formula {
	return []Formula{{
		Name: CallsPerObject, Metrics: []Name{Calls, Applied}, Expression: "IF(m2 > 0, m1 / m2, 0)",
		Help: "calls of the EX Org per object that a worker found or made right; 0 while there was none. The calls are everybody's: what runs and sweeps read is part of an object's price",
	}}
}
