package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is the six fields of a cron expression: minutes, hours, day of the month, month, day of the week, year.
type cron struct {
	minutes, hours, days, months, weekdays, years set
	anyDay, anyWeekday                            bool
}

// set has the values of a field that count.
type set map[int]bool

// field says which values a field takes.
type field struct {
	name        string
	least, most int
	words       []string // for the values from least on
}

func fields() []field {
	return []field{
		{name: "minutes", most: 59},
		{name: "hours", most: 23},
		{name: "day of the month", least: 1, most: 31},
		{name: "month", least: 1, most: 12, words: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
		{name: "day of the week", least: 1, most: 7, words: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
		{name: "year", least: 1970, most: 2199},
	}
}

func parseCron(text string) (*cron, error) {
	parts := strings.Fields(text)
	all := fields()
	if len(parts) != len(all) {
		return nil, fmt.Errorf("a cron expression has six fields, not %d", len(parts))
	}
	c := &cron{}
	for i, into := range []*set{&c.minutes, &c.hours, &c.days, &c.months, &c.weekdays, &c.years} {
		var err error
		if *into, err = all[i].parse(parts[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].name, err)
		}
	}
	c.anyDay, c.anyWeekday = parts[2] == "?", parts[4] == "?"
	if c.anyDay == c.anyWeekday {
		return nil, fmt.Errorf("one of day of the month and day of the week is ?, the other is not")
	}
	return c, nil
}

// parse reads a field: * or ?, values, ranges, steps, words, lists of these. L, W and # are not known.
func (f field) parse(text string) (set, error) {
	s := set{}
	for _, item := range strings.Split(text, ",") {
		span, step, stepped := strings.Cut(item, "/")
		by := 1
		if stepped {
			var err error
			if by, err = strconv.Atoi(step); err != nil || by < 1 {
				return nil, fmt.Errorf("the step of %q is no number above 0", item)
			}
		}
		from, to, err := f.span(span, stepped)
		if err != nil {
			return nil, err
		}
		for v := from; v <= to; v += by {
			s[v] = true
		}
	}
	return s, nil
}

func (f field) span(text string, stepped bool) (from, to int, err error) {
	if text == "*" || text == "?" && (f.name == "day of the month" || f.name == "day of the week") {
		return f.least, f.most, nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if from, err = f.value(first); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		if to, err = f.value(last); err != nil {
			return 0, 0, err
		}
	case stepped:
		to = f.most
	default:
		to = from
	}
	if to < from {
		return 0, 0, fmt.Errorf("the range %q runs backwards", text)
	}
	return from, to, nil
}

func (f field) value(text string) (int, error) {
	for i, word := range f.words {
		if strings.EqualFold(word, text) {
			return f.least + i, nil
		}
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.least || v > f.most {
		return 0, fmt.Errorf("%q is none of %d to %d", text, f.least, f.most)
	}
	return v, nil
}

func (c *cron) fitsDay(t time.Time) bool {
	if !c.months[int(t.Month())] || !c.years[t.Year()] {
		return false
	}
	if c.anyDay {
		return c.weekdays[int(t.Weekday())+1]
	}
	return c.days[t.Day()]
}

// next looks minute by minute on the days that fit. A local time that daylight saving skips does not fire.
func (c *cron) next(t time.Time) time.Time {
	t = t.Truncate(time.Minute).Add(time.Minute)
	for end := t.AddDate(230, 0, 0); t.Before(end); {
		switch {
		case !c.fitsDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
		case c.hours[t.Hour()] && c.minutes[t.Minute()]:
			return t
		default:
			t = t.Add(time.Minute)
		}
		if t.Year() > fields()[5].most {
			break
		}
	}
	return time.Time{}
}
