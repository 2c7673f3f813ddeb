package expression

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says where a text leaves the grammar and what should have stood there. Parse returns no other error.
type SyntaxError struct {
	Offset   int    // bytes before the place, 0 to the length of the text
	Line     int    // from 1
	Column   int    // characters (runes) within the line, from 1
	Expected string // what the grammar allows at the place
	Found    string // what stands there
	Hint     string // what the administrator may have meant, or ""
}

// Error gives one line for the administrator of the agent group.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("skill expression, line %d, column %d: expected %s, found %s", e.Line, e.Column, e.Expected, e.Found)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// fault builds the error of a token.
func fault(text string, at token, expected, hint string) error {
	before := text[:at.offset]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &SyntaxError{
		Offset:   at.offset,
		Line:     strings.Count(before, "\n") + 1,
		Column:   utf8.RuneCountInString(line) + 1,
		Expected: expected,
		Found:    at.describe(),
		Hint:     hint,
	}
}

// describe names a token in a message.
func (t token) describe() string {
	switch t.kind {
	case end:
		return "the end of the expression"
	case quoted:
		return "the name " + show(t.text)
	case unclosed:
		return "the unclosed name " + show(t.text)
	default:
		return fmt.Sprintf("%q", cut(t.text))
	}
}

// show makes a part of the text fit for a message, which stays one line of valid text whatever the script holds.
func show(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, cut(text))
}

// cut shortens a part of the text, because messages go into reports and rows.
func cut(text string) string {
	longest := 40
	for i := range text {
		if longest--; longest < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// hint guesses at the habit behind an unexpected token: other languages' operators, and quotes of a word processor.
func hint(before, found token) string {
	switch before.kind {
	case quoted:
		if found.kind == quoted || found.kind == unclosed || found.kind == word {
			return "a name can not hold a double quote"
		}
	case number, closing:
		if found.kind == relation {
			return "a comparison has one function or number on each side"
		}
	}
	switch found.kind {
	case word:
		return wordHint(found.text)
	case unknown:
		return characterHint(before, found)
	default:
		return operatorHint(before.text + found.text)
	}
}

func characterHint(before, found token) string {
	switch {
	case strings.Contains("'`´‘’‚‛“”„‟«»", found.text):
		return `names stand in double quotes, as in Skill("English")`
	case before.kind == number && found.text == ".":
		return "levels are whole numbers"
	default:
		return ""
	}
}

func wordHint(text string) string {
	switch strings.ToLower(text) {
	case "and":
		return "and is written &"
	case "or":
		return "or is written |"
	case "not":
		return "not is written ~"
	default:
		return ""
	}
}

func operatorHint(pair string) string {
	switch pair {
	case "&&":
		return "and is written with one &"
	case "||":
		return "or is written with one |"
	case "==":
		return "equality is written with one ="
	case "=>":
		return "write >="
	case "=<":
		return "write <="
	case "<>":
		return "write !="
	default:
		return ""
	}
}
