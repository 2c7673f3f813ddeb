package apply_test

import (
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// An orphan keeps its EX queue and its name. A queue that is to be called like it keeps its id and its former name and says which
// orphan that is, and whoever waits for that former name is told with its reason: neither of them is just on its way.
func TestAnOrphanKeepsItsName(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(1, "Sales"), queueOf(2, "Service"), queueOf(3, "Third"))
		ids := []string{b.exID(queueOf(1, "")), b.exID(queueOf(2, "")), b.exID(queueOf(3, ""))}
		b.wish(goal(queueOf(1, "Sales"), mapping.GoalOrphan))
		b.want(queueOf(2, "Sales"), queueOf(3, "Service"))
		b.minutes(120)
		refused := b.state(queueOf(2, "").Key, mapping.StateQuarantined)
		if !strings.Contains(refused.Reason, "an orphan that was queue/1, has the new name of queue/2: rename that one in the EX Org") {
			b.Errorf("the reason of the renamed queue: %s", refused.Reason)
		}
		kept := b.state(queueOf(3, "").Key, mapping.StateWaiting)
		if !strings.HasPrefix(kept.Reason, mapping.Kept+"queue/2 ") {
			b.Errorf("the reason of the queue behind it: %s", kept.Reason)
		}
		for i, name := range []string{"Sales", "Service", "Third"} {
			q, _ := b.org.Queue(ids[i])
			b.same("name", q.Name, name)
		}

		b.ok(b.org.EditQueue(ids[0], func(raw map[string]any) { raw["name"] = "Sales (old)" }))
		_, err := b.table.Release(b.Context(), refused.Key, 0, false, model.CauseManual, time.Now())
		b.ok(err)
		b.minutes(30)
		b.same("name", b.exQueue(queueOf(2, "")).Name, "Sales")
		b.same("name", b.exQueue(queueOf(3, "")).Name, "Service")
	})
}

// The same of an address that the user of a Person who is gone has.
func TestAnOrphanKeepsItsAddress(t *testing.T) {
	in(t, func(b *bench) {
		ann, bob := user(1, "Ann"), user(2, "Bob")
		b.have(ann, bob)
		b.wish(goal(ann, mapping.GoalOrphan))
		moved := bob
		moved.Email = ann.Email
		b.want(moved)
		b.minutes(30)
		row := b.state(bob.Key, mapping.StateWaiting)
		if !row.Refusing() || !strings.Contains(row.Reason, "an orphan that was user/1, has the new e-mail address of user/2: free the address there") {
			b.Errorf("the reason: %s", row.Reason)
		}
		if u := b.exUser(bob); u.Email != bob.Email || u.Name != "Bob" {
			b.Errorf("the user is %+v", u)
		}
	})
}

// A name that cannot be had holds up no other part: a queue that was re-created in Engage and renamed at once gets its peer id.
func TestATakenNameHoldsUpNoPeerID(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(1, "Sales"), queueOf(2, "Service"))
		id := b.exID(queueOf(2, ""))
		b.wish(goal(queueOf(1, "Sales"), mapping.GoalOrphan))
		heir := present(queueOf(3, "Sales"))
		heir.From = queueOf(2, "").Key
		b.keys[queueOf(2, "").Key] = false
		b.wish(heir)
		b.minutes(30)
		q, _ := b.org.Queue(id)
		b.same("peer id and name", []string{q.PeerID, q.Name}, []string{"3", "Service"})
		b.same("EX id", b.exID(queueOf(3, "")), id)
	})
}

// A queue that is gone from the EX Org and can not be made again, because another that is kept from its own name has its name, says
// so and goes on saying it: it does not begin with the first of two reads again and again.
func TestAQueueThatCanNotBeMadeAgainIsListed(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(1, "Sales"), queueOf(2, "Service"))
		one := b.row(queueOf(1, "").Key)
		_, err := b.table.Record(b.Context(), mapping.Outcome{
			Key: one.Key, Version: one.Version, State: mapping.StateWaiting, Reason: mapping.Kept + "for the test", WaitUntil: time.Now().Add(24 * time.Hour),
		}, time.Now())
		b.ok(err)
		b.ok(b.org.DeleteQueue(b.exID(queueOf(2, ""))))
		b.ok(b.org.EditQueue(one.EXID, func(raw map[string]any) { raw["name"] = "Service" }))
		time.Sleep(time.Hour)
		b.hint(queueOf(2, "").Key, model.CauseDrift)
		b.minutes(20)
		for range 30 {
			b.minutes(1)
			if row := b.row(queueOf(2, "").Key); !strings.HasPrefix(row.Reason, mapping.Kept+"queue/1 ") {
				b.Fatalf("the row is %s: %s", row.State, row.Reason)
			}
		}
	})
}
