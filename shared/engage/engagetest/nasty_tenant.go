package engagetest

import (
	"context"
	"fmt"
)

// plantWrapUps plants nasty wrap-up codes.
func (n *NastySite) plantWrapUps() {
	attribute := n.attribute(WrapUpAttribute)
	add := func(c Case, expect string, values ...Value) {
		var dbids []int64
		for _, v := range values {
			v.Attribute = attribute
			dbids = append(dbids, n.attributeValue(v))
		}
		n.plant(c, TableValue, expect, dbids...)
	}
	add(WrapUpsSameDisplay, "Two codes: each gets its system name as a suffix, as in Not interested (Sales_NI).",
		Value{Name: "Sales_NI", DisplayName: "Not interested"}, Value{Name: "Retention_NI", DisplayName: "Not interested"})
	add(WrapUpsEqualFolded, "One EX code, mapped by both.",
		Value{Name: "Nasty_Same", DisplayName: "Nasty same"}, Value{Name: "NASTY_SAME", DisplayName: "nasty same "})
	add(WrapUpNoDisplay, "The code's name is the system name.", Value{Name: "Nasty_No_Display"})
	add(WrapUpBlankDisplay, "The code's name is the system name, as if the display name were NULL.", Value{Name: "Nasty_Blank_Display", Blanks: true})
	add(WrapUpDisabled, "The code is there as if it were enabled.", Value{Name: "Nasty_Disabled", DisplayName: "Nasty disabled", State: StateDisabled})
	add(WrapUpAccented, "The name keeps its accents.", Value{Name: "Nasty_Accent", DisplayName: "Réclamation traitée – résolue ✓"})
	dangling := n.attributeValue(Value{Attribute: deletedDBID(&n.last.attribute), Name: "Nasty_Dangling", DisplayName: "Nasty dangling"})
	n.plant(ValueDangling, TableValue, "Nothing comes of it: its attribute is gone.", dangling)
}

// plantTenants plants a second tenant whose objects have the names, addresses and numbers of the main tenant's, and one that has next to nothing.
func (n *NastySite) plantTenants() {
	const never = "None of it reaches the main tenant's EX Org."
	twin := n.Persons[0]
	person := n.person(Person{Tenant: ForeignTenant, EmployeeID: twin.EmployeeID, UserName: twin.UserName, First: twin.First, Last: twin.Last, Email: twin.Email})
	alone := n.person(Person{Tenant: ForeignTenant, EmployeeID: "F000001", UserName: "foreign.agent", First: "Foreign", Last: "Agent",
		Email: "foreign.agent@contoso.example"})
	n.plant(ForeignPersons, TablePerson, never, person, alone)

	n.Skills = append(n.Skills,
		Skill{next(&n.last.skill), ForeignTenant, n.Skills[0].Name, StateEnabled}, Skill{next(&n.last.skill), ForeignTenant, "Foreign Skill", StateEnabled})
	n.plant(ForeignSkills, TableSkill, never, n.last.skill-1, n.last.skill)
	n.Levels = append(n.Levels, Level{Person: alone, Skill: n.last.skill, Level: 5})

	n.Switches = append(n.Switches, Switch{next(&n.last.swtch), ForeignTenant, "SIP_Switch_Foreign", StateEnabled})
	own := n.queue(DN{Tenant: ForeignTenant, Switch: n.last.swtch, Alias: "VQ_Foreign"})
	same := n.queue(DN{Tenant: ForeignTenant, Switch: n.last.swtch, Number: n.Queues()[0].Number, Alias: n.Queues()[0].Alias})
	n.plant(ForeignQueues, TableDN, never, own, same)
	group := n.bareGroup(Group{Tenant: ForeignTenant, Type: AgentGroup, Name: "AG_Foreign_Own"}, person, alone)
	virtual := n.bareGroup(Group{Tenant: ForeignTenant, Type: AgentGroup, Name: "VAG_Foreign"})
	n.addScript(virtual, firstPart, []string{`SkillExists("Foreign Skill")`})
	n.Links = append(n.Links, Link{group, own}, Link{virtual, same})
	n.plant(ForeignGroups, TableGroup, never, group, virtual)

	const custom = 4 // CfgEnumeratorType
	n.Attributes = append(n.Attributes,
		Attribute{next(&n.last.attribute), ForeignTenant, WrapUpAttribute, WrapUpAttribute, custom, StateEnabled},
		Attribute{next(&n.last.attribute), ForeignTenant, LanguageAttribute, LanguageAttribute, custom, StateEnabled})
	code := n.attributeValue(Value{Tenant: ForeignTenant, Attribute: n.last.attribute - 1, Name: "Foreign_Code", DisplayName: "Foreign code"})
	// A language of the other tenant that is a plain skill here.
	plain := n.Skills[Tiny.Size().Languages].Name
	language := n.attributeValue(Value{Tenant: ForeignTenant, Attribute: n.last.attribute, Name: plain, DisplayName: plain})
	n.plant(ForeignWrapUps, TableValue, never+" The second is a language there, whose name is a plain skill of the main tenant: it stays one.", code, language)

	n.person(Person{Tenant: BareTenant, EmployeeID: "B000001", UserName: "bare.agent", First: "Bare", Last: "Agent", Email: "bare.agent@contoso.example"})
	n.plant(AttributeMissing, TableTenant, "A snapshot of this tenant has no wrap-up codes and no languages, and says so.", BareTenant)
}

