package engage_test

import (
	"cmp"
	"slices"
	"strings"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// expect is the slow and obvious reading of a site: what the snapshot of a query must hold.
func expect(s *engagetest.Site, q engage.Query) *model.Snapshot {
	e := &expectation{site: s, query: q, out: &model.Snapshot{HasEmailColumn: s.Schema.HasColumn(engagetest.TablePerson, engagetest.EmailColumn)}}
	for _, t := range s.Tenants {
		if t.DBID == q.Tenant {
			e.out.Tenant = model.Tenant{DBID: t.DBID, Name: t.Name, State: model.CfgState(t.State)}
		}
	}
	e.people()
	e.queues()
	e.groups()
	e.attributes()
	return e.out
}

type expectation struct {
	site  *engagetest.Site
	query engage.Query
	out   *model.Snapshot
}

// lost is what shows that a part of a text is lost; PostgreSQL holds U+FFFD where SQLite holds the bytes.
var lost = strings.NewReplacer("\x00", "\xff", "\uFFFD", "\xff")

func tidy(s string) string { return strings.TrimSpace(marked(s)) }

// marked shows every run of what is no text by one byte.
func marked(s string) string { return strings.ToValidUTF8(lost.Replace(s), "\xff") }

func (e *expectation) people() {
	for _, p := range e.site.Persons {
		if p.Tenant != e.query.Tenant || p.State == engagetest.StateDeleted || !p.Agent && !e.query.AllPersons {
			continue
		}
		email := ""
		if e.out.HasEmailColumn {
			email = tidy(p.Email)
		}
		e.out.Persons = append(e.out.Persons, model.Person{DBID: p.DBID, EmployeeID: tidy(p.EmployeeID), UserName: tidy(p.UserName),
			FirstName: tidy(p.First), LastName: tidy(p.Last), Email: email, IsAgent: p.Agent, State: model.CfgState(p.State)})
	}
	for _, k := range e.site.Skills {
		if k.Tenant == e.query.Tenant && k.State != engagetest.StateDeleted {
			e.out.Skills = append(e.out.Skills, model.Skill{DBID: k.DBID, Name: tidy(k.Name), State: model.CfgState(k.State)})
		}
	}
	for _, l := range e.site.Levels {
		if e.person(l.Person) && slices.ContainsFunc(e.out.Skills, func(k model.Skill) bool { return k.DBID == l.Skill }) {
			e.out.Levels = append(e.out.Levels, model.SkillLevel{Person: l.Person, Skill: l.Skill, Level: l.Level})
		}
	}
	slices.SortFunc(e.out.Persons, func(a, b model.Person) int { return cmp.Compare(a.DBID, b.DBID) })
	slices.SortFunc(e.out.Skills, func(a, b model.Skill) int { return cmp.Compare(a.DBID, b.DBID) })
	slices.SortFunc(e.out.Levels, func(a, b model.SkillLevel) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Skill, b.Skill))
	})
}

func (e *expectation) person(dbid int64) bool {
	_, ok := slices.BinarySearchFunc(e.out.Persons, dbid, func(p model.Person, d int64) int { return cmp.Compare(p.DBID, d) })
	return ok || slices.ContainsFunc(e.out.Persons, func(p model.Person) bool { return p.DBID == dbid })
}

func (e *expectation) queues() {
	for _, d := range e.site.DNs {
		if d.Tenant != e.query.Tenant || d.State == engagetest.StateDeleted || !slices.Contains(e.query.DNTypes, int(d.Type)) {
			continue
		}
		name := ""
		for _, w := range e.site.Switches {
			if w.DBID == d.Switch {
				name = w.Name
			}
		}
		e.out.DNs = append(e.out.DNs, model.DN{DBID: d.DBID, Number: tidy(d.Number), Alias: tidy(d.Alias), Type: int(d.Type),
			State: model.CfgState(d.State), Switch: tidy(name), SwitchDBID: d.Switch})
	}
	slices.SortFunc(e.out.DNs, func(a, b model.DN) int { return cmp.Compare(a.DBID, b.DBID) })
}

func (e *expectation) groups() {
	group := func(dbid int64) bool {
		return slices.ContainsFunc(e.out.Groups, func(g model.Group) bool { return g.DBID == dbid })
	}
	for _, g := range e.site.Groups {
		if g.Tenant == e.query.Tenant && g.State != engagetest.StateDeleted && g.Type == engagetest.AgentGroup {
			script, has := e.site.Script(g.DBID)
			e.out.Groups = append(e.out.Groups, model.Group{DBID: g.DBID, Name: tidy(g.Name), State: model.CfgState(g.State), Script: script, HasScript: has})
		}
	}
	slices.SortFunc(e.out.Groups, func(a, b model.Group) int { return cmp.Compare(a.DBID, b.DBID) })
	for _, m := range e.site.Members {
		p, _ := e.site.Person(m.Person)
		if group(m.Group) && e.person(m.Person) && p.Agent {
			e.out.GroupAgents = append(e.out.GroupAgents, model.GroupAgent{Group: m.Group, Person: m.Person})
		}
	}
	slices.SortFunc(e.out.GroupAgents, func(a, b model.GroupAgent) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Person, b.Person))
	})
	for _, l := range e.site.Links {
		if group(l.Group) && slices.ContainsFunc(e.out.DNs, func(d model.DN) bool { return d.DBID == l.DN }) {
			e.out.GroupDNs = append(e.out.GroupDNs, model.GroupDN{Group: l.Group, DN: l.DN})
		}
	}
	slices.SortFunc(e.out.GroupDNs, func(a, b model.GroupDN) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.DN, b.DN))
	})
}

func (e *expectation) attributes() {
	wanted := append(slices.Clone(e.query.Attributes), e.query.LanguageAttribute)
	for _, a := range e.site.Attributes {
		if a.Tenant != e.query.Tenant || !slices.Contains(wanted, a.Name) {
			continue
		}
		e.out.Attributes = append(e.out.Attributes, model.Attribute{DBID: a.DBID, Name: a.Name, State: model.CfgState(a.State)})
		for _, v := range e.site.Values {
			if v.Attribute == a.DBID && v.State != engagetest.StateDeleted {
				e.out.Values = append(e.out.Values, model.AttributeValue{DBID: v.DBID, Attribute: a.Name, Name: tidy(v.Name),
					DisplayName: tidy(v.DisplayName), State: model.CfgState(v.State)})
			}
		}
	}
	e.out.Valued = map[string]int{}
	for _, name := range wanted {
		if name != "" {
			e.out.Valued[name] = 0
			for _, v := range e.out.Values {
				if model.SameName(v.Attribute, name) {
					e.out.Valued[name]++
				}
			}
		}
	}
	slices.SortFunc(e.out.Attributes, func(a, b model.Attribute) int { return cmp.Compare(a.DBID, b.DBID) })
	slices.SortFunc(e.out.Values, func(a, b model.AttributeValue) int { return cmp.Compare(a.DBID, b.DBID) })
}
