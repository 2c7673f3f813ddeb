package main

import (
	"time"

	"excs/shared/run"
)

// The ends of pauses that name none: a pause that somebody forgot must not keep an account open for ever.
const (
	objectsPauseFor = 7 * 24 * time.Hour
	tenantPauseFor  = 24 * time.Hour
)

// untilNever asks for a pause without an end.
const untilNever = "never"

// endOf returns when the pause of a request ends; zero: never.
func endOf(text string, req run.PauseRequest, now time.Time, zone *time.Location) (time.Time, error) {
	switch {
	case text == "" && len(req.Kinds)+len(req.Keys) == 0:
		return now.Add(tenantPauseFor), nil
	case text == "":
		return now.Add(objectsPauseFor), nil
	case text == untilNever && req.Note == "":
		return time.Time{}, invalid("a pause without an end needs a note that says why")
	case text == untilNever:
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, invalid("until %q is no time: write 06:00 (in %s), 2026-03-02T06:00:00Z, or never with a note", text, zone)
	}
	local := now.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	if !at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	return at, nil
}
