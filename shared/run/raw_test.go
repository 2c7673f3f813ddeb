package run_test

import (
	"maps"

	"github.com/google/go-cmp/cmp"
)

// rawDiff compares two objects as their administrators see them, but for what moves with every write and the named
// properties.
func rawDiff(before, after map[string]any, but ...string) string {
	clean := func(raw map[string]any) map[string]any {
		raw = maps.Clone(raw)
		for _, k := range append([]string{"version", "dateModified", "modifiedBy"}, but...) {
			delete(raw, k)
		}
		return raw
	}
	return cmp.Diff(clean(before), clean(after))
}
