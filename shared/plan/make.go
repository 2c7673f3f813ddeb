package plan

import (
	"slices"
	"time"

	"excs/shared/model"
)

// Make decides what the run does. The steps, in order:
//
//  1. pair what is gone with the newcomers that take it over (takeover.go)
//  2. draft one change for each new, changed and lost key (newcomer.go, existing.go, gone.go, members.go)
//  3. note why a draft must wait: no proof, another object, first plan, settings, second read (hold.go)
//  4. let the guard count what is left (guard.go)
//  5. settle: what goes, what goes in part, what is held, what is forgotten (settle.go)
func Make(in Input) Plan {
	s := decide(in)
	return s.settle(s.verdicts)
}

// decide takes the steps up to the guard.
func decide(in Input) *site {
	s := look(in)
	if s.whole = s; len(in.Kinds) > 0 {
		all := in
		all.Kinds = nil
		s.whole = decide(all)
	}
	s.pair()
	s.draft()
	s.doubt()
	s.verdicts = s.count()
	return s
}

// site is the input made searchable, and what was decided so far.
type site struct {
	in       Input
	desired  map[model.Key]model.Object
	rejected map[model.Key]bool
	refused  map[model.Key]bool // rejected by this plan, not by translate
	lost     map[model.Key]bool
	fresh    map[model.Key]bool // in Delta.New
	doubts   doubts
	// names are the folded names whose EX object a living, mapped key has, for the kinds in which names are shared.
	names map[nameOf]bool
	// from and heir say which row a newcomer takes over, and the other way round.
	from map[model.Key]model.Key
	heir map[model.Key]model.Key

	drafts []*draft
	byKey  map[model.Key]*draft
	// whole is the site of a plan of all kinds, the site itself unless the plan is of some.
	whole *site
	// passed are what the guard counts of this plan and lets through.
	passed   []passage
	verdicts []Verdict
	// had are the users that lose an address in this read.
	had     map[string][]model.Key
	follows []follow
	rejects []model.Reject
	notes   []model.Note
}

type nameOf struct {
	kind model.Kind
	name string
}

// draft is a change with all that decides whether it goes.
type draft struct {
	change   model.Change
	id       string
	approved bool
	// agreed says that the key's row holds the change already: nothing is to be written but the index.
	agreed bool
	// removed says that the removal that this follows was counted before.
	removed bool
	// parts wait and count each by itself; lose are the members that go with the queue.
	parts []*piece
	lose  []int64
	// touches says that the change is about something that exists already: a row or an EX object.
	touches bool
	// row is the member set that the row holds, before the same with users that were taken over exchanged, leave who would
	// leave the queue. All three are for members only.
	row, before, leave []int64
	// padded says that the desired set is incomplete and was filled up from the row: the index never agrees with it.
	padded bool
	// waits names the key without whose change this one does not go.
	waits model.Key
	holds []hold
	// waited says of what waits for a second read, or has waited, since when every read has wanted it.
	waited map[string]time.Time
}

// follow is a row that is forgotten once the change of another key goes (zero: at once).
type follow struct {
	forget Forget
	with   model.Key
}

func look(in Input) *site {
	s := &site{
		in:       in,
		desired:  make(map[model.Key]model.Object, len(in.Objects)),
		rejected: make(map[model.Key]bool, len(in.Rejects)),
		refused:  map[model.Key]bool{},
		lost:     make(map[model.Key]bool, len(in.Delta.Lost)),
		fresh:    make(map[model.Key]bool, len(in.Delta.New)),
		doubts:   doubtsOf(in.Proof, in.Settings),
		names:    map[nameOf]bool{},
		from:     map[model.Key]model.Key{},
		heir:     map[model.Key]model.Key{},
		byKey:    map[model.Key]*draft{},
	}
	for _, o := range in.Objects {
		s.desired[o.Key] = o
	}
	for _, r := range in.Rejects {
		s.rejected[r.Key] = true
	}
	for _, k := range in.Delta.Lost {
		s.lost[k] = true
	}
	for _, k := range in.Delta.New {
		s.fresh[k] = true
	}
	s.nameHolders()
	s.rejects = append(s.rejects, in.Rejects...)
	s.notes = append(s.notes, in.Notes...)
	return s
}

