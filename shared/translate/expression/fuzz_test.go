package expression_test

import (
	"reflect"
	"testing"

	"excs/shared/translate/expression"
)

var seeds = []string{
	`Skill("English")>=5 & SkillExists("Sales")`,
	`~(LoggedIn("7001@North") | -3<Skill("2nd level"))`,
	`!Skill("a")!=Skill("b")`,
	`Skill("a`,
	"((\n~",
}

// Whatever the text, Parse returns an expression that round trips, or an error with a position inside the text.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := expression.Parse(text)
		if err != nil {
			syntaxError(t, text, err)
			return
		}
		again, err := expression.Parse(e.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, e, err)
		}
		if !reflect.DeepEqual(e, again) {
			t.Fatalf("%q is %q, then %q", text, e, again)
		}
	})
}

// Whatever the expression, everybody is in it or in its negation, and only LoggedIn puts somebody into both.
func FuzzMembers(f *testing.F) {
	for i, seed := range seeds {
		f.Add(seed, 60+i, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, text string, size int, zero bool) {
		e, err := expression.Parse(text)
		if err != nil || size < 0 || size > 200 {
			return
		}
		negated, err := expression.Parse("~(" + text + ")")
		if err != nil {
			return // the two levels more were too many
		}
		pop := expression.NewPopulation(size)
		for i := 0; i < size; i += 2 {
			pop.SetLevel(i, "English", i%7)
			pop.SetLevel(i/2, "a", i%5)
		}
		opts := expression.Options{AbsentZero: zero}
		is, isNot, notes := e.Members(pop, opts), negated.Members(pop, opts), e.Notes(pop)
		if notes.AcceptsAll && is.Len() != size {
			t.Fatalf("%q accepts %d of %d, but is said to accept all", text, is.Len(), size)
		}
		for i := range size {
			if !is.Contains(i) && !isNot.Contains(i) || is.Contains(i) && isNot.Contains(i) && !notes.LoggedIn {
				t.Fatalf("%q: agent %d is in %v and in the negation %v", text, i, is.Contains(i), isNot.Contains(i))
			}
		}
	})
}
