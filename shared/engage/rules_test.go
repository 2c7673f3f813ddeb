package engage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// bare gives a site that has its tables and one tenant, and nothing else.
func bare() *engagetest.Site {
	s := engagetest.New(engagetest.Tiny, 1)
	return &engagetest.Site{Tenant: s.Tenant, Tenants: s.Tenants}
}

const (
	aSkill  = "INSERT INTO cfg_skill (dbid, tenant_dbid, name, state) VALUES "
	aPerson = "INSERT INTO cfg_person (dbid, tenant_dbid, user_name, is_agent, state) VALUES "
	aGroup  = "INSERT INTO cfg_group (dbid, tenant_dbid, name, group_type, state) VALUES "
	aMember = "INSERT INTO cfg_agent_group (group_dbid, agent_dbid) VALUES "
	aDN     = "INSERT INTO cfg_dn (dbid, tenant_dbid, number_, type, state) VALUES "
	aLink   = "INSERT INTO cfg_route_dn (group_dbid, dn_dbid) VALUES "
	aProp   = "INSERT INTO cfg_flex_prop (dbid, object_dbid, object_type, parent_dbid, prop_name, prop_value, part) VALUES "
)

// NULL, 0 and unknown states read as enabled and are noted; state 3 is absent; the tenant's own state is passed on.
func TestStates(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aSkill+"(1,101,'one',1),(2,101,'two',2),(3,101,'three',3),(4,101,'null',NULL),(5,101,'zero',0),(6,101,'nine',9)",
			"UPDATE cfg_tenant SET state = 2 WHERE dbid = 101")
		s := read(t, open(t, p.secret), standard())
		want := []model.Skill{
			{DBID: 1, Name: "one", State: 1}, {DBID: 2, Name: "two", State: 2}, {DBID: 4, Name: "null", State: 1},
			{DBID: 5, Name: "zero", State: 1}, {DBID: 6, Name: "nine", State: 1},
		}
		if !slices.Equal(s.Skills, want) {
			t.Errorf("the skills are %v, want %v", s.Skills, want)
		}
		if n := notes(s, "cfg_skill: 3 rows have no known state"); len(n) != 1 || !strings.Contains(n[0], "first with DBID 4") {
			t.Errorf("the unknown states are noted as %v", s.Notes)
		}
		if s.Read[model.TableSkill] != 5 {
			t.Errorf("%d skills were read, want 5: the deleted one is absent", s.Read[model.TableSkill])
		}
		if s.Tenant.State != model.CfgDisabled {
			t.Errorf("the tenant's state is %d", s.Tenant.State)
		}
	})
}

// What refers to an object in state 3 is dropped and counted, as if the row were gone.
func TestStateDeletedIsAsIfTheRowWereGone(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aPerson+"(1,101,'a',2,1),(2,101,'b',2,3)", aSkill+"(1,101,'s',3)", aGroup+"(1,101,'g',1,1),(2,101,'h',1,3)",
			aDN+"(1,101,'1',5,3),(2,101,'2',5,1)", aMember+"(1,1),(1,2),(2,1)", aLink+"(1,1),(1,2),(2,2)",
			"INSERT INTO cfg_skill_level (person_dbid, skill_dbid, level_) VALUES (1,1,5),(2,1,5)",
			aProp+"(1,2,5,0,'virtual',NULL,1),(2,2,5,1,'script','true',1)")
		s := read(t, open(t, p.secret), standard())
		if len(s.Persons) != 1 || len(s.Skills) != 0 || len(s.Groups) != 1 || len(s.DNs) != 1 || len(s.Levels) != 0 ||
			len(s.GroupAgents) != 1 || len(s.GroupDNs) != 1 {
			t.Errorf("the snapshot holds what is deleted: %+v", s)
		}
		want := map[model.Table]int{model.TableSkillLevel: 1, model.TableGroupAgent: 2, model.TableGroupDN: 2, model.TableScript: 1}
		for table, n := range want {
			if s.Dropped[table] != n {
				t.Errorf("%d rows of %s are dropped, want %d", s.Dropped[table], table, n)
			}
		}
	})
}

