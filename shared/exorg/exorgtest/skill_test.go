package exorgtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

// kinds are the two that are alike: path, how to make one, and how to delete it by hand.
type skillKind struct {
	path string
	make func(*caller, string) string
}

func skillKinds() []skillKind {
	return []skillKind{{"/routing/skills", (*caller).newSkill}, {"/routing/languages", (*caller).newLanguage}}
}

func TestSkillAndLanguage(t *testing.T) {
	for _, k := range skillKinds() {
		t.Run(k.path+": a name is taken whatever its case", func(t *testing.T) {
			c := newCaller(t)
			k.make(c, "Sales")
			want := 409
			if k.path == "/routing/languages" {
				want = 400 // 409 was never declared natively for languages
			}
			c.must(want, "POST", k.path, object{"name": "sALES"})
			c.must(200, "POST", k.path, object{"name": "Sales 2"})
		})
		t.Run(k.path+": case makes a difference where so set", func(t *testing.T) {
			c := newCaller(t, exorgtest.WithCaseSensitiveNames(true), exorgtest.WithDuplicateStatus(409))
			k.make(c, "Sales")
			c.must(200, "POST", k.path, object{"name": "sales"})
			c.must(409, "POST", k.path, object{"name": "Sales"})
		})
		t.Run(k.path+": a delete is soft, the read 404, the name free, the row in no list", func(t *testing.T) {
			c := newCaller(t)
			id := k.make(c, "Sales")
			c.must(204, "DELETE", k.path+"/"+id, nil)
			c.must(404, "DELETE", k.path+"/"+id, nil)
			c.must(404, "GET", k.path+"/"+id, nil)
			if got := c.get(k.path).column("id"); len(got) != 0 {
				t.Errorf("listed: %v", got)
			}
			if again := k.make(c, "Sales"); again == id {
				t.Error("the deleted object came back")
			}
		})
		t.Run(k.path+": a deleted one is read and listed with its state, and holds its name, where so set", func(t *testing.T) {
			c := newCaller(t, exorgtest.WithDeletedSkillReadable(true), exorgtest.WithDeletedSkillListed(true),
				exorgtest.WithDeletedNamesHeld(true), exorgtest.WithDuplicateStatus(409))
			id := k.make(c, "Sales")
			c.must(204, "DELETE", k.path+"/"+id, nil)
			if got := c.get(k.path + "/" + id).str("state"); got != "deleted" {
				t.Errorf("state %q", got)
			}
			if diff := cmp.Diff([]any{"deleted"}, c.get(k.path).column("state")); diff != "" {
				t.Error(diff)
			}
			c.must(409, "POST", k.path, object{"name": "Sales"})
		})
		t.Run(k.path+": the name filter matches the beginning, in the index of a while ago", func(t *testing.T) {
			clock := newHandClock()
			c := newCaller(t, clock.option(), exorgtest.WithIndexLag(15*time.Second))
			id := k.make(c, "Sales North")
			k.make(c, "Support")
			if got := c.get(k.path + "?name=sales").column("id"); len(got) != 0 {
				t.Errorf("indexed at once: %v", got)
			}
			c.must(200, "GET", k.path+"/"+id, nil) // a read by id does not use the index
			clock.move(15 * time.Second)
			if diff := cmp.Diff([]any{id}, c.get(k.path+"?name=sales").column("id")); diff != "" {
				t.Error(diff)
			}
		})
		t.Run(k.path+": a read after the write is late", func(t *testing.T) {
			clock := newHandClock()
			c := newCaller(t, clock.option(), exorgtest.WithReadLag(time.Minute))
			id := k.make(c, "Sales")
			c.must(404, "GET", k.path+"/"+id, nil)
			clock.move(time.Minute)
			c.must(200, "GET", k.path+"/"+id, nil)
		})
	}
	t.Run("a skill can not be renamed: unknown properties are ignored with 200", func(t *testing.T) {
		c := newCaller(t)
		id := c.newSkill("Sales")
		if got := c.must(200, "PATCH", "/routing/skills/"+id, object{"name": "Renamed"}).str("name"); got != "Sales" {
			t.Errorf("name %q", got)
		}
		other := made(t)(c.org.AddDivision("Other"))
		c.must(200, "PATCH", "/routing/skills/"+id, object{"divisionId": other})
		if s, _ := c.org.Skill(id); s.DivisionID != other || s.Version != 2 {
			t.Errorf("skill %+v", s)
		}
	})
	t.Run("a language has no update at all", func(t *testing.T) {
		c := newCaller(t)
		c.sloppy = true
		c.must(405, "PATCH", "/routing/languages/"+c.newLanguage("English"), object{"name": "x"})
	})
}