// plantSettings plants what is nasty about the vendor's settings object.
func (n *NastySite) plantSettings() {
	main := n.Transactions[0].DBID
	const list = 21 // CfgTransactionType
	other := next(&n.last.transaction)
	n.Transactions = append(n.Transactions, Transaction{other, ForeignTenant, HybridIntegration, HybridIntegration, list, StateEnabled})
	n.addSection(ObjectTransaction, other, "config_sync", option{"client_id", []string{"made-up-foreign-client"}})
	n.plant(HybridTwoTenants, TableTransaction, "Each tenant reads its own.", main, other)
	n.plant(HybridMissing, TableTenant, "A snapshot of this tenant has no settings of the vendor; that is no error.", BareTenant)

	unknown := n.addSection(ObjectTransaction, main, "altocloud", option{"api_key", []string{"made-up-key"}}, option{"journey", []string{"true"}})
	n.plant(HybridUnknownSections, TableProp, "Ignored; no value of it is in any log.", unknown)
	var zero int64
	for _, p := range n.Props {
		if p.Type == ObjectTransaction && p.Object == main && p.Name == "config_sync" {
			zero = p.DBID
		}
	}
	n.plant(HybridRootZero, TableProp, "Read as a section.", zero)
	at := len(n.Props)
	null := n.addSection(ObjectTransaction, main, "Config_Sync_More", option{"client_id", []string{"made-up-client"}})
	n.Props[at].RootNull = true
	n.plant(HybridRootNull, TableProp, "Read as a section.", null)
}

// plantEvents plants what happens and is no row.
func (n *NastySite) plantEvents() {
	n.plant(ColumnMissing, TablePerson, "The optional column external_id is missing: nothing comes of it.")
	event := func(c Case, t Table, expect string, do func(context.Context, *Editor) error) {
		n.planted = append(n.planted, Planted{Case: c, Table: t, Expect: expect, Do: do})
	}
	event(ColumnDisappears, TableLevel, "The run stops, naming what was looked for and what is there; nothing is removed.",
		func(ctx context.Context, e *Editor) error { return e.RemoveColumn(ctx, TableLevel, "level_") })
	event(TableDisappears, TableLink, "The run stops, naming what was looked for and what is there; nothing is removed.",
		func(ctx context.Context, e *Editor) error { return e.RemoveTable(ctx, TableLink) })
	event(NoRows, TablePerson, "Unknown, not empty: nothing is removed and nobody is deactivated.",
		func(ctx context.Context, e *Editor) error { return e.EmptyTable(ctx, TablePerson) })
	event(HalfTheRows, TablePerson, "More removals than the guard allows: they are held.",
		func(ctx context.Context, e *Editor) error { return e.TruncateTable(ctx, TablePerson, 0.5) })
}

// String says what was planted, for the messages of a test.
func (p Planted) String() string { return fmt.Sprintf("%s (%s %v)", p.Case, p.Table, p.DBIDs) }
