package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
)

// Mark is a text by which an EX object is known as a desired one. Addresses and names are folded: they are compared without
// case and outer space.
type Mark struct {
	By   By
	Text string
}

// MarksOf are the marks that a desired object is known by, the strongest first.
func MarksOf(want model.Object) []Mark {
	return marks(want.Key.Kind, []string{want.ExternalKey}, want.PeerID, want.Email, want.Name)
}

// MarksOn are the marks that an EX object of the kind carries.
func MarksOn(kind model.Kind, o model.Observed) []Mark {
	return marks(kind, o.ExternalKeys, o.PeerID, o.Email, o.Name)
}

// marks gives what tells objects of the kind apart. Users are never known by their names, because people share them.
func marks(kind model.Kind, external []string, peer, email, name string) []Mark {
	var all []Mark
	add := func(by By, text string) {
		if text != "" {
			all = append(all, Mark{by, text})
		}
	}
	switch kind {
	case model.KindMembers:
	case model.KindUser:
		for _, id := range external {
			add(ByExternalID, id)
		}
		add(ByEmail, model.Fold(email))
	case model.KindQueue:
		add(ByPeerID, peer)
		add(ByName, model.Fold(name))
	default:
		add(ByName, model.Fold(name))
	}
	return all
}

// KnownBy gives the strongest mark by which the EX object is the desired one, "" if it is not: its external id, its peer id,
// its address, its name. A deleted object is none, except a user: nothing else can be brought back.
func KnownBy(want model.Object, o model.Observed) By {
	if o.Deleted && want.Key.Kind != model.KindUser {
		return ""
	}
	on := MarksOn(want.Key.Kind, o)
	for _, m := range MarksOf(want) {
		if slices.Contains(on, m) {
			return m.By
		}
	}
	return ""
}

// strength orders marks, the strongest first.
func (b By) strength() int {
	return slices.Index([]By{ByExternalID, ByPeerID, ByEmail, ByName}, b)
}

// preferred orders two EX objects that carry the same mark of a desired one: a living one comes before a deleted one, then
// the exact spelling, then the lowest EX id. The choice must not depend on the order of a list.
func preferred(want model.Object, a, b model.Observed) int {
	return cmp.Or(prefer(!a.Deleted, !b.Deleted), prefer(a.Name == want.Name, b.Name == want.Name), cmp.Compare(a.EXID, b.EXID))
}

// Best chooses the EX object that is the desired one, by the strongest mark; the zero Observed and "" if none is.
func Best(want model.Object, found []model.Observed) (model.Observed, By) {
	best, by := model.Observed{}, By("")
	for _, o := range found {
		mark := KnownBy(want, o)
		if mark == "" {
			continue
		}
		if by == "" || cmp.Or(cmp.Compare(mark.strength(), by.strength()), preferred(want, o, best)) < 0 {
			best, by = o, mark
		}
	}
	return best, by
}

// Holder is a key that an EX object belongs to: by the mapping table, or by the mark that the object carries.
type Holder struct {
	Key model.Key
	// Owner says that the mapping table names the key as an owner of the object.
	Owner bool
	// Stale says that the key does not forbid the adoption: it is gone, or has another EX object.
	Stale bool
	// Shares says that the key and the desired object have one name, and so one EX object.
	Shares bool
}

// MarkHolders gives the keys whose marks the EX object carries: EXCS writes the DBID in decimal. want's own is left out.
func MarkHolders(want model.Key, o model.Observed) []model.Key {
	var keys []model.Key
	for _, id := range marksOn(want.Kind, o) {
		dbid, err := strconv.ParseInt(id, 10, 64)
		if err == nil && dbid > 0 && strconv.FormatInt(dbid, 10) == id && dbid != want.DBID {
			keys = append(keys, model.Key{Kind: want.Kind, DBID: dbid})
		}
	}
	return keys
}

// marksOn are the marks of others or of EXCS that the EX object carries.
func marksOn(kind model.Kind, o model.Observed) []string {
	switch kind {
	case model.KindUser:
		return o.ExternalKeys
	case model.KindQueue:
		if o.PeerID != "" {
			return []string{o.PeerID}
		}
	default:
	}
	return nil
}

// Meeting is an EX object that was there before EXCS knew it, and the key that it may become.
type Meeting struct {
	Want model.Object
	Seen model.Observed
	// Holders are the other keys that the object belongs to.
	Holders []Holder
	// Leave names the mapped members that would leave the EX queue with the adoption.
	Leave []string
	// Own says that an unfinished creation of the key may have made the object.
	Own bool
	// First says that the adoption is part of the tenant's first plan, which is approved as a whole.
	First bool
	// Skills and Languages give the EX id of each DBID, as in Target; what is absent is compared by name.
	Skills, Languages map[int64]string
	// Home is the EX id of the Home Division, "" when it is not known.
	Home     string
	Settings rules.Settings
}

