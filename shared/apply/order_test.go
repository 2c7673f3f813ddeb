package apply_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"excs/shared/apply"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// postman delivers messages as he likes: late, twice, out of order, and old ones again and again.
type postman struct {
	*bench
	bag []queue.Message
}

// collect takes what is on the queue into the bag.
func (p *postman) collect() {
	p.Helper()
	var fresh []queue.Message
	for {
		batch := must[[]queue.Received](p.bench)(p.work.Receive(p.Context(), queue.BatchSize, 0))
		if len(batch) == 0 {
			slices.SortStableFunc(fresh, func(a, b queue.Message) int { return a.Key.Compare(b.Key) }) // so that a run can be repeated
			p.bag = append(p.bag, fresh...)
			return
		}
		for _, r := range batch {
			fresh = append(fresh, r.Message)
		}
		p.ok(p.work.Delete(p.Context(), batch))
	}
}

// deliver has some messages of the bag looked at; they may stay in it.
func (p *postman) deliver(t *rapid.T) {
	p.Helper()
	for range rapid.IntRange(0, 6).Draw(t, "deliveries") {
		if len(p.bag) == 0 {
			return
		}
		i := rapid.IntRange(0, len(p.bag)-1).Draw(t, "message")
		r, err := p.worker.Look(p.Context(), p.bag[i])
		if err != nil {
			p.Logf("a look fails: %v", err)
		}
		if again := err != nil || r.Again > 0; rapid.Bool().Draw(t, "done") && !again {
			p.bag = slices.Delete(p.bag, i, i+1)
		}
	}
}

// mind is what Engage wants at a time.
type mind struct {
	skills, queues []int // which name each has, a permutation: names are exchanged all the time
	addresses      []int
	users          []model.Object
	members        [][]int64
	// leavers lets users be disabled. Then nobody deletes any: a deleted user whom Engage disables is left deleted (RULES 7.10), with the address
	// that it has, and without its memberships.
	leavers bool
}

func newMind() *mind {
	m := &mind{skills: []int{0, 1, 2}, queues: []int{0, 1, 2}, addresses: []int{0, 1, 2}, members: make([][]int64, 3)}
	for i := range int64(3) {
		m.users = append(m.users, user(i+1, fmt.Sprint("P", i)))
	}
	return m
}

// change makes up one's mind anew on one thing and gives what differs.
func (m *mind) change(t *rapid.T) []model.Object {
	swap := func(of []int) {
		i, j := rapid.IntRange(0, 2).Draw(t, "one"), rapid.IntRange(0, 2).Draw(t, "other")
		of[i], of[j] = of[j], of[i]
	}
	switch rapid.IntRange(0, 4).Draw(t, "change") {
	case 0:
		swap(m.queues)
	case 1:
		swap(m.skills)
	case 2:
		swap(m.addresses)
	case 3:
		u := &m.users[rapid.IntRange(0, 2).Draw(t, "user")]
		if m.leavers {
			u.State = rapid.SampledFrom([]model.UserState{model.StateActive, model.StateInactive}).Draw(t, "state")
		}
		u.Skills = nil
		for i := range int64(3) {
			if rapid.Bool().Draw(t, "has it") {
				u.Skills = append(u.Skills, model.Assignment{DBID: i + 1, Level: model.Proficiency(rapid.IntRange(0, 50).Draw(t, "level"))})
			}
		}
	default:
		q := rapid.IntRange(0, 2).Draw(t, "queue")
		m.members[q] = nil
		for i := range int64(3) {
			if rapid.Bool().Draw(t, "member") {
				m.members[q] = append(m.members[q], i+1)
			}
		}
	}
	return m.objects()
}

func (m *mind) objects() []model.Object {
	var all []model.Object
	for i := range 3 {
		members := slices.DeleteFunc(slices.Clone(m.members[i]), func(dbid int64) bool { return m.users[dbid-1].State == model.StateInactive })
		all = append(all, skill(int64(i+1), fmt.Sprint("S", m.skills[i])), queueOf(int64(i+1), fmt.Sprint("Q", m.queues[i])), membersOf(int64(i+1), members...))
		u := m.users[i].Clone()
		u.Email = fmt.Sprintf("p%d@example.org", m.addresses[i])
		for j := range u.Skills {
			u.Skills[j].Name = fmt.Sprint("S", m.skills[u.Skills[j].DBID-1])
		}
		all = append(all, u)
	}
	return all
}

