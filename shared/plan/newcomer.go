package plan

import (
	"slices"

	"excs/shared/model"
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
	case s.in.Looking[o.Key] != "":
		d.touches = s.in.FirstRun // it may be there, and then it is adopted
		d.holds = append(d.holds, hold{code: HeldLooking, reason: s.in.Looking[o.Key]})
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

// mayAdopt asks the rule of adoption. An object that was a row's of a gone key becomes a takeover, but never of a user known by
// its address: there pair decides who was who, and an approval is needed.
func (s *site) mayAdopt(d *draft, m Match) bool {
	key := d.change.Key
	a := Adoptable(s.meeting(d.change.Object, m))
	if a.May == MayNot {
		s.note(key, a.Reason)
		return false
	}
	for _, owner := range m.Owners {
		if owner == key || m.Stale[owner] {
			continue
		}
		if _, taken := s.heir[owner]; taken {
			return false
		}
		d.change.From = owner
		s.from[key], s.heir[owner] = owner, key
		break
	}
	if a.May == MayApproved {
		d.holds = append(d.holds, hold{code: HeldAdoption, reason: a.Reason})
	}
	return true
}

// meeting is what the rule of adoption needs to know of a newcomer and the EX object found for it.
func (s *site) meeting(o model.Object, m Match) Meeting {
	meet := Meeting{Want: o, Seen: m.Observed, First: s.in.FirstRun, Home: s.in.Home, Settings: s.in.Settings}
	for _, owner := range m.Owners {
		if owner != o.Key {
			meet.Holders = append(meet.Holders, Holder{Key: owner, Owner: true, Stale: m.Stale[owner] || !s.living(owner)})
		}
	}
	for _, k := range MarkHolders(o.Key, m.Observed) {
		if !slices.Contains(m.Owners, k) {
			meet.Holders = append(meet.Holders, Holder{Key: k, Stale: !s.living(k) || s.hasAnother(k, m.Observed.EXID)})
		}
	}
	for _, k := range m.Leave {
		meet.Leave = append(meet.Leave, s.person(k.DBID))
	}
	return meet
}

// hasAnother says whether the key is mapped to another EX object than this.
func (s *site) hasAnother(k model.Key, exID string) bool {
	has := s.in.Facts[k].EXID
	return has != "" && has != exID
}

func (s *site) adopt(d *draft, m Match) {
	d.change.Action, d.change.Adopt, d.touches = model.ActionAdopt, m.Observed.EXID, true
	if m.Observed.Deleted && !StaysDeleted(d.change.Object, s.in.Settings.Users) {
		d.change.Action = model.ActionRestore
	}
	d.change.Fields = Diff(Target{Object: d.change.Object, Home: s.in.Home}, m.Observed, s.in.Settings, false)
	if len(m.Leave) > 0 && s.removesMembers() {
		f := model.Field{Name: model.FieldMembers}
		for _, k := range m.Leave {
			f.Removed = append(f.Removed, s.person(k.DBID))
		}
		d.change.Fields = append(d.change.Fields, sortedSet(f))
	}
}
