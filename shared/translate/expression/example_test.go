package expression_test

import (
	"errors"
	"fmt"

	"excs/shared/translate/expression"
)

func Example() {
	pop := expression.NewPopulation(3)
	pop.SetLevel(0, "English", 5)
	pop.SetLevel(1, "English", 3)
	pop.AddSkill("Sales")

	e, err := expression.Parse(`Skill("English") >= 3 & !SkillExists("Sales") & LoggedIn("7001@North") & ~SkillExists("sales")`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e)
	for agent := range e.Members(pop, expression.Options{}).All() {
		fmt.Println("agent", agent)
	}
	fmt.Printf("%+v\n", e.Notes(pop))
	// Output:
	// Skill("English")>=3 & ~SkillExists("Sales") & LoggedIn("7001@North") & ~SkillExists("sales")
	// agent 0
	// agent 1
	// {LoggedIn:true AcceptsAll:false UnknownSkills:[sales]}
}

func ExampleSyntaxError() {
	_, err := expression.Parse(`SkillExists("Sales") && Skill("English")>=5`)
	fmt.Println(err)
	if syntax, ok := errors.AsType[*expression.SyntaxError](err); ok {
		fmt.Println("after", syntax.Offset, "bytes")
	}
	// Output:
	// skill expression, line 1, column 23: expected a function, a number, ~ or (, found "&" (and is written with one &)
	// after 22 bytes
}
