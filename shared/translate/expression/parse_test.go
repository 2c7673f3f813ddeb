package expression_test

import (
	"reflect"
	"strings"
	"testing"

	"excs/shared/translate/expression"
)

func TestParseGivesTheCanonicalText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the example of the documentation stays as it is", `Skill("English")>=5`, `Skill("English")>=5`},
		{"each relation is known", `Skill("a")=1&Skill("a")!=1&Skill("a")>=1&Skill("a")<=1&Skill("a")>1&Skill("a")<1`,
			`Skill("a")=1 & Skill("a")!=1 & Skill("a")>=1 & Skill("a")<=1 & Skill("a")>1 & Skill("a")<1`},
		{"SkillExists stands alone", `SkillExists("Sales")`, `SkillExists("Sales")`},
		{"SkillExists is compared", `SkillExists("Sales") = 1`, `SkillExists("Sales")=1`},
		{"LoggedIn of a queue stands alone", `LoggedIn("7001@North")`, `LoggedIn("7001@North")`},
		{"LoggedIn is compared", `LoggedIn("North")!=0`, `LoggedIn("North")!=0`},
		{"function names have no case", `SKILL("a")>1 & skillexists("b") & lOGGEDiN("c")`, `Skill("a")>1 & SkillExists("b") & LoggedIn("c")`},
		{"skill names have case", `SkillExists("sales") | SkillExists("SALES")`, `SkillExists("sales") | SkillExists("SALES")`},
		{"names are trimmed outside and kept inside", `SkillExists("  2nd   level ")`, `SkillExists("2nd   level")`},
		{"names hold what other languages would read as syntax", `SkillExists("a & b | ~(c) >= 'd' \")`, `SkillExists("a & b | ~(c) >= 'd' \")`},
		{"names of other scripts are kept", `SkillExists("客服") & SkillExists("Vente à distance")`, `SkillExists("客服") & SkillExists("Vente à distance")`},
		{"a broken encoding in a name is kept", "SkillExists(\"a\xffb\")", "SkillExists(\"a\xffb\")"},
		{"levels are negative", `Skill("a")>-1`, `Skill("a")>-1`},
		{"minus zero is zero", `Skill("a")>-0`, `Skill("a")>0`},
		{"leading zeros go", `Skill("a")=007`, `Skill("a")=7`},
		{"a constant goes to the right, less", `5<Skill("a")`, `Skill("a")>5`},
		{"a constant goes to the right, more", `-5>=Skill("a")`, `Skill("a")<=-5`},
		{"a constant goes to the right, equal", `5!=Skill("a") & 5=Skill("a")`, `Skill("a")!=5 & Skill("a")=5`},
		{"two functions keep their sides", `Skill("b")<Skill("a")`, `Skill("b")<Skill("a")`},
		{"functions of two kinds are compared", `Skill("b")>SkillExists("a")`, `Skill("b")>SkillExists("a")`},
		{"& binds tighter than |", `SkillExists("a")|SkillExists("b")&SkillExists("c")`, `SkillExists("a") | SkillExists("b") & SkillExists("c")`},
		{"parentheses that say the same go", `(SkillExists("a"))|((SkillExists("b")&(SkillExists("c"))))`, `SkillExists("a") | SkillExists("b") & SkillExists("c")`},
		{"parentheses that matter stay", `(SkillExists("a")|SkillExists("b"))&SkillExists("c")`, `(SkillExists("a") | SkillExists("b")) & SkillExists("c")`},
		{"chains are flat however they are grouped", `SkillExists("a")&(SkillExists("b")&SkillExists("c"))`, `SkillExists("a") & SkillExists("b") & SkillExists("c")`},
		{"~ binds tighter than &", `~SkillExists("a")&SkillExists("b")`, `~SkillExists("a") & SkillExists("b")`},
		{"~ takes in a whole comparison", `~Skill("a")>1`, `~Skill("a")>1`},
		{"~ with parentheses around one comparison is the same", `~(Skill("a")>1)`, `~Skill("a")>1`},
		{"~ of a group keeps the group", `!(SkillExists("a")|SkillExists("b"))`, `~(SkillExists("a") | SkillExists("b"))`},
		{"! is ~", `!SkillExists("a")`, `~SkillExists("a")`},
		{"! before a comparison with != is no riddle", `!Skill("a")!=1`, `~Skill("a")!=1`},
		{"negations stack", `~!~SkillExists("a")`, `~~~SkillExists("a")`},
		{"white space and line breaks stand anywhere", "\n Skill\t( \"a\"\r\n)\u00a0>= \n 5\n&\nSkillExists (\"b\") ", `Skill("a")>=5 & SkillExists("b")`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := parse(t, tt.text)
			if got := e.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if again := parse(t, e.String()); !reflect.DeepEqual(e, again) {
				t.Errorf("%s does not round trip", e)
			}
		})
	}
}

