package engage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// diff compares what two snapshots hold, beside the bookkeeping of the read.
func diff(want, got *model.Snapshot) string {
	texts := cmp.Comparer(func(a, b string) bool { return marked(a) == marked(b) })
	return cmp.Diff(want, got, texts, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(model.Snapshot{}, "Read", "Total", "Dropped", "Highest", "Newest", "Notes"))
}

// Every DBMS gives the same snapshot of the same site, and it is what the slow and obvious reading says.
func TestReadGivesTheSite(t *testing.T) {
	all := standard()
	all.AllPersons = true
	current := standard()
	current.DNTypes = []int{5}
	foreign := standard()
	foreign.Tenant = engagetest.ForeignTenant
	queries := map[string]engage.Query{"2023-07": standard(), "all persons": all, "current": current, "the other tenant": foreign}
	sites := map[string]func() *engagetest.Site{"a tiny site": tiny, "the nasty site": func() *engagetest.Site {
		return engagetest.Nasty(engagetest.WithRootParentNull()).Site
	}}
	for name, build := range sites {
		site := build()
		readers := map[string]*engage.Reader{
			"SQLite":     open(t, sqlitePlace(t, site).secret),
			"PostgreSQL": open(t, postgresPlace(t, cluster, site).secret),
			"PostgreSQL with standard_conforming_strings=off": open(t, postgresPlace(t, nonConforming, site).secret),
		}
		for _, d := range []*fakeDriver{oracle, sqlServer} {
			secret, _ := fakePlace(t, d, site)
			readers["the SQL of "+d.name+" on SQLite"] = open(t, secret)
		}
		for label, q := range queries {
			want := expect(site, q)
			if want.Tenant.DBID == 0 {
				continue // the tiny site has one tenant
			}
			for dbms, r := range readers {
				t.Run(name+"/"+label+"/"+dbms, func(t *testing.T) {
					if d := diff(want, read(t, r, q)); d != "" {
						t.Errorf("the snapshot (+) is not the site (-):\n%s", d)
					}
				})
			}
		}
	}
}

// A read of a healthy site is proven, and so is one of a nasty one.
func TestAReadIsProven(t *testing.T) {
	onBoth(t, nasty, func(t *testing.T, p place) {
		s, counts, err := open(t, p.secret).Read(t.Context(), standard())
		if err != nil {
			t.Fatal(err)
		}
		proven, memory, err := model.Prove(s, counts, model.Memory{}, time.Minute, time.Unix(0, 0))
		if err != nil || !proven.Valid() {
			t.Fatalf("the read is not proven: %v", err)
		}
		for _, table := range []model.Table{model.TablePerson, model.TableSkill, model.TableSkillLevel, model.TableDN, model.TableSwitch, model.TableGroup,
			model.TableGroupAgent, model.TableGroupDN, model.TableScript, model.TableAttribute, model.TableAttrValue, model.TableTransaction} {
			if memory.Rows[table] == 0 {
				t.Errorf("no row of %s was read and counted", table)
			}
		}
	})
}

// Dangling rows are dropped and counted, per table, and never fatal.
func TestDanglingRowsAreDroppedAndCounted(t *testing.T) {
	onBoth(t, nasty, func(t *testing.T, p place) {
		s := read(t, open(t, p.secret), standard())
		want := map[model.Table]int{
			model.TableSkillLevel: 3, // of a deleted skill, of a deleted person, of another tenant's skill
			model.TableGroupAgent: 3, // no agent, another tenant, gone
			model.TableGroupDN:    2, // of a group that is gone, to a DN that is gone
			model.TableScript:     1, // of a group that is gone
		}
		if d := cmp.Diff(want, s.Dropped); d != "" {
			t.Errorf("dropped (+) is not as planted (-):\n%s", d)
		}
		if n := notes(s, "switch that is not in cfg_switch"); len(n) != 1 {
			t.Errorf("the DN on a switch that is gone is noted %d times", len(n))
		}
	})
}

// The highest DBID and the size are those of the whole table: other tenants and deleted rows count.
func TestHighestAndTotalAreOfTheWholeTable(t *testing.T) {
	onBoth(t, nasty, func(t *testing.T, p place) {
		p.exec(t, "INSERT INTO cfg_person (dbid, tenant_dbid, is_agent, state) VALUES (900001, 102, 2, 3)",
			"INSERT INTO cfg_dn (dbid, tenant_dbid, type, state) VALUES (900002, 101, 1, 3)")
		s := read(t, open(t, p.secret), standard())
		if s.Highest[model.TablePerson] != 900001 || s.Highest[model.TableDN] != 900002 {
			t.Errorf("the highest DBIDs are %v", s.Highest)
		}
		n := nasty()
		if got, want := s.Total[model.TablePerson], len(n.Persons)+1; got != want {
			t.Errorf("cfg_person has %d rows in all, want %d", got, want)
		}
		if got, want := s.Total[model.TableDN], len(n.DNs)+1; got != want {
			t.Errorf("cfg_dn has %d rows in all, want %d", got, want)
		}
		for _, table := range []model.Table{model.TableSkill, model.TableGroup, model.TableAttribute, model.TableAttrValue} {
			if s.Highest[table] == 0 || s.Total[table] == 0 {
				t.Errorf("%s has the highest DBID %d of %d rows", table, s.Highest[table], s.Total[table])
			}
		}
	})
}

// A tenant without Business Attributes, transaction object and groups is read all the same.
func TestABareTenant(t *testing.T) {
	onBoth(t, nasty, func(t *testing.T, p place) {
		q := standard()
		q.Tenant = engagetest.BareTenant
		s := read(t, open(t, p.secret), q)
		if len(s.Persons) != 1 || len(s.Attributes) != 0 || len(s.Values) != 0 {
			t.Errorf("%d persons, %d attributes, %d values", len(s.Persons), len(s.Attributes), len(s.Values))
		}
		if len(notes(s, "no transaction object hybrid_integration")) != 1 {
			t.Errorf("the missing transaction object is not noted: %v", s.Notes)
		}
	})
}

// The tables that are in doubt when they are empty are empty in the counts too.
func TestTablesThatBecomeEmptyAreInDoubt(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		s, counts, err := r.Read(t.Context(), standard())
		if err != nil {
			t.Fatal(err)
		}
		_, memory, err := model.Prove(s, counts, model.Memory{}, time.Minute, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		// All agents in state 3 are as good as an empty table.
		p.exec(t, "UPDATE cfg_person SET state = 3", "DELETE FROM cfg_route_dn", "DELETE FROM cfg_switch",
			"DELETE FROM cfg_enumerator_value WHERE enumerator_dbid IN (SELECT dbid FROM cfg_enumerator WHERE name = 'Language')")
		s, counts, err = r.Read(t.Context(), standard())
		if err != nil {
			t.Fatal(err)
		}
		proven, _, err := model.Prove(s, counts, memory, time.Minute, time.Unix(60, 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []model.Table{model.TablePerson, model.TableGroupDN, model.TableSwitch, model.ValuesOf("Language")} {
			if proven.Doubts()[table] == "" {
				t.Errorf("%s had rows, has none, and is not in doubt: %v", table, proven.Doubts())
			}
		}
		if why := proven.Doubts()[model.ValuesOf("DispositionCode")]; why != "" {
			t.Errorf("the other attribute has its values: %s", why)
		}
	})
}
