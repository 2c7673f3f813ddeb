package expression

import "strings"

// node is a part of an expression's tree.
type node interface {
	// members gives the agents for whom the node, or its negation, holds.
	members(v view, negated bool) Set
	// always says that the node, or its negation, holds for every agent on account of LoggedIn alone.
	always(negated bool) bool
	// visit calls f with each function, from left to right.
	visit(f func(function))
	// String gives the canonical text.
	String() string
}

// junction joins terms by "|" (any) or "&". It has two terms or more, and none that is a junction of the same sort.
type junction struct {
	any   bool
	terms []node
}

func (j *junction) add(term node) {
	if inner, ok := term.(junction); ok && inner.any == j.any {
		j.terms = append(j.terms, inner.terms...)
		return
	}
	j.terms = append(j.terms, term)
}

// simple gives the junction, or its only term.
func (j *junction) simple() node {
	if len(j.terms) == 1 {
		return j.terms[0]
	}
	return *j
}

// not negates a term.
type not struct{ term node }

// comparison compares a function with a constant or another function.
type comparison struct {
	left  function
	by    comparator
	right operand
}

// operand is a comparison's right side: a function, or a constant if the function has no name.
type operand struct {
	function function
	constant int
}

// functionName is a function's canonical name.
type functionName string

const (
	skillLevel  functionName = "Skill"       // the level of a skill
	skillExists functionName = "SkillExists" // whether the agent holds it
	loggedIn    functionName = "LoggedIn"    // whether the agent is logged in to a queue@switch or a switch, now
)

func functionNamed(text string) (functionName, bool) {
	for _, name := range [...]functionName{skillLevel, skillExists, loggedIn} {
		if strings.EqualFold(text, string(name)) {
			return name, true
		}
	}
	return "", false
}

// function is a function's call. As a node it is the test SkillExists("x") or LoggedIn("x").
type function struct {
	name     functionName
	argument string
}

// comparator is an operator between two numbers, as it is written.
type comparator string

func (c comparator) holds(a, b int) bool {
	switch c {
	case "=":
		return a == b
	case "!=":
		return a != b
	case ">=":
		return a >= b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a < b
	}
}

// mirrored gives the comparator that says the same with the sides exchanged.
func (c comparator) mirrored() comparator {
	switch c {
	case ">=":
		return "<="
	case "<=":
		return ">="
	case ">":
		return "<"
	case "<":
		return ">"
	default:
		return c
	}
}
