package mapping

import (
	"context"
	"sync"
)

// Space is the part of a tenant's table that belongs to one organisation. Rows, owners, the index, documents and the guard's
// windows are kept per organisation, so that under another one a table reads as empty and nothing of the former one's is touched;
// the lease, pauses, budgets and tokens are the tenant's.
type Space struct {
	// Org is the organisation. What is written to a row or an owner carries it.
	Org string
	// Plain says that its items carry no organisation in their keys: the first organisation of a table, and every table of a
	// release that did not know organisations.
	Plain bool
}

type spaceKey struct{}

// Under gives a context in which the table's methods work in the space. Without one they work in the plain space.
func Under(ctx context.Context, s Space) context.Context {
	return context.WithValue(ctx, spaceKey{}, s)
}

// SpaceOf gives the space of a context.
func SpaceOf(ctx context.Context) Space {
	if s, ok := ctx.Value(spaceKey{}).(Space); ok {
		return s
	}
	return Space{Plain: true}
}

// views are the table as it is seen in each space, made when they are first needed.
type views struct {
	mu  sync.Mutex
	all map[Space]*table
}

// in gives the table in the context's space.
func (t *table) in(ctx context.Context) *table {
	s := SpaceOf(ctx)
	if s == t.space {
		return t
	}
	t.views.mu.Lock()
	defer t.views.mu.Unlock()
	if v := t.views.all[s]; v != nil {
		return v
	}
	v := *t
	v.space, v.keys = s, keys{t.tenant}
	if !s.Plain {
		v.keys, v.doubts = keys{t.tenant + "@" + s.Org}, newDoubts()
	}
	t.views.all[s] = &v
	return &v
}

// sign notes on a row whose it is. Every row that says something of an EX object carries its organisation.
func (t *table) sign(r Row) Row {
	if t.space.Org != "" {
		r.Org = t.space.Org
	}
	return r
}

// signOwned does the same for an item that is not a row.
func (t *table) signOwned(it item) {
	if t.space.Org != "" {
		it.setText(attrOrg, t.space.Org)
	}
}
