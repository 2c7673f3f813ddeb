package telemetry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// made is a metric of a test.
func made(name string, own string) telemetry.Metric {
	m := telemetry.Metric{Namespace: telemetry.Namespace, Name: telemetry.Name(name), Unit: telemetry.Count, Dimensions: []string{telemetry.DimStack}}
	if own != "" {
		m.Dimensions = append(m.Dimensions, own)
	}
	return m
}

func lines(t testing.TB, properties map[string]any, points ...telemetry.Point) []string {
	t.Helper()
	docs, err := telemetry.Documents(noon(), "excs-test", properties, points)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range docs {
		out = append(out, string(d))
	}
	return out
}

// drawPoints draws any number of points of metrics with one own dimension at most.
func drawPoints(t *rapid.T) []telemetry.Point {
	owns := []string{"", telemetry.DimKind, telemetry.DimAction, telemetry.DimCause, "colour"}
	var points []telemetry.Point
	used := map[string]bool{}
	for i := range rapid.IntRange(0, 260).Draw(t, "points") {
		m := rapid.IntRange(0, 220).Draw(t, "metric")
		own := owns[m%len(owns)]
		of := ""
		if own != "" {
			of = rapid.SampledFrom([]string{"red", "green", "blue", "user"}).Draw(t, "of")
		}
		id := fmt.Sprint(m, of)
		if used[id] {
			continue
		}
		used[id] = true
		n := rapid.SampledFrom([]int{0, 1, 1, 1, 2, 99, 100, 101, 250}).Draw(t, "values")
		values := make([]float64, n)
		for j := range values {
			values[j] = float64(i*1000 + j)
		}
		points = append(points, telemetry.Point{Metric: made(fmt.Sprintf("m%03d", m), own), Of: of, Values: values})
	}
	return points
}

// Whatever is measured, no line is over a limit, and CloudWatch reads out of them exactly what was measured, in order.
func TestNothingIsLostOrOverALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		points := drawPoints(t)
		properties := map[string]any{"run": 7, "tenant": "101"}
		docs, err := telemetry.Documents(noon(), "excs-test", properties, points)
		if err != nil {
			t.Fatal(err)
		}
		data, others, err := telemetrytest.Extract(string(bytes.Join(docs, nil))) // refuses what is over a limit
		if err != nil || len(others) > 0 {
			t.Fatal(err, others)
		}
		want, got := map[string][]float64{}, map[string][]float64{}
		for _, p := range points {
			if len(p.Values) > 0 {
				want[string(p.Metric.Name)+"/"+p.Of] = p.Values
			}
		}
		for _, d := range data {
			if d.Namespace != "EXCS" || d.Dimensions["stack"] != "excs-test" || !d.At.Equal(noon()) {
				t.Fatalf("datum %+v", d)
			}
			of := ""
			for name, value := range d.Dimensions {
				if name != "stack" {
					of = value
				}
			}
			got[d.Name+"/"+of] = append(got[d.Name+"/"+of], d.Values...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// Every line is one line, has its keys in order and says the properties; the same points give the same lines.
func TestLinesAreStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		points := drawPoints(t)
		properties := map[string]any{"run": 7, "tenant": "<101>"}
		first, err := telemetry.Documents(noon(), "excs-test", properties, points)
		if err != nil {
			t.Fatal(err)
		}
		second, err := telemetry.Documents(noon(), "excs-test", properties, points)
		if err != nil || !slices.EqualFunc(first, second, bytes.Equal) {
			t.Fatalf("the same points gave other lines, %v", err)
		}
		for _, line := range first {
			var members map[string]json.RawMessage
			if bytes.Count(line, []byte("\n")) != 1 || !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &members) != nil {
				t.Fatalf("not one line of JSON: %s", line)
			}
			sorted, err := json.Marshal(members)
			if err != nil || !bytes.Equal(bytes.ReplaceAll(bytes.ReplaceAll(sorted, []byte(`\u003c`), []byte("<")), []byte(`\u003e`), []byte(">")), bytes.TrimSpace(line)) {
				t.Fatalf("keys are not in order: %s", line)
			}
			if string(members["run"]) != "7" || string(members["tenant"]) != `"<101>"` {
				t.Fatalf("properties: %s", line)
			}
		}
	})
}

