package run

import (
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
)

// doubtEmptied puts kinds in doubt whose mapped objects are all gone at once although their tables still have rows: the
// wrap-up codes, say, while the values of Language are still there. As with an empty table, a second complete read that
// is late enough settles it (RULES 4.29).
func (r *Runner) doubtEmptied(d *draft) {
	since := map[model.Kind]time.Time{}
	for _, kind := range model.Kinds() {
		if d.delta.Mapped[kind] == 0 || slices.ContainsFunc(d.result.Objects, func(o model.Object) bool { return o.Key.Kind == kind }) {
			continue
		}
		first, seen := d.site.EmptySince[kind]
		if !seen {
			first = d.at
		}
		since[kind] = first
		if seen && d.at.Sub(first) >= r.Settings.SecondRead.Kind {
			continue
		}
		d.proof = d.proof.Doubting(kind, fmt.Sprintf("all %d mapped objects of kind %s are gone at once: unknown until a second complete read %s after %s agrees",
			d.delta.Mapped[kind], kind, r.Settings.SecondRead.Kind, first.UTC().Format(time.RFC3339)))
	}
	d.site.EmptySince = since
}
