package engage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
)

// agentGroupObject is the CfgObjectType of an agent group in cfg_flex_prop (facts 2.3).
const agentGroupObject = 5

// The annex option that holds the skill expression of a virtual agent group, and the object of the vendor's settings.
const (
	scriptSection     = "virtual"
	scriptOption      = "script"
	hybridIntegration = "hybrid_integration"
)

// statement is one read: the same FROM and WHERE give the rows and their count.
type statement struct {
	table   model.Table
	columns []string
	from    string
	where   string
	order   string
}

func (s statement) rows() string {
	return "SELECT " + strings.Join(s.columns, ", ") + "\nFROM " + s.from + "\nWHERE " + s.where + "\nORDER BY " + s.order
}

func (s statement) count() string { return "SELECT COUNT(*)\nFROM " + s.from + "\nWHERE " + s.where }

// queries are all statements of one read, in one dialect, over resolved names. Every statement has one parameter, the
// tenant's DBID; other numbers are written out, because a repeated placeholder means different things to the drivers.
type queries struct {
	res     Resolved
	query   Query
	param   string
	encoded bool // the secret gives the encoding of the texts
}

func newQueries(res Resolved, q Query, encoded bool) queries {
	return queries{res: res, query: q, param: res.dialect.parameter, encoded: encoded}
}

// texts are the columns that hold texts.
var texts = []string{"employee_id", "user_name", "first_name", "last_name", emailColumn, "name", "number_", "prop_name", "prop_value", "display_name"}

// c lists columns under an alias, as they are selected.
func (q queries) c(alias, table string, names ...string) []string {
	cs := make([]string, 0, len(names))
	for _, n := range names {
		if slices.Contains(texts, n) {
			cs = append(cs, q.res.text(alias, table, n, q.encoded))
			continue
		}
		cs = append(cs, q.one(alias, table, n))
	}
	return cs
}

func (q queries) one(alias, table, name string) string {
	return alias + "." + q.res.column(table, name)
}

// living leaves out rows in state 3 (deleted); a table without a state column holds living rows only.
func (q queries) living(alias, table string) string {
	if !q.res.has(table, "state") {
		return ""
	}
	s := q.one(alias, table, "state")
	return " AND (" + s + " IS NULL OR " + s + " <> 3)"
}

func (q queries) ofTenant(alias, table string) string {
	return q.one(alias, table, "tenant_dbid") + " = " + q.param
}

// orNoOwner widens a condition on the owner of a link row to rows whose owner is gone. They belong to no tenant; they are
// read to be dropped and counted, so that a damaged link table shows.
func (q queries) orNoOwner(alias, table, where string) string {
	return "(" + where + " OR " + q.one(alias, table, "dbid") + " IS NULL)"
}

func (q queries) tenants() string {
	return "SELECT " + strings.Join(q.c("t", tenantTable, "dbid", "name", "state"), ", ") + "\nFROM " + q.res.table(tenantTable) + " t\nORDER BY " +
		q.one("t", tenantTable, "dbid")
}

// extent asks for the size of a whole table, foreign tenants and deleted rows included, and its highest DBID.
func (q queries) extent(t model.Table) string {
	return "SELECT COUNT(*), MAX(" + q.res.column(string(t), "dbid") + ")\nFROM " + q.res.table(string(t))
}

// newest asks for the DBIDs within model.NewestSpan of the highest one of a whole table.
func (q queries) newest(t model.Table, highest int64) string {
	dbid := q.res.column(string(t), "dbid")
	return "SELECT " + dbid + "\nFROM " + q.res.table(string(t)) + "\nWHERE " + dbid + " > " + strconv.FormatInt(highest-model.NewestSpan, 10) + "\nORDER BY " + dbid + " DESC"
}

// extents lists the tables whose highest DBID tells that a source went back: those whose objects EXCS maps. The annex
// and the transactions are left out, their rows come and go without a trace in the EX Org.
func (q queries) extents() []model.Table {
	ts := []model.Table{model.TablePerson, model.TableSkill, model.TableDN, model.TableGroup}
	if q.hasAttributes() {
		ts = append(ts, model.TableAttribute, model.TableAttrValue)
	}
	return ts
}

func (q queries) hasAttributes() bool { return len(q.query.attributes()) > 0 }

