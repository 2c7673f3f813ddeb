package expression

import (
	"strconv"
	"strings"
)

// String gives the canonical text, which parses to an equal expression. Two expressions with one canonical text accept
// the same agents; it adds no parentheses and no bytes but blanks to what was parsed, so that it is within the limits.
func (e *Expr) String() string { return e.root.String() }

// String writes the terms; a junction among the terms of an "&" is one of "|", and needs its parentheses.
func (j junction) String() string {
	texts := make([]string, len(j.terms))
	for i, term := range j.terms {
		texts[i] = term.String()
		if _, ok := term.(junction); ok && !j.any {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	if j.any {
		return strings.Join(texts, " | ")
	}
	return strings.Join(texts, " & ")
}

// String writes ~ before the term.
func (n not) String() string {
	if _, ok := n.term.(junction); ok {
		return "~(" + n.term.String() + ")"
	}
	return "~" + n.term.String()
}

// String writes the comparison without blanks, as administrators do.
func (c comparison) String() string {
	return c.left.String() + string(c.by) + c.right.String()
}

// String writes the constant or the function.
func (o operand) String() string {
	if o.function.name == "" {
		return strconv.Itoa(o.constant)
	}
	return o.function.String()
}

// String writes the call.
func (f function) String() string {
	return string(f.name) + `("` + f.argument + `")`
}
