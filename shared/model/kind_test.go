package model_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// The seven kinds, with their waves and their places: what runs, tables and queues hold rests on these words.
func TestKinds(t *testing.T) {
	t.Parallel()
	want := []struct {
		kind model.Kind
		text string
		wave int
	}{
		{model.KindSource, "source", 0},
		{model.KindSkill, "skill", 0},
		{model.KindLanguage, "language", 0},
		{model.KindWrapUpCode, "wrapupcode", 0},
		{model.KindQueue, "queue", 1},
		{model.KindUser, "user", 2},
		{model.KindMembers, "members", 3},
	}
	kinds := model.Kinds()
	if len(kinds) != len(want) {
		t.Fatalf("there are %v", kinds)
	}
	for i, w := range want {
		if kinds[i] != w.kind || string(w.kind) != w.text || w.kind.Wave() != w.wave || w.kind.Order() != i {
			t.Errorf("place %d: %q in wave %d at %d, want %q in wave %d", i, kinds[i], w.kind.Wave(), w.kind.Order(), w.text, w.wave)
		}
	}
}

// Members need users and queues, users need skills: a kind comes after what it refers to.
func TestWavesRise(t *testing.T) {
	t.Parallel()
	if !slices.IsSortedFunc(model.Kinds(), func(a, b model.Kind) int { return a.Wave() - b.Wave() }) {
		t.Errorf("the kinds are not in wave order: %v", model.Kinds())
	}
}

// Callers may change the list that they got.
func TestTheListOfKindsIsACopy(t *testing.T) {
	t.Parallel()
	model.Kinds()[0] = "changed"
	model.Actions()[0] = "changed"
	if model.Kinds()[0] != model.KindSource || model.Actions()[0] != model.ActionCreate {
		t.Error("a caller changed the list for everybody")
	}
}

func TestAnUnknownKindComesLast(t *testing.T) {
	t.Parallel()
	for _, k := range []model.Kind{"", "gadget", "User"} {
		if k.Order() != len(model.Kinds()) || k.Wave() != 0 {
			t.Errorf("%q is at %d in wave %d", k, k.Order(), k.Wave())
		}
	}
}

func TestParseKind(t *testing.T) {
	t.Parallel()
	for _, k := range model.Kinds() {
		if got, err := model.ParseKind(string(k)); err != nil || got != k {
			t.Errorf("%q gives %q, %v", k, got, err)
		}
	}
	for in, want := range map[string]model.Kind{" USER ": model.KindUser, "WrapUpCode": model.KindWrapUpCode, "\tmembers\n": model.KindMembers} {
		if got, err := model.ParseKind(in); err != nil || got != want {
			t.Errorf("%q gives %q, %v", in, got, err)
		}
	}
}

// Whatever is no kind is refused with the list of kinds, and gives nothing.
func TestParseKindErrors(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "users", "user/1", "wrap-up code", "uſer"})).Draw(t, "in")
		k, err := model.ParseKind(in)
		if err == nil {
			if !slices.Contains(model.Kinds(), k) {
				t.Fatalf("%q gives the kind %q", in, k)
			}
			return
		}
		if k != "" || model.CodeOf(err) != model.CodeInvalid {
			t.Fatalf("%q gives %q, %v", in, k, err)
		}
	})
	_, err := model.ParseKind("Users")
	if want := `parse kind: unknown kind "Users": use one of source, skill, language, wrapupcode, queue, user, members`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
