package expression_test

import (
	"fmt"
	"testing"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
)

// everyAgent gives an agent for each way to hold or lack two skills at levels around a threshold.
func everyAgent() []agent {
	const absent = -9
	var agents []agent
	for _, a := range []int{absent, -1, 0, 1, 2} {
		for _, b := range []int{absent, -1, 0, 1, 2} {
			one := agent{}
			if a != absent {
				one["a"] = a
			}
			if b != absent {
				one["b"] = b
			}
			agents = append(agents, one)
		}
	}
	return agents
}

// everyTest gives each way to ask about the two skills, a third that nobody holds, and LoggedIn.
func everyTest() []tree {
	tests := []tree{holds{"a"}, holds{"b"}, holds{"c"}, logged{"x"}}
	functions := []value{
		{function: "Skill", argument: "a"}, {function: "Skill", argument: "b"}, {function: "Skill", argument: "c"},
		{function: "SkillExists", argument: "a"}, {function: "SkillExists", argument: "c"}, {function: "LoggedIn", argument: "x"},
	}
	for _, op := range relation {
		for _, f := range functions {
			for constant := -2; constant <= 3; constant++ {
				tests = append(tests, compares{f, op, value{constant: constant}}, compares{value{constant: constant}, op, f})
			}
			for _, other := range functions {
				tests = append(tests, compares{f, op, other})
			}
		}
	}
	return tests
}

// plain writes a tree in one way, with all the parentheses that the grammar allows.
func plain(t tree) string {
	switch t := t.(type) {
	case or:
		return "(" + plain(t.left) + "|" + plain(t.right) + ")"
	case and:
		return "(" + plain(t.left) + "&" + plain(t.right) + ")"
	case no:
		return "~(" + plain(t.inner) + ")"
	case holds:
		return `SkillExists("` + t.skill + `")`
	case logged:
		return `LoggedIn("` + t.place + `")`
	case compares:
		return plainValue(t.left) + t.op + plainValue(t.right)
	default:
		panic("a tree of an unknown sort")
	}
}

func plainValue(v value) string {
	if v.function == "" {
		return fmt.Sprint(v.constant)
	}
	return v.function + `("` + v.argument + `")`
}

func checkAgainstReference(t *testing.T, tr tree, agents []agent, pop *expression.Population) {
	t.Helper()
	e := parse(t, plain(tr))
	for _, zero := range []bool{false, true} {
		var want []int
		for i, a := range agents {
			if tr.can(true, a, zero) {
				want = append(want, i)
			}
		}
		if diff := cmp.Diff(want, members(e, pop, zero)); diff != "" {
			t.Errorf("%s, absent zero %v (-reference +got):\n%s", plain(tr), zero, diff)
		}
	}
}

// Each test, and its negation, is judged as the reference judges it for each agent that there can be.
func TestEveryTestForEveryAgent(t *testing.T) {
	agents := everyAgent()
	pop := populate(agents)
	for _, test := range everyTest() {
		checkAgainstReference(t, test, agents, pop)
		checkAgainstReference(t, no{test}, agents, pop)
		checkAgainstReference(t, no{no{test}}, agents, pop)
	}
}

// Two tests, one of each sort, joined and negated in every way that two tests can be.
func TestEveryPairOfTests(t *testing.T) {
	agents := everyAgent()
	pop := populate(agents)
	tests := []tree{
		holds{"a"}, holds{"c"}, logged{"x"},
		compares{value{function: "Skill", argument: "a"}, ">=", value{constant: 1}},
		compares{value{function: "Skill", argument: "b"}, "!=", value{constant: 0}},
		compares{value{function: "Skill", argument: "a"}, "<", value{function: "Skill", argument: "b"}},
		compares{value{function: "SkillExists", argument: "b"}, "=", value{constant: 0}},
		compares{value{function: "LoggedIn", argument: "x"}, "=", value{constant: 1}},
	}
	for _, one := range tests {
		for _, other := range tests {
			for _, left := range []tree{one, no{one}} {
				for _, right := range []tree{other, no{other}} {
					for _, joined := range []tree{and{left, right}, or{left, right}} {
						checkAgainstReference(t, joined, agents, pop)
						checkAgainstReference(t, no{joined}, agents, pop)
					}
				}
			}
		}
	}
}

// Three tests without parentheses: the text is read with the precedence that the grammar states, for each pair of
// operators and each place of a negation. The agents are the rows of the truth table.
func TestPrecedenceOfEveryThree(t *testing.T) {
	pop := expression.NewPopulation(8)
	held := func(row, which int) bool { return row>>which&1 == 1 }
	for row := range 8 {
		for which, skill := range []string{"a", "b", "c"} {
			if held(row, which) {
				pop.SetLevel(row, skill, 1)
			}
		}
	}
	operators := map[string]func(a, b bool) bool{
		"&": func(a, b bool) bool { return a && b },
		"|": func(a, b bool) bool { return a || b },
	}
	for first, f := range operators {
		for second, g := range operators {
			for signs := range 8 {
				sign := func(which int) string { return []string{"", "~"}[signs>>which&1] }
				text := fmt.Sprintf(`%sSkillExists("a")%s%sSkillExists("b")%s%sSkillExists("c")`, sign(0), first, sign(1), second, sign(2))
				got := parse(t, text).Members(pop, expression.Options{})
				for row := range 8 {
					a, b, c := held(row, 0) != held(signs, 0), held(row, 1) != held(signs, 1), held(row, 2) != held(signs, 2)
					want := g(f(a, b), c)
					if first == "|" && second == "&" {
						want = f(a, g(b, c))
					}
					if got.Contains(row) != want {
						t.Errorf("%s for a=%v b=%v c=%v: got %v", text, held(row, 0), held(row, 1), held(row, 2), got.Contains(row))
					}
				}
			}
		}
	}
}
