package schedule_test

import (
	"strings"
	"testing"
	"time"

	"excs/infra/local/aws/schedule"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// When a schedule fires, one time after another.
func TestNext(t *testing.T) {
	for _, tc := range []struct {
		name, text, zone, from string
		want                   []string
	}{
		{"every minute, from when it was made", "rate(1 minute)", "", "2026-03-01T10:00:20Z", []string{"2026-03-01T10:00:30Z", "2026-03-01T10:01:30Z"}},
		{"every two hours", "rate(2 hours)", "UTC", "2026-03-01T11:00:00Z", []string{"2026-03-01T11:00:30Z", "2026-03-01T13:00:30Z"}},
		{"a rate before it was made", "rate(1 day)", "", "2026-03-01T08:00:00Z", []string{"2026-03-01T09:00:30Z", "2026-03-02T09:00:30Z"}},
		{"every quarter of an hour", "cron(0/15 * * * ? *)", "", "2026-03-01T10:50:00Z", []string{"2026-03-01T11:00:00Z", "2026-03-01T11:15:00Z"}},
		{"at noon on weekdays", "cron(0 12 ? * MON-FRI *)", "", "2026-03-06T12:00:00Z", []string{"2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"}},
		{"on Sundays, by number", "cron(30 6 ? * 1 *)", "", "2026-03-02T00:00:00Z", []string{"2026-03-08T06:30:00Z"}},
		{"at night in Berlin, over the change of the clocks", "cron(0 3 * * ? *)", "Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"}},
		{"a local time that the change of the clocks skips", "cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T02:00:00Z", []string{"2026-03-30T00:30:00Z"}},
		{"on some days of some months", "cron(0 0 1,15 1-3,DEC ? *)", "", "2026-03-02T00:00:00Z", []string{"2026-03-15T00:00:00Z", "2026-12-01T00:00:00Z"}},
		{"on the 29th of February", "cron(0 0 29 2 ? *)", "", "2026-03-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"in a year", "cron(0 0 1 1 ? 2030)", "", "2026-03-01T00:00:00Z", []string{"2030-01-01T00:00:00Z", ""}},
		{"never again", "cron(0 0 31 2 ? *)", "", "2026-03-01T00:00:00Z", []string{""}},
		{"once", "at(2026-03-01T12:00:00)", "Europe/Berlin", "2026-03-01T00:00:00Z", []string{"2026-03-01T11:00:00Z", ""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := schedule.Parse(tc.text, tc.zone, at(t, "2026-03-01T09:00:30Z"))
			if err != nil {
				t.Fatal(err)
			}
			now := at(t, tc.from)
			for _, want := range tc.want {
				now = e.Next(now)
				got := ""
				if !now.IsZero() {
					got = now.UTC().Format(time.RFC3339)
				}
				if got != want {
					t.Fatalf("it fires at %q, want %q", got, want)
				}
			}
		})
	}
}

// What is not understood in full is refused.
func TestExpressionsThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, text, zone, says string }{
		{"no form", "every minute", "", "write rate(…), cron(…) or at(…)"},
		{"a rate of nothing", "rate(0 minutes)", "", "a rate is a number"},
		{"a rate in seconds", "rate(5 seconds)", "", "a rate is a number"},
		{"a rate that is too long", "rate(99999999999999999999 days)", "", "too long"},
		{"a time that is none", "at(tomorrow)", "", "cannot parse"},
		{"a zone that is none", "rate(1 hour)", "Europe/Atlantis", `time zone "Europe/Atlantis" is not known`},
		{"five fields", "cron(0 12 * * ?)", "", "six fields, not 5"},
		{"both days", "cron(0 12 * * * *)", "", "one of day of the month and day of the week is ?"},
		{"neither day", "cron(0 12 ? * ? *)", "", "one of day of the month and day of the week is ?"},
		{"a minute that is none", "cron(60 12 * * ? *)", "", `minutes: "60" is none of 0 to 59`},
		{"a step of nothing", "cron(0/0 12 * * ? *)", "", "step"},
		{"a range that runs backwards", "cron(0 12-8 * * ? *)", "", "runs backwards"},
		{"the end of a range that is none", "cron(0 8-x * * ? *)", "", `hours: "x"`},
		{"a question mark where none stands", "cron(? 12 * * ? *)", "", `minutes: "?"`},
		{"the last day of the month", "cron(0 0 L * ? *)", "", `day of the month: "L"`},
	} {
		if _, err := schedule.Parse(tc.text, tc.zone, time.Time{}); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}