// May is what the rule of adoption says.
type May string

// The answers.
const (
	MayNot      May = "no"
	MayAdopt    May = "yes"
	MayApproved May = "yes, with approval"
)

// Answer says whether an EX object may become the key's.
type Answer struct {
	May May
	By  By
	// Reason says in words why not, or what needs the approval; "" for a plain yes.
	Reason string
	// Holder is the key that forbids it.
	Holder model.Key
}

// Adoptable is the rule of adoption:
//
//	the EX object                                             answer
//	carries no mark of the key, or is deleted for good        no
//	belongs to a living key                                   no
//	may have been made by the key's unfinished creation       yes
//	is part of the first plan                                 yes: that is approved as a whole
//	would be deactivated, moved to another division, lose     yes, with approval
//	a mark of somebody else, skills, languages or members
//	is a user known by its address alone that would be        yes, with approval: addresses are recycled
//	renamed or belonged to a Person who is gone
//	else                                                      yes: what it gains harms nobody
func Adoptable(m Meeting) Answer {
	a := Answer{May: MayNot, By: KnownBy(m.Want, m.Seen)}
	if a.By == "" {
		a.Reason = fmt.Sprintf("the EX %s %s has nothing in common with it, or is deleted", m.Want.Key.Kind, m.Seen.EXID)
		return a
	}
	for _, h := range m.Holders {
		if !h.Stale && !h.Shares {
			a.Holder = h.Key
			a.Reason = fmt.Sprintf("the EX object %s of the same %s belongs to %s: it is not adopted", m.Seen.EXID, a.By, h.Key)
			return a
		}
	}
	a.May = MayAdopt
	if m.Own || m.First {
		return a
	}
	if harm := m.harm(a.By); len(harm) > 0 {
		a.May = MayApproved
		a.Reason = fmt.Sprintf("the EX %s %s was there before, known by its %s, and adopting it would %s: approve it if they are one",
			m.Want.Key.Kind, m.Seen.EXID, a.By, strings.Join(harm, " and "))
	}
	return a
}

// harm lists what an adoption would do to the object that is not just an addition.
func (m Meeting) harm(by By) []string {
	var harm []string
	if by == ByEmail {
		harm = append(harm, m.recycled()...)
	}
	if others := m.othersMarks(); len(others) > 0 {
		harm = append(harm, fmt.Sprintf("replace its %s %s", markOf(m.Want.Key.Kind), strings.Join(others, " ")))
	}
	target := Target{Object: m.Want, Home: m.Home, Skills: m.Skills, Languages: m.Languages}
	for _, f := range Diff(target, m.Seen, m.Settings, false) {
		switch {
		case deactivates([]model.Field{f}):
			harm = append(harm, "deactivate it")
		case f.Name == model.FieldDivision:
			harm = append(harm, "move it to the home division")
		case len(f.Removed) > 0:
			harm = append(harm, fmt.Sprintf("take %s away: %s", f.Name, brief(f.Removed)))
		}
	}
	if len(m.Leave) > 0 && m.Settings.Members.Control == rules.Exact {
		harm = append(harm, "take members out of it: "+brief(m.Leave))
	}
	return harm
}

// recycled says what speaks against one person where the address is all that two have in common.
func (m Meeting) recycled() []string {
	var harm []string
	for _, h := range m.Holders {
		if h.Owner && h.Stale {
			harm = append(harm, fmt.Sprintf("take it from %s, which is gone or has another", h.Key))
			break
		}
	}
	if m.Settings.Users.Name == rules.Controlled && m.Seen.Name != m.Want.Name {
		harm = append(harm, "rename it")
	}
	return harm
}

// othersMarks are the marks on the object that are neither the key's own nor of a key that EXCS knows as its former owner.
func (m Meeting) othersMarks() []string {
	own := map[string]bool{m.Want.ExternalKey: true, m.Want.PeerID: true}
	for _, h := range m.Holders {
		if h.Owner {
			own[strconv.FormatInt(h.Key.DBID, 10)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(marksOn(m.Want.Key.Kind, m.Seen)), func(id string) bool { return own[id] })
}

// markOf names the mark that EXCS writes on objects of the kind.
func markOf(kind model.Kind) By {
	if kind == model.KindUser {
		return ByExternalID
	}
	return ByPeerID
}

// namedInReason is how many names a sentence holds; the change itself lists them all.
const namedInReason = 10

func brief(names []string) string {
	if len(names) <= namedInReason {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:namedInReason], ", ") + fmt.Sprintf(" and %d more", len(names)-namedInReason)
}
