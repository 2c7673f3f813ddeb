package reference

import (
	"fmt"
	"strconv"
	"strings"
)

// accepts says whether an agent with these skill levels is a member of a virtual agent group: a naive reading of the
// expression, one agent at a time. It panics on what the generated sites do not use.
func accepts(script string, levels map[string]int) bool {
	e := &naive{text: script, levels: levels}
	ok := e.or()
	e.space()
	if e.text != "" {
		panic(fmt.Sprintf("the reference does not understand %q of %q", e.text, script))
	}
	return ok
}

type naive struct {
	text   string
	levels map[string]int
}

func (e *naive) space() { e.text = strings.TrimLeft(e.text, " \t\n\r") }

func (e *naive) eat(s string) bool {
	e.space()
	if !strings.HasPrefix(e.text, s) {
		return false
	}
	e.text = e.text[len(s):]
	return true
}

func (e *naive) or() bool {
	ok := e.and()
	for e.eat("|") {
		right := e.and()
		ok = ok || right
	}
	return ok
}

func (e *naive) and() bool {
	ok := e.not()
	for e.eat("&") {
		right := e.not()
		ok = ok && right
	}
	return ok
}

func (e *naive) not() bool {
	if e.eat("~") || e.eat("!") {
		return !e.not()
	}
	if e.eat("(") {
		ok := e.or()
		if !e.eat(")") {
			panic("missing ) before " + e.text)
		}
		return ok
	}
	return e.test()
}

func (e *naive) test() bool {
	if e.eat(`SkillExists("`) {
		_, has := e.levels[e.name()]
		return has
	}
	if !e.eat(`Skill("`) {
		panic("a function is missing before " + e.text)
	}
	level, has := e.levels[e.name()]
	for _, op := range []string{">=", "<=", "!=", ">", "<", "="} {
		if e.eat(op) {
			n := e.number()
			return has && compare(level, op, n)
		}
	}
	panic("an operator is missing before " + e.text)
}

func (e *naive) name() string {
	name, rest, ok := strings.Cut(e.text, `")`)
	if !ok {
		panic("unclosed name in " + e.text)
	}
	e.text = rest
	return strings.TrimSpace(name)
}

func (e *naive) number() int {
	e.space()
	i := 0
	for i < len(e.text) && (e.text[i] == '-' || e.text[i] >= '0' && e.text[i] <= '9') {
		i++
	}
	n, err := strconv.Atoi(e.text[:i])
	if err != nil {
		panic(err)
	}
	e.text = e.text[i:]
	return n
}

func compare(a int, op string, b int) bool {
	switch op {
	case ">=":
		return a >= b
	case "<=":
		return a <= b
	case "!=":
		return a != b
	case ">":
		return a > b
	case "<":
		return a < b
	default:
		return a == b
	}
}
