package world_test

import (
	"fmt"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
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
