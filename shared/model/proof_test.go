package model_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
)

const settle = 15 * time.Minute

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// tables is every table whose rows make objects.
func tables() []model.Table {
	return []model.Table{
		model.TablePerson, model.TableSkill, model.TableSkillLevel, model.TableDN, model.TableSwitch, model.TableGroup, model.TableGroupAgent,
		model.TableGroupDN, model.TableScript, model.TableAttribute, model.TableAttrValue,
	}
}

// site is a snapshot with 100 rows in every table but those that are named.
func site(empty ...model.Table) *model.Snapshot {
	s := &model.Snapshot{
		Tenant: model.Tenant{DBID: 101, Name: "acme", State: model.CfgEnabled}, HasEmailColumn: true,
		Read: map[model.Table]int{}, Total: map[model.Table]int{}, Dropped: map[model.Table]int{}, Highest: map[model.Table]int64{}, Newest: map[model.Table][]int64{},
	}
	for _, t := range tables() {
		fill(s, t, 100)
	}
	for _, t := range empty {
		fill(s, t, 0)
	}
	return s
}

// fill gives a table the rows 1 to n.
func fill(s *model.Snapshot, t model.Table, n int) {
	s.Read[t], s.Total[t], s.Highest[t], s.Newest[t] = n, n, int64(n), nil
	for dbid := n; dbid > max(0, n-model.NewestSpan); dbid-- {
		s.Newest[t] = append(s.Newest[t], int64(dbid))
	}
}

// counted is what a complete read counts.
func counted(s *model.Snapshot) model.Counts { return maps.Clone(s.Read) }

// fataler is a test or a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// prove makes a proof that must succeed.
func prove(t fataler, s *model.Snapshot, before model.Memory, at time.Time) (model.Proven, model.Memory) {
	t.Helper()
	p, after, err := model.Prove(s, counted(s), before, settle, at)
	if err != nil {
		t.Fatal(err)
	}
	return p, after
}

// remembered is the memory of one good read.
func remembered(t fataler, s *model.Snapshot) model.Memory {
	t.Helper()
	_, after := prove(t, s, model.Memory{}, noon.Add(-time.Hour))
	return after
}

func TestACompleteReadIsProven(t *testing.T) {
	t.Parallel()
	s := site()
	p, after := prove(t, s, model.Memory{}, noon)
	if !p.Valid() || p.Snapshot() != s || !p.At().Equal(noon) || p.WentBack() != "" || len(p.Doubts()) != 0 {
		t.Errorf("the proof is %+v", p)
	}
	if p.Doubt() != "" || len(p.DoubtedKinds()) != 0 {
		t.Errorf("in doubt: %q, %v", p.Doubt(), p.DoubtedKinds())
	}
	want := model.Memory{Rows: s.Read, Total: s.Total, Highest: s.Highest, Newest: s.Newest, EmailColumn: true, EmptySince: map[model.Table]time.Time{}}
	if d := cmp.Diff(want, after); d != "" {
		t.Errorf("the memory is another:\n%s", d)
	}
}

// Without a proof nothing may be removed; the fields are not exported, so no other package can make one.
func TestTheZeroProofProvesNothing(t *testing.T) {
	t.Parallel()
	var p model.Proven
	if p.Valid() || p.Snapshot() != nil || p.WentBack() != "" || len(p.Doubts()) != 0 || !p.At().IsZero() {
		t.Errorf("the zero proof holds %+v", p)
	}
	if want := "the read of Engage was not proven to be complete"; p.Doubt() != want {
		t.Errorf("the doubt is %q", p.Doubt())
	}
	if p.Doubting(model.KindUser, "all are gone").Valid() {
		t.Error("a doubt makes a proof")
	}
}

