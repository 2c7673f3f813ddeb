package exorgtest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
)

// bodiesJSON holds the types and enums of every request body, taken from the published API document by TestBodiesAreThePublishedOnes (-update).
// It is compiled in, so that the organisation refuses the same bodies on every machine.
//
//go:embed bodies.json
var bodiesJSON []byte

// shape is what a value in a body must be. The zero shape takes anything.
type shape struct {
	Type   string            `json:"type,omitempty"`
	Enum   []string          `json:"enum,omitempty"`
	Fields map[string]*shape `json:"fields,omitempty"` // of an object; those not named take anything
	Items  *shape            `json:"items,omitempty"`  // of an array
	Values *shape            `json:"values,omitempty"` // of an object whose names are free
	Ref    string            `json:"ref,omitempty"`    // stands for a named shape
}

// bodies is the shapes of all request bodies, by "PUT /api/v2/routing/queues/{queueId}".
type bodies struct {
	Operations map[string]*shape `json:"operations"`
	Shapes     map[string]*shape `json:"shapes"`
}

// publishedBodies reads the compiled-in shapes once.
var publishedBodies = sync.OnceValue(func() *bodies {
	b := &bodies{}
	if err := json.Unmarshal(bodiesJSON, b); err != nil {
		panic(fmt.Sprintf("bodies.json: %v", err))
	}
	return b
})

// refuse returns the refusal of a body that has a value of a wrong type or outside an enum, as the platform answers it before it looks at
// anything else. Broken JSON, and operations without a shape, are left to the operation.
func (b *bodies) refuse(operation string, body []byte) *refusal {
	s := b.Operations[operation]
	if s == nil || len(body) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil || v == nil {
		return nil
	}
	return b.check(s, "", v)
}

// check compares a value with its shape; name is that of the field that holds it. null counts as left out.
func (b *bodies) check(s *shape, name string, v any) *refusal {
	for s != nil && s.Ref != "" {
		s = b.Shapes[s.Ref]
	}
	if s == nil || v == nil {
		return nil
	}
	if !s.holds(v) {
		return bad("Value [%s] is not valid for field type [%s].", asText(v), typeName(name, s.Type))
	}
	if text, ok := v.(string); ok && len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		return bad("Value [%s] is not valid for field type [%s]. Allowable values are: %s", text, typeName(name, s.Type), strings.Join(s.Enum, ", "))
	}
	return b.checkInner(s, name, v)
}

func (b *bodies) checkInner(s *shape, name string, v any) *refusal {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if e := b.check(s.Items, name, e); e != nil {
				return e
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			field := s.Fields[k]
			if field == nil {
				field = s.Values
			}
			if e := b.check(field, k, v[k]); e != nil {
				return e
			}
		}
	}
	return nil
}

// holds says whether a value is of the shape's type.
func (s *shape) holds(v any) bool {
	ok := true
	switch s.Type {
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number":
		_, ok = v.(float64)
	case "integer":
		var f float64
		f, ok = v.(float64)
		ok = ok && f == math.Trunc(f)
	case "array":
		_, ok = v.([]any)
	case "object":
		_, ok = v.(map[string]any)
	}
	return ok
}

// typeName is what the platform calls the type of a field: the name of its own class, not the path of the field.
func typeName(field, kind string) string {
	if field == "" {
		field = kind
	}
	if field == "" {
		return "Object"
	}
	return strings.ToUpper(field[:1]) + field[1:]
}

// refuseFirstRuleQueue refuses a queue in the first conditional group routing rule: that rule means the queue itself, always.
func refuseFirstRuleQueue(in doc) *refusal {
	if first := firstRule(in["conditionalGroupRouting"]); first != nil && first["queue"] != nil {
		return bad("The first rule must not name a queue: it is evaluated for the queue itself.")
	}
	return nil
}

// firstRule returns the first rule of a conditional group routing, nil when there is none.
func firstRule(routing any) map[string]any {
	m, _ := routing.(map[string]any)
	rules, _ := m["rules"].([]any)
	if len(rules) == 0 {
		return nil
	}
	first, _ := rules[0].(map[string]any)
	return first
}
