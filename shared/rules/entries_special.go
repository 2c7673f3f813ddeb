package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const dnTypes = "3 (ACD Queue), 4 (Routing Point), 5 (Virtual Queue), 22 (Routing Queue)"

// typesEntry refuses an empty list: it would turn every queue into one that is gone.
func typesEntry() entry {
	return entry{
		path: "queues.types", meaning: "the DN types that become queues", allowed: "a list of at least one of " + dnTypes,
		read: func(s *Settings, v any) string {
			values, _ := v.([]any)
			var types []int
			for _, e := range values {
				n, ok := whole(e)
				if !ok || !slices.Contains(QueueTypes(), int(n)) {
					return show(v)
				}
				types = append(types, int(n))
			}
			if len(types) == 0 {
				return show(v)
			}
			slices.Sort(types)
			s.Queues.Types = slices.Compact(types)
			return ""
		},
		write: func(s Settings) any { return s.Queues.Types },
	}
}

// onDeleteEntry takes one word for every DN type, or an object with a word per type.
func onDeleteEntry() entry {
	words := []OnDelete{Delete, Empty, Orphan}
	return entry{
		path: "queues.onDelete", meaning: "what happens to the queue of a DN that is gone",
		allowed: `"delete", "empty" or "orphan"; or an object that gives one of them for some of the DN types ` + dnTypes,
		read: func(s *Settings, v any) string {
			switch v := v.(type) {
			case string:
				if !slices.Contains(words, OnDelete(v)) {
					return show(v) + DidYouMean(v, []string{string(Delete), string(Empty), string(Orphan)})
				}
				s.Queues.OnDelete = onDeleteAll(OnDelete(v))
				return ""
			case object:
				return readOnDelete(s, v, words)
			default:
				return show(v)
			}
		},
		write: writeOnDelete,
	}
}

func readOnDelete(s *Settings, o object, words []OnDelete) string {
	m := maps.Clone(s.Queues.OnDelete)
	for _, name := range slices.Sorted(maps.Keys(o)) {
		word, _ := o[name].(string)
		n, err := strconv.Atoi(name)
		if err != nil || strconv.Itoa(n) != name || !slices.Contains(QueueTypes(), n) || !slices.Contains(words, OnDelete(word)) {
			return fmt.Sprintf("%q: %s", name, show(o[name]))
		}
		m[n] = OnDelete(word)
	}
	s.Queues.OnDelete = m
	return ""
}

func writeOnDelete(s Settings) any {
	byType := object{}
	words := map[OnDelete]bool{}
	for t, word := range s.Queues.OnDelete {
		byType[strconv.Itoa(t)] = string(word)
		words[word] = true
	}
	if len(words) == 1 && len(byType) == len(QueueTypes()) {
		for word := range words {
			return string(word)
		}
	}
	return byType
}

// absentEntry is what a comparison makes of an agent without the skill (RULES 4.13).
func absentEntry() entry {
	return two("members.absentSkill", "an agent without the skill: a comparison of its level is false, or its level is 0",
		"false", "zero", func(s *Settings) *bool { return &s.Members.AbsentZero })
}

func codeNameEntry() entry {
	return two("wrapUpCodes.name", "the name of a wrap-up code: the display name (the system name if there is none), or the system name",
		"display", "system", func(s *Settings) *bool { return &s.WrapUpCodes.SystemName })
}

func linkedEntry() entry {
	return two("scope.queues", "which queues: all, or only those that a user in scope serves", "all", "linked", func(s *Settings) *bool { return &s.Scope.Linked })
}

// two is a setting with two words, the second of which is the flag's true.
func two(path, meaning, no, yes string, at func(*Settings) *bool) entry {
	return entry{
		path: path, meaning: meaning, allowed: oneOf([]string{no, yes}),
		read: func(s *Settings, v any) string {
			text, ok := v.(string)
			if !ok || text != no && text != yes {
				return show(v) + DidYouMean(text, []string{no, yes})
			}
			*at(s) = text == yes
			return ""
		},
		write: func(s Settings) any {
			if *at(&s) {
				return yes
			}
			return no
		},
	}
}

// proficiencyEntry reads "clamp" or "scale:MAX".
func proficiencyEntry() entry {
	return entry{
		path: "proficiency", meaning: "how an Engage level becomes 0 to 5: cut off at both ends, or 5 × level / MAX",
		allowed: `"clamp", or "scale:MAX" with MAX a whole number from 1 to 1000000, for example "scale:10"`,
		read: func(s *Settings, v any) string {
			text, _ := v.(string)
			if text == "clamp" {
				s.Proficiency.Scale = 0
				return ""
			}
			digits, scaled := strings.CutPrefix(text, "scale:")
			n, ok := whole(json.Number(strings.TrimSpace(digits)))
			if !scaled || !ok || n < 1 || n > 1000000 {
				return show(v)
			}
			s.Proficiency.Scale = int(n)
			return ""
		},
		write: func(s Settings) any {
			if s.Proficiency.Scale == 0 {
				return "clamp"
			}
			return "scale:" + strconv.Itoa(s.Proficiency.Scale)
		},
	}
}
