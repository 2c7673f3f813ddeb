package model_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
)

// anyKey draws keys that Engage can have.
func anyKey() *rapid.Generator[model.Key] {
	return rapid.Custom(func(t *rapid.T) model.Key {
		return model.Key{Kind: rapid.SampledFrom(model.Kinds()).Draw(t, "kind"), DBID: rapid.Int64Min(0).Draw(t, "dbid")}
	})
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in string
		want     model.Key
	}{
		{"a user", "user/1234", model.Key{Kind: model.KindUser, DBID: 1234}},
		{"a member list", "members/7", model.Key{Kind: model.KindMembers, DBID: 7}},
		{"outer space does not matter", "  queue/7\n", model.Key{Kind: model.KindQueue, DBID: 7}},
		{"the case of the kind does not matter", "WrapUpCode/7", model.Key{Kind: model.KindWrapUpCode, DBID: 7}},
		{"leading zeros do not matter", "skill/007", model.Key{Kind: model.KindSkill, DBID: 7}},
		{"the DBID 0", "source/0", model.Key{Kind: model.KindSource}},
		{"the largest DBID", "language/9223372036854775807", model.Key{Kind: model.KindLanguage, DBID: math.MaxInt64}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got, err := model.ParseKey(tc.in); err != nil || got != tc.want {
				t.Errorf("got %v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestParseKeyErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", `parse key: key "": write it as kind/DBID, for example user/1234`},
		{"no slash", "user1234", `parse key: key "user1234": write it as kind/DBID, for example user/1234`},
		{"no kind", "/5", `parse kind: unknown kind "": use one of source, skill, language, wrapupcode, queue, user, members`},
		{"an unknown kind", "gadget/5", `parse kind: unknown kind "gadget": use one of source, skill, language, wrapupcode, queue, user, members`},
		{"no DBID", "user/", `parse key: key "user/": "" is not a DBID`},
		{"a name", "user/jdoe", `parse key: key "user/jdoe": "jdoe" is not a DBID`},
		{"a negative DBID", "user/-1", `parse key: key "user/-1": "-1" is not a DBID`},
		{"a sign", "user/+1", `parse key: key "user/+1": "+1" is not a DBID`},
		{"minus nothing", "user/-0", `parse key: key "user/-0": "-0" is not a DBID`},
		{"a fraction", "user/1.5", `parse key: key "user/1.5": "1.5" is not a DBID`},
		{"hexadecimal", "user/0x1f", `parse key: key "user/0x1f": "0x1f" is not a DBID`},
		{"digits with underscores", "user/1_000", `parse key: key "user/1_000": "1_000" is not a DBID`},
		{"digits of another script", "user/١٢", `parse key: key "user/١٢": "١٢" is not a DBID`},
		{"two slashes", "user/1/2", `parse key: key "user/1/2": "1/2" is not a DBID`},
		{"space inside", "user/ 1", `parse key: key "user/ 1": " 1" is not a DBID`},
		{"more than fits", "user/9223372036854775808", `parse key: key "user/9223372036854775808": "9223372036854775808" is not a DBID`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := model.ParseKey(tc.in)
			if err == nil || err.Error() != tc.want || model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("got  %v\nwant %v", err, tc.want)
			}
			if !got.IsZero() || got.DBID != 0 {
				t.Errorf("a key came with the error: %+v", got)
			}
		})
	}
}

// What String writes ParseKey reads, alone and as text in JSON, as a value and as a map's key.
func TestKeysComeBackFromTheirWrittenForms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type document struct {
			Key  model.Key
			Keys []model.Key
			Map  map[model.Key]string
			Zero model.Key
		}
		k := anyKey().Draw(t, "key")
		if back, err := model.ParseKey(k.String()); err != nil || back != k {
			t.Fatalf("%s came back as %v, %v", k, back, err)
		}
		want := document{Key: k, Keys: rapid.SliceOfN(anyKey(), 0, 3).Draw(t, "keys"), Map: map[model.Key]string{k: "x"}}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got document
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestTheJSONOfKeys(t *testing.T) {
	t.Parallel()
	k := model.Key{Kind: model.KindUser, DBID: 12}
	for _, tc := range []struct {
		name string
		in   any
		want string
	}{
		{"a key is text", k, `"user/12"`},
		{"no key is empty text", model.Key{}, `""`},
		{"a map's key is text", map[model.Key]int{k: 1}, `{"user/12":1}`},
		{"an empty key can be left out", struct {
			K model.Key `json:"k,omitzero"`
		}{}, `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got, err := json.Marshal(tc.in); err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}

func TestUnmarshalTextOfKeys(t *testing.T) {
	t.Parallel()
	k := model.Key{Kind: model.KindUser, DBID: 12}
	if err := k.UnmarshalText([]byte("queue")); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("the error is %v", err)
	}
	if k != (model.Key{Kind: model.KindUser, DBID: 12}) {
		t.Errorf("a failed read changed the key to %s", k)
	}
	if err := k.UnmarshalText(nil); err != nil || !k.IsZero() {
		t.Errorf("empty text gives %v, %v", k, err)
	}
}

// Compare is a total order: by kind in wave order, then by DBID, and only equal keys are equal.
func TestKeysHaveATotalOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.OneOf(anyKey(), rapid.Custom(func(t *rapid.T) model.Key {
			return model.Key{Kind: model.Kind(rapid.SampledFrom([]string{"", "a", "b", "user"}).Draw(t, "odd")), DBID: rapid.Int64Range(0, 2).Draw(t, "small")}
		})), 3, 3).Draw(t, "keys")
		a, b, c := keys[0], keys[1], keys[2]
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%s and %s compare as %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%s and %s compare as %d", a, b, a.Compare(b))
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%s, %s and %s are in no order", a, b, c)
		}
	})
}

func TestKeysSortByKindThenDBID(t *testing.T) {
	t.Parallel()
	want := "source/9 skill/5 language/4 wrapupcode/3 queue/2 user/1 user/10 members/0 gadget/0"
	var keys []model.Key
	for _, s := range strings.Fields(want) {
		kind, _, _ := strings.Cut(s, "/")
		k, err := model.ParseKey(s)
		if err != nil {
			k = model.Key{Kind: model.Kind(kind)}
		}
		keys = append(keys, k)
	}
	slices.Reverse(keys)
	slices.SortFunc(keys, model.Key.Compare)
	var got []string
	for _, k := range keys {
		got = append(got, k.String())
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestZeroKeys(t *testing.T) {
	t.Parallel()
	if !(model.Key{}).IsZero() || (model.Key{Kind: model.KindUser}).IsZero() {
		t.Error("a key is zero when it has no kind")
	}
}
