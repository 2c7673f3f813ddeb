package policy

import (
	"slices"
	"strings"
)

// Request is what somebody wants to do.
type Request struct {
	// Principal is who asks, in the form of Statement.Principals; "" for a role's own policies.
	Principal string
	Action    string
	// Resource is the ARN; "" for trust policies, which name none.
	Resource string
	// Context has the values that conditions ask for. A key that is not there matches nothing.
	Context map[string]string
}

// Decision is what the documents say about a request. Without a statement that allows, nothing is allowed; one that denies
// wins over all.
type Decision struct {
	Allowed bool
	// By are the statements that allowed it, or those that denied it.
	By []*Statement
}

// Denied says whether a statement denies the request, which is more than that none allows it.
func (d Decision) Denied() bool { return !d.Allowed && len(d.By) > 0 }

// Decide asks documents about a request.
func Decide(r Request, documents ...*Document) Decision {
	var allows, denies []*Statement
	for _, d := range documents {
		for i := range d.Statements {
			s := &d.Statements[i]
			switch {
			case !s.matches(r):
			case s.Deny:
				denies = append(denies, s)
			default:
				allows = append(allows, s)
			}
		}
	}
	if len(denies) > 0 {
		return Decision{By: denies}
	}
	return Decision{Allowed: len(allows) > 0, By: allows}
}

func (s *Statement) matches(r Request) bool {
	action := func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(r.Action)) }
	resource := func(pattern string) bool { return like(pattern, r.Resource) }
	if !slices.ContainsFunc(s.Actions, action) || len(s.Resources) > 0 && !slices.ContainsFunc(s.Resources, resource) {
		return false
	}
	if len(s.Principals) > 0 && !slices.ContainsFunc(s.Principals, func(p string) bool { return p == r.Principal || p == "AWS:*" }) {
		return false
	}
	for _, c := range s.Conditions {
		if !c.holds(r.Context) {
			return false
		}
	}
	return true
}

func (c Condition) holds(context map[string]string) bool {
	value, there := context[c.Key]
	return there && slices.ContainsFunc(c.Values, func(want string) bool {
		switch c.Operator {
		case "StringEquals":
			return value == want
		case "Bool":
			return strings.EqualFold(value, want)
		default: // ArnEquals and ArnLike both take wildcards
			return like(want, value)
		}
	})
}

// like matches a text with a pattern in which * stands for any text and ? for any character.
func like(pattern, text string) bool {
	star, mark, p, t := -1, 0, 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Uses counts which grants of documents were needed: per statement, action and resource.
type Uses map[Use]int

// Use is one grant: one action of one statement on one resource pattern.
type Use struct {
	Sid, Action, Resource string
}

// Note counts a request that was allowed.
func (u Uses) Note(r Request, d Decision) {
	for _, s := range d.By {
		for _, a := range s.Actions {
			if !like(strings.ToLower(a), strings.ToLower(r.Action)) {
				continue
			}
			for _, pattern := range s.Resources {
				if like(pattern, r.Resource) {
					u[Use{s.Sid, a, pattern}]++
				}
			}
		}
	}
}

// Unused lists the grants of the documents that no request needed, in their order. about says which actions to list.
func (u Uses) Unused(about func(action string) bool, documents ...*Document) []Use {
	var unused []Use
	for _, d := range documents {
		for _, s := range d.Statements {
			for _, a := range s.Actions {
				for _, r := range s.Resources {
					if use := (Use{s.Sid, a, r}); !s.Deny && about(a) && u[use] == 0 {
						unused = append(unused, use)
					}
				}
			}
		}
	}
	return unused
}
