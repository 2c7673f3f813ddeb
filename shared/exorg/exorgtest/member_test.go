package exorgtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

// crowd makes n users by hand and returns their references.
func (c *caller) crowd(n int) []object {
	c.t.Helper()
	out := []object{}
	for i := range n {
		out = append(out, object{"id": made(c.t)(c.org.AddUser(object{"name": fmt.Sprint("U", i), "email": fmt.Sprintf("u%d@x.de", i)}))})
	}
	return out
}

func TestMembers(t *testing.T) {
	t.Run("are added 1 to 100 at a time, and adding again is harmless", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(101)
		path := "/routing/queues/" + q + "/members"
		for _, body := range [][]object{all, {}} {
			for _, query := range []string{"", "?delete=true"} {
				if a := c.must(400, "POST", path+query, body); a.str("message") != "Make sure you submit a valid number of queue members" {
					t.Errorf("message %q", a.str("message"))
				}
			}
		}
		if a := c.must(204, "POST", path, all[:100]); a.text != "" {
			t.Errorf("body %q", a.text)
		}
		c.must(204, "POST", path, all[50:101][:51])
		c.must(204, "POST", path, all[:100])
		if n := len(c.org.Members(q)); n != 101 {
			t.Errorf("%d members", n)
		}
	})
	t.Run("are listed without a total, 100 at most a page", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(120)
		path := "/routing/queues/" + q + "/members"
		c.must(204, "POST", path, all[:100])
		c.must(204, "POST", path, all[100:])
		c.must(400, "GET", path+"?pageSize=101", nil)
		first, second := c.get(path+"?pageSize=100"), c.get(path+"?pageSize=100&pageNumber=2")
		if len(first.entities()) != 100 || len(second.entities()) != 20 {
			t.Errorf("pages of %d and %d", len(first.entities()), len(second.entities()))
		}
		if _, there := first.object["total"]; there {
			t.Error("there is a total")
		}
		if n := len(c.get(path).entities()); n != 25 {
			t.Errorf("default page of %d", n)
		}
		if n := len(c.get(path + "?pageSize=100&pageNumber=3").entities()); n != 0 {
			t.Errorf("third page of %d", n)
		}
	})
	t.Run("are removed by POST delete=true and by DELETE; who is not there is passed over, or 404", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(3)
		path := "/routing/queues/" + q + "/members"
		c.must(204, "POST", path, all[:2])
		c.must(204, "POST", path+"?delete=true", all[1:])
		c.must(404, "DELETE", path+"/"+all[1]["id"].(string), nil)
		c.must(204, "DELETE", path+"/"+all[0]["id"].(string), nil)
		if n := len(c.org.Members(q)); n != 0 {
			t.Errorf("%d members", n)
		}
	})
	t.Run("through a group are told apart and can not be removed as users", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(3)
		path := "/routing/queues/" + q + "/members"
		hand, group, both := all[0]["id"].(string), all[1]["id"].(string), all[2]["id"].(string)
		do(t, c.org.AddGroupMembers(q, group, both))
		do(t, c.org.AddMembers(q, hand, both))
		for query, want := range map[string][]any{
			"":                {group, both, hand},
			"?memberBy=user":  {both, hand},
			"?memberBy=group": {group, both},
		} {
			if diff := cmp.Diff(want, c.get(path+query).column("id")); diff != "" {
				t.Errorf("%q: %s", query, diff)
			}
		}
		c.must(204, "POST", path+"?delete=true", all)
		c.must(404, "DELETE", path+"/"+group, nil)
		if diff := cmp.Diff([]any{group, both}, c.get(path).column("id")); diff != "" {
			t.Error(diff)
		}
		a := c.get("/routing/queues/" + q)
		if a.num("memberCount") != 2 || a.num("userMemberCount") != 0 || a.num("joinedMemberCount") != 2 {
			t.Errorf("counts: %s", a.text)
		}
	})
	t.Run("an unknown or deleted user fails the call, or is passed over where so set", func(t *testing.T) {
		for _, ignored := range []bool{false, true} {
			c := newCaller(t, exorgtest.WithUnknownMembersIgnored(ignored))
			q, all := c.newQueue("Q", ""), c.crowd(2)
			do(t, c.org.DeleteUser(all[1]["id"].(string)))
			want, n := 404, 0
			if ignored {
				want, n = 204, 1
			}
			c.must(want, "POST", "/routing/queues/"+q+"/members", append(all, object{"id": "nobody"}))
			if got := len(c.org.Members(q)); got != n {
				t.Errorf("ignored %t: %d members", ignored, got)
			}
		}
	})
	t.Run("join and unjoin in bulk; who is no member is passed over", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(2)
		path := "/routing/queues/" + q + "/members"
		c.must(204, "POST", path, all[:1])
		id := all[0]["id"].(string)
		c.must(200, "PATCH", path, []object{{"id": id, "joined": false}, {"id": all[1]["id"], "joined": true}})
		if diff := cmp.Diff([]exorgtest.Member{{UserID: id, Ring: 1, ByUser: true}}, c.org.Members(q)); diff != "" {
			t.Error(diff)
		}
		if got := c.get("/users/" + id + "/queues").num("total"); got != 0 {
			t.Errorf("joined to %d", got)
		}
		if diff := cmp.Diff([]any{q}, c.get("/users/"+id+"/queues?joined=false").column("id")); diff != "" {
			t.Error(diff)
		}
		if got := len(c.get(path + "?joined=true").entities()); got != 0 {
			t.Errorf("%d joined", got)
		}
	})
	t.Run("one member's PATCH is 404 just after the add", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithMemberLag(10*time.Second))
		q, all := c.newQueue("Q", ""), c.crowd(1)
		path := "/routing/queues/" + q + "/members"
		c.must(204, "POST", path, all)
		one := path + "/" + all[0]["id"].(string)
		c.must(404, "PATCH", one, object{"ringNumber": 3})
		clock.move(10 * time.Second)
		c.must(202, "PATCH", one, object{"ringNumber": 3})
		c.must(400, "PATCH", one, object{"ringNumber": 7})
		if got := c.org.Members(q)[0]; got.Ring != 3 || !got.Joined {
			t.Errorf("member %+v", got)
		}
		c.must(204, "POST", path, all) // adding again touches neither ring nor joined
		if got := c.org.Members(q)[0].Ring; got != 3 {
			t.Errorf("ring %d", got)
		}
	})
	t.Run("a list after the write is stale", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithReadLag(time.Minute))
		q, all := c.newQueue("Q", ""), c.crowd(2)
		path := "/routing/queues/" + q + "/members"
		clock.move(time.Minute)
		c.must(204, "POST", path, all)
		if got := c.get(path).entities(); len(got) != 0 {
			t.Errorf("fresh: %v", got)
		}
		clock.move(time.Minute)
		c.must(204, "POST", path+"?delete=true", all[:1])
		if got := c.get(path).entities(); len(got) != 2 {
			t.Errorf("fresh: %v", got)
		}
		clock.move(time.Minute)
		if got := c.get(path).entities(); len(got) != 1 {
			t.Errorf("stale: %v", got)
		}
	})
	t.Run("come and go many times without a trace", func(t *testing.T) {
		c := newCaller(t)
		q, all := c.newQueue("Q", ""), c.crowd(10)
		path := "/routing/queues/" + q + "/members"
		for range 30 {
			c.must(204, "POST", path, all)
			c.must(204, "POST", path+"?delete=true", all[:9])
		}
		if diff := cmp.Diff([]any{all[9]["id"]}, c.get(path).column("id")); diff != "" {
			t.Error(diff)
		}
		if a := c.get("/routing/queues/" + q); a.num("memberCount") != 1 {
			t.Errorf("memberCount %d", a.num("memberCount"))
		}
	})
}
