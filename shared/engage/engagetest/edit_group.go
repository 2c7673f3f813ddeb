package engagetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// AddGroup creates an agent group without agents.
func (e *Editor) AddGroup(ctx context.Context, name string) (Group, error) {
	g := Group{DBID: e.site.last.group + 1, Tenant: e.site.Tenant, Type: AgentGroup, Name: name, State: StateEnabled}
	err := e.edit(ctx, fmt.Sprint("add group ", g.DBID), []statement{insert(e, groupShape(), g)}, func() {
		e.site.last.group = g.DBID
		e.site.Groups = append(e.site.Groups, g)
	})
	if err != nil {
		return Group{}, err
	}
	return g, nil
}

// DeleteGroup deletes an agent group with its members, its origination DNs and its annex.
func (e *Editor) DeleteGroup(ctx context.Context, group int64) error {
	i := find(e.site.Groups, group, groupDBID)
	if i < 0 {
		return fmt.Errorf("delete group: %w", missing("agent group", group))
	}
	by := equals{"group_dbid", group}
	return e.edit(ctx, fmt.Sprint("delete group ", group), []statement{
		e.remove(TableMember, by), e.remove(TableLink, by), e.removeAnnex(ObjectAgentGroup, group), e.remove(TableGroup, equals{"dbid", group}),
	}, func() {
		s := e.site
		s.Groups = slices.Delete(s.Groups, i, i+1)
		s.Members = slices.DeleteFunc(s.Members, func(m Member) bool { return m.Group == group })
		s.Links = slices.DeleteFunc(s.Links, func(l Link) bool { return l.Group == group })
		s.dropAnnex(ObjectAgentGroup, group)
	})
}

// SetGroupState enables or disables an agent group.
func (e *Editor) SetGroupState(ctx context.Context, group int64, state State) error {
	return change(ctx, e, fmt.Sprint("set the state of group ", group), e.site.Groups, groupDBID, groupShape(), group, func(g *Group) { g.State = state })
}

// AddMember makes a Person an explicit agent of a group.
func (e *Editor) AddMember(ctx context.Context, group, person int64) error {
	what := fmt.Sprintf("add person %d to group %d", person, group)
	m, err := e.newMember(group, person)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return e.edit(ctx, what, []statement{insert(e, memberShape(), m)}, func() { e.site.Members = append(e.site.Members, m) })
}

// RemoveMember removes a Person from the explicit agents of a group.
func (e *Editor) RemoveMember(ctx context.Context, group, person int64) error {
	what := fmt.Sprintf("remove person %d from group %d", person, group)
	i := slices.Index(e.site.Members, Member{group, person})
	if i < 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	return e.edit(ctx, what, []statement{e.memberRemoval(group, person)}, func() { e.site.Members = slices.Delete(e.site.Members, i, i+1) })
}

// MoveMember moves an explicit agent from one group to another, in one transaction.
func (e *Editor) MoveMember(ctx context.Context, person, from, to int64) error {
	what := fmt.Sprintf("move person %d from group %d to group %d", person, from, to)
	i := slices.Index(e.site.Members, Member{from, person})
	if i < 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	m, err := e.newMember(to, person)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	statements := []statement{e.memberRemoval(from, person), insert(e, memberShape(), m)}
	return e.edit(ctx, what, statements, func() { e.site.Members[i] = m })
}

// newMember checks that a membership can be made.
func (e *Editor) newMember(group, person int64) (Member, error) {
	m := Member{group, person}
	if _, ok := e.site.Group(group); !ok {
		return m, missing("agent group", group)
	}
	if _, ok := e.site.Person(person); !ok {
		return m, missing("person", person)
	}
	if slices.Contains(e.site.Members, m) {
		return m, ErrConflict
	}
	return m, nil
}

// memberRemoval returns the statement that deletes a membership.
func (e *Editor) memberRemoval(group, person int64) statement {
	return e.remove(TableMember, equals{"group_dbid", group}, equals{"agent_dbid", person})
}

// SetScript gives a group a skill expression, in as many rows as it needs, in place of the one it had. Configuration Server writes an
// edited option anew, so its rows get a new DBID.
func (e *Editor) SetScript(ctx context.Context, group int64, script string) error {
	what := fmt.Sprint("set the script of group ", group)
	if _, ok := e.site.Group(group); !ok {
		return fmt.Errorf("%s: %w", what, missing("agent group", group))
	}
	statements, old := e.scriptRemoval(group)
	after := Site{Schema: e.site.Schema, last: e.site.last}
	after.addScript(group, firstPart, splitParts(script))
	for _, p := range after.Props {
		statements = append(statements, insert(e, propShape(e.site.Schema.RootNull), p))
	}
	return e.edit(ctx, what, statements, func() {
		e.site.dropProps(old)
		e.site.last = after.last
		e.site.Props = append(e.site.Props, after.Props...)
	})
}

// RemoveScript takes the skill expression from a group: its explicit agents count from now on.
func (e *Editor) RemoveScript(ctx context.Context, group int64) error {
	what := fmt.Sprint("remove the script of group ", group)
	statements, old := e.scriptRemoval(group)
	if len(old) == 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	return e.edit(ctx, what, statements, func() { e.site.dropProps(old) })
}

// scriptRemoval returns what deletes the section of a group's expression with all its options, and their DBIDs.
func (e *Editor) scriptRemoval(group int64) (statements []statement, old []int64) {
	for _, p := range e.site.Props {
		if p.Type != ObjectAgentGroup || p.Object != group {
			continue
		}
		if p.Parent == 0 && strings.EqualFold(p.Name, ScriptSection) {
			old = append(old, p.DBID)
			statements = append(statements, e.remove(TableProp, equals{"parent_dbid", p.DBID}), e.remove(TableProp, equals{"dbid", p.DBID}))
		} else if slices.Contains(old, p.Parent) && !slices.Contains(old, p.DBID) {
			old = append(old, p.DBID)
		}
	}
	return statements, old
}

// dropProps removes annex rows from the model.
func (s *Site) dropProps(dbids []int64) {
	s.Props = slices.DeleteFunc(s.Props, func(p Prop) bool { return slices.Contains(dbids, p.DBID) })
}
