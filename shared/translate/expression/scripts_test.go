package expression_test

import (
	"slices"
	"strings"
	"testing"

	"excs/shared/translate/expression"

	"github.com/google/go-cmp/cmp"
)

// centre is a small contact centre whose groups are written the way that administrators write them.
var centre = map[string]agent{
	"amir":   {"English": 9, "German": 4, "Sales": 7, "Billing": 2},
	"berta":  {"German": 10, "Sales": 3, "Complaints": 8},
	"chen":   {"English": 6, "客服": 5, "Billing": 9, "Trainee": 0},
	"dora":   {"English": 2, "French": 8, "Trainee": 1, "Sales": 1},
	"emil":   {"German": 7, "French": 7, "Complaints": 1, "2nd level": 1},
	"fatima": {"English": 10, "French": 10, "Billing": 10, "Sales": 10, "VIP": 1},
	"george": {"Team Lead": 1},
	"hana":   {},
}

func TestScriptsOfAContactCentre(t *testing.T) {
	tests := []struct {
		name, script string
		want         string // of the agents, by name
		notes        expression.Notes
	}{
		{name: "one skill at a level",
			script: `Skill("English")>=5`,
			want:   "amir chen fatima"},
		{name: "a skill whatever the level",
			script: `SkillExists("Trainee")`,
			want:   "chen dora"},
		{name: "a flag skill that is switched on",
			script: `Skill("Trainee")=1`,
			want:   "dora"},
		{name: "everybody but trainees, by level, takes in those without the skill",
			script: `~Skill("Trainee")=1`,
			want:   "amir berta chen emil fatima george hana"},
		{name: "everybody but trainees, by !=, has only those with the skill",
			script: `Skill("Trainee")!=1`,
			want:   "chen"},
		{name: "two languages, either",
			script: `Skill("German")>5 | Skill("French")>5`,
			want:   "berta dora emil fatima"},
		{name: "two languages, both",
			script: `Skill("German")>5 & Skill("French")>5`,
			want:   "emil"},
		{name: "a band of levels",
			script: `Skill("English")>=2 & Skill("English")<=6`,
			want:   "chen dora"},
		{name: "a band with constants on both sides",
			script: `2<=Skill("English") & 6>=Skill("English")`,
			want:   "chen dora"},
		{name: "the better language",
			script: `Skill("German")>Skill("French")`,
			want:   ""},
		{name: "languages that are equal",
			script: `Skill("German")=Skill("French")`,
			want:   "emil"},
		{name: "the better language, or the only one",
			script: `Skill("English")>Skill("German") | SkillExists("English")>SkillExists("German")`,
			want:   "amir chen dora fatima"},
		{name: "sales in English by seniors",
			script: `(Skill("English") >= 5) & (Skill("Sales") >= 5) & !SkillExists("Trainee")`,
			want:   "amir fatima"},
		{name: "an overflow group",
			script: `Skill("Billing")>=8 | (Skill("Billing")>=1 & Skill("Sales")>=5)`,
			want:   "amir chen fatima"},
		{name: "an overflow group without parentheses is the same",
			script: `Skill("Billing")>=8 | Skill("Billing")>=1 & Skill("Sales")>=5`,
			want:   "amir chen fatima"},
		{name: "parentheses the other way are another group",
			script: `(Skill("Sales")>=5 | Skill("Complaints")>=1) & Skill("German")>=5`,
			want:   "berta emil"},
		{name: "nobody in particular",
			script: `~(SkillExists("English") | SkillExists("German") | SkillExists("French"))`,
			want:   "george hana"},
		{name: "a name that starts with a digit",
			script: `Skill("2nd level") > 0`,
			want:   "emil"},
		{name: "a name with a space, in capitals elsewhere",
			script: `SkillExists("Team Lead") | SkillExists("TEAM LEAD")`,
			want:   "george",
			notes:  expression.Notes{UnknownSkills: []string{"TEAM LEAD"}}},
		{name: "a name of another script",
			script: `Skill("客服")=5`,
			want:   "chen"},
		{name: "logged in to a queue",
			script: `Skill("German")>=1 & LoggedIn("7001@North")`,
			want:   "amir berta emil",
			notes:  expression.Notes{LoggedIn: true}},
		{name: "not logged in to a switch",
			script: `Skill("German")>=1 & ~LoggedIn("South")`,
			want:   "amir berta emil",
			notes:  expression.Notes{LoggedIn: true}},
		{name: "logged in or skilled is everybody",
			script: `Skill("German")>=1 | LoggedIn("North")`,
			want:   "amir berta chen dora emil fatima george hana",
			notes:  expression.Notes{LoggedIn: true, AcceptsAll: true}},
		{name: "logged in to one of two, and skilled",
			script: `(LoggedIn("7001@North") | LoggedIn("7002@North")) & Skill("VIP")=1`,
			want:   "fatima",
			notes:  expression.Notes{LoggedIn: true}},
		{name: "a skill that was deleted leaves the alternatives",
			script: `Skill("Fax")>=1 | Skill("Complaints")>=5`,
			want:   "berta",
			notes:  expression.Notes{UnknownSkills: []string{"Fax"}}},
		{name: "a skill that was deleted takes its conditions along",
			script: `Skill("Fax")>=1 & Skill("Complaints")>=5`,
			want:   "",
			notes:  expression.Notes{UnknownSkills: []string{"Fax"}}},
		{name: "a long script over several lines",
			script: `
				(
				    Skill("English") >= 5
				  | Skill("German")  >= 5
				  | Skill("French")  >= 5
				)
				& ! ( Skill("Trainee") = 1 )
				& ( SkillExists("Billing") | SkillExists("Complaints") )
				& LoggedIn("ACD 7001@North Switch")
			`,
			want:  "amir berta chen emil fatima",
			notes: expression.Notes{LoggedIn: true}},
	}
	people := make([]string, 0, len(centre))
	for name := range centre {
		people = append(people, name)
	}
	slices.Sort(people)
	pop := expression.NewPopulation(len(people))
	for i, name := range people {
		for skill, level := range centre[name] {
			pop.SetLevel(i, skill, level)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := parse(t, tt.script)
			var got []string
			for i := range e.Members(pop, expression.Options{}).All() {
				got = append(got, people[i])
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("members of %s: got %v, want %s", e, got, tt.want)
			}
			if diff := cmp.Diff(tt.notes, e.Notes(pop)); diff != "" {
				t.Errorf("notes on %s (-want +got):\n%s", e, diff)
			}
		})
	}
}
