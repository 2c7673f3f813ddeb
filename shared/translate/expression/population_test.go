package expression_test

import (
	"maps"
	"slices"
	"testing"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// all gives every agent of a population.
func all(t *testing.T, size int) expression.Set {
	t.Helper()
	return parse(t, `LoggedIn("x")`).Members(expression.NewPopulation(size), expression.Options{})
}

func TestSetOfEverybodyHasNobodyElse(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, 127, 128, 129, 1000} {
		s := all(t, size)
		want := make([]int, size)
		for i := range want {
			want[i] = i
		}
		if got := slices.Collect(s.All()); len(got) != size || s.Len() != size || !slices.Equal(got, want) {
			t.Errorf("size %d: All gives %d agents, Len %d", size, len(got), s.Len())
		}
		for _, outside := range []int{-1, -64, size, size + 1, size + 64} {
			if s.Contains(outside) {
				t.Errorf("size %d: contains %d", size, outside)
			}
		}
	}
}

func TestIterationStopsWhenToldTo(t *testing.T) {
	var got []int
	for i := range all(t, 200).All() {
		if got = append(got, i); i == 70 {
			break
		}
	}
	if len(got) != 71 {
		t.Errorf("got %d agents", len(got))
	}
}

func TestZeroSetIsEmpty(t *testing.T) {
	var s expression.Set
	if s.Len() != 0 || s.Contains(0) || slices.Collect(s.All()) != nil {
		t.Error("the zero set holds somebody")
	}
}

// Len, Contains and All of one set agree with each other and with a map.
func TestSetAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 200).Draw(t, "size")
		model := map[int]bool{}
		pop := expression.NewPopulation(size)
		for _, i := range rapid.SliceOf(rapid.IntRange(0, size-1)).Draw(t, "agents") {
			model[i] = true
			pop.SetLevel(i, "a", 1)
		}
		s := parse(t, `SkillExists("a")`).Members(pop, expression.Options{})
		want := slices.Sorted(maps.Keys(model))
		if diff := cmp.Diff(want, slices.Collect(s.All())); diff != "" || s.Len() != len(model) {
			t.Fatalf("Len %d (-want +got):\n%s", s.Len(), diff)
		}
		for i := -1; i <= size; i++ {
			if s.Contains(i) != model[i] {
				t.Fatalf("contains %d: %v", i, s.Contains(i))
			}
		}
	})
}

// The rows of cfg_skill_level come in any order, and two skills whose names differ in outer white space are one.
func TestTheOrderOfLevelsDoesNotMatter(t *testing.T) {
	type row struct {
		agent int
		skill string
		level int
	}
	rapid.Check(t, func(t *rapid.T) {
		const size = 70
		rows := rapid.SliceOf(rapid.Custom(func(t *rapid.T) row {
			return row{rapid.IntRange(0, size-1).Draw(t, "agent"), rapid.SampledFrom([]string{"a", " a", "a\t", "b"}).Draw(t, "skill"), drawLevel(t)}
		})).Draw(t, "rows")
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		e := parse(t, `Skill("a")>2 | Skill("a")<Skill("b")`)
		var results [2][]int
		for i, order := range [][]row{rows, shuffled} {
			pop := expression.NewPopulation(size)
			for _, r := range order {
				pop.SetLevel(r.agent, r.skill, r.level)
			}
			results[i] = members(e, pop, false)
		}
		if diff := cmp.Diff(results[0], results[1]); diff != "" {
			t.Fatalf("another order, another result:\n%s", diff)
		}
	})
}

func TestTheHighestLevelCounts(t *testing.T) {
	for _, levels := range [][]int{{3, 5}, {5, 3}, {5, 5}, {-1, 5, 0}} {
		pop := expression.NewPopulation(3)
		pop.SetLevel(0, "Sales", 9)
		for _, level := range levels {
			pop.SetLevel(1, "Sales ", level)
		}
		if got := members(parse(t, `Skill("Sales")=5`), pop, false); !slices.Equal(got, []int{1}) {
			t.Errorf("levels %v: got %v", levels, got)
		}
		if got := members(parse(t, `Skill("Sales")<5`), pop, false); got != nil {
			t.Errorf("levels %v: a lower one counts too for %v", levels, got)
		}
	}
}

func TestAnAgentOutsideOfThePopulationPanics(t *testing.T) {
	for _, outside := range []int{-1, 3, 4, 64} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("agent %d of 3 was taken", outside)
				}
			}()
			expression.NewPopulation(3).SetLevel(outside, "a", 1)
		}()
	}
}

func TestNotes(t *testing.T) {
	tests := []struct {
		name, text string
		want       expression.Notes
	}{
		{"known skills need no note", `Skill("English")>1 & SkillExists("Spare")`, expression.Notes{}},
		{"unknown skills once each, as written", `Skill("Zulu")>1 | SkillExists("English") | ~Skill("Aymara")<Skill("Zulu") | 5>Skill("Basque")`,
			expression.Notes{UnknownSkills: []string{"Zulu", "Aymara", "Basque"}}},
		{"another case is another skill", `SkillExists("ENGLISH")`, expression.Notes{UnknownSkills: []string{"ENGLISH"}}},
		{"white space outside of a name is nothing", `SkillExists("  English ")`, expression.Notes{}},
		{"a queue or switch is no skill", `SkillExists("English") & LoggedIn("7001@North")`, expression.Notes{LoggedIn: true}},
		{"LoggedIn on either side of a comparison", `SkillExists("English") & Skill("English")>LoggedIn("North")`, expression.Notes{LoggedIn: true}},
		{"LoggedIn alone accepts everybody", `LoggedIn("North")`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{"LoggedIn negated accepts everybody", `~LoggedIn("North")`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{"LoggedIn compared accepts everybody", `1=LoggedIn("North")`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{"LoggedIn as an alternative accepts everybody", `Skill("English")>1 | LoggedIn("North")`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{"LoggedIn as a condition does not", `Skill("English")>1 & LoggedIn("North")`, expression.Notes{LoggedIn: true}},
		{"a negated condition is an alternative", `~(Skill("English")>1 & LoggedIn("North"))`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{"a negated alternative is a condition", `~(Skill("English")>1 | LoggedIn("North"))`, expression.Notes{LoggedIn: true}},
		{"conditions of LoggedIn only", `LoggedIn("7001@North") & ~LoggedIn("7002@North")`, expression.Notes{LoggedIn: true, AcceptsAll: true}},
	}
	pop := staffPopulation()
	pop.AddSkill(" Spare ")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(t, tt.text).Notes(pop)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A skill of the catalogue that nobody holds is known, and held by nobody.
func TestASkillThatNobodyHoldsIsKnown(t *testing.T) {
	pop := expression.NewPopulation(2)
	pop.AddSkill("Spare")
	e := parse(t, `SkillExists("Spare") | Skill("Spare")>=0`)
	if got := members(e, pop, false); got != nil {
		t.Errorf("held by %v", got)
	}
	if notes := e.Notes(pop); notes.UnknownSkills != nil {
		t.Errorf("unknown: %v", notes.UnknownSkills)
	}
}
