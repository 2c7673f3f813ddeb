package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/infra/stack"
	"excs/shared/telemetry"
)

// Each alarm watches what shared/telemetry says that is measured: namespace, name, dimensions, statistic, condition; it
// tells the topic, and its text holds the runbook's heading and the command. There is no other alarm.
func TestAlarms(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		name := s.stage.StackName()
		topic := "${" + s.all("AWS::SNS::Topic")[0].id + "}"
		for _, a := range telemetry.Alarms() {
			r := s.named(t, "AWS::CloudWatch::Alarm", "AlarmName", name+"-"+a.Slug)
			s.want(t, r, map[string]any{
				"Threshold": a.Threshold, "ComparisonOperator": string(a.Comparison), "EvaluationPeriods": a.Of, "DatapointsToAlarm": a.Periods,
				"TreatMissingData": string(a.Missing), "AlarmActions": topic, "OKActions": topic, "AlarmDescription": a.Description(s.stage.Name),
				"ActionsEnabled": nil, "InsufficientDataActions": nil,
			})
			m := telemetry.Of(a.Metric)
			if a.Slug == telemetry.AlarmErrors {
				continue // it has several metrics: see below
			}
			s.want(t, r, map[string]any{"Namespace": m.Namespace, "MetricName": string(m.Name), "Statistic": string(a.Statistic), "ExtendedStatistic": nil, "Unit": nil})
			value := name
			if m.Namespace != telemetry.Namespace {
				value = "${" + s.queue(t, "undelivered").id + ".QueueName}"
			}
			if got, want := s.dimensions(r.Properties["Dimensions"]), m.Dimensions[0]+"="+value; got != want || len(m.Dimensions) != 1 {
				t.Errorf("%s has the dimensions %s, want %s", a.Slug, got, want)
			}
			if a.Period != 0 {
				s.want(t, r, map[string]any{"Period": a.Period.Seconds()})
			}
		}
		if n := len(s.all("AWS::CloudWatch::Alarm")); n != len(telemetry.Alarms()) {
			t.Errorf("%d alarms, %d are in the list", n, len(telemetry.Alarms()))
		}
	})
}

// dimensions writes the dimensions of a metric of the template.
func (t template) dimensions(list any) string {
	var out []string
	all, _ := list.([]any)
	for _, d := range all {
		out = append(out, t.show(path(d, "Name"))+"="+t.show(path(d, "Value")))
	}
	return strings.Join(out, ",")
}

// The alarm on errors sums the errors of every function.
func TestTheAlarmOnErrorsWatchesEveryFunction(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		a, m := telemetry.AlarmOf(telemetry.AlarmErrors), telemetry.Of(telemetry.LambdaErrors)
		r := s.named(t, "AWS::CloudWatch::Alarm", "AlarmName", s.stage.StackName()+"-"+a.Slug)
		watched := map[string]bool{}
		returned := 0
		for _, q := range r.Properties["Metrics"].([]any) {
			if path(q, "ReturnData") == true {
				returned++
				if path(q, "Expression") != "SUM(METRICS())" {
					t.Errorf("the alarm looks at %v", q)
				}
				continue
			}
			stat := path(q, "MetricStat")
			if s.show(path(stat, "Metric", "Namespace")) != m.Namespace || s.show(path(stat, "Metric", "MetricName")) != string(m.Name) ||
				s.show(path(stat, "Stat")) != string(a.Statistic) || s.show(path(stat, "Period")) != fmt.Sprint(a.Period.Seconds()) {
				t.Errorf("metric %v", q)
			}
			watched[s.dimensions(path(stat, "Metric", "Dimensions"))] = true
		}
		if returned != 1 || r.Properties["MetricName"] != nil || r.Properties["Period"] != nil {
			t.Errorf("%d metrics are returned: %v", returned, r.Properties)
		}
		for _, f := range stack.FunctionNames() {
			if !watched["FunctionName=${"+s.function(t, f).id+"}"] {
				t.Errorf("%s is not watched: %v", f, watched)
			}
		}
	})
}

// Runs are missed after three periods of whatever schedule they have.
func TestMissingSnapshotsAreThoseOfTheSchedule(t *testing.T) {
	for schedule, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(7 minutes)": 7 * time.Minute, "rate(1 hour)": time.Hour, "rate(2 days)": 48 * time.Hour,
		"rate(30 days)": 48 * time.Hour, "cron(0/5 6-20 ? * MON-FRI *)": 8 * time.Hour,
	} {
		s := read(t, build(t, newApp(t), parse(t, map[string]any{"stage": "xx", "stages": map[string]any{"xx": map[string]any{
			"settings": map[string]any{"tenant": 7.0}, "snapshot": schedule,
		}}})))
		s.want(t, s.named(t, "AWS::CloudWatch::Alarm", "AlarmName", "excs-xx-snapshot-missing"), map[string]any{
			"Period": want.Seconds(), "EvaluationPeriods": 3, "DatapointsToAlarm": 3, "TreatMissingData": "breaching",
		})
		if week := 7 * 24 * time.Hour; 3*want > week || want < time.Hour && 3*want > 24*time.Hour {
			t.Errorf("%s: CloudWatch does not look back as far as three times %s", schedule, want)
		}
	}
}

