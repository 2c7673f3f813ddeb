package engage_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// vary gives the documented schema, changed.
func vary(change func(s engage.Schema)) engage.Schema {
	s := engage.DocumentedSchema()
	change(s)
	return s
}

// rename gives columns with one of them renamed; "" removes it.
func rename(columns []string, from, to string) []string {
	columns = slices.Clone(columns)
	i := slices.Index(columns, from)
	if to == "" {
		return slices.Delete(columns, i, i+1)
	}
	columns[i] = to
	return columns
}

// move renames a table.
func move(s engage.Schema, from, to string) {
	s[to] = s[from]
	delete(s, from)
}

// Where the names that are not publicly known are found.
func TestResolve(t *testing.T) {
	none := map[string]string{}
	for _, c := range []struct {
		name      string
		holds     engage.Schema
		overrides map[string]string
		want      string // a line of the resolved map
	}{
		{"the documented names", engage.DocumentedSchema(), none, "cfg_route_dn (dn_dbid, group_dbid)"},
		{"another name of the value table", vary(func(s engage.Schema) { move(s, "cfg_enumerator_value", "cfg_enum_value") }), none, "cfg_enumerator_value = cfg_enum_value (dbid,"},
		{"the third name of the value table", vary(func(s engage.Schema) { move(s, "cfg_enumerator_value", "cfg_enumerator_val") }), none, "cfg_enumerator_value = cfg_enumerator_val (dbid,"},
		{"another name of the e-mail column", vary(func(s engage.Schema) { s["cfg_person"] = rename(s["cfg_person"], "email_address", "e_mail") }), none, "email_address = e_mail,"},
		{"no e-mail column", vary(func(s engage.Schema) { s["cfg_person"] = rename(s["cfg_person"], "email_address", "") }), none,
			"cfg_person.email_address: not there (looked for email_address, e_mail, email, emailaddress)"},
		{"no transaction table", vary(func(s engage.Schema) { delete(s, "cfg_transaction") }), none, "cfg_transaction: not there (looked for a table cfg_transaction with the columns dbid, tenant_dbid, name)"},
		{"another name of the link table", vary(func(s engage.Schema) { move(s, "cfg_route_dn", "cfg_group_route_dn") }), none, "cfg_route_dn = cfg_group_route_dn ("},
		{"a link table found by its shape, beside cfg_dn and the members of DN groups", vary(func(s engage.Schema) {
			delete(s, "cfg_route_dn")
			s["cfg_grp_orig"] = []string{"group_dbid", "route_dn_dbid", "group_csid"}
			s["cfg_dn_group"] = []string{"group_dbid", "dn_dbid", "trunks"}
			s["cfg_dn"] = append(s["cfg_dn"], "group_dbid", "dn_dbid")
			s["my_copy"] = []string{"group_dbid", "dn_dbid"}
		}), none, "cfg_route_dn = cfg_grp_orig (dn_dbid = route_dn_dbid, group_dbid)"},
		{"a named table without the columns gives way to the one of the right shape", vary(func(s engage.Schema) {
			s["cfg_route_dn"] = []string{"group_dbid"}
			s["cfg_other"] = []string{"group_dbid", "routedn_dbid"}
		}), none, "cfg_route_dn = cfg_other (dn_dbid = routedn_dbid, group_dbid)"},
		{"a table named in the secret", vary(func(s engage.Schema) { s["my_links"] = []string{"group_dbid", "dn_dbid"} }), map[string]string{"cfg_route_dn": "my_links"}, "cfg_route_dn = my_links (dn_dbid, group_dbid)"},
		{"a column named in the secret", vary(func(s engage.Schema) { s["cfg_person"] = append(s["cfg_person"], "mail") }), map[string]string{"cfg_person.email_address": "mail"}, "email_address = mail,"},
		{"table and column named in the secret", vary(func(s engage.Schema) { s["my_links"] = []string{"g", "d"} }),
			map[string]string{"cfg_route_dn": "MY_LINKS", "cfg_route_dn.group_dbid": "G", "cfg_route_dn.dn_dbid": "d"}, "cfg_route_dn = my_links (dn_dbid = d, group_dbid = g)"},
		{"a column named in the secret finds the table by its shape", vary(func(s engage.Schema) {
			delete(s, "cfg_route_dn")
			s["cfg_x"] = []string{"group_dbid", "routed"}
		}), map[string]string{"cfg_route_dn.dn_dbid": "routed"}, "cfg_route_dn = cfg_x (dn_dbid = routed, group_dbid)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := engage.Resolve("postgres", "", c.overrides, standard(), c.holds)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(res.String(), c.want) {
				t.Errorf("the map lacks %q:\n%s", c.want, res)
			}
		})
	}
}

