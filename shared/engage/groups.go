package engage

import (
	"context"
	"slices"

	"excs/shared/model"
)

// readGroups reads every group of the tenant; which of them are agent groups shows when their agents and scripts are
// known (keepAgentGroups).
func (b *reading) readGroups(ctx context.Context) error {
	const t = model.TableGroup
	var id, state, groupType number
	var name text
	dest := []any{&id, &name, &state}
	if b.sql.res.has("cfg_group", "group_type") {
		dest = append(dest, &groupType)
	}
	size := func(n int) { b.snap.Groups = make([]model.Group, 0, n) }
	var before int64
	return b.each(ctx, b.sql.groups(), size, dest, func() {
		if !b.once(t, id, &before) {
			return
		}
		b.groups[id.value] = len(b.snap.Groups)
		b.groupTypes[id.value] = groupType.value
		b.snap.Groups = append(b.snap.Groups, model.Group{DBID: id.value, Name: b.clean(t, id.value, name), State: b.state(t, id.value, state)})
	})
}

// readAgents reads the explicit agents of the groups. Members that are no agents of the tenant are dropped.
func (b *reading) readAgents(ctx context.Context) error {
	const t = model.TableGroupAgent
	var group, person number
	size := func(n int) { b.snap.GroupAgents = make([]model.GroupAgent, 0, n) }
	return b.each(ctx, b.sql.agents(), size, []any{&group, &person}, func() {
		if _, ok := b.groups[group.value]; !ok || !b.agents[person.value] {
			b.drop(t)
			return
		}
		b.members[group.value] = true
		b.snap.GroupAgents = append(b.snap.GroupAgents, model.GroupAgent{Group: group.value, Person: person.value})
	})
}

// readLinks reads the groups' Origination DNs, after the groups that hold no agents were sorted out. A place group or a
// DN group may have Origination DNs too; its links are no word on who serves the queue.
func (b *reading) readLinks(ctx context.Context) error {
	others := b.keepAgentGroups()
	const t = model.TableGroupDN
	var group, dn number
	size := func(n int) { b.snap.GroupDNs = make([]model.GroupDN, 0, n) }
	return b.each(ctx, b.sql.links(), size, []any{&group, &dn}, func() {
		if others[group.value] {
			return
		}
		if _, ok := b.groups[group.value]; !ok || !b.dns[dn.value] {
			b.drop(t)
			return
		}
		b.snap.GroupDNs = append(b.snap.GroupDNs, model.GroupDN{Group: group.value, DN: dn.value})
	})
}

// keepAgentGroups leaves only agent groups in the snapshot and returns the DBIDs of the others.
func (b *reading) keepAgentGroups() map[int64]bool {
	others := map[int64]bool{}
	b.snap.Groups = slices.DeleteFunc(b.snap.Groups, func(g model.Group) bool {
		if b.members[g.DBID] || g.HasScript || isAgentGroup(b.groupTypes[g.DBID]) {
			return false
		}
		others[g.DBID] = true
		return true
	})
	return others
}

// isAgentGroup says whether a group without agents and without an expression is an agent group. cfg_group holds place,
// DN and access groups too, and it is not known whether group_type is CfgGroupType (1 agent, 2 place, 3 DN, 4 access
// group) or CfgObjectType (5, 6, 17, 21): no number means two things, so the known others are told apart by either.
// Everything else counts as an agent group, so that one that lost its last agent still empties its queues.
func isAgentGroup(groupType int64) bool {
	return !slices.Contains([]int64{2, 3, 4, 6, 17, 21}, groupType)
}