// personScope is the WHERE of the persons that are read; the skill levels have it too.
func (q queries) personScope() string {
	const t = "cfg_person"
	where := q.ofTenant("p", t)
	if !q.query.AllPersons {
		where += " AND " + q.one("p", t, "is_agent") + " = 2"
	}
	return where + q.living("p", t)
}

func (q queries) persons() statement {
	const t = "cfg_person"
	columns := q.c("p", t, "dbid", "employee_id", "user_name", "first_name", "last_name", "is_agent", "state")
	if q.res.has(t, emailColumn) {
		columns = append(columns, q.c("p", t, emailColumn)...)
	}
	return statement{model.TablePerson, columns, q.res.table(t) + " p", q.personScope(), q.one("p", t, "dbid")}
}

func (q queries) skills() statement {
	const t = "cfg_skill"
	return statement{
		model.TableSkill, q.c("s", t, "dbid", "name", "state"), q.res.table(t) + " s",
		q.ofTenant("s", t) + q.living("s", t), q.one("s", t, "dbid"),
	}
}

func (q queries) levels() statement {
	const t, p = "cfg_skill_level", "cfg_person"
	return statement{
		model.TableSkillLevel, q.c("l", t, "person_dbid", "skill_dbid", "level_"),
		q.res.table(t) + " l LEFT JOIN " + q.res.table(p) + " p ON " + q.one("p", p, "dbid") + " = " + q.one("l", t, "person_dbid"),
		q.orNoOwner("p", p, q.personScope()), q.one("l", t, "person_dbid") + ", " + q.one("l", t, "skill_dbid"),
	}
}

// dnScope is the WHERE of the DNs that are read; the switches are those that these DNs name.
func (q queries) dnScope() string {
	const t = "cfg_dn"
	return q.ofTenant("d", t) + " AND " + q.one("d", t, "type") + " IN (" + numbers(q.query.DNTypes) + ")" + q.living("d", t)
}

// switches reads which of the switches that the DNs name are there: without them queues lose their names.
func (q queries) switches() statement {
	const t, w = "cfg_dn", switchTable
	return statement{
		model.TableSwitch, q.c("w", w, "dbid"), q.res.table(w) + " w",
		q.one("w", w, "dbid") + " IN (SELECT " + q.one("d", t, "switch_dbid") + " FROM " + q.res.table(t) + " d WHERE " + q.dnScope() + ")",
		q.one("w", w, "dbid"),
	}
}

func (q queries) dns() statement {
	const t, w = "cfg_dn", switchTable
	return statement{
		model.TableDN,
		append(q.c("d", t, "dbid", "number_", "name", "type", "state", "switch_dbid"), q.c("w", w, "dbid", "name")...),
		q.res.table(t) + " d LEFT JOIN " + q.res.table(w) + " w ON " + q.one("w", w, "dbid") + " = " + q.one("d", t, "switch_dbid"),
		q.dnScope(),
		q.one("d", t, "dbid"),
	}
}

func (q queries) groups() statement {
	const t = "cfg_group"
	columns := q.c("g", t, "dbid", "name", "state")
	if q.res.has(t, "group_type") {
		columns = append(columns, q.one("g", t, "group_type"))
	}
	return statement{model.TableGroup, columns, q.res.table(t) + " g", q.ofTenant("g", t) + q.living("g", t), q.one("g", t, "dbid")}
}

func (q queries) agents() statement {
	const t, g = "cfg_agent_group", "cfg_group"
	return statement{
		model.TableGroupAgent, q.c("a", t, "group_dbid", "agent_dbid"),
		q.res.table(t) + " a LEFT JOIN " + q.res.table(g) + " g ON " + q.one("g", g, "dbid") + " = " + q.one("a", t, "group_dbid"),
		q.orNoOwner("g", g, q.ofTenant("g", g)), q.one("a", t, "group_dbid") + ", " + q.one("a", t, "agent_dbid"),
	}
}

