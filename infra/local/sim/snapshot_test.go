package sim

import (
	"cmp"
	"slices"
	"strings"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
)

// snapshotOf reads a site from memory, as the reader of Engage reads it from a database: TestSnapshotIsWhatIsRead compares
// the two.
func snapshotOf(site *engagetest.Site, s rules.Settings) (*model.Snapshot, model.Counts) {
	r := &rowsRead{site: site, settings: s, persons: map[int64]bool{}, agents: map[int64]bool{}, skills: map[int64]bool{}, out: &model.Snapshot{
		HasEmailColumn: true, Read: map[model.Table]int{}, Total: map[model.Table]int{}, Dropped: map[model.Table]int{},
		Valued: map[string]int{}, Highest: map[model.Table]int64{}, Newest: map[model.Table][]int64{},
	}}
	for _, t := range site.Tenants {
		if t.DBID == s.Tenant {
			r.out.Tenant = model.Tenant{DBID: t.DBID, Name: strings.TrimSpace(t.Name), State: model.CfgState(t.State)}
		}
	}
	r.people()
	r.queues()
	r.attributes()
	r.extents()
	counts := model.Counts{}
	for t, n := range r.out.Read {
		counts[t] = n
	}
	return r.out, counts
}

type rowsRead struct {
	site                    *engagetest.Site
	settings                rules.Settings
	persons, agents, skills map[int64]bool
	out                     *model.Snapshot
}

func (r *rowsRead) people() {
	trim := strings.TrimSpace
	for _, p := range r.site.Persons {
		if p.Tenant != r.site.Tenant || p.State == engagetest.StateDeleted || !p.Agent && r.settings.Users.Who != rules.WhoAll {
			continue
		}
		r.persons[p.DBID], r.agents[p.DBID] = true, p.Agent
		r.out.Persons = append(r.out.Persons, model.Person{DBID: p.DBID, EmployeeID: trim(p.EmployeeID), UserName: trim(p.UserName), FirstName: trim(p.First),
			LastName: trim(p.Last), Email: trim(p.Email), IsAgent: p.Agent, State: model.CfgState(p.State)})
	}
	for _, k := range r.site.Skills {
		if k.Tenant == r.site.Tenant && k.State != engagetest.StateDeleted {
			r.skills[k.DBID] = true
			r.out.Skills = append(r.out.Skills, model.Skill{DBID: k.DBID, Name: trim(k.Name), State: model.CfgState(k.State)})
		}
	}
	for _, l := range r.site.Levels {
		if r.persons[l.Person] && r.skills[l.Skill] {
			r.out.Levels = append(r.out.Levels, model.SkillLevel{Person: l.Person, Skill: l.Skill, Level: l.Level})
		}
	}
	r.out.Read[model.TablePerson], r.out.Read[model.TableSkill], r.out.Read[model.TableSkillLevel] = len(r.out.Persons), len(r.out.Skills), len(r.out.Levels)
}

