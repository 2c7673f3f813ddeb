package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

func sorted(keys []model.Key) []model.Key {
	return slices.SortedFunc(slices.Values(keys), model.Key.Compare)
}

func fieldsSaid(fields []model.Field) string { return phrase(model.Change{Fields: fields}) }

// What is compared between a desired object and an EX Org object, field by field (RULES 2).
func TestDiff(t *testing.T) {
	jane := aUser(1, name("Jane Doe"), mail("jane@x.com"), has(2, "Billing", 3), has(3, "Sales", 4), speaks(4, "English", 2))
	seen := model.Observed{
		Kind: model.KindUser, EXID: "u", Name: "Jane Doe", Email: "jane@x.com", State: model.StateActive, DivisionID: "home", ExternalKeys: []string{"1"},
		Skills:    []model.Assigned{{EXID: "s2", Name: "Billing", Level: 30}, {EXID: "s3", Name: "Sales", Level: 40}},
		Languages: []model.Assigned{{EXID: "l4", Name: "English", Level: 20}},
	}
	resolved := plan.Target{Object: jane, Home: "home", Skills: map[int64]string{2: "s2", 3: "s3"}, Languages: map[int64]string{4: "l4"}}
	byName := plan.Target{Object: jane, Home: "home"}
	cases := []struct {
		name     string
		want     plan.Target
		have     model.Observed
		settings func(*rules.Settings)
		creating bool
		diff     string
	}{
		{"equal, by EX id", resolved, seen, nil, false, ""},
		{"equal, by name", byName, seen, nil, false, ""},
		{"by EX id a skill may have another name", resolved, with(seen, func(o *model.Observed) { o.Skills[0].Name = "Old spelling" }), nil, false, ""},
		{"by name it may have another spelling", byName, with(seen, func(o *model.Observed) { o.Skills[0].Name = " BILLING" }), nil, false, ""},
		{"by EX id the same name under another id is another skill", resolved, with(seen, func(o *model.Observed) { o.Skills[0].EXID = "s9" }), nil, false, "skills +Billing(3) -Billing"},
		{"what is not controlled", resolved, with(seen, func(o *model.Observed) { o.Version = 9 }), nil, false, ""},
		{"a name", resolved, with(seen, func(o *model.Observed) { o.Name = "jane doe" }), nil, false, "name[jane doe>Jane Doe]"},
		{"a name at creation only", resolved, with(seen, func(o *model.Observed) { o.Name = "x" }), func(s *rules.Settings) { s.Users.Name = rules.AtCreation }, false, ""},
		{"a name at creation, creating", resolved, with(seen, func(o *model.Observed) { o.Name = "x" }), func(s *rules.Settings) { s.Users.Name = rules.AtCreation }, true, "name[x>Jane Doe]"},
		{"a name ignored, creating", resolved, with(seen, func(o *model.Observed) { o.Name = "x" }), func(s *rules.Settings) { s.Users.Name = rules.Ignored }, true, ""},
		{"an address in another case", resolved, with(seen, func(o *model.Observed) { o.Email = "JANE@X.com" }), nil, false, ""},
		{"another address", resolved, with(seen, func(o *model.Observed) { o.Email = "j@x.com" }), nil, false, "email[j@x.com>jane@x.com]"},
		{"inactive", resolved, with(seen, func(o *model.Observed) { o.State = model.StateInactive }), nil, false, "state[inactive>active]"},
		{"inactive, state ignored", resolved, with(seen, func(o *model.Observed) { o.State = model.StateInactive }), func(s *rules.Settings) { s.Users.State = rules.Ignored }, false, ""},
		{"deleted", resolved, with(seen, func(o *model.Observed) { o.Deleted = true }), nil, false, "state[deleted>active]"},
		{"deleted, state ignored: it stays deleted", resolved, with(seen, func(o *model.Observed) { o.Deleted = true }),
			func(s *rules.Settings) { s.Users.State = rules.Ignored }, false, ""},
		{"deleted, and inactive in Engage: it stays deleted", plan.Target{Object: aUser(1, inactive)},
			model.Observed{Kind: model.KindUser, Name: "User 1", Email: "u1@example.com", State: model.StateActive, Deleted: true}, nil, false, ""},
		{"deleted, inactive in Engage, state ignored: it stays deleted", plan.Target{Object: aUser(1, inactive)},
			model.Observed{Kind: model.KindUser, Name: "User 1", Email: "u1@example.com", Deleted: true}, func(s *rules.Settings) { s.Users.State = rules.Ignored }, false, ""},
		{"deleted, inactive in Engage, state at creation", plan.Target{Object: aUser(1, inactive)},
			model.Observed{Kind: model.KindUser, Name: "User 1", Email: "u1@example.com", Deleted: true, ExternalKeys: []string{"1"}}, func(s *rules.Settings) { s.Users.State = rules.AtCreation }, true, ""},
		{"moved to another division", resolved, with(seen, func(o *model.Observed) { o.DivisionID = "d" }), nil, false, "division[d>home]"},
		{"moved, atCreation", resolved, with(seen, func(o *model.Observed) { o.DivisionID = "d" }), func(s *rules.Settings) { s.Users.Division = rules.AtCreation }, false, ""},
		{"the Home Division is not known", plan.Target{Object: jane}, with(seen, func(o *model.Observed) { o.DivisionID = "d" }), nil, false, ""},
		{"another external id", resolved, with(seen, func(o *model.Observed) { o.ExternalKeys = []string{"77"} }), nil, false, "externalId[77>1]"},
		{"two external ids", resolved, with(seen, func(o *model.Observed) { o.ExternalKeys = []string{"1", "77"} }), nil, false, "externalId[1 77>1]"},
		{"no external id", resolved, with(seen, func(o *model.Observed) { o.ExternalKeys = []string{} }), nil, false, "externalId[>1]"},
		{"the external id was not read", resolved, with(seen, func(o *model.Observed) { o.ExternalKeys = nil }), nil, false, ""},
		{"a skill missing", resolved, with(seen, func(o *model.Observed) { o.Skills = o.Skills[:1] }), nil, false, "skills +Sales(4)"},
		{"a skill too many", resolved, with(seen, func(o *model.Observed) {
			o.Skills = append(o.Skills, model.Assigned{EXID: "s9", Name: "Chess", Level: 10})
		}), nil, false, "skills -Chess"},
		{"a skill too many without a name", resolved, with(seen, func(o *model.Observed) {
			o.Skills = append(o.Skills, model.Assigned{EXID: "s9", Level: 10})
		}), nil, false, "skills -s9"},
		{"a skill too many, additive", resolved, with(seen, func(o *model.Observed) {
			o.Skills = append(o.Skills, model.Assigned{EXID: "s9", Name: "Chess", Level: 10})
		}), func(s *rules.Settings) { s.Users.Skills = rules.Additive }, false, ""},
		{"another level, additive", resolved, with(seen, func(o *model.Observed) { o.Skills[0].Level = 20 }),
			func(s *rules.Settings) { s.Users.Skills = rules.Additive }, false, "skills +Billing(2→3)"},
		{"another level", resolved, with(seen, func(o *model.Observed) { o.Skills[0].Level = 35 }), nil, false, "skills +Billing(3.5→3)"},
		{"skills ignored", resolved, with(seen, func(o *model.Observed) { o.Skills = nil }), func(s *rules.Settings) { s.Users.Skills = rules.SetIgnored }, false, ""},
		{"a language level that the EX Org rounded", resolved, with(seen, func(o *model.Observed) { o.Languages[0].Level = 24 }), nil, false, ""},
		{"a language level half a step up", resolved, with(seen, func(o *model.Observed) { o.Languages[0].Level = 25 }), nil, false, "languages +English(3→2)"},
		{"languages ignored", resolved, with(seen, func(o *model.Observed) { o.Languages = nil }), func(s *rules.Settings) { s.Users.Languages = rules.SetIgnored }, false, ""},

		{"a queue", plan.Target{Object: aQueue(7)}, seenQueue("q", "Queue 7", "7"), nil, false, ""},
		{"a queue's name in another case", plan.Target{Object: aQueue(7)}, seenQueue("q", "QUEUE 7", "7"), nil, false, "name[QUEUE 7>Queue 7]"},
		{"a queue's peer id", plan.Target{Object: aQueue(7)}, seenQueue("q", "Queue 7", "5"), nil, false, "peerId[5>7]"},
		{"a skill in another case", plan.Target{Object: named(model.KindSkill, 2, "Chess")}, model.Observed{Kind: model.KindSkill, Name: "CHESS "}, nil, false, ""},
		{"a skill of another name", plan.Target{Object: named(model.KindSkill, 2, "Chess")}, model.Observed{Kind: model.KindSkill, Name: "Go"}, nil, false, "name[Go>Chess]"},
		{"a code in another case", plan.Target{Object: named(model.KindWrapUpCode, 2, "Sale")}, model.Observed{Kind: model.KindWrapUpCode, Name: "SALE"}, nil, false, "name[SALE>Sale]"},
		{"a code that shares its EX code", plan.Target{Object: named(model.KindWrapUpCode, 2, "Sale", sameAs(1))}, model.Observed{Kind: model.KindWrapUpCode, Name: "SALE"}, nil, false, ""},
		{"a source that was switched off", plan.Target{Object: named(model.KindSource, 1, "EXCS")}, model.Observed{Kind: model.KindSource, Name: "EXCS", Deactivated: true}, nil, false, "state[deactivated>active]"},
		{"a source of another name", plan.Target{Object: named(model.KindSource, 1, "EXCS")}, model.Observed{Kind: model.KindSource, Name: "x"}, nil, false, "name[x>EXCS]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := rules.Default(1, rules.Preset202307)
			if c.settings != nil {
				c.settings(&s)
			}
			if got := tail(fieldsSaid(plan.Diff(c.want, c.have, s, c.creating))); got != c.diff {
				t.Errorf("diff %q, want %q", got, c.diff)
			}
		})
	}
}

