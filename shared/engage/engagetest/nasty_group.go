package engagetest

import "strings"

// plantGroups plants groups with nasty members and states. Each takes calls from the queue VQ_of_<group>, so that its agents show.
func (n *NastySite) plantGroups() {
	good := n.ordinary("Member")
	member := func(c Case, name, expect string, person int64) {
		group, _ := n.group(name, good, person)
		n.plant(c, TableMember, expect, group, person)
	}
	member(MemberNotAgent, "AG_NotAgent", "One member: the person that is no agent is dropped.", n.Case(PersonNotAgent).DBIDs[0])
	foreigner := n.person(Person{Tenant: ForeignTenant, EmployeeID: "F000010", UserName: "foreign.member", First: "Foreign", Last: "Member",
		Email: "foreign.member@contoso.example"})
	member(MemberForeign, "AG_Foreign", "One member: the person of another tenant is dropped.", foreigner)
	member(MemberDangling, "AG_Dangling", "One member: the person that is gone is dropped and counted.", deletedDBID(&n.last.person))
	member(MemberDisabled, "AG_Inactive", "One member: the disabled person is member of no queue.", n.Case(PersonDisabled).DBIDs[0])

	disabled, _ := n.group("AG_Disabled", good)
	n.Groups[find(n.Groups, disabled, groupDBID)].State = StateDisabled
	n.plant(GroupDisabled, TableGroup, "The queue has no members: a disabled group contributes nobody.", disabled)
	empty, _ := n.group("AG_Empty")
	n.plant(GroupEmpty, TableGroup, "The queue has no members, and that is controlled: a group lists it.", empty)
}

// experts adds two agents that have a Skill of their own at the levels 3 and 7: what the nasty expressions ask for. It returns the
// one at 3.
func (n *NastySite) experts(skill string) (low int64) {
	dbid := n.skill(skill)
	low, high := n.ordinary("Junior"), n.ordinary("Senior")
	n.Levels = append(n.Levels, Level{Person: low, Skill: dbid, Level: 3}, Level{Person: high, Skill: dbid, Level: 7})
	return low
}

// plantScripts plants groups with nasty skill expressions. Each takes calls from the queue VQ_of_<group>.
func (n *NastySite) plantScripts() {
	low := n.experts("Nasty Expert")
	add := func(c Case, name, expect, script string, members ...int64) {
		group, _ := n.group(name, members...)
		n.addScript(group, firstPart, splitParts(script))
		n.plant(c, TableGroup, expect, group)
	}
	add(ScriptSyntaxError, "VAG_Syntax", "Its agents are unknown: nobody leaves the queue on its account; reported with the position.",
		`Skill("Nasty Expert") >= & SkillExists("Nasty Expert"`)
	add(ScriptLoggedIn, "VAG_LoggedIn", "LoggedIn counts as true, noted once: one member, the senior.",
		`Skill("Nasty Expert")>=5 & LoggedIn("7777@SIP_Switch_Lisbon") & ~LoggedIn("SIP_Switch_Lisbon")`)
	add(ScriptUnknownSkill, "VAG_Unknown", "The unknown skill is held by nobody, noted: one member, the senior.",
		`Skill("No Such Skill")>=1 | Skill("Nasty Expert")>=5`)
	add(ScriptExplicitAgents, "VAG_Explicit", "One member, the senior: while an expression stands, explicit agents do not count.",
		`Skill("Nasty Expert")>=5`, low)
	add(ScriptPaddedSkill, "VAG_Padded", "Skill names match after trimming, in the expression and in the table: one member, the senior.",
		`Skill(" Nasty Expert  ")>=5`)
	add(ScriptBelow, "VAG_Below", "One member, the junior: an agent without the skill does not pass (setting absentSkill).", `Skill("Nasty Expert")<5`)
	add(ScriptEmpty, "VAG_Empty", "No expression: the explicit agent is the one member.", "", low)
}

// plantScriptRows plants expressions that are nasty in how their rows are stored.
func (n *NastySite) plantScriptRows() {
	n.experts("Nasty Rows")
	// The second part starts with a space that belongs to the skill's name: whoever trims parts finds another skill.
	lead := `(SkillExists("` + strings.Repeat("No Such Skill ", 15) + `") | Skill("Nasty`
	parts := []string{lead, ` Rows")>=5) `, `& SkillExists("Nasty Rows")`}
	three, _ := n.group("VAG_ThreeParts")
	n.addScript(three, firstPart, parts)
	n.plant(ScriptThreeParts, TableGroup, "One member, the senior: the parts are joined exactly.", three)

	unordered, _ := n.group("VAG_Unordered")
	from := len(n.Props) + 1 // behind the section
	n.addScript(unordered, 0, parts)
	n.Props[from], n.Props[from+2] = n.Props[from+2], n.Props[from]
	n.plant(ScriptPartsUnordered, TableGroup, "One member, the senior: part decides the order, which here starts with 0.", unordered)

	other, _ := n.group("VAG_OtherCase")
	section := n.addSection(ObjectAgentGroup, other, "Virtual")
	n.addOption(ObjectAgentGroup, other, section, firstPart, option{"SCRIPT", []string{`Skill("Nasty Rows")>=5`}})
	n.plant(ScriptOtherCase, TableGroup, "One member, the senior: section and option names compare without case.", other)

	for _, root := range []struct {
		c      Case
		name   string
		isNull bool
	}{{ScriptRootZero, "VAG_RootZero", false}, {ScriptRootNull, "VAG_RootNull", true}} {
		group, _ := n.group(root.name)
		at := len(n.Props)
		n.addScript(group, firstPart, []string{`Skill("Nasty Rows")>=5`})
		n.Props[at].RootNull = root.isNull
		n.plant(root.c, TableGroup, "One member, the senior: 0 and NULL both mean the root.", group)
	}
	gone := deletedDBID(&n.last.group)
	n.addScript(gone, firstPart, []string{`SkillExists("Nasty Rows")`})
	n.plant(ScriptOfDeletedGroup, TableProp, "Dropped and counted: nothing comes of it.", n.last.prop-1, n.last.prop)
	n.addOption(ObjectAgentGroup, three, deletedDBID(&n.last.prop), firstPart, option{ScriptOption, []string{`SkillExists("Nasty Rows")`}})
	n.plant(OptionDangling, TableProp, "Nothing comes of it: its section is gone.", n.last.prop)
}
