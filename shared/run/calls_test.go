package run_test

import (
	"fmt"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
)

// What the EX Org is asked for what happens every day: by the run that plans it, which looks newcomers up, and by the workers. A new
// token is asked once for its organisation.
func TestWhatThingsCost(t *testing.T) {
	site := desk(t)
	f := furnish(t, site)
	crowd := f.group("Crowd")
	for i := range 250 {
		f.person(fmt.Sprint("P", i), nil, crowd)
	}
	h := lot{site: site}.build(t).settled()
	for _, tc := range []struct {
		what        string
		edit        func()
		run, worker int
		identity    int
	}{
		{what: "nothing", edit: func() {}},
		{what: "nothing, with a new token", identity: 1, edit: func() { h.pass(25 * time.Hour) }},
		{what: "a new user with skills and a language", run: 2, worker: 4, edit: func() {
			_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "New", Email: mail("Eve"), Levels: map[int64]int{h.engageSkill("Sales").DBID: 3, h.engageSkill("German").DBID: 2}})
			h.do(err)
		}},
		{what: "another new user", run: 2, worker: 4, edit: func() {
			_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Fay", Last: "New", Email: mail("Fay"), Levels: map[int64]int{h.engageSkill("Sales").DBID: 3, h.engageSkill("German").DBID: 2}})
			h.do(err)
		}},
		{what: "another name of a user", worker: 2, edit: func() { h.do(h.RenamePerson(h.ctx, h.person("Eve").DBID, "Eva", "New")) }},
		{what: "another address of a user", worker: 2, edit: func() { h.do(h.ChangeEmail(h.ctx, h.person("Eva").DBID, "eva@northwind.example")) }},
		{what: "a skill more and another level", worker: 2, edit: func() {
			h.do(h.AddLevel(h.ctx, h.person("Eva").DBID, h.engageSkill("Billing").DBID, 1))
			h.do(h.ChangeLevel(h.ctx, h.person("Eva").DBID, h.engageSkill("Sales").DBID, 5))
		}},
		{what: "a skill less, which is read again before it goes", worker: 3, edit: func() { h.do(h.RemoveLevel(h.ctx, h.person("Eva").DBID, h.engageSkill("Billing").DBID)) }},
		{what: "a user who is disabled", worker: 2, edit: func() { h.do(h.SetPersonState(h.ctx, h.person("Eva").DBID, engagetest.StateDisabled)) }},
		{what: "a queue with 250 members", run: 5, worker: 1 + 3, edit: func() {
			_, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Crowded", Groups: []int64{crowd}})
			h.do(err)
		}},
	} {
		tc.edit()
		h.org.ResetCounters()
		h.sync()
		calls := h.org.Calls()
		if n := h.org.Totals(); n.Reads+n.Writes != tc.run+tc.identity {
			t.Errorf("%s: the run makes %d calls, want %d and %d for identity: %v", tc.what, n.Reads+n.Writes, tc.run, tc.identity, calls)
		}
		if n := calls["GET /api/v2/tokens/me"]; n != tc.identity {
			t.Errorf("%s: the organisation was asked for %d times", tc.what, n)
		}
		h.org.ResetCounters()
		h.rest()
		if n := h.org.Totals(); n.Reads+n.Writes != tc.worker {
			t.Errorf("%s: the workers make %d calls, want %d: %v", tc.what, n.Reads+n.Writes, tc.worker, h.org.Calls())
		}
		h.equal()
		h.pass(10 * time.Minute)
	}
}