// tail drops the empty action and key of a phrase.
func tail(s string) string {
	if len(s) <= len(" /0 ") {
		return ""
	}
	return s[len(" /0 "):]
}

func with(o model.Observed, edit func(*model.Observed)) model.Observed {
	o.Skills, o.Languages = slices.Clone(o.Skills), slices.Clone(o.Languages)
	edit(&o)
	return o
}

// RULES 2: for members `exact` removes only users that are mapped: a user that Engage does not know stays.
func TestDiffOfMembers(t *testing.T) {
	ids := map[int64]string{1: "a", 2: "b", 3: "c"}
	mapped := func(id string) bool { return id != "stranger" }
	label := func(id string) string { return map[string]string{"b": "bob@x"}[id] }
	cases := []struct {
		name    string
		want    plan.Target
		have    []string
		control rules.SetControl
		diff    string
	}{
		{"equal", plan.Target{Object: aMembers(7, 1, 2), Members: ids, Removable: mapped}, []string{"b", "a"}, rules.Exact, ""},
		{"one is missing", plan.Target{Object: aMembers(7, 1, 2), Members: ids, Removable: mapped}, []string{"a"}, rules.Exact, "members +user/2"},
		{"one has no EX user yet", plan.Target{Object: aMembers(7, 1, 9), Members: ids, Removable: mapped}, []string{"a"}, rules.Exact, "members +user/9"},
		{"one too many", plan.Target{Object: aMembers(7, 1), Members: ids, Removable: mapped, Label: label}, []string{"a", "b", "c"}, rules.Exact, "members -bob@x -c"},
		{"one too many, without names", plan.Target{Object: aMembers(7, 1), Members: ids, Removable: mapped}, []string{"a", "b"}, rules.Exact, "members -b"},
		{"a stranger stays", plan.Target{Object: aMembers(7, 1), Members: ids, Removable: mapped}, []string{"a", "stranger"}, rules.Exact, ""},
		{"nobody says who is mapped: nobody is removed", plan.Target{Object: aMembers(7, 1), Members: ids}, []string{"a", "b"}, rules.Exact, ""},
		{"a set that may be incomplete removes nobody", plan.Target{Object: edited(aMembers(7, 3), one(addOnly)), Members: ids, Removable: mapped}, []string{"a"}, rules.Exact, "members +user/3"},
		{"additive removes nobody", plan.Target{Object: aMembers(7, 3), Members: ids, Removable: mapped}, []string{"a"}, rules.Additive, "members +user/3"},
		{"ignored does nothing", plan.Target{Object: aMembers(7, 3), Members: ids, Removable: mapped}, []string{"a"}, rules.SetIgnored, ""},
		{"emptied", plan.Target{Object: aMembers(7), Members: ids, Removable: mapped}, []string{"a", "stranger", "b"}, rules.Exact, "members -a -b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := rules.Default(1, rules.Preset202307)
			s.Members.Control = c.control
			if got := tail(fieldsSaid(plan.Diff(c.want, model.Observed{Kind: model.KindMembers, Members: c.have}, s, false))); got != c.diff {
				t.Errorf("diff %q, want %q", got, c.diff)
			}
		})
	}
}