// links reads the Origination DNs. The join to cfg_dn leaves out links to DNs that exist in the tenant and are of a type
// that becomes no queue; links to a DN that is gone or foreign stay in, to be dropped and counted.
func (q queries) links() statement {
	const t, g, d = "cfg_route_dn", "cfg_group", "cfg_dn"
	dn, tenant := q.one("d", d, "dbid"), q.one("d", d, "tenant_dbid")
	return statement{
		model.TableGroupDN, q.c("r", t, "group_dbid", "dn_dbid"),
		q.res.table(t) + " r LEFT JOIN " + q.res.table(g) + " g ON " + q.one("g", g, "dbid") + " = " + q.one("r", t, "group_dbid") +
			" LEFT JOIN " + q.res.table(d) + " d ON " + dn + " = " + q.one("r", t, "dn_dbid"),
		q.orNoOwner("g", g, q.ofTenant("g", g)+" AND ("+dn+" IS NULL OR "+tenant+" IS NULL OR "+tenant+" <> "+q.one("g", g, "tenant_dbid")+
			" OR "+q.one("d", d, "type")+" IN ("+numbers(q.query.DNTypes)+"))"),
		q.one("r", t, "group_dbid") + ", " + q.one("r", t, "dn_dbid"),
	}
}

// scripts reads the parts of the skill expressions. Root rows have the parent 0 or NULL.
func (q queries) scripts() statement {
	const t, g = "cfg_flex_prop", "cfg_group"
	parent := q.one("s", t, "parent_dbid")
	return statement{
		model.TableScript,
		append(q.c("s", t, "object_dbid", "dbid", "prop_name"), q.c("o", t, "dbid", "prop_name", "part", "prop_value")...),
		q.res.table(t) + " s LEFT JOIN " + q.res.table(g) + " g ON " + q.one("g", g, "dbid") + " = " + q.one("s", t, "object_dbid") +
			" JOIN " + q.res.table(t) + " o ON " + q.one("o", t, "parent_dbid") + " = " + q.one("s", t, "dbid"),
		fmt.Sprintf("%s AND %s = %d AND (%s IS NULL OR %s = 0) AND %s AND %s", q.orNoOwner("g", g, q.ofTenant("g", g)), q.one("s", t, "object_type"), agentGroupObject,
			parent, parent, named(q.one("s", t, "prop_name"), scriptSection), named(q.one("o", t, "prop_name"), scriptOption)),
		strings.Join(append(q.c("s", t, "object_dbid", "dbid"), q.c("o", t, "dbid", "part")...), ", "),
	}
}

// named finds a name in any case, with space around it, and some that are no more than like it: who reads the rows
// compares again, in Go. Any letter stands for an i, because what LOWER makes of I depends on the server's locale.
func named(column, name string) string {
	return "LOWER(" + column + ") LIKE '%" + strings.ReplaceAll(name, "i", "_") + "%'"
}

func (q queries) attributes() statement {
	const t = "cfg_enumerator"
	return statement{
		model.TableAttribute, q.withState("e", t, "dbid", "name"), q.res.table(t) + " e",
		q.ofTenant("e", t) + q.living("e", t), q.one("e", t, "dbid"),
	}
}

// values reads the values of the Business Attributes with these DBIDs.
func (q queries) values(attributes []int64) statement {
	const t, e = "cfg_enumerator_value", "cfg_enumerator"
	return statement{
		model.TableAttrValue, q.withState("v", t, "dbid", "enumerator_dbid", "name", "display_name"),
		q.res.table(t) + " v JOIN " + q.res.table(e) + " e ON " + q.one("e", e, "dbid") + " = " + q.one("v", t, "enumerator_dbid"),
		q.ofTenant("e", e) + " AND " + q.one("e", e, "dbid") + " IN (" + numbers(attributes) + ")" + q.living("v", t),
		q.one("v", t, "dbid"),
	}
}

func (q queries) transactions() statement {
	const t = "cfg_transaction"
	return statement{
		model.TableTransaction, q.c("x", t, "dbid", "name"), q.res.table(t) + " x",
		q.ofTenant("x", t) + " AND " + named(q.one("x", t, "name"), hybridIntegration) + q.living("x", t), q.one("x", t, "dbid"),
	}
}

// withState adds the state column where the table has one.
func (q queries) withState(alias, table string, names ...string) []string {
	cs := q.c(alias, table, names...)
	if q.res.has(table, "state") {
		cs = append(cs, q.one(alias, table, "state"))
	}
	return cs
}
