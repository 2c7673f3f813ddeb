package apply_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// A queue is put only when its name or peer id differ: whatever else people change stays, byte for byte.
func TestAQueueIsPutOnlyForNameOrPeerID(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line())
		id := b.exID(line())
		b.ok(b.org.EditQueue(id, func(raw map[string]any) {
			raw["description"], raw["acwSettings"] = "for customers", map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 12000}
		}))
		time.Sleep(2 * time.Minute)
		b.org.ResetCounters()
		b.drift(line().Key)
		b.same("writes", len(b.writes()), 0)
		before, _ := b.org.Raw(exorgtest.KindQueue, id)

		b.ok(b.org.EditQueue(id, func(raw map[string]any) { raw["name"], raw["peerId"] = "Renamed", "99" }))
		b.drift(line().Key)
		b.same("writes", b.writes(), []string{"PUT /api/v2/routing/queues/{queueId}"})
		after, _ := b.org.Raw(exorgtest.KindQueue, id)
		for _, m := range []map[string]any{before, after} {
			delete(m, "dateModified")
			delete(m, "modifiedBy")
		}
		b.same("the queue", after, before)
		b.quiet()
	})
}

// Within a minute of an own write a queue is not put: the read may be old, and the PUT would undo somebody's edit.
func TestAQueueRestsAfterAnOwnWrite(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(21, "Line"), code(31, "Sold"))
		written := time.Now()
		b.want(queueOf(21, "Hotline"), code(31, "Bought"))
		b.drain()
		b.same("code, which has no such rest", b.org.Codes()[0].Name, "Bought")
		if until := b.state(line().Key, mapping.StateWaiting).WaitUntil; until.Before(written.Add(time.Minute)) {
			b.Errorf("it waits until %s", until.Sub(written))
		}
		b.same("name", b.exQueue(line()).Name, "Line")
		b.org.ResetCounters()
		b.look(line().Key, model.CauseDrift)
		b.same("calls for a message that comes while it waits", len(b.calls()), 0)
		b.settle()
		b.same("name", b.exQueue(line()).Name, "Hotline")
		b.same("attempts", b.row(line().Key).Attempts, 0)
	})
}

// The row keeps the queue's body and its wrap-up codes as last seen; a queue that was deleted is made again from them, with
// its members.
func TestADeletedQueueIsMadeAgainFromWhatWasSeen(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.have(code(31, "Sold"))
		id := b.exID(line())
		extra := must[string](b)(b.org.AddCode(map[string]any{"name": "By hand"}))
		b.ok(b.org.AssignCodes(id, b.exID(code(31, "")), extra))
		b.ok(b.org.EditQueue(id, func(raw map[string]any) { raw["description"] = "for customers" }))
		time.Sleep(10 * time.Minute)
		b.drift(line().Key)
		row := b.row(line().Key)
		b.same("codes seen", len(row.SeenCodes), 2)
		if !strings.Contains(string(row.Seen), "for customers") {
			b.Errorf("seen body %s", row.Seen)
		}

		b.ok(b.org.DeleteQueue(id))
		b.drift(line().Key)
		q := b.exQueue(line())
		b.same("description", q.Settings["description"], "for customers")
		slices.Sort(q.Codes)
		want := append(b.ids(code(31, "")), extra)
		slices.Sort(want)
		b.same("codes", q.Codes, want)
		b.true(extra)
		b.same("owners of the lost queue", b.owners(model.KindQueue, id), []model.Key{})
		b.quiet()
	})
}

// A code that somebody took off the queue is not put back; one that is gone for good is named in the audit line.
func TestOnlyCodesThatWereThereComeBack(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), code(31, "Sold"), code(32, "Lost"))
		id := b.exID(line())
		gone := must[string](b)(b.org.AddCode(map[string]any{"name": "By hand"}))
		b.ok(b.org.AssignCodes(id, b.exID(code(31, "")), b.exID(code(32, "")), gone))
		time.Sleep(10 * time.Minute)
		b.drift(line().Key)
		b.ok(b.org.UnassignCode(id, b.exID(code(32, ""))))
		b.drift(line().Key)
		b.ok(b.org.DeleteCode(gone))
		b.ok(b.org.DeleteQueue(id))
		b.drift(line().Key)
		b.same("codes", b.exQueue(line()).Codes, b.ids(code(31, "")))
		h := b.row(line().Key).History
		if n := h[len(h)-1].Note; !strings.Contains(n, gone) {
			b.Errorf("the note %q does not name what is lost", n)
		}
		b.quiet()
	})
}

