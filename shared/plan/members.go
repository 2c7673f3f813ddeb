package plan

import (
	"slices"

	"excs/shared/model"
)

// draftMembers decides on a desired member list.
//
//	row {1,2}, desired {2,3}                              members +user/3 -user/1
//	row {1,2}, desired {3} that may be incomplete         members +user/3; the row becomes {1,2,3}
//	the same, and user/2 is disabled, gone or out of scope  members +user/3 -user/2; the row becomes {1,3}
//	row {1,2}, desired {2,9}, user/9 takes over user/1    nothing for the EX Org: the row is refreshed
//	no row, queue/6 takes over queue/5                    compared with the row of members/5
func (s *site) draftMembers(o model.Object) {
	known, row := s.in.Facts[o.Key]
	from := model.Key{}
	if !row {
		from = membersOf(s.from[queueOf(o.Key)])
		if known, row = s.in.Facts[from]; !row || from.DBID == 0 {
			from = model.Key{}
		}
	}
	if !row && !s.fresh[o.Key] {
		s.note(o.Key, "its row was not read, so nothing is done to it in this run")
		return
	}
	s.addMembers(o, known.Object.Members, from, row)
	d := s.byKey[o.Key]
	if d != nil && s.fresh[queueOf(o.Key)] && s.in.Facts[queueOf(o.Key)].EXID == "" {
		d.waits = queueOf(o.Key)
	}
}

// addMembers drafts the change from the set that a row holds to the desired one.
func (s *site) addMembers(o model.Object, row []int64, from model.Key, exists bool) {
	d := &draft{touches: exists, row: row}
	d.before = s.exchanged(row, func(model.Key) bool { return true })
	if o.AddOnly {
		all := union(s.staying(d.before), o.Members)
		d.padded = len(all) > len(o.Members)
		o.Members = all
	}
	if s.removesMembers() {
		d.leave = without(d.before, o.Members)
	}
	d.change = model.Change{Key: o.Key, From: from, Object: o}
	if !from.IsZero() {
		d.change.Adopt = s.in.Facts[from].EXID
	}
	s.describe(d, d.before)
	if d.change.Action != "" {
		s.add(d)
	}
}

// staying leaves out whom no group could keep in a queue, because he is disabled, deleted or out of scope: he leaves on
// his own account. A rejected user is none of that.
func (s *site) staying(members []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(members), func(dbid int64) bool {
		k := userKey(dbid)
		o, desired := s.desired[k]
		return !s.rejected[k] && (!desired || o.State == model.StateInactive)
	})
}

// describe gives the change its action and fields, compared with the set before; an empty action means nothing to do.
func (s *site) describe(d *draft, before []int64) {
	o := d.change.Object
	d.change.Fields = nil
	if !d.touches {
		d.change.Action = model.ActionCreate
		return
	}
	if f := memberField(before, o, s.in.Settings.Members.Control, s.person); f.Name != "" {
		d.change.Fields = []model.Field{f}
	}
	switch {
	case len(o.Members) == 0 && len(d.change.Fields) > 0:
		d.change.Action = model.ActionEmpty
	case !d.change.From.IsZero():
		d.change.Action = model.ActionAdopt
	case len(d.change.Fields) > 0:
		d.change.Action = model.ActionUpdate
	case d.padded && s.knows(o):
		d.change.Action = ""
	default:
		d.change.Action = model.ActionRefresh
	}
}

// knows says whether the object's own row and the index hold it already.
func (s *site) knows(o model.Object) bool {
	known, own := s.in.Facts[o.Key]
	return own && known.Object.Fingerprint() == o.Fingerprint() && !s.fresh[o.Key]
}

// exchanged replaces users by those that take them over, where goes says that the takeover happens: the EX user is the
// same, so nobody leaves or joins.
func (s *site) exchanged(members []int64, goes func(heir model.Key) bool) []int64 {
	out := slices.Clone(members)
	for i, dbid := range out {
		if heir, ok := s.heir[userKey(dbid)]; ok && goes(heir) {
			out[i] = heir.DBID
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
