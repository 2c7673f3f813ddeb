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
	"excs/shared/queue"
)

// pause pauses objects, or everything.
func (b *bench) pause(keys ...model.Key) {
	b.Helper()
	add := []mapping.Pause{{Since: time.Now(), Who: "jane", Note: "tonight"}}
	if len(keys) > 0 {
		add = nil
	}
	for _, k := range keys {
		add = append(add, mapping.Pause{Scope: mapping.Scope{Key: k}, Since: time.Now(), Who: "jane"})
	}
	must[mapping.Pauses](b)(b.table.Pause(b.Context(), add))
}

// resume ends every pause.
func (b *bench) resume() {
	b.Helper()
	var all []mapping.Scope
	for _, p := range must[mapping.Pauses](b)(b.table.Pauses(b.Context())) {
		all = append(all, p.Scope)
	}
	must[mapping.Pauses](b)(b.table.Resume(b.Context(), all))
}

// Whatever is to be done, nothing of it is done while everything is paused: no write, no attempt, no dead letter, and each row
// waits for the end of the pause. After that it comes to the same end as without one.
func TestEveryStoryWaitsForAPause(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			in(t, func(b *bench) {
				s.setup(b)
				b.pause()
				b.org.ResetCounters()
				s.act(b)
				b.minutes(15)
				b.same("writes", b.writes(), []string{})
				b.same("letters", len(b.letters()), 0)
				open := must[[]mapping.Item](b)(b.table.List(b.Context(), []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateHeld, mapping.StateQuarantined}, nil))
				b.same("nothing rests", len(open) == 0, false)
				for _, i := range open {
					if i.State != mapping.StateWaiting || !strings.HasPrefix(i.Reason, mapping.Paused+"everything is paused since ") || i.Attempts != 0 {
						b.Errorf("%s is %s after %d attempts: %s", i.Key, i.State, i.Attempts, i.Reason)
					}
				}
				b.resume()
				b.settle()
				s.check(b)
				b.quiet()
			}, s.org...)
		})
	}
}

// A paused object costs one read of what is paused, and no call.
func TestAPausedObjectCostsNoCall(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.pause(ann().Key)
		changed := ann()
		changed.Name = "Anna"
		b.want(changed)
		b.org.ResetCounters()
		reads := 0
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "GetPauses" {
				reads++
			}
			return mapping.FaultNone
		})
		b.drain()
		b.same("calls", len(b.calls()), 0)
		b.same("reads of the pauses", reads, 1)
		row := b.state(ann().Key, mapping.StateWaiting)
		b.same("mark", row.Queued, "<nil>")
		b.same("cause", row.Cause, model.CauseEngage)
	})
}

// A batch of ten reads what is paused once.
func TestABatchReadsThePausesOnce(t *testing.T) {
	in(t, func(b *bench) {
		for i := range int64(10) {
			b.want(code(i+1, "Code "+string(rune('a'+i))))
		}
		reads := 0
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "GetPauses" {
				reads++
			}
			return mapping.FaultNone
		})
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), queue.BatchSize, 0))
		b.answer(b.worker, batch)
		if len(batch) != 10 || reads != 1 {
			b.Errorf("%d messages read the pauses %d times", len(batch), reads)
		}
	})
}

// What is not paused goes on beside it.
func TestOthersGoOn(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.pause(ann().Key)
		x, y := ann(), bob()
		x.Name, y.Name = "Anna", "Bobby"
		b.want(x, y)
		b.drain()
		b.state(y.Key, mapping.StateConverged)
		b.same("the other", b.exUser(y).Name, "Bobby")
		b.same("the paused", b.exUser(x).Name, "Ann")
	})
}

// A hint about a converged object is not lost by a pause: the look after it is as thorough as it would have been, external ids
// included.
func TestAHintSurvivesAPause(t *testing.T) {
	in(t, func(b *bench) {
		b.have(user(5, "Ann"))
		time.Sleep(10 * time.Minute)
		b.pause(user(5, "").Key)
		b.ok(b.org.RemoveExternalID(b.exID(user(5, "")), exorgtest.ExternalID{Authority: b.settings.Users.Authority, Key: "5"}))
		b.hint(user(5, "").Key, model.CauseDrift)
		b.drain()
		row := b.state(user(5, "").Key, mapping.StateWaiting)
		b.same("cause", row.Cause, model.CauseDrift)
		b.resume()
		b.requeue()
		b.settle()
		b.true()
		b.onlyOne(user(5, "Ann"))
	})
}