// Once an EX user is made what Diff asks for, Diff asks for nothing more; and only controlled fields were asked for.
func TestDiffOfWhatWasWrittenIsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rules.Default(1, rules.Preset202307)
		s.Users.Skills = rapid.SampledFrom([]rules.SetControl{rules.Exact, rules.Additive, rules.SetIgnored}).Draw(t, "skills")
		s.Users.Name = rapid.SampledFrom([]rules.Control{rules.Controlled, rules.AtCreation, rules.Ignored}).Draw(t, "name")
		o := genUser(1, t)
		want := plan.Target{Object: o, Home: "home", Skills: ids("s", o.Skills), Languages: ids("l", o.Languages)}
		have := model.Observed{Kind: model.KindUser, Name: "x", Email: "y", State: model.StateInactive, DivisionID: "z", ExternalKeys: []string{"0"},
			Skills: []model.Assigned{{EXID: "s1", Name: "Skill 1", Level: 10}, {EXID: "s99", Name: "Skill 99", Level: 10}}}
		fields := plan.Diff(want, have, s, false)
		for _, f := range fields {
			if f.Name == model.FieldName && s.Users.Name != rules.Controlled || f.Name == model.FieldSkills && s.Users.Skills == rules.SetIgnored {
				t.Fatalf("not controlled: %+v", f)
			}
		}
		if got := plan.Diff(want, made(have, want, fields, s), s, false); got != nil {
			t.Fatalf("after writing it: %+v", got)
		}
	})
}

