package model_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"excs/shared/model"
)

// jane is a user with every field of an object set, those of other kinds too.
func jane() model.Object {
	return model.Object{
		Key: model.Key{Kind: model.KindUser, DBID: 1042}, Name: "Jane Doe", SameAs: 7, Email: "jane.doe@example.com", State: model.StateActive, ExternalKey: "1042",
		Skills:    []model.Assignment{{DBID: 101, Name: "Billing", Level: 30}, {DBID: 102, Name: "Sales", Level: 45}},
		Languages: []model.Assignment{{DBID: 201, Name: "English", Level: 50}},
		PeerID:    "77", Members: []int64{1, 2, 3}, AddOnly: true,
		Identity: model.Identity{
			EmployeeID: "E1042", UserName: "jdoe", Address: "jane.doe@example.com", AddressStep: 1, Number: "8001", Switch: "sip", DNType: model.DNVirtualQueue,
			BaseName: "Billing", SystemName: "billing_code",
		},
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	a := func(dbid int64, name string, level model.Proficiency) model.Assignment {
		return model.Assignment{DBID: dbid, Name: name, Level: level}
	}
	for _, tc := range []struct {
		name     string
		in, want []model.Assignment
	}{
		{"nothing stays nothing", nil, nil},
		{"sorted by DBID", []model.Assignment{a(3, "c", 10), a(1, "a", 20), a(2, "b", 30)}, []model.Assignment{a(1, "a", 20), a(2, "b", 30), a(3, "c", 10)}},
		{"of two levels of one skill the higher stays", []model.Assignment{a(1, "a", 20), a(1, "a", 40), a(1, "a", 30)}, []model.Assignment{a(1, "a", 40)}},
		{"a higher level wins over a name", []model.Assignment{a(1, "a", 20), a(1, "z", 40)}, []model.Assignment{a(1, "z", 40)}},
		{"of two spellings the first stays", []model.Assignment{a(1, "b", 20), a(1, "B", 20), a(1, "a", 20)}, []model.Assignment{a(1, "B", 20)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := model.Object{Skills: slices.Clone(tc.in), Languages: slices.Clone(tc.in)}
			o.Normalize()
			if d := cmp.Diff(tc.want, o.Skills) + cmp.Diff(tc.want, o.Languages); d != "" {
				t.Error(d)
			}
		})
	}
	o := model.Object{Members: []int64{5, 3, 5, 1, 3}}
	o.Normalize()
	if !slices.Equal(o.Members, []int64{1, 3, 5}) {
		t.Errorf("the members are %v", o.Members)
	}
}

// anyObject draws objects with doubles and any order in their sets.
func anyObject() *rapid.Generator[model.Object] {
	assignment := rapid.Custom(func(t *rapid.T) model.Assignment {
		return model.Assignment{
			DBID: rapid.Int64Range(1, 5).Draw(t, "dbid"), Name: rapid.SampledFrom([]string{"Billing", "billing", "Sales", ""}).Draw(t, "name"),
			Level: model.Proficiency(10 * rapid.IntRange(0, 3).Draw(t, "level")),
		}
	})
	return rapid.Custom(func(t *rapid.T) model.Object {
		return model.Object{
			Key: anyKey().Draw(t, "key"), Name: anyName().Draw(t, "name"), SameAs: rapid.Int64Range(0, 3).Draw(t, "sameAs"),
			Email: rapid.String().Draw(t, "email"), State: rapid.SampledFrom([]model.UserState{"", model.StateActive, model.StateInactive}).Draw(t, "state"),
			Skills: rapid.SliceOfN(assignment, 0, 8).Draw(t, "skills"), Languages: rapid.SliceOfN(assignment, 0, 4).Draw(t, "languages"),
			Members: rapid.SliceOfN(rapid.Int64Range(1, 6), 0, 8).Draw(t, "members"), AddOnly: rapid.Bool().Draw(t, "addOnly"),
			Identity: model.Identity{UserName: rapid.String().Draw(t, "userName"), AddressStep: rapid.IntRange(0, 3).Draw(t, "step")},
		}
	})
}

// shuffled draws the same object with its rows in another order.
func shuffled(t *rapid.T, o model.Object) model.Object {
	o.Skills = rapid.Permutation(o.Skills).Draw(t, "skills again")
	o.Languages = rapid.Permutation(o.Languages).Draw(t, "languages again")
	o.Members = rapid.Permutation(o.Members).Draw(t, "members again")
	return o
}

// The order of rows never shows in a normalized object; normalizing twice changes nothing; nobody is lost or doubled.
func TestNormalizeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyObject().Draw(t, "object")
		a, b := in.Clone(), shuffled(t, in.Clone())
		a.Normalize()
		b.Normalize()
		if d := cmp.Diff(a, b, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("the order of rows shows:\n%s", d)
		}
		again := a.Clone()
		again.Normalize()
		if d := cmp.Diff(a, again, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("normalizing twice changes more:\n%s", d)
		}
		highest := map[int64]model.Proficiency{}
		for _, s := range in.Skills {
			highest[s.DBID] = max(highest[s.DBID], s.Level)
		}
		if len(a.Skills) != len(highest) || !slices.IsSortedFunc(a.Skills, func(x, y model.Assignment) int { return int(x.DBID - y.DBID) }) {
			t.Fatalf("the skills are %v", a.Skills)
		}
		for _, s := range a.Skills {
			if s.Level != highest[s.DBID] || !slices.Contains(in.Skills, s) {
				t.Fatalf("skill %d has %v, want %v of %v", s.DBID, s, highest[s.DBID], in.Skills)
			}
		}
		for _, m := range in.Members {
			if _, found := slices.BinarySearch(a.Members, m); !found {
				t.Fatalf("%d is missing in %v", m, a.Members)
			}
		}
		if len(slices.Compact(slices.Clone(a.Members))) != len(a.Members) {
			t.Fatalf("somebody is there twice: %v", a.Members)
		}
	})
}