func TestReadsThatAreNoProof(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		before func(*model.Memory)
		edit   func(*model.Snapshot, model.Counts)
		code   model.Code
		want   string
	}{
		{
			name: "fewer rows came than were counted", edit: func(s *model.Snapshot, _ model.Counts) { s.Read[model.TablePerson] = 99 },
			code: model.CodeUnavailable, want: "the read was not complete (cfg_person: 99 rows read of 100 counted): nothing is done, the next run tries again",
		},
		{
			name: "more rows came than were counted", edit: func(_ *model.Snapshot, c model.Counts) { c[model.TableDN] = 7 },
			code: model.CodeUnavailable, want: "(cfg_dn: 100 rows read of 7 counted)",
		},
		{
			name: "no row came of a table that was counted", edit: func(s *model.Snapshot, _ model.Counts) { delete(s.Read, model.TableScript) },
			code: model.CodeUnavailable, want: "(cfg_flex_prop: 0 rows read of 100 counted)",
		},
		{
			name: "a table that was read was not counted", edit: func(_ *model.Snapshot, c model.Counts) { delete(c, model.TableSkill) },
			code: model.CodeUnavailable, want: "(cfg_skill: 100 rows read, none counted)",
		},
		{
			name: "every table that is wrong is named, in order", edit: func(s *model.Snapshot, c model.Counts) {
				s.Read[model.TableSkillLevel], c[model.TablePerson] = 1, 2
				delete(c, model.TableAttribute)
			},
			code: model.CodeUnavailable, want: "(cfg_enumerator: 100 rows read, none counted; cfg_person: 100 rows read of 2 counted; cfg_skill_level: 1 rows read of 100 counted)",
		},
		{
			name: "nothing was counted", edit: func(_ *model.Snapshot, c model.Counts) { clear(c) },
			code: model.CodeUnavailable, want: "(no table was counted)",
		},
		{
			name: "the tenant is missing", edit: func(s *model.Snapshot, _ model.Counts) { s.Tenant = model.Tenant{} },
			code: model.CodeInvalid, want: "the tenant is not in cfg_tenant: check the setting tenant",
		},
		{
			name: "the tenant is disabled", edit: func(s *model.Snapshot, _ model.Counts) { s.Tenant.State = model.CfgDisabled },
			code: model.CodeInvalid, want: "tenant 101 'acme' is not enabled (state 2): nothing is done until it is",
		},
		{
			name: "the tenant is deleted", edit: func(s *model.Snapshot, _ model.Counts) { s.Tenant.State = model.CfgDeleted },
			code: model.CodeInvalid, want: "is not enabled (state 3)",
		},
		{
			name: "the tenant's state is not known", edit: func(s *model.Snapshot, _ model.Counts) { s.Tenant.State = 0 },
			code: model.CodeInvalid, want: "is not enabled (state 0)",
		},
		{
			name: "the e-mail column vanished", edit: func(s *model.Snapshot, _ model.Counts) { s.HasEmailColumn = false },
			code: model.CodeInvalid, want: "cfg_person had an e-mail column in the last read and has none now: give its name in the Engage secret under columns",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, before := site(), remembered(t, site())
			c := counted(s)
			tc.edit(s, c)
			p, after, err := model.Prove(s, c, before, settle, noon)
			if model.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "prove the read of Engage: ") {
				t.Errorf("the error is %v", err)
			}
			if p.Valid() || p.Doubt() == "" {
				t.Error("a read that is no proof proves something")
			}
			if d := cmp.Diff(before, after); d != "" {
				t.Errorf("the memory changed:\n%s", d)
			}
		})
	}
}

func TestNoSnapshotIsAFaultOfEXCS(t *testing.T) {
	t.Parallel()
	p, _, err := model.Prove(nil, model.Counts{model.TablePerson: 0}, model.Memory{}, settle, noon)
	if p.Valid() || model.CodeOf(err) != model.CodeInternal {
		t.Errorf("got %v, %v", p.Valid(), err)
	}
}

// A site that never had an e-mail column needs none, and one may come.
func TestAnEmailColumnMayComeButNotGo(t *testing.T) {
	t.Parallel()
	without := site()
	without.HasEmailColumn = false
	before := remembered(t, without)
	if before.EmailColumn {
		t.Fatal("a column is remembered that is not there")
	}
	if _, before = prove(t, without, before, noon); before.EmailColumn {
		t.Fatal("a column is remembered that is not there")
	}
	if _, before = prove(t, site(), before, noon); !before.EmailColumn {
		t.Fatal("the column is not remembered")
	}
	if _, _, err := model.Prove(without, counted(without), before, settle, noon); err == nil {
		t.Error("the column may go")
	}
}

