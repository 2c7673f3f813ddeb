package main

import (
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/run"
)

// A pause ends when it was told to, in the operator's own hours; one of objects after a week and one of everything after a day where nobody
// told it anything, and never only with a reason.
func TestWhenAPauseEnds(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 22, 30, 0, 0, time.UTC) // 23:30 in Berlin, the night in which its clocks go forward
	one := run.PauseRequest{Keys: []model.Key{{Kind: model.KindUser, DBID: 1}}}
	for _, test := range []struct {
		name, text string
		req        run.PauseRequest
		want       string // "" never, "invalid" refused
	}{
		{"one object", "", one, "2026-04-04T22:30:00Z"},
		{"everything", "", run.PauseRequest{}, "2026-03-29T22:30:00Z"},
		{"the next six o'clock, in summer time by then", "06:00", one, "2026-03-29T04:00:00Z"},
		{"later on the same day", "23:45", one, "2026-03-28T22:45:00Z"},
		{"the very minute is tomorrow's", "23:30", one, "2026-03-29T21:30:00Z"},
		{"a point in time", "2026-03-30T12:00:00+02:00", one, "2026-03-30T10:00:00Z"},
		{"never, with a reason", "never", run.PauseRequest{By: run.By{Note: "the partner looks into it"}}, ""},
		{"never, without one", "never", one, "invalid"},
		{"no time", "tomorrow", one, "invalid"},
		{"no hour", "25:00", one, "invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			end, err := endOf(test.text, test.req, now, berlin)
			got := ""
			if !end.IsZero() {
				got = end.UTC().Format(time.RFC3339)
			}
			if err != nil {
				got = string(model.CodeOf(err))
			}
			if got != test.want {
				t.Errorf("it ends at %q, want %q (%v)", got, test.want, err)
			}
		})
	}
}
