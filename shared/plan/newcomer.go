package plan

import (
	"fmt"
	"slices"
	"strconv"

	"excs/shared/model"
	"excs/shared/rules"
)

// draftNewcomer decides on an object without an EX object: take over, adopt, or create.
func (s *site) draftNewcomer(o model.Object) {
	if s.refused[o.Key] {
		return
	}
	d := &draft{change: model.Change{Key: o.Key, Action: model.ActionCreate, Object: o}}
	switch m, ok := s.in.Matches[o.Key]; {
	case o.SameAs != 0:
		// It shares the EX object of another key: the row is made, nothing is created in the EX Org.
	case !s.from[o.Key].IsZero():
		s.takeOver(d)
	case s.adoptFromSharer(d):
	case ok && s.mayAdopt(d, m):
		s.adopt(d, m)
	}
	s.add(d)
}

func (s *site) takeOver(d *draft) {
	from := s.from[d.change.Key]
	known := s.in.Facts[from]
	d.change.From, d.change.Adopt, d.touches = from, known.EXID, true
	if known.EXID == "" {
		// The EX queue was deleted already: it is made again, on the base of what the row From had seen of it.
		return
	}
	d.change.Action = model.ActionAdopt
	d.change.Fields = DiffObjects(known.Object, d.change.Object, s.in.Settings)
}

// adoptFromSharer deals with a new skill, language or code of a lower DBID than the one that owned the common EX object
// so far: it becomes an owner of that object beside the others.
func (s *site) adoptFromSharer(d *draft) bool {
	o := d.change.Object
	if !sharesNames(o.Key.Kind) {
		return false
	}
	for _, k := range s.in.Delta.Changed {
		known := s.in.Facts[k]
		if k.Kind == o.Key.Kind && s.desired[k].SameAs == o.Key.DBID && known.EXID != "" && model.SameName(known.Object.Name, o.Name) {
			d.change.Action, d.change.Adopt, d.touches = model.ActionAdopt, known.EXID, true
			return true
		}
	}
	return false
}

// mayAdopt says whether the EX object is free: nobody living has it, by the mapping table or by the external or peer id
// that it carries. One that was a row's of a gone key becomes a takeover, but never of a user: there pair decides who
// was who.
func (s *site) mayAdopt(d *draft, m Match) bool {
	key := d.change.Key
	for _, holder := range s.holders(key, m.Observed, m.Owners) {
		if s.living(holder) {
			s.note(key, fmt.Sprintf("the EX object %s of the same %s belongs to %s: it is not adopted", m.Observed.EXID, m.By, holder))
			return false
		}
	}
	for _, owner := range m.Owners {
		if owner == key {
			continue
		}
		if _, taken := s.heir[owner]; taken {
			return false
		}
		if key.Kind == model.KindUser && m.By == ByEmail {
			d.holds = append(d.holds, hold{code: HeldAdoption, reason: fmt.Sprintf(
				"the EX user %s has its address and belonged to %s, which is gone: adopt it only if they are one person", m.Observed.EXID, owner)})
		}
		d.change.From = owner
		s.from[key], s.heir[owner] = owner, key
		break
	}
	return true
}

// holders are the other keys that an EX object belongs to, by the mapping table or by what it carries.
func (s *site) holders(key model.Key, o model.Observed, owners []model.Key) []model.Key {
	holders := slices.Clone(owners)
	for _, id := range append(slices.Clone(o.ExternalKeys), o.PeerID) {
		if dbid, err := strconv.ParseInt(id, 10, 64); err == nil {
			holders = append(holders, model.Key{Kind: key.Kind, DBID: dbid})
		}
	}
	return slices.DeleteFunc(holders, func(k model.Key) bool { return k == key })
}

func (s *site) adopt(d *draft, m Match) {
	d.change.Action, d.change.Adopt, d.touches = model.ActionAdopt, m.Observed.EXID, true
	if m.Observed.Deleted && !StaysDeleted(d.change.Object, s.in.Settings.Users) {
		d.change.Action = model.ActionRestore
	}
	d.change.Fields = Diff(Target{Object: d.change.Object, Home: s.in.Home}, m.Observed, s.in.Settings, false)
	if d.change.Key.Kind == model.KindUser && m.By == ByEmail && !s.in.FirstRun {
		d.holds = append(d.holds, s.adoptedByEmail(d.change, m)...)
	}
}

// adoptedByEmail holds the adoption of a user whose address alone says who it is, if it would be renamed or deactivated,
// or if it carries another Person's external id: an address can be recycled.
func (s *site) adoptedByEmail(c model.Change, m Match) []hold {
	what := ""
	u := s.in.Settings.Users
	switch {
	case u.Name == rules.Controlled && m.Observed.Name != c.Object.Name:
		what = fmt.Sprintf("rename it from '%s' to '%s'", m.Observed.Name, c.Object.Name)
	case u.State == rules.Controlled && m.Observed.State == model.StateActive && c.Object.State == model.StateInactive:
		what = "deactivate it"
	case len(m.Observed.ExternalKeys) > 0 && !slices.Contains(m.Observed.ExternalKeys, c.Object.ExternalKey):
		what = "replace its external id " + m.Observed.ExternalKeys[0]
	default:
		return nil
	}
	return []hold{{code: HeldAdoption, reason: fmt.Sprintf("the EX user %s has nothing but the address in common with it, and adopting it would %s", m.Observed.EXID, what)}}
}