// A wrap-up code that is made again is put back on the queues that it was on, also when a queue is looked at in between.
func TestACodeThatIsMadeAgainIsPutBack(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), queueOf(22, "Desk"), queueOf(23, "None"), code(31, "Sold"))
		for _, q := range []model.Object{line(), queueOf(22, "")} {
			b.ok(b.org.AssignCodes(b.exID(q), b.exID(code(31, ""))))
		}
		time.Sleep(10 * time.Minute)
		b.drift(line().Key)
		b.drift(queueOf(22, "").Key)
		b.ok(b.org.DeleteCode(b.exID(code(31, ""))))
		b.drift(line().Key)
		b.drift(code(31, "").Key)
		for _, q := range []model.Object{line(), queueOf(22, "")} {
			b.same("codes", b.exQueue(q).Codes, b.ids(code(31, "")))
			b.same("codes seen", b.row(q.Key).SeenCodes, b.ids(code(31, "")))
		}
		b.same("codes of the queue that had none", len(b.exQueue(queueOf(23, "")).Codes), 0)
		b.quiet()
	})
}

// 404 right after a creation is lag, not a deletion; later, a second read a minute or more after the first decides.
func TestAbsenceIsBelievedTheSecondTime(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line())
		id := b.exID(line())
		f := b.org.Fail(exorgtest.Fault{Method: http.MethodGet, Route: "/api/v2/routing/queues/{queueId}", Status: http.StatusNotFound, Times: 2})
		b.look(line().Key, model.CauseDrift)
		b.settle()
		b.same("reads that showed nothing", f.Struck(), 2)
		b.same("EX id", b.exID(line()), id)

		b.same("queues made", b.org.Calls()["POST /api/v2/routing/queues"], 1)

		time.Sleep(10 * time.Minute)
		b.org.Fail(exorgtest.Fault{Method: http.MethodGet, Route: "/api/v2/routing/queues/{queueId}", Status: http.StatusNotFound, Times: 1})
		b.drift(line().Key)
		b.same("EX id after one wrong answer", b.exID(line()), id)
		b.same("queues made", b.org.Calls()["POST /api/v2/routing/queues"], 1)

		b.ok(b.org.DeleteQueue(id))
		gone := time.Now()
		b.look(line().Key, model.CauseDrift)
		b.drain()
		b.same("queues", len(b.org.Queues()), 0)
		b.settle()
		b.same("queues", len(b.org.Queues()), 1)
		if time.Since(gone) < time.Minute {
			b.Error("made again within a minute")
		}
	})
}

// A queue that was deleted is still shown for a while, by lists and by a cache. It is made again all the same.
func TestADeletedQueueThatIsStillShownIsMadeAgain(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		time.Sleep(10 * time.Minute)
		id := b.exID(line())
		b.ok(b.org.DeleteQueue(id))
		b.hint(line().Key, model.CauseDeleted)
		b.drain()
		row := b.state(line().Key, mapping.StateWaiting) // it is shown: a second look follows
		if d := time.Until(row.WaitUntil); d < 80*time.Second || d > 100*time.Second {
			b.Errorf("the second look follows in %s", d)
		}
		b.settle()
		for range 5 { // the cache of a read may outlive the second look; the next notification or sweep finds it
			b.drift(line().Key)
		}
		b.true()
		b.quiet()
	}, exorgtest.WithQueueDeleteLag(80*time.Second))
}

// A notification of a deletion that was none costs one second look, not one after the other.
func TestAFalseDeletionHintEnds(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line())
		b.hint(line().Key, model.CauseDeleted)
		b.drain()
		b.state(line().Key, mapping.StateWaiting)
		b.minutes(2)
		b.state(line().Key, mapping.StateConverged)
		b.hint(line().Key, model.CauseDeleted)
		b.drain()
		time.Sleep(2 * time.Minute)
		b.look(line().Key, model.CauseDeleted) // the second look, whoever asks for it
		b.state(line().Key, mapping.StateConverged)
		b.same("writes", len(b.writes()), 1)
	})
}

// A queue that is gone from Engage is deleted once, also if it is gone from the EX Org already; its row stays for a while.
func TestAQueueGoneFromEngageIsDeleted(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), queueOf(22, "Desk"))
		b.ok(b.org.DeleteQueue(b.exID(queueOf(22, ""))))
		ids := b.ids(line(), queueOf(22, ""))
		b.wish(goal(line(), mapping.GoalAbsent), goal(queueOf(22, "Desk"), mapping.GoalAbsent))
		b.settle()
		b.same("queues", len(b.org.Queues()), 0)
		for i, o := range []model.Object{line(), queueOf(22, "")} {
			b.same("EX id", b.state(o.Key, mapping.StateGone).EXID, "")
			b.same("owners", b.owners(model.KindQueue, ids[i]), []model.Key{})
		}
		b.org.ResetCounters()
		b.hint(line().Key, model.CauseEngage)
		b.settle()
		b.same("calls", len(b.calls()), 0)
	})
}

// holder makes a row that has the EX object, without any work for it.
func (b *bench) holder(o model.Object, exID string) {
	b.Helper()
	row := must[mapping.Row](b)(b.table.PutDesired(b.Context(), b.run, present(o)))
	must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{
		Key: o.Key, Version: row.Version, EXID: exID, Origin: mapping.OriginMade, State: mapping.StateConverged, Applied: o.Fingerprint(),
	}, time.Now()))
}

