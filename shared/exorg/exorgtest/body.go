package exorgtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// doc is a JSON object as a client sent it. A null counts as left out.
type doc map[string]any

// text reads a string property; ok is false when it is left out.
func (d doc) text(name string) (value string, ok bool, e *refusal) {
	v := d[name]
	if v == nil {
		return "", false, nil
	}
	s, is := v.(string)
	if !is {
		return "", false, badField(name, "The property %s must be a string.", name)
	}
	return s, true, nil
}

// need reads a string property that must be there and not be blank.
func (d doc) need(name string) (string, *refusal) {
	s, ok, e := d.text(name)
	if e != nil {
		return "", e
	}
	if !ok || strings.TrimSpace(s) == "" {
		return "", badField(name, "The property %s is required.", name)
	}
	return s, nil
}

// name reads the name of an object of a kind, as the organisation keeps it.
func (w *world) name(kind Kind, in doc) (string, *refusal) {
	name, e := in.need("name")
	if e != nil {
		return "", e
	}
	if w.cfg.quirks.namesTrimmed {
		name = strings.TrimSpace(name)
	}
	if most := w.cfg.quirks.nameLimits[kind]; most > 0 && utf8.RuneCountInString(name) > most {
		return "", badField("name", "The name of a %s must not be longer than %d characters.", kind, most)
	}
	return name, nil
}

// whole reads a whole number.
func (d doc) whole(name string) (value int, ok bool, e *refusal) {
	v := d[name]
	if v == nil {
		return 0, false, nil
	}
	f, is := v.(float64)
	if !is || f != float64(int(f)) {
		return 0, false, badField(name, "The property %s must be a whole number.", name)
	}
	return int(f), true, nil
}

// flag reads a boolean.
func (d doc) flag(name string) (value, ok bool, e *refusal) {
	v := d[name]
	if v == nil {
		return false, false, nil
	}
	b, is := v.(bool)
	if !is {
		return false, false, badField(name, "The property %s must be true or false.", name)
	}
	return b, true, nil
}

// ref reads the id of a property that is an object with an id, as division{id}.
func (d doc) ref(name string) (id string, e *refusal) {
	v := d[name]
	if v == nil {
		return "", nil
	}
	m, is := v.(map[string]any)
	if !is {
		return "", badField(name, "The property %s must be an object with an id.", name)
	}
	id, _, e = doc(m).text("id")
	return id, e
}

// form reads several properties of a body and keeps the first refusal, so that a reader need not ask after each.
type form struct {
	in      doc
	refused *refusal
}

func (f *form) keep(e *refusal) {
	if f.refused == nil {
		f.refused = e
	}
}

// need reads a string that must be there.
func (f *form) need(name string) string {
	s, e := f.in.need(name)
	f.keep(e)
	return s
}

// text reads a string, or gives the default.
func (f *form) text(name, byDefault string) string {
	s, ok, e := f.in.text(name)
	f.keep(e)
	if !ok || s == "" {
		return byDefault
	}
	return s
}

// ref reads the id of an object, or gives the default.
func (f *form) ref(name, byDefault string) string {
	id, e := f.in.ref(name)
	f.keep(e)
	if id == "" {
		return byDefault
	}
	return id
}

// flag reads a boolean; false when it is left out.
func (f *form) flag(name string) bool {
	b, _, e := f.in.flag(name)
	f.keep(e)
	return b
}

// readDoc reads a body that is one object.
func readDoc(body []byte) (doc, *refusal) {
	var d doc
	if err := json.Unmarshal(body, &d); err != nil || d == nil {
		return nil, bad("The request could not be understood by the server due to malformed syntax.")
	}
	return d, nil
}

// readDocs reads a body that is a list of objects.
func readDocs(body []byte) ([]doc, *refusal) {
	var list []doc
	if err := json.Unmarshal(body, &list); err != nil || list == nil {
		return nil, bad("The request could not be understood by the server due to malformed syntax.")
	}
	return list, nil
}

// deepCopy copies plain JSON data, so that no caller shares memory with the organisation.
func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copyMap(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = deepCopy(v[i])
		}
		return out
	default:
		return v
	}
}

func copyMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = deepCopy(v)
	}
	return out
}

// plain turns any value into plain JSON data (maps, lists, float64), as a client would read it.
func plain(v any) (map[string]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("render an object as JSON: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("read an object back from JSON: %w", err)
	}
	return out, nil
}

// asText is a value as an audit event shows it: a text, or JSON within a text.
func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// differences lists what changed between two sets of properties, by name.
func differences(before, after map[string]any) []Property {
	var out []Property
	all := map[string]any{}
	maps.Copy(all, before)
	maps.Copy(all, after)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		b, hadIt := before[k]
		a, hasIt := after[k]
		if hadIt == hasIt && asText(a) == asText(b) {
			continue
		}
		p := Property{Name: k}
		if hadIt {
			p.Old = []string{asText(b)}
		}
		if hasIt {
			p.New = []string{asText(a)}
		}
		out = append(out, p)
	}
	return out
}
