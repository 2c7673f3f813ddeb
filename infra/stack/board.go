package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"excs/shared/telemetry"
)

// boardWidth is how many columns a dashboard has.
const boardWidth = 24

// item is one widget as the body of a dashboard has it.
type item struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// board lays widgets out in rows.
type board struct {
	*Stack
	items []item
	y     int
}

// row puts widgets of equal width beside each other.
func (b *board) row(height int, widgets ...item) {
	for i, w := range widgets {
		w.Width = boardWidth / len(widgets)
		w.X, w.Y, w.Height = i*w.Width, b.y, height
		b.items = append(b.items, w)
	}
	b.y += height
}

// question heads a part of the dashboard.
func (b *board) question(text, hint string) {
	b.row(1, item{Type: "text", Properties: map[string]any{"markdown": "## " + text + "\n" + hint, "background": "transparent"}})
}

// series is one line of a graph: where it comes from and how it is drawn. Every name is telemetry's.
type series []any

// metric gives the series of a metric, for one value of its own dimension.
func (b *board) metric(name telemetry.Name, of string, drawn map[string]any) series {
	m := telemetry.Of(name)
	s := series{m.Namespace, string(m.Name)}
	for _, d := range m.Dimensions {
		value := any(of)
		switch d {
		case telemetry.DimStack:
			value = b.name
		case telemetry.DimLambda:
			value = b.functions[of].FunctionName()
		case telemetry.DimQueue:
			value = b.queueOf(of)
		}
		s = append(s, d, value)
	}
	if drawn["stat"] == nil {
		drawn["stat"] = string(m.Statistic)
	}
	return append(s, drawn)
}

// The queues, as board calls them.
const (
	workQueue = "work"
	deadQueue = "dead letters"
	lostQueue = "undelivered"
)

func (b *board) queueOf(name string) *string {
	switch name {
	case workQueue:
		return b.work.QueueName()
	case deadQueue:
		return b.dead.QueueName()
	case lostQueue:
		return b.lost.QueueName()
	default:
		panic("stack: there is no queue " + name)
	}
}

// lines gives a metric once for each value of its own dimension.
func (b *board) lines(name telemetry.Name, values ...string) []series {
	var all []series
	for _, v := range values {
		all = append(all, b.metric(name, v, map[string]any{"label": v}))
	}
	return all
}

// computed is a line that CloudWatch computes of others in the same graph.
func computed(expression, label string) series {
	return series{map[string]any{"expression": expression, "label": label}}
}

// graph draws lines over time. One value after another has the first metric's unit.
func (b *board) graph(title string, stacked bool, lines ...series) item {
	return item{Type: "metric", Properties: map[string]any{
		"title": title, "view": "timeSeries", "stacked": stacked, "region": *awscdk.Aws_REGION(), "metrics": lines,
		"yAxis": map[string]any{"left": map[string]any{"min": 0, "showUnits": false}}, "period": int((5 * time.Minute).Seconds()),
	}}
}

// limit draws a line that is not to be crossed.
func (i item) limit(value float64, label string) item {
	i.Properties["annotations"] = map[string]any{"horizontal": []any{map[string]any{"value": value, "label": label}}}
	return i
}

// makeBoard makes the dashboard. It answers from top to bottom: is all well? what is not converged and why? how fast? what
// does it cost in EX Org calls?
func (s *Stack) makeBoard() {
	b := &board{Stack: s}
	b.well()
	b.unconverged()
	b.speed()
	b.cost()
	b.machinery()
	// CloudFormation takes the body as one text, with references to the functions and alarms in it.
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"start": "-PT3H", "periodOverride": "inherit", "widgets": b.items}); err != nil {
		panic(fmt.Sprintf("stack: the dashboard is no JSON: %v", err)) // it is made of texts and numbers
	}
	made := awscloudwatch.NewCfnDashboard(s.Stack, jsii.String("Board"), &awscloudwatch.CfnDashboardProps{
		DashboardName: &s.name, DashboardBody: jsii.String(strings.TrimSpace(body.String())),
	})
	// CloudFormation has taken tags on dashboards for a short while only: not every region does, and cfn-lint knows none.
	made.AddPropertyDeletionOverride(jsii.String("Tags"))
}

// widgetHeight gives the widget of the function dashboard room for a table of the kinds and some lists; it scrolls.
const widgetHeight = 16