// cfg_group holds place, DN and access groups too: their Origination DNs say nothing about agents. A group with agents
// or an expression is an agent group whatever its type says.
func TestOnlyAgentGroups(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aPerson+"(1,101,'a',2,1)", aDN+"(1,101,'1',5,1)",
			aProp+"(1,20,5,0,'virtual',NULL,1),(2,20,5,1,'script','true',1)", aMember+"(21,1)")
		var want []int64
		for i, g := range []struct {
			groupType string
			agents    bool
		}{{"1", true}, {"5", true}, {"NULL", true}, {"0", true}, {"99", true}, {"2", false}, {"3", false}, {"4", false}, {"6", false}, {"17", false}, {"21", false}} {
			p.exec(t, fmt.Sprintf(aGroup+"(%d,101,'g',%s,1)", i+1, g.groupType), fmt.Sprintf(aLink+"(%d,1)", i+1))
			if g.agents {
				want = append(want, int64(i+1))
			}
		}
		p.exec(t, aGroup+"(20,101,'by its script',2,1),(21,101,'by its agent',2,1)", aLink+"(20,1),(21,1)")
		want = append(want, 20, 21)
		s := read(t, open(t, p.secret), standard())
		var groups, linked []int64
		for _, g := range s.Groups {
			groups = append(groups, g.DBID)
		}
		for _, l := range s.GroupDNs {
			linked = append(linked, l.Group)
		}
		if !slices.Equal(groups, want) || !slices.Equal(linked, want) {
			t.Errorf("the agent groups are %v with links of %v, want %v", groups, linked, want)
		}
		if s.Dropped[model.TableGroupDN] != 0 {
			t.Errorf("%d links of other groups count as dangling", s.Dropped[model.TableGroupDN])
		}
	})
}

// A group without a type column is an agent group.
func TestNoGroupTypeColumn(t *testing.T) {
	build := func() *engagetest.Site {
		return engagetest.New(engagetest.Tiny, 1, engagetest.WithoutColumn(engagetest.TableGroup, "group_type"))
	}
	onBoth(t, build, func(t *testing.T, p place) {
		if s := read(t, open(t, p.secret), standard()); len(s.Groups) != len(build().Groups) {
			t.Errorf("%d groups, want %d", len(s.Groups), len(build().Groups))
		}
	})
}

// A link to a DN of a type that nobody asked for is no dangling link.
func TestLinksToOtherDNTypesAreNotDangling(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aGroup+"(1,101,'g',1,1)", aDN+"(1,101,'1',5,1),(2,101,'2',6,1),(3,102,'3',5,1),(4,NULL,'4',5,1)", aLink+"(1,1),(1,2),(1,3),(1,4),(1,5)")
		s := read(t, open(t, p.secret), standard())
		if !slices.Equal(s.GroupDNs, []model.GroupDN{{Group: 1, DN: 1}}) {
			t.Errorf("the links are %v", s.GroupDNs)
		}
		if s.Read[model.TableGroupDN] != 4 || s.Dropped[model.TableGroupDN] != 3 {
			t.Errorf("%d links read, %d dropped; want 4 (the one to another type is not asked for) and 3 (two foreign, one gone)",
				s.Read[model.TableGroupDN], s.Dropped[model.TableGroupDN])
		}
	})
}

// NULL in a column of numbers is tolerated: a level is 0, a flag is no, a switch is none, a row without a DBID is dropped.
func TestNullNumbers(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, "DROP TABLE cfg_skill", "CREATE TABLE cfg_skill (dbid numeric(10), tenant_dbid numeric(10), name varchar(255), state integer)",
			aSkill+"(NULL,101,'no DBID',1),(1,101,NULL,1)", aPerson+"(1,101,NULL,NULL,1),(2,101,'b',2,1)", aDN+"(1,101,NULL,5,1)",
			"INSERT INTO cfg_skill_level (person_dbid, skill_dbid, level_) VALUES (1,1,3),(2,1,NULL)")
		q := standard()
		q.AllPersons = true
		s := read(t, open(t, p.secret), q)
		if len(s.Skills) != 1 || s.Dropped[model.TableSkill] != 1 || s.Skills[0].Name != "" {
			t.Errorf("the skills are %v, %d dropped", s.Skills, s.Dropped[model.TableSkill])
		}
		if s.Persons[0].IsAgent || s.Persons[0].UserName != "" || !s.Persons[1].IsAgent {
			t.Errorf("the persons are %v", s.Persons)
		}
		if !slices.Equal(s.Levels, []model.SkillLevel{{Person: 1, Skill: 1, Level: 3}, {Person: 2, Skill: 1}}) {
			t.Errorf("the levels are %v", s.Levels)
		}
		if d := s.DNs[0]; d.Number != "" || d.Switch != "" || d.SwitchDBID != 0 {
			t.Errorf("the DN is %+v", d)
		}
		if len(notes(s, "cfg_switch")) != 0 {
			t.Errorf("a DN without a switch is noted: %v", s.Notes)
		}
	})
}

