package engagetest

import "strings"

// plantQueues plants queues whose numbers, switches, states or links are nasty.
func (n *NastySite) plantQueues() {
	home, away := n.Switches[0].DBID, n.Switches[1].DBID
	n.plant(AliasMissing, TableDN, "The queue is named number@switch.", n.queue(DN{}))
	n.plant(AliasBlank, TableDN, "The queue is named number@switch, as if the alias were NULL.", n.queue(DN{Blanks: true}))
	n.plant(NumberOnTwoSwitches, TableDN, "Two queues, each named number@switch.",
		n.queue(DN{Number: "7777", Switch: home}), n.queue(DN{Number: "7777", Switch: away}))
	n.plant(QueueDisabled, TableDN, "The queue is there as if it were enabled.", n.queue(DN{Alias: "VQ_Disabled", State: StateDisabled}))
	n.plant(QueueSwitchDangling, TableDN, "The queue is named by its number alone.", n.queue(DN{Switch: deletedDBID(&n.last.swtch)}))
	n.plant(QueueNameless, TableDN, "The queue is named DN <DBID>.", n.queue(DN{Number: "-"}))
	n.plant(QueueNeverLinked, TableDN, "The queue's members are not controlled.", n.queue(DN{Alias: "VQ_Never_Linked"}))
	n.plant(OtherQueueTypes, TableDN, "Three queues under the rules of July 2023, none under the current ones.",
		n.queue(DN{Type: ACDQueue, Alias: "ACD_Nasty"}), n.queue(DN{Type: RoutingPoint, Alias: "RP_Nasty"}),
		n.queue(DN{Type: RoutingQueue, Alias: "RQ_Nasty"}))

	const virtualRoutingPoint = 6 // a DN type that is no queue under any rules
	someone := n.ordinary("Linked")
	other := n.queue(DN{Type: virtualRoutingPoint, Alias: "VRP_Nasty"})
	n.Links = append(n.Links, Link{n.bareGroup(Group{Type: AgentGroup, Name: "AG_of_VRP"}, someone), other})
	n.plant(NotAQueue, TableDN, "No queue.", other)
	n.plantLinks(someone)
}

// plantLinks plants nasty rows of the link table.
func (n *NastySite) plantLinks(someone int64) {
	link := func(c Case, group, dn int64, expect string) {
		n.Links = append(n.Links, Link{group, dn})
		n.plant(c, TableLink, expect, group, dn)
	}
	group, queue := n.group("AG_Links", someone)
	link(LinkDanglingGroup, deletedDBID(&n.last.group), queue, "Dropped and counted; the queue keeps the agents of its other group.")
	link(LinkDanglingDN, group, deletedDBID(&n.last.dn), "Dropped and counted.")
	foreigner := n.person(Person{Tenant: ForeignTenant, EmployeeID: "F000009", UserName: "foreign.linked", First: "Foreign", Last: "Linked",
		Email: "foreign.linked@contoso.example"})
	link(LinkOfForeignGroup, n.bareGroup(Group{Tenant: ForeignTenant, Type: AgentGroup, Name: "AG_Foreign_Linked"}, foreigner), queue,
		"Dropped: another tenant's group brings nobody into the queue.")
	link(LinkOfPlaceGroup, n.bareGroup(Group{Type: PlaceGroup, Name: "PG_Linked"}), queue, "A place group brings nobody into the queue.")

	both := n.queue(DN{Alias: "VQ_of_two_groups"})
	a := n.bareGroup(Group{Type: AgentGroup, Name: "AG_Share_1"}, someone, n.ordinary("ShareOne"))
	b := n.bareGroup(Group{Type: AgentGroup, Name: "AG_Share_2"}, someone, n.ordinary("ShareTwo"))
	n.Links = append(n.Links, Link{a, both}, Link{b, both})
	n.plant(QueueOfSeveralGroups, TableDN, "Three members: the agent that both groups have counts once.", both)
}

// plantQueueNames plants nasty aliases.
func (n *NastySite) plantQueueNames() {
	alias := func(c Case, expect string, aliases ...string) {
		var dbids []int64
		for _, a := range aliases {
			dbids = append(dbids, n.queue(DN{Alias: a}))
		}
		n.plant(c, TableDN, expect, dbids...)
	}
	long := strings.Repeat("VQ_Long_", 32)[:255]
	twin := strings.Repeat("vq_twin_", 32)[:255]
	alias(AliasesEqualFolded, "Two queues: both get the suffix (number@switch), for neither was mapped before.", "VQ_Gold_EN", " vq_gold_en ")
	alias(AliasTrailingSpaces, "The name has no trailing spaces.", "VQ_Padded_EN   ")
	alias(AliasLong, "The name is the alias, uncut: an EX Org takes 256 characters.", long)
	alias(AliasesLongEqual, "Both are cut before the suffix (number@switch), to 256 characters altogether.", twin, strings.ToUpper(twin))
	alias(AliasForbidden, "Each * of the name becomes _.", "*VQ * Sales*")
	alias(AliasAccented, "The name keeps its accents.", "VQ_Réclamations_Zürich_Łódź")
	alias(AliasCJK, "The name keeps its characters.", "客服中心_銷售")
	alias(AliasQuotes, "The name keeps quotes and backslash.", `VQ_O'Brien's "Desk"\Back`)
	alias(AliasBrokenEncoding, "Bytes that are no UTF-8 (PostgreSQL holds U+FFFD in their place): the queue is rejected until the encoding is given.", "VQ_M\xfcnchen")
}
