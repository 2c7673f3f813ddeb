package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"excs/shared/engage/engagetest"
)

// edits is a morning of administrators in Engage.
func (s *story) edits(ctx context.Context) error {
	told, fired, err := s.edit(ctx)
	if err != nil {
		return err
	}
	for _, line := range told {
		s.say("   %s", line)
	}
	s.scene.Org.ResetCounters()
	if err := s.run(ctx); err != nil {
		return err
	}
	u, ok := s.scene.Org.UserByExternalID("engage", fmt.Sprint(fired))
	if err := expect(ok && u.State != "deleted", "the user of a Person who is gone was deleted, which the rules forbid"); err != nil {
		return err
	}
	s.keep(u.ID)
	t := s.scene.Org.Totals()
	s.say("   The schedule fired: applied with %d requests.", t.Reads+t.Writes)
	if err := s.matches("after the edits"); err != nil {
		return err
	}
	var list string
	if err := s.operate(map[string]any{"action": "list", "kinds": []string{"user"}, "format": "text"}, &list); err != nil {
		return err
	}
	s.say("   list:")
	s.quote(list, 4)
	return expect(strings.Contains(list, fmt.Sprintf("orphan user/%d", fired)), "list does not show the orphan user/%d", fired)
}

// edit does one of each, and says who was dismissed.
func (s *story) edit(ctx context.Context) (told []string, fired int64, err error) {
	e, agents := s.scene.Editor, s.agents()
	site := e.Site()
	queue, ok := linkedQueue(site)
	if len(agents) < 10 || !ok {
		return nil, 0, errors.New("the site is too small for the story")
	}
	skill := site.Skills[0]
	hired, err := e.Hire(ctx, engagetest.Newcomer{First: "Grace", Last: "Newcomer", Levels: map[int64]int{skill.DBID: 4}})
	if err != nil {
		return nil, 0, err
	}
	fired = agents[2].DBID
	_, err = e.AddWrapUp(ctx, "CALLBACK_AGREED", "Callback agreed")
	for _, do := range []struct {
		what string
		do   func() error
	}{
		{fmt.Sprintf("Person %d dismissed", fired), func() error { return e.Fire(ctx, fired) }},
		{fmt.Sprintf("Person %d renamed to Ada Lovelace", agents[3].DBID), func() error { return e.RenamePerson(ctx, agents[3].DBID, "Ada", "Lovelace") }},
		{fmt.Sprintf("Person %d disabled", agents[4].DBID), func() error { return e.SetPersonState(ctx, agents[4].DBID, engagetest.StateDisabled) }},
		{fmt.Sprintf("the queue %s (DN %d) deleted", queue.Alias, queue.DBID), func() error { return e.DeleteQueue(ctx, queue.DBID) }},
	} {
		if err == nil {
			err = do.do()
		}
		told = append(told, do.what)
	}
	told = append([]string{fmt.Sprintf("Grace Newcomer hired (Person %d, skill %s)", hired.DBID, skill.Name), "the wrap-up code \"Callback agreed\" added"}, told...)
	return told, fired, err
}

// linkedQueue finds a Virtual Queue that agents serve.
func linkedQueue(site *engagetest.Site) (engagetest.DN, bool) {
	for _, l := range site.Links {
		if dn, ok := site.DN(l.DN); ok && dn.Type == engagetest.VirtualQueue && dn.Alias != "" {
			return dn, true
		}
	}
	return engagetest.DN{}, false
}
