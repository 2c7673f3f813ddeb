package rules

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"excs/shared/model"
)

// Parse reads settings. Keys that are absent have the preset's default; unknown keys, keys that are given twice and null
// are faults. The error is a model.Error of CodeInvalid around Faults: every fault of the text, each with its path, what
// was found and what is allowed.
func Parse(text []byte) (Settings, error) {
	s, faults := parse(text)
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Path, b.Path) })
		return Settings{}, &model.Error{Code: model.CodeInvalid, Op: "read the settings", Err: faults}
	}
	return s, nil
}

func parse(text []byte) (Settings, Faults) {
	tree, faults := readTree(text)
	root, ok := tree.(object)
	if !ok {
		if len(faults) == 0 {
			faults = Faults{{Found: show(tree), Allowed: "one JSON object"}}
		}
		return Settings{}, faults
	}
	if _, given := root["tenant"]; !given {
		faults = append(faults, Fault{Path: "tenant", Found: "nothing", Allowed: "the DBID of the Engage tenant"})
	}
	preset, _ := root["preset"].(string)
	s := Default(0, Preset(preset))
	s.Preset = Preset202307
	table := entries()
	faults = append(faults, unknown(root, "", table)...)
	given := map[string]bool{}
	for _, e := range table {
		v, there, fault := find(root, e.path)
		if fault != nil {
			faults = append(faults, *fault)
			continue
		}
		if !there {
			continue
		}
		given[e.path] = true
		if found := e.read(&s, v); found != "" {
			faults = append(faults, Fault{Path: e.path, Found: found, Allowed: e.allowed})
		}
	}
	if s.Email.Domain != "" && !given["email.template"] {
		s.Email.Template = DefaultTemplate
	}
	return s, append(dedupe(faults), s.contradictions()...)
}

// find walks to a path. A section that is no object is a fault, once per section (dedupe).
func find(root object, path string) (v any, there bool, fault *Fault) {
	names := strings.Split(path, ".")
	here := root
	for i, name := range names[:len(names)-1] {
		next, given := here[name]
		if !given {
			return nil, false, nil
		}
		o, isObject := next.(object)
		if !isObject {
			return nil, false, &Fault{Path: strings.Join(names[:i+1], "."), Found: show(next), Allowed: "a JSON object"}
		}
		here = o
	}
	v, there = here[names[len(names)-1]]
	return v, there, nil
}

func dedupe(faults Faults) Faults {
	seen := map[Fault]bool{}
	return slices.DeleteFunc(faults, func(f Fault) bool {
		again := seen[f]
		seen[f] = true
		return again
	})
}

// unknown lists the keys of the text that are no setting.
func unknown(o object, path string, table []entry) Faults {
	var faults Faults
	siblings := childrenOf(path, table)
	for _, name := range slices.Sorted(maps.Keys(o)) {
		at := join(path, name)
		if slices.ContainsFunc(table, func(e entry) bool { return e.path == at }) {
			continue
		}
		child, isObject := o[name].(object)
		if slices.Contains(siblings, name) {
			if isObject {
				faults = append(faults, unknown(child, at, table)...)
			}
			continue
		}
		faults = append(faults, Fault{Path: at, Found: "a key that is no setting" + elsewhere(name, siblings, table), Allowed: strings.Join(siblings, ", ")})
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

// contradictions lists settings that are fine alone and not together.
func (s Settings) contradictions() Faults {
	var faults Faults
	if strings.Contains(s.Email.Template, "{domain}") && s.Email.Domain == "" {
		faults = append(faults, Fault{Path: "email.domain", Found: "no domain for the template " + show(s.Email.Template), Allowed: "a domain name"})
	}
	if s.Users.OnDelete == Deactivate && s.Users.State != Controlled {
		faults = append(faults, Fault{Path: "users.onDelete", Found: `"deactivate" while users.state is ` + show(string(s.Users.State)),
			Allowed: `"orphan", or users.state "controlled": a deletion that deactivates writes the state`})
	}
	return faults
}

// Validate says whether settings that were not made by Parse could have been; the error is Parse's.
func (s Settings) Validate() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = Parse(text)
	return err
}

// MarshalJSON writes every setting with its value, so that Parse gives the same settings again.
func (s Settings) MarshalJSON() ([]byte, error) {
	root := object{}
	for _, e := range entries() {
		names := strings.Split(e.path, ".")
		here := root
		for _, name := range names[:len(names)-1] {
			next, ok := here[name].(object)
			if !ok {
				next = object{}
				here[name] = next
			}
			here = next
		}
		here[names[len(names)-1]] = e.write(s)
	}
	return json.Marshal(root)
}

// UnmarshalJSON is Parse.
func (s *Settings) UnmarshalJSON(text []byte) error {
	parsed, err := Parse(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// Compile gives the pattern as it is meant: on the whole name, without case. It is nil for no pattern.
func (l Languages) Compile() (*regexp.Regexp, error) {
	if l.Pattern == "" {
		return nil, nil
	}
	// The pattern must be sound by itself, or a bracket in it could close the group below.
	if _, err := regexp.Compile(l.Pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`(?i)^(?:` + l.Pattern + `)$`)
}
