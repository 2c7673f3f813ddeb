package engage

import "strings"

// need is a table that the reader looks for, under its name in the documented schema.
type need struct {
	table string
	// also are further names to try, in this order, after table itself.
	also []string
	// shaped finds the table by its columns where no name fits.
	shaped  func(catalogueTable) bool
	columns []needColumn
	// optional tables may be missing.
	optional bool
}

// needColumn is a column of a need.
type needColumn struct {
	name     string
	also     []string
	optional bool
}

// The documented names of what is optional or has to be guessed.
const (
	switchTable = "cfg_switch"
	tenantTable = "cfg_tenant"
	emailColumn = "email_address"
)

// needs lists everything that is looked for. Names and columns of the first nine tables are publicly known (facts 2.2);
// those of business attributes and their values, of the transaction table and of the link from a group to its
// Origination DNs are not, nor is the person's e-mail column: they are guessed from the names of the SDK's attributes.
func needs(q Query) []need {
	attributes := len(q.attributes()) > 0
	return []need{
		{table: tenantTable, columns: plain("dbid", "name", "state")},
		{table: "cfg_person", columns: append(plain("dbid", "tenant_dbid", "employee_id", "user_name", "first_name", "last_name", "is_agent", "state"),
			needColumn{name: emailColumn, also: []string{"e_mail", "email", "emailaddress"}, optional: true})},
		{table: "cfg_skill", columns: plain("dbid", "tenant_dbid", "name", "state")},
		{table: "cfg_skill_level", columns: plain("person_dbid", "skill_dbid", "level_")},
		{table: "cfg_dn", columns: plain("dbid", "tenant_dbid", "type", "number_", "name", "state", "switch_dbid")},
		{table: switchTable, columns: plain("dbid", "name")},
		{table: "cfg_group", columns: append(plain("dbid", "tenant_dbid", "name", "state"), needColumn{name: "group_type", optional: true})},
		{table: "cfg_agent_group", columns: plain("group_dbid", "agent_dbid")},
		{table: "cfg_flex_prop", columns: plain("dbid", "object_dbid", "object_type", "parent_dbid", "prop_name", "prop_value", "part")},
		{table: "cfg_route_dn", also: []string{"cfg_group_route_dn"}, shaped: linksGroupToDN,
			columns: []needColumn{{name: "group_dbid"}, {name: "dn_dbid", also: []string{"route_dn_dbid", "routedn_dbid"}}}},
		{table: "cfg_enumerator", optional: !attributes,
			columns: append(plain("dbid", "tenant_dbid", "name"), needColumn{name: "state", optional: true})},
		{table: "cfg_enumerator_value", also: []string{"cfg_enum_value", "cfg_enumerator_val"}, optional: !attributes,
			columns: append(plain("dbid", "enumerator_dbid", "name", "display_name"), needColumn{name: "state", optional: true})},
		{table: "cfg_transaction", optional: true,
			columns: append(plain("dbid", "tenant_dbid", "name"), needColumn{name: "state", optional: true})},
	}
}

func plain(names ...string) []needColumn {
	cs := make([]needColumn, 0, len(names))
	for _, n := range names {
		cs = append(cs, needColumn{name: n})
	}
	return cs
}

// linksGroupToDN says whether a table has the shape of the link from a group to its Origination DNs: a group column and
// a DN column. cfg_dn itself has a group column, and the member table of DN groups has trunks (facts 2.2).
func linksGroupToDN(t catalogueTable) bool {
	_, trunks := t.columns["trunks"]
	name := strings.ToLower(t.name)
	return !trunks && name != "cfg_dn" && strings.HasPrefix(name, "cfg_")
}

// names lists the names to try for a table; one from the secret stands alone.
func (n need) names(overrides map[string]string) []string {
	if o, ok := overrides[n.table]; ok {
		return []string{o}
	}
	return append([]string{n.table}, n.also...)
}

// namesOf lists the names to try for a column; one from the secret stands alone.
func (n need) namesOf(c needColumn, overrides map[string]string) []string {
	if o, ok := overrides[n.table+"."+c.name]; ok {
		return []string{o}
	}
	return append([]string{c.name}, c.also...)
}
