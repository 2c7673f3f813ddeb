package exorgtest_test

import (
	"net/http"
	"strings"
	"testing"

	"excs/shared/exorg/exorgtest"
)

func TestOrganisationHasIDAndName(t *testing.T) {
	c := newCaller(t, exorgtest.WithID("o-1"), exorgtest.WithName("ACME"))
	org, _ := c.get("/tokens/me").object["organization"].(object)
	if org["id"] != "o-1" || org["name"] != "ACME" || c.org.ID() != "o-1" || c.org.Name() != "ACME" {
		t.Errorf("%v, %s, %s", org, c.org.ID(), c.org.Name())
	}
	// The id that is set takes nothing from the seed: everything else is as without it.
	if a, b := exorgtest.New(), exorgtest.New(exorgtest.WithID("o-1")); a.HomeDivision() != b.HomeDivision() {
		t.Error("another id makes another organisation")
	}
}

func TestBareVersionConflict(t *testing.T) {
	c := newCaller(t, exorgtest.WithBareVersionConflict(true), exorgtest.WithVersionConflictForm(400))
	u := c.newUser("a@x.de")
	c.must(200, "PATCH", "/users/"+u, object{"version": 1, "title": "x"})
	for _, a := range []answer{
		c.must(409, "PATCH", "/users/"+u, object{"version": 1, "title": "y"}),
		c.must(409, "PUT", "/users/"+u+"/state", object{"version": 1, "state": "inactive"}),
	} {
		if a.str("code") != "general.conflict" || strings.Contains(a.text, "version") {
			t.Errorf("answer %s", a.text)
		}
	}
	c.must(200, "PATCH", "/users/"+u, object{"version": 2, "title": "y"})
}

func TestNamesTrimmed(t *testing.T) {
	for _, trimmed := range []bool{false, true} {
		c := newCaller(t, exorgtest.WithNamesTrimmed(trimmed))
		want, second := " A ", 200
		if trimmed {
			want, second = "A", 400
		}
		for path, extra := range map[string]object{
			"/routing/skills": {}, "/routing/languages": {}, "/routing/queues": {}, "/routing/wrapupcodes": {}, "/presence/sources": {},
			"/users": {"email": "a@x.de", "divisionId": c.org.HomeDivision()},
		} {
			extra["name"] = " A "
			if got := c.must(200, "POST", path, extra).str("name"); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		c.must(second, "POST", "/routing/queues", object{"name": "A"}) // a duplicate once it is trimmed
	}
}

func TestNameLimits(t *testing.T) {
	c := newCaller(t, exorgtest.WithNameLimits(3, 4, 5))
	for path, most := range map[string]int{"/routing/skills": 3, "/routing/languages": 4, "/routing/wrapupcodes": 5} {
		c.must(200, "POST", path, object{"name": strings.Repeat("ä", most)})
		if a := c.must(400, "POST", path, object{"name": strings.Repeat("ä", most+1)}); !strings.Contains(a.text, "longer than") {
			t.Errorf("%s: %s", path, a.text)
		}
	}
	c.must(400, "PUT", "/routing/wrapupcodes/"+c.newCode("W"), object{"name": "123456"})
	c.must(200, "POST", "/routing/queues", object{"name": "123456"})
	newCaller(t).must(200, "POST", "/routing/skills", object{"name": strings.Repeat("x", 1000)})
}

// An erased user can not be restored, and what it held is free.
func TestErasedUser(t *testing.T) {
	for _, status := range []int{404, 400, 409} {
		c := newCaller(t, exorgtest.WithErasedStatus(status), exorgtest.WithMembershipsSurvive(true), exorgtest.WithSkillsSurvive(true))
		u, q, s := c.newUser("a@x.de"), c.newQueue("Q", ""), c.newSkill("S")
		x := exorgtest.ExternalID{Authority: "engage", Key: "1"}
		do(t, c.org.AddExternalID(u, x))
		do(t, c.org.SetUserSkill(u, s, 3))
		do(t, c.org.AddMembers(q, u))
		do(t, c.org.EraseUser(u))
		got, _ := c.org.User(u)
		if got.State != "deleted" || strings.Contains(got.Name+got.Email, "a@x.de") || len(got.External)+len(got.Skills) > 0 {
			t.Errorf("%+v", got)
		}
		c.must(404, "GET", "/users/"+u, nil)
		c.must(status, "PATCH", "/users/"+u, object{"version": got.Version, "state": "active"})
		c.must(status, "PUT", "/users/"+u+"/state", object{"state": "active"})
		if err := c.org.RestoreUser(u); err == nil {
			t.Error("it was restored")
		}
		again := c.newUser("a@x.de")
		do(t, c.org.AddExternalID(again, x))
		if q, _ := c.org.Queue(q); q.Members != 0 {
			t.Errorf("%d members", q.Members)
		}
	}
}

// The login host has faults of its own, before and after a token is given; revoked tokens are no good at all.
func TestFaultsOfTheLoginHost(t *testing.T) {
	c := newCaller(t)
	for _, f := range []exorgtest.Fault{
		{Kind: exorgtest.Answer, Route: "/oauth/token", Status: 503, Times: 1},
		{Kind: exorgtest.AnswerAfter, Path: "/oauth/", Status: 500, Times: 1},
		{Kind: exorgtest.Answer, Route: "/oauth/token", Status: 429, Times: 1},
	} {
		armed := c.org.Fail(f)
		c.get("/users") // the API host is not struck
		if a := c.askToken(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret); a.status != f.Status || a.str("error") == "" || a.str("access_token") != "" {
			t.Errorf("%d: %d %s", f.Status, a.status, a.text)
		}
		if armed.Struck() != 1 {
			t.Errorf("struck %d times", armed.Struck())
		}
	}
	c.login()
	c.org.RevokeTokens()
	c.must(http.StatusUnauthorized, "GET", "/users", nil)
	c.login()
	c.get("/users")
}
