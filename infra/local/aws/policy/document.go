package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Document is a policy document.
type Document struct {
	Statements []Statement
}

// Statement is one statement of a document.
type Statement struct {
	Sid       string
	Deny      bool
	Actions   []string
	Resources []string
	// Principals of a resource's or a trust policy, as "Service:events.amazonaws.com" or "AWS:*"; empty in a role's policy.
	Principals []string
	Conditions []Condition
}

// Condition compares one key of a request with values: one of them must match.
type Condition struct {
	Operator, Key string
	Values        []string
}

type rawDocument struct {
	Version, ID string `json:",omitempty"`
	Statement   statements
}

type rawStatement struct {
	Sid, Effect      string
	Action, Resource texts
	Principal        any
	Condition        map[string]map[string]texts
}

// statements is one statement or a list of them.
type statements []rawStatement

// UnmarshalJSON reads either.
func (s *statements) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		var one rawStatement
		err := strict(b, &one)
		*s = statements{one}
		return err
	}
	var all []rawStatement
	err := strict(b, &all)
	*s = all
	return err
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	var all []string
	err := json.Unmarshal(b, &all)
	*t = all
	return err
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// operators are the condition operators that are known.
func operators() []string {
	return []string{"Bool", "StringEquals", "StringLike", "ArnEquals", "ArnLike"}
}

// Parse reads a document from JSON, without intrinsic functions in it.
func Parse(text []byte) (Document, error) {
	var raw rawDocument
	if err := strict(text, &raw); err != nil {
		return Document{}, fmt.Errorf("read a policy document: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	var d Document
	for i, r := range raw.Statement {
		s, err := r.parse()
		if err != nil {
			return Document{}, fmt.Errorf("read a policy document: statement %d %s: %w", i+1, r.Sid, err)
		}
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func (r rawStatement) parse() (Statement, error) {
	s := Statement{Sid: r.Sid, Actions: r.Action, Resources: r.Resource}
	switch r.Effect {
	case "Allow":
	case "Deny":
		s.Deny = true
	default:
		return s, fmt.Errorf("the effect %q is neither Allow nor Deny", r.Effect)
	}
	if len(s.Actions) == 0 {
		return s, fmt.Errorf("it names no action")
	}
	var err error
	if s.Principals, err = principals(r.Principal); err != nil {
		return s, err
	}
	for operator, keys := range r.Condition {
		if !slices.Contains(operators(), operator) {
			return s, fmt.Errorf("the condition operator %s is not known here", operator)
		}
		for key, values := range keys {
			s.Conditions = append(s.Conditions, Condition{Operator: operator, Key: key, Values: values})
		}
	}
	slices.SortFunc(s.Conditions, func(a, b Condition) int { return strings.Compare(a.Operator+a.Key, b.Operator+b.Key) })
	return s, nil
}

func principals(v any) ([]string, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{"AWS:" + x}, nil
	case map[string]any:
		var all []string
		for kind, value := range x {
			b, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			var names texts
			if err := json.Unmarshal(b, &names); err != nil {
				return nil, fmt.Errorf("the principal %v is not known here", value)
			}
			for _, name := range names {
				all = append(all, kind+":"+name)
			}
		}
		slices.Sort(all)
		return all, nil
	default:
		return nil, fmt.Errorf("the principal %v is not known here", v)
	}
}