// A part that had rows and has none is in doubt, whatever is made from it.
func TestATableThatLostAllItsRowsIsInDoubt(t *testing.T) {
	t.Parallel()
	for _, table := range []model.Table{
		model.TablePerson, model.TableSkill, model.TableSkillLevel, model.TableDN, model.TableSwitch, model.TableGroup, model.TableGroupAgent,
		model.TableGroupDN, model.TableScript, model.TableAttribute, model.TableAttrValue,
	} {
		t.Run(string(table), func(t *testing.T) {
			t.Parallel()
			p, after := prove(t, site(table), remembered(t, site()), noon)
			why := string(table) + " had 100 rows and now has none: unknown until a second complete read 15m0s after 2026-05-04T12:00:00Z agrees"
			if d := cmp.Diff(map[model.Table]string{table: why}, p.Doubts()); d != "" {
				t.Error(d)
			}
			if after.Rows[table] != 100 || after.Highest[table] != 100 || !after.EmptySince[table].Equal(noon) {
				t.Errorf("the memory of the table is %d rows to %d, empty since %v", after.Rows[table], after.Highest[table], after.EmptySince[table])
			}
		})
	}
}

// Rows that refer to nothing do not count: a link table of which only those are left is as good as empty.
func TestATableOfDanglingRowsIsAsGoodAsEmpty(t *testing.T) {
	t.Parallel()
	s := site()
	s.Dropped[model.TableGroupDN] = 100
	p, after := prove(t, s, remembered(t, site()), noon)
	if p.Doubts()[model.TableGroupDN] == "" || after.Rows[model.TableGroupDN] != 100 {
		t.Errorf("the doubt is %q, %d rows are remembered", p.Doubts()[model.TableGroupDN], after.Rows[model.TableGroupDN])
	}
	s.Dropped[model.TableGroupDN] = 99
	if p, after = prove(t, s, after, noon.Add(time.Minute)); p.Doubts()[model.TableGroupDN] != "" || after.Rows[model.TableGroupDN] != 1 {
		t.Errorf("the doubt is %q, %d rows are remembered", p.Doubts()[model.TableGroupDN], after.Rows[model.TableGroupDN])
	}
}

