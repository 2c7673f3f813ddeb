package plan

import (
	"cmp"
	"fmt"
	"slices"

	"excs/shared/model"
)

// pair finds for each newcomer the row whose EX object it takes over: the same thing under a new DBID (RULES 4.16).
//
//	gone                                      newcomer                       outcome
//	user/4  E7 jane@x                         user/9  E7 jane.roe@x          user/9 takes over user/4 (employee id)
//	user/4  (none) jane@x                     user/9  E7 jane@x              user/9 takes over user/4 (address, no contradiction)
//	user/4  E7 jane@x                         user/9  E8 jane@x              user/9 is rejected: addresses are recycled
//	queue/5 8001@sw "Sales"                   queue/6 8001@sw "Verkauf"      queue/6 takes over queue/5 (the same line)
//	queue/5 8001@sw "Sales"                   queue/6 8002@sw "Sales"        queue/6 takes over queue/5 (the same name)
//	skill/3 "Chess", orphan                   skill/8 "chess"                skill/8 takes over skill/3
//
// Gone is every row that is not of a living key: lost in this run, an orphan, or about to be deleted. A queue that was
// deleted already (no EX id) is taken over too: what EXCS had seen of it is the base for making it again.
func (s *site) pair() {
	for _, k := range []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode} {
		s.pairBy(k, nameFeature, nil)
	}
	s.pairBy(model.KindQueue, lineFeature, nil)
	s.pairBy(model.KindQueue, nameFeature, nil)
	s.pairBy(model.KindUser, employeeFeature, nil)
	s.pairBy(model.KindUser, addressFeature, samePerson)
	s.refuseRecycled()
}

// feature is what two objects have in common when they are one thing; "" never matches.
type feature func(model.Object) string

func nameFeature(o model.Object) string { return model.Fold(o.Name) }

func lineFeature(o model.Object) string {
	if o.Identity.Number == "" {
		return ""
	}
	return o.Identity.Number + "@" + o.Identity.Switch
}

func employeeFeature(o model.Object) string { return o.Identity.EmployeeID }

func addressFeature(o model.Object) string { return model.Fold(o.Email) }

// samePerson says that two Persons of one address do not contradict each other.
func samePerson(a, b model.Object) bool {
	x, y := a.Identity.EmployeeID, b.Identity.EmployeeID
	return x == "" || y == "" || x == y
}

func (s *site) pairBy(kind model.Kind, of feature, agree func(a, b model.Object) bool) {
	gone := s.goneBy(kind, of)
	if len(gone) == 0 {
		return
	}
	for _, o := range s.newcomers(kind) {
		if of(o) == "" {
			continue
		}
		for _, k := range gone[of(o)] {
			if _, taken := s.heir[k]; taken || agree != nil && !agree(o, s.in.Facts[k].Object) {
				continue
			}
			s.from[o.Key], s.heir[k] = k, o.Key
			break
		}
	}
}

// newcomers are the new objects of the kind that have no EX object and own their name, lowest DBID first.
func (s *site) newcomers(kind model.Kind) []model.Object {
	var os []model.Object
	for _, k := range sortedKeys(s.in.Delta.New) {
		o, ok := s.desired[k]
		if !ok || k.Kind != kind || o.SameAs != 0 || s.in.Facts[k].EXID != "" {
			continue
		}
		if _, paired := s.from[k]; !paired {
			os = append(os, o)
		}
	}
	return os
}

// goneBy lists the rows of the kind that can be taken over, by feature: lost ones first (they are the likeliest), then
// those on their way out, then orphans, then those whose EX object is gone already; of equals the youngest.
func (s *site) goneBy(kind model.Kind, of feature) map[string][]model.Key {
	gone := map[string][]model.Key{}
	for k, known := range s.in.Facts {
		if f := of(known.Object); f != "" && k.Kind == kind && s.free(k, known) {
			gone[f] = append(gone[f], k)
		}
	}
	for _, keys := range gone {
		slices.SortFunc(keys, func(a, b model.Key) int {
			return cmp.Or(cmp.Compare(s.rank(a), s.rank(b)), cmp.Compare(b.DBID, a.DBID))
		})
	}
	return gone
}

// free says whether the row can be taken over: its key is gone, it has an EX object (a deleted queue had one), and no
// living key shares that.
func (s *site) free(k model.Key, known model.Known) bool {
	if s.living(k) || known.Object.SameAs != 0 {
		return false
	}
	if sharesNames(k.Kind) && s.heldByNamesake(k.Kind, known.Object.Name) {
		return false
	}
	return known.EXID != "" || k.Kind == model.KindQueue && known.Leaving
}

func (s *site) rank(k model.Key) int {
	switch {
	case s.lost[k]:
		return 0
	case s.in.Facts[k].Leaving && s.in.Facts[k].EXID != "":
		return 1
	case !s.in.Facts[k].Leaving:
		return 2
	default:
		return 3 // its EX queue is gone: only what was seen of it is left
	}
}

// heldByNamesake says whether a living, mapped object has the EX object of that name.
func (s *site) heldByNamesake(kind model.Kind, name string) bool {
	return s.names[nameOf{kind, model.Fold(name)}]
}

// refuseRecycled rejects newcomers whose address an EX user still has whose Person is gone and was somebody else.
func (s *site) refuseRecycled() {
	gone := s.goneBy(model.KindUser, addressFeature)
	for _, o := range s.newcomers(model.KindUser) {
		for _, k := range gone[addressFeature(o)] {
			if _, taken := s.heir[k]; taken {
				continue
			}
			known := s.in.Facts[k]
			s.rejected[o.Key], s.refused[o.Key] = true, true
			s.rejects = append(s.rejects, model.Reject{Key: o.Key, Reason: fmt.Sprintf(
				"Person %d '%s' has the address %s, which the EX user %s of %s still holds (employee id %s there, %s here; that Person is gone from Engage): "+
					`give another address in Engage, free it in the EX Org, or say that they are one person with sync {"action":"link"}`,
				o.Key.DBID, o.Name, o.Email, known.EXID, k, known.Object.Identity.EmployeeID, o.Identity.EmployeeID)})
			break
		}
	}
}
