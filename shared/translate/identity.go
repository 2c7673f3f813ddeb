package translate

import "excs/shared/model"

// allChanged says whether identifying fields all changed: of those that the row has, and it has least of them or more,
// none is the same now. DBIDs are not used again, so that is another object, which a restored or migrated database has put
// under an old number (RULES 4.16).
func allChanged(least int, pairs ...[2]string) bool {
	had := 0
	for _, p := range pairs {
		switch was, is := p[0], p[1]; {
		case was == "":
		case model.SameName(was, is):
			return false
		default:
			had++
		}
	}
	return had >= least
}
