package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// editor changes the site as administrators do, and says in a sentence what it did.
type editor interface {
	edit(ctx context.Context) ([]string, error)
}

// siteEditor changes the demo's own database.
type siteEditor struct{ *engagetest.Editor }

// edit hires and fires, renames, gives a skill, moves somebody between groups, deletes a queue.
func (e *siteEditor) edit(ctx context.Context) ([]string, error) {
	agents := e.agents()
	queue, ok := e.linkedQueue()
	if len(agents) < 4 || !ok || len(e.Site().Skills) == 0 {
		return nil, errors.New("the site is too small for the story")
	}
	skill := e.Site().Skills[0]
	var told []string
	hired, err := e.Hire(ctx, engagetest.Newcomer{First: "Grace", Last: "Newcomer", Levels: map[int64]int{skill.DBID: 4}})
	told = append(told, fmt.Sprintf("hired Grace Newcomer (Person %d) with the skill %s(4)", hired.DBID, skill.Name))
	err = errors.Join(err, e.Fire(ctx, agents[0].DBID))
	told = append(told, fmt.Sprintf("dismissed Person %d", agents[0].DBID))
	err = errors.Join(err, e.RenamePerson(ctx, agents[1].DBID, "Ada", "Lovelace"))
	told = append(told, fmt.Sprintf("renamed Person %d to Ada Lovelace", agents[1].DBID))
	err = errors.Join(err, e.SetPersonState(ctx, agents[2].DBID, engagetest.StateDisabled))
	told = append(told, fmt.Sprintf("disabled Person %d", agents[2].DBID))
	err = errors.Join(err, e.DeleteQueue(ctx, queue.DBID))
	told = append(told, fmt.Sprintf("deleted the queue %s (DN %d)", queue.Alias, queue.DBID))
	return told, err
}

func (e *siteEditor) agents() []engagetest.Person {
	return slices.DeleteFunc(slices.Clone(e.Site().Persons), func(p engagetest.Person) bool {
		return p.Tenant != e.Site().Tenant || !p.Agent || p.State != engagetest.StateEnabled
	})
}

// linkedQueue finds a Virtual Queue that agents serve.
func (e *siteEditor) linkedQueue() (engagetest.DN, bool) {
	for _, l := range e.Site().Links {
		if dn, ok := e.Site().DN(l.DN); ok && dn.Type == engagetest.VirtualQueue && dn.Alias != "" {
			return dn, true
		}
	}
	return engagetest.DN{}, false
}

// overlay makes the same sort of changes on what was read: a database that is not the demo's own is never written to.
type overlay struct{ active bool }

func (o *overlay) edit(context.Context) ([]string, error) {
	o.active = true
	return []string{
		"(on the copy that was read: your database is never written to)",
		"dismissed the first agent, renamed the second to Ada Lovelace, disabled the third",
		"deleted the first Virtual Queue",
	}, nil
}

// over wraps a read so that, once the story has begun, its changes show.
func (o *overlay) over(read func(context.Context) (*model.Snapshot, model.Counts, error)) func(context.Context) (*model.Snapshot, model.Counts, error) {
	return func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
		s, counted, err := read(ctx)
		if err != nil || !o.active {
			return s, counted, err
		}
		counted = maps.Clone(counted)
		o.change(s, counted)
		return s, counted, nil
	}
}

// change takes the first agent and the first Virtual Queue away, renames the second agent and disables the third.
func (o *overlay) change(s *model.Snapshot, counted model.Counts) {
	working := func(p model.Person) bool { return p.IsAgent && p.State == model.CfgEnabled }
	if i := slices.IndexFunc(s.Persons, working); i >= 0 {
		s.Persons = slices.Delete(s.Persons, i, i+1)
		s.Read[model.TablePerson]--
		counted[model.TablePerson]--
	}
	agents := 0
	for i := range s.Persons {
		if !working(s.Persons[i]) {
			continue
		}
		if agents++; agents == 1 {
			s.Persons[i].FirstName, s.Persons[i].LastName = "Ada", "Lovelace"
			continue
		}
		s.Persons[i].State = model.CfgDisabled
		break
	}
	if i := slices.IndexFunc(s.DNs, func(d model.DN) bool { return d.Type == model.DNVirtualQueue }); i >= 0 {
		s.DNs = slices.Delete(s.DNs, i, i+1)
		s.Read[model.TableDN]--
		counted[model.TableDN]--
	}
}