// meddle is a person at work in the EX Org.
func (p *postman) meddle(t *rapid.T, m *mind) {
	p.Helper()
	users, queues, skills := p.org.Users(), p.org.Queues(), p.org.Skills()
	if len(users)*len(queues)*len(skills) == 0 {
		return
	}
	u, q, s := rapid.SampledFrom(users).Draw(t, "user"), rapid.SampledFrom(queues).Draw(t, "queue"), rapid.SampledFrom(skills).Draw(t, "skill")
	var err error
	switch rapid.IntRange(0, 5).Draw(t, "meddle") {
	case 0:
		if !m.leavers {
			err = p.org.DeleteUser(u.ID)
		}
	case 1:
		err = p.org.DeleteSkill(s.ID)
	case 2:
		err = p.org.DeleteQueue(q.ID)
	case 3:
		err = p.org.RemoveMembers(q.ID, u.ID)
	case 4:
		err = p.org.SetUserSkill(u.ID, s.ID, 4)
	default:
		err = p.org.AddMembers(q.ID, u.ID)
	}
	if err != nil {
		p.Logf("refused: %v", err)
	}
}

// drawn is one run of a property with a context of its bubble.
type drawn struct {
	*rapid.T
	ctx context.Context
	t   *testing.T
}

// Errorf says it in the test's own log too: rapid tells only of the shortest run that fails.
func (d drawn) Errorf(format string, args ...any) {
	d.t.Logf(format, args...)
	d.T.Errorf(format, args...)
}

// Fatalf does so as well.
func (d drawn) Fatalf(format string, args ...any) {
	d.t.Logf(format, args...)
	d.T.Fatalf(format, args...)
}

// Context is that of the bubble.
func (d drawn) Context() context.Context { return d.ctx }

// inBubble runs one run of a property in a bubble of its own. rapid ends a failed run by a panic, which must reach it.
func inBubble(t *testing.T, rt *rapid.T, run func(teller)) {
	var failure any
	synctest.Test(t, func(t *testing.T) {
		defer func() { failure = recover() }()
		run(drawn{T: rt, ctx: t.Context(), t: t})
	})
	if failure != nil || rt.Failed() {
		t.Logf("a run fails: %v", failure)
	}
	if failure != nil {
		panic(failure)
	}
}

// P6. However messages are doubled, delayed and mixed up, whatever fails on the way and whoever meddles: when all is quiet
// and every object was looked at once more, the EX Org is as Engage wants it, with one object per key.
func TestAnyOrderEndsInTheSameState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inBubble(t, rt, func(teller teller) {
			lag := time.Duration(rapid.IntRange(0, 120).Draw(rt, "lag")) * time.Second
			p := &postman{bench: newBench(teller, exorgtest.WithIndexLag(lag), exorgtest.WithReadLag(lag/10), exorgtest.WithQueueDeleteLag(lag/2),
				exorgtest.WithSeed(rapid.Uint64().Draw(rt, "seed")), exorgtest.WithHistory(0))}
			p.play(rt)
			p.org.Heal()
			p.table.SetFault(nil)
			for _, m := range slices.Backward(p.bag) {
				p.Logf("late: %s", m.Key)
				for r := (apply.Result{Again: 1}); r.Again > 0; time.Sleep(r.Again) {
					r = must[apply.Result](p.bench)(p.worker.Look(p.Context(), m))
				}
			}
			p.sweepAll()
			p.true(p.leftSkills()...)
			p.quiet()
		})
	})
}

func (p *postman) play(t *rapid.T) {
	p.Helper()
	m := newMind()
	m.leavers = rapid.Bool().Draw(t, "leavers")
	p.wishIfNew(m.objects())
	p.collect()
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		switch rapid.IntRange(0, 6).Draw(t, "step") {
		case 0, 1:
			p.wishIfNew(m.change(t))
		case 2:
			p.meddle(t, m)
		case 3:
			p.org.Fail(exorgtest.Fault{
				Kind: rapid.SampledFrom([]exorgtest.FaultKind{exorgtest.Answer, exorgtest.AnswerAfter, exorgtest.Reset, exorgtest.ResetAfter, exorgtest.Truncate}).Draw(t, "fault"),
				Skip: rapid.IntRange(0, 5).Draw(t, "skip"), Times: rapid.IntRange(1, 3).Draw(t, "times"),
			})
		case 4:
			p.table.SetFault(mapping.FaultsBySeed(rapid.Int64().Draw(t, "table"), 5))
			p.deliver(t)
			p.table.SetFault(nil)
		default:
			time.Sleep(time.Duration(rapid.IntRange(1, 400).Draw(t, "pause")) * time.Second)
			p.requeue()
		}
		p.collect()
		p.deliver(t)
	}
}

