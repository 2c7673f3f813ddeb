package engagetest

import (
	"cmp"
	"slices"
	"strings"
)

// find returns the place of the row with the DBID, or -1.
func find[T any](rows []T, dbid int64, of func(T) int64) int {
	i, ok := slices.BinarySearchFunc(rows, dbid, func(row T, want int64) int { return cmp.Compare(of(row), want) })
	if !ok {
		return -1
	}
	return i
}

// at returns the row with the DBID and whether there is one.
func at[T any](rows []T, dbid int64, of func(T) int64) (row T, ok bool) {
	if i := find(rows, dbid, of); i >= 0 {
		return rows[i], true
	}
	return row, false
}

func personDBID(p Person) int64 { return p.DBID }

func skillDBID(s Skill) int64 { return s.DBID }

func groupDBID(g Group) int64 { return g.DBID }

func dnDBID(d DN) int64 { return d.DBID }

func valueDBID(v Value) int64 { return v.DBID }

// Person returns the Person with the DBID and whether there is one.
func (s *Site) Person(dbid int64) (Person, bool) { return at(s.Persons, dbid, personDBID) }

// Skill returns the Skill with the DBID and whether there is one.
func (s *Site) Skill(dbid int64) (Skill, bool) { return at(s.Skills, dbid, skillDBID) }

// Group returns the Group with the DBID and whether there is one.
func (s *Site) Group(dbid int64) (Group, bool) { return at(s.Groups, dbid, groupDBID) }

// DN returns the DN with the DBID and whether there is one.
func (s *Site) DN(dbid int64) (DN, bool) { return at(s.DNs, dbid, dnDBID) }

// Value returns the attribute value with the DBID and whether there is one.
func (s *Site) Value(dbid int64) (Value, bool) { return at(s.Values, dbid, valueDBID) }

// attribute returns the DBID of the main tenant's attribute of that name, or 0.
func (s *Site) attribute(name string) int64 {
	for _, a := range s.Attributes {
		if a.Tenant == s.Tenant && a.Name == name {
			return a.DBID
		}
	}
	return 0
}

// ValuesOf returns the values of the main tenant's attribute of that name, such as WrapUpAttribute.
func (s *Site) ValuesOf(attribute string) []Value {
	var out []Value
	dbid := s.attribute(attribute)
	for _, v := range s.Values {
		if dbid != 0 && v.Attribute == dbid {
			out = append(out, v)
		}
	}
	return out
}

// LevelsOf returns the skill levels of a Person, rising by the skill's DBID.
func (s *Site) LevelsOf(person int64) []Level {
	var out []Level
	for _, l := range s.Levels {
		if l.Person == person {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Level) int { return cmp.Compare(a.Skill, b.Skill) })
	return out
}

// Queues returns the main tenant's DNs of the four types that become queues.
func (s *Site) Queues() []DN {
	var out []DN
	for _, d := range s.DNs {
		if d.Tenant == s.Tenant && d.Type.IsQueue() {
			out = append(out, d)
		}
	}
	return out
}

// Script returns the skill expression of an agent group, its parts joined, and whether there is one. It looks through the whole annex: use
// Scripts for more than a few groups.
func (s *Site) Script(group int64) (string, bool) {
	script, ok := s.scripts(func(p Prop) bool { return p.Object == group })[group]
	return script, ok
}

// Scripts returns the skill expressions of all groups that have one, by the group's DBID.
func (s *Site) Scripts() map[int64]string { return s.scripts(func(Prop) bool { return true }) }

// scripts returns the skill expressions in the annex rows that fit. Names compare without case, and the part decides the order.
func (s *Site) scripts(fits func(Prop) bool) map[int64]string {
	sections, parts := map[int64]bool{}, map[int64][]Prop{}
	for _, p := range s.Props {
		if p.Type != ObjectAgentGroup || !fits(p) {
			continue
		}
		switch {
		case p.Parent == 0 && strings.EqualFold(p.Name, ScriptSection):
			sections[p.DBID] = true
		case sections[p.Parent] && strings.EqualFold(p.Name, ScriptOption):
			parts[p.Object] = append(parts[p.Object], p)
		}
	}
	out := make(map[int64]string, len(parts))
	for group, rows := range parts {
		slices.SortStableFunc(rows, func(a, b Prop) int { return cmp.Compare(a.Part, b.Part) })
		var b strings.Builder
		for _, p := range rows {
			b.WriteString(p.Value)
		}
		out[group] = b.String()
	}
	return out
}