// The story of an empty table, read by read.
func TestADoubtUntilASecondReadAgrees(t *testing.T) {
	t.Parallel()
	type read struct {
		after time.Duration
		rows  int
		doubt bool
	}
	for _, tc := range []struct {
		name  string
		reads []read
	}{
		{"it stays empty: settled at the first read that is late enough", []read{{0, 0, true}, {time.Minute, 0, true}, {settle - 1, 0, true}, {settle, 0, false}, {settle + time.Minute, 0, false}}},
		{"the rows come back: no doubt, and none is left behind", []read{{0, 0, true}, {time.Minute, 100, false}, {2 * time.Minute, 100, false}}},
		{"the rows come back and go again: the time starts anew", []read{{0, 0, true}, {time.Minute, 100, false}, {settle, 0, true}, {settle + time.Minute, 0, true}, {2 * settle, 0, false}}},
		{"one row comes back: the table is not empty", []read{{0, 0, true}, {time.Minute, 1, false}}},
		{"settled, then filled and emptied again: doubted again", []read{{0, 0, true}, {settle, 0, false}, {settle + 1, 5, false}, {settle + 2, 0, true}}},
		{"one read only, very late", []read{{240 * time.Hour, 0, true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			memory := remembered(t, site())
			for i, r := range tc.reads {
				s := site()
				// A table without DBIDs, so that nothing can have gone back.
				s.Read[model.TableSkillLevel] = r.rows
				for _, m := range []map[model.Table]int{s.Total, memory.Total} {
					delete(m, model.TableSkillLevel)
				}
				delete(s.Highest, model.TableSkillLevel)
				delete(memory.Highest, model.TableSkillLevel)
				var p model.Proven
				p, memory = prove(t, s, throughJSON(t, memory), noon.Add(r.after))
				if got := p.Doubts()[model.TableSkillLevel] != ""; got != r.doubt {
					t.Fatalf("read %d: in doubt is %v: %s", i, got, p.Doubts()[model.TableSkillLevel])
				}
				if _, waits := memory.EmptySince[model.TableSkillLevel]; waits != r.doubt {
					t.Fatalf("read %d: empty since %v", i, memory.EmptySince)
				}
				if !r.doubt && memory.Rows[model.TableSkillLevel] != r.rows {
					t.Fatalf("read %d: %d rows are remembered", i, memory.Rows[model.TableSkillLevel])
				}
			}
		})
	}
}

// throughJSON is what a run does with the memory: it stands in the table.
func throughJSON(t fataler, m model.Memory) model.Memory {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back model.Memory
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// A table that was not looked at does not agree that it is empty, however late it is.
func TestATableThatWasNotReadStaysInDoubt(t *testing.T) {
	t.Parallel()
	memory := remembered(t, site())
	for i := range 3 {
		s := site()
		c := counted(s)
		delete(s.Read, model.TableAttribute)
		delete(c, model.TableAttribute)
		var p model.Proven
		var err error
		p, memory, err = model.Prove(s, c, memory, settle, noon.Add(time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if want := "cfg_enumerator had 100 rows and was not read now: unknown until it is"; p.Doubts()[model.TableAttribute] != want {
			t.Fatalf("read %d: the doubt is %q", i, p.Doubts()[model.TableAttribute])
		}
	}
	if p, _ := prove(t, site(), memory, noon.Add(4*time.Hour)); p.Doubts()[model.TableAttribute] != "" {
		t.Errorf("rows are back, the doubt is %q", p.Doubts()[model.TableAttribute])
	}
}

// A table that never had rows is no surprise.
func TestATableThatWasAlwaysEmptyIsNotInDoubt(t *testing.T) {
	t.Parallel()
	for _, before := range []model.Memory{{}, remembered(t, site(model.TableScript))} {
		if p, _ := prove(t, site(model.TableScript), before, noon); len(p.Doubts()) != 0 {
			t.Errorf("the doubts are %v", p.Doubts())
		}
	}
}

// Each table is settled by its own clock.
func TestTablesSettleOneByOne(t *testing.T) {
	t.Parallel()
	_, memory := prove(t, site(model.TableAttribute), remembered(t, site()), noon)
	p, memory := prove(t, site(model.TableAttribute, model.TableScript), memory, noon.Add(10*time.Minute))
	if len(p.Doubts()) != 2 {
		t.Errorf("the doubts are %v", p.Doubts())
	}
	p, memory = prove(t, site(model.TableAttribute, model.TableScript), memory, noon.Add(settle))
	if _, waits := p.Doubts()[model.TableScript]; !waits || len(p.Doubts()) != 1 {
		t.Errorf("the doubts are %v", p.Doubts())
	}
	p, _ = prove(t, site(model.TableAttribute, model.TableScript), memory, noon.Add(settle+10*time.Minute))
	if len(p.Doubts()) != 0 {
		t.Errorf("the doubts are %v", p.Doubts())
	}
}

// What a caller is given or gave is its own: doubts can not be taken away, the memory of the last run can not change.
func TestNobodyReachesIntoAProof(t *testing.T) {
	t.Parallel()
	before := remembered(t, site())
	kept := throughJSON(t, before)
	p, after := prove(t, site(model.TablePerson), before, noon)
	clear(p.Doubts())
	clear(p.Doubting(model.KindUser, "x").DoubtedKinds())
	if p.Doubts()[model.TablePerson] == "" {
		t.Error("a caller took a doubt away")
	}
	for _, m := range []map[model.Table]int{after.Rows, after.Total} {
		m[model.TableDN] = -1
	}
	after.Highest[model.TableDN] = -1
	if d := cmp.Diff(kept, throughJSON(t, before)); d != "" {
		t.Errorf("the new memory shares the old one's:\n%s", d)
	}
	back := site()
	fill(back, model.TablePerson, 50)
	back.Total[model.TablePerson] = 100
	p, after = prove(t, back, before, noon)
	if p.WentBack() == "" {
		t.Fatal("it did not go back")
	}
	after.Rows[model.TableDN], after.Highest[model.TableDN], after.Newest[model.TableDN] = -1, -1, nil
	if d := cmp.Diff(kept, throughJSON(t, before)); d != "" {
		t.Errorf("the new memory shares the old one's:\n%s", d)
	}
}

func TestDoubtsCanBeAddedAndNotTakenAway(t *testing.T) {
	t.Parallel()
	p, _ := prove(t, site(), model.Memory{}, noon)
	q := p.Doubting(model.KindUser, "all users are gone at once")
	if len(p.DoubtedKinds()) != 0 {
		t.Error("the proof itself changed")
	}
	if d := cmp.Diff(map[model.Kind]string{model.KindUser: "all users are gone at once"}, q.DoubtedKinds()); d != "" || !q.Valid() || q.Doubt() != "" {
		t.Errorf("the doubts are others:\n%s", d)
	}
	r := q.Doubting(model.KindQueue, "all queues too")
	if len(r.DoubtedKinds()) != 2 || len(q.DoubtedKinds()) != 1 {
		t.Error("a second doubt does not add to the first")
	}
	if r.Doubting(model.KindUser, "").DoubtedKinds()[model.KindUser] == "" {
		t.Error("an empty reason takes a doubt away")
	}
	in, _ := prove(t, site(model.TablePerson), remembered(t, site()), noon)
	if !strings.HasPrefix(in.Doubting(model.KindQueue, "x").Doubts()[model.TablePerson], "cfg_person had 100 rows") {
		t.Error("a doubt about one kind hides that of a table")
	}
}

// The values of one Business Attribute are a part of their own: those of another do not hide that they are gone.
func TestTheValuesOfOneAttributeAreInDoubt(t *testing.T) {
	t.Parallel()
	valued := func(n map[string]int) *model.Snapshot {
		s := site()
		s.Valued = n
		return s
	}
	both := map[string]int{"Language": 5, "DispositionCode": 7}
	for _, tc := range []struct {
		name  string
		now   map[string]int
		doubt []model.Table
	}{
		{"both are there", map[string]int{"Language": 1, "DispositionCode": 7}, nil},
		{"one has no values any more, or is gone", map[string]int{"Language": 0, "DispositionCode": 7}, []model.Table{model.ValuesOf("language")}},
		{"the name is asked for in another spelling", map[string]int{"LANGUAGE ": 0, "DispositionCode": 7}, []model.Table{model.ValuesOf("Language")}},
		{"both have none", map[string]int{"Language": 0, "DispositionCode": 0}, []model.Table{model.ValuesOf("DispositionCode"), model.ValuesOf("Language")}},
		{"one is not asked for any more", map[string]int{"DispositionCode": 7}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			memory := throughJSON(t, remembered(t, valued(both)))
			p, memory := prove(t, valued(tc.now), memory, noon)
			if d := cmp.Diff(tc.doubt, slices.Sorted(maps.Keys(p.Doubts()))); d != "" {
				t.Errorf("the doubts are %v", p.Doubts())
			}
			p, memory = prove(t, valued(tc.now), throughJSON(t, memory), noon.Add(settle-1))
			if len(p.Doubts()) != len(tc.doubt) {
				t.Errorf("too early: the doubts are %v", p.Doubts())
			}
			if q, _ := prove(t, valued(both), memory, noon.Add(settle-1)); len(q.Doubts()) != 0 {
				t.Errorf("the values are back, the doubts are %v", q.Doubts())
			}
			if p, _ = prove(t, valued(tc.now), memory, noon.Add(settle)); len(p.Doubts()) != 0 {
				t.Errorf("settled: the doubts are %v", p.Doubts())
			}
		})
	}
}

func asJSON(t fataler, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