// wishIfNew gives rows their desired state as a run does: only those that differ.
func (p *postman) wishIfNew(objects []model.Object) {
	p.Helper()
	var changed []model.Object
	for _, o := range objects {
		row, err := p.table.Get(p.Context(), o.Key)
		if err != nil || row.Desired.Fingerprint() != o.Fingerprint() {
			changed = append(changed, o)
		}
	}
	if len(changed) > 0 {
		p.want(changed...)
	}
}

// sweepAll looks at every object until nothing changes any more, as the sweep of the EX Org does every hour, and releases what
// the faults brought into quarantine.
func (p *postman) sweepAll() {
	p.Helper()
	for range 4 {
		time.Sleep(time.Hour)
		for _, key := range slices.SortedFunc(maps.Keys(p.keys), model.Key.Compare) {
			if row := p.row(key); row.State == mapping.StateQuarantined || row.State == mapping.StateInvisible || row.State == mapping.StateHeld {
				must[mapping.Row](p.bench)(p.table.Release(p.Context(), key, 0, false, model.CauseManual, time.Now()))
			}
			p.hint(key, model.CauseDrift)
		}
		p.settle()
	}
}

// leftSkills are the skills that renames have left to the administrator, and those that he made free.
func (p *postman) leftSkills() (ids []string) {
	for id := range p.living()[model.KindSkill] {
		if len(p.owners(model.KindSkill, id)) == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// P7. One object that fails for good delays nobody: with it all others are right as soon as without it, and it is
// tried on.
func TestOnePoisonedObjectHoldsUpNobody(t *testing.T) {
	for _, poison := range []string{"skill", "language", "wrapupcode", "queue", "user"} {
		t.Run(poison, func(t *testing.T) {
			in(t, func(b *bench) {
				bad := map[string]model.Object{"skill": billing(), "language": german(), "wrapupcode": code(31, "Sold"), "queue": queueOf(22, "Bad"), "user": bob()}[poison]
				b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Body: `"name":"` + bad.Name + `"`, Status: http.StatusInternalServerError})
				b.want(billing(), sales(), german(), code(31, "Sold"), code(32, "Lost"), line(), queueOf(22, "Bad"), ann(), bob(), user(13, "Cid"), membersOf(21, 11, 12, 13), membersOf(22, 11))
				b.minutes(3)
				for _, o := range []model.Object{sales(), code(32, ""), line(), user(13, "")} {
					b.state(o.Key, mapping.StateConverged)
				}
				b.minutes(7)
				b.same("members", len(b.memberIDs(line())) >= 2, true)
				b.minutes(60)
				b.state(bad.Key, mapping.StateWaiting) // no attempt is spent on a 5xx, and no letter written
				b.same("letters", len(b.letters()), 0)
				if poison != "user" {
					b.same("Bob's state", b.exUser(bob()).State, "active")
				}
				b.org.ResetCounters()
				b.minutes(60)
				// A try every six to eight minutes is a look-up of up to five calls and a POST; what waits for the object costs nothing.
				if n, most := len(b.calls()), 60; n > most {
					b.Errorf("%d calls in an hour for one object, more than its back-off allows, %d: %v", n, most, b.org.Calls())
				}
				b.org.Heal()
				must[mapping.Row](b)(b.table.Release(b.Context(), bad.Key, 0, false, model.CauseManual, time.Now()))
				b.settle()
				b.true()
				b.quiet()
			})
		})
	}
}

// P12. Dead letters replayed any number of times, in any order, do no harm.
func TestReplayIsHarmless(t *testing.T) {
	in(t, func(b *bench) {
		f := exorgtest.Fault{Method: http.MethodPost, Body: "Bad", Status: http.StatusForbidden}
		b.org.Fail(f)
		b.want(code(1, "Bad"), skill(2, "Bad"), queueOf(3, "Bad"))
		b.settle()
		letters := b.letters()
		b.same("letters", len(letters), 3)
		b.org.Heal()
		for range 3 {
			for _, l := range letters {
				must[mapping.Row](b)(b.table.Release(b.Context(), l.Key, 0, false, model.CauseReplay, time.Now()))
				l.Cause = model.CauseReplay
				b.ok(b.work.Send(b.Context(), []queue.Message{l, l}))
			}
			b.settle()
			time.Sleep(7 * 24 * time.Hour)
		}
		b.true()
		b.onlyOne(code(1, ""))
		b.quiet()
	})
}
