package engagetest

import (
	"context"
	"fmt"
	"slices"
)

// The tenants that a nasty site has beside the one under test.
const (
	// ForeignTenant has objects of its own, which must never leak into the tenant under test.
	ForeignTenant int64 = 102
	// BareTenant has one agent, and neither business attributes nor the transaction object hybrid_integration.
	BareTenant int64 = 103
)

// Planted is one nasty case of a site.
type Planted struct {
	Case Case
	// Table holds the rows that were planted.
	Table Table
	// DBIDs are those of the rows. The tables that have no DBIDs give pairs instead, as their keys have them: TableLevel person, skill, person,
	// skill, …; TableMember group, person, …; TableLink group, DN, ….
	DBIDs []int64
	// Expect says in a sentence what must come of it under the default rules.
	Expect string
	// Do makes the case happen, where it is an event and not a row. It is nil otherwise.
	Do func(context.Context, *Editor) error
}

// NastySite is a tiny site that holds every nasty case.
type NastySite struct {
	*Site
	planted []Planted
}

// Nasty builds a tiny site with every nasty case planted in it; it is the same each time. The schema options come on top of the one variation
// that the site has itself: the column external_id of the persons is missing.
func Nasty(options ...SchemaOption) *NastySite {
	options = append([]SchemaOption{WithoutColumn(TablePerson, "external_id")}, options...)
	n := &NastySite{Site: New(Tiny, 1, options...)}
	n.Tenants = append(n.Tenants,
		Tenant{ForeignTenant, "Foreign Contact Centre", StateEnabled}, Tenant{BareTenant, "Bare Contact Centre", StateEnabled})
	n.last.tenant = BareTenant
	n.plantQueues()
	n.plantQueueNames()
	n.plantPersons()
	n.plantIdentities()
	n.plantSkills()
	n.plantLevels()
	n.plantGroups()
	n.plantScripts()
	n.plantScriptRows()
	n.plantWrapUps()
	n.plantTenants()
	n.plantSettings()
	n.plantEvents()
	return n
}

// Cases returns all that was planted, in the order in which it was.
func (n *NastySite) Cases() []Planted { return slices.Clone(n.planted) }

// Case returns what was planted for a case. It panics for a case that Nasty does not plant: the test names it wrongly.
func (n *NastySite) Case(c Case) Planted {
	for _, p := range n.planted {
		if p.Case == c {
			return p
		}
	}
	panic(fmt.Sprintf("the nasty site has no case %q", c))
}

// plant notes a case.
func (n *NastySite) plant(c Case, t Table, expect string, dbids ...int64) {
	n.planted = append(n.planted, Planted{Case: c, Table: t, DBIDs: dbids, Expect: expect})
}

// person adds a Person; what is not said is that of an enabled agent of the main tenant.
func (n *NastySite) person(p Person) int64 {
	p.DBID, p.Agent = next(&n.last.person), true
	fillTenant(&p.Tenant, &p.State)
	n.Persons = append(n.Persons, p)
	return p.DBID
}

// fillTenant sets the tenant and the state that are not said.
func fillTenant(tenant *int64, state *State) {
	if *tenant == 0 {
		*tenant = MainTenant
	}
	if *state == 0 {
		*state = StateEnabled
	}
}

// ordinary adds an agent with nothing nasty about it.
func (n *NastySite) ordinary(last string) int64 {
	return n.person(n.named(last))
}

// named returns a Person with an employee id, a user name and an e-mail address of its own.
func (n *NastySite) named(last string) Person {
	k := n.last.person + 1
	user := fmt.Sprintf("nasty.%d", k)
	return Person{EmployeeID: fmt.Sprintf("X%06d", k), UserName: user, First: "Nasty", Last: last, Email: user + "@northwind.example"}
}

// skill adds a Skill of the main tenant.
func (n *NastySite) skill(name string) int64 {
	n.Skills = append(n.Skills, Skill{next(&n.last.skill), MainTenant, name, StateEnabled})
	return n.last.skill
}

// queue adds a DN; what is not said is that of an enabled Virtual Queue on the first switch with a number of its own. A number "-" means none.
func (n *NastySite) queue(d DN) int64 {
	d.DBID = next(&n.last.dn)
	fillTenant(&d.Tenant, &d.State)
	if d.Type == 0 {
		d.Type = VirtualQueue
	}
	if d.Switch == 0 {
		d.Switch = n.Switches[0].DBID
	}
	switch d.Number {
	case "":
		d.Number = fmt.Sprint(9_500_000 + d.DBID)
	case "-":
		d.Number = ""
	}
	n.DNs = append(n.DNs, d)
	return d.DBID
}

// group adds an agent group of the main tenant that takes calls from a queue of its own, so that its agents show.
func (n *NastySite) group(name string, members ...int64) (group, queue int64) {
	group = n.bareGroup(Group{Type: AgentGroup, Name: name}, members...)
	queue = n.queue(DN{Alias: "VQ_of_" + name})
	n.Links = append(n.Links, Link{group, queue})
	return group, queue
}

// bareGroup adds a group without a queue.
func (n *NastySite) bareGroup(g Group, members ...int64) int64 {
	g.DBID = next(&n.last.group)
	fillTenant(&g.Tenant, &g.State)
	n.Groups = append(n.Groups, g)
	for _, m := range members {
		n.Members = append(n.Members, Member{g.DBID, m})
	}
	return g.DBID
}

// attributeValue adds a value of an attribute.
func (n *NastySite) attributeValue(v Value) int64 {
	v.DBID = next(&n.last.value)
	fillTenant(&v.Tenant, &v.State)
	n.Values = append(n.Values, v)
	return v.DBID
}

// deletedDBID gives a DBID that no row has: of an object that was there once.
func deletedDBID(last *int64) int64 { return next(last) }
