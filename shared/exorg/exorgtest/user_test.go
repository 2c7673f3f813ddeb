package exorgtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

func TestUserCreate(t *testing.T) {
	t.Run("takes what CreateUser takes and ignores the rest", func(t *testing.T) {
		c := newCaller(t)
		home := c.org.HomeDivision()
		a := c.must(200, "POST", "/users", object{
			"name": "Ada", "email": "ada@example.com", "divisionId": home, "state": "active", "title": "Agent",
			"preferredName": "A", "externalId": "7",
		})
		if a.str("title") != "Agent" || a.num("version") != 1 || a.str("state") != "active" {
			t.Errorf("answer: %s", a.text)
		}
		if _, there := a.object["preferredName"]; there {
			t.Error("a create took preferredName, which only an update takes")
		}
		if got := c.get("/users/" + a.id() + "/externalid").list; len(got) != 0 {
			t.Errorf("a create took an external id: %v", got)
		}
	})
	t.Run("without a state the user is inactive", func(t *testing.T) {
		c := newCaller(t)
		a := c.must(200, "POST", "/users", object{"name": "Ada", "email": "ada@example.com", "divisionId": c.org.HomeDivision()})
		if a.str("state") != "inactive" {
			t.Errorf("state %q", a.str("state"))
		}
	})
	t.Run("without a division the home division is taken", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true // the model marks divisionId as required
		a := c.must(200, "POST", "/users", object{"name": "Ada", "email": "ada@example.com", "state": "active"})
		u, _ := c.org.User(a.id())
		if u.DivisionID != c.org.HomeDivision() {
			t.Errorf("division %q", u.DivisionID)
		}
	})
	t.Run("an address in use is general.conflict, whatever its case", func(t *testing.T) {
		c := newCaller(t)
		c.newUser("ada@example.com")
		a := c.must(409, "POST", "/users", object{"name": "X", "email": "ADA@example.com", "divisionId": c.org.HomeDivision()})
		if a.str("code") != "general.conflict" {
			t.Errorf("code %q", a.str("code"))
		}
	})
	t.Run("nonsense is 400", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true
		home := c.org.HomeDivision()
		for name, body := range map[string]any{
			"no name":       object{"email": "a@x.de", "divisionId": home},
			"no address":    object{"name": "A", "divisionId": home},
			"no at sign":    object{"name": "A", "email": "n/a", "divisionId": home},
			"deleted":       object{"name": "A", "email": "a@x.de", "divisionId": home, "state": "deleted"},
			"no division":   object{"name": "A", "email": "a@x.de", "divisionId": "nowhere"},
			"not an object": []string{"A"},
		} {
			if a := c.call("POST", "/users", body); a.status != 400 {
				t.Errorf("%s: status %d", name, a.status)
			}
		}
		if n := len(c.org.Users()); n != 0 {
			t.Errorf("%d users were created", n)
		}
	})
	t.Run("strict bodies refuse what a create does not take", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithStrictBodies(true))
		c.must(400, "POST", "/users", object{"name": "A", "email": "a@x.de", "divisionId": c.org.HomeDivision(), "preferredName": "x"})
	})
}

func TestUserVersion(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
	}{
		{"a stale version is 409", 409},
		{"a stale version is 400 with the message where so set", 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCaller(t, exorgtest.WithVersionConflictForm(tc.status))
			id := c.newUser("ada@example.com")
			a := c.must(200, "PATCH", "/users/"+id, object{"version": 1, "title": "One"})
			if a.num("version") != 2 {
				t.Errorf("version %d after an update", a.num("version"))
			}
			a = c.must(tc.status, "PATCH", "/users/"+id, object{"version": 1, "title": "Two"})
			if want := "Version 1 does not match the current version 2."; a.str("message") != want {
				t.Errorf("message %q", a.str("message"))
			}
			if got := c.get("/users/" + id).str("title"); got != "One" {
				t.Errorf("title %q after a refused update", got)
			}
		})
	}
	t.Run("a missing version is 400", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true
		c.must(400, "PATCH", "/users/"+c.newUser("ada@example.com"), object{"title": "x"})
	})
}

