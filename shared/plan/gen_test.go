package plan_test

import (
	"fmt"

	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// genUser draws a user with some of ten skills and languages.
func genUser(dbid int64, t *rapid.T) model.Object {
	o := aUser(dbid)
	o.Skills = genAssignments(t, "skills")
	o.Languages = genAssignments(t, "languages")
	if rapid.IntRange(0, 5).Draw(t, "state") == 0 {
		o.State = model.StateInactive
	}
	o.Normalize()
	return o
}

func genAssignments(t *rapid.T, what string) []model.Assignment {
	var as []model.Assignment
	for _, dbid := range rapid.SliceOfNDistinct(rapid.Int64Range(1, 10), 0, 4, rapid.ID[int64]).Draw(t, what) {
		as = append(as, model.Assignment{DBID: dbid, Name: fmt.Sprint("Skill ", dbid), Level: model.Proficiency(rapid.IntRange(0, 5).Draw(t, "level") * 10)})
	}
	return as
}

// site is a configuration in Engage that can be edited at random.
type site struct {
	users, queues []model.Object
	names         []model.Object // skills and codes
	members       map[int64][]int64
	next          int64
}

func genSite(t *rapid.T) *site {
	s := &site{members: map[int64][]int64{}, next: 1000}
	for i := range rapid.Int64Range(0, 70).Draw(t, "users") {
		s.users = append(s.users, aUser(i+1, has(i%5+1, fmt.Sprint("Skill ", i%5+1), model.Proficiency(i%6))))
	}
	for i := range rapid.Int64Range(0, 40).Draw(t, "queues") {
		s.queues = append(s.queues, aQueue(i+1))
	}
	for i := range int64(6) {
		s.names = append(s.names, named(model.KindSkill, i+1, fmt.Sprint("Skill ", i+1)), named(model.KindWrapUpCode, i+1, fmt.Sprint("Code ", i+1)))
	}
	for _, q := range s.queues {
		s.members[q.Key.DBID] = s.someUsers(t)
	}
	return s
}

func (s *site) someUsers(t *rapid.T) []int64 {
	n := rapid.IntRange(0, min(25, len(s.users))).Draw(t, "members")
	var out []int64
	for i := range n {
		out = append(out, s.users[i].Key.DBID)
	}
	return out
}

// objects gives what translate would make of the site.
func (s *site) objects() []model.Object {
	out := concat(s.names, s.users, s.queues)
	living := map[int64]bool{}
	for _, u := range s.users {
		living[u.Key.DBID] = u.State == model.StateActive
	}
	for _, q := range s.queues {
		list, linked := s.members[q.Key.DBID]
		if !linked {
			continue
		}
		o := aMembers(q.Key.DBID)
		for _, m := range list {
			if living[m] {
				o.Members = append(o.Members, m)
			}
		}
		o.Normalize()
		out = append(out, o)
	}
	return out
}

// edit changes the site at random: hire, fire, re-hire, rename, disable, move between queues, re-create and delete queues,
// rename and merge skills and codes.
func (s *site) edit(t *rapid.T) {
	for range rapid.IntRange(1, 12).Draw(t, "edits") {
		switch rapid.IntRange(0, 11).Draw(t, "edit") {
		case 0:
			s.users = append(s.users, aUser(s.id()))
		case 1:
			s.users = s.users[rapid.IntRange(0, len(s.users)).Draw(t, "fire"):]
		case 2:
			s.eachUser(t, func(u *model.Object) { u.Name += "x" })
		case 3:
			s.eachUser(t, func(u *model.Object) { u.State = model.StateInactive })
		case 4:
			s.eachUser(t, s.rehire)
		case 5:
			s.eachUser(t, func(u *model.Object) { u.Skills = genAssignments(t, "skills") })
		case 6:
			s.queues = s.queues[rapid.IntRange(0, len(s.queues)).Draw(t, "close"):]
		case 7:
			s.eachQueue(t, s.recreate)
		case 8:
			s.eachQueue(t, func(q *model.Object) { s.members[q.Key.DBID] = s.someUsers(t) })
		case 9:
			s.eachQueue(t, func(q *model.Object) { delete(s.members, q.Key.DBID) })
		case 10:
			s.names = s.names[rapid.IntRange(0, len(s.names)).Draw(t, "forget"):]
		case 11:
			s.names = append(s.names, named(model.KindWrapUpCode, s.id(), fmt.Sprint("Code ", rapid.IntRange(1, 9).Draw(t, "code"))))
		}
		s.merge()
	}
}

func (s *site) id() int64 { s.next++; return s.next }

// rehire gives a Person a new DBID, as an administrator does who deletes and creates it.
func (s *site) rehire(u *model.Object) {
	old := u.Key.DBID
	u.Key.DBID = s.id()
	u.ExternalKey = fmt.Sprint(u.Key.DBID)
	for q, list := range s.members {
		list = append([]int64(nil), list...)
		for i, m := range list {
			if m == old {
				list[i] = u.Key.DBID
			}
		}
		s.members[q] = list
	}
}

func (s *site) recreate(q *model.Object) {
	old := q.Key.DBID
	q.Key.DBID = s.id()
	q.PeerID = fmt.Sprint(q.Key.DBID)
	if list, ok := s.members[old]; ok {
		s.members[q.Key.DBID] = list
		delete(s.members, old)
	}
}

func (s *site) eachUser(t *rapid.T, f func(*model.Object)) { each(t, s.users, f) }

func (s *site) eachQueue(t *rapid.T, f func(*model.Object)) { each(t, s.queues, f) }

// each edits a run of objects: one, some or all.
func each(t *rapid.T, objects []model.Object, f func(*model.Object)) {
	if len(objects) == 0 {
		return
	}
	from := rapid.IntRange(0, len(objects)-1).Draw(t, "from")
	to := rapid.IntRange(from, len(objects)).Draw(t, "to")
	for i := from; i < to; i++ {
		objects[i] = objects[i].Clone()
		f(&objects[i])
		objects[i].Normalize()
	}
}

// merge sets SameAs as translate does: the lowest living DBID of a name owns the EX object.
func (s *site) merge() {
	owners := map[string]int64{}
	for pass := range 2 {
		for i := range s.names {
			o := &s.names[i]
			id := string(o.Key.Kind) + model.Fold(o.Name)
			if pass == 0 {
				if owner, ok := owners[id]; !ok || o.Key.DBID < owner {
					owners[id] = o.Key.DBID
				}
				continue
			}
			o.SameAs = 0
			if owners[id] != o.Key.DBID {
				o.SameAs = owners[id]
			}
		}
	}
}

// genWorld draws a site, mapped under a preset, and the edited site's objects.
func genWorld(t *rapid.T) (*world, *site) {
	w := newWorld(rapid.SampledFrom(rules.Presets()).Draw(t, "preset"))
	s := genSite(t)
	w.have(s.objects()...)
	s.edit(t)
	return w, s
}

// settle approves everything that can be approved and waits for every second read.
func (w *world) settleInput(objects []model.Object) plan.Input {
	in := w.input(objects...)
	in.Approved = approveAll(plan.Make(in))
	return in
}
