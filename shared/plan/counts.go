package plan

import "excs/shared/model"

// counts counts the plan per kind.
func (s *site) counts(p Plan) map[model.Kind]Counts {
	counts := map[model.Kind]Counts{}
	for _, k := range model.Kinds() {
		if s.covers(k) {
			counts[k] = Counts{}
		}
	}
	busy := map[model.Key]bool{}
	bump := func(k model.Key, f func(*Counts)) {
		if c, ok := counts[k.Kind]; ok {
			f(&c)
			counts[k.Kind] = c
		}
	}
	for _, c := range p.Changes {
		busy[c.Key] = true
		bump(c.Key, func(n *Counts) { *n.of(c.Action)++ })
	}
	for _, h := range p.Held {
		busy[h.Change.Key] = true
		bump(h.Change.Key, func(n *Counts) { n.Held++ })
	}
	for k := range s.rejected {
		_, desired := s.desired[k]
		busy[k] = busy[k] || s.refused[k]
		bump(k, func(n *Counts) {
			n.Rejected++
			if !desired {
				n.Engage++
			}
		})
	}
	for k := range s.desired {
		bump(k, func(n *Counts) {
			n.Engage++
			if !busy[k] {
				n.Unchanged++
			}
		})
	}
	return counts
}

// of points at the counter of an action.
func (c *Counts) of(a model.Action) *int {
	switch a {
	case model.ActionCreate:
		return &c.Create
	case model.ActionAdopt:
		return &c.Adopt
	case model.ActionRestore:
		return &c.Restore
	case model.ActionDelete:
		return &c.Delete
	case model.ActionEmpty:
		return &c.Empty
	case model.ActionDeactivate:
		return &c.Deactivate
	case model.ActionOrphan:
		return &c.Orphan
	case model.ActionRefresh:
		return &c.Refresh
	default:
		return &c.Update
	}
}
