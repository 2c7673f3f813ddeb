package stack

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"excs/shared/mapping"
)

// constructOf makes the id of a construct from a name: "exorg-read" is ExorgRead. Ids give the logical names in the
// template: another id is another resource, and one that is kept can not be made twice.
func constructOf(name string) string {
	var id strings.Builder
	for _, part := range strings.Split(name, "-") {
		id.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return id.String()
}

func indexName() string { return mapping.Schema().IndexName }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
