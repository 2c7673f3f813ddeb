package rules

import (
	"strconv"
	"strings"
)

// DidYouMean gives ` (did you mean "agents"?)` for what was probably meant, or "" when nothing is close.
func DidYouMean(found string, names []string) string {
	if best := nearest(found, names); best != "" {
		return " (did you mean " + strconv.Quote(best) + "?)"
	}
	return ""
}

// elsewhere suggests a name of the same section, else the paths of other sections that end in the very name.
func elsewhere(found string, siblings []string, table []entry) string {
	if hint := DidYouMean(found, siblings); hint != "" {
		return hint
	}
	var paths []string
	for _, e := range table {
		if i := strings.LastIndex(e.path, "."); strings.EqualFold(e.path[i+1:], found) {
			paths = append(paths, e.path)
		}
	}
	if len(paths) == 0 {
		return ""
	}
	return " (did you mean " + strings.Join(paths, " or ") + "?)"
}

// nearest gives the name with the fewest edits, if they are few for its length.
func nearest(found string, names []string) string {
	if found == "" {
		return ""
	}
	best, least := "", len(found)/3+2
	for _, n := range names {
		if d := distance(strings.ToLower(found), strings.ToLower(n)); d < least && d < len(n) {
			best, least = n, d
		}
	}
	return best
}

// distance counts insertions, deletions and replacements.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
