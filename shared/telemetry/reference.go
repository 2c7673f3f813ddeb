package telemetry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Reference writes every metric and alarm as Markdown.
func Reference() string {
	var b strings.Builder
	list := Metrics()
	series := 0
	for _, m := range list {
		series += m.Series()
	}
	fmt.Fprintf(&b, "# Metrics\n\n"+
		"Namespace `%s`. Every metric has the dimension `%s`, the stack's name; `+ kind` and so on is its other one. A stack has %d metrics in %d series;\n"+
		"CloudWatch bills each series. Tenant, run and the request's id are properties of the lines: they can be searched and are not billed.\n"+
		"A run of the schedule writes a 0 for everything that was not measured, except for metrics marked *, of which a 0 would say something that is not so.\n\n"+
		"| metric | unit | dimensions | statistic | measured by | meaning |\n|---|---|---|---|---|---|\n", Namespace, DimStack, len(list), series)
	for _, m := range list {
		b.WriteString(row(m, strings.Join(m.From, ", ")))
	}
	b.WriteString("\nOf the dimensions:\n\n")
	for _, d := range []string{DimKind, DimAction, DimCause, DimFunction} {
		fmt.Fprintf(&b, "- `%s`: %s\n", d, strings.Join(Values(d), ", "))
	}
	b.WriteString("\nComputed by CloudWatch where it is shown:\n\n| figure | of | meaning |\n|---|---|---|\n")
	for _, f := range Formulas() {
		fmt.Fprintf(&b, "| `%s` | `%s` where %s | %s |\n", f.Name, f.Expression, operands(f), f.Help)
	}
	b.WriteString("\nAWS's own metrics in use:\n\n| metric | unit | dimensions | statistic | measured by | meaning |\n|---|---|---|---|---|---|\n")
	for _, m := range Native() {
		b.WriteString(row(m, m.Namespace))
	}
	b.WriteString("\n# Alarms\n\n" +
		"Named `<stack>-<alarm>`. A description holds the heading of the runbook and the command; CloudWatch can not write figures into it. Those are in\n" +
		"the log line `alarm` that each run writes for every condition that holds: counts, the first five keys, the command (saved query *alarms in words*).\n\n" +
		"| alarm | when | no data | runbook | command |\n|---|---|---|---|---|\n")
	for _, a := range Alarms() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | `%s` |\n", a.Slug, a.condition(), a.Missing, a.Heading, a.CommandFor("…"))
	}
	return b.String()
}

func row(m Metric, from string) string {
	mark, dimensions, statistics := "", "", string(m.Statistic)
	if m.Gaps {
		mark = " *"
	}
	if m.Own() != "" {
		dimensions = "+ " + m.Own()
	}
	for _, s := range m.Also {
		statistics += ", " + string(s)
	}
	return fmt.Sprintf("| `%s`%s | %s | %s | %s | %s | %s |\n", m.Name, mark, m.Unit, dimensions, statistics, from, m.Help)
}

func operands(f Formula) string {
	parts := make([]string, 0, len(f.Metrics))
	for i, m := range f.Metrics {
		parts = append(parts, fmt.Sprintf("m%d is `%s`", i+1, m))
	}
	return strings.Join(parts, ", ")
}

// condition says when the alarm fires: "Maximum of `deadLetters` >= 1 in 5 min".
func (a Alarm) condition() string {
	sign := map[Comparison]string{AtLeast: ">=", Below: "<"}[a.Comparison]
	when := fmt.Sprintf("%s of `%s` %s %s in %s", a.Statistic, a.Metric, sign, strconv.FormatFloat(a.Threshold, 'f', -1, 64), periodOf(a.Period))
	switch a.Of {
	case 1:
		return when
	case a.Periods:
		return fmt.Sprintf("%s, %d times in a row", when, a.Of)
	default:
		return fmt.Sprintf("%s, %d of %d times", when, a.Periods, a.Of)
	}
}

func periodOf(d time.Duration) string {
	if d == 0 {
		return "a period of the schedule"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min"
}
