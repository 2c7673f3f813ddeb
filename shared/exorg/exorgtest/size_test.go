package exorgtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"excs/shared/exorg/exorgtest"
)

// big fills an organisation by hand: users, queues, and memberships of every queue in turn.
func big(tb testing.TB, users, queues, perQueue int) (org *exorgtest.Org, userIDs, queueIDs []string) {
	tb.Helper()
	org = exorgtest.New()
	must := func(id string, err error) string {
		if err != nil {
			tb.Fatal(err)
		}
		return id
	}
	for i := range users {
		userIDs = append(userIDs, must(org.AddUser(map[string]any{"name": fmt.Sprint("User ", i), "email": fmt.Sprintf("u%d@example.com", i)})))
	}
	for i := range queues {
		id := must(org.AddQueue(map[string]any{"name": fmt.Sprint("Queue ", i), "peerId": fmt.Sprint(i)}))
		members := make([]string, 0, perQueue)
		for j := range perQueue {
			members = append(members, userIDs[(i*perQueue+j)%users])
		}
		if err := org.AddMembers(id, members...); err != nil {
			tb.Fatal(err)
		}
		queueIDs = append(queueIDs, id)
	}
	return org, userIDs, queueIDs
}

// BenchmarkRequests measures requests against a full-size organisation, without a socket: 30,000 users, 5,000 queues, 1,000,000 members.
func BenchmarkRequests(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	org, users, queues := big(b, 30000, 5000, 200)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("the organisation takes %d MB", (after.HeapAlloc-before.HeapAlloc)>>20)
	c := &caller{t: b, org: org, http: org.Client(), base: "http://exorg.invalid"}
	c.login()
	for _, tc := range []struct {
		name   string
		method string
		path   func(i int) string
		body   func(i int) any
	}{
		{"GET user", "GET", func(i int) string { return "/users/" + users[i%len(users)] }, nil},
		{"POST user", "POST", func(int) string { return "/users" }, func(i int) any {
			return object{"name": "New", "email": fmt.Sprintf("n%d-%d@example.com", b.N, i), "divisionId": org.HomeDivision(), "state": "active"}
		}},
		{"GET queue by peer", "GET", func(i int) string { return fmt.Sprint("/routing/queues?peerId=", i%len(queues)) }, nil},
		{"POST member", "POST", func(i int) string { return "/routing/queues/" + queues[i%len(queues)] + "/members" }, func(i int) any {
			return []object{{"id": users[(i*7)%len(users)]}}
		}},
		{"GET members", "GET", func(i int) string { return "/routing/queues/" + queues[i%len(queues)] + "/members?pageSize=100" }, nil},
		{"GET 500 users", "GET", func(i int) string { return fmt.Sprint("/users?pageSize=500&pageNumber=", 1+i%20) }, nil},
	} {
		b.Run(tc.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				var body any
				if tc.body != nil {
					body = tc.body(i)
				}
				r := c.request(tc.method, "/api/v2"+tc.path(i), body)
				resp, err := c.http.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode >= http.StatusMultipleChoices {
					b.Fatalf("status %d", resp.StatusCode)
				}
				i++
			}
		})
	}
}
