package apply_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/apply"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
)

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

// Whatever a batch's answers are, what is counted adds up, an action that is not in the list costs nothing of the rest, and
// an alarm names five keys at most.
func TestABatchAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, out := instruments(telemetry.FunctionApply)
		n := rapid.IntRange(0, 10).Draw(t, "messages")
		batch, answers := make([]queue.Received, n), make([]apply.Answer, n)
		done, applied, took, trips := 0, 0, 0, 0
		strange := false
		for i := range n {
			batch[i].Key = model.Key{Kind: model.KindUser, DBID: int64(i)}
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
		apply.Measure(context.Background(), s, batch, answers) //nolint:usetesting // rapid's T has none
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

// A batch without instruments, or with some missing, is worked on all the same.
func TestMissingInstruments(t *testing.T) {
	for _, s := range []*telemetry.Instruments{nil, {}} {
		apply.Measure(t.Context(), s, []queue.Received{{}}, []apply.Answer{{Work: apply.Work{Guarded: 1, Denied: true, Applied: true, Took: time.Second, Done: []apply.Done{{Action: model.ActionUpdate}}}}})
	}
}