func TestUserUpdate(t *testing.T) {
	t.Run("a state is the only property that is taken when it is there", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		a := c.must(200, "PATCH", "/users/"+id, object{"version": 1, "state": "inactive", "title": "lost"})
		if a.str("state") != "inactive" || a.str("title") != "" {
			t.Errorf("answer: %s", a.text)
		}
	})
	t.Run("strict bodies refuse a state with company", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithStrictBodies(true))
		c.must(400, "PATCH", "/users/"+c.newUser("ada@example.com"), object{"version": 1, "state": "inactive", "title": "x"})
	})
	t.Run("an inactive user has lost its roles for good", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		do(t, c.org.SetRoles(id, "employee", "Supervisor"))
		a := c.must(200, "PATCH", "/users/"+id, object{"version": 2, "state": "inactive"})
		c.must(200, "PATCH", "/users/"+id, object{"version": a.num("version"), "state": "active"})
		if u, _ := c.org.User(id); u.State != "active" || len(u.Roles) != 0 {
			t.Errorf("user: %+v", u)
		}
	})
	t.Run("everything else on an inactive user stays", func(t *testing.T) {
		c := newCaller(t)
		id, q, s := c.newUser("ada@example.com"), c.newQueue("Q", ""), c.newSkill("S")
		do(t, c.org.AddMembers(q, id))
		do(t, c.org.SetUserSkill(id, s, 3))
		do(t, c.org.DeactivateUser(id))
		u, _ := c.org.User(id)
		if diff := cmp.Diff(map[string]float64{s: 3}, u.Skills); diff != "" || len(c.org.Members(q)) != 1 {
			t.Errorf("skills %s, members %v", diff, c.org.Members(q))
		}
	})
	t.Run("a manager is a bare id", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true
		id, boss := c.newUser("ada@example.com"), c.newUser("boss@example.com")
		c.must(400, "PATCH", "/users/"+id, object{"version": 1, "manager": object{"id": boss}})
		a := c.must(200, "PATCH", "/users/"+id, object{"version": 1, "manager": boss})
		if m, _ := a.object["manager"].(object); m["id"] != boss {
			t.Errorf("manager %v", a.object["manager"])
		}
	})
	t.Run("empty addresses empty them, or are 400 where so set", func(t *testing.T) {
		phone := []object{{"mediaType": "PHONE", "type": "WORK", "address": "+49301234"}}
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		c.must(200, "PATCH", "/users/"+id, object{"version": 1, "addresses": phone})
		a := c.must(200, "PATCH", "/users/"+id, object{"version": 2, "addresses": []object{}})
		if got, _ := a.object["addresses"].([]any); len(got) != 0 {
			t.Errorf("addresses %v", got)
		}
		c = newCaller(t, exorgtest.WithEmptyAddressesRefused(true))
		c.must(400, "PATCH", "/users/"+c.newUser("ada@example.com"), object{"version": 1, "addresses": []object{}})
	})
	t.Run("an address of another user is a conflict, its own is not", func(t *testing.T) {
		c := newCaller(t)
		c.newUser("ada@example.com")
		id := c.newUser("bob@example.com")
		c.must(409, "PATCH", "/users/"+id, object{"version": 1, "email": "ada@example.com"})
		c.must(200, "PATCH", "/users/"+id, object{"version": 1, "email": "Bob@example.com"})
		c.must(409, "POST", "/users", object{"name": "x", "email": "bob@example.com", "divisionId": c.org.HomeDivision()})
	})
	t.Run("an address that was given up is free", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		c.must(200, "PATCH", "/users/"+id, object{"version": 1, "email": "ada2@example.com"})
		c.newUser("ada@example.com")
	})
}

