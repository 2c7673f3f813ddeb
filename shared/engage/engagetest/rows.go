package engagetest

// shape says how a row of the model is spread over the columns of its table.
type shape[T any] struct {
	table   Table
	columns []string
	values  func(T) []any
}

// rowSet is all the rows of one table.
type rowSet struct {
	table   Table
	columns []string
	count   int
	values  func(i int) []any
}

// rowSets returns the rows of every table, in the order in which they are loaded.
func (s *Site) rowSets() []rowSet {
	return []rowSet{
		rowsOf(tenantShape(), s.Tenants),
		rowsOf(switchShape(), s.Switches),
		rowsOf(personShape(), s.Persons),
		rowsOf(skillShape(), s.Skills),
		rowsOf(levelShape(), s.Levels),
		rowsOf(loginShape(), s.Logins),
		rowsOf(loginInfoShape(), s.LoginInfos),
		rowsOf(groupShape(), s.Groups),
		rowsOf(memberShape(), s.Members),
		rowsOf(linkShape(), s.Links),
		rowsOf(dnShape(), s.DNs),
		rowsOf(propShape(s.Schema.RootNull), s.Props),
		rowsOf(attributeShape(), s.Attributes),
		rowsOf(valueShape(), s.Values),
		rowsOf(transactionShape(), s.Transactions),
		rowsOf(localeShape(), locales()),
	}
}

// rowsOf binds rows to their shape.
func rowsOf[T any](sh shape[T], rows []T) rowSet {
	return rowSet{sh.table, sh.columns, len(rows), func(i int) []any { return sh.values(rows[i]) }}
}

// text stores an empty text as NULL, or as an empty string if blanks is true.
func text(s string, blanks bool) any {
	if s == "" && !blanks {
		return nil
	}
	return s
}

// ref stores a reference of 0 as NULL.
func ref(dbid int64) any {
	if dbid == 0 {
		return nil
	}
	return dbid
}

// flag is CfgFlag: 1 = false, 2 = true.
func flag(b bool) int {
	if b {
		return 2
	}
	return 1
}

func tenantShape() shape[Tenant] {
	return shape[Tenant]{TableTenant, []string{"dbid", "name", "state", "is_serv_provider", "is_super_tenant"}, func(t Tenant) []any {
		return []any{t.DBID, text(t.Name, false), int(t.State), flag(t.DBID == EnvironmentTenant), flag(t.DBID == EnvironmentTenant)}
	}}
}

func switchShape() shape[Switch] {
	return shape[Switch]{TableSwitch, []string{"dbid", "tenant_dbid", "name", "state", "type", "link_type"}, func(w Switch) []any {
		return []any{w.DBID, ref(w.Tenant), text(w.Name, false), int(w.State), 52, 1} // 52: SIP Switch
	}}
}

func personShape() shape[Person] {
	return shape[Person]{
		TablePerson,
		[]string{"dbid", "tenant_dbid", "employee_id", "user_name", "first_name", "last_name", EmailColumn, "is_agent", "is_admin", "state"},
		func(p Person) []any {
			return []any{
				p.DBID, ref(p.Tenant), text(p.EmployeeID, p.Blanks), text(p.UserName, p.Blanks), text(p.First, p.Blanks), text(p.Last, p.Blanks),
				text(p.Email, p.Blanks), flag(p.Agent), flag(false), int(p.State),
			}
		},
	}
}

func skillShape() shape[Skill] {
	return shape[Skill]{TableSkill, []string{"dbid", "tenant_dbid", "name", "state"}, func(s Skill) []any {
		return []any{s.DBID, ref(s.Tenant), text(s.Name, false), int(s.State)}
	}}
}

func levelShape() shape[Level] {
	return shape[Level]{TableLevel, []string{"person_dbid", "skill_dbid", "level_"}, func(l Level) []any {
		if l.Null {
			return []any{l.Person, l.Skill, nil}
		}
		return []any{l.Person, l.Skill, l.Level}
	}}
}

func loginShape() shape[Login] {
	return shape[Login]{TableLogin, []string{"dbid", "tenant_dbid", "switch_dbid", "login_code", "state"}, func(l Login) []any {
		return []any{l.DBID, ref(l.Tenant), ref(l.Switch), text(l.Code, false), int(l.State)}
	}}
}

func loginInfoShape() shape[LoginInfo] {
	return shape[LoginInfo]{TableLoginInfo, []string{"person_dbid", "agent_login_dbid", "wrapup_time"}, func(l LoginInfo) []any {
		return []any{l.Person, l.Login, 0}
	}}
}

