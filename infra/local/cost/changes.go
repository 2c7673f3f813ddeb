package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// edit is a change of one kind in Engage, as an administrator makes it.
type edit struct {
	kind model.Kind
	// do changes n objects, or as many as hang together.
	do func(ctx context.Context, e editing, n int) error
}

// editing is what an edit works with: the site, and how long the member list of each queue is.
type editing struct {
	*engagetest.Editor
	lists map[int64]int
}

// edits has one for every kind that Engage holds. A skill or language that is renamed is a new one in the EX Org, so a new
// one is what is measured; who has it changes as a user.
func edits() []edit {
	return []edit{
		{model.KindSkill, newSkills}, {model.KindLanguage, newLanguages}, {model.KindWrapUpCode, renameCodes}, {model.KindQueue, renameQueues},
		{model.KindUser, changeUsers}, {model.KindMembers, changeMembers},
	}
}

func newSkills(ctx context.Context, e editing, n int) error {
	for i := range n {
		if _, err := e.AddSkill(ctx, fmt.Sprint("Cost of a skill ", i)); err != nil {
			return err
		}
	}
	return nil
}

func newLanguages(ctx context.Context, e editing, n int) error {
	for i := range n {
		name := fmt.Sprint("Cost of a language ", i)
		if _, err := e.AddValue(ctx, engagetest.LanguageAttribute, name, name); err != nil {
			return err
		}
		if _, err := e.AddSkill(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func renameCodes(ctx context.Context, e editing, n int) error {
	codes, err := attribute(e.Site(), engagetest.WrapUpAttribute)
	if err != nil {
		return err
	}
	var some []int64
	for _, v := range e.Site().Values {
		if len(some) < n && v.Attribute == codes && v.State == engagetest.StateEnabled && v.DisplayName != "" {
			some = append(some, v.DBID)
		}
	}
	return eachOf(model.KindWrapUpCode, some, func(i int, dbid int64) error { return e.RenameValue(ctx, dbid, fmt.Sprint("Cost of a code ", i)) })
}

func renameQueues(ctx context.Context, e editing, n int) error {
	var some []int64
	for _, d := range e.Site().DNs {
		if len(some) < n && d.Tenant == e.Site().Tenant && d.Type == engagetest.VirtualQueue && d.State == engagetest.StateEnabled && d.Alias != "" {
			some = append(some, d.DBID)
		}
	}
	return eachOf(model.KindQueue, some, func(i int, dbid int64) error { return e.SetAlias(ctx, dbid, fmt.Sprint("Cost of a queue ", i)) })
}

// changeUsers changes users in the two usual ways by turns, so two at least: another level of a skill, another name.
func changeUsers(ctx context.Context, e editing, n int) error {
	n = max(n, 2)
	levels := levelsThatRise(e.Site())
	var some []int64
	for _, p := range agentsOf(e.Site()) {
		// By turns somebody with a level that can rise, and anybody.
		if _, rises := levels[p]; len(some) < n && (rises || len(some)%2 == 1) {
			some = append(some, p)
		}
	}
	return eachOf(model.KindUser, some, func(i int, p int64) error {
		if i%2 == 1 {
			return e.RenamePerson(ctx, p, "Ada", fmt.Sprint("Lovelace ", i))
		}
		return e.ChangeLevel(ctx, p, levels[p].Skill, levels[p].Level+1)
	})
}

// levelsThatRise gives for each person a level that shows in the EX Org when it rises by one, of a skill that no group's
// expression names: others would change member lists as well.
func levelsThatRise(s *engagetest.Site) map[int64]engagetest.Level {
	var expressions strings.Builder
	for _, p := range s.Props {
		if p.Name == engagetest.ScriptOption {
			expressions.WriteString(p.Value)
		}
	}
	free := map[int64]bool{}
	for _, k := range s.Skills {
		free[k.DBID] = !strings.Contains(expressions.String(), `"`+k.Name+`"`)
	}
	levels := map[int64]engagetest.Level{}
	for _, l := range s.Levels {
		if free[l.Skill] && !l.Null && l.Level >= 1 && l.Level < highestLevel {
			levels[l.Person] = l
		}
	}
	return levels
}

// highestLevel is the highest proficiency that the EX Org takes.
const highestLevel = 5

// changeMembers puts an agent into a group, and so into the member list of every queue that the group serves. Lists differ
// much in length, and what a change takes goes with it: the group is the one whose lists are nearest to the mean.
func changeMembers(ctx context.Context, e editing, _ int) error {
	explicit := map[int64]map[int64]bool{}
	for _, m := range e.Site().Members {
		if explicit[m.Group] == nil {
			explicit[m.Group] = map[int64]bool{}
		}
		explicit[m.Group][m.Person] = true
	}
	group, ok := e.usualGroup(func(group int64) bool { return len(explicit[group]) > 0 }) // a skill expression has no explicit agents
	if !ok {
		return tooSmall(model.KindMembers)
	}
	agents := agentsOf(e.Site())
	i := slices.IndexFunc(agents, func(p int64) bool { return !explicit[group][p] })
	if i < 0 {
		return tooSmall(model.KindMembers)
	}
	return e.AddMember(ctx, group, agents[i])
}

// usualGroup finds the group that fits and whose queues' lists are, in the mean, as long as all lists in the mean.
func (e editing) usualGroup(fits func(group int64) bool) (group int64, ok bool) {
	all, queues := 0, map[int64][]int64{}
	for _, n := range e.lists {
		all += n
	}
	for _, l := range e.Site().Links {
		if _, listed := e.lists[l.DN]; listed && fits(l.Group) {
			queues[l.Group] = append(queues[l.Group], l.DN)
		}
	}
	least := math.MaxFloat64
	for _, g := range slices.Sorted(maps.Keys(queues)) {
		n := 0
		for _, q := range queues[g] {
			n += e.lists[q]
		}
		off := math.Abs(float64(n)/float64(len(queues[g])) - float64(all)/float64(len(e.lists)))
		if off < least {
			group, least, ok = g, off, true
		}
	}
	return group, ok
}

func eachOf(kind model.Kind, some []int64, do func(i int, dbid int64) error) error {
	if len(some) == 0 {
		return tooSmall(kind)
	}
	for i, dbid := range some {
		if err := do(i, dbid); err != nil {
			return err
		}
	}
	return nil
}

// agentsOf lists the enabled agents of the tenant.
func agentsOf(s *engagetest.Site) []int64 {
	var agents []int64
	for _, p := range s.Persons {
		if p.Tenant == s.Tenant && p.Agent && p.State == engagetest.StateEnabled {
			agents = append(agents, p.DBID)
		}
	}
	return agents
}

func attribute(s *engagetest.Site, name string) (int64, error) {
	for _, a := range s.Attributes {
		if a.Tenant == s.Tenant && a.Name == name {
			return a.DBID, nil
		}
	}
	return 0, fmt.Errorf("the site has no business attribute %s", name)
}

func tooSmall(kind model.Kind) error {
	return fmt.Errorf("the site has nothing to change for kind %s", kind)
}