func TestUserState(t *testing.T) {
	t.Run("PUT state needs no version but heeds one", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		a := c.must(200, "PUT", "/users/"+id+"/state", object{"state": "inactive", "stateChangeReason": "Leave"})
		if a.str("stateChangeReason") != "Leave" || a.num("version") != 2 {
			t.Errorf("answer: %s", a.text)
		}
		c.must(409, "PUT", "/users/"+id+"/state", object{"state": "active", "version": 1})
		if got := c.get("/users/" + id + "/state").str("state"); got != "inactive" {
			t.Errorf("state %q", got)
		}
	})
}

func TestUserDelete(t *testing.T) {
	t.Run("a deleted user is 404 unless state=deleted asks for it, and a living one is 404 then", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		c.must(404, "GET", "/users/"+id+"?state=deleted", nil)
		c.must(200, "DELETE", "/users/"+id, nil)
		c.must(404, "GET", "/users/"+id, nil)
		if got := c.get("/users/" + id + "?state=deleted").str("state"); got != "deleted" {
			t.Errorf("state %q", got)
		}
		if a := c.must(404, "DELETE", "/users/"+id, nil); a.str("code") != "user.not.found.on.delete" {
			t.Errorf("code %q", a.str("code"))
		}
	})
	t.Run("a deleted user holds its address and is found by search of the deleted only", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		do(t, c.org.DeleteUser(id))
		c.must(409, "POST", "/users", object{"name": "x", "email": "ada@example.com", "divisionId": c.org.HomeDivision()})
		if got := c.search(byEmail("ada@example.com")); len(got) != 0 {
			t.Errorf("found without a state: %v", got)
		}
		got := c.search(byEmail("Ada@Example.com"), byState("deleted"))
		if len(got) != 1 || got[0].(object)["id"] != id {
			t.Errorf("found among the deleted: %v", got)
		}
	})
	t.Run("the search for a deleted user lags", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithIndexLag(3*time.Minute))
		id := c.newUser("ada@example.com")
		clock.move(5 * time.Minute)
		do(t, c.org.DeleteUser(id))
		clock.move(2 * time.Minute)
		if got := c.search(byEmail("ada@example.com"), byState("deleted")); len(got) != 0 {
			t.Errorf("found after 2 minutes: %v", got)
		}
		clock.move(2 * time.Minute)
		if got := c.search(byEmail("ada@example.com"), byState("deleted")); len(got) != 1 {
			t.Errorf("not found after 4 minutes: %v", got)
		}
	})
	t.Run("a restore keeps the id and brings back neither roles nor division, skills or memberships", func(t *testing.T) {
		c := newCaller(t)
		id, q, s, l := c.newUser("ada@example.com"), c.newQueue("Q", ""), c.newSkill("S"), c.newLanguage("L")
		other := made(t)(c.org.AddDivision("Other"))
		do(t, c.org.MoveUser(id, other))
		do(t, c.org.SetUserSkill(id, s, 3))
		do(t, c.org.SetUserLanguage(id, l, 3))
		do(t, c.org.AddMembers(q, id))
		do(t, c.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "7"}))
		do(t, c.org.DeleteUser(id))
		version := c.get("/users/" + id + "?state=deleted").num("version")
		c.must(404, "PATCH", "/users/"+id, object{"version": version, "title": "x"})
		c.must(200, "PATCH", "/users/"+id, object{"version": version, "state": "active"})
		u, _ := c.org.User(id)
		if u.State != "active" || len(u.Roles)+len(u.Skills)+len(u.Languages) != 0 || u.DivisionID != c.org.HomeDivision() {
			t.Errorf("restored: %+v", u)
		}
		if len(u.External) != 1 {
			t.Error("the external id did not survive")
		}
		if len(c.org.Members(q)) != 0 {
			t.Error("the membership survived")
		}
	})
	t.Run("skills and memberships survive where so set", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithSkillsSurvive(true), exorgtest.WithMembershipsSurvive(true), exorgtest.WithDeletedUsersFreeExternalIDs(true))
		id, q, s := c.newUser("ada@example.com"), c.newQueue("Q", ""), c.newSkill("S")
		do(t, c.org.SetUserSkill(id, s, 3))
		do(t, c.org.AddMembers(q, id))
		do(t, c.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "7"}))
		do(t, c.org.DeleteUser(id))
		if len(c.org.Members(q)) != 0 {
			t.Error("a deleted user is a member")
		}
		do(t, c.org.RestoreUser(id))
		u, _ := c.org.User(id)
		if u.Skills[s] != 3 || len(c.org.Members(q)) != 1 || len(u.External) != 0 {
			t.Errorf("restored: %+v, members %v", u, c.org.Members(q))
		}
	})
}