func grants(pairs ...any) []object {
	out := []object{}
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, object{"id": pairs[i], "proficiency": pairs[i+1]})
	}
	return out
}

func (c *caller) someSkills(n int) []object {
	c.t.Helper()
	out := []object{}
	for i := range n {
		out = append(out, object{"id": made(c.t)(c.org.AddSkill(fmt.Sprint("Skill ", i))), "proficiency": 1})
	}
	return out
}

func TestUserSkills(t *testing.T) {
	t.Run("PUT bulk replaces the whole set, PATCH bulk never removes", func(t *testing.T) {
		c := newCaller(t)
		u, s1, s2, s3 := c.newUser("a@x.de"), c.newSkill("1"), c.newSkill("2"), c.newSkill("3")
		path := "/users/" + u + "/routingskills"
		c.must(200, "PUT", path+"/bulk", grants(s1, 1, s2, 2.5))
		c.must(200, "PATCH", path+"/bulk", grants(s2, 5, s3, 0))
		want := map[string]float64{s1: 1, s2: 5, s3: 0}
		if got, _ := c.org.User(u); !cmp.Equal(want, got.Skills) {
			t.Errorf("after PATCH: %v", got.Skills)
		}
		c.must(200, "PUT", path+"/bulk", grants(s3, 4))
		if diff := cmp.Diff([]any{s3}, c.get(path).column("id")); diff != "" {
			t.Errorf("after PUT: %s", diff)
		}
		c.must(200, "PATCH", path+"/bulk", grants())
		if got := c.get(path).num("total"); got != 1 {
			t.Errorf("an empty PATCH left %d", got)
		}
		c.must(200, "PUT", path+"/bulk", grants())
		if got := c.get(path).num("total"); got != 0 {
			t.Errorf("an empty PUT left %d", got)
		}
	})
	t.Run("a bulk call takes up to 50", func(t *testing.T) {
		c := newCaller(t)
		u, all := c.newUser("a@x.de"), c.someSkills(51)
		for _, method := range []string{"PUT", "PATCH"} {
			c.must(400, method, "/users/"+u+"/routingskills/bulk", all)
			c.must(200, method, "/users/"+u+"/routingskills/bulk", all[:50])
		}
		if got := c.get("/users/" + u + "/routingskills").num("total"); got != 50 {
			t.Errorf("%d skills", got)
		}
	})
	t.Run("one unknown or deleted skill fails the whole call", func(t *testing.T) {
		c := newCaller(t)
		u, s, gone := c.newUser("a@x.de"), c.newSkill("1"), c.newSkill("2")
		do(t, c.org.DeleteSkill(gone))
		for _, bad := range []string{gone, "nowhere"} {
			c.must(400, "PUT", "/users/"+u+"/routingskills/bulk", grants(s, 1, bad, 1))
			c.must(400, "PATCH", "/users/"+u+"/routingskills/bulk", grants(s, 1, bad, 1))
		}
		if got, _ := c.org.User(u); len(got.Skills) != 0 {
			t.Errorf("skills %v", got.Skills)
		}
	})
	t.Run("proficiency is 0 to 5", func(t *testing.T) {
		c := newCaller(t)
		u, s := c.newUser("a@x.de"), c.newSkill("1")
		for _, level := range []float64{-0.1, 5.1, 100} {
			c.must(400, "PUT", "/users/"+u+"/routingskills/bulk", grants(s, level))
		}
		c.must(200, "PUT", "/users/"+u+"/routingskills/bulk", grants(s, 4.5))
		if got, _ := c.org.User(u); got.Skills[s] != 4.5 {
			t.Errorf("skills %v", got.Skills)
		}
	})
	t.Run("one at a time works as well", func(t *testing.T) {
		c := newCaller(t)
		u, s := c.newUser("a@x.de"), c.newSkill("1")
		path := "/users/" + u + "/routingskills"
		c.must(200, "POST", path, object{"id": s, "proficiency": 2})
		if got := c.must(200, "PUT", path+"/"+s, object{"proficiency": 3}).object["proficiency"]; got != 3.0 {
			t.Errorf("proficiency %v", got)
		}
		c.must(204, "DELETE", path+"/"+s, nil)
		c.must(404, "DELETE", path+"/"+s, nil)
	})
	t.Run("a deleted skill vanishes from users, or shows as deleted where so set", func(t *testing.T) {
		for _, shown := range []bool{false, true} {
			c := newCaller(t, exorgtest.WithDeletedAssignmentsShown(shown))
			u, s := c.newUser("a@x.de"), c.newSkill("1")
			do(t, c.org.SetUserSkill(u, s, 1))
			do(t, c.org.DeleteSkill(s))
			got := c.get("/users/" + u + "/routingskills").column("state")
			if want := []any{"deleted"}; shown && !cmp.Equal(want, got) || !shown && len(got) != 0 {
				t.Errorf("shown %t: %v", shown, got)
			}
		}
	})
	t.Run("the user's version moves only where so set", func(t *testing.T) {
		for _, moves := range []bool{false, true} {
			c := newCaller(t, exorgtest.WithSkillsMoveVersion(moves))
			u, s := c.newUser("a@x.de"), c.newSkill("1")
			c.must(200, "PUT", "/users/"+u+"/routingskills/bulk", grants(s, 1))
			if got := c.get("/users/"+u).num("version") == 2; got != moves {
				t.Errorf("moves %t: version moved %t", moves, got)
			}
		}
	})
	t.Run("a read after the write is stale", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithReadLag(time.Minute))
		u, s := c.newUser("a@x.de"), c.newSkill("1")
		clock.move(time.Minute)
		c.must(200, "PUT", "/users/"+u+"/routingskills/bulk", grants(s, 1))
		if got := c.get("/users/" + u + "/routingskills").num("total"); got != 0 {
			t.Errorf("fresh: %d", got)
		}
		clock.move(time.Minute)
		if got := c.get("/users/" + u + "/routingskills").num("total"); got != 1 {
			t.Errorf("still stale: %d", got)
		}
	})
}

