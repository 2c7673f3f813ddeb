package exorgtest_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

func TestAdministratorEditsUsers(t *testing.T) {
	c := newCaller(t)
	boss := made(t)(c.org.AddUser(object{"name": "Boss", "email": "boss@example.com"}))
	u := made(t)(c.org.AddUser(object{
		"name": "Ada", "email": "ada@example.com", "title": "Agent", "preferredName": "A", "manager": boss,
		"addresses": []object{{"mediaType": "PHONE", "type": "WORK", "address": "+4930"}}, "certifications": []string{"x"},
	}))
	before, _ := c.org.Raw(exorgtest.KindUser, u)
	do(t, c.org.EditUser(u, func(raw map[string]any) {
		raw["title"] = "Lead"
		raw["name"] = "Ada K."
		delete(raw, "department")
	}))
	after, _ := c.org.Raw(exorgtest.KindUser, u)
	if after["title"] != "Lead" || after["name"] != "Ada K." || after["version"].(float64) != before["version"].(float64)+1 {
		t.Errorf("after: %v", after)
	}
	for _, moved := range []string{"title", "name", "version"} {
		delete(before, moved)
		delete(after, moved)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the edit touched more: %s", diff)
	}
	if after["preferredName"] != "A" || after["manager"].(object)["id"] != boss {
		t.Errorf("raw: %v", after)
	}
	t.Run("state, division and roles too", func(t *testing.T) {
		other := made(t)(c.org.AddDivision("Other"))
		do(t, c.org.EditUser(u, func(raw map[string]any) {
			raw["division"] = object{"id": other}
			raw["authorization"] = object{"roles": []any{object{"name": "Supervisor"}}}
		}))
		got, _ := c.org.User(u)
		if got.DivisionID != other || !cmp.Equal(got.Roles, []string{"Supervisor"}) {
			t.Errorf("user %+v", got)
		}
		do(t, c.org.EditUser(u, func(raw map[string]any) { raw["state"] = "inactive" }))
		if got, _ = c.org.User(u); got.State != "inactive" || got.Roles != nil {
			t.Errorf("user %+v", got)
		}
	})
	t.Run("a refusal is an error and changes nothing", func(t *testing.T) {
		err := c.org.EditUser(u, func(raw map[string]any) { raw["email"] = "boss@example.com" })
		var refused *exorgtest.Error
		if !errors.As(err, &refused) || refused.Status != 409 {
			t.Errorf("error %v", err)
		}
		if got, ok := c.org.UserByEmail("ADA@example.com"); !ok || got.ID != u {
			t.Errorf("user %+v", got)
		}
	})
	t.Run("counts nowhere as a request", func(t *testing.T) {
		if got := c.org.Totals(); got.Writes != 0 {
			t.Errorf("totals %+v", got)
		}
	})
}