func TestUserExternalID(t *testing.T) {
	pair := func(key string) object { return object{"authorityName": "engage", "externalKey": key} }
	t.Run("finds the user directly, and by its exact case only", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("ada@example.com")
		a := c.must(200, "POST", "/users/"+id+"/externalid", pair("Ab/1"))
		if len(a.list) != 1 {
			t.Errorf("answer: %s", a.text)
		}
		if got := c.get("/users/externalid/engage/Ab%2F1").id(); got != id {
			t.Errorf("found %q", got)
		}
		c.must(404, "GET", "/users/externalid/engage/ab%2F1", nil)
		c.must(404, "GET", "/users/externalid/Engage/Ab%2F1", nil)
		if got := c.get("/users/" + id + "/externalid/engage").str("externalKey"); got != "Ab/1" {
			t.Errorf("key %q", got)
		}
	})
	t.Run("a pair is unique in the organisation, and a key alone is not", func(t *testing.T) {
		c := newCaller(t)
		a, b := c.newUser("a@example.com"), c.newUser("b@example.com")
		c.must(200, "POST", "/users/"+a+"/externalid", pair("1"))
		c.must(409, "POST", "/users/"+b+"/externalid", pair("1"))
		c.must(409, "POST", "/users/"+a+"/externalid", pair("1"))
		c.must(200, "POST", "/users/"+b+"/externalid", object{"authorityName": "other", "externalKey": "1"})
	})
	t.Run("a delete frees the pair and is 404 a second time", func(t *testing.T) {
		c := newCaller(t)
		a, b := c.newUser("a@example.com"), c.newUser("b@example.com")
		c.must(200, "POST", "/users/"+a+"/externalid", pair("1"))
		c.must(204, "DELETE", "/users/"+a+"/externalid/engage/1", nil)
		c.must(404, "DELETE", "/users/"+a+"/externalid/engage/1", nil)
		c.must(200, "POST", "/users/"+b+"/externalid", pair("1"))
	})
	t.Run("a user has no more than 100", func(t *testing.T) {
		c := newCaller(t)
		id := c.newUser("a@example.com")
		for i := range 100 {
			do(t, c.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: fmt.Sprint(i)}))
		}
		c.must(400, "POST", "/users/"+id+"/externalid", pair("one too many"))
	})
	t.Run("with a read lag the look-up is late and a removed pair stays taken", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithReadLag(time.Minute))
		a, b := c.newUser("a@example.com"), c.newUser("b@example.com")
		c.must(200, "POST", "/users/"+a+"/externalid", pair("1"))
		c.must(404, "GET", "/users/externalid/engage/1", nil)
		clock.move(time.Minute)
		c.must(200, "GET", "/users/externalid/engage/1", nil)
		c.must(204, "DELETE", "/users/"+a+"/externalid/engage/1", nil)
		c.must(200, "GET", "/users/externalid/engage/1", nil)
		c.must(409, "POST", "/users/"+b+"/externalid", pair("1"))
		clock.move(time.Minute)
		c.must(404, "GET", "/users/externalid/engage/1", nil)
		c.must(200, "POST", "/users/"+b+"/externalid", pair("1"))
	})
	t.Run("a deleted user is not found by its pair and holds it", func(t *testing.T) {
		c := newCaller(t)
		a, b := c.newUser("a@example.com"), c.newUser("b@example.com")
		c.must(200, "POST", "/users/"+a+"/externalid", pair("1"))
		do(t, c.org.DeleteUser(a))
		c.must(404, "GET", "/users/externalid/engage/1", nil)
		c.must(409, "POST", "/users/"+b+"/externalid", pair("1"))
		u, ok := c.org.UserByExternalID("engage", "1")
		if !ok || u.ID != a {
			t.Errorf("held by %+v", u)
		}
	})
}