func TestUserLanguages(t *testing.T) {
	t.Run("proficiency is rounded to a whole number, half up", func(t *testing.T) {
		c := newCaller(t)
		u := c.newUser("a@x.de")
		var want []any
		body := []object{}
		for sent, kept := range map[float64]float64{0: 0, 0.4: 0, 0.5: 1, 2.5: 3, 3.4: 3, 4.6: 5} {
			id := c.newLanguage(fmt.Sprint(sent))
			body = append(body, object{"id": id, "proficiency": sent})
			want = append(want, kept)
		}
		c.must(200, "PATCH", "/users/"+u+"/routinglanguages/bulk", body)
		if diff := cmp.Diff(want, c.get("/users/"+u+"/routinglanguages").column("proficiency")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("there is no PUT bulk; removal is one DELETE each", func(t *testing.T) {
		c := newCaller(t)
		u, l1, l2 := c.newUser("a@x.de"), c.newLanguage("1"), c.newLanguage("2")
		path := "/users/" + u + "/routinglanguages"
		c.must(200, "PATCH", path+"/bulk", grants(l1, 1, l2, 2))
		c.must(200, "PATCH", path+"/bulk", grants(l1, 3))
		c.must(204, "DELETE", path+"/"+l2, nil)
		c.must(404, "DELETE", path+"/"+l2, nil)
		c.must(200, "PATCH", path+"/"+l1, object{"proficiency": 4})
		if got, _ := c.org.User(u); !cmp.Equal(map[string]float64{l1: 4}, got.Languages) {
			t.Errorf("languages %v", got.Languages)
		}
		c.sloppy = true
		c.must(405, "PUT", path+"/bulk", grants(l1, 1))
	})
}
