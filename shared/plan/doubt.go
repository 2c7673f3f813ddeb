package plan

import (
	"maps"
	"slices"

	"excs/shared/model"
	"excs/shared/rules"
)

// part is what a doubt can be about: the objects of a kind, or one field of them.
type part struct {
	kind  model.Kind
	field string // "" for whether and as what the objects are there at all
}

func all(k model.Kind) part { return part{kind: k} }

var (
	userSkills    = part{model.KindUser, model.FieldSkills}
	userLanguages = part{model.KindUser, model.FieldLanguages}
)

// madeFrom says what is made from each part of a snapshot. It is the one place that does: a table whose rows decide
// something and that is not listed here is believed when it is empty.
func madeFrom(s rules.Settings) map[model.Table][]part {
	capabilities := []part{all(model.KindSkill), all(model.KindLanguage), userSkills, userLanguages}
	crowd := []part{all(model.KindMembers)} // what tells who is in a group
	if len(s.Scope.Groups) > 0 {
		crowd = append(crowd, all(model.KindUser))
	}
	links := []part{all(model.KindMembers)}
	if s.Scope.Linked {
		links = append(links, all(model.KindQueue))
	}
	made := map[model.Table][]part{
		model.TablePerson:     {all(model.KindUser)},
		model.TableSkill:      slices.Concat(capabilities, crowd),
		model.TableSkillLevel: append([]part{userSkills, userLanguages}, crowd...),
		model.TableDN:         {all(model.KindQueue)},
		model.TableSwitch:     {all(model.KindQueue)},
		model.TableGroup:      slices.Concat(crowd, links),
		model.TableGroupAgent: crowd,
		model.TableScript:     crowd,
		model.TableGroupDN:    links,
	}
	if s.Languages.Attribute != "" {
		made[model.ValuesOf(s.Languages.Attribute)] = capabilities
	}
	for _, name := range s.WrapUpCodes.Attributes {
		made[model.ValuesOf(name)] = append(slices.Clone(made[model.ValuesOf(name)]), all(model.KindWrapUpCode))
	}
	for t, parts := range made {
		if t.IsValues() {
			made[model.TableAttribute] = append(made[model.TableAttribute], parts...)
			made[model.TableAttrValue] = append(made[model.TableAttrValue], parts...)
		}
	}
	return made
}

// follows says what is made from each part of the EX Org in turn.
func follows(s rules.Settings) map[part][]part {
	f := map[part][]part{
		all(model.KindUser):     {all(model.KindMembers)},
		all(model.KindQueue):    {all(model.KindMembers)},
		all(model.KindSkill):    {userSkills, all(model.KindLanguage)}, // what is no skill any more may be a language, and
		all(model.KindLanguage): {userLanguages, all(model.KindSkill)}, // the other way round
	}
	if s.Scope.Linked {
		f[all(model.KindUser)] = append(f[all(model.KindUser)], all(model.KindQueue))
	}
	return f
}

// doubts says why a part of the EX Org is in doubt.
type doubts map[part]string

// doubtsOf gives everything that follows from what the proof leaves in doubt.
func doubtsOf(p model.Proven, s rules.Settings) doubts {
	d := doubts{}
	made, next := madeFrom(s), follows(s)
	tables := p.Doubts()
	for _, t := range slices.Sorted(maps.Keys(tables)) {
		d.spread(made[t], tables[t], next)
	}
	kinds := p.DoubtedKinds()
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		d.spread([]part{all(k)}, kinds[k], next)
	}
	return d
}

func (d doubts) spread(parts []part, why string, next map[part][]part) {
	for _, x := range parts {
		if _, known := d[x]; !known {
			d[x] = why
			d.spread(next[x], why, next)
		}
	}
}

// of says why a change of the kind can not be believed, "" when it can: why all of it, or else which of its fields alone
// are in doubt and why. An object that is made is made with all its fields; one that goes has no fields to doubt.
func (d doubts) of(k model.Kind, a model.Action, fields []model.Field) (whole string, partly map[string]string) {
	if why := d[all(k)]; why != "" {
		return why, nil
	}
	partly = map[string]string{}
	for _, x := range []part{userSkills, userLanguages} {
		if why := d[x]; why != "" && x.kind == k {
			partly[x.field] = why
		}
	}
	switch a {
	case model.ActionUpdate, model.ActionDeactivate:
		maps.DeleteFunc(partly, func(name, _ string) bool {
			return !slices.ContainsFunc(fields, func(f model.Field) bool { return f.Name == name })
		})
		return "", partly
	case model.ActionOrphan, model.ActionDelete, model.ActionEmpty:
		return "", nil
	default:
		for _, name := range slices.Sorted(maps.Keys(partly)) {
			return partly[name], nil
		}
		return "", nil
	}
}

// doubtProof holds what this read does not prove. Without any proof everything waits; a source that went back leaves
// alone what exists, while what is new is created; of a part in doubt waits whatever follows from it, creations too. What
// else such a user's change has goes on: somebody who left is not kept active because the skill levels are in doubt.
func (s *site) doubtProof(d *draft) {
	p := s.in.Proof
	if why := p.Doubt(); why != "" && (d.touches || !p.Valid()) {
		code := HeldUnproven
		if p.WentBack() != "" {
			code = HeldWentBack
		}
		d.holds = append(d.holds, hold{code: code, reason: why})
		return
	}
	whole, partly := s.doubts.of(d.change.Key.Kind, d.change.Action, d.change.Fields)
	if whole == "" && len(partly) > 0 && !s.separable(d, partly) {
		whole = partly[slices.Sorted(maps.Keys(partly))[0]]
	}
	if whole != "" {
		d.holds = append(d.holds, hold{code: HeldUnproven, reason: whole})
		return
	}
	for field, why := range partly {
		p := d.fieldPiece(field)
		p.holds = append(p.holds, hold{code: HeldUnproven, reason: why})
	}
}

// separable says whether something of the change is left without the fields in doubt, which keep what the row holds.
func (s *site) separable(d *draft, doubted map[string]string) bool {
	_, ok := s.in.Facts[d.change.Key]
	for field := range doubted {
		ok = ok && d.fieldPiece(field) != nil
	}
	return ok && slices.ContainsFunc(d.change.Fields, func(f model.Field) bool { return doubted[f.Name] == "" })
}
