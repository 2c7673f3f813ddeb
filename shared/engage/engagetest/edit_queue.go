package engagetest

import (
	"context"
	"fmt"
	"slices"
)

// NewQueue says which DN is created. What is left empty: a Virtual Queue, on the first switch, with a free number, and without an alias.
type NewQueue struct {
	Type          DNType
	Switch        int64
	Number, Alias string
	Groups        []int64 // DBIDs of agent groups that list it
}

// AddQueue creates a DN and lists it among the origination DNs of the groups.
func (e *Editor) AddQueue(ctx context.Context, n NewQueue) (DN, error) {
	d := DN{DBID: e.site.last.dn + 1, Tenant: e.site.Tenant, Switch: n.Switch, Type: n.Type, Number: n.Number, Alias: n.Alias, State: StateEnabled}
	if d.Type == 0 {
		d.Type = VirtualQueue
	}
	if d.Switch == 0 && len(e.site.Switches) > 0 {
		d.Switch = e.site.Switches[0].DBID
	}
	fallBack(&d.Number, fmt.Sprint(9_000_000+d.DBID))
	for _, old := range e.site.DNs {
		if old.Switch == d.Switch && old.Number == d.Number {
			return DN{}, fmt.Errorf("add queue: %w: number %s on switch %d is DN %d", ErrConflict, d.Number, d.Switch, old.DBID)
		}
	}
	if err := e.putQueue(ctx, fmt.Sprint("add queue ", d.DBID), nil, d, n.Groups); err != nil {
		return DN{}, err
	}
	return d, nil
}

// putQueue runs what goes before and creates the DN with its links.
func (e *Editor) putQueue(ctx context.Context, what string, before []statement, d DN, groups []int64) error {
	statements := append(before, insert(e, dnShape(), d))
	var links []Link
	for _, group := range groups {
		if _, ok := e.site.Group(group); !ok {
			return fmt.Errorf("%s: %w", what, missing("agent group", group))
		}
		l := Link{group, d.DBID}
		links = append(links, l)
		statements = append(statements, insert(e, linkShape(), l))
	}
	return e.edit(ctx, what, statements, func() {
		e.site.last.dn = d.DBID
		e.site.DNs = append(e.site.DNs, d)
		e.site.Links = append(e.site.Links, links...)
	})
}

// deletion returns what deletes a DN as Engage does: from the groups' lists too, and with its annex.
func (e *Editor) deletion(dn int64) []statement {
	return []statement{e.remove(TableLink, equals{"dn_dbid", dn}), e.removeAnnex(ObjectDN, dn), e.remove(TableDN, equals{"dbid", dn})}
}

// dropQueue removes a DN from the model.
func (s *Site) dropQueue(dn int64) {
	s.DNs = slices.DeleteFunc(s.DNs, func(d DN) bool { return d.DBID == dn })
	s.Links = slices.DeleteFunc(s.Links, func(l Link) bool { return l.DN == dn })
	s.dropAnnex(ObjectDN, dn)
}

// DeleteQueue deletes a DN as Engage does: it leaves the groups' lists too.
func (e *Editor) DeleteQueue(ctx context.Context, dn int64) error {
	if _, ok := e.site.DN(dn); !ok {
		return fmt.Errorf("delete queue: %w", missing("DN", dn))
	}
	return e.edit(ctx, fmt.Sprint("delete queue ", dn), e.deletion(dn), func() { e.site.dropQueue(dn) })
}

// RecreateQueue deletes a DN and creates it again, in one transaction, with the same number, switch, type and alias and a new DBID: what administrators
// do to change what can not be edited. With relink the groups that listed it list the new one.
func (e *Editor) RecreateQueue(ctx context.Context, dn int64, relink bool) (DN, error) {
	d, ok := e.site.DN(dn)
	if !ok {
		return DN{}, fmt.Errorf("re-create queue: %w", missing("DN", dn))
	}
	var groups []int64
	for _, l := range e.site.Links {
		if relink && l.DN == dn {
			groups = append(groups, l.Group)
		}
	}
	d.DBID = e.site.last.dn + 1
	if err := e.putQueue(ctx, fmt.Sprintf("re-create queue %d as %d", dn, d.DBID), e.deletion(dn), d, groups); err != nil {
		return DN{}, err
	}
	e.site.dropQueue(dn)
	return d, nil
}

// SetAlias sets the alias of a DN; empty removes it.
func (e *Editor) SetAlias(ctx context.Context, dn int64, alias string) error {
	return change(ctx, e, fmt.Sprint("set the alias of queue ", dn), e.site.DNs, dnDBID, dnShape(), dn, func(d *DN) { d.Alias = alias })
}

// SetQueueState enables or disables a DN.
func (e *Editor) SetQueueState(ctx context.Context, dn int64, state State) error {
	return change(ctx, e, fmt.Sprint("set the state of queue ", dn), e.site.DNs, dnDBID, dnShape(), dn, func(d *DN) { d.State = state })
}

// SwapAliases gives each of two DNs the alias of the other.
func (e *Editor) SwapAliases(ctx context.Context, a, b int64) error {
	return swap(ctx, e, "swap aliases", e.site.DNs, dnDBID, dnShape(), a, b, func(x, y *DN) { x.Alias, y.Alias = y.Alias, x.Alias })
}

// Link lists a queue among the origination DNs of a group.
func (e *Editor) Link(ctx context.Context, group, dn int64) error {
	what := fmt.Sprintf("link queue %d to group %d", dn, group)
	if _, ok := e.site.Group(group); !ok {
		return fmt.Errorf("%s: %w", what, missing("agent group", group))
	}
	if _, ok := e.site.DN(dn); !ok {
		return fmt.Errorf("%s: %w", what, missing("DN", dn))
	}
	l := Link{group, dn}
	if slices.Contains(e.site.Links, l) {
		return fmt.Errorf("%s: %w", what, ErrConflict)
	}
	return e.edit(ctx, what, []statement{insert(e, linkShape(), l)}, func() { e.site.Links = append(e.site.Links, l) })
}

// Unlink removes a queue from the origination DNs of a group.
func (e *Editor) Unlink(ctx context.Context, group, dn int64) error {
	what := fmt.Sprintf("unlink queue %d from group %d", dn, group)
	i := slices.Index(e.site.Links, Link{group, dn})
	if i < 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	statements := []statement{e.remove(TableLink, equals{"group_dbid", group}, equals{"dn_dbid", dn})}
	return e.edit(ctx, what, statements, func() { e.site.Links = slices.Delete(e.site.Links, i, i+1) })
}
