package engage

import (
	"context"
	"slices"

	"excs/shared/model"
)

// readAttributes reads the Business Attributes of the tenant and keeps those that are asked for. Names are compared in
// Go, after trimming: what LOWER makes of letters beyond ASCII depends on the server.
func (b *reading) readAttributes(ctx context.Context) error {
	if !b.sql.hasAttributes() {
		return nil
	}
	const t = model.TableAttribute
	var id, state number
	var name text
	var all []model.Attribute
	size := func(n int) { all = make([]model.Attribute, 0, n) }
	var before int64
	err := b.each(ctx, b.sql.attributes(), size, b.withState("cfg_enumerator", &state, &id, &name), func() {
		if b.once(t, id, &before) {
			all = append(all, model.Attribute{DBID: id.value, Name: b.clean(t, id.value, name), State: b.state(t, id.value, state)})
		}
	})
	if err != nil {
		return err
	}
	b.snap.Attributes = slices.DeleteFunc(all, func(a model.Attribute) bool { return !asked(a, all, b.sql.query.attributes()) })
	return nil
}

// asked says whether an attribute is one of those asked for: its name is equal, or equal but for case where no name in
// the tenant is equal.
func asked(a model.Attribute, all []model.Attribute, names []string) bool {
	for _, n := range names {
		if a.Name == n {
			return true
		}
		exists := slices.ContainsFunc(all, func(other model.Attribute) bool { return other.Name == n })
		if !exists && model.SameName(a.Name, n) {
			return true
		}
	}
	return false
}

// readValues reads the values of the attributes that were found.
func (b *reading) readValues(ctx context.Context) error {
	if !b.sql.hasAttributes() {
		return nil
	}
	const t = model.TableAttrValue
	defer b.countValues()
	names := map[int64]string{}
	ids := make([]int64, 0, len(b.snap.Attributes))
	for _, a := range b.snap.Attributes {
		names[a.DBID] = a.Name
		ids = append(ids, a.DBID)
	}
	if len(ids) == 0 {
		b.counts[t], b.snap.Read[t] = 0, 0
		return nil
	}
	var id, attribute, state number
	var name, display text
	size := func(n int) { b.snap.Values = make([]model.AttributeValue, 0, n) }
	var before int64
	return b.each(ctx, b.sql.values(ids), size, b.withState("cfg_enumerator_value", &state, &id, &attribute, &name, &display), func() {
		if !b.once(t, id, &before) {
			return
		}
		b.snap.Values = append(b.snap.Values, model.AttributeValue{
			DBID:        id.value,
			Attribute:   names[attribute.value],
			Name:        b.clean(t, id.value, name),
			DisplayName: b.clean(t, id.value, display),
			State:       b.state(t, id.value, state),
		})
	})
}

// countValues counts the values of each attribute that was asked for, of one that is not there too.
func (b *reading) countValues() {
	for _, name := range b.sql.query.attributes() {
		b.snap.Valued[name] = 0
		for i := range b.snap.Values {
			if model.SameName(b.snap.Values[i].Attribute, name) {
				b.snap.Valued[name]++
			}
		}
	}
}

// withState adds the state to the scanned columns where the table has one; else every row is enabled.
func (b *reading) withState(table string, state *number, dest ...any) []any {
	if b.sql.res.has(table, "state") {
		return append(dest, state)
	}
	state.value = int64(model.CfgEnabled)
	return dest
}

// readTransactions looks whether the vendor's settings object is there. Nothing of it is read but its DBID: its annex
// can hold a client secret.
func (b *reading) readTransactions(ctx context.Context) error {
	if !b.sql.res.has("cfg_transaction", "") {
		b.note("the table of transaction objects was not found (%s): whether %s exists is not known", b.sql.res.absent["cfg_transaction"], hybridIntegration)
		return nil
	}
	var id number
	var name text
	var ids []int64
	err := b.each(ctx, b.sql.transactions(), func(int) {}, []any{&id, &name}, func() {
		if b.isNamed(name, hybridIntegration) {
			ids = append(ids, id.value)
		}
	})
	switch {
	case err != nil:
		return err
	case len(ids) == 0:
		b.note("the tenant has no transaction object %s: other EX Engage Connector services need it, EXCS does not", hybridIntegration)
	case len(ids) > 1:
		b.note("the tenant has %d transaction objects %s (DBIDs %s): keep one", len(ids), hybridIntegration, numbers(ids))
	}
	return nil
}
