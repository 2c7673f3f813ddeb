package translate

import (
	"cmp"
	"slices"
	"strings"

	"excs/shared/model"
)

// longestName is the EX Org's limit for names, in characters (FACTS X17; RULES 4.10).
const longestName = 256

// The levels of a name: as it is, with the suffix against a collision, with one that holds the DBID too. The last is for
// sites where even number and switch are equal, or where somebody's alias looks like another's suffix.
const (
	plain = iota
	suffixed
	numbered
	levels
)

// named is a queue or a wrap-up code (with all that are one with it) on its way to a name.
type named struct {
	keys []model.Key // by DBID
	rows []model.Known
	base string
	tags [levels]string // what is added at each level; tags[plain] is ""
	// level is the level that the name has now.
	level int
	// lost says that no name is left.
	lost bool
}

func (n *named) name() string { return compose(n.base, n.tags[n.level]) }

// compose cuts the base, not the suffix.
func compose(base, tag string) string {
	room := longestName - len([]rune(tag))
	if runes := []rune(base); len(runes) > room {
		base = strings.TrimSpace(string(runes[:max(room, 0)]))
	}
	return base + tag
}

// holdsPlain says whether it is mapped under the plain name.
func (n *named) holdsPlain() bool { return n.holds(n.base) }

func (n *named) holds(name string) bool {
	return slices.ContainsFunc(n.rows, func(k model.Known) bool { return model.SameName(k.Object.Name, name) })
}

// stuckLevel gives the level of the suffix that the row has, plain if it has none. A suffix stays until the base (the
// alias, the display name) changes in more than case; its text may change with the switch's name.
func (n *named) stuckLevel() int {
	level := plain
	for _, k := range n.rows {
		switch o := k.Object; {
		case !model.SameName(o.Identity.BaseName, n.base) || model.SameName(o.Name, n.base):
		case model.SameName(o.Name, compose(n.base, n.tags[numbered])):
			level = numbered
		default:
			level = max(level, suffixed)
		}
	}
	return level
}

// settleNames gives each its own name (RULES 4.10). Of those with one base, compared without case and outer space, the one
// that is mapped under the plain name keeps it and the others get the suffix; all of them, if none is.
func (t *translation) settleNames(all []*named) {
	byBase := map[string][]*named{}
	for _, n := range all {
		byBase[model.Fold(n.base)] = append(byBase[model.Fold(n.base)], n)
	}
	for _, group := range byBase {
		t.settleGroup(group)
	}
	// Every round raises a level, so the rounds end.
	for t.separate(all) {
		continue
	}
}

func (t *translation) settleGroup(group []*named) {
	if len(group) == 1 {
		group[0].level = group[0].stuckLevel()
		if group[0].level != plain {
			t.stickAll(group[0])
		}
		return
	}
	holder := bestHolder(group, (*named).holdsPlain)
	for _, n := range group {
		t.consultAll(n)
		if n != holder {
			n.level = max(suffixed, n.stuckLevel())
		}
	}
}

// bestHolder gives the one that holds: with an EX object before one with a row only, then the lower DBID; nil for none.
func bestHolder(group []*named, holds func(*named) bool) *named {
	var best *named
	for _, n := range group {
		if holds(n) && (best == nil || cmp.Or(cmp.Compare(best.exists(), n.exists()), n.keys[0].Compare(best.keys[0])) < 0) {
			best = n
		}
	}
	return best
}

func (n *named) exists() int {
	if slices.ContainsFunc(n.rows, func(k model.Known) bool { return k.EXID != "" }) {
		return 1
	}
	return 0
}

// separate raises the level of all but one of those whose whole names are equal all the same, and says whether there
// were any. One that has no level left is lost.
func (t *translation) separate(all []*named) bool {
	byName := make(map[string][]*named, len(all))
	for _, n := range all {
		if !n.lost {
			fold := model.Fold(n.name())
			byName[fold] = append(byName[fold], n)
		}
	}
	again := false
	for fold, group := range byName {
		if len(group) == 1 {
			continue
		}
		again = true
		keeper := bestHolder(group, func(n *named) bool { return n.holds(fold) })
		if keeper == nil {
			keeper = bestHolder(group, func(*named) bool { return true })
		}
		for _, n := range group {
			t.consultAll(n)
			if n == keeper {
				continue
			}
			if n.level++; n.level == levels {
				n.level, n.lost = numbered, true
			}
		}
	}
	return again
}

func (t *translation) consultAll(n *named) {
	for _, k := range n.keys {
		t.consult(k)
	}
}

func (t *translation) stickAll(n *named) {
	for _, k := range n.keys {
		t.stick(k)
	}
}
