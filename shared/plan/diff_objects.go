package plan

import (
	"excs/shared/model"
	"excs/shared/rules"
)

// FieldGoal is the field that shows when an orphan, or an object that was about to be deleted, is in Engage again.
const FieldGoal = "goal"

// DiffObjects lists the controlled fields in which two desired objects of one EX object differ: what a change in Engage
// means for the EX Org. Fields of control "atCreation" and "ignored" do not count, nor do removals from an additive set.
// Assignments are compared by name, so that a renamed skill shows as one gained and one lost, and a skill that changes
// hands between two equal names as nothing. Members are named "user/12".
func DiffObjects(before, after model.Object, s rules.Settings) []model.Field {
	return diffObjects(before, after, s, func(dbid int64) string { return userKey(dbid).String() })
}

func diffObjects(before, after model.Object, s rules.Settings, label func(int64) string) []model.Field {
	switch after.Key.Kind {
	case model.KindUser:
		u := s.Users
		var fields []model.Field
		if u.Name == rules.Controlled {
			fields = append(fields, plain(model.FieldName, before.Name, after.Name, before.Name == after.Name))
		}
		if u.Email == rules.Controlled {
			fields = append(fields, plain(model.FieldEmail, before.Email, after.Email, model.SameName(before.Email, after.Email)))
		}
		if u.State == rules.Controlled {
			fields = append(fields, plain(model.FieldState, string(before.State), string(after.State), before.State == after.State))
		}
		fields = append(fields,
			plain(model.FieldExternalID, before.ExternalKey, after.ExternalKey, before.ExternalKey == after.ExternalKey),
			diffAssigned(model.FieldSkills, u.Skills, wanted(after.Skills, nil, tenths), wanted(before.Skills, nil, tenths)),
			diffAssigned(model.FieldLanguages, u.Languages, wanted(after.Languages, nil, whole), wanted(before.Languages, nil, whole)))
		return compact(fields...)
	case model.KindMembers:
		return compact(memberField(before.Members, after, s.Members.Control, label))
	case model.KindSkill, model.KindLanguage:
		return compact(plain(model.FieldName, before.Name, after.Name, model.SameName(before.Name, after.Name)))
	case model.KindQueue:
		return compact(
			plain(model.FieldName, before.Name, after.Name, before.Name == after.Name),
			plain(model.FieldPeerID, before.PeerID, after.PeerID, before.PeerID == after.PeerID))
	default:
		// Of several codes that share one EX code only the owner's spelling counts.
		same := before.Name == after.Name || after.SameAs != 0 && model.SameName(before.Name, after.Name)
		return compact(plain(model.FieldName, before.Name, after.Name, same))
	}
}

// memberField compares two member lists. One that may be incomplete has been filled up with everybody who stays.
func memberField(before []int64, after model.Object, control rules.SetControl, label func(int64) string) model.Field {
	if control == rules.SetIgnored {
		return model.Field{}
	}
	f := model.Field{Name: model.FieldMembers}
	for _, dbid := range without(after.Members, before) {
		f.Added = append(f.Added, label(dbid))
	}
	if control == rules.Exact {
		for _, dbid := range without(before, after.Members) {
			f.Removed = append(f.Removed, label(dbid))
		}
	}
	return sortedSet(f)
}