// nameHolders notes which names are held by living keys that had them before: their EX objects are nobody else's.
func (s *site) nameHolders() {
	for _, o := range s.in.Objects {
		if !sharesNames(o.Key.Kind) || s.fresh[o.Key] {
			continue
		}
		if known, ok := s.in.Facts[o.Key]; ok && !model.SameName(known.Object.Name, o.Name) {
			continue // renamed: it leaves the EX object of its old name and has none of the new one yet
		}
		s.names[nameOf{o.Key.Kind, model.Fold(o.Name)}] = true
	}
}

// sharesNames says whether several Engage objects of the kind may map to one EX object because their names are one.
func sharesNames(k model.Kind) bool {
	return k == model.KindSkill || k == model.KindLanguage || k == model.KindWrapUpCode
}

// living says whether the key is in Engage now. A rejected object is.
func (s *site) living(k model.Key) bool {
	if s.rejected[k] {
		return true
	}
	_, ok := s.desired[k]
	return ok
}

// covers says whether the plan is about the kind.
func (s *site) covers(k model.Kind) bool {
	return len(s.in.Kinds) == 0 || slices.Contains(s.in.Kinds, k)
}

func (s *site) note(k model.Key, text string) {
	s.notes = append(s.notes, model.Note{Key: k, Text: text})
}

func (s *site) add(d *draft) {
	d.change.Label = s.label(d.change)
	s.drafts = append(s.drafts, d)
	s.byKey[d.change.Key] = d
}

// label is how people call the object: an address for a user, the queue's name for its members.
func (s *site) label(c model.Change) string {
	if c.Key.Kind != model.KindMembers {
		return labelOf(c.Object)
	}
	for _, k := range []model.Key{c.Key, c.From} {
		q := queueOf(k)
		if o, ok := s.desired[q]; ok {
			return o.Name
		}
		if known, ok := s.in.Facts[q]; ok {
			return known.Object.Name
		}
	}
	return ""
}

func labelOf(o model.Object) string {
	if o.Key.Kind == model.KindUser && o.Email != "" {
		return o.Email
	}
	return o.Name
}

// person names a user in a member list.
func (s *site) person(dbid int64) string {
	k := userKey(dbid)
	if o, ok := s.desired[k]; ok {
		return labelOf(o)
	}
	if known, ok := s.in.Facts[k]; ok {
		return labelOf(known.Object)
	}
	return k.String()
}

// draft drafts a change for every key of the delta.
func (s *site) draft() {
	for _, k := range sortedKeys(s.in.Delta.New) {
		s.draftDesired(k)
	}
	for _, k := range sortedKeys(s.in.Delta.Changed) {
		s.draftDesired(k)
	}
	// Members before queues: the last change of an emptied queue waits for that of its members.
	lost := sortedKeys(s.in.Delta.Lost)
	slices.SortStableFunc(lost, func(a, b model.Key) int { return b.Kind.Wave() - a.Kind.Wave() })
	for _, k := range lost {
		if s.covers(k.Kind) {
			s.draftGone(k)
		}
	}
}

func (s *site) draftDesired(k model.Key) {
	o, ok := s.desired[k]
	if !ok || !s.covers(k.Kind) || s.byKey[k] != nil {
		return
	}
	known, row := s.in.Facts[k]
	switch {
	case k.Kind == model.KindMembers:
		s.draftMembers(o)
	case row && known.EXID != "":
		s.draftExisting(o, known)
	case !row && !s.fresh[k]:
		s.note(k, "its row was not read, so nothing is done to it in this run")
	default:
		s.draftNewcomer(o)
	}
}

func sortedKeys(keys []model.Key) []model.Key {
	return slices.Compact(slices.SortedFunc(slices.Values(keys), model.Key.Compare))
}