// well shows the alarms, and the widget that names objects and has the buttons.
func (b *board) well() {
	arns := make([]*string, 0, len(b.alarms))
	for _, a := range b.alarms {
		arns = append(arns, a.AttrArn())
	}
	b.question("Is all well?", "Alarms of "+b.name+"; what to do: "+telemetry.Runbook)
	b.row(3, item{Type: "alarm", Properties: map[string]any{"title": "Alarms", "alarms": arns}})
	b.row(widgetHeight, item{Type: "custom", Properties: map[string]any{
		"title": "EXCS " + b.stage.Name, "endpoint": b.functions[dashboard].FunctionArn(),
		"updateOn": map[string]any{"refresh": true, "resize": true, "timeRange": false},
		"params":   map[string]any{"staleMinutes": staleAfter(b.stage.Snapshot)},
	}})
}

// staleAfter is how many minutes after the last run the widget says that runs are missing: as the alarm does.
func staleAfter(schedule string) int {
	a := telemetry.AlarmOf(telemetry.AlarmSnapshotMissing)
	const least = 5 // a run takes its time
	return max(least, a.Of*int(everyRun(schedule).Minutes()))
}

// unconverged says what is not as Engage wants it, per kind, and for how long.
func (b *board) unconverged() {
	b.question("What is not converged, and why?", "The widget above names the objects and their reasons.")
	kinds := telemetry.Values(telemetry.DimKind)
	var open []series
	for i, k := range kinds {
		mapped, converged := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		open = append(open, computed(mapped+" - "+converged, k),
			b.metric(telemetry.Mapped, k, map[string]any{"id": mapped, "visible": false}),
			b.metric(telemetry.Converged, k, map[string]any{"id": converged, "visible": false}))
	}
	var absent []series
	for i, k := range kinds {
		engage, mapped := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		absent = append(absent, computed(engage+" - "+mapped, k),
			b.metric(telemetry.InEngage, k, map[string]any{"id": engage, "visible": false}),
			b.metric(telemetry.Mapped, k, map[string]any{"id": mapped, "visible": false}))
	}
	hour := telemetry.AlarmOf(telemetry.AlarmUnconverged).Threshold
	b.row(6,
		b.graph("Mapped, but not converged", true, open...),
		b.graph("In Engage, but not mapped", true, absent...),
		b.graph("Age of the oldest unconverged object, s", false, b.metric(telemetry.OldestUnconverged, "", map[string]any{"label": "oldest"})).limit(hour, "alarm"),
	)
	b.row(6,
		b.graph("Quarantined", true, b.lines(telemetry.Quarantined, kinds...)...),
		b.graph("Rejected: can not become an object of the EX Org as they are", true, b.lines(telemetry.Rejected, kinds...)...),
		b.graph("Orphans: left to the administrator", true, b.lines(telemetry.Orphaned, kinds...)...),
	)
	b.row(6,
		b.graph("Waiting for a person", false,
			b.metric(telemetry.Held, "", map[string]any{"label": "held changes"}), b.metric(telemetry.GuardTrips, "", map[string]any{"label": "guard tripped"}),
			b.metric(telemetry.DeadLetters, "", map[string]any{"label": "dead letters"})),
		b.graph("Age of the oldest dead letter, s", false, b.metric(telemetry.DeadLetterAge, "", map[string]any{"label": "oldest quarantined object"}),
			b.metric(telemetry.QueueAge, deadQueue, map[string]any{"label": "oldest message"})),
		b.graph("In Engage", true, b.lines(telemetry.InEngage, kinds...)...),
	)
}