func TestUserList(t *testing.T) {
	t.Run("lists active users unless state says otherwise", func(t *testing.T) {
		c := newCaller(t)
		a, i, d := c.newUser("a@x.de"), c.newUser("i@x.de"), c.newUser("d@x.de")
		do(t, c.org.DeactivateUser(i))
		do(t, c.org.DeleteUser(d))
		for query, want := range map[string][]any{
			"": {a}, "?state=active": {a}, "?state=inactive": {i}, "?state=deleted": {d}, "?state=any": {a, i, d},
			"?state=any&id=" + d + "&id=" + a: {d, a}, "?id=" + i: {},
		} {
			if diff := cmp.Diff(want, c.get("/users"+query).column("id")); diff != "" {
				t.Errorf("%q: %s", query, diff)
			}
		}
	})
	t.Run("shows skills and languages only when expand asks, and best effort", func(t *testing.T) {
		c := newCaller(t)
		id, s := c.newUser("a@x.de"), c.newSkill("S")
		do(t, c.org.SetUserSkill(id, s, 2.5))
		if got := c.get("/users").column("skills")[0]; got != nil {
			t.Errorf("without expand: %v", got)
		}
		got, _ := c.get("/users?expand=skills&expand=languages").column("skills")[0].([]any)
		if len(got) != 1 || got[0].(object)["proficiency"] != 2.5 || got[0].(object)["name"] != "S" {
			t.Errorf("with expand: %v", got)
		}
		c = newCaller(t, exorgtest.WithExpandOmission(1))
		c.newUser("a@x.de")
		if got := c.get("/users?expand=skills").column("skills")[0]; got != nil {
			t.Errorf("an omitted expand: %v", got)
		}
	})
}

func TestUserSearch(t *testing.T) {
	c := newCaller(t)
	ada, bob := c.newUser("ada@example.com"), c.newUser("bob@example.com")
	do(t, c.org.DeactivateUser(bob))
	for _, tc := range []struct {
		name  string
		query []object
		want  []any
	}{
		{"by address, inactive users too", []object{byEmail("bob@example.com")}, []any{bob}},
		{"by address and state", []object{byEmail("bob@example.com"), byState("active")}, []any{}},
		{"by the beginning of the name", []object{{"fields": []string{"name"}, "value": "user a", "type": "STARTS_WITH"}}, []any{ada}},
		{"by one of several values", []object{{"fields": []string{"email"}, "values": []string{"ada@example.com", "bob@example.com"}, "type": "EXACT"}}, []any{ada, bob}},
		{"by negation", []object{{"fields": []string{"email"}, "value": "ada@example.com", "type": "EXACT", "operator": "NOT"}}, []any{bob}},
		{"by alternatives", []object{
			{"fields": []string{"email"}, "value": "ada@example.com", "type": "EXACT", "operator": "OR"},
			{"fields": []string{"state"}, "value": "inactive", "type": "EXACT", "operator": "OR"},
		}, []any{ada, bob}},
		{"by a part of a field in a group", []object{{"type": "EXACT", "group": []object{{"fields": []string{"name"}, "value": "ADA@", "type": "CONTAINS"}}}}, []any{ada}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := []any{}
			for _, u := range c.search(tc.query...) {
				got = append(got, u.(object)["id"])
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a kind of search that is not modelled is refused loudly", func(t *testing.T) {
		c.must(400, "POST", "/users/search", object{"query": []object{{"fields": []string{"name"}, "value": "x", "type": "REGEX"}}})
	})
}
