package plan

import (
	"cmp"
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
)

// Target is a desired object with what is needed to compare it with an EX Org object: EX ids instead of DBIDs.
type Target struct {
	Object model.Object
	// Skills, Languages and Members give the EX id of each DBID in the object's sets. A skill or language that is absent
	// (or "") is compared by its name instead; a member that is absent has no EX user yet and shows as to be added.
	Skills    map[int64]string
	Languages map[int64]string
	Members   map[int64]string
	// Home is the EX id of the Home Division, "" when it is not known: the division is not compared then.
	Home string
	// Removable says whether a member of the EX queue is a user that EXCS maps: only those are ever removed (a user that
	// Engage does not know, put into a queue by hand, stays). nil: nobody.
	Removable func(exID string) bool
	// Label names an EX user for people, for members that are removed; nil or "": the EX id.
	Label func(exID string) string
}

// Diff lists the controlled fields in which the EX Org object differs from the target; nil means that nothing is to be
// written. creating is true right before a create, when fields of control "atCreation" are given too; an adoption and
// a restore are not creations.
//
// Worked examples, user with skills Billing(3) and Sales(4):
//
//	the EX user has                              Diff
//	Billing 3.0, Sales 4.0, title "Boss"         nil (the title is not controlled)
//	Billing 2.0, Sales 4.0, Chess 1.0            skills +Billing(2→3) -Chess
//	the same, skills additive                    skills +Billing(2→3)
//	JANE@X.COM for jane@x.com                    nil (addresses are compared without case)
//	deleted, wanted active                       state deleted → active
//	deleted, wanted inactive                     nil (it stays deleted)
//
// A name that differs for a skill or language means that another EX object is needed: neither can be renamed. An object
// with SameAs shares the EX object of its owner, whose spelling counts: it never differs.
func Diff(want Target, have model.Observed, s rules.Settings, creating bool) []model.Field {
	o := want.Object
	if o.SameAs != 0 {
		return nil
	}
	switch o.Key.Kind {
	case model.KindUser:
		return diffUser(want, have, s.Users, creating)
	case model.KindQueue:
		return compact(
			plain(model.FieldName, have.Name, o.Name, have.Name == o.Name),
			plain(model.FieldPeerID, have.PeerID, o.PeerID, have.PeerID == o.PeerID))
	case model.KindMembers:
		return compact(diffMembers(want, have, s.Members.Control))
	case model.KindSkill, model.KindLanguage:
		return compact(plain(model.FieldName, have.Name, o.Name, model.SameName(have.Name, o.Name)))
	case model.KindSource:
		f := plain(model.FieldState, "deactivated", "active", !have.Deactivated)
		return compact(plain(model.FieldName, have.Name, o.Name, have.Name == o.Name), f)
	default:
		return compact(plain(model.FieldName, have.Name, o.Name, have.Name == o.Name))
	}
}

func diffUser(want Target, have model.Observed, u rules.Users, creating bool) []model.Field {
	o := want.Object
	if have.Deleted && StaysDeleted(o, u) {
		return nil
	}
	var fields []model.Field
	if given(u.Name, creating) {
		fields = append(fields, plain(model.FieldName, have.Name, o.Name, have.Name == o.Name))
	}
	if given(u.Email, creating) {
		fields = append(fields, plain(model.FieldEmail, have.Email, o.Email, model.SameName(have.Email, o.Email)))
	}
	fields = append(fields, diffState(o.State, have, u.State, creating))
	if given(u.Division, creating) && want.Home != "" {
		fields = append(fields, plain(model.FieldDivision, have.DivisionID, want.Home, have.DivisionID == want.Home))
	}
	// ExternalKeys is nil when it was not read: no difference can be told then.
	if have.ExternalKeys != nil || creating {
		same := len(have.ExternalKeys) == 1 && have.ExternalKeys[0] == o.ExternalKey
		fields = append(fields, plain(model.FieldExternalID, strings.Join(have.ExternalKeys, " "), o.ExternalKey, same))
	}
	fields = append(fields,
		diffAssigned(model.FieldSkills, u.Skills, wanted(o.Skills, want.Skills, tenths), assigned(have.Skills, tenths)),
		diffAssigned(model.FieldLanguages, u.Languages, wanted(o.Languages, want.Languages, whole), assigned(have.Languages, whole)))
	return compact(fields...)
}

// StaysDeleted says whether a deleted user is right as it is: nobody is ever brought back over active to be switched off, and
// where the state is not Engage's for good, EXCS neither activates nor restores anybody.
func StaysDeleted(want model.Object, u rules.Users) bool {
	return u.State != rules.Controlled || want.State == model.StateInactive
}

func diffState(want model.UserState, have model.Observed, c rules.Control, creating bool) model.Field {
	if have.Deleted {
		return model.Field{Name: model.FieldState, Before: stateDeleted, After: string(model.StateActive)}
	}
	if !given(c, creating) {
		return model.Field{}
	}
	return plain(model.FieldState, string(have.State), string(want), have.State == want)
}

