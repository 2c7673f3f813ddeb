package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/plan"
)

// planned is what is read of the answer to plan and sync.
type planned struct {
	Run       int64
	Sent      int
	FirstPlan bool
	Plan      struct {
		Hash    string
		Counts  map[model.Kind]plan.Counts
		Changes []struct{ Key string }
		Held    []struct{ Key string }
	}
}

// first takes an organisation over that is not empty: a plan, its approval, and runs of the schedule until all is there.
func (s *story) first(ctx context.Context) error {
	site := s.scene.Editor.Site()
	stranger, adopted, err := s.before()
	if err != nil {
		return err
	}
	s.say("   Engage: the tier %s, %d persons, %d queues. EX Org: a user of its own, and one whom Engage knows.", s.tier, site.Rows("cfg_person"), len(site.Queues()))
	untouched, _ := s.scene.Org.Raw(exorgtest.KindUser, stranger)

	p, err := s.firstPlan(ctx)
	if err != nil {
		return err
	}
	var next string
	if err := s.operate(map[string]any{"action": "approve", "planHash": p.Plan.Hash, "format": "text"}, &next); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(next), "\n")
	s.say("   approve %s: %s", p.Plan.Hash, lines[0])

	begun := time.Now()
	if err := s.run(ctx); err != nil {
		return err
	}
	t := s.scene.Org.Totals()
	s.say("   The schedule fired; the queue is empty and every row converged after %.1f s, with %d requests to the EX Org.", time.Since(begun).Seconds(), t.Reads+t.Writes)
	if err := s.matches("after the first sync"); err != nil {
		return err
	}
	after, _ := s.scene.Org.Raw(exorgtest.KindUser, stranger)
	if err := expect(reflect.DeepEqual(untouched, after), "the user whom Engage does not know was touched:\n  before %v\n  after  %v", untouched, after); err != nil {
		return err
	}
	u, _ := s.scene.Org.User(adopted)
	if err := expect(len(u.External) == 1, "the user whom Engage knows was not adopted: %+v", u); err != nil {
		return err
	}
	s.say("   The user whom Engage does not know is as before, the other one was adopted, not doubled.")
	return s.idle(ctx)
}

// before puts a user of its own into the EX Org, and one with the address of a Person.
func (s *story) before() (stranger, adopted string, err error) {
	if stranger, err = s.scene.Org.AddUser(map[string]any{"name": "Somebody Else", "email": "somebody@else.example", "title": "of no concern", "department": "elsewhere"}); err != nil {
		return "", "", fmt.Errorf("prepare the EX Org: %w", err)
	}
	person := s.agents()[0]
	email := person.Email
	if !strings.Contains(email, "@") {
		email = person.EmployeeID + "@" + domain
	}
	if adopted, err = s.scene.Org.AddUser(map[string]any{"name": person.First + " " + person.Last, "email": email, "title": "Head of Everything"}); err != nil {
		return "", "", fmt.Errorf("prepare the EX Org: %w", err)
	}
	s.keep(stranger)
	return stranger, adopted, nil
}

// keep notes that a user is in the EX Org, as it is now, whatever Engage says.
func (s *story) keep(user string) {
	for _, line := range reference.Observed(s.scene.Org, func(string) bool { return false })["user"] {
		u, _ := s.scene.Org.User(user)
		if strings.HasPrefix(line, strings.ToLower(u.Email)+" ") {
			s.extra["user"] = append(s.extra["user"], line)
		}
	}
}

// agents are the living agents of the site, by DBID.
func (s *story) agents() []engagetest.Person {
	var all []engagetest.Person
	for _, p := range s.scene.Editor.Site().Persons {
		if p.Tenant == engagetest.MainTenant && p.Agent && p.State == engagetest.StateEnabled {
			all = append(all, p)
		}
	}
	return all
}

// firstPlan makes the plan that waits for an operator, and proves that nothing else happened.
func (s *story) firstPlan(ctx context.Context) (planned, error) {
	var text string
	if err := s.operate(map[string]any{"action": "plan", "format": "text"}, &text); err != nil {
		return planned{}, err
	}
	s.say("   plan:")
	s.quote(text, 14)
	if err := s.run(ctx); err != nil {
		return planned{}, err
	}
	var p planned
	if err := s.operate(map[string]any{"action": "plan"}, &p); err != nil {
		return planned{}, err
	}
	if err := expect(p.FirstPlan && len(p.Plan.Held) > 0, "an organisation that is not empty was not held for its first plan: %d held", len(p.Plan.Held)); err != nil {
		return planned{}, err
	}
	t := s.scene.Org.Totals()
	if err := expect(t.Writes == 0, "%d writes were sent although no first plan was approved: %v", t.Writes, s.scene.Org.Calls()); err != nil {
		return planned{}, err
	}
	want := reference.Expected(s.scene.Editor.Site(), domain, false)
	for kind, lines := range want {
		c := p.Plan.Counts[model.Kind(kind)]
		if err := expect(c.Engage >= len(lines), "the plan counts %d of kind %s, Engage has %d", c.Engage, kind, len(lines)); err != nil {
			return planned{}, err
		}
	}
	s.say("   The schedule fired: only a plan was made, the EX Org was not written to.")
	return p, nil
}

// idle proves that a run without changes costs no request.
func (s *story) idle(ctx context.Context) error {
	s.scene.Org.ResetCounters()
	if err := s.run(ctx); err != nil {
		return err
	}
	t := s.scene.Org.Totals()
	if err := expect(t.Reads+t.Writes == 0, "a run without changes made %d requests: %v", t.Reads+t.Writes, s.scene.Org.Calls()); err != nil {
		return err
	}
	s.say("   A further run changes nothing and makes no request.")
	return nil
}
