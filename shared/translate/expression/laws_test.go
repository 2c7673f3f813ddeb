package expression_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The laws of logic hold between expressions, LoggedIn among them: each row gives two texts over three drawn
// expressions A, B and C that must accept the same agents.
func TestLawsOfLogic(t *testing.T) {
	laws := []struct{ name, left, right string }{
		{"& commutes", "(A) & (B)", "(B) & (A)"},
		{"| commutes", "(A) | (B)", "(B) | (A)"},
		{"& associates", "((A) & (B)) & (C)", "(A) & ((B) & (C))"},
		{"| associates", "((A) | (B)) | (C)", "(A) | ((B) | (C))"},
		{"& distributes over |", "(A) & ((B) | (C))", "(A) & (B) | (A) & (C)"},
		{"| distributes over &", "(A) | (B) & (C)", "((A) | (B)) & ((A) | (C))"},
		{"& absorbs", "(A) & ((A) | (B))", "A"},
		{"| absorbs", "(A) | (A) & (B)", "A"},
		{"& repeats", "(A) & (A)", "A"},
		{"| repeats", "(A) | (A)", "A"},
		{"De Morgan of &", "~((A) & (B))", "~(A) | ~(B)"},
		{"De Morgan of |", "~((A) | (B))", "~(A) & ~(B)"},
		{"double negation", "~~(A)", "A"},
		{"four negations", "!~!~(A)", "A"},
		{"& binds tighter than |", "(A) | (B) & (C)", "(A) | ((B) & (C))"},
		{"~ binds tighter than &", "~(A) & (B)", "(~(A)) & (B)"},
	}
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var pairs []string
				for _, letter := range []string{"A", "B", "C"} {
					pairs = append(pairs, "("+letter+")", "("+drawTree(t, 2, true).write(&scribe{t}, 2)+")")
				}
				// A letter that is the whole side has no parentheses to be found by.
				fill := func(side string) *expression.Expr {
					if side == "A" {
						side = "(A)"
					}
					return parse(t, strings.NewReplacer(pairs...).Replace(side))
				}
				left, right, pop := fill(law.left), fill(law.right), populate(drawAgents(t))
				for _, zero := range []bool{false, true} {
					if diff := cmp.Diff(members(left, pop, zero), members(right, pop, zero)); diff != "" {
						t.Fatalf("%s\n%s\nabsent zero %v:\n%s", left, right, zero, diff)
					}
				}
			})
		})
	}
}

// Relations that are each other's opposite split the holders of a skill, or under absent zero everybody, between them.
func TestOppositeRelationsSplitTheHolders(t *testing.T) {
	opposites := map[string]string{"=": "!=", "<": ">=", ">": "<="}
	rapid.Check(t, func(t *rapid.T) {
		agents := drawAgents(t)
		pop, skill, constant := populate(agents), drawSkill(t), drawLevel(t)
		holders := parse(t, fmt.Sprintf(`SkillExists("%s")`, skill)).Members(pop, expression.Options{})
		for one, other := range opposites {
			for _, zero := range []bool{false, true} {
				opts := expression.Options{AbsentZero: zero}
				a := parse(t, fmt.Sprintf(`Skill("%s")%s%d`, skill, one, constant)).Members(pop, opts)
				b := parse(t, fmt.Sprintf(`Skill("%s")%s%d`, skill, other, constant)).Members(pop, opts)
				for i := range agents {
					counted := zero || holders.Contains(i)
					if a.Contains(i) && b.Contains(i) || (a.Contains(i) || b.Contains(i)) != counted {
						t.Fatalf("agent %d, skill %q, %s and %s %d, absent zero %v", i, skill, one, other, constant, zero)
					}
				}
			}
		}
	})
}

// A higher threshold accepts nobody whom a lower one does not accept.
func TestAHigherThresholdAcceptsNobodyNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agents := drawAgents(t)
		pop, skill := populate(agents), drawSkill(t)
		opts := expression.Options{AbsentZero: rapid.Bool().Draw(t, "zero")}
		for _, op := range []string{">", ">="} {
			previous := expression.Set{}
			for constant := 8; constant >= -4; constant-- {
				accepted := parse(t, fmt.Sprintf(`Skill("%s")%s%d`, skill, op, constant)).Members(pop, opts)
				for i := range previous.All() {
					if !accepted.Contains(i) {
						t.Fatalf("agent %d is accepted by %s%d only above", i, op, constant)
					}
				}
				previous = accepted
			}
		}
	})
}

