package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/verify"
)

// mishaps are changes that people make in the EX Org, and how they are put right: two by notifications, one that no
// notification tells of by a verify.
func (s *stage) mishaps(ctx context.Context) error {
	s.say("\n4. Hands slip in the EX Org")
	user, code, err := s.victims()
	if err != nil {
		return err
	}
	queues, seq := len(s.org.QueuesOf(user.ID)), s.seq()
	if err := errors.Join(s.org.DeleteUser(user.ID), s.org.EditCode(code.ID, func(raw map[string]any) { raw["name"] = "Oops" })); err != nil {
		return fmt.Errorf("change the EX Org by hand: %w", err)
	}
	s.say("  a user is deleted, the wrap-up code %q is renamed to \"Oops\"", code.Name)
	s.org.ResetCounters()
	if err := s.hear(ctx, seq); err != nil {
		return err
	}
	back, _ := s.org.User(user.ID)
	fixed, _ := s.org.Code(code.ID)
	if back.State != "active" || len(s.org.QueuesOf(user.ID)) != queues || fixed.Name != code.Name {
		return model.Errorf(model.CodeInternal, "repair", "the user is %s in %d of %d queues, the code is called %q", back.State, len(s.org.QueuesOf(user.ID)), queues, fixed.Name)
	}
	s.say("  heard by two notifications: the user is back under its old id with %d skills, %d languages and %d queues, the code has its name again (%s)",
		len(back.Skills), len(back.Languages), queues, s.spent())
	return s.unheard(ctx)
}

// settleFor is how long after a write a sweep believes what it reads: the simulated organisation has no lag.
const settleFor = time.Second

// unheard is a change that no notification tells of: a skill that somebody gives a user.
func (s *stage) unheard(ctx context.Context) error {
	key, user, skill, err := s.stray(ctx)
	if err != nil {
		return err
	}
	if err := s.org.SetUserSkill(user.ID, skill.ID, 5); err != nil {
		return fmt.Errorf("change the EX Org by hand: %w", err)
	}
	// What was written a moment ago is believed by no sweep.
	if err := s.clock.wait(ctx, settleFor); err != nil {
		return err
	}
	s.say("  the skill %q is given to the user of %s by hand, which no notification tells", skill.Name, key)
	s.org.ResetCounters()
	report, err := s.world.Sweeper.Sweep(ctx, verify.Request{Keys: []model.Key{key}})
	if err != nil {
		return err
	}
	if err := s.settle(ctx, report.Queued, newProgress(s.out, s.clock.now)); err != nil {
		return err
	}
	after, _ := s.org.User(user.ID)
	if _, still := after.Skills[skill.ID]; still || len(report.Findings) == 0 {
		return model.Errorf(model.CodeInternal, "repair", "the skill was not taken away again")
	}
	s.say("  found by a verify: the skill is gone again (%s)", s.spent())
	return nil
}

// victims are an active user that serves a queue, and a wrap-up code.
func (s *stage) victims() (exorgtest.User, exorgtest.Code, error) {
	codes := s.org.Codes()
	slices.SortFunc(codes, func(a, b exorgtest.Code) int { return strings.Compare(a.Name, b.Name) })
	for _, u := range s.users() {
		if u.State == "active" && len(u.Skills) > 0 && len(s.org.QueuesOf(u.ID)) > 0 && len(codes) > 0 {
			return u, codes[0], nil
		}
	}
	return exorgtest.User{}, exorgtest.Code{}, errors.New("the site is too small for the story")
}

// users are the organisation's users by address: the order in which workers made them differs from time to time.
func (s *stage) users() []exorgtest.User {
	users := s.org.Users()
	slices.SortFunc(users, func(a, b exorgtest.User) int { return strings.Compare(a.Email, b.Email) })
	return users
}

// stray finds a mapped user and a skill that it does not have.
func (s *stage) stray(ctx context.Context) (model.Key, exorgtest.User, exorgtest.Skill, error) {
	skills := s.org.Skills()
	slices.SortFunc(skills, func(a, b exorgtest.Skill) int { return strings.Compare(a.Name, b.Name) })
	for _, u := range s.users() {
		if u.State != "active" {
			continue
		}
		owners, err := s.world.Table.Owners(ctx, model.KindUser, []string{u.ID})
		if err != nil {
			return model.Key{}, u, exorgtest.Skill{}, err
		}
		for _, skill := range skills {
			keys := owners[u.ID].Unjudged()
			if _, has := u.Skills[skill.ID]; !has && len(keys) == 1 {
				return keys[0], u, skill, nil
			}
		}
	}
	return model.Key{}, exorgtest.User{}, exorgtest.Skill{}, errors.New("the site is too small for the story")
}

// seq is the number of the latest change of the organisation.
func (s *stage) seq() int {
	changes := s.org.Changes()
	if len(changes) == 0 {
		return 0
	}
	return changes[len(changes)-1].Seq
}

// hear feeds the events since a change to the webhook's listener and works until all is right.
func (s *stage) hear(ctx context.Context, since int) error {
	var bodies [][]byte
	for _, e := range s.org.EventsSince(since) {
		bodies = append(bodies, e.Envelope)
	}
	report, err := s.world.Hear(ctx, bodies...)
	if err != nil {
		return err
	}
	return s.settle(ctx, report.Sent, newProgress(s.out, s.clock.now))
}

// spent says how many calls the server counted.
func (s *stage) spent() string {
	t := s.org.Totals()
	return fmt.Sprintf("%d reads, %d writes", t.Reads, t.Writes)
}
