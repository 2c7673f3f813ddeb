package plan

import (
	"excs/shared/model"
	"excs/shared/rules"
)

// draftGone decides on a key that is in the index and no longer desired.
//
//	row                                       outcome
//	the object was rejected                   kept as it is
//	its EX object is taken over               nothing here: the newcomer's change says it
//	another living key has its EX object      the row is forgotten; while it is about to: nothing yet
//	orphan already, or on its way out         only the index entry goes
//	shares an EX object with a living key     the row is forgotten
//	source                                    nothing, ever
//	else                                      by the rule of the kind: delete, empty, deactivate, orphan
func (s *site) draftGone(k model.Key) {
	known, ok := s.in.Facts[k]
	_, taken := s.heir[k]
	switch {
	case k.Kind == model.KindSource, s.living(k):
	case !ok:
		s.note(k, "it is gone from Engage and its row was not read, so nothing is done to it in this run")
	case k.Kind == model.KindMembers:
		s.draftGoneMembers(k, known)
	case taken:
	case s.in.Taken[k].Done:
		s.follow(Forget{Key: k, Reason: "its EX object goes on as " + s.in.Taken[k].By.String()}, model.Key{})
	case !s.in.Taken[k].By.IsZero():
		// A worker is about to take the object over: what becomes of the row before it is decided when that is done.
	case known.Orphan || known.Leaving:
		s.follow(Forget{Key: k, IndexOnly: true, Reason: "the row says so already"}, model.Key{})
	case sharesNames(k.Kind) && (known.Object.SameAs != 0 || s.heldByNamesake(k.Kind, known.Object.Name)):
		s.follow(Forget{Key: k, Reason: "its EX object stays with the object of the same name"}, model.Key{})
	default:
		s.dismiss(k, known)
	}
}

// dismiss applies the rule of the kind.
func (s *site) dismiss(k model.Key, known model.Known) {
	d := &draft{touches: true, change: model.Change{Key: k, Action: model.ActionOrphan, Object: known.Object}}
	switch s.in.Settings.OnDeleteOf(k.Kind, known.Object.Identity.DNType) {
	case rules.Delete:
		d.change.Action = model.ActionDelete
		d.lose = s.loses(membersOf(k))
		if known.Adopted && s.in.Settings.Queues.AdoptedDelete == rules.AdoptedApprove {
			d.holds = append(d.holds, hold{code: HeldAdopted, reason: "the EX queues were there before EXCS and were adopted: their delete needs an approval of its own"})
		}
	case rules.Empty:
		if members := membersOf(k); s.needsEmptying(members) {
			d.waits = members
		}
	case rules.Deactivate:
		if !s.deactivate(d, known) {
			return
		}
	default:
	}
	s.add(d)
}

// loses gives the members that go with a queue that is deleted.
func (s *site) loses(members model.Key) []int64 {
	if s.living(members) {
		return nil
	}
	return s.exchanged(s.in.Facts[members].Object.Members, func(model.Key) bool { return true })
}

// needsEmptying says whether the queue's members have to be emptied first, by this plan or, if it leaves them out, by a
// later one.
func (s *site) needsEmptying(members model.Key) bool {
	if m := s.byKey[members]; m != nil && m.change.Action == model.ActionEmpty {
		return true
	}
	return s.lost[members] && s.removesMembers() && len(s.in.Facts[members].Object.Members) > 0
}

// deactivate turns the orphan of a user into a deactivation, as long as it is active. Once that was made true the user
// is an orphan: a newcomer of the same employee id finds it there. false: nothing to do for now.
func (s *site) deactivate(d *draft, known model.Known) bool {
	if known.EXID == "" || !controlsState(s.in.Settings) {
		return true
	}
	if known.Object.State == model.StateInactive {
		d.removed = true
		return s.in.Settled[d.change.Key]
	}
	d.change.Action = model.ActionDeactivate
	d.change.Object = known.Object.Clone()
	d.change.Object.State = model.StateInactive
	d.change.Fields = []model.Field{{Name: model.FieldState, Before: string(known.Object.State), After: string(model.StateInactive)}}
	return true
}

// draftGoneMembers decides on the members row of a queue that is gone, was re-created, or has no agent group any more.
func (s *site) draftGoneMembers(k model.Key, known model.Known) {
	q := queueOf(k)
	if heir, ok := s.heir[q]; ok {
		s.handOver(k, known, heir)
		return
	}
	if s.living(q) {
		s.dropMembers(k, known)
		return
	}
	gone := s.in.Facts[q]
	with := model.Key{}
	if s.lost[q] && !gone.Orphan && !gone.Leaving {
		with = q
	}
	if s.in.Settings.OnDeleteOf(model.KindQueue, gone.Object.Identity.DNType) == rules.Empty && s.removesMembers() {
		switch {
		case len(known.Object.Members) > 0:
			s.emptyMembers(k, known)
			return
		case !s.in.Settled[k]:
			return // the row is on its way to be empty
		}
	}
	s.follow(Forget{Key: k, Reason: "its queue is gone"}, with)
}

// removesMembers says whether EXCS ever takes anybody out of a queue.
func (s *site) removesMembers() bool { return s.in.Settings.Members.Control == rules.Exact }

// dropMembers deals with a queue that is there and that no agent group lists any more: it loses its members, and its row
// stays, because control has begun. A rejected queue keeps what it has, its members too.
func (s *site) dropMembers(k model.Key, known model.Known) {
	_, desired := s.desired[queueOf(k)]
	switch {
	case !desired:
	case !s.removesMembers():
		s.follow(Forget{Key: k, Reason: "the setting members leaves nothing to remove"}, model.Key{})
	case len(known.Object.Members) > 0:
		s.emptyMembers(k, known)
	}
}

func (s *site) emptyMembers(k model.Key, known model.Known) {
	s.addMembers(model.Object{Key: k}, known.Object.Members, model.Key{}, true)
}

// handOver gives the members of a re-created queue to the new DN.
func (s *site) handOver(k model.Key, known model.Known, heir model.Key) {
	to := membersOf(heir)
	forget := Forget{Key: k, Reason: "its queue goes on as " + heir.String()}
	if _, ok := s.desired[to]; !ok && s.removesMembers() && len(known.Object.Members) > 0 {
		s.addMembers(model.Object{Key: to}, known.Object.Members, k, true)
		s.byKey[to].waits = heir
	} else if !ok {
		to = heir
	}
	s.follow(forget, to)
}

func (s *site) follow(f Forget, with model.Key) {
	s.follows = append(s.follows, follow{forget: f, with: with})
}

func queueOf(members model.Key) model.Key {
	return model.Key{Kind: model.KindQueue, DBID: members.DBID}
}

func membersOf(queue model.Key) model.Key {
	return model.Key{Kind: model.KindMembers, DBID: queue.DBID}
}
