package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// set is one of a user's sets, skills or languages, with the calls that change it.
type set struct {
	kind   model.Kind
	part   string
	wanted []model.Assignment
	add    func(context.Context, []model.Assigned) error
	remove func(ctx context.Context, exID string) error
}

func skillSet(p *parts, exID string) set {
	return set{
		kind: model.KindSkill, part: model.FieldSkills, wanted: p.row.Desired.Skills,
		add:    func(ctx context.Context, as []model.Assigned) error { return p.Writer.AddSkills(ctx, exID, as) },
		remove: func(ctx context.Context, id string) error { return p.Writer.RemoveSkill(ctx, exID, id) },
	}
}

func languageSet(p *parts, exID string) set {
	return set{
		kind: model.KindLanguage, part: model.FieldLanguages, wanted: p.row.Desired.Languages,
		add:    func(ctx context.Context, as []model.Assigned) error { return p.Writer.AddLanguages(ctx, exID, as) },
		remove: func(ctx context.Context, id string) error { return p.Writer.RemoveLanguage(ctx, exID, id) },
	}
}

// skills writes the skills that differ. Under control exact they are replaced as a whole; where that is refused, or some of
// them are left out, one by one.
func (p *parts) skills(ctx context.Context, b bound, have model.Observed, s rules.Settings, refs refs, fields []model.Field) error {
	if !touches(fields, model.FieldSkills) {
		return nil
	}
	set := skillSet(p, b.exID)
	want := p.allowed(set, refs.skills(p.row.Desired, have.Skills))
	extra := surplus(have.Skills, want)
	if s.Users.Skills != rules.Exact {
		extra = nil
	}
	before := len(p.refusals)
	if len(extra) > 0 && !p.leavesSome(set.part) {
		err := p.Writer.ReplaceSkills(ctx, b.exID, want)
		if err == nil || !isRefusal(err) {
			return p.written(ctx, b, set, fields, before, err)
		}
	}
	return p.written(ctx, b, set, fields, before, p.piecemeal(ctx, set, lacking(have.Skills, want), extra))
}

// languages writes the languages that differ. There is no call that replaces them: what is too much is removed one by one.
func (p *parts) languages(ctx context.Context, b bound, have model.Observed, s rules.Settings, refs refs, fields []model.Field) error {
	if !touches(fields, model.FieldLanguages) {
		return nil
	}
	set := languageSet(p, b.exID)
	want := p.allowed(set, refs.languages(p.row.Desired, have.Languages))
	extra := surplus(have.Languages, want)
	if s.Users.Languages != rules.Exact {
		extra = nil
	}
	before := len(p.refusals)
	return p.written(ctx, b, set, fields, before, p.piecemeal(ctx, set, lacking(have.Languages, want), extra))
}

// written notes a set that was written, at least in part.
func (p *parts) written(ctx context.Context, b bound, s set, fields []model.Field, before int, err error) error {
	if err == nil && (len(p.refusals) == before || p.accepted) {
		p.didField(b, fields, s.part)
	}
	if err != nil {
		err = fmt.Errorf("write the %ss of %s: %w", s.kind, p.row.Key, err)
	}
	return p.tried(ctx, mapping.Refusal{Part: s.part}, err)
}

// allowed gives the assignments that are not left out.
func (p *parts) allowed(s set, as []model.Assigned) []model.Assigned {
	return slices.DeleteFunc(slices.Clone(as), func(a model.Assigned) bool { return leaves(p.left, s.part, a.EXID) })
}

func (p *parts) leavesSome(part string) bool {
	return slices.ContainsFunc(p.left, func(r mapping.Refusal) bool { return r.Part == part })
}

// addAll gives a user that has nothing yet its set.
func (p *parts) addAll(ctx context.Context, s set, as []model.Assigned) error {
	err := p.piecemeal(ctx, s, p.allowed(s, as), nil)
	if err != nil {
		err = fmt.Errorf("write the %ss of %s: %w", s.kind, p.row.Key, err)
	}
	return p.tried(ctx, mapping.Refusal{Part: s.part}, err)
}

// piecemeal adds and removes, so that one refused member of the set holds up no other.
func (p *parts) piecemeal(ctx context.Context, s set, add, extra []model.Assigned) error {
	p.accepted = false
	search := search[model.Assigned]{do: s.add, accepted: &p.accepted}
	if err := search.run(ctx, add); err != nil {
		return err
	}
	if err := p.explain(ctx, s, search.bad); err != nil {
		return err
	}
	for _, a := range extra {
		err := s.remove(ctx, a.EXID)
		if err == nil || model.CodeOf(err) == model.CodeNotFound {
			p.accepted = true
			continue
		}
		if err := p.tried(ctx, mapping.Refusal{Part: s.part, EXID: a.EXID, Name: a.Name}, err); err != nil {
			return err
		}
	}
	return nil
}

