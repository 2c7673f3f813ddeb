package telemetrytest_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/telemetry/telemetrytest"
)

// line is a document with a list of dimensions, a list of metrics, and further members.
func line(dimensions, metrics, members string) string {
	return `{"_aws":{"Timestamp":1772452800000,"CloudWatchMetrics":[{"Namespace":"EXCS","Dimensions":[` + dimensions + `],"Metrics":[` + metrics + `]}]},` + members + `}`
}

func TestExtract(t *testing.T) {
	t.Parallel()
	text := `{"level":"INFO","message":"applied"}` + "\nSTART RequestId\n" +
		line(`["stack","kind"]`, `{"Name":"mapped","Unit":"Count"},{"Name":"age","Unit":"Seconds"}`, `"stack":"s","kind":"user","mapped":3,"age":[1,2.5]`) + "\n"
	data, others, err := telemetrytest.Extract(text)
	if err != nil {
		t.Fatal(err)
	}
	at, dimensions := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), map[string]string{"stack": "s", "kind": "user"}
	want := []telemetrytest.Datum{
		{Namespace: "EXCS", Name: "mapped", Unit: "Count", Dimensions: dimensions, Values: []float64{3}, At: at},
		{Namespace: "EXCS", Name: "age", Unit: "Seconds", Dimensions: dimensions, Values: []float64{1, 2.5}, At: at},
	}
	if d := cmp.Diff(want, data); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{`{"level":"INFO","message":"applied"}`, "START RequestId"}, others); d != "" {
		t.Error(d)
	}
	r, err := telemetrytest.Read(text + text)
	if err != nil || r.Sum("mapped{kind=user}") != 6 || r.Last("age{kind=user}") != 2.5 || !math.IsNaN(r.Sum("mapped")) || !math.IsNaN(r.Last("mapped")) {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := telemetrytest.Read("nothing\n"); err == nil {
		t.Error("lines without a metric were read")
	}
}

// What CloudWatch drops without a word is an error here.
func TestWhatCloudWatchDropsIsAnError(t *testing.T) {
	t.Parallel()
	const m = `{"Name":"m","Unit":"Count"}`
	many := func(n int, format string) string {
		var parts []string
		for i := range n {
			parts = append(parts, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return strings.Join(parts, ",")
	}
	for name, text := range map[string]string{
		"a value that is missing":      line(`["stack"]`, m, `"stack":"s"`),
		"a value that is a text":       line(`["stack"]`, m, `"stack":"s","m":"3"`),
		"a value that is too large":    line(`["stack"]`, m, `"stack":"s","m":1e300`),
		"no values":                    line(`["stack"]`, m, `"stack":"s","m":[]`),
		"101 values":                   line(`["stack"]`, m, `"stack":"s","m":[`+many(101, "#")+`]`),
		"101 metrics":                  line(`["stack"]`, many(101, `{"Name":"m#"}`), `"stack":"s",`+many(101, `"m#":1`)),
		"31 dimensions":                line(`[`+many(31, `"d#"`)+`]`, m, `"m":1,`+many(31, `"d#":"x"`)),
		"a dimension that is missing":  line(`["stack"]`, m, `"m":1`),
		"a dimension that is a number": line(`["stack"]`, m, `"m":1,"stack":2`),
		"a dimension that is empty":    line(`["stack"]`, m, `"m":1,"stack":""`),
		"a line that is too long":      line(`["stack"]`, m, `"m":1,"stack":"s","text":"`+strings.Repeat("x", 256<<10)+`"`),
	} {
		if _, _, err := telemetrytest.Extract(text + "\n"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
