package model_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// A change of this value makes every row of every site look changed once, and needs a new fingerprintVersion.
func TestTheFingerprintIsPinned(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]model.Object{
		"d2a99f487217ed1":  jane(),
		"811d70e3f7b117d3": {Key: model.Key{Kind: model.KindSkill, DBID: 5}, Name: "Billing"},
		"8570a6a4c9b39877": {},
	} {
		if got := o.Fingerprint().String(); got != want {
			t.Errorf("%s: the fingerprint is %s, want %s", o.Key, got, want)
		}
	}
}

// eachChange calls f with every object that differs from o in one place: each field, and each field of each element of a
// set. It fails on a type that it can not change, so that a new field can not slip through.
func eachChange(t *testing.T, o model.Object, f func(path string, changed model.Object)) {
	t.Helper()
	visit(t, reflect.ValueOf(&o).Elem(), "", func(path string) { f(path, o.Clone()) })
}

// visit changes v in place, calls f, and changes it back, for every leaf below v.
func visit(t *testing.T, v reflect.Value, path string, f func(path string)) {
	t.Helper()
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int16, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Struct:
		for i := range v.NumField() {
			visit(t, v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
		return
	case reflect.Slice:
		if v.Len() == 0 {
			t.Fatalf("%s is empty: fill it in jane, so that its elements are changed too", path)
		}
		for i := range v.Len() {
			visit(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
		v.Set(v.Slice(0, v.Len()-1))
	default:
		t.Fatalf("%s is a %s: teach this test to change it", path, v.Type())
	}
	f(path)
	v.Set(before)
}

// Every field of an object counts, and no two single changes look the same.
func TestEachFieldChangesTheFingerprint(t *testing.T) {
	t.Parallel()
	seen := map[model.Fingerprint]string{jane().Fingerprint(): "the original"}
	paths := 0
	eachChange(t, jane(), func(path string, changed model.Object) {
		paths++
		f := changed.Fingerprint()
		if other, ok := seen[f]; ok {
			t.Errorf("a change of %s looks like %s", path, other)
		}
		seen[f] = "a change of " + path
	})
	// The leaves of an object, an identity, three assignments, three members, and the length of each set.
	if atLeast := 9 + 9 + 3*3 + 3 + 3; paths < atLeast {
		t.Errorf("%d changes were tried, there are at least %d", paths, atLeast)
	}
}

func TestTheCaseOfNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind model.Kind
		same bool
	}{
		// Neither can be renamed in the EX Org, so a rename that only changes case is nothing to do.
		{model.KindSkill, true}, {model.KindLanguage, true},
		// The EX Org takes these renames.
		{model.KindQueue, false}, {model.KindWrapUpCode, false}, {model.KindUser, false}, {model.KindSource, false},
	} {
		o := model.Object{Key: model.Key{Kind: tc.kind, DBID: 1}, Name: "Billing"}
		for _, name := range []string{"BILLING", " Billing "} {
			other := o
			other.Name = name
			if same := other.Fingerprint() == o.Fingerprint(); same != tc.same {
				t.Errorf("%s: %q and %q are the same is %v", tc.kind, o.Name, name, same)
			}
		}
		other := o
		other.Name = "Billing2"
		if other.Fingerprint() == o.Fingerprint() {
			t.Errorf("%s: another name makes no difference", tc.kind)
		}
	}
}

// A user's assignments go by the owner of the EX object and its name; the case of that name is nothing to do either.
func TestTheCaseOfAssignedNames(t *testing.T) {
	t.Parallel()
	o, upper := jane(), jane()
	for i := range upper.Skills {
		upper.Skills[i].Name = strings.ToUpper(upper.Skills[i].Name)
	}
	upper.Languages[0].Name = strings.ToLower(upper.Languages[0].Name)
	if o.Fingerprint() != upper.Fingerprint() {
		t.Error("the case of assigned names makes a difference")
	}
}

// The encoding keeps its parts apart: what moves from one field or set to the next is another object.
func TestFieldsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	key := model.Key{Kind: model.KindUser, DBID: 1}
	a := []model.Assignment{{DBID: 1, Name: "x", Level: 10}}
	for _, tc := range []struct {
		name string
		a, b model.Object
	}{
		{"a letter moves from the name to the address", model.Object{Key: key, Name: "ab", Email: "c"}, model.Object{Key: key, Name: "a", Email: "bc"}},
		{"a name becomes an address", model.Object{Key: key, Name: "a"}, model.Object{Key: key, Email: "a"}},
		{"skills become languages", model.Object{Key: key, Skills: a}, model.Object{Key: key, Languages: a}},
		{"a digit moves between members", model.Object{Key: key, Members: []int64{1, 23}}, model.Object{Key: key, Members: []int64{12, 3}}},
		{"an employee id becomes a user name", model.Object{Key: key, Identity: model.Identity{EmployeeID: "a"}}, model.Object{Key: key, Identity: model.Identity{UserName: "a"}}},
		{"a kind and a DBID", model.Object{Key: model.Key{Kind: model.KindQueue, DBID: 1}}, model.Object{Key: model.Key{Kind: model.KindMembers, DBID: 1}}},
	} {
		if tc.a.Fingerprint() == tc.b.Fingerprint() {
			t.Errorf("%s: the fingerprints are equal", tc.name)
		}
	}
}

func TestNoSetAndAnEmptySetAreOne(t *testing.T) {
	t.Parallel()
	a := model.Object{Key: model.Key{Kind: model.KindMembers, DBID: 1}}
	b := a
	b.Members, b.Skills, b.Languages = []int64{}, []model.Assignment{}, []model.Assignment{}
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("an empty set and none have different fingerprints")
	}
}

// After Normalize the order of rows makes no difference, and the zero fingerprint stays free for "nothing".
func TestFingerprintProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := anyObject().Draw(t, "object")
		b := shuffled(t, a.Clone())
		a.Normalize()
		b.Normalize()
		if a.Fingerprint() != b.Fingerprint() {
			t.Fatal("the order of rows shows")
		}
		if a.Fingerprint() == 0 {
			t.Fatal("an object has the fingerprint of nothing")
		}
		if a.Clone().Fingerprint() != a.Fingerprint() {
			t.Fatal("a copy has another fingerprint")
		}
	})
}

func TestFingerprintsAreWrittenInHexadecimal(t *testing.T) {
	t.Parallel()
	if got := model.Fingerprint(0xdeadbeef).String(); got != "deadbeef" {
		t.Errorf("got %s", got)
	}
}