// Different expressions have different canonical texts, so that a text can stand for its expression.
func TestDifferentExpressionsDiffer(t *testing.T) {
	texts := []string{
		`SkillExists("a")`, `SkillExists("A")`, `SkillExists("a")=1`, `LoggedIn("a")`, `Skill("a")=1`, `Skill("a")=-1`,
		`~Skill("a")=1`, `Skill("a")!=1`, `Skill("a")=Skill("b")`, `Skill("b")=Skill("a")`, `~~SkillExists("a")`,
		`~(SkillExists("a") | Skill("a")=1)`, `~SkillExists("a") | Skill("a")=1`, `~SkillExists("a") & Skill("a")=1`,
		`SkillExists("a") & (SkillExists("b") | SkillExists("c"))`, `SkillExists("a") & SkillExists("b") | SkillExists("c")`,
	}
	seen := map[string]string{}
	for _, text := range texts {
		canonical := parse(t, text).String()
		if other, ok := seen[canonical]; ok {
			t.Errorf("%s and %s are both %s", text, other, canonical)
		}
		seen[canonical] = text
	}
}

func TestLimits(t *testing.T) {
	nest := func(open, close string, n int) string {
		return strings.Repeat(open, n) + `SkillExists("a")` + strings.Repeat(close, n)
	}
	chain := func(n int) string { return strings.Repeat(`Skill("a")>1&`, n) + `Skill("a")>1` }
	fits := expression.MaxLength / len(`Skill("a")>1&`)
	tests := []struct {
		name, text string
		offset     int    // of the error; -1: none
		expected   string // what the error asks for
	}{
		{"parentheses at the limit", nest("(", ")", expression.MaxDepth), -1, ""},
		{"parentheses one too deep", nest("(", ")", expression.MaxDepth+1), expression.MaxDepth, "200 parentheses"},
		{"negations at the limit", nest("~", "", expression.MaxDepth), -1, ""},
		{"negations one too deep", nest("!", "", expression.MaxDepth+1), expression.MaxDepth, "200 parentheses"},
		{"both together one too deep", nest("~(", ")", expression.MaxDepth/2) + "|" + nest("~(", ")", expression.MaxDepth/2+1),
			len(nest("~(", ")", expression.MaxDepth/2)) + 1 + expression.MaxDepth, "200 parentheses"},
		{"a million parentheses", strings.Repeat("(", 1_000_000), expression.MaxDepth, "200 parentheses"},
		{"a depth is left again", strings.Repeat(nest("(", ")", expression.MaxDepth)+"&", 100) + `SkillExists("a")`, -1, ""},
		{"a long chain within the length", chain(fits - 1), -1, ""},
		{"a chain of one too many", chain(fits), fits * len(`Skill("a")>1&`), "65536 bytes"},
		{"a first word of a megabyte", strings.Repeat("x", 1<<20), 0, "65536 bytes"},
		{"a number of a megabyte", "1 < " + strings.Repeat("1", 1<<20), 4, "65536 bytes"},
		{"an unclosed name of a megabyte", `Skill("` + strings.Repeat("x", 1<<20), len("Skill("), "65536 bytes"},
		{"an operator that is one byte too many", strings.Repeat(`Skill("a")>1&`, fits) + `(((~`, fits*len(`Skill("a")>1&`) + 3, "65536 bytes"},
		{"a name of a megabyte", `SkillExists("` + strings.Repeat("x", 1<<20) + `")`, len("SkillExists("), "65536 bytes"},
		{"white space does not count", strings.Repeat(" ", 1<<20) + `SkillExists("a")` + strings.Repeat("\n", 1<<20), -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := expression.Parse(tt.text)
			if tt.offset < 0 {
				if err != nil {
					t.Fatal(err)
				}
				if again := parse(t, e.String()); !reflect.DeepEqual(e, again) {
					t.Error("the canonical text of an expression within the limits is not within the limits")
				}
				return
			}
			got := syntaxError(t, tt.text, err)
			if got.Offset != tt.offset || !strings.Contains(got.Expected, tt.expected) {
				t.Errorf("at %d, want %d: %v", got.Offset, tt.offset, err)
			}
			if len(err.Error()) > 300 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}
