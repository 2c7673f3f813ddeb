package exorgtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

func TestWrapupCodes(t *testing.T) {
	t.Run("PUT renames and replaces; the division is all unless one is named", func(t *testing.T) {
		c := newCaller(t)
		a := c.must(200, "POST", "/routing/wrapupcodes", object{"name": "Done", "description": "by hand"})
		if d, _ := a.object["division"].(object); d["id"] != "*" {
			t.Errorf("division %v", a.object["division"])
		}
		other := made(t)(c.org.AddDivision("Other"))
		c.must(200, "PUT", "/routing/wrapupcodes/"+a.id(), object{"name": "Finished", "division": object{"id": other}})
		got, _ := c.org.Code(a.id())
		if got.Name != "Finished" || got.Description != "" || got.DivisionID != other {
			t.Errorf("code %+v", got)
		}
		if got := c.get("/routing/wrapupcodes/" + a.id()).str("name"); got != "Finished" {
			t.Errorf("name %q", got)
		}
	})
	t.Run("a duplicate name is 400 or 409", func(t *testing.T) {
		for _, status := range []int{400, 409} {
			c := newCaller(t, exorgtest.WithDuplicateStatus(status))
			id := c.newCode("Done")
			c.must(status, "POST", "/routing/wrapupcodes", object{"name": "DONE"})
			c.must(status, "PUT", "/routing/wrapupcodes/"+c.newCode("Other"), object{"name": "done"})
			c.must(200, "PUT", "/routing/wrapupcodes/"+id, object{"name": "DONE"})
		}
	})
	t.Run("are listed by name, 100 at most a page", func(t *testing.T) {
		c := newCaller(t)
		b, a := c.newCode("b"), c.newCode("a")
		for query, want := range map[string][]any{
			"": {a, b}, "?sortOrder=descending": {b, a}, "?name=B": {b}, "?id=" + b: {b}, "?name=x*": {},
		} {
			if diff := cmp.Diff(want, c.get("/routing/wrapupcodes"+query).column("id")); diff != "" {
				t.Errorf("%q: %s", query, diff)
			}
		}
		c.must(400, "GET", "/routing/wrapupcodes?pageSize=101", nil)
	})
	t.Run("a delete removes it, from queues too", func(t *testing.T) {
		c := newCaller(t)
		q, id := c.newQueue("Q", ""), c.newCode("Done")
		do(t, c.org.AssignCodes(q, id))
		c.must(204, "DELETE", "/routing/wrapupcodes/"+id, nil)
		c.must(404, "GET", "/routing/wrapupcodes/"+id, nil)
		c.must(404, "DELETE", "/routing/wrapupcodes/"+id, nil)
		if got := c.get("/routing/queues/" + q + "/wrapupcodes").num("total"); got != 0 {
			t.Errorf("%d codes on the queue", got)
		}
		c.newCode("Done")
	})
}

func TestQueueCodes(t *testing.T) {
	c := newCaller(t)
	q := c.newQueue("Q", "")
	all := []object{}
	for i := range 101 {
		all = append(all, object{"id": made(t)(c.org.AddCode(object{"name": fmt.Sprint(i)}))})
	}
	path := "/routing/queues/" + q + "/wrapupcodes"
	c.must(400, "POST", path, all)
	c.must(400, "POST", path, []object{})
	if a := c.must(200, "POST", path, all[:2]); len(a.list) != 2 {
		t.Errorf("answer: %s", a.text)
	}
	c.must(200, "POST", path, all[1:3]) // add only: nothing is removed, nothing twice
	if diff := cmp.Diff([]any{all[0]["id"], all[1]["id"], all[2]["id"]}, c.get(path).column("id")); diff != "" {
		t.Error(diff)
	}
	c.must(404, "POST", path, []object{{"id": "nowhere"}})
	c.must(204, "DELETE", path+"/"+all[1]["id"].(string), nil)
	c.must(404, "DELETE", path+"/"+all[1]["id"].(string), nil)
	got, _ := c.org.Queue(q)
	if diff := cmp.Diff([]string{all[0]["id"].(string), all[2]["id"].(string)}, got.Codes); diff != "" {
		t.Error(diff)
	}
}

