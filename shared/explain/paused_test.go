package explain_test

import (
	"slices"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// The explanation of a paused object says first that it is paused, by whom and why, and what comes when that ends: Engage's
// change, and the difference in the EX Org.
func TestAPausedObject(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	row := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	_, err := g.Runner.Pause(t.Context(), run.PauseRequest{Keys: []model.Key{row.Key}, By: run.By{Who: "jane", Note: "account compromised"}})
	must(t, err)
	must(t, g.editor.RenamePerson(t.Context(), row.Key.DBID, "Ada", "Lovelace"))
	must(t, g.org.EditUser(row.EXID, func(raw map[string]any) { raw["name"] = "Somebody" }))
	e := g.explain(t, row.Key)
	if !strings.HasPrefix(e.Paused, row.Key.String()+" is paused since ") || !strings.HasSuffix(e.Paused, " by jane: account compromised") {
		t.Errorf("paused: %q", e.Paused)
	}
	want := []string{
		"nothing is written to it until it is resumed: " + e.Paused,
		"then the next run will update it (name), because Engage changed",
		"then it is set right: it differs in the EX Org by name",
	}
	if !slices.Equal(e.Next, want) {
		t.Errorf("next: %q", e.Next)
	}
	if len(e.History) == 0 || e.History[0].Action != mapping.ActionPause || e.History[0].Who != "jane" {
		t.Errorf("history: %+v", e.History)
	}
	if text := e.Text(); !strings.Contains(text, "account compromised") {
		t.Errorf("the text does not tell:\n%s", text)
	}
	other := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Key != row.Key })
	if e := g.explain(t, other.Key); e.Paused != "" || strings.Contains(e.Text(), "paused") {
		t.Errorf("the other one is paused too: %+v", e.Next)
	}
}

// A pause of the kind covers the object as well.
func TestAnObjectOfAPausedKind(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	_, err := g.Runner.Pause(t.Context(), run.PauseRequest{Kinds: []model.Kind{model.KindQueue}})
	must(t, err)
	list := g.pick(t, model.KindMembers, func(mapping.Row) bool { return true })
	if e := g.explain(t, list.Key); !strings.HasPrefix(e.Paused, "kind queue is paused since ") || len(e.Next) != 1 {
		t.Errorf("paused %q, next %q", e.Paused, e.Next)
	}
}
