package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind sorts tokens.
type kind uint8

const (
	end kind = iota
	unknown
	word
	number
	quoted
	unclosed // a name without its closing quote
	opening
	closing
	both     // &
	either   // |
	negative // ~ and !
	relation
)

// token is one part of the text, as it is written there.
type token struct {
	kind   kind
	offset int
	text   string
}

// lexer cuts a text into tokens. It never fails: what fits nothing is an unknown or unclosed token, and the parser,
// which knows what would fit, words the error.
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() token {
	rest := strings.TrimLeftFunc(l.text[l.at:], unicode.IsSpace)
	start := len(l.text) - len(rest)
	kind, size := scan(rest)
	l.at = start + size
	return token{kind: kind, offset: start, text: rest[:size]}
}

// scan gives the kind and the size in bytes of the token at the start of a text.
func scan(rest string) (kind, int) {
	switch {
	case rest == "":
		return end, 0
	case rest[0] == '"':
		return scanName(rest)
	case isLetter(rest[0]):
		return word, span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) })
	case isDigit(rest[0]):
		return number, span(rest, isDigit)
	case rest[0] == '-' && len(rest) > 1 && isDigit(rest[1]):
		return number, 1 + span(rest[1:], isDigit)
	default:
		return scanSymbol(rest)
	}
}

// scanName ends an unclosed name at the line break, so that one missing quote does not turn the rest of a long script
// inside out.
func scanName(rest string) (kind, int) {
	size := strings.IndexAny(rest[1:], "\"\n\r")
	switch {
	case size < 0:
		return unclosed, len(rest)
	case rest[1+size] == '"':
		return quoted, size + 2
	default:
		return unclosed, size + 1
	}
}

func scanSymbol(rest string) (kind, int) {
	for _, symbol := range [...]string{"!=", ">=", "<=", "=", ">", "<"} {
		if strings.HasPrefix(rest, symbol) {
			return relation, len(symbol)
		}
	}
	switch rest[0] {
	case '(':
		return opening, 1
	case ')':
		return closing, 1
	case '&':
		return both, 1
	case '|':
		return either, 1
	case '~', '!':
		return negative, 1
	default:
		_, size := utf8.DecodeRuneInString(rest)
		return unknown, size
	}
}

func span(text string, within func(byte) bool) int {
	for i := range len(text) {
		if !within(text[i]) {
			return i
		}
	}
	return len(text)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