func TestAdministratorRemovals(t *testing.T) {
	c := newCaller(t)
	u := made(t)(c.org.AddUser(object{"name": "Ada", "email": "ada@example.com"}))
	s, l := made(t)(c.org.AddSkill("S")), made(t)(c.org.AddLanguage("L"))
	do(t, c.org.SetUserSkill(u, s, 2))
	do(t, c.org.SetUserLanguage(u, l, 2))
	do(t, c.org.RemoveUserSkill(u, s))
	do(t, c.org.RemoveUserLanguage(u, l))
	x := exorgtest.ExternalID{Authority: "a", Key: "k"}
	do(t, c.org.AddExternalID(u, x))
	do(t, c.org.RemoveExternalID(u, x))
	got, _ := c.org.User(u)
	if len(got.Skills)+len(got.Languages)+len(got.External) != 0 {
		t.Errorf("user %+v", got)
	}
	q := made(t)(c.org.AddQueue(object{"name": "Q"}))
	do(t, c.org.AddMembers(q, u))
	if diff := cmp.Diff([]string{q}, c.org.QueuesOf(u)); diff != "" {
		t.Error(diff)
	}
	do(t, c.org.RemoveMembers(q, u))
	do(t, c.org.DeactivateUser(u))
	do(t, c.org.ActivateUser(u))
	src := made(t)(c.org.AddSource(object{"name": "X", "type": "System"}))
	do(t, c.org.EditSource(src, func(raw map[string]any) { raw["name"] = "Y" }))
	do(t, c.org.DeleteSource(src))
	if diff := cmp.Diff([]exorgtest.Source{{ID: src, Name: "Y", Type: "System", Deactivated: true}}, c.org.Sources()); diff != "" {
		t.Error(diff)
	}
	other := made(t)(c.org.AddDivision("Other"))
	do(t, c.org.MoveQueue(q, other))
	if got, _ := c.org.Queue(q); got.DivisionID != other || got.Members != 0 {
		t.Errorf("queue %+v", got)
	}
	for name, err := range map[string]error{
		"skill of a user":    c.org.RemoveUserSkill(u, s),
		"language of a user": c.org.RemoveUserLanguage(u, l),
		"user":               c.org.DeleteUser("nobody"),
		"queue":              c.org.DeleteQueue("nowhere"),
		"edit of a queue":    c.org.EditQueue("nowhere", func(map[string]any) {}),
		"member":             c.org.SetMember(q, u, 1, true),
		"skill":              c.org.MoveSkill("none", other),
		"group member":       c.org.AddGroupMembers(q, "nobody"),
	} {
		var refused *exorgtest.Error
		if !errors.As(err, &refused) || refused.Status != 404 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCopiesAreCopies: what a test does to a copy does not reach the organisation.
func TestCopiesAreCopies(t *testing.T) {
	c := newCaller(t)
	u := made(t)(c.org.AddUser(object{"name": "Ada", "email": "a@x.de", "addresses": []object{{"mediaType": "PHONE", "type": "WORK", "address": "1"}}}))
	q := made(t)(c.org.AddQueue(object{"name": "Q"}))
	spoil := func() {
		copyOf, _ := c.org.User(u)
		copyOf.Extra["addresses"].([]any)[0].(object)["address"] = "spoilt"
		copyOf.Skills["x"] = 1
		queue, _ := c.org.Queue(q)
		queue.Settings["mediaSettings"].(object)["call"] = "spoilt"
		raw, _ := c.org.Raw(exorgtest.KindQueue, q)
		raw["acwSettings"].(object)["wrapupPrompt"] = "spoilt"
	}
	before := []any{c.org.Users(), c.org.Queues()}
	spoil()
	if diff := cmp.Diff(before, []any{c.org.Users(), c.org.Queues()}); diff != "" {
		t.Error(diff)
	}
}

func TestRawOfEveryKind(t *testing.T) {
	c := newCaller(t)
	for kind, id := range map[exorgtest.Kind]string{
		exorgtest.KindUser:     made(t)(c.org.AddUser(object{"name": "N", "email": "a@x.de"})),
		exorgtest.KindSkill:    made(t)(c.org.AddSkill("N")),
		exorgtest.KindLanguage: made(t)(c.org.AddLanguage("N")),
		exorgtest.KindQueue:    made(t)(c.org.AddQueue(object{"name": "N"})),
		exorgtest.KindCode:     made(t)(c.org.AddCode(object{"name": "N"})),
		exorgtest.KindSource:   made(t)(c.org.AddSource(object{"name": "N"})),
		exorgtest.KindDivision: made(t)(c.org.AddDivision("N")),
	} {
		raw, ok := c.org.Raw(kind, id)
		if !ok || raw["id"] != id || raw["name"] != "N" {
			t.Errorf("%s: %v", kind, raw)
		}
		if _, ok := c.org.Raw(kind, "none"); ok {
			t.Errorf("%s: there is one without an id", kind)
		}
	}
	if n := len(c.org.Skills()) + len(c.org.Languages()) + len(c.org.Codes()) + len(c.org.Divisions()); n != 5 {
		t.Errorf("%d objects", n)
	}
}