func ids(prefix string, as []model.Assignment) map[int64]string {
	m := map[int64]string{}
	for _, a := range as {
		m[a.DBID] = prefix + a.Name[len("Skill "):]
	}
	return m
}

// made writes the named fields into an EX user, as a worker does.
func made(have model.Observed, want plan.Target, fields []model.Field, s rules.Settings) model.Observed {
	for _, f := range fields {
		switch f.Name {
		case model.FieldName:
			have.Name = want.Object.Name
		case model.FieldEmail:
			have.Email = want.Object.Email
		case model.FieldState:
			have.State = want.Object.State
		case model.FieldDivision:
			have.DivisionID = want.Home
		case model.FieldExternalID:
			have.ExternalKeys = []string{want.Object.ExternalKey}
		case model.FieldSkills:
			have.Skills = given(have.Skills, want.Object.Skills, want.Skills, s.Users.Skills)
		case model.FieldLanguages:
			have.Languages = given(have.Languages, want.Object.Languages, want.Languages, s.Users.Languages)
		}
	}
	return have
}

func given(have []model.Assigned, want []model.Assignment, ids map[int64]string, control rules.SetControl) []model.Assigned {
	var out []model.Assigned
	asked := map[string]bool{}
	for _, a := range want {
		out = append(out, model.Assigned{EXID: ids[a.DBID], Name: a.Name, Level: a.Level})
		asked[ids[a.DBID]] = true
	}
	for _, a := range have {
		if control == rules.Additive && !asked[a.EXID] {
			out = append(out, a)
		}
	}
	return out
}

// Two desired objects differ in members by plain set difference, whatever the sets.
func TestDiffObjectsOfMembersIsSetDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.Int64Range(1, 30))
		before, after := aMembers(7, numbers.Draw(t, "before")...), aMembers(7, numbers.Draw(t, "after")...)
		fields := plan.DiffObjects(before, after, rules.Default(1, rules.Preset202307))
		var added, removed []string
		for _, m := range after.Members {
			if !slices.Contains(before.Members, m) {
				added = append(added, user(m).String())
			}
		}
		for _, m := range before.Members {
			if !slices.Contains(after.Members, m) {
				removed = append(removed, user(m).String())
			}
		}
		slices.Sort(added)
		slices.Sort(removed)
		if len(added)+len(removed) == 0 {
			if fields != nil {
				t.Fatalf("equal sets differ: %+v", fields)
			}
			return
		}
		if !slices.Equal(fields[0].Added, added) || !slices.Equal(fields[0].Removed, removed) {
			t.Fatalf("%+v, want +%v -%v", fields[0], added, removed)
		}
	})
}
