package translate_test

import (
	"maps"
	"slices"
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
)

// everything is a small site with one object of each kind that Engage has, and the keys that it comes to.
func everything() *site {
	return newSite().person(1).skill(50, "Sales").skill(51, "English").value(421, "Language", "English", "").level(1, 50, 3).level(1, 51, 4).
		dn(7, "VQ").dn(8, "ACD", dnType(3)).dn(9, "RP", dnType(4)).dn(10, "RQ", dnType(22)).group(20, 1).link(20, 7, 8, 9, 10).code(30, "sale", "Sale")
}

var keysOfCurrent = []string{"source/101", "skill/50", "language/51", "wrapupcode/30", "queue/7", "user/1", "members/7"}

func keysOf(preset rules.Preset) []string {
	if preset == rules.PresetCurrent {
		return keysOfCurrent
	}
	return append(slices.Clone(keysOfCurrent), "queue/8", "queue/9", "queue/10", "members/8", "members/9", "members/10")
}

// RULES 1, what becomes what: each row, by preset.
func TestWhatBecomesWhat(t *testing.T) {
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			r, _ := run(t, everything(), rules.Default(tenant, preset), table{})
			var keys []model.Key
			for _, o := range r.Objects {
				keys = append(keys, o.Key)
			}
			r.has(keys, keysOf(preset)...)
			r.noRejects()
		})
	}
}

// RULES 1, events: what an edit in Engage does to the desired objects: which come, which go, which differ. Whether what
// goes is deleted, emptied, deactivated or left as an orphan is the plan's to say.
func TestEvents(t *testing.T) {
	stateOf := func(state model.CfgState) func(*site) {
		return func(s *site) {
			s.Persons[0].State, s.Skills[0].State, s.Skills[1].State, s.DNs[0].State, s.Values[1].State = state, state, state, state, state
		}
	}
	for _, c := range []struct {
		name               string
		edit               func(*site)
		come, gone, differ []string
	}{
		{"new object in Engage: a Person", func(s *site) { s.person(2) }, []string{"user/2"}, nil, nil},
		{"new object in Engage: a Skill", func(s *site) { s.skill(60, "Billing") }, []string{"skill/60"}, nil, nil},
		{"new object in Engage: a Virtual Queue", func(s *site) { s.dn(60, "New") }, []string{"queue/60"}, nil, nil},
		{"new object in Engage: a Business Attribute value", func(s *site) { s.code(60, "x", "X") }, []string{"wrapupcode/60"}, nil, nil},
		{"mapped object modified: a Person's name", func(s *site) { s.Persons[0].LastName = "New" }, nil, nil, []string{"user/1"}},
		{"mapped object modified: a skill level", func(s *site) { s.Levels[0].Level = 1 }, nil, nil, []string{"user/1"}},
		{"mapped object modified: an alias", func(s *site) { s.DNs[0].Alias = "New" }, nil, nil, []string{"queue/7"}},
		{"mapped object modified: a display name", func(s *site) { s.Values[1].DisplayName = "New" }, nil, nil, []string{"wrapupcode/30"}},
		{"a skill renamed: the same key, and another assignment", func(s *site) { s.Skills[0].Name = "New" }, nil, nil, []string{"skill/50", "user/1"}},
		{"queue member deleted in Engage", func(s *site) { s.GroupAgents = nil }, nil, nil, []string{"members/7"}},
		{"queue deleted in Engage", func(s *site) { s.without(model.KindQueue, 7) }, nil, []string{"queue/7", "members/7"}, nil},
		{"any other object deleted: a Person", func(s *site) { s.without(model.KindUser, 1) }, nil, []string{"user/1"}, []string{"members/7"}},
		{"any other object deleted: a Skill", func(s *site) { s.without(model.KindSkill, 50) }, nil, []string{"skill/50"}, []string{"user/1"}},
		{"any other object deleted: a Language", func(s *site) { s.without(model.KindSkill, 51) }, nil, []string{"language/51"}, []string{"user/1"}},
		{"any other object deleted: a wrap-up code", func(s *site) { s.without(model.KindWrapUpCode, 30) }, nil, []string{"wrapupcode/30"}, nil},
		{"state 3 is as absent", stateOf(model.CfgDeleted), nil, []string{"user/1", "skill/50", "language/51", "queue/7", "members/7", "wrapupcode/30"}, nil},
		{"state 2 deletes nothing", stateOf(model.CfgDisabled), nil, nil, []string{"user/1", "members/7"}},
		{"an edit that EXCS does not look at: a group renamed", func(s *site) { s.Groups[0].Name = "New" }, nil, nil, nil},
	} {
		for _, preset := range rules.Presets() {
			t.Run(c.name+"/"+string(preset), func(t *testing.T) {
				set := rules.Default(tenant, preset)
				_, rows := run(t, everything(), set, table{})
				edited := everything()
				c.edit(edited)
				r, _ := run(t, edited, set, rows)
				come, gone, differ := rows.compare(r)
				// The other queues, which only 2023-07 has, share the group: their members differ whenever those of 7 do.
				differ = slices.DeleteFunc(differ, func(k string) bool { return k == "members/8" || k == "members/9" || k == "members/10" })
				sameKeys(t, "come", come, c.come)
				sameKeys(t, "gone", gone, c.gone)
				sameKeys(t, "differ", differ, c.differ)
			})
		}
	}
}

