package run_test

import (
	"fmt"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// A link that dies at any request of the table leaves an object that comes to rest by itself, with the one EX object or the other.
func TestALinkDiesAtEveryRequest(t *testing.T) {
	t.Parallel()
	for k := 1; k <= 40; k++ {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			t.Parallel()
			h := lot{}.build(t).settled()
			ann := userKey(h.person("Ann").DBID)
			id, err := h.org.AddUser(map[string]any{"name": "Ann by hand", "email": "by.hand@northwind.example"})
			h.do(err)
			calls := 0
			h.Table.SetFault(func(string) mapping.Fault {
				if calls++; calls >= k {
					return mapping.FaultBefore
				}
				return mapping.FaultNone
			})
			_, err = h.Runner.Link(h.ctx, run.LinkRequest{Key: ann, EXID: id, By: run.By{Who: "jane"}})
			h.Table.SetFault(nil)
			if err == nil && k < 10 {
				t.Fatal("it did not die")
			}
			h.pass(2 * time.Minute)
			h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
			h.busy(15)
			row := h.row(ann)
			u, _ := h.org.User(row.EXID)
			// Once the link is done the former user holds the address, which is told and left to people.
			if row.State != mapping.StateConverged && row.EXID != id || row.State == mapping.StateQuarantined || u.Name != "Anna Agent" {
				t.Errorf("the row is %s (%s), the user of %s is called %q", row.State, row.Reason, row.EXID, u.Name)
			}
			if owners, err := h.Table.Owners(h.ctx, model.KindUser, []string{row.EXID}); err != nil || !owners[row.EXID].Names(ann) {
				t.Errorf("the user's owners are %v, %v", owners, err)
			}
		})
	}
}
