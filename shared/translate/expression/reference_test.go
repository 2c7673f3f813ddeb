package expression_test

import (
	"fmt"
	"strings"

	"excs/shared/translate/expression"

	"pgregory.net/rapid"
)

// agent is an agent as the reference sees it: what is not in the map is not held.
type agent map[string]int

// tree is an expression as the reference sees it. It knows how to judge one agent, and how to write itself down in one
// of the many ways that the grammar allows; it shares nothing with the package.
type tree interface {
	// can says whether the expression can have the wanted value for the agent, whoever is logged in.
	can(want bool, a agent, absentZero bool) bool
	// write gives a text; loose counts how loosely the operator around it binds: 0 a negation, 1 an "&", 2 a "|".
	write(s *scribe, loose int) string
}

type (
	or       struct{ left, right tree }
	and      struct{ left, right tree }
	no       struct{ inner tree }
	holds    struct{ skill string }
	logged   struct{ place string }
	compares struct {
		left  value
		op    string
		right value
	}
)

func (t or) can(want bool, a agent, zero bool) bool {
	l, r := t.left.can(want, a, zero), t.right.can(want, a, zero)
	return want && (l || r) || !want && l && r
}

func (t and) can(want bool, a agent, zero bool) bool {
	l, r := t.left.can(want, a, zero), t.right.can(want, a, zero)
	return want && l && r || !want && (l || r)
}

func (t no) can(want bool, a agent, zero bool) bool { return t.inner.can(!want, a, zero) }

func (t holds) can(want bool, a agent, _ bool) bool { _, ok := a[t.skill]; return ok == want }

func (t logged) can(bool, agent, bool) bool { return true }

func (t compares) can(want bool, a agent, zero bool) bool {
	l, lOK := t.left.of(a, zero)
	r, rOK := t.right.of(a, zero)
	result := map[string]bool{"=": l == r, "!=": l != r, "<": l < r, "<=": l <= r, ">": l > r, ">=": l >= r}[t.op]
	return t.left.function == "LoggedIn" || t.right.function == "LoggedIn" || (lOK && rOK && result) == want
}

// value is one side of a comparison: a constant, if function is "".
type value struct {
	function, argument string
	constant           int
}

func (v value) of(a agent, zero bool) (int, bool) {
	held, ok := a[v.argument]
	switch {
	case v.function == "":
		return v.constant, true
	case v.function == "SkillExists" && ok:
		return 1, true
	case v.function == "SkillExists":
		return 0, true
	default:
		return held, ok || zero
	}
}

// scribe writes trees, each time another way: white space, case, redundant parentheses, ! or ~.
type scribe struct{ t *rapid.T }

func (s *scribe) pick(options ...string) string { return rapid.SampledFrom(options).Draw(s.t, "way") }

func (s *scribe) gap() string { return s.pick("", "", "", " ", "\n", "\t", " \r\n ", "\u00a0") }

func (s *scribe) wrap(text string, needed bool) string {
	if needed || s.pick("no", "no", "no", "yes") == "yes" {
		return "(" + s.gap() + text + s.gap() + ")"
	}
	return text
}

func (s *scribe) call(function, argument string) string {
	function = s.pick(function, function, strings.ToLower(function), strings.ToUpper(function))
	return function + s.gap() + "(" + s.gap() + `"` + s.pick("", "", " ", "\t") + argument + s.pick("", "", "  ") + `"` + s.gap() + ")"
}

func (t or) write(s *scribe, loose int) string {
	return s.wrap(t.left.write(s, 2)+s.gap()+"|"+s.gap()+t.right.write(s, 2), loose < 2)
}

func (t and) write(s *scribe, loose int) string {
	return s.wrap(t.left.write(s, 1)+s.gap()+"&"+s.gap()+t.right.write(s, 1), loose < 1)
}

func (t no) write(s *scribe, _ int) string {
	return s.wrap(s.pick("~", "!")+s.gap()+t.inner.write(s, 0), false)
}

func (t holds) write(s *scribe, _ int) string  { return s.wrap(s.call("SkillExists", t.skill), false) }
func (t logged) write(s *scribe, _ int) string { return s.wrap(s.call("LoggedIn", t.place), false) }

func (t compares) write(s *scribe, _ int) string {
	return s.wrap(t.left.write(s)+s.gap()+t.op+s.gap()+t.right.write(s), false)
}

func (v value) write(s *scribe) string {
	if v.function == "" {
		return fmt.Sprint(v.constant)
	}
	return s.call(v.function, v.argument)
}

// The names are few, so that they meet; one differs from another in case alone, one is nobody's.
var (
	skills   = []string{"English", "english", "Sales", "2nd level", `back\slash`, "客服", "Nobody's"}
	relation = []string{"=", "!=", "<", "<=", ">", ">="}
)

func drawLevel(t *rapid.T) int { return rapid.IntRange(-2, 6).Draw(t, "level") }

func drawSkill(t *rapid.T) string { return rapid.SampledFrom(skills).Draw(t, "skill") }

// drawTree draws an expression of at most so many levels.
func drawTree(t *rapid.T, depth int, loggedIn bool) tree {
	sort := rapid.IntRange(0, 9).Draw(t, "sort")
	switch {
	case depth > 0 && sort < 3:
		return or{drawTree(t, depth-1, loggedIn), drawTree(t, depth-1, loggedIn)}
	case depth > 0 && sort < 6:
		return and{drawTree(t, depth-1, loggedIn), drawTree(t, depth-1, loggedIn)}
	case depth > 0 && sort < 8:
		return no{drawTree(t, depth-1, loggedIn)}
	case sort == 9 && loggedIn:
		return logged{"7001@North"}
	case sort%2 == 0:
		return holds{drawSkill(t)}
	default:
		return drawComparison(t, loggedIn)
	}
}

func drawComparison(t *rapid.T, loggedIn bool) tree {
	functions := []string{"Skill", "Skill", "Skill", "SkillExists"}
	if loggedIn {
		functions = append(functions, "LoggedIn")
	}
	function := func() value {
		return value{function: rapid.SampledFrom(functions).Draw(t, "function"), argument: drawSkill(t)}
	}
	c := compares{function(), rapid.SampledFrom(relation).Draw(t, "relation"), value{constant: drawLevel(t)}}
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		c.right = function()
	case 1:
		c.left, c.right = c.right, c.left
	}
	return c
}

// drawAgents draws agents around the edges of the machine words that sets are made of.
func drawAgents(t *rapid.T) []agent {
	agents := make([]agent, rapid.SampledFrom([]int{0, 1, 2, 5, 63, 64, 65, 130}).Draw(t, "agents"))
	for i := range agents {
		agents[i] = agent{}
		for range rapid.IntRange(0, 3).Draw(t, "skills") {
			if name := drawSkill(t); name != "Nobody's" {
				agents[i][name] = drawLevel(t)
			}
		}
	}
	return agents
}

func populate(agents []agent) *expression.Population {
	pop := expression.NewPopulation(len(agents))
	for i, a := range agents {
		for name, level := range a {
			pop.SetLevel(i, name, level)
		}
	}
	return pop
}