// speed says how long changes take and what there is to do.
func (b *board) speed() {
	b.question("How fast?", "From the moment that a change is written to the row until the EX Org has it.")
	b.row(6,
		b.graph("Time to apply, s", false,
			computed("FILL(p50, 0)", "half of the objects within"), computed("FILL(p95, 0)", "95 % within"),
			b.metric(telemetry.TimeToApply, "", map[string]any{"id": "p50", "visible": false, "stat": string(telemetry.P50)}),
			b.metric(telemetry.TimeToApply, "", map[string]any{"id": "p95", "visible": false, "stat": string(telemetry.P95)})),
		b.graph("Changes by cause", true, b.lines(telemetry.ChangesByCause, telemetry.Values(telemetry.DimCause)...)...),
		b.graph("Changes by action", true, b.lines(telemetry.ChangesByAction, telemetry.Values(telemetry.DimAction)...)...),
	)
	b.row(6,
		b.graph("Work queue: messages", true, b.metric(telemetry.QueueVisible, workQueue, map[string]any{"label": "waiting"}),
			b.metric(telemetry.QueueInFlight, workQueue, map[string]any{"label": "in flight"})),
		b.graph("Work queue: age of the oldest message, s", false, b.metric(telemetry.QueueAge, workQueue, map[string]any{"label": "oldest"})),
		b.graph("Read of Engage, ms", false, b.metric(telemetry.SnapshotDuration, "", map[string]any{"label": "longest"}),
			b.metric(telemetry.SnapshotDuration, "", map[string]any{"label": "usual", "stat": string(telemetry.P50)})),
	)
	b.row(6,
		b.graph("Runs and proofs", false, b.metric(telemetry.Snapshots, "", map[string]any{"label": "runs"}),
			b.metric(telemetry.ProofFailures, "", map[string]any{"label": "proof failed, in a row"}), b.metric(telemetry.WentBack, "", map[string]any{"label": "source went back"})),
		b.graph("Rows read of Engage", false, b.metric(telemetry.Rows, "", map[string]any{"label": "rows"})),
		b.graph("Notifications of the EX Org", true, b.metric(telemetry.WebhookAccepted, "", map[string]any{"label": "accepted"}),
			b.metric(telemetry.WebhookIgnored, "", map[string]any{"label": "ignored"}), b.metric(telemetry.WebhookRejected, "", map[string]any{"label": "rejected"})),
	)
}

// cost says what it costs in calls of the EX Org.
func (b *board) cost() {
	b.question("What does it cost in EX Org calls?", "All functions share one budget per OAuth client.")
	b.row(6,
		b.graph("Calls by function", true, b.lines(telemetry.Calls, telemetry.Values(telemetry.DimFunction)...)...),
		b.formula(telemetry.CallsPerObject, "Calls per converged object"),
		b.graph("Budget left, %", false, b.metric(telemetry.BudgetLeft, "", map[string]any{"label": "free at the moment"})),
		b.graph("Put off, throttled, refused", false, b.metric(telemetry.Refusals, "", map[string]any{"label": "put off for want of a call"}),
			b.metric(telemetry.Throttles, "", map[string]any{"label": "429"}), b.metric(telemetry.AuthFailures, "", map[string]any{"label": "credentials or permission refused"}),
			b.metric(telemetry.OtherOrg, "", map[string]any{"label": "another organisation"}), b.metric(telemetry.OldSettings, "", map[string]any{"label": "other settings than deployed"})),
	)
}

// formula draws one of telemetry's formulas.
func (b *board) formula(name telemetry.Name, title string) item {
	var lines []series
	for _, f := range telemetry.Formulas() {
		if f.Name != name {
			continue
		}
		lines = append(lines, computed(f.Expression, string(f.Name)))
		for i, m := range f.Metrics {
			lines = append(lines, b.operand(m, fmt.Sprintf("m%d", i+1))...)
		}
	}
	return b.graph(title, false, lines...)
}

// operand gives a metric the id that a formula knows it by, summed over the values of its own dimension.
func (b *board) operand(name telemetry.Name, id string) []series {
	values := telemetry.Values(telemetry.Of(name).Own())
	if len(values) == 0 {
		return []series{b.metric(name, "", map[string]any{"id": id, "visible": false})}
	}
	var lines []series
	parts := make([]string, 0, len(values))
	for i, v := range values {
		part := fmt.Sprintf("%sof%d", id, i)
		parts = append(parts, part)
		lines = append(lines, b.metric(name, v, map[string]any{"id": part, "visible": false}))
	}
	sum := map[string]any{"expression": "SUM([" + strings.Join(parts, ", ") + "])", "id": id, "visible": false}
	return append([]series{{sum}}, lines...)
}

// machinery shows the functions and what was not delivered.
func (b *board) machinery() {
	b.question("The machinery", "Lambda and SQS.")
	names := FunctionNames()
	b.row(6,
		b.graph("Errors", true, b.lines(telemetry.LambdaErrors, names...)...),
		b.graph("Duration, ms (95 %)", false, b.lines(telemetry.LambdaDuration, names...)...),
		b.graph("Throttled invocations", true, b.lines(telemetry.LambdaThrottles, names...)...),
		b.graph("Not delivered", false, b.metric(telemetry.QueueVisible, lostQueue, map[string]any{"label": "messages"}),
			b.metric(telemetry.QueueVisible, deadQueue, map[string]any{"label": "dead letters"})),
	)
}
