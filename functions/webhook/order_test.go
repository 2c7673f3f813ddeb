package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
)

// vandal changes what Engage decides, by hand in the EX Org, in every way that has an event.
type vandal struct {
	*town
	rng *rand.Rand
}

func pick[V any](v *vandal, list []V) V { return list[v.rng.IntN(len(list))] }

func (v *vandal) users() []exorgtest.User {
	var living []exorgtest.User
	for _, u := range v.org.Users() {
		if u.State == "active" && len(u.External) > 0 {
			living = append(living, u)
		}
	}
	return living
}

// linked says whether Engage decides the queue's members. Where no agent group ever listed it, they are the EX Org's own.
func (v *vandal) linked(q exorgtest.Queue) bool {
	dbid, err := strconv.ParseInt(q.PeerID, 10, 64)
	if err != nil {
		return false
	}
	_, err = v.Table.Get(v.tb.Context(), key(model.KindMembers, dbid))
	return err == nil
}

func set(name string, value any) func(map[string]any) {
	return func(raw map[string]any) { raw[name] = value }
}

// strike makes one change. Not all can be made at any time; then nothing happens.
func (v *vandal) strike() {
	user, queue := pick(v, v.users()), pick(v, v.org.Queues())
	word := fmt.Sprintf("vandal %d", v.rng.IntN(1000))
	acts := []func() error{
		func() error { return v.org.EditUser(user.ID, set("name", word)) },
		func() error { return v.org.DeactivateUser(user.ID) },
		func() error { return v.org.DeleteUser(user.ID) },
		func() error { return v.org.EditQueue(queue.ID, set("name", word)) },
		func() error { return v.org.EditQueue(queue.ID, set("peerId", "")) },
		func() error { return v.org.DeleteQueue(queue.ID) },
		func() error {
			if !v.linked(queue) {
				return nil
			}
			return v.org.AddMembers(queue.ID, user.ID)
		},
		func() error {
			for _, m := range v.org.Members(queue.ID) {
				return v.org.RemoveMembers(queue.ID, m.UserID)
			}
			return nil
		},
		func() error { return v.org.EditCode(pick(v, v.org.Codes()).ID, set("name", word)) },
		func() error { return v.org.DeleteCode(pick(v, v.org.Codes()).ID) },
		func() error { return v.org.DeleteSkill(pick(v, v.org.Skills()).ID) },
		func() error { return v.org.DeleteLanguage(pick(v, v.org.Languages()).ID) },
		func() error { return v.org.TouchUser(user.ID) },
	}
	_ = pick(v, acts)()
}

// engage changes something in Engage, too, so that what a late event tells of is history.
func (v *vandal) engage() {
	v.tb.Helper()
	people := v.editor.Site().Persons
	for range 20 {
		p := people[v.rng.IntN(len(people))]
		if p.Tenant == v.editor.Site().Tenant && p.Agent {
			if err := v.editor.RenamePerson(v.tb.Context(), p.DBID, "Late", fmt.Sprintf("News %d", v.rng.IntN(1000))); err != nil {
				v.tb.Fatal(err)
			}
			break
		}
	}
	if _, err := v.Sync(v.tb.Context()); err != nil {
		v.tb.Fatal(err)
	}
	v.drain()
}

// Events that come twice, in another order and an hour late, for objects that changed meanwhile in both systems, lead to
// the state to which the same events lead when they come once, in order and at once. And that is the state without any
// vandalism.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			peaceful, prompt, late := vandalised(t, seed, 0), vandalised(t, seed, 1), vandalised(t, seed, 60)
			same(t, peaceful, prompt)
			same(t, peaceful, late)
		})
	}
}

// vandalised is a town that was vandalised; minutes is how late its events come: 0 for no vandalism, 1 for events at once.
func vandalised(t *testing.T, seed uint64, minutes int) *town {
	w := synced(t)
	w.news()
	v := &vandal{town: w, rng: rand.New(rand.NewPCG(seed, 1))}
	edits := rand.New(rand.NewPCG(seed, 2))
	var kept []exorgtest.Event
	for range 12 {
		if minutes > 0 {
			v.strike()
		}
		if minutes == 1 {
			for _, e := range w.news() {
				w.tell(e.Envelope)
			}
			w.drain()
		}
		kept = append(kept, w.news()...)
		if edits.IntN(4) == 0 {
			(&vandal{town: w, rng: edits}).engage()
		}
		w.clock.Pass(time.Duration(v.rng.IntN(50)) * time.Second)
	}
	w.clock.Pass(time.Duration(minutes) * time.Minute)
	kept = append(kept, w.news()...)
	for range 2 {
		kept = append(kept, kept[:len(kept)/2]...)
	}
	v.rng.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	for _, e := range kept {
		w.tell(e.Envelope)
		if v.rng.IntN(3) == 0 {
			w.drain()
			w.clock.Pass(time.Duration(v.rng.IntN(40)) * time.Second)
		}
	}
	w.settle()
	for _, e := range w.news() { // what EXCS itself did meanwhile
		w.tell(e.Envelope)
	}
	w.settle()
	return w
}
