package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// byHand is what an operator does without waiting for the schedule.
func (s *story) byHand(ctx context.Context) error {
	agent := s.agents()[8]
	err := errors.Join(s.scene.Editor.ChangeUserName(ctx, agent.DBID, "m.curie"), s.scene.Editor.RenamePerson(ctx, agent.DBID, "Marie", "Curie"))
	if err != nil {
		return err
	}
	key := fmt.Sprintf("user/%d", agent.DBID)
	s.say("   Engage renames Person %d. plan:", agent.DBID)
	s.scene.Org.ResetCounters()
	var text string
	if err := s.operate(map[string]any{"action": "plan", "format": "text"}, &text); err != nil {
		return err
	}
	s.quote(text, 6)
	if err := expect(strings.Contains(text, key) && strings.Contains(text, "Marie Curie"), "the plan does not show %s", key); err != nil {
		return err
	}
	if t := s.scene.Org.Totals(); t.Writes > 0 {
		return fmt.Errorf("plan wrote to the EX Org: %v", s.scene.Org.Calls())
	}
	if err := s.explain(key); err != nil {
		return err
	}
	var p planned
	if err := s.operate(map[string]any{"action": "sync"}, &p); err != nil {
		return err
	}
	if err := expect(p.Sent == 1, "sync sent %d messages, 1 was expected", p.Sent); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.say("   sync: 1 message sent, applied.")
	if err := s.matches("after the sync by hand"); err != nil {
		return err
	}
	return s.verify(ctx)
}

func (s *story) explain(key string) error {
	var text string
	if err := s.operate(map[string]any{"action": "explain", "keys": []string{key}, "format": "text"}, &text); err != nil {
		return err
	}
	s.say("   explain %s:", key)
	s.quote(text, 6)
	return expect(strings.Contains(text, key), "explain does not tell of %s:\n%s", key, text)
}

// verify lets the hourly schedule fire.
func (s *story) verify(ctx context.Context) error {
	s.scene.Org.ResetCounters()
	if err := s.scene.Stack.Fire("verify"); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	t := s.scene.Org.Totals()
	if err := expect(t.Reads > 0 && t.Writes == 0, "a verify of an organisation without drift made %d reads and %d writes: %v", t.Reads, t.Writes, s.scene.Org.Calls()); err != nil {
		return err
	}
	s.say("   The schedule of verify fired: the whole EX Org was looked through with %d requests, nothing had drifted.", t.Reads)
	return nil
}
