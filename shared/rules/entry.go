package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is one setting: where it stands in the JSON, what it means, how it is read and written. The list of them
// (entries) is the one place that Parse, MarshalJSON, Hash and Reference work from.
type entry struct {
	path    string
	meaning string
	allowed string
	// shapes says that the setting changes what is desired or removed; Hash covers those.
	shapes bool
	// read sets the value; the text says what is wrong with it, "" when nothing is.
	read func(s *Settings, v any) string
	// write gives the value for JSON.
	write func(s Settings) any
}

// shaping marks entries that change what is desired or removed.
func shaping(es ...entry) []entry {
	for i := range es {
		es[i].shapes = true
	}
	return es
}

func choice[T ~string](path, meaning string, at func(*Settings) *T, options ...T) entry {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = string(o)
	}
	return entry{
		path: path, meaning: meaning, allowed: oneOf(names),
		read: func(s *Settings, v any) string {
			text, ok := v.(string)
			if !ok || !slices.Contains(options, T(text)) {
				return show(v) + DidYouMean(text, names)
			}
			*at(s) = T(text)
			return ""
		},
		write: func(s Settings) any { return string(*at(&s)) },
	}
}

func text(path, meaning, allowed string, at func(*Settings) *string, ok func(string) bool) entry {
	return entry{
		path: path, meaning: meaning, allowed: allowed,
		read: func(s *Settings, v any) string {
			t, isText := v.(string)
			if !isText || !ok(strings.TrimSpace(t)) {
				return show(v)
			}
			*at(s) = strings.TrimSpace(t)
			return ""
		},
		write: func(s Settings) any { return *at(&s) },
	}
}

// list reads a list of texts. It is kept sorted and without doubles: its order means nothing.
func list(path, meaning string, at func(*Settings) *[]string) entry {
	return entry{
		path: path, meaning: meaning, allowed: "a list of texts that are not empty",
		read: func(s *Settings, v any) string {
			values, isList := v.([]any)
			if !isList {
				return show(v)
			}
			var out []string
			for _, e := range values {
				t, isText := e.(string)
				if t = strings.TrimSpace(t); !isText || t == "" {
					return show(v)
				}
				out = append(out, t)
			}
			slices.Sort(out)
			*at(s) = slices.Compact(out)
			return ""
		},
		write: func(s Settings) any { return append([]string{}, *at(&s)...) },
	}
}

func flag(path, meaning string, at func(*Settings) *bool) entry {
	return entry{
		path: path, meaning: meaning, allowed: "true or false",
		read: func(s *Settings, v any) string {
			b, ok := v.(bool)
			if !ok {
				return show(v)
			}
			*at(s) = b
			return ""
		},
		write: func(s Settings) any { return *at(&s) },
	}
}

func count(path, meaning string, least, most int, at func(*Settings) *int) entry {
	allowed := fmt.Sprintf("a whole number from %d to %d", least, most)
	if most == math.MaxInt32 {
		allowed = fmt.Sprintf("a whole number from %d", least)
	}
	return entry{
		path: path, meaning: meaning, allowed: allowed,
		read: func(s *Settings, v any) string {
			n, ok := whole(v)
			if !ok || n < int64(least) || n > int64(most) {
				return show(v)
			}
			*at(s) = int(n)
			return ""
		},
		write: func(s Settings) any { return *at(&s) },
	}
}

func whole(v any) (int64, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil
}

// share reads "5%", the only way to write it: 5 and 0.05 are too easily mistaken for each other.
func share(path, meaning string, at func(*Settings) *float64) entry {
	return entry{
		path: path, meaning: meaning, allowed: `a share from "0%" to "100%"`,
		read: func(s *Settings, v any) string {
			t, isText := v.(string)
			number, isShare := strings.CutSuffix(strings.TrimSpace(t), "%")
			p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			if !isText || !isShare || err != nil || !(p >= 0 && p <= 100) {
				return show(v)
			}
			*at(s) = p / 100
			return ""
		},
		write: func(s Settings) any {
			// A share was read from a percentage: six digits bring it back whatever the division did.
			return strconv.FormatFloat(math.Round(*at(&s)*100*1e6)/1e6, 'f', -1, 64) + "%"
		},
	}
}

func duration(path, meaning string, least, most time.Duration, at func(*Settings) *time.Duration) entry {
	return entry{
		path: path, meaning: meaning, allowed: fmt.Sprintf("a time from %q to %q, written like \"90s\", \"5m\", \"24h\"", showTime(least), showTime(most)),
		read: func(s *Settings, v any) string {
			t, isText := v.(string)
			d, err := time.ParseDuration(strings.TrimSpace(t))
			if !isText || err != nil || d < least || d > most {
				return show(v)
			}
			*at(s) = d
			return ""
		},
		write: func(s Settings) any { return showTime(*at(&s)) },
	}
}

// showTime writes the largest unit that needs no fraction, "60m" rather than "1h0m0s".
func showTime(d time.Duration) string {
	switch {
	case d >= 2*time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d >= 2*time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	default:
		return d.String()
	}
}

func oneOf(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}
