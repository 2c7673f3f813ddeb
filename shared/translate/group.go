package translate

import (
	"errors"
	"fmt"
	"strings"

	"excs/shared/model"
	"excs/shared/translate/expression"
)

// groupTable knows the living agent groups and, of those that somebody asked for, the agents.
type groupTable struct {
	rows   []model.Group
	at     map[int64]int
	listed [][]int  // explicit agents by group, as indices in the crowd
	agents []*squad // by index, nil until asked for
}

// squad is what a group brings into a queue: agents in any state, and whether there may be more. Unknown is the error of
// an expression that does not parse: nobody leaves a queue on the group's account (RULES 4.15).
type squad struct {
	agents  set
	unknown error
}

func (t *translation) indexGroups() {
	g := groupTable{rows: living(t.snapshot.Groups, func(g *model.Group) model.CfgState { return g.State }, func(g *model.Group) int64 { return g.DBID })}
	g.at = make(map[int64]int, len(g.rows))
	for i := range g.rows {
		g.at[g.rows[i].DBID] = i
	}
	g.listed = make([][]int, len(g.rows))
	g.agents = make([]*squad, len(g.rows))
	for _, m := range t.snapshot.GroupAgents {
		group, there := g.at[m.Group]
		person, known := t.crowd.at[m.Person]
		if there && known && t.crowd.agents.has(person) {
			g.listed[group] = append(g.listed[group], person)
		}
	}
	t.groups = g
}

// squad computes a group's agents once. A disabled group contributes nobody; while an expression stands, explicit agents
// do not count, unless the setting members.union says so; a blank expression is none (FACTS E7).
func (t *translation) squad(group int) *squad {
	if s := t.groups.agents[group]; s != nil {
		return s
	}
	s := &squad{agents: newSet(len(t.crowd.rows))}
	t.groups.agents[group] = s
	row := &t.groups.rows[group]
	if row.State == model.CfgDisabled {
		return s
	}
	stands := row.HasScript && strings.TrimSpace(row.Script) != ""
	if stands {
		s.unknown = t.evaluate(row, s.agents)
	} else if row.HasScript {
		t.noteBlank(row, len(t.groups.listed[group]))
	}
	if !stands || t.settings.Members.Union {
		for _, person := range t.groups.listed[group] {
			s.agents.add(person)
		}
	}
	return s
}

// evaluate adds the agents that the group's expression accepts, and notes what an administrator should know of it.
func (t *translation) evaluate(row *model.Group, into set) error {
	name := groupLabel(row)
	if !model.IsText(row.Script) {
		t.note(model.Key{}, "%s: its expression is no text in the encoding that was declared or detected: its agents are unknown, so nobody leaves a queue on its account; set encoding in the Engage secret", name)
		return errors.New("the expression is no text")
	}
	e, err := expression.Parse(row.Script)
	if err != nil {
		t.note(model.Key{}, "%s: %v: its agents are unknown, so nobody leaves a queue on its account; correct the option script in the annex section virtual", name, err)
		return err
	}
	for person := range e.Members(t.crowd.pop, expression.Options{AbsentZero: t.settings.Members.AbsentZero}).All() {
		into.add(person)
	}
	into.intersect(t.crowd.agents)
	if into.size() == 0 {
		t.note(model.Key{}, "%s: its expression accepts no agent: it puts nobody into a queue, and queues that no other group serves are emptied", name)
	}
	notes := e.Notes(t.crowd.pop)
	if notes.LoggedIn {
		all := ""
		if notes.AcceptsAll {
			all = "; so every agent is a member"
		}
		t.note(model.Key{}, "%s: LoggedIn(…) is real-time state that configuration does not hold: it counts as true%s", name, all)
	}
	if len(notes.UnknownSkills) > 0 {
		t.note(model.Key{}, "%s: the expression names skills that Engage does not have and that count as held by nobody: %s", name, some(notes.UnknownSkills))
	}
	return nil
}

// noteBlank tells of a script that was emptied: by what it says, everybody whom the former expression put into a queue
// leaves it.
func (t *translation) noteBlank(row *model.Group, explicit int) {
	whom := fmt.Sprintf("its %d explicit agents alone are members", explicit)
	if explicit == 0 {
		whom = "it puts nobody into a queue, and queues that no other group serves are emptied"
	}
	t.note(model.Key{}, "%s: the option script in the annex section virtual is blank, which is no expression: %s; enter the expression again, or delete the option", groupLabel(row), whom)
}

func groupLabel(g *model.Group) string { return describe("Agent group", g.DBID, g.Name) }

// describe names an Engage object in a message: "Agent group 12 'Sales'".
func describe(what string, dbid int64, name string) string {
	if name = strings.ToValidUTF8(model.Clean(name), "?"); name == "" {
		return fmt.Sprintf("%s %d", what, dbid)
	}
	return fmt.Sprintf("%s %d '%s'", what, dbid, name)
}
