package expression_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"excs/shared/translate/expression"
)

// staff are the agents of the package comment's table.
var staff = []struct {
	name   string
	skills agent
}{
	{"Ann", agent{"English": 5, "Sales": 0}},
	{"Bob", agent{"English": 3}},
	{"Cid", agent{}},
}

func names(s expression.Set) string {
	var list []string
	for i := range s.All() {
		list = append(list, staff[i].name)
	}
	switch len(list) {
	case 0:
		return "nobody"
	case len(staff):
		return "all"
	default:
		return strings.Join(list, " ")
	}
}

func staffPopulation() *expression.Population {
	pop := expression.NewPopulation(len(staff))
	for i, s := range staff {
		for skill, level := range s.skills {
			pop.SetLevel(i, skill, level)
		}
	}
	return pop
}

func TestMembers(t *testing.T) {
	tests := []struct{ name, text, absentFalse, absentZero string }{
		// Each kind of test and operator, without and with negation.
		{"equal", `Skill("English")=3`, "Bob", "Bob"},
		{"at most", `Skill("English")<=3`, "Bob", "Bob Cid"},
		{"more than", `Skill("English")>3`, "Ann", "Ann"},
		{"a constant on the left", `4<Skill("English")`, "Ann", "Ann"},
		{"above a negative level", `Skill("English")>-1`, "Ann Bob", "all"},
		{"below a negative level", `Skill("English")<-1`, "nobody", "nobody"},
		{"names have case", `SkillExists("english")`, "nobody", "nobody"},
		{"names are trimmed", `SkillExists(" English	")`, "Ann Bob", "Ann Bob"},
		{"SkillExists negated", `~SkillExists("Sales")`, "Bob Cid", "Bob Cid"},
		{"SkillExists is 1", `SkillExists("Sales")=1`, "Ann", "Ann"},
		{"SkillExists is 0 for others", `SkillExists("Sales")=0`, "Bob Cid", "Bob Cid"},
		{"SkillExists is defined for everybody", `SkillExists("Sales")>=0`, "all", "all"},
		{"SkillExists is never 2", `SkillExists("Sales")=2`, "nobody", "nobody"},
		{"both or neither", `SkillExists("Sales")=SkillExists("English")`, "Ann Cid", "Ann Cid"},
		{"SkillExists of an unknown skill is 0", `SkillExists("Klingon")=0`, "all", "all"},
		{"a level against SkillExists", `Skill("Sales")<SkillExists("English")`, "Ann", "Ann Bob"},
		{"a level equals itself where it is held", `Skill("Sales")=Skill("Sales")`, "Ann", "all"},
		{"two unknown skills", `Skill("Klingon")=Skill("Dothraki")`, "nobody", "all"},
		{"two levels, != with one absent", `Skill("English")!=Skill("Sales")`, "Ann", "Ann Bob"},
		{"two levels negated", `~Skill("English")>Skill("Sales")`, "Bob Cid", "Cid"},
		{"& before |", `SkillExists("Sales") | SkillExists("English") & Skill("English")<5`, "Ann Bob", "Ann Bob"},
		{"parentheses first", `(SkillExists("Sales") | SkillExists("English")) & Skill("English")<5`, "Bob", "Bob"},
		{"~ before &", `~SkillExists("Sales") & SkillExists("English")`, "Bob", "Bob"},
		{"double negation", `~~Skill("English")!=5`, "Bob", "Bob Cid"},
		{"De Morgan of &", `~(SkillExists("Sales") & SkillExists("English"))`, "Bob Cid", "Bob Cid"},
		{"De Morgan of |", `~(SkillExists("Sales") | SkillExists("English"))`, "Cid", "Cid"},
		{"LoggedIn twice negated", `~~LoggedIn("North")`, "all", "all"},
		{"LoggedIn and not LoggedIn", `LoggedIn("North") & ~LoggedIn("North")`, "all", "all"},
		{"LoggedIn compared", `LoggedIn("North")=0`, "all", "all"},
		{"a comparison with LoggedIn negated", `~LoggedIn("North")=0`, "all", "all"},
		{"LoggedIn on the right of a comparison", `Skill("English")=LoggedIn("North") & SkillExists("Sales")`, "Ann", "Ann"},
		{"LoggedIn deep in negations", `~(SkillExists("English") | ~(LoggedIn("North") | SkillExists("Sales")))`, "Cid", "Cid"},
		{"LoggedIn of the name of a skill", `LoggedIn("Sales")`, "all", "all"},
	}
	pop := staffPopulation()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := parse(t, tt.text)
			if got := names(e.Members(pop, expression.Options{})); got != tt.absentFalse {
				t.Errorf("%s: got %s, want %s", tt.text, got, tt.absentFalse)
			}
			if got := names(e.Members(pop, expression.Options{AbsentZero: true})); got != tt.absentZero {
				t.Errorf("%s, absent zero: got %s, want %s", tt.text, got, tt.absentZero)
			}
		})
	}
}

// The table of worked examples in the package comment is true.
func TestThePackageCommentIsTrue(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	pop, rows := staffPopulation(), 0
	for line := range strings.Lines(string(source)) {
		cells := regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(strings.TrimPrefix(line, "//\t")), -1)
		if len(cells) != 3 || !strings.HasPrefix(line, "//\t") || cells[0] == "expression" {
			continue
		}
		rows++
		e := parse(t, cells[0])
		if got := names(e.Members(pop, expression.Options{})); got != cells[1] {
			t.Errorf("%s: got %s, the comment says %s", cells[0], got, cells[1])
		}
		if got := names(e.Members(pop, expression.Options{AbsentZero: true})); got != cells[2] {
			t.Errorf("%s, absent zero: got %s, the comment says %s", cells[0], got, cells[2])
		}
	}
	if rows != 14 {
		t.Errorf("the comment has %d rows that a test can read, want 14", rows)
	}
}

// What a caller does to one result does not change the population or another result.
func TestResultsAreIndependent(t *testing.T) {
	pop := staffPopulation()
	english, sales := parse(t, `SkillExists("English")`), parse(t, `SkillExists("English") & SkillExists("Sales") | ~SkillExists("English")`)
	before := english.Members(pop, expression.Options{})
	for range 3 {
		if got := names(sales.Members(pop, expression.Options{})); got != "Ann Cid" {
			t.Fatalf("got %s", got)
		}
	}
	pop.SetLevel(2, "English", 1)
	if got := names(before); got != "Ann Bob" {
		t.Errorf("a result changed afterwards to %s", got)
	}
	if got := names(english.Members(pop, expression.Options{})); got != "all" {
		t.Errorf("a new result is %s", got)
	}
}

// One population serves many goroutines; the race detector watches.
func TestEvaluationIsSafeForConcurrentUse(t *testing.T) {
	pop := staffPopulation()
	e := parse(t, `~(Skill("English")>Skill("Sales") | Skill("Klingon")=0) & Skill("English")>0`)
	got := make([]string, 8)
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() {
			got[i] = names(e.Members(pop, expression.Options{})) + fmt.Sprint(e.Notes(pop).UnknownSkills)
		})
	}
	group.Wait()
	for _, g := range got {
		if g != "Bob[Klingon]" {
			t.Errorf("got %s", g)
		}
	}
}
