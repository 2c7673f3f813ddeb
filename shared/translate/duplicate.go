package translate

import (
	"cmp"
	"slices"

	"excs/shared/model"
)

// contest is an address that several living Persons claim.
type contest struct {
	claims []*candidate
	winner *candidate
}

// settleAddresses gives each address to one Person (RULES 4.1): whoever is mapped with it keeps it, else the lower DBID.
// The others are rejected, naming the winner, and do not fall down the chain; one that is mapped under another address
// goes back to that, which may start another contest. Everybody goes back at most once, so it ends; and a place that was
// won is only lost to somebody who holds it by row, so an address never stays without a winner.
func (t *translation) settleAddresses(candidates []candidate) {
	contests := map[string]*contest{}
	first := make(map[string]*candidate, len(candidates))
	var open []string
	enter := func(c *candidate) {
		fold := model.Fold(c.address.text)
		k, contested := contests[fold]
		if !contested {
			earlier, taken := first[fold]
			if !taken {
				first[fold] = c
				return
			}
			k = &contest{claims: []*candidate{earlier}}
			contests[fold] = k
		}
		k.claims = append(k.claims, c)
		open = append(open, fold)
	}
	for i := range candidates {
		if !candidates[i].out {
			enter(&candidates[i])
		}
	}
	for len(open) > 0 {
		fold := open[0]
		open = open[1:]
		for _, loser := range contests[fold].settle(fold) {
			if loser.canRetreat(fold) {
				loser.retreated = true
				loser.address = loser.lastAddress()
				enter(loser)
			} else {
				loser.out = true
			}
		}
	}
	for _, k := range contests {
		t.report(k)
	}
}

// settle finds the winner among those that claim the address now, and gives the others.
func (k *contest) settle(fold string) []*candidate {
	var losers []*candidate
	for _, c := range k.claims {
		if !c.out && model.Fold(c.address.text) == fold {
			losers = append(losers, c)
		}
	}
	slices.SortFunc(losers, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.rank(fold), a.rank(fold)), compare(a.person.DBID, b.person.DBID))
	})
	k.winner = losers[0]
	return losers[1:]
}

// rank says how good a claim is: an EX user with the very address, a row with it, a row, or nothing but the wish.
func (c *candidate) rank(fold string) int {
	switch {
	case !c.mapped:
		return 0
	case !c.holds(fold):
		return 1
	case c.row.EXID == "":
		return 2
	default:
		return 3
	}
}

func (c *candidate) holds(fold string) bool {
	return c.mapped && model.Fold(c.row.Object.Email) == fold
}

// canRetreat says whether the candidate has another address to go back to.
func (c *candidate) canRetreat(fold string) bool {
	return c.mapped && !c.row.Orphan && !c.retreated && c.row.Object.Email != "" && !c.holds(fold)
}

// report rejects the losers, naming the winner. Their rows and the winner's were what decided.
func (t *translation) report(k *contest) {
	for _, c := range k.claims {
		t.consult(c.key)
		if c == k.winner {
			continue
		}
		kept := ""
		if !c.out {
			kept = "the user keeps its last address; "
			t.freeze(c.key)
		}
		t.reject(c.key, "%s has the same e-mail address as %s, who has it already or has the lower DBID: %sgive one of them another address in Engage",
			label(c.person), label(k.winner.person), kept)
	}
}