// There are no more lines than the dimension with the most values has, as long as nothing is over a limit.
func TestLinesAreFew(t *testing.T) {
	t.Parallel()
	var points []telemetry.Point
	for _, of := range []string{"a", "b", "c"} {
		points = append(points, telemetry.Point{Metric: made("byKind", telemetry.DimKind), Of: of, Values: []float64{1}},
			telemetry.Point{Metric: made("alsoByKind", telemetry.DimKind), Of: of, Values: []float64{1}})
	}
	points = append(points, telemetry.Point{Metric: made("plain", ""), Values: []float64{1}},
		telemetry.Point{Metric: made("byCause", telemetry.DimCause), Of: "drift", Values: []float64{1}})
	if got := lines(t, nil, points...); len(got) != 3 {
		t.Errorf("%d lines:\n%s", len(got), strings.Join(got, ""))
	}
	if got := lines(t, nil); len(got) != 0 {
		t.Errorf("nothing was measured and %d lines were written", len(got))
	}
}

// What CloudWatch would drop without a word is an error, and no line is written.
func TestWhatCloudWatchWouldDropIsRefused(t *testing.T) {
	t.Parallel()
	ok := telemetry.Point{Metric: made("good", ""), Values: []float64{1}}
	with := func(change func(*telemetry.Point)) []telemetry.Point {
		p := ok
		p.Metric = made("bad", telemetry.DimKind)
		p.Of = "user"
		change(&p)
		return []telemetry.Point{ok, p}
	}
	for _, test := range []struct {
		name       string
		stack      string
		properties map[string]any
		points     []telemetry.Point
		says       string
	}{
		{"a number that is none", "s", nil, with(func(p *telemetry.Point) { p.Values = []float64{1, math.NaN()} }), "NaN"},
		{"an infinite number", "s", nil, with(func(p *telemetry.Point) { p.Values = []float64{math.Inf(-1)} }), "-Inf"},
		{"a number beyond all", "s", nil, with(func(p *telemetry.Point) { p.Values = []float64{math.Ldexp(1, 361)} }), "does not take"},
		{"no stack", " ", nil, []telemetry.Point{ok}, "stack is empty"},
		{"a stack with a letter that CloudWatch does not take", "größe", nil, []telemetry.Point{ok}, "ASCII"},
		{"a dimension without a value", "s", nil, with(func(p *telemetry.Point) { p.Of = "" }), "kind of the metric bad is empty"},
		{"a dimension that is too long", "s", nil, with(func(p *telemetry.Point) { p.Of = strings.Repeat("x", 1025) }), "longer than 1024"},
		{"a dimension that begins with a colon", "s", nil, with(func(p *telemetry.Point) { p.Of = ":user" }), "colon"},
		{"a value for a dimension that is not there", "s", nil, with(func(p *telemetry.Point) { p.Metric = made("bad", "") }), "no dimension"},
		{"a metric without a name", "s", nil, with(func(p *telemetry.Point) { p.Metric.Name = "" }), "name of a metric"},
		{"a metric whose name is too long", "s", nil, with(func(p *telemetry.Point) { p.Metric.Name = telemetry.Name(strings.Repeat("n", 256)) }), "name of a metric"},
		{"a metric without the stack", "s", nil, with(func(p *telemetry.Point) { p.Metric.Dimensions = []string{telemetry.DimKind} }), "dimensions [kind]"},
		{"a metric with three dimensions", "s", nil, with(func(p *telemetry.Point) { p.Metric.Dimensions = append(p.Metric.Dimensions, "colour") }), "at most one other"},
		{"a series that is there twice", "s", nil, []telemetry.Point{ok, ok}, "good is there twice"},
		{"a metric with two sets of dimensions", "s", nil, with(func(p *telemetry.Point) { p.Metric.Name = "good" }), "good is there twice"},
		{"a metric that is called like a dimension", "s", nil, with(func(p *telemetry.Point) { p.Metric = made("stack", telemetry.DimKind) }), "name of a dimension"},
		{"a property that is called like a metric", "s", map[string]any{"good": 1}, []telemetry.Point{ok}, "property"},
		{"a property that is called like a dimension in use", "s", map[string]any{"kind": "x"}, with(func(*telemetry.Point) {}), "property"},
		{"a property that is called like the format's own", "s", map[string]any{"_aws": 1}, []telemetry.Point{ok}, "property"},
		{"a property that is no JSON", "s", map[string]any{"f": func() {}}, []telemetry.Point{ok}, "write metrics"},
		{"a line that is too long", "s", map[string]any{"text": strings.Repeat("x", 256<<10)}, []telemetry.Point{ok}, "over the limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			docs, err := telemetry.Documents(noon(), test.stack, test.properties, test.points)
			if model.CodeOf(err) != model.CodeInternal || !strings.Contains(err.Error(), test.says) || len(docs) > 0 {
				t.Errorf("%d lines, error %v, want %q in it", len(docs), err, test.says)
			}
		})
	}
}
