package exorgtest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"excs/shared/exorg/exorgtest"
)

// TestLagShowsThePastWhole: whatever is done in whatever order, a lagging list shows exactly what there was then, and a lagging read by id
// shows the object as it was then.
func TestLagShowsThePastWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const lag = 10 * time.Second
		clock := newHandClock()
		org := exorgtest.New(clock.option(), exorgtest.WithIndexLag(lag), exorgtest.WithReadLag(lag), exorgtest.WithLog(0))
		c := &caller{t: t, org: org, http: org.Client(), base: "http://exorg.invalid"}
		c.login()
		type state struct {
			at    time.Time
			names map[string]string
		}
		now := map[string]string{}
		past := []state{{at: clock.Now(), names: map[string]string{}}}
		for step := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			ids := slices.Sorted(maps.Keys(now))
			switch op := rapid.IntRange(0, 3).Draw(rt, "op"); {
			case op == 0 || len(ids) == 0:
				name := fmt.Sprint("n", step)
				now[made(t)(org.AddCode(object{"name": name}))] = name
			case op == 1:
				id := rapid.SampledFrom(ids).Draw(rt, "id")
				now[id] = fmt.Sprint("r", step)
				do(t, org.EditCode(id, func(raw map[string]any) { raw["name"] = now[id] }))
			case op == 2:
				id := rapid.SampledFrom(ids).Draw(rt, "id")
				delete(now, id)
				do(t, org.DeleteCode(id))
			}
			past = append(past, state{at: clock.Now(), names: maps.Clone(now)})
			clock.move(time.Duration(rapid.IntRange(0, 8).Draw(rt, "seconds")) * time.Second)

			want := map[string]string{}
			for _, s := range past {
				if !s.at.After(clock.Now().Add(-lag)) {
					want = s.names
				}
			}
			got := map[string]string{}
			for _, e := range c.get("/routing/wrapupcodes?pageSize=100").entities() {
				got[e.(object)["id"].(string)] = e.(object)["name"].(string)
			}
			if !maps.Equal(want, got) {
				rt.Fatalf("listed %v, want %v", got, want)
			}
			for id, name := range want {
				if got := c.get("/routing/wrapupcodes/" + id).str("name"); got != name {
					rt.Fatalf("read %q, want %q", got, name)
				}
				if got := c.get("/routing/wrapupcodes?name=" + name).column("id"); !slices.Contains(got, any(id)) {
					rt.Fatalf("%q is not found by its name of then: %v", name, got)
				}
			}
		}
	})
}

// TestManyAtOnce: of many who create one thing, one succeeds; and the sums of a queue are right after a crowd has come and gone.
func TestManyAtOnce(t *testing.T) {
	org := exorgtest.New()
	q := made(t)(org.AddQueue(object{"name": "Q"}))
	const crowd = 40
	statuses := make([]int, crowd)
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			c := &caller{t: t, org: org, http: org.Client(), base: "http://exorg.invalid"}
			c.login()
			statuses[i] = c.call("POST", "/users", object{"name": "A", "email": "one@x.de", "divisionId": org.HomeDivision()}).status
			id := c.newUser(fmt.Sprintf("u%d@x.de", i))
			for range 5 {
				c.must(204, "POST", "/routing/queues/"+q+"/members", []object{{"id": id}})
				c.get("/routing/queues/" + q + "/members?pageSize=100")
				if i%2 == 0 {
					c.must(204, "POST", "/routing/queues/"+q+"/members?delete=true", []object{{"id": id}})
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 409 || statuses[crowd-1] != 409 {
		t.Errorf("answers %v", statuses)
	}
	if got, _ := org.Queue(q); got.Members != crowd/2 || len(org.Members(q)) != crowd/2 {
		t.Errorf("%d members, counted %d", len(org.Members(q)), got.Members)
	}
	last := 0
	for _, ch := range org.Changes() {
		if ch.Seq != last+1 {
			t.Fatalf("change %d follows %d", ch.Seq, last)
		}
		last = ch.Seq
	}
}

// TestManyComeAndGo: objects that were removed leave nothing behind that a list would show.
func TestManyComeAndGo(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Second} {
		clock := newHandClock()
		c := newCaller(t, clock.option(), exorgtest.WithIndexLag(lag))
		for round := range 3 {
			ids := []string{}
			for i := range 100 {
				ids = append(ids, made(t)(c.org.AddCode(object{"name": fmt.Sprint(i)})))
			}
			clock.move(time.Second)
			for _, id := range ids[1:] {
				do(t, c.org.DeleteCode(id))
			}
			clock.move(time.Second)
			if got := c.get("/routing/wrapupcodes").column("name"); len(got) != 1 || got[0] != "0" {
				t.Errorf("round %d: %v", round, got)
			}
			do(t, c.org.DeleteCode(ids[0]))
		}
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("inner", func(t *testing.T) {
		c := newSocketCaller(t)
		c.newUser("a@x.de")
	})
}

func TestDirectClientHeedsTheContext(t *testing.T) {
	c := newCaller(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	resp, err := c.http.Do(c.request("GET", "/api/v2/users", nil).WithContext(ctx))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestExtensionNeedsItsPermission(t *testing.T) {
	c := newCaller(t)
	id := c.newUser("a@x.de")
	with := func(x string) []object { return []object{{"mediaType": "PHONE", "type": "WORK", "extension": x}} }
	c.must(200, "PATCH", "/users/"+id, object{"version": 1, "addresses": with("100")})
	c.org.Deny("", "telephony:extension:assign")
	c.must(200, "PATCH", "/users/"+id, object{"version": 2, "addresses": with("100")})
	a := c.must(403, "PATCH", "/users/"+id, object{"version": 3, "addresses": with("101")})
	if !strings.Contains(a.str("message"), "telephony:extension:assign") {
		t.Errorf("message %q", a.str("message"))
	}
}