// What is missing is said in one error, with everything that was looked for and what the schema holds.
func TestMissingNames(t *testing.T) {
	for _, c := range []struct {
		name      string
		holds     engage.Schema
		overrides map[string]string
		says      []string
	}{
		{"an empty schema", engage.Schema{}, nil, []string{"the login's own schema holds no table named cfg_…"}},
		{"several things at once", vary(func(s engage.Schema) {
			delete(s, "cfg_enumerator")
			delete(s, "cfg_enumerator_value")
			s["cfg_skill"] = rename(s["cfg_skill"], "name", "title")
		}), nil, []string{
			"cfg_skill: looked for a table cfg_skill with the columns dbid, tenant_dbid, name, state; cfg_skill has no column name (it has dbid, state, tenant_dbid, title)",
			"cfg_enumerator: looked for a table cfg_enumerator with the columns",
			"cfg_enumerator_value: looked for a table cfg_enumerator_value or cfg_enum_value or cfg_enumerator_val with the columns dbid, enumerator_dbid, name, display_name",
			"the login's own schema holds cfg_agent_group, cfg_dn, cfg_flex_prop, ", "Give names that differ under columns in the Engage secret",
		}},
		{"two link tables of the right shape", vary(func(s engage.Schema) {
			delete(s, "cfg_route_dn")
			s["cfg_b"], s["cfg_a"] = []string{"group_dbid", "dn_dbid"}, []string{"group_dbid", "route_dn_dbid"}
		}), nil, []string{"cfg_route_dn: several tables could be it (cfg_a, cfg_b): name the right one"}},
		{"a table of the secret that is not there", engage.DocumentedSchema(), map[string]string{"cfg_route_dn": "cfg_gone"}, []string{"cfg_route_dn: looked for a table cfg_gone"}},
		{"an e-mail column of the secret that is not there", engage.DocumentedSchema(), map[string]string{"cfg_person.email_address": "mail"}, []string{"cfg_person has no column mail (it has "}},
		{"an optional table of the secret that is not there", engage.DocumentedSchema(), map[string]string{"cfg_transaction": "cfg_trans"}, []string{"cfg_transaction: looked for a table cfg_trans"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := engage.Resolve("sqlite", "", c.overrides, standard(), c.holds)
			wantError(t, err, model.CodeInvalid, nil, c.says...)
		})
	}
}

// The tables of Business Attributes are needed only by a query that asks for some.
func TestAttributeTablesAreNeededOnlyWhenAskedFor(t *testing.T) {
	q := standard()
	q.Attributes, q.LanguageAttribute = nil, " "
	_, err := engage.Resolve("sqlite", "", nil, q, vary(func(s engage.Schema) {
		delete(s, "cfg_enumerator")
		delete(s, "cfg_enumerator_value")
	}))
	if err != nil {
		t.Error(err)
	}
}

// Names are matched without case: Oracle shows them in upper case, and SQL takes them in lower case; PostgreSQL needs
// quotes around a name in mixed case.
func TestCaseOfNames(t *testing.T) {
	upper := engage.Schema{}
	for table, columns := range engage.DocumentedSchema() {
		for _, c := range columns {
			upper[strings.ToUpper(table)] = append(upper[strings.ToUpper(table)], strings.ToUpper(c))
		}
	}
	for driver, want := range map[string]string{
		"oracle":    "cfg_route_dn = genesys.cfg_route_dn (dn_dbid, group_dbid)",
		"postgres":  `cfg_route_dn = "Genesys"."CFG_ROUTE_DN" (dn_dbid = "DN_DBID", group_dbid = "GROUP_DBID")`,
		"sqlserver": "cfg_route_dn = Genesys.CFG_ROUTE_DN (dn_dbid = DN_DBID, group_dbid = GROUP_DBID)",
	} {
		res, err := engage.Resolve(driver, "Genesys", nil, standard(), upper)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(res.String(), want) {
			t.Errorf("%s: the map lacks %q:\n%s", driver, want, res)
		}
	}
}

