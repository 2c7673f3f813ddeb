package run_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

// An outage, however long and of whatever, is no object's fault: nothing is quarantined, no letter is written, and all is right
// some minutes after it is over.
func TestAnOutageIsNoObjectsFault(t *testing.T) {
	faults := map[string]exorgtest.Fault{
		"everything":     {Kind: exorgtest.Answer, Status: 503},
		"connections":    {Kind: exorgtest.Reset},
		"the login host": {Kind: exorgtest.Answer, Route: "/oauth/token", Status: 503},
		"writes":         {Kind: exorgtest.Answer, Method: "PATCH", Status: 500},
	}
	for what, fault := range faults {
		for _, length := range []int{60, 150} {
			t.Run(fmt.Sprint(what, " ", length), func(t *testing.T) {
				h := lot{}.build(t).settled()
				h.pass(25 * time.Hour) // no token is left
				h.org.Fail(fault)
				for _, n := range []string{"Ann", "Bob", "Cy"} {
					h.do(h.RenamePerson(h.ctx, h.person(n).DBID, n, "Renamed"))
				}
				h.minutes(length)
				h.wantNone(mapping.StateQuarantined)
				h.org.Heal()
				h.minutes(14)
				for _, n := range []string{"Ann", "Bob", "Cy"} {
					if got := h.user(mail(n)).Name; got != n+" Renamed" {
						t.Errorf("still %q: %+v", got, h.row(userKey(h.person(n).DBID)))
					}
				}
				if n, _, _ := h.Dead.Depth(h.ctx); n > 0 {
					t.Errorf("%d dead letters", n)
				}
			})
		}
	}
}

// The table is away for hours: no message becomes a dead letter by its number of receives, and all is right afterwards.
func TestATableThatIsAwayMakesNoDeadLetter(t *testing.T) {
	h := lot{}.build(t).settled()
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Ann", "Renamed"))
	h.sync()
	h.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	for range 360 {
		h.pass(time.Minute)
		_, _ = h.Drain(h.ctx, nil)
	}
	if n, _, _ := h.Dead.Depth(h.ctx); n > 0 {
		t.Errorf("%d dead letters", n)
	}
	h.Table.SetFault(nil)
	h.minutes(12)
	if got := h.user(mail("Ann")).Name; got != "Ann Renamed" {
		t.Errorf("still %q: %+v", got, h.row(userKey(h.person("Ann").DBID)))
	}
}

// One object that always answers 500 while others are served is listed and tried at a slow pace, without a letter; the others
// go on.
func TestOneObjectThatAlwaysFailsIsItsOwnFault(t *testing.T) {
	h := lot{}.build(t).settled()
	id := h.user(mail("Bob")).ID
	armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: "PATCH", Path: id, Status: 500})
	h.do(h.RenamePerson(h.ctx, h.person("Bob").DBID, "Bob", "Renamed"))
	h.do(h.AddLevel(h.ctx, h.person("Bob").DBID, h.engageSkill("Billing").DBID, 4)) // a part whose route serves nobody else meanwhile
	for i := range 12 {
		h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Ann", fmt.Sprint("Renamed ", i)))
		h.minutes(10)
	}
	h.wantRefused(userKey(h.person("Bob").DBID), "500")
	h.wantNone(mapping.StateQuarantined)
	if n, _, _ := h.Dead.Depth(h.ctx); n > 0 {
		t.Errorf("%d dead letters", n)
	}
	if got := h.user(mail("Ann")).Name; got != "Ann Renamed 11" {
		t.Errorf("the other is %q", got)
	}
	armed.Disarm()
	h.minutes(90)
	if got := h.user(mail("Bob")).Name; got != "Bob Renamed" {
		t.Errorf("still %q", got)
	}
}

// What is in quarantine is not given up: it is tried again at a slow pace, with one letter, and is right without anybody's doing
// once the cause is gone.
func TestQuarantineIsNotTheEnd(t *testing.T) {
	h := lot{}.build(t).settled()
	armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: "POST", Route: "/api/v2/routing/skills", Status: 422})
	s, err := h.AddSkill(h.ctx, "Fencing")
	h.do(err)
	h.minutes(5)
	if got := h.row(skillKey(s.DBID)).State; got != mapping.StateQuarantined {
		t.Fatalf("the skill is %s", got)
	}
	h.minutes(130)
	if n, _, _ := h.Dead.Depth(h.ctx); n != 1 {
		t.Errorf("%d dead letters, want 1", n)
	}
	armed.Disarm()
	h.minutes(65)
	if row := h.row(skillKey(s.DBID)); row.State != mapping.StateConverged {
		t.Errorf("the skill is %s: %s", row.State, row.Reason)
	}
}

