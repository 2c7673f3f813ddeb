package expression_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// syntaxError asserts what holds for every error of Parse.
func syntaxError(t testing.TB, text string, err error) *expression.SyntaxError {
	t.Helper()
	var syntax *expression.SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("%q: want a SyntaxError, got %T %v", text, err, err)
	}
	if syntax.Offset < 0 || syntax.Offset > len(text) {
		t.Fatalf("%q: offset %d is outside of the text", text, syntax.Offset)
	}
	lines := strings.Split(text[:syntax.Offset], "\n")
	if last := lines[len(lines)-1]; syntax.Line != len(lines) || syntax.Column != utf8.RuneCountInString(last)+1 {
		t.Fatalf("%q: offset %d is not line %d, column %d", text, syntax.Offset, syntax.Line, syntax.Column)
	}
	if syntax.Expected == "" || syntax.Found == "" || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\n\r") {
		t.Fatalf("%q: poor message %q", text, err)
	}
	return syntax
}

// broken are texts with one fault each, and the text before the fault; the messages are in testdata/errors.golden.
var broken = []struct{ name, before, rest string }{
	{"nothing", "", ""},
	{"white space only", " \n\t", ""},
	{"a bare Skill", `Skill("Sales")`, ""},
	{"a bare Skill before an operator", `Skill("Sales") `, `& SkillExists("b")`},
	{"a bare Skill in parentheses, compared outside", `(Skill("Sales")`, `)>5`},
	{"a group compared", `(SkillExists("a"))`, `=1`},
	{"a chain of comparisons", `1<Skill("a")`, `<5`},
	{"a third side", `Skill("a")>1`, `>0`},
	{"a number alone", `5`, ``},
	{"two numbers compared", `1=`, `1`},
	{"nothing to compare with", `Skill("a")>=`, ``},
	{"a name to compare with", `Skill("a")=`, `"5"`},
	{"a name alone", ``, `"Sales">5`},
	{"an unknown function", `SkillExists("a") & `, `Skil("b")>5`},
	{"a function without its argument", `Skill`, `>5`},
	{"an argument without quotes", `Skill(`, `English)>5`},
	{"a number as argument", `Skill(`, `5)>5`},
	{"no argument", `Skill(`, `)>5`},
	{"an empty name", `Skill(`, `"")>5`},
	{"a blank name", `Skill(`, "\" \t\")>5"},
	{"single quotes", `Skill(`, `'English')>5`},
	{"quotes of a word processor", `Skill(`, `“English”)>5`},
	{"a doubled quote within a name", `Skill("a"`, `"b")>5`},
	{"an escaped quote within a name", `Skill("a\"`, `b")>5`},
	{"two arguments", `Skill("a"`, `,"b")>5`},
	{"an unclosed call", `SkillExists("a"`, ` & SkillExists("b")`},
	{"an unclosed name", `Skill(`, `"English)>5`},
	{"a name that goes over the line", "SkillExists(\"a\") &\nSkill(", "\"English\n\")>5"},
	{"an unclosed group", `(SkillExists("a") & SkillExists("b")`, ``},
	{"a closing parenthesis too many", `SkillExists("a")`, `)`},
	{"an empty group", `(`, `)`},
	{"an operator at the end", `SkillExists("a") & `, ``},
	{"an operator at the start", ``, `| SkillExists("a")`},
	{"no operator between", `SkillExists("a") `, `SkillExists("b")`},
	{"&&", `SkillExists("a") &`, `& SkillExists("b")`},
	{"||", `SkillExists("a") |`, `| SkillExists("b")`},
	{"==", `Skill("a")=`, `=5`},
	{"=>", `Skill("a")=`, `>5`},
	{"=<", `Skill("a")=`, `<5`},
	{"<>", `Skill("a")<`, `>5`},
	{"~=", `Skill("a")`, `~=5`},
	{"the word and", `SkillExists("a") `, `AND SkillExists("b")`},
	{"the word or", `SkillExists("a") `, `or SkillExists("b")`},
	{"the word not", ``, `not SkillExists("b")`},
	{"~ behind the test", `SkillExists("a") `, `~`},
	{"a level that is no whole number", `Skill("a")>5`, `.5`},
	{"a level beyond all numbers", `Skill("a")>`, `99999999999999999999`},
	{"a negative level beyond all numbers", ``, `-99999999999999999999<Skill("a")`},
	{"a relation of a word processor", `Skill("a")`, `≥5`},
	{"a control character in a name", "Skill(\"a\x1b[31m\tb\xff\")", ``},
	{"a lone minus", `Skill("a")>`, `- 5`},
	{"arithmetic", `Skill("a")>5`, `+1`},
	{"an invisible character", ``, "\ufeffSkillExists(\"a\")"},
	{"a broken encoding", `SkillExists("客服") & `, "\xff"},
	{"a NUL", `SkillExists("a")`, "\x00"},
	{"a fault in the third line", "SkillExists(\"a\") &\r\nSkillExists(\"Zürich\") &\n  (SkillExists(\"ü\") ", `? SkillExists("b"))`},
	{"a long name is cut in the message", `SkillExists("a") `, `"` + strings.Repeat("客", 300) + `"`},
	{"a bare Skill with a long name", `Skill("` + strings.Repeat("x", 255) + `")`, ``},
}

func TestErrorsHaveThePositionOfTheFault(t *testing.T) {
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.before + tt.rest
			_, err := expression.Parse(text)
			got := syntaxError(t, text, err)
			// White space before the fault belongs to neither side.
			if want := len(text) - len(strings.TrimLeft(tt.rest, " ")); got.Offset != want {
				t.Errorf("offset %d (before %q), want %d (before %q)", got.Offset, text[got.Offset:], want, text[want:])
			}
		})
	}
}

func TestErrorsReadWell(t *testing.T) {
	var got strings.Builder
	for _, tt := range broken {
		_, err := expression.Parse(tt.before + tt.rest)
		fmt.Fprintf(&got, "%s\n\t%.60q\n\t%v\n", tt.name, tt.before+tt.rest, err)
	}
	path := filepath.Join("testdata", "errors.golden")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("messages changed; if they should, run with -update (-want +got):\n%s", diff)
	}
}

// The fields say the same as the text, for callers that render the place themselves.
func TestErrorFields(t *testing.T) {
	_, err := expression.Parse("SkillExists(\"Zürich\") &\n SkillExists(\"ü\") && 5")
	want := &expression.SyntaxError{
		Offset: 45, Line: 2, Column: 20,
		Expected: "a function, a number, ~ or (", Found: `"&"`, Hint: "and is written with one &",
	}
	if diff := cmp.Diff(want, syntaxError(t, "SkillExists(\"Zürich\") &\n SkillExists(\"ü\") && 5", err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