// A name of the catalogue that could not stand in SQL is never put there.
func TestOddNamesAreLeftOut(t *testing.T) {
	res, err := engage.Resolve("postgres", "", nil, standard(), vary(func(s engage.Schema) {
		s["cfg_x; DROP TABLE y"] = []string{"group_dbid", "dn_dbid"}
		delete(s, "cfg_route_dn")
	}))
	wantError(t, err, model.CodeInvalid, []string{"DROP"}, "cfg_route_dn: looked for")
	if strings.Contains(res.String(), "DROP") {
		t.Error(res)
	}
}

// The resolved map is what start-up prints.
func TestResolvedMap(t *testing.T) {
	res, err := engage.Resolve("oracle", "GENCME", map[string]string{"cfg_person.email_address": "mail"}, standard(), vary(func(s engage.Schema) {
		move(s, "cfg_enumerator_value", "cfg_enum_value")
		delete(s, "cfg_transaction")
		s["cfg_person"] = append(s["cfg_person"], "MAIL")
		s["cfg_group"] = rename(s["cfg_group"], "group_type", "")
	}))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "resolved.golden", res.String()+"\n")
}

// Databases whose names differ, are missing or lie in another schema are read like the documented one.
func TestSchemasThatDiffer(t *testing.T) {
	want := expect(tiny(), standard())
	for name, c := range map[string]struct {
		options   []engagetest.SchemaOption
		schema    string
		overrides map[string]string
	}{
		"the value table, the link's column and the e-mail column are called otherwise": {options: []engagetest.SchemaOption{
			engagetest.WithTable(engagetest.TableValue, "cfg_enum_value"), engagetest.WithColumn(engagetest.TableLink, "dn_dbid", "routedn_dbid"),
			engagetest.WithColumn(engagetest.TablePerson, engagetest.EmailColumn, "e_mail"),
		}},
		"the link table has an unknown name":                  {options: []engagetest.SchemaOption{engagetest.WithTable(engagetest.TableLink, "cfg_grp_orig_dn")}},
		"the link table's name does not begin with cfg_":      {options: []engagetest.SchemaOption{engagetest.WithTable(engagetest.TableLink, "links")}, overrides: map[string]string{"cfg_route_dn": "Links"}},
		"the tables lie in another schema that is given":      {options: []engagetest.SchemaOption{engagetest.WithSchemaName("genesys")}, schema: "genesys"},
		"inferred tables have no state, the transaction none": {options: []engagetest.SchemaOption{engagetest.WithoutColumn(engagetest.TableValue, "state"), engagetest.WithoutColumn(engagetest.TableAttribute, "state"), engagetest.WithoutTable(engagetest.TableTransaction)}},
	} {
		onBoth(t, func() *engagetest.Site { return engagetest.New(engagetest.Tiny, 7, c.options...) }, func(t *testing.T, p place) {
			s := p.secret
			s.Columns = maps.Clone(c.overrides)
			if s.Driver != "sqlite" {
				s.Schema = c.schema
			}
			r := open(t, s)
			if d := diff(want, read(t, r, standard())); d != "" {
				t.Errorf("%s: the snapshot (+) is not the site (-):\n%s", name, d)
			}
			res, err := r.Probe(t.Context(), standard())
			if err != nil || !strings.Contains(res.String(), "cfg_person") {
				t.Errorf("%s: the map is %q, %v", name, res, err)
			}
		})
	}
}

// Of two schemas in the search path the one that SQL takes is read.
func TestSearchPath(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	p.exec(t, "CREATE SCHEMA before", "CREATE TABLE before.cfg_skill (dbid numeric(10), tenant_dbid numeric(10), name varchar(255), state integer)",
		"INSERT INTO before.cfg_skill VALUES (1, 101, 'from the schema before', 1)", "CREATE SCHEMA behind",
		"CREATE TABLE behind.cfg_person (dbid numeric(10), mail varchar(255), email varchar(255))")
	s := p.secret
	s.DSN += "&search_path=before,public,behind"
	got := read(t, open(t, s), standard())
	if len(got.Skills) != 1 || got.Skills[0].Name != "from the schema before" || len(got.Persons) == 0 {
		t.Errorf("the skills are %v, of %d persons", got.Skills, len(got.Persons))
	}
}