func TestACloneSharesNothing(t *testing.T) {
	t.Parallel()
	o := jane()
	c := o.Clone()
	if d := cmp.Diff(o, c); d != "" {
		t.Fatal(d)
	}
	c.Skills[0].Name, c.Languages[0].Level, c.Members[0] = "changed", 0, 99
	if d := cmp.Diff(jane(), o); d != "" {
		t.Errorf("a change of the copy changed the original:\n%s", d)
	}
	none := model.Object{}.Clone()
	if none.Skills != nil || none.Languages != nil || none.Members != nil {
		t.Error("the copy of nothing is something")
	}
}

// Rows in the table hold this form. A change here needs a reader of the old form.
func TestTheJSONOfAnObject(t *testing.T) {
	t.Parallel()
	want := `{"key":"user/1042","name":"Jane Doe","sameAs":7,"email":"jane.doe@example.com","state":"active","externalKey":"1042",` +
		`"skills":[{"dbid":101,"name":"Billing","level":3},{"dbid":102,"name":"Sales","level":4.5}],"languages":[{"dbid":201,"name":"English","level":5}],` +
		`"peerId":"77","members":[1,2,3],"addOnly":true,"identity":{"employeeId":"E1042","userName":"jdoe","address":"jane.doe@example.com","addressStep":1,` +
		`"number":"8001","switch":"sip","dnType":5,"baseName":"Billing","systemName":"billing_code"}}`
	got, err := json.Marshal(jane())
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	var back model.Object
	if err := json.Unmarshal([]byte(want), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(jane(), back); d != "" {
		t.Error(d)
	}
	if small, err := json.Marshal(model.Object{Key: model.Key{Kind: model.KindSkill, DBID: 5}, Name: "Billing"}); err != nil || string(small) != `{"key":"skill/5","name":"Billing"}` {
		t.Errorf("what is not set is written: %s, %v", small, err)
	}
}

func TestObjectsComeBackFromJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := anyObject().Draw(t, "object")
		o.Name, o.Email, o.Identity.UserName = strings.ToValidUTF8(o.Name, "?"), strings.ToValidUTF8(o.Email, "?"), strings.ToValidUTF8(o.Identity.UserName, "?")
		o.Normalize()
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var back model.Object
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if back.Fingerprint() != o.Fingerprint() {
			t.Fatalf("the fingerprint changed:\n%s", cmp.Diff(o, back))
		}
	})
}