func TestPresenceSources(t *testing.T) {
	post := func(c *caller, name string) string {
		return c.must(200, "POST", "/presence/sources", object{"name": name, "type": "System"}).id()
	}
	t.Run("a delete deactivates; the list of the deactivated is apart; PUT revives", func(t *testing.T) {
		c := newCaller(t)
		id := post(c, "EXCS")
		c.must(409, "POST", "/presence/sources", object{"name": "excs"})
		c.must(204, "DELETE", "/presence/sources/"+id, nil)
		if got := c.get("/presence/sources").num("total"); got != 0 {
			t.Errorf("%d in use", got)
		}
		if diff := cmp.Diff([]any{id}, c.get("/presence/sources?deactivated=TRUE").column("id")); diff != "" {
			t.Error(diff)
		}
		c.must(200, "PUT", "/presence/sources/"+id, object{"name": "EXCS", "deactivated": false})
		if diff := cmp.Diff([]any{id}, c.get("/presence/sources").column("id")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the name of a deactivated one is free for a twin, or held where so set", func(t *testing.T) {
		for _, held := range []bool{false, true} {
			c := newCaller(t, exorgtest.WithDeletedNamesHeld(held))
			c.must(204, "DELETE", "/presence/sources/"+post(c, "EXCS"), nil)
			want := 200
			if held {
				want = 409
			}
			c.must(want, "POST", "/presence/sources", object{"name": "EXCS"})
		}
	})
	t.Run("a delete removes where so set", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithSourceDeleteRemoves(true))
		id := post(c, "EXCS")
		c.must(204, "DELETE", "/presence/sources/"+id, nil)
		c.must(404, "GET", "/presence/sources/"+id, nil)
		if got := c.get("/presence/sources?deactivated=TRUE").num("total"); got != 0 {
			t.Errorf("%d deactivated", got)
		}
	})
	t.Run("a user has a primary source", func(t *testing.T) {
		c := newCaller(t)
		id, u := post(c, "EXCS"), c.newUser("a@x.de")
		path := "/presence/users/" + u + "/primarysource"
		if got := c.get(path).str("sourceId"); got != "" {
			t.Errorf("source %q", got)
		}
		c.must(400, "PUT", path, object{"sourceId": "nowhere"})
		c.must(200, "PUT", path, object{"sourceId": id, "registered": true})
		if got := c.get(path).str("sourceId"); got != id {
			t.Errorf("source %q", got)
		}
	})
}

func TestDivisions(t *testing.T) {
	c := newCaller(t)
	home := c.get("/authorization/divisions/home")
	if home.id() != c.org.HomeDivision() || home.object["homeDivision"] != true {
		t.Errorf("home: %s", home.text)
	}
	other := made(t)(c.org.AddDivision("Other"))
	if diff := cmp.Diff([]any{home.id(), other}, c.get("/authorization/divisions").column("id")); diff != "" {
		t.Error(diff)
	}
	t.Run("users are moved 1 to 100 at a time, and a move is a new version", func(t *testing.T) {
		all := c.crowd(101)
		ids := []string{}
		for _, u := range all {
			ids = append(ids, u["id"].(string))
		}
		path := "/authorization/divisions/" + other + "/objects/USER"
		c.must(400, "POST", path, ids)
		c.must(204, "POST", path, ids[:100])
		c.must(204, "POST", path, ids[:100])
		u, _ := c.org.User(ids[0])
		if u.DivisionID != other || u.Version != 2 {
			t.Errorf("user %+v", u)
		}
		c.must(404, "POST", path, []string{ids[100], "nobody"})
		if u, _ := c.org.User(ids[100]); u.DivisionID != home.id() {
			t.Error("half of a refused move was done")
		}
	})
	t.Run("skills are not accepted there", func(t *testing.T) {
		c.must(400, "POST", "/authorization/divisions/"+other+"/objects/SKILLGROUP", []string{"x"})
	})
}

// TestInvisible: an object in a division that the client's role does not reach is not there, yet its name and address are taken.
func TestInvisible(t *testing.T) {
	c := newCaller(t)
	secret := made(t)(c.org.AddDivision("Secret"))
	c.org.Blind("", secret)
	u := made(t)(c.org.AddUser(object{"name": "Ada", "email": "ada@example.com", "divisionId": secret}))
	q := made(t)(c.org.AddQueue(object{"name": "Sales", "peerId": "7", "division": object{"id": secret}}))
	w := made(t)(c.org.AddCode(object{"name": "Done", "division": object{"id": secret}}))
	s := made(t)(c.org.AddSkill("Skill"))
	do(t, c.org.MoveSkill(s, secret))
	do(t, c.org.AddExternalID(u, exorgtest.ExternalID{Authority: "engage", Key: "7"}))
	mine := c.newUser("me@example.com")
	for _, path := range []string{
		"/users/" + u, "/users/" + u + "?state=deleted", "/users/externalid/engage/7", "/users/" + u + "/routingskills",
		"/routing/queues/" + q, "/routing/queues/" + q + "/members", "/routing/wrapupcodes/" + w, "/routing/skills/" + s,
	} {
		c.must(404, "GET", path, nil)
	}
	c.must(404, "PATCH", "/users/"+u, object{"version": 1, "title": "x"})
	c.must(404, "PUT", "/routing/queues/"+q, object{"name": "x"})
	c.must(404, "POST", "/routing/queues/"+q+"/members", []object{{"id": mine}})
	for _, path := range []string{"/users?state=any&id=" + u, "/routing/queues?hasPeer=true", "/routing/queues?peerId=7", "/routing/wrapupcodes", "/routing/skills"} {
		if got := c.get(path).num("total"); got != 0 {
			t.Errorf("%s lists %d", path, got)
		}
	}
	if got := append(c.search(byEmail("ada@example.com")), c.search(byEmail("ada@example.com"), byState("deleted"))...); len(got) != 0 {
		t.Errorf("found: %v", got)
	}
	c.must(409, "POST", "/users", object{"name": "x", "email": "ada@example.com", "divisionId": c.org.HomeDivision()})
	c.must(409, "POST", "/users/"+mine+"/externalid", object{"authorityName": "engage", "externalKey": "7"})
	c.must(400, "POST", "/routing/queues", object{"name": "Sales"})
	c.must(400, "POST", "/routing/wrapupcodes", object{"name": "Done"})
	c.must(409, "POST", "/routing/skills", object{"name": "Skill"})
	c.org.Unblind("")
	c.must(200, "GET", "/users/"+u, nil)
}