// A delete leaves a queue alone that another key owns by now.
func TestADeleteLeavesWhatAnotherKeyOwns(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line())
		id := b.exID(line())
		b.wish(goal(line(), mapping.GoalAbsent))
		b.holder(queueOf(22, "Desk"), id)
		b.ok(b.table.Own(b.Context(), model.KindQueue, id, queueOf(22, "").Key, []model.Key{line().Key}, false))
		b.settle()
		b.same("queues", len(b.org.Queues()), 1)
		b.state(line().Key, mapping.StateGone)
		b.same("owners", b.owners(model.KindQueue, id), []model.Key{queueOf(22, "").Key})
		b.same("drawn on the guard", b.drawn(model.KindQueue, plan.ClassRemovals), 0)
	})
}

// An owner without a row, or on its way out, keeps nobody from deleting: it would stay for ever.
func TestADeleteDoesNotStopAtAStaleOwner(t *testing.T) {
	for _, there := range []bool{false, true} {
		in(t, func(b *bench) {
			b.have(line())
			id := b.exID(line())
			if there {
				b.want(queueOf(22, "Desk"))
				b.wish(goal(queueOf(22, "Desk"), mapping.GoalAbsent))
			}
			b.ok(b.table.Own(b.Context(), model.KindQueue, id, queueOf(22, "").Key, []model.Key{line().Key}, false))
			b.wish(goal(line(), mapping.GoalAbsent))
			b.settle()
			b.same("queues", len(b.org.Queues()), 0)
		})
	}
}

// That holds to the last moment: also when the queue goes over after the guard was asked.
func TestADeleteLeavesWhatAnotherKeyGotJustNow(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line())
		id := b.exID(line())
		b.wish(goal(line(), mapping.GoalAbsent))
		b.holder(queueOf(22, "Desk"), id)
		done := false
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "Draw" && !done {
				done = true
				b.ok(b.table.Own(b.Context(), model.KindQueue, id, queueOf(22, "").Key, []model.Key{line().Key}, false))
			}
			return mapping.FaultNone
		})
		b.settle()
		b.same("queues", len(b.org.Queues()), 1)
		b.state(line().Key, mapping.StateGone)
	})
}

// A queue whose creation was begun, with nobody knowing how it ended, is found and deleted when Engage drops it.
func TestABegunQueueIsDeletedToo(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Fail(exorgtest.Fault{Kind: exorgtest.ResetAfter, Method: http.MethodPost, Route: "/api/v2/routing/queues", Times: 1})
		b.want(line())
		b.drain()
		b.same("queues", len(b.org.Queues()), 1)
		b.wish(goal(line(), mapping.GoalAbsent))
		b.settle()
		b.same("queues", len(b.org.Queues()), 0)
		b.state(line().Key, mapping.StateGone)
	}, exorgtest.WithIndexLag(2*time.Minute))
}

// Nothing but queues is ever deleted.
func TestOnlyQueuesAreDeleted(t *testing.T) {
	in(t, func(b *bench) {
		for _, o := range []model.Object{source(), skill(1, "Billing"), code(3, "Sold"), user(5, "Ann")} {
			b.have(o)
			b.wish(goal(o, mapping.GoalAbsent))
			b.settle()
			b.state(o.Key, mapping.StateQuarantined)
			b.onlyOne(o)
		}
		for call := range b.org.Calls() {
			if strings.HasPrefix(call, http.MethodDelete) {
				b.Errorf("called %s", call)
			}
		}
	})
}

// A queue that is to be deleted and that the OAuth client's role does not show is not taken for gone: others of its division are not seen either.
// It is deleted when it can be seen again. One that somebody deleted himself is gone.
func TestADeleteOfAnInvisibleQueue(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), queueOf(22, "Desk"), queueOf(23, "Bar"))
		time.Sleep(10 * time.Minute)
		b.org.Blind(exorgtest.DefaultClientID, b.org.HomeDivision())
		b.wish(goal(line(), mapping.GoalAbsent))
		b.drain()
		row := b.state(line().Key, mapping.StateInvisible)
		b.same("queues", len(b.org.Queues()), 3)
		if !strings.Contains(row.Reason, "answers 404, as the others of its division do") {
			b.Errorf("reason %q", row.Reason)
		}
		b.org.Unblind(exorgtest.DefaultClientID)
		b.minutes(70)
		b.state(line().Key, mapping.StateGone)
		b.same("queues", len(b.org.Queues()), 2)

		b.ok(b.org.DeleteQueue(b.exID(queueOf(22, ""))))
		time.Sleep(10 * time.Minute)
		b.wish(goal(queueOf(22, "Desk"), mapping.GoalAbsent))
		b.drain()
		b.state(queueOf(22, "").Key, mapping.StateGone)
	})
}