// Every heading that an alarm names is one of the runbook's.
func TestTheRunbookHasTheHeadings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", filepath.Base(telemetry.Runbook)))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range telemetry.Alarms() {
		if !regexp.MustCompile(`(?m)^#+ ` + regexp.QuoteMeta(a.Heading) + `$`).Match(text) {
			t.Errorf("%s has no heading %q, which the alarm %s names", telemetry.Runbook, a.Heading, a.Slug)
		}
	}
}

// boardOf reads the body of the stack's dashboard.
type boardBody struct {
	Widgets []boardWidget
}

type boardWidget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Endpoint, Region, Markdown, View string
		Alarms                                  []string
		Metrics                                 [][]any
		Params                                  map[string]any
	}
}

func (s synthesized) board(t *testing.T) boardBody {
	t.Helper()
	r := s.named(t, "AWS::CloudWatch::Dashboard", "DashboardName", s.stage.StackName())
	var b boardBody
	if err := json.Unmarshal([]byte(s.show(r.Properties["DashboardBody"])), &b); err != nil {
		t.Fatalf("the body of the dashboard is no JSON: %v", err)
	}
	return b
}

// The dashboard asks its four questions from top to bottom, no widget lies on another, and the first row shows every alarm
// and the widget of the function dashboard.
func TestBoardLayout(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		b := s.board(t)
		var asked []string
		taken := map[[2]int]string{}
		alarmed := 0
		for _, w := range b.Widgets {
			if w.Width < 1 || w.X+w.Width > 24 || w.Height < 1 {
				t.Errorf("%s is at %d, %d wide", w.Properties.Title, w.X, w.Width)
			}
			for x := w.X; x < w.X+w.Width; x++ {
				for y := w.Y; y < w.Y+w.Height; y++ {
					if on, there := taken[[2]int{x, y}]; there {
						t.Fatalf("%q lies on %q", w.Properties.Title, on)
					}
					taken[[2]int{x, y}] = w.Properties.Title
				}
			}
			switch w.Type {
			case "text":
				asked = append(asked, strings.TrimPrefix(strings.Split(w.Properties.Markdown, "\n")[0], "## "))
			case "custom":
				if w.Properties.Endpoint != "${"+s.function(t, "dashboard").id+".Arn}" || w.Properties.Params["staleMinutes"] == nil {
					t.Errorf("the widget calls %s with %v", w.Properties.Endpoint, w.Properties.Params)
				}
			case "alarm":
				alarmed = len(w.Properties.Alarms)
				for _, arn := range w.Properties.Alarms {
					id := strings.TrimSuffix(strings.TrimPrefix(arn, "${"), ".Arn}")
					if s.Resources[id].Type != "AWS::CloudWatch::Alarm" {
						t.Errorf("the dashboard shows the alarm %s", arn)
					}
				}
			}
		}
		if alarmed != len(telemetry.Alarms()) {
			t.Errorf("the dashboard shows %d alarms", alarmed)
		}
		want := []string{"Is all well?", "What is not converged, and why?", "How fast?", "What does it cost in EX Org calls?", "The machinery"}
		if !slices.Equal(asked, want) {
			t.Errorf("the dashboard asks %q", asked)
		}
	})
}

// Every line of every graph is a metric of the list with all of its dimensions and values that exist, or is computed of such
// lines in the same graph; and every metric of the list is on the dashboard.
func TestBoardMetrics(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		shown := map[telemetry.Name]bool{}
		total := 0
		for _, w := range s.board(t).Widgets {
			if w.Type != "metric" {
				continue
			}
			if w.Properties.Region != "${AWS::Region}" || w.Properties.View == "" || len(w.Properties.Metrics) == 0 {
				t.Errorf("%s: %+v", w.Properties.Title, w.Properties)
			}
			ids := map[string]bool{}
			var expressions []string
			for _, line := range w.Properties.Metrics {
				drawn, _ := line[len(line)-1].(map[string]any)
				if id, ok := drawn["id"].(string); ok {
					if ids[id] {
						t.Errorf("%s: the id %s is given twice", w.Properties.Title, id)
					}
					ids[id] = true
				}
				if expression, ok := drawn["expression"].(string); ok {
					expressions = append(expressions, expression)
					continue
				}
				total++
				shown[s.checkLine(t, w.Properties.Title, line, drawn)] = true
			}
			for _, e := range expressions {
				for _, id := range regexp.MustCompile(`\b[a-z]+[0-9]+\w*\b`).FindAllString(e, -1) {
					if !ids[id] {
						t.Errorf("%s: %s has no %s", w.Properties.Title, e, id)
					}
				}
			}
			if len(w.Properties.Metrics) > 500 {
				t.Errorf("%s has %d metrics: CloudWatch takes 500", w.Properties.Title, len(w.Properties.Metrics))
			}
		}
		for _, m := range telemetry.Metrics() {
			if !shown[m.Name] {
				t.Errorf("%s is not on the dashboard", m.Name)
			}
		}
		if total > 2500 {
			t.Errorf("%d metrics: CloudWatch takes 2500", total)
		}
	})
}