func sameKeys(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = append([]string{}, got...), append([]string{}, want...)
	slices.Sort(got)
	slices.Sort(want)
	same(t, what, got, want)
}

// compare tells a result from the rows, by key.
func (rows table) compare(r outcome) (come, gone, differ []string) {
	desired := map[model.Key]bool{}
	for _, o := range r.Objects {
		desired[o.Key] = true
		switch row, there := rows[o.Key]; {
		case !there:
			come = append(come, o.Key.String())
		case row.Object.Fingerprint() != o.Fingerprint():
			differ = append(differ, o.Key.String())
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(rows), model.Key.Compare) {
		if !desired[k] {
			gone = append(gone, k.String())
		}
	}
	return come, gone, differ
}

// A change of the settings takes objects away as a deletion would; that it removes nothing at once is the plan's to see to,
// by the settings' hash.
func TestSettingsChange(t *testing.T) {
	_, rows := run(t, everything(), settings(), table{})
	for name, c := range map[string]struct {
		change func(*rules.Settings)
		gone   []string
	}{
		"DN types":        {func(s *rules.Settings) { s.Queues.Types = []int{5} }, []string{"members/10", "members/8", "members/9", "queue/10", "queue/8", "queue/9"}},
		"attribute names": {func(s *rules.Settings) { s.WrapUpCodes.Attributes = nil }, []string{"wrapupcode/30"}},
		"languages":       {func(s *rules.Settings) { s.Languages.Attribute = "" }, []string{"language/51"}},
		"members ignored": {func(s *rules.Settings) { s.Members.Control = rules.SetIgnored }, []string{"members/10", "members/7", "members/8", "members/9"}},
	} {
		t.Run(name, func(t *testing.T) {
			changed := settings(c.change)
			if changed.Hash() == settings().Hash() {
				t.Error("the hash does not tell")
			}
			r, _ := run(t, everything(), changed, rows)
			_, gone, _ := rows.compare(r)
			sameKeys(t, "gone", gone, c.gone)
		})
	}
}

// A run with 30 collisions, 60 Persons without an address and 3,000 on template addresses: without changes it reads no row,
// and its hints are the few keys that look back.
func TestNoChangeRunIsCheap(t *testing.T) {
	s := newSite()
	for i := range int64(3000) {
		s.person(i+1, noAddress)
	}
	for i := range int64(60) {
		s.Persons[i].EmployeeID = ""
	}
	for i := range int64(60) {
		s.dn(i+1, "Queue "+string(rune('A'+i/2)))
	}
	for i := range int64(500) {
		s.dn(i+1000, "")
	}
	set := settings(template)
	p := prove(t, &s.Snapshot)
	r, _, hints := table{}.converge(t, p, set, nil)
	rows := table{}.after(r)
	again, reads, next := rows.converge(t, p, set, hints)
	equal(t, "rows read", reads, 0)
	equal(t, "hints", len(hints), 60)
	same(t, "hints", next, hints)
	same(t, "objects", again.Objects, r.Objects)
	equal(t, "rejects", len(r.Rejects), 60)
	equal(t, "collisions by suffix", r.Objects[1].Name, "Queue A (1001@SIP)")
}
