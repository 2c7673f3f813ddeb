package apply_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

func people(n int64) (objects []model.Object, dbids []int64) {
	for i := range n {
		objects = append(objects, user(100+i, fmt.Sprint("P", i)))
		dbids = append(dbids, 100+i)
	}
	return objects, dbids
}

// The members of a new queue cost one call per hundred and no read; later changes cost a read and what differs.
func TestMembersCostACallPerHundred(t *testing.T) {
	in(t, func(b *bench) {
		users, dbids := people(250)
		b.have(users...)
		b.org.ResetCounters()
		b.want(line(), membersOf(21, dbids...))
		b.settle()
		add := "POST /api/v2/routing/queues/{queueId}/members"
		b.same("calls", b.calls(), []string{"POST /api/v2/routing/queues", add, add, add})
		b.true()
		b.org.ResetCounters()
		b.have(membersOf(21, dbids[:249]...))
		read := "GET /api/v2/routing/queues/{queueId}/members"
		b.same("calls", b.calls(), []string{read, read, read, add})
		b.quiet()
	})
}

// Under control exact who does not belong leaves, but only users that EXCS maps: one put in by hand that Engage does not
// know stays, and so does a member by way of a group.
func TestOnlyMappedUsersLeave(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.have(user(13, "Cid"), user(14, "Dee"))
		id := b.exID(line())
		zoe := b.addUser("Zoe", "zoe@example.org")
		b.ok(b.org.AddMembers(id, zoe, b.exID(user(13, ""))))
		b.ok(b.org.AddGroupMembers(id, b.exID(user(14, ""))))
		b.drift(membersOf(21).Key)
		want := append(b.ids(ann(), bob(), user(14, "")), zoe)
		slices.Sort(want)
		b.same("members", b.memberIDs(line()), want)
		b.quiet()
	})
}

// Additive takes nobody out, ignored touches nothing at all, and a list that may be incomplete only adds.
func TestControlsOfMembers(t *testing.T) {
	tests := map[string]struct {
		set     func(s *rules.Settings)
		addOnly bool
		want    []model.Object
	}{
		"exact":    {func(*rules.Settings) {}, false, []model.Object{bob()}},
		"additive": {func(s *rules.Settings) { s.Members.Control = rules.Additive }, false, []model.Object{ann(), bob()}},
		"ignored":  {func(s *rules.Settings) { s.Members.Control = rules.SetIgnored }, false, []model.Object{ann()}},
		"add only": {func(*rules.Settings) {}, true, []model.Object{ann(), bob()}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				skillsThere(b)
				b.have(ann(), bob(), line())
				b.ok(b.org.AddMembers(b.exID(line()), b.exID(ann())))
				b.set(tt.set)
				o := membersOf(21, 12)
				o.AddOnly = tt.addOnly
				b.have(o)
				b.same("members", b.memberIDs(line()), b.ids(tt.want...))
			})
		})
	}
}

// Control starts with the first link: who sits in the queue by then and does not belong leaves at once.
func TestControlStartsWithTheFirstList(t *testing.T) {
	in(t, func(b *bench) {
		skillsThere(b)
		b.have(ann(), bob(), line())
		b.ok(b.org.AddMembers(b.exID(line()), b.exID(ann())))
		b.have(membersOf(21, 12))
		b.true()
		b.have(membersOf(21))
		b.same("members", len(b.memberIDs(line())), 0)
		h := b.row(membersOf(21).Key).History
		b.same("action", h[len(h)-1].Action, model.ActionEmpty)
	})
}

// Who is in the EX Org joins; who is not yet, or never will be, is waited for without a call.
func TestMembersDoNotWaitForOneAnother(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/users", Body: "Bad", Status: http.StatusForbidden})
		b.want(line(), user(11, "Ann"), user(12, "Bad"), membersOf(21, 11, 12, 99))
		b.minutes(3)
		b.state(user(12, "").Key, mapping.StateQuarantined)
		b.same("members", b.memberIDs(line()), b.ids(user(11, "")))
		b.state(membersOf(21).Key, mapping.StateWaiting)
		b.org.ResetCounters()
		b.minutes(60)
		b.same("calls while it waits", len(b.calls()), 0)
		b.want(user(99, "Late"))
		b.minutes(15)
		b.same("members", b.memberIDs(line()), b.ids(user(11, ""), user(99, "")))
		b.org.Heal()
		must[mapping.Row](b)(b.table.Release(b.Context(), user(12, "").Key, 0, false, model.CauseManual, time.Now()))
		b.settle()
		b.same("members", len(b.memberIDs(line())), 3)
	})
}

// One user that the EX Org does not take does not keep the other hundreds out: it is looked at, and joins when it is back.
func TestABadMemberKeepsNobodyOut(t *testing.T) {
	in(t, func(b *bench) {
		users, dbids := people(230)
		b.have(append(users, line())...)
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteUser(b.exID(users[117])))
		b.ok(b.org.DeleteUser(b.exID(users[229])))
		b.org.ResetCounters()
		b.want(membersOf(21, dbids...))
		b.drain()
		if n := b.org.Calls()["POST /api/v2/routing/queues/{queueId}/members"]; n > 40 {
			b.Errorf("%d calls to find two bad ones", n)
		}
		b.settle()
		b.true()
		b.same("letters", len(b.letters()), 0)
		b.quiet()
	})
}