// checkLine checks one metric of a graph and gives its name.
func (s synthesized) checkLine(t *testing.T, title string, line []any, drawn map[string]any) telemetry.Name {
	t.Helper()
	name := telemetry.Name(fmt.Sprint(line[1]))
	m := telemetry.Of(name)
	if line[0] != m.Namespace || len(line) != 2+2*len(m.Dimensions)+1 {
		t.Errorf("%s: %v is not %s %s with %v", title, line, m.Namespace, m.Name, m.Dimensions)
		return name
	}
	for i, d := range m.Dimensions {
		value := fmt.Sprint(line[3+2*i])
		if line[2+2*i] != d || !slices.Contains(s.valuesOf(t, d), value) {
			t.Errorf("%s: %s has %v = %s, want one of %v", title, name, line[2+2*i], value, s.valuesOf(t, d))
		}
	}
	if stat := telemetry.Statistic(fmt.Sprint(drawn["stat"])); !slices.Contains(append([]telemetry.Statistic{m.Statistic}, m.Also...), stat) {
		t.Errorf("%s: the statistic %s of %s says nothing", title, stat, name)
	}
	return name
}

// valuesOf lists what a dimension can be in a stack: resources that are there.
func (s synthesized) valuesOf(t *testing.T, dimension string) []string {
	t.Helper()
	switch dimension {
	case telemetry.DimStack:
		return []string{s.stage.StackName()}
	case telemetry.DimLambda:
		var names []string
		for _, f := range stack.FunctionNames() {
			names = append(names, "${"+s.function(t, f).id+"}")
		}
		return names
	case telemetry.DimQueue:
		var names []string
		for _, r := range s.all("AWS::SQS::Queue") {
			names = append(names, "${"+r.id+".QueueName}")
		}
		return names
	default:
		return telemetry.Values(dimension)
	}
}

// Saved queries lie in the stack's folder, read logs that are there, and look for messages and fields that the code writes.
func TestSavedQueries(t *testing.T) {
	code := sources(t)
	each(t, func(t *testing.T, s synthesized) {
		var names []string
		for _, r := range s.all("AWS::Logs::QueryDefinition") {
			folder, name, _ := strings.Cut(s.show(r.Properties["Name"]), "/")
			if folder != s.stage.StackName() {
				t.Errorf("query %s/%s", folder, name)
			}
			names = append(names, name)
			groups := r.Properties["LogGroupNames"].([]any)
			if len(groups) == 0 {
				t.Errorf("%s reads no log", name)
			}
			for _, g := range groups {
				id := strings.TrimSuffix(strings.TrimPrefix(s.show(g), "${"), "}")
				if s.Resources[id].Type != "AWS::Logs::LogGroup" {
					t.Errorf("%s reads %s", name, s.show(g))
				}
			}
			text := s.show(r.Properties["QueryString"])
			for _, m := range regexp.MustCompile(`message = "([^"]+)"`).FindAllStringSubmatch(text, -1) {
				if !strings.Contains(code, `"`+m[1]+`"`) {
					t.Errorf("%s looks for lines %q, which nobody writes", name, m[1])
				}
			}
			for _, field := range fieldsOf(text) {
				if !strings.Contains(code, `"`+field+`"`) {
					t.Errorf("%s looks at the field %q, which nobody writes", name, field)
				}
			}
		}
		slices.Sort(names)
		if want := []string{"alarms in words", "changes by action and cause", "last errors", "one object's history", "slowest objects"}; !slices.Equal(names, want) {
			t.Errorf("queries %q", names)
		}
	})
	if !strings.Contains(code, `"`+telemetry.AlarmLine+`"`) {
		t.Error("the sources were not read")
	}
}

// fieldsOf gives the fields that a query names: those of "fields", of filters and of functions.
func fieldsOf(query string) []string {
	var fields []string
	for _, line := range strings.Split(query, "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "| ")
		switch {
		case strings.HasPrefix(line, "fields "):
			fields = append(fields, strings.Split(strings.TrimPrefix(line, "fields "), ", ")...)
		case strings.HasPrefix(line, "filter "):
			fields = append(fields, strings.Fields(line)[1])
		case strings.HasPrefix(line, "stats "):
			for _, m := range regexp.MustCompile(`\((\w[\w.]*)\)`).FindAllStringSubmatch(line, -1) {
				fields = append(fields, m[1])
			}
			_, by, _ := strings.Cut(line, " by ")
			fields = append(fields, strings.Split(by, ", ")...)
		}
	}
	var own []string
	for _, f := range fields {
		f, _, _ = strings.Cut(f, ".")
		if f != "" && !strings.HasPrefix(f, "@") && !slices.Contains([]string{"message", "level"}, f) { // Lambda's own
			own = append(own, f)
		}
	}
	return own
}

// sources are the files that write log lines, as one text.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"../../shared/*/*.go", "../../functions/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}
