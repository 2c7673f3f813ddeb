package translate

import (
	"excs/shared/model"
	"excs/shared/rules"
)

// members computes who serves each queue (RULES 3, 4): the agents of every group that lists it, as far as they are
// users and enabled.
//
// A queue that no group has ever listed has no members object: EXCS leaves its members alone. One that a group listed
// once (it has a row) and none lists now has an empty one.
func (t *translation) members() {
	if t.settings.Members.Control == rules.SetIgnored {
		return
	}
	eligible := newSet(len(t.crowd.rows))
	eligible.unite(t.crowd.enabled)
	eligible.intersect(t.emitted)
	for _, q := range t.served {
		key := model.Key{Kind: model.KindMembers, DBID: q.dn.DBID}
		if len(q.groups) > 0 {
			t.emit(t.membersOf(key, q, eligible))
			continue
		}
		if _, mapped := t.mapped(key); mapped {
			t.stick(key)
			t.emit(model.Object{Key: key})
			continue
		}
		t.note(key, "%s is an Origination DN of no agent group: the members of its queue are left alone", dnLabel(q.dn))
	}
}

func (t *translation) membersOf(key model.Key, q servedQueue, eligible set) model.Object {
	o := model.Object{Key: key}
	who := newSet(len(t.crowd.rows))
	for _, g := range q.groups {
		squad := t.squad(g)
		who.unite(squad.agents)
		o.AddOnly = o.AddOnly || squad.unknown != nil
	}
	who.intersect(eligible)
	o.Members = make([]int64, 0, who.size())
	who.each(func(i int) { o.Members = append(o.Members, t.crowd.rows[i].DBID) })
	o.Members = t.limitMembers(key, dnLabel(q.dn), o.Members)
	if len(o.Members) == 0 {
		o.Members = nil
	}
	return o
}
