package translate

import (
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
)

// servedQueue is a queue that is emitted, with the groups that list it.
type servedQueue struct {
	dn     *model.DN
	groups []int
}

// queues turns DNs into queues (RULES 3, 4): DN types, scope, limit, names. A disabled DN is a queue like any other.
func (t *translation) queues() {
	dns := living(t.snapshot.DNs, func(d *model.DN) model.CfgState {
		if !slices.Contains(t.settings.Queues.Types, d.Type) {
			return model.CfgDeleted
		}
		return d.State
	}, func(d *model.DN) int64 { return d.DBID })
	served := t.inScope(dns, t.links(dns))
	served = t.limitQueues(served)
	served = t.legible(served)
	names := make([]*named, len(served))
	before := t.predecessors(dns)
	for i := range served {
		names[i] = t.nameQueue(served[i].dn, before)
	}
	t.settleNames(names)
	for i, n := range names {
		if t.emitQueue(served[i].dn, n) {
			t.served = append(t.served, served[i])
		}
	}
}

// legible rejects the queues that are called by bytes that are no text; mapped ones stay as they are.
func (t *translation) legible(served []servedQueue) []servedQueue {
	return slices.DeleteFunc(served, func(q servedQueue) bool {
		key := model.Key{Kind: model.KindQueue, DBID: q.dn.DBID}
		if model.IsText(q.dn.Alias, q.dn.Number, q.dn.Switch) {
			return false
		}
		t.rejectUnreadable(key, dnLabel(q.dn))
		row, mapped := t.mapped(key)
		if mapped {
			t.freeze(key)
			t.emit(row.Object.Clone())
			t.served = append(t.served, q)
		}
		return true
	})
}

// links gives the living groups that list each DN among their Origination DNs, by index of the DN.
func (t *translation) links(dns []model.DN) [][]int {
	at := make(map[int64]int, len(dns))
	for i := range dns {
		at[dns[i].DBID] = i
	}
	groups := make([][]int, len(dns))
	for _, l := range t.snapshot.GroupDNs {
		dn, isQueue := at[l.DN]
		group, there := t.groups.at[l.Group]
		if isQueue && there {
			groups[dn] = append(groups[dn], group)
		}
	}
	return groups
}

// inScope drops DNs that the settings leave out. Under scope.queues linked, a queue that is mapped stays when the last
// user in scope leaves it: it is emptied, not deleted. A switch that is missing takes no queue away either.
func (t *translation) inScope(dns []model.DN, links [][]int) []servedQueue {
	onSwitch, unsure := t.switchScope(dns)
	out := make([]servedQueue, 0, len(dns))
	for i := range dns {
		key := model.Key{Kind: model.KindQueue, DBID: dns[i].DBID}
		_, mapped := t.mapped(key)
		if !onSwitch(&dns[i]) {
			if !unsure || !mapped {
				continue
			}
			t.stick(key)
		}
		if t.settings.Scope.Linked && !slices.ContainsFunc(links[i], t.serves) {
			if !mapped {
				continue
			}
			t.stick(key)
		}
		out = append(out, servedQueue{dn: &dns[i], groups: links[i]})
	}
	return out
}

// serves says whether a group has a user in scope, in any state.
func (t *translation) serves(group int) bool { return t.squad(group).agents.meets(t.emitted) }

// predecessors gives the rows of queues whose DN is gone, by number and switch: a DN that is deleted and created again
// has a new DBID, and what its queue was called counts for its successor (RULES 4.16).
func (t *translation) predecessors(dns []model.DN) map[[2]string]model.Known {
	before := map[[2]string]model.Known{}
	for key := range t.facts {
		row, ok := t.row(key)
		if !ok || key.Kind != model.KindQueue || row.Object.Identity.Number == "" {
			continue
		}
		if _, lives := slices.BinarySearchFunc(dns, key.DBID, func(d model.DN, dbid int64) int { return compare(d.DBID, dbid) }); lives {
			continue
		}
		place := [2]string{row.Object.Identity.Number, row.Object.Identity.Switch}
		if other, taken := before[place]; !taken || other.Object.Key.DBID < key.DBID {
			before[place] = row
		}
	}
	return before
}

func (t *translation) nameQueue(d *model.DN, before map[[2]string]model.Known) *named {
	place := placeOf(d)
	n := &named{keys: []model.Key{{Kind: model.KindQueue, DBID: d.DBID}}, base: compose(safeName(firstOf(d.Alias, place)), "")}
	dbid := "DN " + strconv.FormatInt(d.DBID, 10)
	n.tags[suffixed] = " (" + safeName(place) + ")"
	n.tags[numbered] = " (" + safeName(place) + ", " + dbid + ")"
	row, mapped := t.row(n.keys[0])
	switch {
	case mapped && t.isOtherDN(d, row):
	case mapped:
		n.rows = []model.Known{row}
	default:
		if row, ok := before[[2]string{model.Clean(d.Number), model.Clean(d.Switch)}]; ok {
			n.rows = []model.Known{row}
		}
	}
	return n
}

// placeOf is number@switch; the number alone where the switch is not known; the DBID where there is no number.
func placeOf(d *model.DN) string {
	number, at := model.Clean(d.Number), model.Clean(d.Switch)
	switch {
	case number == "":
		return "DN " + strconv.FormatInt(d.DBID, 10)
	case at == "":
		return number
	default:
		return number + "@" + at
	}
}

// safeName replaces the one character that the EX Org forbids in names of queues.
func safeName(name string) string { return strings.ReplaceAll(name, "*", "_") }

// isOtherDN says whether the row is another DN's: number and type can not be edited (FACTS E2).
func (t *translation) isOtherDN(d *model.DN, row model.Known) bool {
	was := row.Object.Identity
	if was.Number == "" || !allChanged(1, [2]string{was.Number, d.Number}, [2]string{was.Switch, d.Switch}) {
		return false
	}
	t.suspect(model.Key{Kind: model.KindQueue, DBID: d.DBID}, "%s: number and switch both differ from those of the mapped queue: another DN under this DBID? Nothing is written until an operator approves", dnLabel(d))
	return true
}

// emitQueue says whether the queue is there. One whose every name is taken keeps its row's, if it is mapped.
func (t *translation) emitQueue(d *model.DN, n *named) bool {
	key := n.keys[0]
	if n.lost {
		t.reject(key, "%s: every name that it could have is another queue's: give it another alias in Engage", dnLabel(d))
		row, mapped := t.mapped(key)
		if mapped {
			t.freeze(key)
			t.emit(row.Object.Clone())
		}
		return mapped
	}
	t.emit(model.Object{
		Key:    key,
		Name:   n.name(),
		PeerID: strconv.FormatInt(d.DBID, 10),
		Identity: model.Identity{
			Number: model.Clean(d.Number), Switch: model.Clean(d.Switch), DNType: d.Type, BaseName: n.base,
		},
	})
	return true
}

func dnLabel(d *model.DN) string { return describe("DN", d.DBID, firstOf(d.Alias, placeOf(d))) }
