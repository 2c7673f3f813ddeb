package exorgtest_test

import (
	"fmt"

	"excs/shared/exorg/exorgtest"
)

// An organisation in which an administrator works by hand: no request, no token, but a history of changes and audit events.
func ExampleOrg_Changes() {
	org := exorgtest.New()
	queue, err := org.AddQueue(map[string]any{"name": "Sales", "peerId": "101"})
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := org.AddUser(map[string]any{"name": "Ada", "email": "ada@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := org.AddMembers(queue, user); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range org.Changes() {
		fmt.Println(c.Kind, c.Action, c.Name)
	}
	fmt.Println("events:", len(org.Events()), "requests:", org.Totals().Calls)
	// Output:
	// queue Create Sales
	// user Create Ada
	// queue MemberAdd Sales
	// events: 3 requests: 0
}

// A fault that strikes the first two creates after they were done: the caller is told 503, the user is there.
func ExampleOrg_Fail() {
	org := exorgtest.New()
	f := org.Fail(exorgtest.Fault{Kind: exorgtest.AnswerAfter, Method: "POST", Route: "/api/v2/users", Times: 2})
	fmt.Println("struck", f.Struck(), "times so far")
	// Output: struck 0 times so far
}
