package expression_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"excs/shared/translate/expression"
)

// The large site of FACTS E12: 10,000 agents with 12 of 1,000 skills each; 1,200 groups are expressions.
const (
	largeAgents      = 10_000
	largeSkills      = 1_000
	largePerAgent    = 12
	largeExpressions = 1_200
)

func largeSite() (*expression.Population, []string) {
	random := rand.New(rand.NewPCG(1, 2))
	pop := expression.NewPopulation(largeAgents)
	skill := func() string { return fmt.Sprintf("Skill %04d", random.IntN(largeSkills)) }
	for i := range largeAgents {
		pop.SetLevel(i, "English", random.IntN(11)) // everybody's
		for range largePerAgent - 1 {
			pop.SetLevel(i, skill(), random.IntN(11))
		}
	}
	texts := make([]string, largeExpressions)
	for i := range texts {
		var b strings.Builder
		fmt.Fprintf(&b, `(Skill("English")>=%d & ~SkillExists("%s"))`, random.IntN(11), skill())
		for range random.IntN(8) {
			fmt.Fprintf(&b, ` | Skill("%s")>=%d & LoggedIn("7001@North")`, skill(), random.IntN(11))
		}
		if i%20 == 0 {
			fmt.Fprintf(&b, ` | Skill("%s")>Skill("English")`, skill())
		}
		texts[i] = b.String()
	}
	return pop, texts
}

// BenchmarkSite parses and evaluates all the expressions of a large site once.
func BenchmarkSite(b *testing.B) {
	pop, texts := largeSite()
	b.ReportAllocs()
	members := 0
	for b.Loop() {
		members = 0
		for _, text := range texts {
			e, err := expression.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			for range e.Members(pop, expression.Options{}).All() {
				members++
			}
		}
	}
	b.ReportMetric(float64(members), "members")
}

// BenchmarkPopulation builds the population of a large site: 120,000 levels.
func BenchmarkPopulation(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		largeSite()
	}
}

// BenchmarkParse reads one expression of a usual length.
func BenchmarkParse(b *testing.B) {
	const text = `(Skill("English")>=5 | Skill("German")>=3) & SkillExists("Sales") & ~Skill("Trainee")=1 & LoggedIn("7001@North")`
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := expression.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