// A row that a view repeats is dropped and counted.
func TestRepeatedRows(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, "DROP TABLE cfg_skill", "CREATE TABLE cfg_skill (dbid numeric(10), tenant_dbid numeric(10), name varchar(255), state integer)",
			aSkill+"(1,101,'one',1),(1,101,'one',1),(2,101,'two',1)")
		if s := read(t, open(t, p.secret), standard()); len(s.Skills) != 2 || s.Dropped[model.TableSkill] != 1 {
			t.Errorf("the skills are %v, %d dropped", s.Skills, s.Dropped[model.TableSkill])
		}
	})
}

// Names are trimmed; bytes that are no UTF-8, NUL and U+FFFD stay no text and are counted in a note that shows no value.
func TestBrokenEncodings(t *testing.T) {
	p := sqlitePlace(t, bare())
	p.exec(t, aPerson+"(7,101,CAST(x'52656ee965' AS TEXT),2,1),(8,101,CAST(x'20410042ff' AS TEXT),2,1)", aSkill+"(1,101,CAST(x'80' AS TEXT),1)")
	s := read(t, open(t, p.secret), standard())
	if s.Persons[0].UserName != "Ren\xe9e" || s.Persons[1].UserName != "A\xffB\xff" || s.Skills[0].Name != "\x80" {
		t.Errorf("the names are %q, %q, %q", s.Persons[0].UserName, s.Persons[1].UserName, s.Skills[0].Name)
	}
	if n := notes(s, "cfg_person: 2 values are no text in UTF-8"); len(n) != 1 || !strings.Contains(n[0], "DBID 7") || strings.Contains(n[0], "Ren") {
		t.Errorf("the broken values are noted as %v", s.Notes)
	}
}