// A day without one of the things that the service rests on, while Engage goes on changing: nothing is quarantined, nobody writes a
// letter, nothing is held that the same edits of an hour would not have held, and all is right ten minutes after the end, beside what
// the calls of the backlog take.
func TestADayWithout(t *testing.T) {
	const away = 24
	for what, begin := range map[string]func(h *house, down *atomic.Bool){
		"the EX Org": func(h *house, _ *atomic.Bool) { h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Status: 503}) },
		"its login host": func(h *house, _ *atomic.Bool) {
			h.org.Fail(exorgtest.Fault{Kind: exorgtest.Reset, Route: "/oauth/token"})
		},
		"Engage": func(_ *house, down *atomic.Bool) { down.Store(true) },
		"DynamoDB": func(h *house, _ *atomic.Bool) {
			h.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
		},
		"SQS": func(_ *house, down *atomic.Bool) { down.Store(true) },
	} {
		t.Run(what, func(t *testing.T) {
			var down atomic.Bool
			gone := model.Errorf(model.CodeUnavailable, what, "away")
			l := lot{site: crew(t)}
			if what == "SQS" {
				l.queue.Faults = func(string) error {
					if down.Load() {
						return gone
					}
					return nil
				}
			}
			h := l.build(t).settled()
			if read := h.Runner.Read; what == "Engage" {
				h.Runner.Read = func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
					if down.Load() {
						return nil, model.Counts{}, gone
					}
					return read(ctx)
				}
			}
			h.pass(25 * time.Hour) // no token is left
			begin(h, &down)
			for hour := range away {
				h.anHoursEdits(hour)
				for range 12 {
					h.pass(5 * time.Minute)
					_, _ = h.Service.Sync(h.ctx) // what is away fails it
					_, _ = h.Drain(h.ctx, nil)
				}
			}
			h.org.Heal()
			h.Table.SetFault(nil)
			down.Store(false)
			h.minutes(10)
			h.equal()
			h.wantNone(mapping.StateQuarantined, mapping.StateHeld, mapping.StatePending, mapping.StateWaiting)
			if n, _, err := h.Dead.Depth(h.ctx); n > 0 || err != nil {
				t.Errorf("%d dead letters, %v", n, err)
			}
			if report := h.sync(); len(report.Plan.Held) > 0 {
				t.Errorf("held: %v", report.Plan.Held)
			}
			h.quiet(2)
		})
	}
}

// crew is the desk with enough people for the guard.
func crew(t *testing.T) *engagetest.Site {
	site := desk(t)
	f := furnish(t, site)
	for i := range 40 {
		f.person(fmt.Sprint("P", i), map[int64]int{site.Skills[i%2].DBID: 1 + i%5}, site.Groups[i%2].DBID)
	}
	return site
}

// anHoursEdits are what the people at Engage do in an hour.
func (h *house) anHoursEdits(hour int) {
	h.t.Helper()
	p := h.person(fmt.Sprint("P", hour))
	h.do(h.RenamePerson(h.ctx, p.DBID, p.First, fmt.Sprint("Married ", hour)))
	h.do(h.AddLevel(h.ctx, p.DBID, h.engageSkill([]string{"Sales", "Billing"}[hour%2]).DBID, 1+hour%5))
	h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Virtual"))
	_, err := h.Hire(h.ctx, engagetest.Newcomer{First: fmt.Sprint("N", hour), Last: "Newcomer", Email: mail(fmt.Sprint("N", hour)), Groups: []int64{h.group("Front").DBID}})
	h.do(err)
	if hour%8 == 0 {
		_, err = h.AddSkill(h.ctx, fmt.Sprint("Skill ", hour))
		h.do(err)
		h.do(h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", 30+hour/8)).DBID, engagetest.StateDisabled))
		_, err = h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: fmt.Sprint("Queue ", hour), Groups: []int64{h.group("Back").DBID}})
		h.do(err)
	}
}