// A pause that comes before the first write of a look stops it, with what was found out kept; one that comes in the midst of the
// writing lets the object in hand be finished, and the next is not begun.
func TestAPauseInTheMiddle(t *testing.T) {
	t.Run("before the first write", func(t *testing.T) {
		in(t, func(b *bench) {
			peopleThere(b)
			changed := ann()
			changed.Name = "Anna"
			b.want(changed)
			b.wire.on(http.MethodGet, "", func() {
				b.pause()
				time.Sleep(4 * time.Second) // what the worker knows of pauses is old by then
			})
			b.org.ResetCounters()
			b.drain()
			b.same("writes", b.writes(), []string{})
			b.same("attempts", b.state(ann().Key, mapping.StateWaiting).Attempts, 0)
			b.wire.clear()
			b.resume()
			b.settle()
			b.true()
		})
	})
	for name, suffix := range map[string]string{"before a creation": "/divisions/home", "before members come and go": "/members"} {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				skillsThere(b)
				if suffix == "/members" {
					b.have(ann(), bob(), line())
					b.have(membersOf(21, 11))
					b.want(membersOf(21, 12))
				} else {
					b.want(ann())
				}
				b.wire.on(http.MethodGet, suffix, func() {
					b.pause()
					time.Sleep(4 * time.Second)
				})
				b.org.ResetCounters()
				b.drain()
				b.same("writes", b.writes(), []string{})
				b.wire.clear()
				b.resume()
				b.settle()
				b.true()
			})
		})
	}
	t.Run("in the midst of the writing", func(t *testing.T) {
		in(t, func(b *bench) {
			skillsThere(b)
			b.want(ann())
			b.wire.on(http.MethodPost, "/users", func() { b.pause() })
			b.drain()
			b.wire.clear()
			b.state(ann().Key, mapping.StateConverged)
			b.true()
			b.want(bob())
			b.org.ResetCounters()
			b.drain()
			b.same("writes for the next", b.writes(), []string{})
			b.state(bob().Key, mapping.StateWaiting)
		})
	})
}

// Without knowing what is paused nothing is written: the message comes back.
func TestUnknownPausesStopTheWorker(t *testing.T) {
	in(t, func(b *bench) {
		b.want(code(1, "Sold"))
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "GetPauses" {
				return mapping.FaultBefore
			}
			return mapping.FaultNone
		})
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), queue.BatchSize, 0))
		answers := b.worker.Batch(b.Context(), batch)
		b.same("failed", answers[0].Failed, true)
		b.same("writes", b.writes(), []string{})
		b.same("attempts", b.row(code(1, "").Key).Attempts, 0)
	})
}

// A pause of a queue stops its member list; a paused user neither joins nor leaves a queue, while everybody else does, and the
// list costs no call while it waits for that one.
func TestMembersAndPauses(t *testing.T) {
	cid, dan := user(13, "Cid"), user(14, "Dan")
	there := func(b *bench) {
		peopleThere(b)
		b.have(cid, dan)
		time.Sleep(10 * time.Minute)
	}
	t.Run("the queue is paused", func(t *testing.T) {
		in(t, func(b *bench) {
			there(b)
			b.pause(line().Key)
			b.want(membersOf(21, 13, 14))
			b.org.ResetCounters()
			b.minutes(3)
			b.same("calls", len(b.calls()), 0)
			b.resume()
			b.settle()
			b.true()
		})
	})
	t.Run("one who joins and one who leaves are paused", func(t *testing.T) {
		in(t, func(b *bench) {
			there(b)
			b.pause(ann().Key, cid.Key)
			b.want(membersOf(21, 13, 14)) // before: Ann, Bob
			b.drain()
			names := func() []string {
				list := []string{}
				for _, m := range b.org.Members(b.exID(line())) {
					u, _ := b.org.User(m.UserID)
					list = append(list, u.Name)
				}
				slices.Sort(list)
				return list
			}
			b.same("members", names(), []string{"Ann", "Dan"})
			row := b.state(membersOf(21).Key, mapping.StateWaiting)
			if !strings.HasPrefix(row.Reason, mapping.Paused) || row.WaitsFor.IsZero() || row.Attempts != 0 {
				b.Errorf("it waits for %s: %s", row.WaitsFor, row.Reason)
			}
			b.org.ResetCounters()
			time.Sleep(11 * time.Minute)
			b.requeue()
			b.drain()
			b.same("calls for the second look", len(b.calls()), 0)
			b.resume()
			time.Sleep(11 * time.Minute)
			b.requeue()
			b.settle()
			b.same("members", names(), []string{"Cid", "Dan"})
			b.true()
		})
	})
}

