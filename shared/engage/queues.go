package engage

import (
	"context"

	"excs/shared/model"
)

// readSwitches counts the switches of the DNs: a site of which none is left is not believed at once.
func (b *reading) readSwitches(ctx context.Context) error {
	var id number
	return b.each(ctx, b.sql.switches(), func(int) {}, []any{&id}, func() {})
}

// readDNs reads the DNs that become queues, with their switch's name. A switch that is not there leaves the name empty.
func (b *reading) readDNs(ctx context.Context) error {
	const t = model.TableDN
	var id, dnType, state, switchID, found number
	var num, alias, switchName text
	var noSwitch tally
	size := func(n int) { b.snap.DNs = make([]model.DN, 0, n) }
	var before int64
	err := b.each(ctx, b.sql.dns(), size, []any{&id, &num, &alias, &dnType, &state, &switchID, &found, &switchName}, func() {
		if !b.once(t, id, &before) {
			return
		}
		if switchID.value != 0 && found.null {
			noSwitch = noSwitch.add(id.value)
		}
		b.dns[id.value] = true
		b.snap.DNs = append(b.snap.DNs, model.DN{
			DBID:       id.value,
			Number:     b.clean(t, id.value, num),
			Alias:      b.clean(t, id.value, alias),
			Type:       int(dnType.value),
			State:      b.state(t, id.value, state),
			Switch:     b.clean(t, id.value, switchName),
			SwitchDBID: switchID.value,
		})
	})
	if noSwitch.n > 0 {
		b.note("cfg_dn: %d DNs refer to a switch that is not in cfg_switch (the first has DBID %d)", noSwitch.n, noSwitch.first)
	}
	return err
}
