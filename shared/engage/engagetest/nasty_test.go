package engagetest_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
)

// proofs says per nasty case a query that shows it in the database and the number that it must give. $1, $2, … are the planted DBIDs, $ALL all of them.
var proofs = map[engagetest.Case]struct {
	query string
	want  string
}{
	engagetest.AliasMissing:         {"SELECT COUNT(*) FROM cfg_dn WHERE dbid = $1 AND type = 5 AND name IS NULL AND number_ IS NOT NULL", "1"},
	engagetest.AliasBlank:           {"SELECT COUNT(*) FROM cfg_dn WHERE dbid = $1 AND name = ''", "1"},
	engagetest.NumberOnTwoSwitches:  {"SELECT COUNT(*) * 10 + COUNT(DISTINCT switch_dbid) FROM cfg_dn WHERE dbid IN ($ALL) AND number_ = '7777' AND type = 5", "22"},
	engagetest.AliasesEqualFolded:   {"SELECT COUNT(DISTINCT name) * 10 + COUNT(DISTINCT LOWER(TRIM(name))) FROM cfg_dn WHERE dbid IN ($ALL)", "21"},
	engagetest.AliasTrailingSpaces:  {"SELECT LENGTH(name) - LENGTH(TRIM(name)) FROM cfg_dn WHERE dbid = $1", "3"},
	engagetest.AliasLong:            {"SELECT LENGTH(name) FROM cfg_dn WHERE dbid = $1", "255"},
	engagetest.AliasesLongEqual:     {"SELECT SUM(LENGTH(name)) + COUNT(DISTINCT LOWER(name)) FROM cfg_dn WHERE dbid IN ($ALL)", "511"},
	engagetest.AliasForbidden:       {"SELECT name FROM cfg_dn WHERE dbid = $1", "*VQ * Sales*"},
	engagetest.AliasAccented:        {"SELECT name FROM cfg_dn WHERE dbid = $1", "VQ_Réclamations_Zürich_Łódź"},
	engagetest.AliasCJK:             {"SELECT name FROM cfg_dn WHERE dbid = $1", "客服中心_銷售"},
	engagetest.AliasQuotes:          {"SELECT name FROM cfg_dn WHERE dbid = $1", `VQ_O'Brien's "Desk"\Back`},
	engagetest.AliasBrokenEncoding:  {"SELECT name FROM cfg_dn WHERE dbid = $1", "VQ_M\xfcnchen"},
	engagetest.QueueDisabled:        {"SELECT state * 10 + type FROM cfg_dn WHERE dbid = $1", "25"},
	engagetest.QueueSwitchDangling:  {"SELECT COUNT(*) FROM cfg_dn d LEFT JOIN cfg_switch w ON w.dbid = d.switch_dbid WHERE d.dbid = $1 AND d.switch_dbid > 0 AND w.dbid IS NULL AND d.name IS NULL", "1"},
	engagetest.QueueNameless:        {"SELECT COUNT(*) FROM cfg_dn WHERE dbid = $1 AND name IS NULL AND number_ IS NULL", "1"},
	engagetest.QueueNeverLinked:     {"SELECT COUNT(*) FROM cfg_route_dn WHERE dn_dbid = $1", "0"},
	engagetest.OtherQueueTypes:      {"SELECT SUM(type) FROM cfg_dn WHERE dbid IN ($ALL) AND type IN (3, 4, 22)", "29"},
	engagetest.NotAQueue:            {"SELECT d.type FROM cfg_route_dn r JOIN cfg_dn d ON d.dbid = r.dn_dbid WHERE d.dbid = $1", "6"},
	engagetest.LinkDanglingGroup:    {"SELECT COUNT(*) FROM cfg_route_dn r LEFT JOIN cfg_group g ON g.dbid = r.group_dbid WHERE r.group_dbid = $1 AND r.dn_dbid = $2 AND g.dbid IS NULL", "1"},
	engagetest.LinkDanglingDN:       {"SELECT COUNT(*) FROM cfg_route_dn r LEFT JOIN cfg_dn d ON d.dbid = r.dn_dbid WHERE r.group_dbid = $1 AND r.dn_dbid = $2 AND d.dbid IS NULL", "1"},
	engagetest.LinkOfForeignGroup:   {"SELECT g.tenant_dbid FROM cfg_route_dn r JOIN cfg_group g ON g.dbid = r.group_dbid JOIN cfg_agent_group m ON m.group_dbid = g.dbid WHERE r.group_dbid = $1 AND r.dn_dbid = $2", "102"},
	engagetest.LinkOfPlaceGroup:     {"SELECT g.group_type FROM cfg_route_dn r JOIN cfg_group g ON g.dbid = r.group_dbid WHERE r.group_dbid = $1 AND r.dn_dbid = $2", "2"},
	engagetest.QueueOfSeveralGroups: {"SELECT COUNT(*) * 10 + COUNT(DISTINCT m.agent_dbid) FROM cfg_route_dn r JOIN cfg_agent_group m ON m.group_dbid = r.group_dbid WHERE r.dn_dbid = $1", "43"},

	engagetest.PersonWithoutEmail:   {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND email_address IS NULL AND user_name NOT LIKE '%@%'", "1"},
	engagetest.PersonBlankEmail:     {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND email_address = ''", "1"},
	engagetest.PersonPlaceholder:    {"SELECT email_address FROM cfg_person WHERE dbid = $1", "n/a"},
	engagetest.UserNameIsEmail:      {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND email_address IS NULL AND user_name LIKE '%@%'", "1"},
	engagetest.DuplicateEmail:       {"SELECT COUNT(*) * 10 + COUNT(DISTINCT LOWER(email_address)) FROM cfg_person WHERE dbid IN ($ALL)", "21"},
	engagetest.EmployeeRecreated:    {"SELECT MAX(employee_id) || COUNT(*) FROM cfg_person WHERE dbid IN ($ALL) AND dbid = $2", "X-AGAIN1"},
	engagetest.EmployeeTwice:        {"SELECT COUNT(*) * 10 + COUNT(DISTINCT employee_id) FROM cfg_person WHERE dbid IN ($ALL) AND state = 1", "21"},
	engagetest.PersonDisabled:       {"SELECT state FROM cfg_person WHERE dbid = $1", "2"},
	engagetest.PersonDeletedState:   {"SELECT state FROM cfg_person WHERE dbid = $1", "3"},
	engagetest.PersonNotAgent:       {"SELECT is_agent FROM cfg_person WHERE dbid = $1", "1"},
	engagetest.PersonNameless:       {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND first_name IS NULL AND last_name IS NULL AND user_name IS NOT NULL", "1"},
	engagetest.PersonWithNothing:    {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND first_name IS NULL AND last_name IS NULL AND user_name IS NULL AND employee_id IS NULL", "1"},
	engagetest.PersonSpaces:         {"SELECT COUNT(*) FROM cfg_person WHERE dbid = $1 AND first_name = '  Padded ' AND email_address <> TRIM(email_address)", "1"},
	engagetest.PersonLongName:       {"SELECT LENGTH(first_name) + LENGTH(last_name) FROM cfg_person WHERE dbid = $1", "128"},
	engagetest.PersonAccented:       {"SELECT first_name || ' ' || last_name FROM cfg_person WHERE dbid = $1", "Žofia Müller-Lüdenscheidt"},
	engagetest.PersonCJK:            {"SELECT first_name || last_name FROM cfg_person WHERE dbid = $1", "美咲山田"},
	engagetest.PersonBrokenEncoding: {"SELECT last_name FROM cfg_person WHERE dbid = $1", "Gar\xe7on"},

	engagetest.SkillLikeLanguage:    {"SELECT v.name FROM cfg_skill s, cfg_enumerator_value v JOIN cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE s.dbid = $1 AND LOWER(v.name) = LOWER(s.name) AND v.name <> s.name AND e.name = 'Language' AND e.tenant_dbid = 101", "English"},
	engagetest.SkillsEqualFolded:    {"SELECT COUNT(DISTINCT name) * 10 + COUNT(DISTINCT LOWER(TRIM(name))) FROM cfg_skill WHERE dbid IN ($ALL)", "21"},
	engagetest.SkillTrailingSpaces:  {"SELECT LENGTH(name) - LENGTH(TRIM(name)) FROM cfg_skill WHERE dbid = $1", "3"},
	engagetest.SkillLong:            {"SELECT LENGTH(name) FROM cfg_skill WHERE dbid = $1", "255"},
	engagetest.SkillForbidden:       {"SELECT name FROM cfg_skill WHERE dbid = $1", "Nasty *"},
	engagetest.SkillAccented:        {"SELECT name FROM cfg_skill WHERE dbid = $1", "Réclamations Ćwiczeń"},
	engagetest.SkillCJK:             {"SELECT name FROM cfg_skill WHERE dbid = $1", "英語サポート"},
	engagetest.SkillDisabled:        {"SELECT state FROM cfg_skill WHERE dbid = $1", "2"},
	engagetest.SkillNameless:        {"SELECT name FROM cfg_skill WHERE dbid = $1", "NULL"},
	engagetest.LevelZero:            {"SELECT level_ FROM cfg_skill_level WHERE person_dbid = $1 AND skill_dbid = $2", "0"},
	engagetest.LevelNegative:        {"SELECT level_ FROM cfg_skill_level WHERE person_dbid = $1 AND skill_dbid = $2", "-3"},
	engagetest.LevelAboveTen:        {"SELECT level_ FROM cfg_skill_level WHERE person_dbid = $1 AND skill_dbid = $2", "99"},
	engagetest.LevelNull:            {"SELECT level_ FROM cfg_skill_level WHERE person_dbid = $1 AND skill_dbid = $2", "NULL"},
	engagetest.LevelOfDeletedSkill:  {"SELECT COUNT(*) FROM cfg_skill_level l LEFT JOIN cfg_skill s ON s.dbid = l.skill_dbid WHERE l.person_dbid = $1 AND l.skill_dbid = $2 AND s.dbid IS NULL", "1"},
	engagetest.LevelOfDeletedPerson: {"SELECT COUNT(*) FROM cfg_skill_level l LEFT JOIN cfg_person p ON p.dbid = l.person_dbid WHERE l.person_dbid = $1 AND l.skill_dbid = $2 AND p.dbid IS NULL", "1"},
	engagetest.LevelOfForeignSkill:  {"SELECT s.tenant_dbid FROM cfg_skill_level l JOIN cfg_skill s ON s.dbid = l.skill_dbid WHERE l.person_dbid = $1 AND l.skill_dbid = $2", "102"},
	engagetest.LevelOfNonAgent:      {"SELECT p.is_agent FROM cfg_skill_level l JOIN cfg_person p ON p.dbid = l.person_dbid WHERE l.person_dbid = $1 AND l.skill_dbid = $2", "1"},
	engagetest.LevelsOfEqualSkills:  {"SELECT COUNT(*) * 10 + MAX(level_) FROM cfg_skill_level WHERE person_dbid = $1 AND skill_dbid IN ($2, $4)", "24"},

	engagetest.MemberNotAgent:       {"SELECT p.is_agent FROM cfg_agent_group m JOIN cfg_person p ON p.dbid = m.agent_dbid WHERE m.group_dbid = $1 AND m.agent_dbid = $2", "1"},
	engagetest.MemberForeign:        {"SELECT p.tenant_dbid FROM cfg_agent_group m JOIN cfg_person p ON p.dbid = m.agent_dbid WHERE m.group_dbid = $1 AND m.agent_dbid = $2", "102"},
	engagetest.MemberDangling:       {"SELECT COUNT(*) FROM cfg_agent_group m LEFT JOIN cfg_person p ON p.dbid = m.agent_dbid WHERE m.group_dbid = $1 AND m.agent_dbid = $2 AND p.dbid IS NULL", "1"},
	engagetest.MemberDisabled:       {"SELECT p.state FROM cfg_agent_group m JOIN cfg_person p ON p.dbid = m.agent_dbid WHERE m.group_dbid = $1 AND m.agent_dbid = $2", "2"},
	engagetest.GroupDisabled:        {"SELECT g.state FROM cfg_group g JOIN cfg_agent_group m ON m.group_dbid = g.dbid JOIN cfg_route_dn r ON r.group_dbid = g.dbid WHERE g.dbid = $1", "2"},
	engagetest.GroupEmpty:           {"SELECT COUNT(*) FROM cfg_route_dn r WHERE r.group_dbid = $1 AND NOT EXISTS (SELECT 1 FROM cfg_agent_group m WHERE m.group_dbid = r.group_dbid)", "1"},
	engagetest.ScriptThreeParts:     {"SELECT COUNT(*) * 10 + MAX(part) FROM cfg_flex_prop WHERE object_type = 5 AND object_dbid = $1 AND prop_name = 'script' AND parent_dbid IN (SELECT dbid FROM cfg_flex_prop WHERE prop_name = 'virtual')", "33"},
	engagetest.ScriptPartsUnordered: {"SELECT MIN(part) * 10 + COUNT(*) FROM cfg_flex_prop WHERE object_type = 5 AND object_dbid = $1 AND prop_name = 'script'", "3"},
	engagetest.ScriptSyntaxError:    {script, `Skill("Nasty Expert") >= & SkillExists("Nasty Expert"`},
	engagetest.ScriptLoggedIn:       {script, `Skill("Nasty Expert")>=5 & LoggedIn("7777@SIP_Switch_Lisbon") & ~LoggedIn("SIP_Switch_Lisbon")`},
	engagetest.ScriptUnknownSkill:   {"SELECT COUNT(*) FROM cfg_skill WHERE name = 'No Such Skill'", "0"},
	engagetest.ScriptExplicitAgents: {"SELECT COUNT(*) FROM cfg_agent_group m JOIN cfg_flex_prop o ON o.object_dbid = m.group_dbid AND o.object_type = 5 WHERE m.group_dbid = $1 AND o.prop_name = 'script'", "1"},
	engagetest.ScriptOtherCase:      {"SELECT s.prop_name || '/' || o.prop_name FROM cfg_flex_prop o JOIN cfg_flex_prop s ON s.dbid = o.parent_dbid WHERE o.object_type = 5 AND o.object_dbid = $1", "Virtual/SCRIPT"},
	engagetest.ScriptPaddedSkill:    {script, `Skill(" Nasty Expert  ")>=5`},
	engagetest.ScriptBelow:          {script, `Skill("Nasty Expert")<5`},
	engagetest.ScriptEmpty:          {script, "NULL"},
	engagetest.ScriptRootZero:       {"SELECT parent_dbid FROM cfg_flex_prop WHERE object_type = 5 AND object_dbid = $1 AND prop_name = 'virtual'", "0"},
	engagetest.ScriptRootNull:       {"SELECT parent_dbid FROM cfg_flex_prop WHERE object_type = 5 AND object_dbid = $1 AND prop_name = 'virtual'", "NULL"},
	engagetest.ScriptOfDeletedGroup: {"SELECT COUNT(*) FROM cfg_flex_prop o LEFT JOIN cfg_group g ON g.dbid = o.object_dbid WHERE o.dbid IN ($ALL) AND o.object_type = 5 AND g.dbid IS NULL", "2"},
	engagetest.OptionDangling:       {"SELECT COUNT(*) FROM cfg_flex_prop o LEFT JOIN cfg_flex_prop s ON s.dbid = o.parent_dbid WHERE o.dbid = $1 AND o.parent_dbid > 0 AND s.dbid IS NULL", "1"},

	engagetest.WrapUpsSameDisplay:    {"SELECT COUNT(DISTINCT name) * 10 + COUNT(DISTINCT display_name) FROM cfg_enumerator_value WHERE dbid IN ($ALL)", "21"},
	engagetest.WrapUpsEqualFolded:    {"SELECT COUNT(DISTINCT name) * 100 + COUNT(DISTINCT LOWER(name)) * 10 + COUNT(DISTINCT LOWER(TRIM(display_name))) FROM cfg_enumerator_value WHERE dbid IN ($ALL)", "211"},
	engagetest.WrapUpNoDisplay:       {"SELECT display_name FROM cfg_enumerator_value WHERE dbid = $1", "NULL"},
	engagetest.WrapUpBlankDisplay:    {"SELECT display_name FROM cfg_enumerator_value WHERE dbid = $1", ""},
	engagetest.WrapUpDisabled:        {"SELECT state FROM cfg_enumerator_value WHERE dbid = $1", "2"},
	engagetest.WrapUpAccented:        {"SELECT display_name FROM cfg_enumerator_value WHERE dbid = $1", "Réclamation traitée – résolue ✓"},
	engagetest.ValueDangling:         {"SELECT COUNT(*) FROM cfg_enumerator_value v LEFT JOIN cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE v.dbid = $1 AND e.dbid IS NULL", "1"},
	engagetest.AttributeMissing:      {"SELECT COUNT(*) FROM cfg_enumerator WHERE tenant_dbid = $1", "0"},
	engagetest.ForeignPersons:        {"SELECT COUNT(*) FROM cfg_person f WHERE f.dbid IN ($ALL) AND f.tenant_dbid = 102 AND EXISTS (SELECT 1 FROM cfg_person p WHERE p.tenant_dbid = 101 AND p.email_address = f.email_address)", "1"},
	engagetest.ForeignSkills:         {"SELECT COUNT(*) FROM cfg_skill f WHERE f.dbid IN ($ALL) AND f.tenant_dbid = 102 AND EXISTS (SELECT 1 FROM cfg_skill s WHERE s.tenant_dbid = 101 AND s.name = f.name)", "1"},
	engagetest.ForeignQueues:         {"SELECT COUNT(*) FROM cfg_dn f WHERE f.dbid IN ($ALL) AND f.tenant_dbid = 102 AND EXISTS (SELECT 1 FROM cfg_dn d WHERE d.tenant_dbid = 101 AND d.name = f.name)", "1"},
	engagetest.ForeignGroups:         {"SELECT COUNT(*) FROM cfg_group g JOIN cfg_route_dn r ON r.group_dbid = g.dbid WHERE g.dbid IN ($ALL) AND g.tenant_dbid = 102", "2"},
	engagetest.ForeignWrapUps:        {"SELECT COUNT(*) FROM cfg_enumerator_value v JOIN cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE v.dbid IN ($ALL) AND e.tenant_dbid = 102 AND e.name IN ('DispositionCode', 'Language')", "2"},
	engagetest.HybridMissing:         {"SELECT COUNT(*) FROM cfg_transaction WHERE tenant_dbid = $1", "0"},
	engagetest.HybridTwoTenants:      {"SELECT COUNT(DISTINCT tenant_dbid) * 10 + COUNT(DISTINCT name) FROM cfg_transaction WHERE dbid IN ($ALL)", "21"},
	engagetest.HybridUnknownSections: {"SELECT COUNT(*) FROM cfg_flex_prop s JOIN cfg_flex_prop o ON o.parent_dbid = s.dbid WHERE s.dbid = $1 AND s.prop_name = 'altocloud'", "2"},
	engagetest.HybridRootZero:        {"SELECT parent_dbid FROM cfg_flex_prop WHERE dbid = $1", "0"},
	engagetest.HybridRootNull:        {"SELECT parent_dbid FROM cfg_flex_prop WHERE dbid = $1", "NULL"},

	engagetest.ColumnMissing: {"SELECT COUNT(DISTINCT state) FROM cfg_person", "3"}, // and not external_id: see below
}

// script is the query of a group's expression.
const script = "SELECT o.prop_value FROM cfg_flex_prop o JOIN cfg_flex_prop s ON s.dbid = o.parent_dbid " +
	"WHERE s.object_type = 5 AND s.object_dbid = $1 AND s.prop_name = 'virtual' AND o.prop_name = 'script'"

// Every nasty case is in the database, as its name says, in both DBMSs.
func TestNastyCasesAreThere(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		n := engagetest.Nasty()
		write(t, n.Site, db, d)
		seen := map[engagetest.Case]bool{}
		for _, p := range n.Cases() {
			if seen[p.Case] {
				t.Errorf("%s is planted twice", p)
			}
			seen[p.Case] = true
			if !strings.HasSuffix(p.Expect, ".") {
				t.Errorf("%s: %q is no sentence", p, p.Expect)
			}
			if p.Do != nil {
				continue
			}
			proof, ok := proofs[p.Case]
			if !ok {
				t.Errorf("%s has no proof", p)
				continue
			}
			want := proof.want
			if d == engagetest.PostgreSQL {
				want = strings.ToValidUTF8(want, "\uFFFD")
			}
			if got := text(t, db, bind(proof.query, p.DBIDs)); got != want {
				t.Errorf("%s: got %q, want %q", p, got, want)
			}
		}
		for c := range proofs {
			if !seen[c] {
				t.Errorf("%s is not planted", c)
			}
		}
		if err := n.Check(t.Context(), db, d); err != nil {
			t.Error(err)
		}
		if works(t, db, "SELECT external_id FROM cfg_person") {
			t.Error("cfg_person has external_id after all")
		}
	})
}

// bind puts the DBIDs into a query.
func bind(query string, dbids []int64) string {
	query = strings.ReplaceAll(query, "$ALL", strings.Trim(strings.ReplaceAll(fmt.Sprint(dbids), " ", ", "), "[]"))
	for i, id := range dbids {
		query = strings.ReplaceAll(query, fmt.Sprint("$", i+1), fmt.Sprint(id))
	}
	return query
}

// The parts of the nasty scripts join to one expression, in whatever order they are stored.
func TestNastyScriptsJoin(t *testing.T) {
	n := engagetest.Nasty()
	scripts := n.Scripts()
	three := scripts[n.Case(engagetest.ScriptThreeParts).DBIDs[0]]
	if !strings.Contains(three, `Skill("Nasty Rows")>=5`) {
		t.Errorf("the three parts join to %q", three)
	}
	if got := scripts[n.Case(engagetest.ScriptPartsUnordered).DBIDs[0]]; got != three {
		t.Errorf("the unordered parts join to %q", got)
	}
	for _, p := range n.Props {
		if len([]rune(p.Value)) > 255 {
			t.Errorf("a row of the annex holds %d characters", len([]rune(p.Value)))
		}
	}
}

// Each nasty event happens: it changes the database, and the model keeps up.
func TestNastyEventsHappen(t *testing.T) {
	events := 0
	for _, p := range engagetest.Nasty().Cases() {
		if p.Do == nil {
			continue
		}
		events++
		t.Run(string(p.Case), func(t *testing.T) {
			onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
				n := engagetest.Nasty()
				write(t, n.Site, db, d)
				before := fingerprint(t, n.Site)
				hadColumn := n.Schema.HasColumn(engagetest.TableLevel, "level_")
				if err := p.Do(t.Context(), engagetest.NewEditor(n.Site, db, d)); err != nil {
					t.Fatal(err)
				}
				if fingerprint(t, n.Site) == before && n.Schema.HasColumn(engagetest.TableLevel, "level_") == hadColumn {
					t.Error("nothing changed")
				}
				if err := n.Check(t.Context(), db, d); err != nil {
					t.Error(err)
				}
			})
		})
	}
	if events != 4 {
		t.Errorf("%d cases are events, want 4", events)
	}
}

// The objects of the tiny site underneath stay as they are: what is planted comes on top.
func TestNastyComesOnTopOfTiny(t *testing.T) {
	n, tiny := engagetest.Nasty(), engagetest.New(engagetest.Tiny, 1)
	for i, p := range tiny.Persons {
		if n.Persons[i] != p {
			t.Errorf("person %d is %+v, was %+v", p.DBID, n.Persons[i], p)
		}
	}
	if len(n.Queues()) <= len(tiny.Queues()) || len(n.Groups) <= len(tiny.Groups) {
		t.Error("nothing came on top")
	}
}

// A case that is not planted is a mistake of the test, and is called so.
func TestAnUnknownCasePanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "no such thing") {
			t.Errorf("recovered %s", got)
		}
	}()
	engagetest.Nasty().Case("no such thing")
}