// A list that waits for a paused user and for one that can not be made is not done with the first when its pause ends and the
// other is still missing: it looks again.
func TestAListWaitsForThePausedAndTheMissing(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		b.have(user(13, "Cid"))
		time.Sleep(10 * time.Minute)
		b.pause(user(13, "").Key)
		b.want(membersOf(21, 12, 13, 99))
		b.minutes(15)
		names := func() []string {
			list := []string{}
			for _, m := range b.org.Members(b.exID(line())) {
				u, _ := b.org.User(m.UserID)
				list = append(list, u.Name)
			}
			slices.Sort(list)
			return list
		}
		b.same("members", names(), []string{"Bob"})
		b.resume()
		b.minutes(15)
		b.same("members", names(), []string{"Bob", "Cid"})
		b.state(membersOf(21).Key, mapping.StateWaiting)
	})
}

// A code that is made again is put back on the queues that are not paused, and on the others when their pause ends.
func TestACodeReturnsToAPausedQueueLater(t *testing.T) {
	in(t, func(b *bench) {
		desk := queueOf(22, "Desk")
		b.have(code(31, "Sold"), line(), desk)
		for _, q := range []model.Object{line(), desk} {
			b.ok(b.org.AssignCodes(b.exID(q), b.exID(code(31, ""))))
			time.Sleep(10 * time.Minute)
			b.drift(q.Key)
		}
		b.pause(desk.Key)
		b.ok(b.org.DeleteCode(b.exID(code(31, ""))))
		b.hint(code(31, "").Key, model.CauseDeleted)
		b.minutes(30)
		made := b.org.Codes()
		b.same("codes", len(made), 1)
		b.same("on the queue", b.exQueue(line()).Codes, []string{made[0].ID})
		b.same("on the paused queue", len(b.exQueue(desk).Codes), 0)
		b.resume()
		b.minutes(15)
		b.settle()
		b.same("on both", b.exQueue(desk).Codes, b.ids(code(31, "")))
		b.same("codes", len(b.org.Codes()), 1)
		b.true()
	})
}

// An EX object that a paused row stands for is neither taken over nor written to by way of another key.
func TestThePausedIsNotReachedByWayOfOthers(t *testing.T) {
	t.Run("by a takeover", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(user(5, "Ann"))
			b.wish(goal(user(5, "Ann"), mapping.GoalOrphan))
			b.drain()
			b.pause(user(5, "").Key)
			w := present(user(9, "Anna"))
			w.From = user(5, "").Key
			b.org.ResetCounters()
			b.wish(w)
			b.minutes(3)
			b.same("calls", len(b.calls()), 0)
			b.state(user(9, "").Key, mapping.StateWaiting)
			b.resume()
			b.settle()
			b.state(user(9, "").Key, mapping.StateConverged)
			b.same("users", len(b.org.Users()), 1)
		})
	})
	t.Run("by the adoption of what an orphan has", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(code(5, "Sold"))
			id := b.exID(code(5, ""))
			b.wish(goal(code(5, "Sold"), mapping.GoalOrphan))
			b.drain()
			b.pause(code(5, "").Key)
			w := present(code(9, "sold"))
			w.Adopt = id
			b.org.ResetCounters()
			b.wish(w)
			b.minutes(3)
			b.same("writes", b.writes(), []string{})
			b.same("owners", b.owners(model.KindWrapUpCode, id), []model.Key{code(5, "").Key})
			b.resume()
			b.settle()
			b.same("owners", b.owners(model.KindWrapUpCode, id), []model.Key{code(9, "").Key})
		})
	})
	t.Run("by a key of the same name", func(t *testing.T) {
		in(t, func(b *bench) {
			other := code(32, "sold")
			other.SameAs = 31
			b.have(code(31, "Sold"), other)
			b.pause(other.Key)
			b.ok(b.org.EditCode(b.exID(code(31, "")), func(raw map[string]any) { raw["name"] = "Renamed" }))
			b.org.ResetCounters()
			b.hint(code(31, "").Key, model.CauseDrift)
			b.minutes(3)
			b.same("writes", b.writes(), []string{})
			b.resume()
			b.settle()
			b.same("name", b.org.Codes()[0].Name, "Sold")
		})
	})
}

// What needs a paused object waits as for anything that does not come by itself: it does not ask every minute.
func TestWhatNeedsThePausedIsPatient(t *testing.T) {
	in(t, func(b *bench) {
		b.pause(billing().Key)
		b.want(billing(), bob())
		b.drain()
		b.minutes(2)
		row := b.state(bob().Key, mapping.StateWaiting)
		if left := time.Until(row.WaitUntil); left < 5*time.Minute {
			b.Errorf("it asks again in %s", left)
		}
		b.same("the user is there", b.exUser(bob()).Name, "Bob")
		b.resume()
		b.minutes(15)
		b.settle()
		b.true()
	})
}