// A PostgreSQL database in SQL_ASCII holds any bytes; one in LATIN1 is converted by the server.
func TestDatabaseEncodings(t *testing.T) {
	for encoding, want := range map[string]string{"SQL_ASCII": "Ren\xe9e", "LATIN1": "Renée", "UTF8": "Renée"} {
		t.Run(encoding, func(t *testing.T) {
			p := postgresPlace(t, cluster, nil)
			p.exec(t, "CREATE DATABASE enc_"+encoding+" ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
			t.Cleanup(func() { p.db.Exec("DROP DATABASE enc_" + encoding + " WITH (FORCE)") })
			inside := other(t, p, "enc_"+strings.ToLower(encoding))
			inside.write(t, bare())
			set := "'Ren' || chr(233) || 'e'" // the letter é in LATIN1 and in UTF8
			if encoding == "SQL_ASCII" {
				set = "convert_from('\\x52656ee965', 'SQL_ASCII')"
			}
			inside.exec(t, aPerson+"(7,101,"+set+",2,1)")
			s := read(t, open(t, inside.secret), standard())
			if s.Persons[0].UserName != want {
				t.Errorf("the name is %q, want %q", s.Persons[0].UserName, want)
			}
		})
	}
}

// Without an e-mail column addresses are empty, the snapshot says so, and a note says what was looked for.
func TestNoEmailColumn(t *testing.T) {
	build := func() *engagetest.Site {
		return engagetest.New(engagetest.Tiny, 1, engagetest.WithoutColumn(engagetest.TablePerson, engagetest.EmailColumn))
	}
	onBoth(t, build, func(t *testing.T, p place) {
		s := read(t, open(t, p.secret), standard())
		if s.HasEmailColumn || s.Persons[0].Email != "" {
			t.Errorf("there is an e-mail column, with %q", s.Persons[0].Email)
		}
		if len(notes(s, "email_address, e_mail, email, emailaddress")) != 1 {
			t.Errorf("the notes do not say what was looked for: %v", s.Notes)
		}
	})
}

// The vendor's transaction object is noted when it is missing, doubled, or its table is not there; it is compared
// without case and outer space, and nothing of its annex is read.
func TestHybridIntegration(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		r := open(t, p.secret)
		var asked []string
		r.OnQuery(func(q string) { asked = append(asked, q) })
		const add = "INSERT INTO cfg_transaction (dbid, tenant_dbid, name, state) VALUES "
		check := func(what string, want ...string) {
			t.Helper()
			s := read(t, r, standard())
			if got := notes(s, "transaction object"); len(got) != len(want) || len(want) > 0 && !strings.Contains(got[0], want[0]) {
				t.Errorf("%s: the notes are %v, want %v", what, got, want)
			}
		}
		check("no object", "has no transaction object hybrid_integration")
		p.exec(t, add+"(1,102,'hybrid_integration',1)")
		check("one in another tenant", "has no transaction object")
		p.exec(t, add+"(2,101,' Hybrid_Integration ',1),(3,101,'hybrid_integration',3)", aProp+"(1,2,16,0,'config_sync',NULL,1),(2,2,16,1,'client_secret','s3cr3t',1)")
		check("one, and a deleted one")
		p.exec(t, add+"(4,101,'hybrid_integration',2)")
		check("two", "2 transaction objects hybrid_integration (DBIDs 2, 4)")
		p.exec(t, "DROP TABLE cfg_transaction")
		check("no table", "was not found")
		for _, q := range asked {
			if strings.Contains(q, "cfg_transaction") && (strings.Contains(q, "prop") || strings.Contains(q, "*)") == strings.Contains(q, "SELECT x.dbid, x.name\nFROM")) {
				t.Errorf("more than DBID and name is asked for: %s", q)
			}
		}
	})
}

// Business Attributes are found by their trimmed name; another case counts only where the tenant has no equal name.
func TestAttributeNames(t *testing.T) {
	const attribute = "INSERT INTO cfg_enumerator (dbid, tenant_dbid, name, state) VALUES "
	const value = "INSERT INTO cfg_enumerator_value (dbid, enumerator_dbid, name, display_name, state) VALUES "
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, attribute+"(1,101,' DispositionCode ',2),(2,101,'dispositioncode',1),(3,101,'LANGUAGE',1),(4,101,'Other',1),(5,102,'Language',1),(6,101,'Language',3)",
			value+"(1,1,'a','A',1),(2,2,'b','B',1),(3,3,' c ',NULL,1),(4,4,'d','D',1),(5,5,'e','E',1),(6,6,'f','F',1),(7,1,'g','G',3)")
		s := read(t, open(t, p.secret), standard())
		if !slices.Equal(s.Attributes, []model.Attribute{{DBID: 1, Name: "DispositionCode", State: 2}, {DBID: 3, Name: "LANGUAGE", State: 1}}) {
			t.Errorf("the attributes are %v", s.Attributes)
		}
		want := []model.AttributeValue{{DBID: 1, Attribute: "DispositionCode", Name: "a", DisplayName: "A", State: 1}, {DBID: 3, Attribute: "LANGUAGE", Name: "c", State: 1}}
		if !slices.Equal(s.Values, want) {
			t.Errorf("the values are %v, want %v", s.Values, want)
		}
		q := standard()
		q.Attributes, q.LanguageAttribute = nil, ""
		if s := read(t, open(t, p.secret), q); len(s.Attributes)+len(s.Values) != 0 {
			t.Errorf("attributes are read that nobody asked for: %v %v", s.Attributes, s.Values)
		}
	})
}

// other gives the place of another database of the same cluster.
func other(t *testing.T, p place, database string) place {
	t.Helper()
	secret := engage.Secret{Driver: "postgres", DSN: inDatabase(t, p.secret.DSN, database)}
	return place{openDB(t, secret.DSN), p.dialect, secret}
}
