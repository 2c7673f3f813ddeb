package pattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Pattern is a pattern that was understood.
type Pattern struct {
	fields map[string]node
}

// node is either deeper fields or the filters of a value, of which one must match.
type node struct {
	fields  map[string]node
	filters []filter
}

// filter says whether a value (nil and there false: the field is missing) is let through.
type filter func(value any, there bool) bool

// Parse reads a pattern.
func Parse(text []byte) (Pattern, error) {
	v, err := decode(text)
	if err != nil {
		return Pattern{}, fmt.Errorf("read an event pattern: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok || len(object) == 0 {
		return Pattern{}, fmt.Errorf("read an event pattern: it is no object with a field")
	}
	fields, err := fieldsOf("", object)
	return Pattern{fields}, err
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

func fieldsOf(at string, object map[string]any) (map[string]node, error) {
	fields := map[string]node{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path := strings.TrimPrefix(at+"."+name, ".")
		if strings.HasPrefix(name, "$") {
			return nil, fmt.Errorf("read an event pattern: %s is not known here", path)
		}
		var err error
		var n node
		switch x := object[name].(type) {
		case map[string]any:
			n.fields, err = fieldsOf(path, x)
		case []any:
			n.filters, err = filtersOf(path, x)
		default:
			err = fmt.Errorf("read an event pattern: %s is neither an object nor a list", path)
		}
		if err != nil {
			return nil, err
		}
		fields[name] = n
	}
	return fields, nil
}

func filtersOf(path string, list []any) ([]filter, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("read an event pattern: the list of %s is empty", path)
	}
	var filters []filter
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			filters = append(filters, func(v any, there bool) bool { return there && v == item })
			continue
		}
		if len(object) != 1 {
			return nil, fmt.Errorf("read an event pattern: a filter of %s has %d keys", path, len(object))
		}
		for name, argument := range object {
			f, err := filterOf(name, argument)
			if err != nil {
				return nil, fmt.Errorf("read an event pattern: %s: %w", path, err)
			}
			filters = append(filters, f)
		}
	}
	return filters, nil
}

func filterOf(name string, argument any) (filter, error) {
	if name == "exists" {
		want, ok := argument.(bool)
		if !ok {
			return nil, fmt.Errorf("exists takes true or false")
		}
		return func(_ any, there bool) bool { return there == want }, nil
	}
	if name == "anything-but" {
		return anythingBut(argument)
	}
	compare := map[string]func(value, argument string) bool{
		"prefix": strings.HasPrefix, "suffix": strings.HasSuffix, "equals-ignore-case": strings.EqualFold,
	}[name]
	text, ok := argument.(string)
	if compare == nil || !ok {
		return nil, fmt.Errorf("the filter %s with %v is not known here", name, argument)
	}
	return func(v any, _ bool) bool {
		s, ok := v.(string)
		return ok && compare(s, text)
	}, nil
}

func anythingBut(argument any) (filter, error) {
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	for _, item := range list {
		switch item.(type) {
		case string, json.Number:
		default:
			return nil, fmt.Errorf("anything-but with %v is not known here", argument)
		}
	}
	return func(v any, there bool) bool { return there && !slices.Contains(list, v) }, nil
}

// Matches says whether an event matches: every field of the pattern does.
func (p Pattern) Matches(event []byte) (bool, error) {
	v, err := decode(event)
	if err != nil {
		return false, fmt.Errorf("read an event: %w", err)
	}
	object, _ := v.(map[string]any)
	return matches(p.fields, object), nil
}

func matches(fields map[string]node, object map[string]any) bool {
	for name, n := range fields {
		value, there := object[name]
		if n.filters == nil {
			deeper, _ := value.(map[string]any)
			if !matches(n.fields, deeper) {
				return false
			}
			continue
		}
		if !n.takes(value, there) {
			return false
		}
	}
	return true
}

// takes says whether one filter lets the value, or one item of a list, through.
func (n node) takes(value any, there bool) bool {
	if list, ok := value.([]any); ok && len(list) > 0 {
		return slices.ContainsFunc(list, func(item any) bool { return n.takes(item, true) })
	}
	return slices.ContainsFunc(n.filters, func(f filter) bool {
		switch value.(type) {
		case map[string]any, []any:
			return false
		default:
			return f(value, there)
		}
	})
}
