package plan

import (
	"slices"

	"excs/shared/model"
)

// Part names a part of an object: a controlled field or, with an EX id, one member of the field's set.
type Part struct {
	Field, EXID string
}

// Without gives both sides of a comparison without some parts, so that Diff finds no difference there and nothing is taken
// away on their account.
func Without(want Target, have model.Observed, parts []Part) (Target, model.Observed) {
	if len(parts) == 0 {
		return want, have
	}
	want.Object = want.Object.Clone()
	for _, p := range parts {
		if p.EXID == "" {
			wholeFieldOut(p.Field, &want, &have)
			continue
		}
		switch p.Field {
		case model.FieldSkills:
			want.Object.Skills, have.Skills = assignmentOut(p.EXID, want.Object.Skills, want.Skills, have.Skills)
		case model.FieldLanguages:
			want.Object.Languages, have.Languages = assignmentOut(p.EXID, want.Object.Languages, want.Languages, have.Languages)
		case model.FieldMembers:
			want.Object.Members = slices.DeleteFunc(want.Object.Members, func(dbid int64) bool { return want.Members[dbid] == p.EXID })
			have.Members = slices.DeleteFunc(slices.Clone(have.Members), func(id string) bool { return id == p.EXID })
		}
	}
	return want, have
}

// wholeFieldOut makes a plain field, or a whole set, the same on both sides.
func wholeFieldOut(field string, want *Target, have *model.Observed) {
	switch field {
	case model.FieldName:
		have.Name = want.Object.Name
	case model.FieldEmail:
		have.Email = want.Object.Email
	case model.FieldState:
		have.State, have.Deleted = want.Object.State, false
	case model.FieldDivision:
		want.Home = ""
	case model.FieldPeerID:
		have.PeerID = want.Object.PeerID
	case model.FieldExternalID:
		have.ExternalKeys = nil
	case model.FieldSkills:
		want.Object.Skills, have.Skills = nil, nil
	case model.FieldLanguages:
		want.Object.Languages, have.Languages = nil, nil
	}
}

func assignmentOut(exID string, want []model.Assignment, ids map[int64]string, have []model.Assigned) ([]model.Assignment, []model.Assigned) {
	want = slices.DeleteFunc(want, func(a model.Assignment) bool { return ids[a.DBID] == exID })
	return want, slices.DeleteFunc(slices.Clone(have), func(h model.Assigned) bool { return h.EXID == exID })
}
