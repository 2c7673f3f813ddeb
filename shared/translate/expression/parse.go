package expression

import (
	"fmt"
	"strconv"
	"strings"

	"excs/shared/model"
)

// The limits of an expression. Engage's own reporting stores up to 1,024 characters of one (FACTS E7), so
// that both are far beyond what anybody writes, and far below what would cost memory or stack.
const (
	// MaxLength is the most bytes, white space between the parts not counted.
	MaxLength = 64 << 10
	// MaxDepth is how deep parentheses and negations nest.
	MaxDepth = 200
)

// Expr is a parsed skill expression. It does not change and is safe to share. Equal expressions are deeply equal.
type Expr struct {
	root node
}

// Parse reads a skill expression by the grammar in the package comment. The error is always a *[SyntaxError].
func Parse(text string) (*Expr, error) {
	p := &parser{lexer: lexer{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.anyOf()
	if err != nil {
		return nil, err
	}
	switch p.current.kind {
	case end:
		return &Expr{root: root}, nil
	case closing:
		return nil, p.fail("an opening parenthesis for this closing one")
	default:
		return nil, p.fail("&, | or the end of the expression")
	}
}

// parser is a recursive-descent parser: one method for each line of the grammar, one token of look-ahead.
type parser struct {
	lexer    lexer
	previous token
	current  token
	size     int // bytes of the tokens so far
	depth    int
}

func (p *parser) advance() error {
	p.previous, p.current = p.current, p.lexer.next()
	p.size += len(p.current.text)
	if p.size > MaxLength {
		return p.failWith(fmt.Sprintf("an expression of at most %d bytes", MaxLength), "split the group")
	}
	return nil
}

// enter goes one level deeper, past the current token.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.failWith(fmt.Sprintf("at most %d parentheses and negations within each other", MaxDepth), "simplify the expression")
	}
	return p.advance()
}

func (p *parser) leave() { p.depth-- }

func (p *parser) fail(expected string) error {
	return p.failWith(expected, hint(p.previous, p.current))
}

func (p *parser) failWith(expected, hint string) error {
	return fault(p.lexer.text, p.current, expected, hint)
}

func (p *parser) anyOf() (node, error) { return p.chain(either, p.allOf) }

func (p *parser) allOf() (node, error) { return p.chain(both, p.negation) }

// chain reads operands joined by one operator. It is a loop and the result is flat, so that a long chain costs no depth.
func (p *parser) chain(operator kind, operand func() (node, error)) (node, error) {
	chain := junction{any: operator == either}
	for {
		term, err := operand()
		if err != nil {
			return nil, err
		}
		chain.add(term)
		if p.current.kind != operator {
			return chain.simple(), nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) negation() (node, error) {
	if p.current.kind != negative {
		return p.test()
	}
	defer p.leave()
	if err := p.enter(); err != nil {
		return nil, err
	}
	term, err := p.negation()
	if err != nil {
		return nil, err
	}
	return not{term}, nil
}

func (p *parser) test() (node, error) {
	switch p.current.kind {
	case opening:
		return p.group()
	case number:
		return p.constantFirst()
	case word:
		return p.functionFirst()
	case end:
		return nil, p.failWith(`a test, such as Skill("English")>=5`, "")
	case quoted:
		return nil, p.failWith("a function, a number, ~ or (", "write Skill("+show(p.current.text)+")>0")
	default:
		return nil, p.fail("a function, a number, ~ or (")
	}
}

func (p *parser) group() (node, error) {
	defer p.leave()
	if err := p.enter(); err != nil {
		return nil, err
	}
	inner, err := p.anyOf()
	if err != nil {
		return nil, err
	}
	if p.current.kind != closing {
		return nil, p.fail("&, | or a closing parenthesis")
	}
	return inner, p.advance()
}

func (p *parser) functionFirst() (node, error) {
	left, err := p.function()
	if err != nil {
		return nil, err
	}
	if p.current.kind != relation {
		if left.name == skillLevel {
			return nil, p.bareLevel(left)
		}
		return left, nil
	}
	by := comparator(p.current.text)
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	return comparison{left: left, by: by, right: right}, nil
}

// bareLevel is the error of a Skill that is compared with nothing.
func (p *parser) bareLevel(f function) error {
	f.argument = show(f.argument)
	expected := "=, !=, >=, <=, > or < after " + f.String()
	switch p.current.kind {
	case end, closing, both, either:
		f.name = skillExists
		return p.failWith(expected, "to ask whether agents hold the skill, write "+f.String())
	default:
		return p.fail(expected)
	}
}

func (p *parser) constantFirst() (node, error) {
	constant, err := p.constant()
	if err != nil {
		return nil, err
	}
	if p.current.kind != relation {
		return nil, p.fail("=, !=, >=, <=, > or < after the number")
	}
	by := comparator(p.current.text)
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.current.kind != word {
		return nil, p.fail("a function to compare the number with")
	}
	left, err := p.function()
	if err != nil {
		return nil, err
	}
	return comparison{left: left, by: by.mirrored(), right: operand{constant: constant}}, nil
}

func (p *parser) operand() (operand, error) {
	switch p.current.kind {
	case number:
		constant, err := p.constant()
		return operand{constant: constant}, err
	case word:
		f, err := p.function()
		return operand{function: f}, err
	default:
		return operand{}, p.fail("a number or a function to compare with")
	}
}

func (p *parser) constant() (int, error) {
	value, err := strconv.Atoi(p.current.text)
	if err != nil {
		return 0, p.failWith("a number of at most 18 digits", "skill levels are small numbers")
	}
	return value, p.advance()
}

func (p *parser) function() (function, error) {
	name, ok := functionNamed(p.current.text)
	if !ok {
		return function{}, p.fail("one of the functions Skill, SkillExists and LoggedIn")
	}
	if err := p.advance(); err != nil {
		return function{}, err
	}
	if p.current.kind != opening {
		return function{}, p.fail("( after " + string(name))
	}
	if err := p.advance(); err != nil {
		return function{}, err
	}
	argument, err := p.argument()
	if err != nil {
		return function{}, err
	}
	if p.current.kind != closing {
		return function{}, p.fail(") after the name")
	}
	return function{name, argument}, p.advance()
}

func (p *parser) argument() (string, error) {
	switch p.current.kind {
	case quoted:
	case unclosed:
		return "", p.failWith("a name with a closing double quote on the same line", "")
	case word, number:
		return "", p.failWith("a name in double quotes", fmt.Sprintf("write \"%s\"", show(p.current.text)))
	default:
		return "", p.fail("a name in double quotes")
	}
	name := model.Clean(strings.Trim(p.current.text, `"`))
	if name == "" {
		return "", p.failWith("a name between the double quotes", "")
	}
	return name, p.advance()
}