// A call that is refused whatever it names is a fault of the call: the search for bad members ends.
func TestTheSearchForBadMembersEnds(t *testing.T) {
	in(t, func(b *bench) {
		users, dbids := people(200)
		b.have(append(users, line())...)
		time.Sleep(10 * time.Minute)
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/queues/{queueId}/members", Status: http.StatusBadRequest})
		b.org.ResetCounters()
		b.want(membersOf(21, dbids...))
		b.drain()
		if n := len(b.calls()); n > 80 {
			b.Errorf("%d calls", n)
		}
		b.settle()
		b.state(membersOf(21).Key, mapping.StateQuarantined)
	})
}

// A queue that is gone has its members looked at once it is there again; 404 right after its creation is lag.
func TestMembersFollowTheirQueue(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteQueue(b.exID(line())))
		b.drift(membersOf(21).Key)
		b.true()
		b.same("queues", len(b.org.Queues()), 1)

		f := b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/queues/{queueId}/members", Status: http.StatusNotFound, Times: 2})
		b.want(queueOf(22, "Desk"), membersOf(22, 11))
		b.settle()
		b.true()
		b.same("refused adds", f.Struck(), 2)
		b.same("attempts", b.row(membersOf(22).Key).Attempts, 0)
		b.same("letters", len(b.letters()), 0)
	})
}

// Members of a queue that is on its way out are left to it; of one that can not be made they wait.
func TestMembersOfAQueueThatIsNotThere(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.wish(goal(line(), mapping.GoalAbsent), present(membersOf(21, 11)))
		b.drain()
		b.state(membersOf(21).Key, mapping.StateWaiting)
		if b.row(membersOf(21).Key).Version == 0 {
			b.Error("the row is gone: that is the run's to decide")
		}
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/queues", Status: http.StatusForbidden})
		b.want(queueOf(22, "Desk"), membersOf(22, 11))
		b.drain()
		row := b.state(membersOf(22).Key, mapping.StateWaiting)
		b.same("it waits for", row.WaitsFor, queueOf(22, "").Key)
		b.want(membersOf(23, 11))
		b.drain()
		// A queue that was forgotten has a row again after the next run.
		if row := b.state(membersOf(23).Key, mapping.StateWaiting); !strings.Contains(row.Reason, "queue/23 has no row") || row.WaitsFor != queueOf(23, "").Key {
			b.Errorf("it waits for %s: %q", row.WaitsFor, row.Reason)
		}
	})
}

// Nobody leaves a queue for the sake of a new DBID: neither while the takeover is under way nor after it.
func TestNobodyLeavesDuringATakeover(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.wire.before = func(_ int, r *http.Request) error {
			if r.URL.RawQuery == "delete=true" {
				b.Error("a member was removed")
			}
			return nil
		}
		o := ann()
		o.Key.DBID, o.ExternalKey = 13, "13"
		w := present(o)
		w.From = ann().Key
		b.keys[ann().Key] = false
		b.wish(present(membersOf(21, 12, 13)), w)
		b.look(membersOf(21).Key, model.CauseEngage) // before the takeover
		b.settle()
		b.true()
	})
}

// A key in the owner item of a user is believed only if its row has the user: one that went, or has another user, neither makes
// a member leave nor keeps him in the queue.
func TestStaleOwnersOfMembers(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.have(user(13, "Cid"))
		id := b.exID(line())
		zoe := b.addUser("Zoe", "zoe@example.org")
		b.ok(b.table.Own(b.Context(), model.KindUser, zoe, user(4711, "").Key, nil, false))
		cid := b.exID(user(13, ""))
		b.ok(b.table.Own(b.Context(), model.KindUser, cid, ann().Key, nil, true)) // who belongs, and has another user
		b.ok(b.org.AddMembers(id, zoe, cid))
		b.drift(membersOf(21).Key)
		want := append(b.ids(ann(), bob()), zoe)
		slices.Sort(want)
		b.same("members", b.memberIDs(line()), want)
		b.ok(b.table.Disown(b.Context(), model.KindUser, cid, ann().Key))
		b.ok(b.table.Disown(b.Context(), model.KindUser, zoe, user(4711, "").Key))
		b.quiet()
	})
}

// An EX skill that a stale owner has too is left as an orphan of its own when its key gets another name: else nothing lists it.
func TestAStaleOwnerHidesNoOrphan(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Sales"))
		old := b.exID(skill(1, ""))
		b.ok(b.table.Own(b.Context(), model.KindSkill, old, skill(4711, "").Key, nil, true))
		b.have(skill(1, "Selling"))
		b.orphaned(model.KindSkill, old, "Sales")
	})
}
