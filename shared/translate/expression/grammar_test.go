package expression_test

import (
	"regexp"
	"strings"
	"testing"

	"excs/shared/translate/expression"

	"pgregory.net/rapid"
)

// The grammar over letters: S is a call of Skill, E of SkillExists or LoggedIn, n a number, r a relation.
var letters = map[rune][]string{
	'S': {`Skill("a")`, `skill( "b" )`}, 'E': {`SkillExists("a")`, `LoggedIn("x")`}, 'n': {"5", "-1"}, 'r': {"=", "!=", ">=", "<=", ">", "<"},
	'&': {"&"}, '|': {"|"}, '~': {"~", "!"}, '(': {"("}, ')': {")"},
}

var (
	wholeComparison = regexp.MustCompile(`[SE]r[SEn]|nr[SE]`)
	wholeTest       = regexp.MustCompile(`~B|\(B\)|B[&|]B`)
)

// inGrammar decides about a word of letters by reduction: comparisons first, then whatever is a whole test becomes B,
// until nothing changes. Precedence is no matter of what is accepted.
func inGrammar(word string) bool {
	word = wholeComparison.ReplaceAllString(word, "B")
	word = strings.ReplaceAll(word, "E", "B")
	for {
		shorter := wholeTest.ReplaceAllString(word, "B")
		if shorter == word {
			return word == "B"
		}
		word = shorter
	}
}

// drawWord draws a word of the grammar.
func drawWord(t *rapid.T, depth int) string {
	sort := rapid.IntRange(0, 7).Draw(t, "sort")
	switch {
	case depth > 0 && sort < 3:
		return drawWord(t, depth-1) + rapid.SampledFrom([]string{"&", "|"}).Draw(t, "operator") + drawWord(t, depth-1)
	case depth > 0 && sort == 3:
		return "~" + drawWord(t, depth-1)
	case depth > 0 && sort == 4:
		return "(" + drawWord(t, depth-1) + ")"
	default:
		return rapid.SampledFrom([]string{"E", "Srn", "Ern", "nrS", "SrS", "SrE"}).Draw(t, "test")
	}
}

func checkAcceptance(t interface{ Fatalf(string, ...any) }, word string, choose func([]string) string) {
	var text strings.Builder
	for _, letter := range word {
		text.WriteString(choose(letters[letter]) + " ")
	}
	if _, err := expression.Parse(text.String()); (err == nil) != inGrammar(word) {
		t.Fatalf("%q, %s: in the grammar: %v, but Parse says %v", text.String(), word, inGrammar(word), err)
	}
}

// Every word of up to five parts is accepted if it is in the grammar, and refused if not.
func TestAcceptsTheGrammarAndNothingElse(t *testing.T) {
	first := func(options []string) string { return options[0] }
	words, accepted := []string{""}, 0
	for range 5 {
		var longer []string
		for _, word := range words {
			for letter := range letters {
				longer = append(longer, word+string(letter))
			}
		}
		for _, word := range longer {
			checkAcceptance(t, word, first)
			if inGrammar(word) {
				accepted++
			}
		}
		words = longer
	}
	// Of up to three parts alone there are 14: E, ~E, ~~E, (E), E&E, E|E and the eight comparisons.
	if accepted < 14 {
		t.Errorf("only %d words are in the grammar: the test does not test what it says", accepted)
	}
}

// A long word with one or two parts taken out, put in or exchanged is accepted only if it is in the grammar still.
func TestAcceptsNoDamagedGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := drawWord(t, 4)
		if !inGrammar(word) {
			t.Fatalf("%s was drawn from the grammar, but the reduction refuses it", word)
		}
		for range rapid.IntRange(0, 2).Draw(t, "damages") {
			at := rapid.IntRange(0, len(word)).Draw(t, "at")
			put := rapid.SampledFrom([]string{"", "S", "E", "n", "r", "&", "|", "~", "(", ")"}).Draw(t, "put")
			word = word[:at] + put + word[min(len(word), at+rapid.IntRange(0, 2).Draw(t, "taken")):]
		}
		checkAcceptance(t, word, func(options []string) string { return rapid.SampledFrom(options).Draw(t, "part") })
	})
}
