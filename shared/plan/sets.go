package plan

import "slices"

// without gives the elements of a that b lacks; both are sorted.
func without(a, b []int64) []int64 {
	var rest []int64
	j := 0
	for _, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) || b[j] != x {
			rest = append(rest, x)
		}
	}
	return rest
}

// union gives the elements of both, sorted.
func union(a, b []int64) []int64 {
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}
