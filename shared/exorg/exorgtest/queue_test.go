package exorgtest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

func TestQueueLists(t *testing.T) {
	c := newCaller(t)
	bare, peered := c.newQueue("Sales bare", ""), c.newQueue("Sales peered", "101")
	other := c.newQueue("Other", "102")
	for query, want := range map[string][]any{
		"":                                    {bare}, // with a peer and without are listed apart
		"?hasPeer=false":                      {bare},
		"?hasPeer=true":                       {other, peered}, // by name
		"?peerId=101":                         {peered},
		"?peerId=101&peerId=102":              {other, peered},
		"?peerId=999":                         {},
		"?peerId=101&hasPeer=true":            {peered},
		"?hasPeer=true&name=sales*":           {peered},
		"?name=sales*":                        {bare},
		"?name=*bare":                         {bare},
		"?name=*les%20ba*":                    {bare},
		"?name=sales":                         {},
		"?name=SALES%20BARE":                  {bare},
		"?id=" + bare + "&id=" + peered:       {bare, peered},
		"?hasPeer=true&sortOrder=desc":        {peered, other},
		"?divisionId=" + c.org.HomeDivision(): {bare},
		"?divisionId=nowhere":                 {},
	} {
		if diff := cmp.Diff(want, c.get("/routing/queues"+query).column("id")); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	if got := c.get("/routing/queues/divisionviews/all").num("total"); got != 3 {
		t.Errorf("%d division views", got)
	}
}

func TestQueuePut(t *testing.T) {
	t.Run("is a full replace: what it leaves out is back at its default", func(t *testing.T) {
		c := newCaller(t)
		id := made(t)(c.org.AddQueue(object{
			"name": "Sales", "peerId": "7", "description": "by hand", "skillEvaluationMethod": "ALL",
			"acwSettings": object{"wrapupPrompt": "OPTIONAL"}, "callingPartyName": "ACME",
		}))
		do(t, c.org.AddMembers(id, c.newUser("a@x.de")))
		code := c.newCode("Done")
		do(t, c.org.AssignCodes(id, code))
		c.must(200, "PUT", "/routing/queues/"+id, object{"name": "Sales 2"})
		got := c.get("/routing/queues/" + id)
		fresh := c.get("/routing/queues/" + c.newQueue("Fresh", ""))
		for _, k := range []string{"description", "skillEvaluationMethod", "acwSettings", "callingPartyName", "peerId", "mediaSettings"} {
			if diff := cmp.Diff(fresh.object[k], got.object[k]); diff != "" {
				t.Errorf("%s is not at its default: %s", k, diff)
			}
		}
		q, _ := c.org.Queue(id)
		if q.Name != "Sales 2" || q.Members != 1 || !cmp.Equal(q.Codes, []string{code}) {
			t.Errorf("queue %+v", q)
		}
	})
	t.Run("GET, overlay, PUT keeps everything else", func(t *testing.T) {
		c := newCaller(t)
		id := made(t)(c.org.AddQueue(object{"name": "Sales", "description": "by hand", "acwSettings": object{"wrapupPrompt": "OPTIONAL"}}))
		before, _ := c.org.Raw(exorgtest.KindQueue, id)
		body := c.get("/routing/queues/" + id).object
		body["name"] = "Renamed"
		c.must(200, "PUT", "/routing/queues/"+id, body)
		after, _ := c.org.Raw(exorgtest.KindQueue, id)
		for _, moved := range []string{"name", "dateModified", "modifiedBy"} {
			delete(before, moved)
			delete(after, moved)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("has no version, and does not move the division", func(t *testing.T) {
		c := newCaller(t)
		id, other := c.newQueue("Q", ""), made(t)(c.org.AddDivision("Other"))
		c.must(200, "PUT", "/routing/queues/"+id, object{"name": "Q", "division": object{"id": other}})
		if q, _ := c.org.Queue(id); q.DivisionID != c.org.HomeDivision() {
			t.Error("the division was moved")
		}
		c.must(204, "POST", "/authorization/divisions/"+other+"/objects/QUEUE", []string{id})
		if q, _ := c.org.Queue(id); q.DivisionID != other {
			t.Error("the division was not moved")
		}
	})
}

func TestQueueNames(t *testing.T) {
	for _, status := range []int{400, 409} {
		c := newCaller(t, exorgtest.WithDuplicateStatus(status))
		id := c.newQueue("Sales", "7")
		c.must(status, "POST", "/routing/queues", object{"name": "sales", "peerId": "8"})
		c.must(status, "PUT", "/routing/queues/"+c.newQueue("Other", ""), object{"name": "SALES"})
		c.must(200, "PUT", "/routing/queues/"+id, object{"name": "SALES", "peerId": "7"}) // a change of case only
	}
	c := newCaller(t)
	c.must(400, "POST", "/routing/queues", object{"name": "a*b"})
	c.must(400, "POST", "/routing/queues", object{"name": strings.Repeat("ä", 257)})
	c.must(200, "POST", "/routing/queues", object{"name": strings.Repeat("ä", 256)})
	c.sloppy = true
	c.must(400, "POST", "/routing/queues", object{"name": " "})
}

func TestQueueCreateCopiesAnother(t *testing.T) {
	c := newCaller(t)
	from := made(t)(c.org.AddQueue(object{"name": "From", "description": "copied"}))
	a := c.must(200, "POST", "/routing/queues", object{"name": "To", "sourceQueueId": from})
	if a.str("description") != "copied" {
		t.Errorf("description %q", a.str("description"))
	}
}

func TestQueueDelete(t *testing.T) {
	t.Run("is seen for a while, then gone", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithQueueDeleteLag(5*time.Second))
		id := c.newQueue("Q", "")
		c.must(204, "DELETE", "/routing/queues/"+id+"?forceDelete=true", nil)
		c.must(200, "GET", "/routing/queues/"+id, nil)
		c.must(404, "PUT", "/routing/queues/"+id, object{"name": "Q"})
		if got := c.get("/routing/queues").num("total"); got != 1 {
			t.Errorf("%d listed", got)
		}
		c.must(400, "POST", "/routing/queues", object{"name": "Q"}) // the name is held until it is gone
		clock.move(5 * time.Second)
		c.must(404, "GET", "/routing/queues/"+id, nil)
		if got := c.get("/routing/queues").num("total"); got != 0 {
			t.Errorf("%d listed", got)
		}
		c.newQueue("Q", "")
	})
	t.Run("a read too early brings it back for a minute", func(t *testing.T) {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithQueueDeleteLag(5*time.Second), exorgtest.WithQueueCache(time.Minute))
		read, unread := c.newQueue("Read", ""), c.newQueue("Unread", "")
		c.must(204, "DELETE", "/routing/queues/"+read, nil)
		c.must(204, "DELETE", "/routing/queues/"+unread, nil)
		c.must(200, "GET", "/routing/queues/"+read, nil)
		clock.move(30 * time.Second)
		c.must(200, "GET", "/routing/queues/"+read, nil)
		c.must(404, "GET", "/routing/queues/"+unread, nil)
		clock.move(31 * time.Second)
		c.must(404, "GET", "/routing/queues/"+read, nil)
	})
	t.Run("takes the memberships along", func(t *testing.T) {
		c := newCaller(t)
		id, u := c.newQueue("Q", ""), c.newUser("a@x.de")
		do(t, c.org.AddMembers(id, u))
		c.must(204, "DELETE", "/routing/queues/"+id, nil)
		c.must(404, "DELETE", "/routing/queues/"+id, nil)
		if got := c.get("/users/" + u + "/queues").num("total"); got != 0 {
			t.Errorf("member of %d", got)
		}
	})
}

func TestQueueLimit(t *testing.T) {
	c := newCaller(t, exorgtest.WithLimits(2, 3))
	c.newQueue("1", "")
	id := c.newQueue("2", "")
	a := c.must(400, "POST", "/routing/queues", object{"name": "3"})
	if limit, _ := a.object["limit"].(object); limit["value"] != 2.0 {
		t.Errorf("limit %v", a.object["limit"])
	}
	users := []object{}
	for _, e := range []string{"a@x.de", "b@x.de", "c@x.de", "d@x.de"} {
		users = append(users, object{"id": c.newUser(e)})
	}
	c.must(400, "POST", "/routing/queues/"+id+"/members", users)
	c.must(204, "POST", "/routing/queues/"+id+"/members", users[:3])
	c.must(204, "POST", "/routing/queues/"+id+"/members", users[:3]) // nobody new
	c.must(204, "DELETE", "/routing/queues/"+id, nil)
	c.newQueue("3", "")
}

func TestQueueIsFoundByPeerLate(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithIndexLag(10*time.Second))
	id := c.newQueue("Q", "7")
	if got := c.get("/routing/queues?peerId=7").column("id"); len(got) != 0 {
		t.Errorf("found at once: %v", got)
	}
	clock.move(10 * time.Second)
	c.must(200, "PUT", "/routing/queues/"+id, object{"name": "Q", "peerId": "8"})
	if got := c.get("/routing/queues?peerId=7").column("id"); len(got) != 1 {
		t.Errorf("the old peer is forgotten at once: %v", got)
	}
	if got := c.get("/routing/queues?hasPeer=true&name=" + url.QueryEscape("q*")).column("peerId"); !cmp.Equal(got, []any{"7"}) {
		t.Errorf("peer %v", got)
	}
	clock.move(10 * time.Second)
	if got := c.get("/routing/queues?peerId=8").column("id"); len(got) != 1 {
		t.Errorf("the new peer is not found: %v", got)
	}
}
