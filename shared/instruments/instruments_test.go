package instruments_test

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
	"pgregory.net/rapid"

	"excs/shared/apply"
	"excs/shared/exorg"
	"excs/shared/instruments"
	"excs/shared/listen"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// set is the instruments of a function, with everything that it writes.
func set(function string) (*instruments.Set, *bytes.Buffer) {
	var b bytes.Buffer
	return &instruments.Set{
		Meter:   telemetry.NewMeter(telemetry.MeterOptions{W: &b, Function: function, Stack: "excs-prod", Tenant: "101", Now: noon}),
		Counter: &exorg.Counter{}, Log: telemetry.New(&b, telemetry.Options{Function: function, Tenant: "101"}),
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
		Tripped: 2, ProofFailed: 3, ProofFailure: "read Engage: no answer", WentBack: noon().Add(-time.Hour), Rows: 1234, ReadTook: 1500 * time.Millisecond,
	}
}

type deep struct{ n, inFlight int }

func (d deep) Depth(context.Context) (waiting, inFlight int, err error) { return d.n, d.inFlight, nil }

// Each alarm that holds is one line that a person can act on: what, how many, the first five keys, what to paste.
func TestTheAlarmsInWords(t *testing.T) {
	s, out := set(telemetry.FunctionSnapshot)
	s.Dead = deep{n: 2, inFlight: 1}
	s.Run(t.Context(), run.Report{Run: 7, Figures: bad()}, model.Errorf(model.CodeDenied, "read Engage", "the login was refused"))
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
	s, out := set(telemetry.FunctionSnapshot)
	s.Dead = deep{}
	s.Run(t.Context(), run.Report{Run: 7, Figures: &run.Figures{
		Unconverged: run.Group{Count: 1, Keys: []model.Key{key(model.KindUser, 1)}, Age: time.Hour - time.Millisecond}, ProofFailed: 1,
	}}, errors.New("no answer"))
	if _, others := split(t, out.String()); len(others) > 0 {
		t.Errorf("lines %v", others)
	}
}

// A run by hand says the alarms too, but measures nothing that the schedule measures.
func TestARunByHand(t *testing.T) {
	s, out := set(telemetry.FunctionSync)
	s.Dead = deep{n: 4}
	s.Run(t.Context(), run.Report{Run: 7, Figures: bad()}, nil)
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

// A function without instruments, or with some missing, works.
func TestMissingInstruments(t *testing.T) {
	for name, s := range map[string]*instruments.Set{"none": nil, "empty": {}, "no meter": {Counter: &exorg.Counter{}, Dead: deep{n: 1}, Log: slog.New(slog.DiscardHandler)}} {
		t.Run(name, func(t *testing.T) {
			s.Run(t.Context(), run.Report{Run: 1, Figures: bad()}, nil)
			s.Run(t.Context(), run.Report{}, errors.New("no answer"))
			s.Batch(t.Context(), []queue.Received{{}}, []apply.Answer{{Work: apply.Work{Guarded: 1, Denied: true, Applied: true, Took: time.Second, Done: []apply.Done{{Action: model.ActionUpdate}}}}})
			s.Heard(t.Context(), listen.Report{Sent: 1}, 1)
			s.Action(t.Context(), "plan")
			s.Replayed(t.Context(), replay.Report{Remaining: 1})
		})
	}
}

// Whatever a batch's answers are, what is counted adds up, an action that is not in the list costs nothing of the rest, and
// an alarm names five keys at most.
func TestABatchAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, out := set(telemetry.FunctionApply)
		n := rapid.IntRange(0, 10).Draw(t, "messages")
		batch, answers := make([]queue.Received, n), make([]apply.Answer, n)
		done, applied, took, trips := 0, 0, 0, 0
		strange := false
		for i := range n {
			batch[i].Key = key(model.KindUser, int64(i))
			w := apply.Work{Applied: rapid.Bool().Draw(t, "applied"), Guarded: rapid.IntRange(0, 1).Draw(t, "guarded"), Denied: rapid.Bool().Draw(t, "denied")}
			if w.Applied {
				applied++
				if w.Took = time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second; w.Took > 0 {
					took++
				}
			}
			for range rapid.IntRange(0, 2).Draw(t, "writes") {
				d := apply.Done{Action: rapid.SampledFrom([]model.Action{model.ActionCreate, model.ActionUpdate, "dance"}).Draw(t, "action"), Cause: model.CauseDrift}
				w.Done = append(w.Done, d)
				if d.Action == "dance" {
					strange = true
				}
				done++
			}
			trips += w.Guarded
			answers[i].Work = w
		}
		s.Batch(context.Background(), batch, answers) //nolint:usetesting // rapid's T has none
		got, others := split(t, out.String())
		if got.Last("applied") != float64(applied) || len(got["timeToApply"]) != took || zero(got, "changesByCause{cause=drift}") != float64(done) || zero(got, "guardTrips") != float64(trips) {
			t.Fatalf("measured %v", got)
		}
		text := strings.Join(others, "\n")
		if strings.Contains(text, "could not be written") != strange {
			t.Fatalf("lines: %s", text)
		}
		for _, line := range others {
			if strings.Contains(line, `"alarm"`) && strings.Count(line, "user/") > 5 {
				t.Fatalf("an alarm names too many: %s", line)
			}
		}
	})
}

// zero is the last value of a series, 0 without one.
func zero(r telemetrytest.Readings, series string) float64 {
	if len(r[series]) == 0 {
		return 0
	}
	return r.Last(series)
}