func TestPaging(t *testing.T) {
	t.Run("a page tells where it is", func(t *testing.T) {
		c := newCaller(t)
		c.crowd(30)
		a := c.get("/users?pageNumber=2")
		if a.num("total") != 30 || a.num("pageCount") != 2 || a.num("pageSize") != 25 || len(a.entities()) != 5 {
			t.Errorf("page: total %d pageCount %d pageSize %d, %d rows", a.num("total"), a.num("pageCount"), a.num("pageSize"), len(a.entities()))
		}
		if a.str("nextUri") != "" || a.str("previousUri") == "" {
			t.Errorf("next %q, previous %q", a.str("nextUri"), a.str("previousUri"))
		}
		if got := c.get("/users?pageNumber=9").entities(); len(got) != 0 {
			t.Errorf("beyond the end: %v", got)
		}
	})
	t.Run("page sizes have caps", func(t *testing.T) {
		c := newCaller(t)
		u := c.newUser("a@x.de")
		for path, most := range map[string]int{
			"/users": 500, "/routing/skills": 500, "/routing/languages": 100, "/routing/queues": 500, "/routing/wrapupcodes": 100,
			"/users/" + u + "/routingskills": 50, "/users/" + u + "/routinglanguages": 50,
		} {
			c.must(200, "GET", fmt.Sprintf("%s?pageSize=%d", path, most), nil)
			c.must(400, "GET", fmt.Sprintf("%s?pageSize=%d", path, most+1), nil)
		}
	})
	t.Run("a small organisation can have several pages, with every row once", func(t *testing.T) {
		c := newCaller(t, exorgtest.WithPageSize(4))
		c.crowd(10)
		seen := map[string]bool{}
		for n := 1; n <= 3; n++ {
			a := c.get(fmt.Sprint("/users?pageSize=500&pageNumber=", n))
			if a.num("pageSize") != 4 || a.num("pageCount") != 3 {
				t.Errorf("page %d of %d with %d rows, want 3 pages of 4", n, a.num("pageCount"), a.num("pageSize"))
			}
			for _, id := range a.column("id") {
				seen[fmt.Sprint(id)] = true
			}
		}
		if len(seen) != 10 {
			t.Errorf("%d users of 10 were seen", len(seen))
		}
		c.must(400, "GET", "/users?pageSize=501", nil)
		if a := c.get("/users?pageSize=2"); a.num("pageSize") != 2 {
			t.Errorf("asked for 2 rows it gives %d", a.num("pageSize"))
		}
	})
	t.Run("beyond 10,000 rows is 400, unless the cap is lifted for what is not inactive users", func(t *testing.T) {
		c := newCaller(t)
		c.must(200, "GET", "/users?state=inactive&pageSize=500&pageNumber=20", nil)
		for _, path := range []string{"/users?state=inactive", "/users?state=active", "/routing/queues?hasPeer=true"} {
			sep := "&"
			c.must(400, "GET", path+sep+"pageSize=500&pageNumber=21", nil)
		}
		c.must(400, "POST", "/users/search", object{"pageSize": 500, "pageNumber": 21})
		c = newCaller(t, exorgtest.WithRowCap(0, 10000))
		c.must(200, "GET", "/users?pageSize=500&pageNumber=21", nil)
		c.must(400, "GET", "/users?state=inactive&pageSize=500&pageNumber=21", nil)
	})
	t.Run("nonsense is 400", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true
		for _, q := range []string{"pageSize=0", "pageSize=x", "pageNumber=0", "pageNumber=-1"} {
			c.must(400, "GET", "/users?"+q, nil)
		}
	})
}

func TestFlakyLag(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithReadLag(time.Minute), exorgtest.WithFlakyLag(0.5), exorgtest.WithSeed(3))
	id := c.newUser("a@x.de")
	seen := map[int]int{}
	for range 40 {
		seen[c.call("GET", "/users/"+id, nil).status]++
	}
	if seen[200] == 0 || seen[404] == 0 || seen[200]+seen[404] != 40 {
		t.Errorf("answers: %v", seen)
	}
}
