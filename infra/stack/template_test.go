package stack_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// template is a synthesized template.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
	text      []byte
}

type resource struct {
	id                                  string
	Type                                string
	Properties                          map[string]any
	DeletionPolicy, UpdateReplacePolicy string
}

// all gives the resources of a type, by logical id.
func (t template) all(kind string) []resource {
	var found []resource
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if r := t.Resources[id]; r.Type == kind {
			r.id = id
			found = append(found, r)
		}
	}
	return found
}

// named gives the one resource of a type whose property holds a value.
func (t template) named(tb testing.TB, kind, property, value string) resource {
	tb.Helper()
	for _, r := range t.all(kind) {
		if t.show(r.Properties[property]) == value {
			return r
		}
	}
	tb.Fatalf("no %s has %s %q", kind, property, value)
	return resource{}
}

// show writes a value of the template as one text: a reference is ${id}, an attribute ${id.Attribute}, a join its parts.
func (t template) show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		return t.intrinsic(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = t.show(v[i])
		}
		return strings.Join(parts, ",")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

func (t template) intrinsic(v map[string]any) string {
	if ref, ok := v["Ref"].(string); ok {
		return "${" + ref + "}"
	}
	if at, ok := v["Fn::GetAtt"].([]any); ok {
		return fmt.Sprintf("${%s.%s}", at...)
	}
	if join, ok := v["Fn::Join"].([]any); ok {
		var parts []string
		for _, p := range join[1].([]any) {
			parts = append(parts, t.show(p))
		}
		return strings.Join(parts, join[0].(string))
	}
	return fmt.Sprint(v)
}

// path walks into properties; a missing step gives nil.
func path(v any, steps ...string) any {
	for _, step := range steps {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[step]
	}
	return v
}

// want compares properties of a resource with what is wanted. A wanted nil means: not there.
func (t template) want(tb testing.TB, r resource, properties map[string]any) {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		got, wanted := path(any(r.Properties), strings.Split(name, ".")...), properties[name]
		if wanted == nil {
			if got != nil {
				tb.Errorf("%s %s: %s is %v, want none", r.Type, r.id, name, got)
			}
			continue
		}
		if t.show(got) != fmt.Sprint(wanted) || got == nil {
			tb.Errorf("%s %s: %s is %v, want %v", r.Type, r.id, name, t.show(got), wanted)
		}
	}
}

// strs reads a text or a list of texts.
func strs(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, fmt.Sprint(e))
		}
		return out
	}
	return nil
}

// function gives a function by its name in the bundle.
func (s synthesized) function(tb testing.TB, name string) resource {
	tb.Helper()
	return s.named(tb, "AWS::Lambda::Function", "FunctionName", s.stage.StackName()+"-"+name)
}

func (s synthesized) queue(tb testing.TB, name string) resource {
	tb.Helper()
	return s.named(tb, "AWS::SQS::Queue", "QueueName", s.stage.StackName()+"-"+name)
}

func (s synthesized) table(tb testing.TB) resource {
	tb.Helper()
	return s.named(tb, "AWS::DynamoDB::Table", "TableName", s.stage.StackName()+"-mapping")
}

// statement is one statement of a policy.
type statement struct {
	sid, effect        string
	actions, resources []string
	principal          string
	condition          map[string]any
}

// statements reads those of a policy document.
func (t template) statements(document any) []statement {
	var out []statement
	list, _ := path(document, "Statement").([]any)
	for _, raw := range list {
		s := raw.(map[string]any)
		resources := []string{}
		if many, ok := s["Resource"].([]any); ok {
			for _, r := range many {
				resources = append(resources, t.show(r))
			}
		} else {
			resources = append(resources, t.show(s["Resource"]))
		}
		condition, _ := s["Condition"].(map[string]any)
		principal := t.show(s["Principal"])
		if service, ok := path(s["Principal"], "Service").(string); ok {
			principal = service
		}
		out = append(out, statement{
			sid: t.show(s["Sid"]), effect: t.show(s["Effect"]), actions: strs(s["Action"]), resources: resources,
			principal: principal, condition: condition,
		})
	}
	return out
}

// role gives the statements of a function's or a schedule's role, which it names by ARN.
func (t template) role(tb testing.TB, arn any) []statement {
	tb.Helper()
	id, _, _ := strings.Cut(strings.TrimPrefix(t.show(arn), "${"), ".")
	r, ok := t.Resources[id]
	if !ok || r.Type != "AWS::IAM::Role" {
		tb.Fatalf("%s is no role", t.show(arn))
	}
	if r.Properties["ManagedPolicyArns"] != nil {
		tb.Errorf("role %s has managed policies: %v", id, r.Properties["ManagedPolicyArns"])
	}
	policies := r.Properties["Policies"].([]any)
	if len(policies) != 1 {
		tb.Fatalf("role %s has %d policies", id, len(policies))
	}
	return t.statements(path(policies[0], "PolicyDocument"))
}
