package translate

import (
	"cmp"
	"slices"

	"excs/shared/model"
)

// typeOrder is the order in which queues are taken when not all fit: Virtual Queues, ACD Queues, Routing Queues, Routing
// Points (RULES 4.23).
func typeOrder(dnType int) int {
	order := []int{model.DNVirtualQueue, model.DNACDQueue, model.DNRoutingQueue, model.DNRoutingPoint}
	if i := slices.Index(order, dnType); i >= 0 {
		return i
	}
	return len(order)
}

// limitQueues takes as many queues as the EX Org does: the mapped ones, then by DN type and DBID. The rest is rejected.
//
// Over the limit every row counts, and is kept as a hint: a site in this state is to be put right, so its runs may cost
// something. Asking for a few would take a pass for each few that turn out to be mapped.
func (t *translation) limitQueues(all []servedQueue) []servedQueue {
	limit := t.settings.Limits.Queues
	if len(all) <= limit {
		return all
	}
	taken := map[int64]bool{}
	others := make([]servedQueue, 0, len(all))
	for _, q := range all {
		key := model.Key{Kind: model.KindQueue, DBID: q.dn.DBID}
		t.consult(key)
		if _, mapped := t.mapped(key); mapped {
			taken[q.dn.DBID] = true
		} else {
			others = append(others, q)
		}
	}
	slices.SortFunc(others, func(a, b servedQueue) int {
		return cmp.Or(cmp.Compare(typeOrder(a.dn.Type), typeOrder(b.dn.Type)), compare(a.dn.DBID, b.dn.DBID))
	})
	room := max(0, limit-len(taken))
	for _, q := range others[:room] {
		taken[q.dn.DBID] = true
	}
	for _, q := range others[room:] {
		t.reject(model.Key{Kind: model.KindQueue, DBID: q.dn.DBID},
			"%s does not fit: there are %d queues and the EX Org takes %d (setting limits.queues): leave DN types, switches or queues out of the scope", dnLabel(q.dn), len(all), limit)
	}
	return slices.DeleteFunc(all, func(q servedQueue) bool { return !taken[q.dn.DBID] })
}

// limitMembers takes as many members of a queue as the EX Org does: those that the row has first, then by DBID.
func (t *translation) limitMembers(key model.Key, queue string, members []int64) []int64 {
	limit := t.settings.Limits.QueueMembers
	if len(members) <= limit {
		return members
	}
	t.consult(key)
	row, _ := t.mapped(key)
	has := map[int64]bool{}
	for _, m := range row.Object.Members {
		has[m] = true
	}
	ranked := slices.Clone(members)
	slices.SortFunc(ranked, func(a, b int64) int {
		if has[a] != has[b] {
			if has[a] {
				return -1
			}
			return 1
		}
		return compare(a, b)
	})
	t.reject(key, "%s: %d members do not fit, the EX Org takes %d a queue (setting limits.queueMembers): Persons %s", queue, len(ranked)-limit, limit, some(ranked[limit:]))
	return ranked[:limit]
}
