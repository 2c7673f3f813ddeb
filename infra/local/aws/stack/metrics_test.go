package stack_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// print has a function write a line.
func print(t *testing.T, invoke func(string, []byte) error, line string) {
	t.Helper()
	payload, err := json.Marshal(object{"Do": "print", "Text": line})
	if err != nil {
		t.Fatal(err)
	}
	if err := invoke("door", payload); err != nil {
		t.Fatal(err)
	}
}

// Metrics are taken from what functions write, with their dimensions; what CloudWatch would drop is a problem.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	invoke := func(name string, payload []byte) error {
		r, err := s.Invoke(name, payload)
		if err == nil {
			err = r.Err()
		}
		return err
	}
	line := func(metrics, members string) string {
		return `{"_aws":{"Timestamp":1764000000000,"CloudWatchMetrics":[{"Namespace":"EXCS","Dimensions":[["stack"],["stack","kind"]],"Metrics":[` + metrics + `]}]},"stack":"excs-test","kind":"user",` + members + `}`
	}
	print(t, invoke, line(`{"Name":"converged","Unit":"Count"},{"Name":"took","Unit":"Seconds"}`, `"converged":3,"took":[1,5,2]`))
	print(t, invoke, line(`{"Name":"converged","Unit":"Count"}`, `"converged":0`))
	print(t, invoke, `{"level":"INFO","message":"no metric"}`)
	dimensions := map[string]string{"stack": "excs-test", "kind": "user"}
	eventually(t, "both lines are read", func() bool { m, _ := s.Metric("EXCS", "converged", dimensions); return m.Values == 2 })
	if m, ok := s.Metric("EXCS", "took", dimensions); !ok || m.Values != 3 || m.Sum != 8 || m.Highest != 5 || m.Last != 2 || m.Unit != "Seconds" {
		t.Errorf("took is %+v", m)
	}
	if m, ok := s.Metric("EXCS", "converged", map[string]string{"stack": "excs-test"}); !ok || m.Values != 2 || m.Last != 0 || m.Highest != 3 {
		t.Errorf("converged is %+v", m)
	}
	if _, ok := s.Metric("EXCS", "converged", map[string]string{"kind": "user"}); ok {
		t.Error("a metric has dimensions that it was not emitted with")
	}
	if got := s.Metrics(); len(got) != 4 || got[0].Name != "converged" {
		t.Errorf("metrics %+v", got)
	}
	if p := s.Problems(); len(p) > 0 {
		t.Errorf("problems %q", p)
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf(`{"Name":"m%d"}`, i))
	}
	for _, tc := range []struct{ name, line, says string }{
		{"a dimension without a value", strings.Replace(line(`{"Name":"a"}`, `"a":1`), `"kind":"user"`, `"other":"user"`, 1), "the dimension kind has no text"},
		{"a metric without a value", line(`{"Name":"a"}`, `"b":1`), "the metric a has no number"},
		{"a metric that is a text", line(`{"Name":"a"}`, `"a":"1"`), "the metric a has no number"},
		{"too many metrics", line(strings.Join(many, ","), `"a":1`), "101 metrics, 100 are allowed"},
		{"too many values", line(`{"Name":"a"}`, `"a":[1`+strings.Repeat(",1", 100)+`]`), "101 values, 100 are allowed"},
		{"no time", strings.Replace(line(`{"Name":"a"}`, `"a":1`), `"Timestamp":1764000000000,`, ``, 1), "the timestamp is missing"},
		{"half a line", `{"_aws":`, "unexpected end"},
	} {
		print(t, invoke, tc.line)
		eventually(t, tc.name+" is a problem", func() bool { return strings.Contains(strings.Join(s.Problems(), "\n"), tc.says) })
	}
}

// The last lines of a function are kept, and its role's grants that nobody needed are told.
func TestLinesAndUnused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	if s.Lines("nobody") != nil {
		t.Error("a function that is not there has lines")
	}
	got := s.Unused()["clock"]
	if len(got) != 0 { // deploying asks whether the function may send its failures away
		t.Errorf("unused %v", got)
	}
	if got := s.Unused()["worker"]; len(got) != 0 { // its mapping is asked for all three
		t.Errorf("unused %v", got)
	}
}