// explain deals with members of a set that the EX Org refused. A skill or language that was deleted there is looked at, and
// the user waits for it; every other one is refused. One that was just made may not be visible everywhere yet.
func (p *parts) explain(ctx context.Context, s set, bad []refusedOne[model.Assigned]) error {
	if len(bad) == 0 {
		return nil
	}
	var added []model.Assigned
	for _, b := range bad {
		if !exorg.IsDenied(b.err) {
			added = append(added, b.one)
		}
	}
	gone, young, current, err := p.goneOf(ctx, s, added)
	if err != nil {
		return err
	}
	for _, b := range bad {
		key, is := gone[b.one.EXID]
		switch {
		case is:
			err = p.lookAt(ctx, key)
			if err == nil {
				err = waitFor(key, p.now.Add(secondLook+dependencyWait), key.String()+" was deleted in the EX Org and is made again first")
			}
		case current != nil && !current[b.one.EXID] && !exorg.IsDenied(b.err):
			// The object was made again since this look read its id: whoever made it woke the user before the refusal could be on record.
			err = waitUntil(p.now.Add(lagWait), fmt.Sprintf("the %s %s was made again meanwhile: the next look takes the new one", s.kind, b.one.Name))
		case young[b.one.EXID]:
			err = passing(fmt.Sprintf("write the %ss of %s", s.kind, p.row.Key), b.err)
			if p.first == nil {
				p.first = err
			}
			continue
		default:
			p.refuse(ctx, mapping.Refusal{Part: s.part, EXID: b.one.EXID, Name: b.one.Name}, b.err)
			continue
		}
		if err := p.tried(ctx, mapping.Refusal{Part: s.part, EXID: b.one.EXID, Name: b.one.Name}, err); err != nil {
			return err
		}
	}
	return nil
}

// goneOf gives the keys of the skills or languages among those refused that are not in the EX Org, and those that were made
// a short while ago, by EX id. current are the EX ids that the rows have now, nil where not all of
// them have one.
func (p *parts) goneOf(ctx context.Context, s set, added []model.Assigned) (gone map[string]model.Key, young, current map[string]bool, err error) {
	gone, young, current = map[string]model.Key{}, map[string]bool{}, map[string]bool{}
	unknown := false
	for _, a := range s.wanted {
		key := model.Key{Kind: s.kind, DBID: a.DBID}
		row, _, err := p.rowOf(ctx, key)
		if err != nil {
			return nil, nil, nil, err
		}
		if current[row.EXID] = true; row.EXID == "" {
			unknown = true // such a one may have been found by its name
		}
		if !slices.ContainsFunc(added, func(x model.Assigned) bool { return x.EXID == row.EXID }) {
			continue
		}
		young[row.EXID] = p.now.Sub(row.Written) < p.Settings.IndexLag && p.row.Attempts < staleTries
		seen, _, err := p.Org.Get(ctx, s.kind, row.EXID)
		switch {
		case model.CodeOf(err) == model.CodeNotFound || (err == nil && seen.Deleted):
			if row.Goal == mapping.GoalPresent { // else Engage has it no more either, and nobody makes it again: the part is refused
				gone[row.EXID] = key
			}
		case err != nil:
			return nil, nil, nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	if unknown {
		current = nil
	}
	return gone, young, current, nil
}

// lacking gives the wanted assignments that are not there or have another level.
func lacking(have, want []model.Assigned) []model.Assigned {
	return slices.DeleteFunc(slices.Clone(want), func(w model.Assigned) bool {
		return slices.ContainsFunc(have, func(h model.Assigned) bool { return h.EXID == w.EXID && h.Level == w.Level })
	})
}

// surplus gives the assignments that are there and not wanted.
func surplus(have, want []model.Assigned) []model.Assigned {
	return slices.DeleteFunc(slices.Clone(have), func(h model.Assigned) bool {
		return slices.ContainsFunc(want, func(w model.Assigned) bool { return w.EXID == h.EXID })
	})
}

// refusedOne is one of many that a bulk call was refused for.
type refusedOne[T any] struct {
	one T
	err error
}

// search makes a bulk call and, while it is refused, halves it, until those that are refused stand alone and the others are in.
type search[T any] struct {
	do       func(context.Context, []T) error
	accepted *bool
	bad      []refusedOne[T]
}

// aloneRefused is how many may be forbidden alone, with nothing accepted, until the call itself is to blame.
const aloneRefused = 3

var errWhatever = errors.New("refused whatever it names")

func (s *search[T]) run(ctx context.Context, all []T) error {
	if len(all) == 0 {
		return nil
	}
	err := s.do(ctx, all)
	if model.CodeOf(err) == model.CodeStale {
		err = s.do(ctx, all) // another write was under way
	}
	switch {
	case err == nil:
		*s.accepted = true
		return nil
	case !isRefusal(err):
		return err
	case len(all) == 1:
		s.bad = append(s.bad, refusedOne[T]{all[0], err})
		if exorg.IsDenied(err) && len(s.bad) >= aloneRefused && !*s.accepted {
			s.bad = nil
			return fmt.Errorf("%w: %w", errWhatever, err)
		}
		return nil
	}
	if err := s.run(ctx, all[:len(all)/2]); err != nil {
		return err
	}
	return s.run(ctx, all[len(all)/2:])
}
