package run

import (
	"context"
	"slices"

	"excs/shared/model"
	"excs/shared/plan"
)

// settle brings the comparison with the index in line with the rows, which a run that died may have left apart:
//
//	index       row                        Engage     is taken for
//	has it      is gone                    has it     new
//	has it      has no EX object (yet)     has it     new: who takes over whom must be decided again
//	has it      is gone                    lacks it   nothing; the entry leaves the index
func (d *draft) settle() {
	d.fresh, d.lost = slices.Clone(d.delta.New), slices.Clone(d.delta.Lost)
	rowless := func(k model.Key) bool {
		row, read := d.rows[k]
		return read && row.Version == 0
	}
	unbound := func(k model.Key) bool {
		return rowless(k) || d.rows[k].Version > 0 && d.rows[k].EXID == "" && k.Kind != model.KindMembers
	}
	for _, k := range d.delta.Changed {
		if unbound(k) {
			d.delta.New = append(d.delta.New, k)
		}
	}
	for _, k := range d.delta.Lost {
		if rowless(k) {
			d.rowless = append(d.rowless, k)
		}
	}
	d.delta.Changed = slices.DeleteFunc(d.delta.Changed, unbound)
	d.delta.Lost = slices.DeleteFunc(d.delta.Lost, rowless)
	slices.SortFunc(d.delta.New, model.Key.Compare)
}

// heritage reads the rows whose EX objects were to be taken over by keys that did not come to it. The index does not name
// them any more, so they are lost again: for the same heir, for another, or to be dismissed.
func (r *Runner) heritage(ctx context.Context, d *draft) error {
	var from []model.Key
	for _, k := range slices.Concat(d.delta.New, d.delta.Lost) {
		if row := d.rows[k]; row.EXID == "" && !row.From.IsZero() {
			from = append(from, row.From)
		}
	}
	if _, err := r.learn(ctx, d, from); err != nil {
		return err
	}
	for _, k := range from {
		_, desired := d.desired(k)
		if row := d.rows[k]; row.Version == 0 || row.EXID == "" || desired || slices.Contains(d.delta.Lost, k) {
			continue
		}
		d.delta.Lost = append(d.delta.Lost, k)
	}
	slices.SortFunc(d.delta.Lost, model.Key.Compare)
	return nil
}

// desired finds the desired object of a key.
func (d *draft) desired(key model.Key) (model.Object, bool) {
	i, ok := slices.BinarySearchFunc(d.result.Objects, key, func(o model.Object, k model.Key) int { return o.Key.Compare(k) })
	if !ok {
		return model.Object{}, false
	}
	return d.result.Objects[i], true
}

// indexed says whether the index had the key when the run began: what is lost was there, and what is desired and not new.
func (d *draft) indexed(key model.Key) bool {
	in := func(keys []model.Key) bool {
		_, found := slices.BinarySearchFunc(keys, key, model.Key.Compare)
		return found
	}
	if in(d.lost) {
		return true
	}
	_, desired := d.desired(key)
	return desired && !in(d.fresh)
}

func (d *draft) forgetRowless() {
	if d.recognition.database != "" {
		return
	}
	for _, k := range d.rowless {
		d.plan.Forget = append(d.plan.Forget, plan.Forget{Key: k, IndexOnly: true, Reason: "its row is gone already"})
	}
}
