package expression_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func parse(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *expression.Expr {
	t.Helper()
	e, err := expression.Parse(text)
	if err != nil {
		t.Fatalf("parse %q: %v", text, err)
	}
	return e
}

func members(e *expression.Expr, pop *expression.Population, zero bool) []int {
	return slices.Collect(e.Members(pop, expression.Options{AbsentZero: zero}).All())
}

// However an expression is written, it accepts exactly the agents that the reference accepts one by one.
func TestMembersEqualTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, agents := drawTree(t, 4, true), drawAgents(t)
		text := tree.write(&scribe{t}, 2)
		e, pop := parse(t, text), populate(agents)
		for _, zero := range []bool{false, true} {
			var want []int
			for i, a := range agents {
				if tree.can(true, a, zero) {
					want = append(want, i)
				}
			}
			if diff := cmp.Diff(want, members(e, pop, zero)); diff != "" {
				t.Fatalf("%s, absent zero %v (-reference +got):\n%s", text, zero, diff)
			}
		}
	})
}

// The canonical text parses to an equal expression and is its own canonical text.
func TestStringRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := parse(t, drawTree(t, 5, true).write(&scribe{t}, 2))
		again := parse(t, e.String())
		if !reflect.DeepEqual(e, again) {
			t.Fatalf("%s became %s", e, again)
		}
		if e.String() != again.String() {
			t.Fatalf("canonical text %q is not stable: %q", e, again)
		}
	})
}

// White space, case of functions, redundant parentheses and the sign of negation make no difference.
func TestTheWayOfWritingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := drawTree(t, 4, true)
		one, other := tree.write(&scribe{t}, 2), tree.write(&scribe{t}, 2)
		if a, b := parse(t, one), parse(t, other); !reflect.DeepEqual(a, b) {
			t.Fatalf("%q is %s\n%q is %s", one, a, other, b)
		}
	})
}

// Without LoggedIn an expression and its negation share nobody and leave nobody out; with it they only leave nobody out.
func TestNegationIsTheComplement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loggedIn := rapid.Bool().Draw(t, "loggedIn")
		e := parse(t, drawTree(t, 4, loggedIn).write(&scribe{t}, 2))
		negated := parse(t, "~("+e.String()+")")
		agents := drawAgents(t)
		pop, opts := populate(agents), expression.Options{AbsentZero: rapid.Bool().Draw(t, "zero")}
		is, isNot := e.Members(pop, opts), negated.Members(pop, opts)
		for i := range agents {
			if !is.Contains(i) && !isNot.Contains(i) {
				t.Fatalf("agent %d is neither in %s nor in its negation", i, e)
			}
			if is.Contains(i) && isNot.Contains(i) && !loggedIn {
				t.Fatalf("agent %d is both in %s and in its negation", i, e)
			}
		}
	})
}

// Notes name LoggedIn and the unknown skills that the tree really has, and AcceptsAll never promises too much.
func TestNotesFitTheExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, agents := drawTree(t, 4, true), drawAgents(t)
		e, pop := parse(t, tree.write(&scribe{t}, 2)), populate(agents)
		known := map[string]bool{}
		for _, a := range agents {
			for name := range a {
				known[name] = true
			}
		}
		functions := functionsOf(tree)
		notes := e.Notes(pop)
		want := expression.Notes{AcceptsAll: notes.AcceptsAll}
		for _, f := range functions {
			if f.function == "LoggedIn" {
				want.LoggedIn = true
			} else if !known[f.argument] && !slices.Contains(want.UnknownSkills, f.argument) {
				want.UnknownSkills = append(want.UnknownSkills, f.argument)
			}
		}
		// A constant on the left goes to the right, which moves no function: the order of names is the tree's.
		if diff := cmp.Diff(want, notes); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", e, diff)
		}
		if notes.AcceptsAll && (!notes.LoggedIn || e.Members(pop, expression.Options{}).Len() != len(agents)) {
			t.Fatalf("%s is said to accept everybody", e)
		}
	})
}

func functionsOf(t tree) []value {
	switch t := t.(type) {
	case or:
		return append(functionsOf(t.left), functionsOf(t.right)...)
	case and:
		return append(functionsOf(t.left), functionsOf(t.right)...)
	case no:
		return functionsOf(t.inner)
	case holds:
		return []value{{function: "SkillExists", argument: t.skill}}
	case logged:
		return []value{{function: "LoggedIn", argument: t.place}}
	case compares:
		return slices.DeleteFunc([]value{t.left, t.right}, func(v value) bool { return v.function == "" })
	default:
		panic("a tree of an unknown sort")
	}
}

// A script that was cut short, as when one of its parts is lost, is wrong at its end and is reported there.
func TestACutScriptIsReportedAtItsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawTree(t, 3, true).write(&scribe{t}, 2)
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		_, err := expression.Parse(text[:cut])
		if err == nil {
			return
		}
		var syntax *expression.SyntaxError
		if !errors.As(err, &syntax) {
			t.Fatalf("error of type %T", err)
		}
		if syntax.Offset > cut {
			t.Fatalf("offset %d is behind the end, %d", syntax.Offset, cut)
		}
		// Only the piece of a token that the cut broke can lie behind the position; the longest is a name with its blanks.
		if rest := text[syntax.Offset:cut]; len(rest) > len("\"\tback\\slash  ") {
			t.Fatalf("cut at %d, but reported %q", cut, rest)
		}
	})
}