// stateDeleted is how a soft-deleted user shows in a state field.
const stateDeleted = "deleted"

func given(c rules.Control, creating bool) bool {
	return c == rules.Controlled || creating && c == rules.AtCreation
}

// plain gives a field with Before and After, or the empty field when both are the same.
func plain(name, before, after string, same bool) model.Field {
	if same {
		return model.Field{}
	}
	return model.Field{Name: name, Before: before, After: after}
}

// compact drops empty fields.
func compact(fields ...model.Field) []model.Field {
	fields = slices.DeleteFunc(fields, func(f model.Field) bool { return f.Name == "" })
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// holding is one skill or language on either side; id is "" when it is not resolved.
type holding struct {
	id    string
	name  string
	level model.Proficiency
}

func (h holding) label() string { return h.name + "(" + h.level.String() + ")" }

// relabel writes an assignment that gets another level.
func (h holding) relabel(before model.Proficiency) string {
	return h.name + "(" + before.String() + becomes + h.level.String() + ")"
}

const becomes = "→"

// isAnotherLevel says whether an added assignment is there already, at another level. Names may have any sign in them, so only
// what stands in the last brackets counts.
func isAnotherLevel(label string) bool {
	return strings.Contains(label[strings.LastIndex(label, "(")+1:], becomes)
}

func tenths(p model.Proficiency) model.Proficiency { return p }

// whole rounds as the EX Org does with languages, so that a level that it rounded is no difference.
func whole(p model.Proficiency) model.Proficiency { return p.Whole() }

func wanted(as []model.Assignment, ids map[int64]string, round func(model.Proficiency) model.Proficiency) []holding {
	hs := make([]holding, 0, len(as))
	for _, a := range as {
		hs = append(hs, holding{id: ids[a.DBID], name: a.Name, level: round(a.Level)})
	}
	return hs
}

func assigned(as []model.Assigned, round func(model.Proficiency) model.Proficiency) []holding {
	hs := make([]holding, 0, len(as))
	for _, a := range as {
		hs = append(hs, holding{id: a.EXID, name: cmp.Or(a.Name, a.EXID), level: round(a.Level)})
	}
	return hs
}

// diffAssigned compares two sets of skills or languages. Each wanted one is looked for by EX id, and by folded name when
// it has none; what is left over on the other side is removed if the control is exact.
func diffAssigned(name string, control rules.SetControl, want, have []holding) model.Field {
	if control == rules.SetIgnored {
		return model.Field{}
	}
	byID := make(map[string]int, len(have))
	byName := make(map[string]int, len(have))
	for i, h := range have {
		byName[model.Fold(h.name)] = i
		if h.id != "" {
			byID[h.id] = i
		}
	}
	f := model.Field{Name: name}
	kept := make([]bool, len(have))
	for _, w := range want {
		i, ok := byID[w.id]
		if w.id == "" {
			i, ok = byName[model.Fold(w.name)]
		}
		switch {
		case !ok:
			f.Added = append(f.Added, w.label())
			continue
		case have[i].level != w.level:
			f.Added = append(f.Added, w.relabel(have[i].level))
		}
		kept[i] = true
	}
	if control == rules.Exact {
		for i, h := range have {
			if !kept[i] {
				f.Removed = append(f.Removed, h.name)
			}
		}
	}
	return sortedSet(f)
}

// diffMembers compares the members of a queue. Members that are not removable are never named.
func diffMembers(want Target, have model.Observed, control rules.SetControl) model.Field {
	if control == rules.SetIgnored {
		return model.Field{}
	}
	in := make(map[string]bool, len(have.Members))
	for _, id := range have.Members {
		in[id] = true
	}
	f := model.Field{Name: model.FieldMembers}
	keep := make(map[string]bool, len(want.Object.Members))
	for _, dbid := range want.Object.Members {
		id := want.Members[dbid]
		keep[id] = true
		if id == "" || !in[id] {
			f.Added = append(f.Added, userKey(dbid).String())
		}
	}
	if control == rules.Exact && !want.Object.AddOnly && want.Removable != nil {
		f.Removed = want.leavers(have.Members, keep)
	}
	return sortedSet(f)
}

// leavers names the members that are to leave: mapped ones that are not kept.
func (t Target) leavers(members []string, keep map[string]bool) []string {
	var leave []string
	for _, id := range members {
		if !keep[id] && t.Removable(id) {
			leave = append(leave, t.label(id))
		}
	}
	return leave
}

func (t Target) label(exID string) string {
	if t.Label == nil {
		return exID
	}
	return cmp.Or(t.Label(exID), exID)
}

func userKey(dbid int64) model.Key { return model.Key{Kind: model.KindUser, DBID: dbid} }

// sortedSet gives the field with its lists in order, or the empty field when both are empty.
func sortedSet(f model.Field) model.Field {
	if len(f.Added)+len(f.Removed) == 0 {
		return model.Field{}
	}
	slices.Sort(f.Added)
	slices.Sort(f.Removed)
	return f
}