func groupShape() shape[Group] {
	return shape[Group]{TableGroup, []string{"dbid", "group_type", "tenant_dbid", "name", "state"}, func(g Group) []any {
		return []any{g.DBID, int(g.Type), ref(g.Tenant), text(g.Name, false), int(g.State)}
	}}
}

func memberShape() shape[Member] {
	return shape[Member]{TableMember, []string{"group_dbid", "agent_dbid"}, func(m Member) []any { return []any{m.Group, m.Person} }}
}

func linkShape() shape[Link] {
	return shape[Link]{TableLink, []string{"group_dbid", "dn_dbid"}, func(l Link) []any { return []any{l.Group, l.DN} }}
}

func dnShape() shape[DN] {
	return shape[DN]{TableDN, []string{"dbid", "tenant_dbid", "switch_dbid", "type", "number_", "name", "state"}, func(d DN) []any {
		return []any{d.DBID, ref(d.Tenant), ref(d.Switch), int(d.Type), text(d.Number, d.Blanks), text(d.Alias, d.Blanks), int(d.State)}
	}}
}

func propShape(rootNull bool) shape[Prop] {
	return shape[Prop]{
		TableProp,
		[]string{"dbid", "object_dbid", "object_type", "parent_dbid", "prop_name", "prop_value", "prop_type", "part"},
		func(p Prop) []any {
			parent, propType := any(p.Parent), 0 // prop_type by TKVType: 0 a string, 3 a list (inferred)
			if p.Parent == 0 {
				propType = 3
				if rootNull || p.RootNull {
					parent = nil
				}
			}
			return []any{p.DBID, p.Object, int(p.Type), parent, text(p.Name, false), text(p.Value, false), propType, p.Part}
		},
	}
}

func attributeShape() shape[Attribute] {
	return shape[Attribute]{TableAttribute, []string{"dbid", "tenant_dbid", "name", "display_name", "type", "state"}, func(a Attribute) []any {
		return []any{a.DBID, ref(a.Tenant), text(a.Name, false), text(a.DisplayName, false), a.Type, int(a.State)}
	}}
}

func valueShape() shape[Value] {
	return shape[Value]{
		TableValue,
		[]string{"dbid", "enumerator_dbid", "tenant_dbid", "name", "display_name", "is_default", "state"},
		func(v Value) []any {
			return []any{
				v.DBID, ref(v.Attribute), ref(v.Tenant), text(v.Name, v.Blanks), text(v.DisplayName, v.Blanks), flag(v.Default), int(v.State),
			}
		},
	}
}

func transactionShape() shape[Transaction] {
	return shape[Transaction]{TableTransaction, []string{"dbid", "tenant_dbid", "name", "alias", "type", "state"}, func(t Transaction) []any {
		return []any{t.DBID, ref(t.Tenant), text(t.Name, false), text(t.Alias, false), t.Type, int(t.State)}
	}}
}

// locale is a row of cfg_locale, which gives names to the numbers of an enumeration.
type locale struct {
	enumeration, number int
	name                string
}

func localeShape() shape[locale] {
	return shape[locale]{TableLocale, []string{"lcid", "lc_class", "lc_type", "lc_subtype", "lc_value"}, func(l locale) []any {
		return []any{1033, 0, l.enumeration, l.number, l.name} // 1033: English (United States)
	}}
}

// locales returns the object states (lc_type 0) and the DN types (lc_type 5), in the order of their enumerations.
func locales() []locale {
	states := []string{"Unknown", "Enabled", "Disabled", "Deleted"}
	types := []string{
		"Unknown", "Extension", "ACD Position", "ACD Queue", "Routing Point", "Virtual Queue", "Virtual Routing Point", "EAPort", "Voice Mail",
		"Mobile Station", "Call Processing Port", "Fax", "Data", "Music Port", "Trunk", "Trunk Group", "Tie Line", "Tie Line Group", "Mixed",
		"External Routing Point", "Network Destination", "Service Number", "Routing Queue", "Communication DN", "E-mail Address", "Voice over IP Port",
		"Video over IP Port", "Chat", "CoBrowse", "Voice over IP Service", "Workflow", "Access Resource", "GVP DID",
	}
	var out []locale
	for i, name := range states {
		out = append(out, locale{0, i, name})
	}
	for i, name := range types {
		out = append(out, locale{5, i, name})
	}
	return out
}