// An agent is judged alone: whoever else is in the population, and whichever index the agent has, the verdict stands.
func TestAgentsDoNotInfluenceEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := parse(t, drawTree(t, 4, true).write(&scribe{t}, 2))
		agents := drawAgents(t)
		opts := expression.Options{AbsentZero: rapid.Bool().Draw(t, "zero")}
		together := e.Members(populate(agents), opts)
		for i, a := range agents {
			if alone := e.Members(populate([]agent{a}), opts); alone.Contains(0) != together.Contains(i) {
				t.Fatalf("%s: agent %d of %d is %v, alone %v", e, i, len(agents), together.Contains(i), alone.Contains(0))
			}
		}
		reversed := slices.Clone(agents)
		slices.Reverse(reversed)
		mirror := e.Members(populate(reversed), opts)
		for i := range agents {
			if mirror.Contains(len(agents)-1-i) != together.Contains(i) {
				t.Fatalf("%s: agent %d has another verdict at another index", e, i)
			}
		}
	})
}

// A skill that the expression does not name has no part in the result, and the catalogue alone changes only the notes.
func TestOtherSkillsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := parse(t, drawTree(t, 4, true).write(&scribe{t}, 2))
		agents := drawAgents(t)
		bare, rich := populate(agents), populate(agents)
		for i := range agents {
			rich.SetLevel(i, "Something else", drawLevel(t))
		}
		for _, skill := range skills {
			rich.AddSkill(skill)
		}
		for _, zero := range []bool{false, true} {
			if diff := cmp.Diff(members(e, bare, zero), members(e, rich, zero)); diff != "" {
				t.Fatalf("%s:\n%s", e, diff)
			}
		}
		if unknown := e.Notes(rich).UnknownSkills; unknown != nil {
			t.Fatalf("%s: the whole catalogue is known, but %v is not", e, unknown)
		}
	})
}

// Absent zero is what giving every agent level 0 of every lacking skill would be, as far as levels are compared.
func TestAbsentZeroIsLevelZeroForAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agents := drawAgents(t)
		filled := make([]agent, len(agents))
		for i, a := range agents {
			filled[i] = agent{}
			for _, skill := range skills {
				filled[i][skill] = a[skill]
			}
		}
		c := drawComparison(t, false).(compares)
		if c.left.function == "SkillExists" || c.right.function == "SkillExists" {
			t.Skip("SkillExists does see the difference")
		}
		e := parse(t, c.write(&scribe{t}, 2))
		if diff := cmp.Diff(members(e, populate(filled), false), members(e, populate(agents), true)); diff != "" {
			t.Fatalf("%s (-level 0 +absent zero):\n%s", e, diff)
		}
	})
}

// In a valid script, a part that is doubled at a place where it can not stand is reported there and nowhere else.
func TestADoubledOperatorIsReportedWhereItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left := drawTree(t, 2, true).write(&scribe{t}, 0)
		right := drawTree(t, 2, true).write(&scribe{t}, 0)
		operator := rapid.SampledFrom([]string{"&", "|"}).Draw(t, "operator")
		before := left + operator
		text := before + rapid.SampledFrom([]string{"&", "|", ")", "=", ">=", ",", ";", "'", "%"}).Draw(t, "stray") + right
		_, err := expression.Parse(text)
		if err == nil {
			t.Fatalf("%q was accepted", text)
		}
		syntax, ok := errors.AsType[*expression.SyntaxError](err)
		if !ok || syntax.Offset != len(before) {
			t.Fatalf("%q: want an error at %d, got %v", text, len(before), err)
		}
	})
}

// White space may stand between any two parts of a script, and its kind does not matter.
func TestWhiteSpaceStandsBetweenAnyTwoParts(t *testing.T) {
	parts := []string{
		"Skill", "(", `"English"`, ")", ">=", "-5", "&", "(", "SkillExists", "(", `"Sales"`, ")", "|", "~", "1", "!=", "Skill", "(",
		`"Trainee"`, ")", ")", "&", "!", "LoggedIn", "(", `"7001@North"`, ")",
	}
	want := parse(t, strings.Join(parts, ""))
	for i := range len(parts) + 1 {
		for _, blank := range []string{" ", "\t", "\n", "\r\n", "\u00a0", "\n\n   "} {
			text := strings.Join(parts[:i], "") + blank + strings.Join(parts[i:], "")
			if got := parse(t, text); !reflect.DeepEqual(got, want) {
				t.Errorf("%q is %s", text, got)
			}
		}
	}
}

// White space within a part breaks it: the script is refused, never read as something else.
func TestWhiteSpaceWithinAPartIsRefused(t *testing.T) {
	for _, text := range []string{
		`Sk ill("a")>1`, `Skill Exists("a")`, `Logged In("a")`, `Skill("a")> =1`, `Skill("a")! =1`, `Skill("a")< =1`, `Skill("a")>1 5`,
		`Skill("a")>- 1`, "SkillExists(\"a\nb\")", "SkillExists(\"a\n\")",
	} {
		e, err := expression.Parse(text)
		if err == nil {
			t.Errorf("%q was read as %s", text, e)
			continue
		}
		syntaxError(t, text, err)
	}
}
