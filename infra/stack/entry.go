package stack

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/rules"
)

// entry is one setting of a stage: where it stands, what it means, how it is read. Parse and Reference work from the list
// of them (entries).
type entry struct {
	path, meaning, allowed, fallback string
	// read sets the value; the text says what is wrong with it, "" when nothing is.
	read func(s *Stage, v any) string
}

func text(path, meaning, allowed, fallback string, pattern *regexp.Regexp, at func(*Stage) *string) entry {
	return entry{path, meaning, allowed, fallback, func(s *Stage, v any) string {
		t, isText := v.(string)
		if !isText || !pattern.MatchString(t) {
			return show(v)
		}
		*at(s) = t
		return ""
	}}
}

func flag(path, meaning, fallback string, at func(*Stage) *bool) entry {
	return entry{path, meaning, "true or false", fallback, func(s *Stage, v any) string {
		b, ok := v.(bool)
		if !ok {
			return show(v)
		}
		*at(s) = b
		return ""
	}}
}

func count(path, meaning string, least, most, fallback int, set func(*Stage, int)) entry {
	return entry{path, meaning, fmt.Sprintf("a whole number from %d to %d", least, most), strconv.Itoa(fallback), func(s *Stage, v any) string {
		n, ok := v.(float64)
		if !ok || n != math.Trunc(n) || n < float64(least) || n > float64(most) {
			return show(v)
		}
		set(s, int(n))
		return ""
	}}
}

func duration(path, meaning string, least, most, fallback time.Duration, set func(*Stage, time.Duration)) entry {
	return entry{path, meaning, fmt.Sprintf("whole seconds from %q to %q", short(least), short(most)), short(fallback), func(s *Stage, v any) string {
		t, isText := v.(string)
		d, err := time.ParseDuration(t)
		if !isText || err != nil || d < least || d > most || d%time.Second != 0 {
			return show(v)
		}
		set(s, d)
		return ""
	}}
}

// short writes a time of whole minutes or seconds: "5m", "90s".
func short(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

func list(path, meaning, allowed string, pattern *regexp.Regexp, at func(*Stage) *[]string) entry {
	return entry{path, meaning, "a list, each " + allowed, "[]", func(s *Stage, v any) string {
		values, isList := v.([]any)
		if !isList {
			return show(v)
		}
		var out []string
		for _, e := range values {
			t, isText := e.(string)
			if !isText || !pattern.MatchString(t) {
				return show(e)
			}
			if slices.Contains(out, t) {
				return show(t) + " twice"
			}
			out = append(out, t)
		}
		*at(s) = out
		return ""
	}}
}

func oneOf(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}

// show writes a value as it stands in the JSON, shortened.
func show(v any) string {
	if v == nil {
		return "nothing"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 60
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}

// find walks to a path below at. A section that is no object is a fault.
func find(root map[string]any, at, path string) (v any, there bool, fault *Fault) {
	names := strings.Split(path, ".")
	here := root
	for i, name := range names[:len(names)-1] {
		next, given := here[name]
		if !given {
			return nil, false, nil
		}
		o, isObject := next.(map[string]any)
		if !isObject {
			return nil, false, &Fault{at + "." + strings.Join(names[:i+1], "."), show(next), "a JSON object"}
		}
		here = o
	}
	v, there = here[names[len(names)-1]]
	return v, there, nil
}

// unknown lists keys that are no setting, each with the nearest that is one.
func unknown(o map[string]any, at, path string, table []entry) Faults {
	var faults Faults
	names := childrenOf(path, table)
	for _, name := range sortedKeys(o) {
		here := strings.TrimPrefix(path+"."+name, ".")
		child, isObject := o[name].(map[string]any)
		switch {
		case slices.ContainsFunc(table, func(e entry) bool { return e.path == here }):
		case !slices.Contains(names, name):
			faults = append(faults, Fault{at + "." + here, "a key that is no setting" + rules.DidYouMean(name, names), strings.Join(names, ", ")})
		case isObject:
			faults = append(faults, unknown(child, at, here, table)...)
		}
	}
	return faults
}

// childrenOf lists the names that may stand in the object at path.
func childrenOf(path string, table []entry) []string {
	var names []string
	for _, e := range table {
		rest, inside := e.path, true
		if path != "" {
			rest, inside = strings.CutPrefix(e.path, path+".")
		}
		if name, _, _ := strings.Cut(rest, "."); inside && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
