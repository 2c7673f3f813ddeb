package queuetest

import (
	"fmt"
	"testing"
)

// record takes a verdict instead of the test that gives it.
type record struct {
	testing.TB
	errors, logs int
}

func (r *record) Helper()               {}
func (r *record) Error(...any)          { r.errors++ }
func (r *record) Errorf(string, ...any) { r.errors++ }
func (r *record) Logf(string, ...any)   { r.logs++ }

func TestJudgement(t *testing.T) {
	t.Parallel()
	known := Allowances{"gap": {Reason: "not built"}, "now and then": {Reason: "races", Flaky: true}}
	for _, tc := range []struct {
		name, check  string
		failures     int
		errors, logs int
	}{
		{"a check that passes is fine", "order", 0, 0, 0},
		{"each failure of a check is told", "order", 2, 2, 0},
		{"a known gap is noted", "gap", 2, 0, 1},
		{"a known gap that closed fails the test", "gap", 0, 1, 0},
		{"a flaky check may fail", "now and then", 1, 0, 1},
		{"a flaky check may pass", "now and then", 0, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var failures []string
			for i := range tc.failures {
				failures = append(failures, fmt.Sprint("failure ", i))
			}
			r := &record{}
			judge(r, failures, known, tc.check)
			if r.errors != tc.errors || r.logs != tc.logs {
				t.Errorf("%d errors and %d notes, want %d and %d", r.errors, r.logs, tc.errors, tc.logs)
			}
		})
	}
}

func TestNamesOfChecksDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.Name] || c.run == nil {
			t.Errorf("the check %q is there twice or empty", c.Name)
		}
		seen[c.Name] = true
	}
}
