package run_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// measured is when the figures of these tests are measured.
var measured = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// instruments are those of a function, with everything that it writes.
func instruments(function string) (*telemetry.Instruments, *bytes.Buffer) {
	var b bytes.Buffer
	return &telemetry.Instruments{
		Meter: telemetry.NewMeter(telemetry.MeterOptions{W: &b, Function: function, Stack: "excs-prod", Tenant: "101", Now: func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }}),
		Log:   telemetry.New(&b, telemetry.Options{Function: function, Tenant: "101"}),
	}, &b
}

// split takes metrics and other lines apart.
func split(t interface {
	Helper()
	Fatal(args ...any)
}, text string) (telemetrytest.Readings, []string) {
	t.Helper()
	data, others, err := telemetrytest.Extract(text)
	if err != nil {
		t.Fatal(err)
	}
	r := telemetrytest.Readings{}
	for _, d := range data {
		r[d.Series()] = append(r[d.Series()], d.Values...)
	}
	return r, others
}

func key(kind model.Kind, dbid int64) model.Key { return model.Key{Kind: kind, DBID: dbid} }

// bad are figures under which every alarm holds that a run can tell of.
func bad() *run.Figures {
	users := []model.Key{key(model.KindUser, 1), key(model.KindUser, 2), key(model.KindUser, 3), key(model.KindUser, 4), key(model.KindUser, 5)}
	return &run.Figures{
		Kinds:       map[model.Kind]run.KindFigures{model.KindUser: {Engage: 9, Mapped: 8, Converged: 1, Orphaned: 2, Quarantined: 3, Rejected: 1}},
		Unconverged: run.Group{Count: 7, Keys: users, Age: 3*time.Hour + 1500*time.Millisecond},
		Quarantined: run.Group{Count: 3, Keys: users[:3], Age: 49 * time.Hour},
		Held:        run.Group{Count: 12, Keys: users}, Guarded: run.Group{Count: 11, Keys: users}, ApproveHash: "d680348bc301675b569d", SourceHash: "0c1f5be2a9d34e7788aa",
		Tripped: 2, ProofFailed: 3, ProofFailure: "read Engage: no answer", WentBack: measured.Add(-time.Hour), Rows: 1234, ReadTook: 1500 * time.Millisecond,
	}
}

type deep struct{ n, inFlight int }

func (d deep) Depth(context.Context) (waiting, inFlight int, err error) { return d.n, d.inFlight, nil }

// Each alarm that holds is one line that a person can act on: what, how many, the first five keys, what to paste.
func TestTheAlarmsInWords(t *testing.T) {
	s, out := instruments(telemetry.FunctionSnapshot)
	s.Dead = deep{n: 2, inFlight: 1}
	run.Measure(t.Context(), s, run.Report{Run: 7, Figures: bad()}, model.Errorf(model.CodeDenied, "read Engage", "the login was refused"))
	got, others := split(t, out.String())
	text := regexp.MustCompile(`"timestamp":"[^"]*"`).ReplaceAllString(strings.Join(others, "\n")+"\n", `"timestamp":"…"`)
	path := filepath.Join("testdata", "alarms.jsonl")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Error(d)
	}
	for series, v := range map[string]float64{
		"inEngage{kind=user}": 9, "mapped{kind=user}": 8, "converged{kind=user}": 1, "orphaned{kind=user}": 2, "quarantined{kind=user}": 3, "rejected{kind=user}": 1,
		"oldestUnconverged": 10801, "deadLetterAge": 176400, "deadLetters": 3, "held": 12, "guardTrips": 2, "proofFailures": 3, "wentBack": 1,
		"rows": 1234, "snapshotDuration": 1500, "snapshots": 1, "authFailures": 1, "inEngage{kind=queue}": 0,
	} {
		if got.Last(series) != v {
			t.Errorf("%s is %v, want %v", series, got[series], v)
		}
	}
}

// Just below its threshold no alarm is said.
func TestAlarmsHaveThresholds(t *testing.T) {
	s, out := instruments(telemetry.FunctionSnapshot)
	s.Dead = deep{}
	run.Measure(t.Context(), s, run.Report{Run: 7, Figures: &run.Figures{
		Unconverged: run.Group{Count: 1, Keys: []model.Key{key(model.KindUser, 1)}, Age: time.Hour - time.Millisecond}, ProofFailed: 1,
	}}, errors.New("no answer"))
	if _, others := split(t, out.String()); len(others) > 0 {
		t.Errorf("lines %v", others)
	}
}

// A run by hand says the alarms too, but measures nothing that the schedule measures.
func TestARunByHand(t *testing.T) {
	s, out := instruments(telemetry.FunctionSync)
	s.Dead = deep{n: 4}
	run.Measure(t.Context(), s, run.Report{Run: 7, Figures: bad()}, nil)
	got, others := split(t, out.String())
	for _, series := range []string{"snapshots", "deadLetters", "budgetLeft"} {
		if len(got[series]) > 0 {
			t.Errorf("%s is %v", series, got[series])
		}
	}
	if got.Last("mapped{kind=user}") != 8 || len(others) != 4 {
		t.Errorf("measured %v, %d lines", got["mapped{kind=user}"], len(others))
	}
}

// A run without instruments, or with some missing, is measured as far as that goes and never fails.
func TestMissingInstruments(t *testing.T) {
	for name, s := range map[string]*telemetry.Instruments{"none": nil, "empty": {}, "no meter": {Usage: func() telemetry.Usage { return telemetry.Usage{Denied: 1} }, Dead: deep{n: 1}, Log: slog.New(slog.DiscardHandler)}} {
		t.Run(name, func(t *testing.T) {
			run.Measure(t.Context(), s, run.Report{Run: 1, Figures: bad()}, nil)
			run.Measure(t.Context(), s, run.Report{}, errors.New("no answer"))
			s.Action(t.Context(), "plan")
			s.NotConfigured(t.Context())
		})
	}
}
