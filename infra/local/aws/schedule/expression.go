package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Expression says when a schedule fires.
type Expression struct {
	every time.Duration // of a rate
	begun time.Time     // when the rate was made
	at    time.Time     // of a one-time schedule
	cron  *cron
	zone  *time.Location
}

var form = regexp.MustCompile(`^(rate|cron|at)\((.*)\)$`)

// Parse reads an expression. zone is an IANA name, "" for UTC; rates count from begun, which is when the schedule was made.
func Parse(text, zone string, begun time.Time) (Expression, error) {
	if zone == "" {
		zone = "UTC"
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return Expression{}, fmt.Errorf("schedule %s: the time zone %q is not known", text, zone)
	}
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return Expression{}, fmt.Errorf("schedule %q: write rate(…), cron(…) or at(…)", text)
	}
	e := Expression{zone: location, begun: begun}
	switch parts[1] {
	case "rate":
		e.every, err = parseRate(parts[2])
	case "at":
		e.at, err = time.ParseInLocation("2006-01-02T15:04:05", parts[2], location)
	default:
		e.cron, err = parseCron(parts[2])
	}
	if err != nil {
		return Expression{}, fmt.Errorf("schedule %s: %w", text, err)
	}
	return e, nil
}

var rate = regexp.MustCompile(`^([1-9][0-9]*) (minutes?|hours?|days?)$`)

func parseRate(text string) (time.Duration, error) {
	parts := rate.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("a rate is a number and minutes, hours or days")
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, fmt.Errorf("a rate of %s is too long", parts[1])
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	return time.Duration(n) * units[strings.TrimSuffix(parts[2], "s")], nil
}

// Next gives the first time after t at which the schedule fires; the zero time when it does not fire any more.
func (e Expression) Next(t time.Time) time.Time {
	switch {
	case e.every > 0:
		if t.Before(e.begun) {
			return e.begun
		}
		return e.begun.Add((t.Sub(e.begun)/e.every + 1) * e.every)
	case e.cron != nil:
		return e.cron.next(t.In(e.zone))
	case e.at.After(t):
		return e.at
	default:
		return time.Time{}
	}
}
