package telemetry_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

// meter is the meter of a function, with the lines that it writes.
func meter(function string) (*telemetry.Meter, *bytes.Buffer) {
	var b bytes.Buffer
	return telemetry.NewMeter(telemetry.MeterOptions{
		W: &b, Function: function, Stack: telemetry.StackOf("excs-test-"+function, function), Tenant: "101", Now: noon,
	}), &b
}

func readings(t *testing.T, text string) telemetrytest.Readings {
	t.Helper()
	r, err := telemetrytest.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A run of the schedule that measured nothing says 0 of every series but those that a 0 would lie about.
func TestARunSaysZeroRatherThanNothing(t *testing.T) {
	t.Parallel()
	m, out := meter(telemetry.FunctionSnapshot)
	if err := m.Begin().Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := readings(t, out.String())
	want := telemetrytest.Readings{}
	for _, metric := range telemetry.Metrics() {
		if metric.Gaps {
			continue
		}
		if metric.Own() == "" {
			want[string(metric.Name)] = []float64{0}
		}
		for _, of := range telemetry.Values(metric.Own()) {
			want[string(metric.Name)+"{"+metric.Own()+"="+of+"}"] = []float64{0}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	golden(t, "snapshot.jsonl", out.String())
}

// Any other function says 0 of what it counts itself, in one line.
func TestAFunctionSaysZeroOfWhatItCounts(t *testing.T) {
	t.Parallel()
	for function, want := range map[string][]string{
		telemetry.FunctionApply:   {"applied", "exOrgCalls{by=apply}", "throttles", "budgetRefusals", "authFailures"},
		telemetry.FunctionWebhook: {"exOrgCalls{by=webhook}", "throttles", "budgetRefusals", "webhookAccepted", "webhookIgnored", "webhookRejected", "authFailures"},
		telemetry.FunctionSync:    {"exOrgCalls{by=sync}", "throttles", "budgetRefusals", "authFailures"},
	} {
		m, out := meter(function)
		if err := m.Begin().Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		expected := telemetrytest.Readings{}
		for _, series := range want {
			expected[series] = []float64{0}
		}
		if d := cmp.Diff(expected, readings(t, out.String())); d != "" || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %s\n%s", function, d, out)
		}
	}
	m, out := meter(telemetry.FunctionReplay)
	if err := m.Begin().Write(t.Context()); err != nil || out.Len() > 0 {
		t.Errorf("a replay that measured nothing wrote %q, %v", out, err)
	}
}

// The line of a usual batch is one line, and looks as people read it in the log.
func TestTheLineOfABatch(t *testing.T) {
	t.Parallel()
	m, out := meter(telemetry.FunctionApply)
	r := m.Begin()
	r.Note(telemetry.AttrRun, 7)
	r.AddOf(telemetry.ChangesByAction, "update", 1)
	r.AddOf(telemetry.ChangesByAction, "update", 2)
	r.AddOf(telemetry.ChangesByCause, "drift", 3)
	r.Add(telemetry.Applied, 3)
	r.Observe(telemetry.TimeToApply, 4.5)
	r.Observe(telemetry.TimeToApply, 61)
	r.Set(telemetry.BudgetLeft, 80)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
	if err := r.Write(ctx); err != nil {
		t.Fatal(err)
	}
	want := telemetrytest.Readings{
		"changesByAction{action=update}": {3}, "changesByCause{cause=drift}": {3}, "applied": {3}, "timeToApply": {4.5, 61}, "budgetLeft": {80},
		"exOrgCalls{by=apply}": {0}, "throttles": {0}, "budgetRefusals": {0}, "authFailures": {0},
	}
	if d := cmp.Diff(want, readings(t, out.String())); d != "" {
		t.Error(d)
	}
	golden(t, "apply.jsonl", out.String())
}

// What could not be measured is no 0.
func TestUnknownIsAGap(t *testing.T) {
	t.Parallel()
	m, out := meter(telemetry.FunctionSnapshot)
	r := m.Begin()
	r.SetOf(telemetry.Mapped, "user", 5)
	r.Unknown(telemetry.Mapped, telemetry.DeadLetters)
	if err := r.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := readings(t, out.String())
	for _, series := range []string{"mapped{kind=user}", "mapped{kind=queue}", "deadLetters"} {
		if !math.IsNaN(got.Last(series)) {
			t.Errorf("%s is %v", series, got[series])
		}
	}
	if got.Last("held") != 0 {
		t.Errorf("held is %v", got["held"])
	}
}

// A name or value that is not in the list is told, and costs nothing of the rest.
func TestWhatIsNotInTheListIsToldAndTheRestIsWritten(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(r *telemetry.Reading){
		"there is no metric":              func(r *telemetry.Reading) { r.Set("colour", 1) },
		`is not measured of "sideways"`:   func(r *telemetry.Reading) { r.AddOf(telemetry.ChangesByAction, "sideways", 1) },
		`is not measured of ""`:           func(r *telemetry.Reading) { r.Set(telemetry.Mapped, 1) },
		`applied is not measured of "up"`: func(r *telemetry.Reading) { r.SetOf(telemetry.Applied, "up", 1) },
	} {
		m, out := meter(telemetry.FunctionApply)
		r := m.Begin()
		do(r)
		r.Add(telemetry.Applied, 2)
		if err := r.Write(t.Context()); model.CodeOf(err) != model.CodeInternal || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
		if got := readings(t, out.String()).Last("applied"); got != 2 {
			t.Errorf("%s: applied is %v", name, got)
		}
	}
}

// A handler works without a meter.
func TestNoMeterMeasuresNothing(t *testing.T) {
	t.Parallel()
	var none *telemetry.Meter
	r := none.Begin()
	r.Add(telemetry.Applied, 1)
	r.Observe(telemetry.TimeToApply, 1)
	r.SetOf("colour", "red", 1)
	r.Unknown(telemetry.Applied)
	r.Note("run", 1)
	if err := r.Write(t.Context()); err != nil {
		t.Error(err)
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsTold(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMeter(telemetry.MeterOptions{W: full{}, Function: telemetry.FunctionApply, Stack: "s"})
	if err := m.Begin().Write(t.Context()); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v", err)
	}
}

// The stack is in the function's name, so two stacks of one tenant do not mix.
func TestStackOf(t *testing.T) {
	t.Parallel()
	for lambda, want := range map[string]string{
		"excs-prod-apply": "excs-prod", "excs-eu-1-apply": "excs-eu-1", "apply": "apply", "": "local", "excs-prod-snapshot": "excs-prod-snapshot", "-apply": "local",
	} {
		if got := telemetry.StackOf(lambda, telemetry.FunctionApply); got != want {
			t.Errorf("the stack of %q is %q, want %q", lambda, got, want)
		}
	}
}

// The list holds together: no name twice, units and statistics set, at most one dimension beside the stack, and every name
// of a dimension's value is one that exists.
func TestTheListHoldsTogether(t *testing.T) {
	t.Parallel()
	seen := map[telemetry.Name]bool{}
	for _, m := range slices.Concat(telemetry.Metrics(), telemetry.Native()) {
		if seen[m.Name] || m.Unit == "" || m.Statistic == "" || m.Help == "" || m.Namespace == "" || len(m.Dimensions) == 0 || len(m.Dimensions) > 2 {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
		if telemetry.Of(m.Name).Help != m.Help {
			t.Errorf("Of(%s) is another metric", m.Name)
		}
	}
	for _, m := range telemetry.Metrics() {
		if m.Namespace != telemetry.Namespace || m.Dimensions[0] != telemetry.DimStack || len(m.From) == 0 || m.Own() != "" && len(telemetry.Values(m.Own())) == 0 {
			t.Errorf("%+v", m)
		}
	}
	for _, k := range model.Kinds() {
		if !slices.Contains(telemetry.Values(telemetry.DimKind), string(k)) {
			t.Errorf("kind %s has no series", k)
		}
	}
	for _, f := range telemetry.Formulas() {
		for _, m := range f.Metrics {
			if !seen[m] {
				t.Errorf("%s is made of %s, which is no metric", f.Name, m)
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Of gave a metric that there is not")
		}
	}()
	telemetry.Of("colour")
}
