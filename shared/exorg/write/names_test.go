package write_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
)

func TestSkillsLanguagesCodesAndSourcesAreCreatedByNameAlone(t *testing.T) {
	b := newBench(t)
	skill := must[exorg.Skill](t)(b.CreateSkill(t.Context(), "Billing & more"))
	if got := must[exorg.Skill](t)(b.read.Skill(t.Context(), skill.ID)); got.Name != "Billing & more" || lastWrite(b) != `{"name":"Billing & more"}` {
		t.Errorf("skill is %+v by %s", got, lastWrite(b))
	}
	language := must[exorg.Language](t)(b.CreateLanguage(t.Context(), "German"))
	if got := must[exorg.Language](t)(b.read.Language(t.Context(), language.ID)); got.Name != "German" {
		t.Errorf("language is %+v", got)
	}
	code := must[exorg.WrapUpCode](t)(b.CreateWrapUpCode(t.Context(), "Sold"))
	if got := must[exorg.WrapUpCode](t)(b.read.WrapUpCode(t.Context(), code.ID)); got.Name != "Sold" {
		t.Errorf("code is %+v", got)
	}
	source := must[exorg.Source](t)(b.CreateSource(t.Context(), "EXCS"))
	if got := must[exorg.Source](t)(b.read.Source(t.Context(), source.ID)); got.Name != "EXCS" || got.Deactivated {
		t.Errorf("source is %+v", got)
	}
}

func lastWrite(b bench) string {
	log := b.org.Requests()
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Method != http.MethodGet {
			return log[i].Body
		}
	}
	return ""
}

func TestATakenName(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest} {
		b := newBench(t, exorgtest.WithDuplicateStatus(status))
		creates := map[string]func() error{
			"skill":        func() error { _, err := b.CreateSkill(t.Context(), "x"); return err },
			"language":     func() error { _, err := b.CreateLanguage(t.Context(), "x"); return err },
			"wrap-up code": func() error { _, err := b.CreateWrapUpCode(t.Context(), "x"); return err },
			"source":       func() error { _, err := b.CreateSource(t.Context(), "x"); return err },
		}
		for kind, create := range creates {
			t.Run(fmt.Sprintf("of a %s is a duplicate where the form is %d", kind, status), func(t *testing.T) {
				done(t, create())
				if err := create(); !exorg.IsDuplicate(err) {
					t.Errorf("error is %v", err)
				}
			})
		}
	}
}

func TestACodeIsRenamedWithNothingElseChanged(t *testing.T) {
	w, s := played(t,
		script.OK(`{"id":"c1","name":"Sold","division":{"id":"*","selfUri":"x"},"description":"<d>","dateCreated":"2024-01-01T00:00:00Z","new":1.50,"selfUri":"y"}`),
		script.OK(`{"id":"c1","name":"Sold 2"}`))
	code := must[exorg.WrapUpCode](t)(w.RenameWrapUpCode(t.Context(), "c1", "Sold 2"))
	put := s.Requests()[1]
	want := tree(t, `{"name":"Sold 2","division":{"id":"*"},"description":"<d>","dateCreated":"2024-01-01T00:00:00Z","new":1.50}`)
	if diff := cmp.Diff(want, tree(t, put.Body)); diff != "" || put.Method != http.MethodPut || put.Path != "/api/v2/routing/wrapupcodes/c1" || code.Name != "Sold 2" {
		t.Errorf("%s %s gave %+v; %s", put.Method, put.Path, code, diff)
	}
}

func TestASourceIsRevivedWithNothingElseChanged(t *testing.T) {
	b := newBench(t)
	id := must[string](t)(b.org.AddSource(map[string]any{"name": "Old", "description": "d"}))
	done(t, b.org.DeleteSource(id))
	s := must[exorg.Source](t)(b.UpdateSource(t.Context(), id, "EXCS"))
	if s.Name != "EXCS" || s.Deactivated {
		t.Errorf("source is %+v", s)
	}
	got := tree(t, string(must[exorg.Source](t)(b.read.Source(t.Context(), id)).Raw))
	if got["description"] != "d" || got["name"] != "EXCS" || got["deactivated"] == true {
		t.Errorf("source is %v", got)
	}
}

func TestWhatIsGoneCanNotBePutBack(t *testing.T) {
	b := newBench(t)
	const nobody = "00000000-0000-4000-8000-000000000000"
	if _, err := b.RenameWrapUpCode(t.Context(), nobody, "x"); !exorg.IsNotFound(err) {
		t.Errorf("code: %v", err)
	}
	if _, err := b.UpdateSource(t.Context(), nobody, "x"); !exorg.IsNotFound(err) {
		t.Errorf("source: %v", err)
	}
	if n := b.org.Totals().Writes; n != 0 {
		t.Errorf("%d writes went out", n)
	}
}