func (r *rowsRead) queues() {
	switches, dns, groups := map[int64]string{}, map[int64]bool{}, map[int64]bool{}
	for _, w := range r.site.Switches {
		switches[w.DBID] = strings.TrimSpace(w.Name)
	}
	types := map[int]bool{}
	for _, t := range r.settings.Queues.Types {
		types[t] = true
	}
	for _, d := range r.site.DNs {
		if d.Tenant == r.site.Tenant && types[int(d.Type)] && d.State != engagetest.StateDeleted {
			dns[d.DBID] = true
			r.out.DNs = append(r.out.DNs, model.DN{DBID: d.DBID, Number: strings.TrimSpace(d.Number), Alias: strings.TrimSpace(d.Alias), Type: int(d.Type),
				State: model.CfgState(d.State), Switch: switches[d.Switch], SwitchDBID: d.Switch})
		}
	}
	scripts := r.site.Scripts()
	for _, g := range r.site.Groups {
		if g.Tenant == r.site.Tenant && g.Type == engagetest.AgentGroup && g.State != engagetest.StateDeleted {
			groups[g.DBID] = true
			script, has := scripts[g.DBID]
			if has {
				r.out.Read[model.TableScript]++
			}
			r.out.Groups = append(r.out.Groups, model.Group{DBID: g.DBID, Name: strings.TrimSpace(g.Name), State: model.CfgState(g.State), Script: script, HasScript: has})
		}
	}
	for _, m := range r.site.Members {
		if groups[m.Group] && r.agents[m.Person] {
			r.out.GroupAgents = append(r.out.GroupAgents, model.GroupAgent{Group: m.Group, Person: m.Person})
		}
	}
	for _, l := range r.site.Links {
		if groups[l.Group] && dns[l.DN] {
			r.out.GroupDNs = append(r.out.GroupDNs, model.GroupDN{Group: l.Group, DN: l.DN})
		}
	}
	slices.SortFunc(r.out.GroupAgents, func(a, b model.GroupAgent) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Person, b.Person))
	})
	slices.SortFunc(r.out.GroupDNs, func(a, b model.GroupDN) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.DN, b.DN))
	})
	read := r.out.Read
	read[model.TableDN], read[model.TableGroup], read[model.TableGroupAgent], read[model.TableGroupDN] = len(r.out.DNs), len(r.out.Groups), len(r.out.GroupAgents), len(r.out.GroupDNs)
	read[model.TableScript] += 0
}

func (r *rowsRead) attributes() {
	names := map[string]bool{r.settings.Languages.Attribute: true}
	for _, a := range r.settings.WrapUpCodes.Attributes {
		names[a] = true
	}
	attributes := map[int64]string{}
	for name := range names {
		r.out.Valued[name] = 0
	}
	for _, a := range r.site.Attributes {
		if a.Tenant == r.site.Tenant {
			r.out.Read[model.TableAttribute]++
		}
		if a.Tenant == r.site.Tenant && names[a.Name] {
			attributes[a.DBID] = a.Name
			r.out.Attributes = append(r.out.Attributes, model.Attribute{DBID: a.DBID, Name: a.Name, State: model.CfgState(a.State)})
		}
	}
	for _, v := range r.site.Values {
		if name, ok := attributes[v.Attribute]; ok && v.State != engagetest.StateDeleted {
			r.out.Valued[name]++
			r.out.Values = append(r.out.Values, model.AttributeValue{DBID: v.DBID, Attribute: name, Name: strings.TrimSpace(v.Name), DisplayName: strings.TrimSpace(v.DisplayName), State: model.CfgState(v.State)})
		}
	}
	r.out.Read[model.TableAttrValue] = len(r.out.Values)
	r.out.Read[model.TableSwitch] = len(r.site.Switches)
}

// extents are what whole tables hold, other tenants and deleted rows included.
func (r *rowsRead) extents() {
	extent(r.out, model.TablePerson, r.site.Persons, func(x engagetest.Person) int64 { return x.DBID })
	extent(r.out, model.TableSkill, r.site.Skills, func(x engagetest.Skill) int64 { return x.DBID })
	extent(r.out, model.TableDN, r.site.DNs, func(x engagetest.DN) int64 { return x.DBID })
	extent(r.out, model.TableGroup, r.site.Groups, func(x engagetest.Group) int64 { return x.DBID })
	extent(r.out, model.TableAttribute, r.site.Attributes, func(x engagetest.Attribute) int64 { return x.DBID })
	extent(r.out, model.TableAttrValue, r.site.Values, func(x engagetest.Value) int64 { return x.DBID })
}

// extent notes how many rows there are and the DBIDs near the highest one. Rows are in the order of their DBIDs.
func extent[T any](s *model.Snapshot, t model.Table, rows []T, dbid func(T) int64) {
	s.Total[t] = len(rows)
	s.Highest[t] = 0
	for i := len(rows) - 1; i >= 0; i-- {
		n := dbid(rows[i])
		s.Highest[t] = max(s.Highest[t], n)
		if n > s.Highest[t]-model.NewestSpan {
			s.Newest[t] = append(s.Newest[t], n)
		}
	}
}
