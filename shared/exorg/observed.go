package exorg

import "excs/shared/model"

// Observed reduces the user to what EXCS controls. ids are the user's external ids, nil if they were not read. Skills and languages are those of
// the user itself (expanded, or filled in by the caller).
func (u User) Observed(authority string, ids []ExternalID) model.Observed {
	o := model.Observed{
		Kind: model.KindUser, EXID: u.ID, Name: u.Name, Version: u.Version, Deleted: u.Deleted(),
		Email: u.Email, State: model.UserState(u.State), DivisionID: u.Division.ID,
		Skills: Skillset(u.Skills), Languages: Languageset(u.Languages),
	}
	if ids != nil {
		o.ExternalKeys = []string{}
	}
	for _, id := range ids {
		if id.Authority == authority {
			o.ExternalKeys = append(o.ExternalKeys, id.Key)
		}
	}
	return o
}

// Skillset reduces a user's skills; nil stays nil. An assignment of a deleted skill counts as none.
func Skillset(list []Assignment) []model.Assigned {
	return assigned(list, func(p model.Proficiency) model.Proficiency { return p })
}

// Languageset reduces a user's languages, with whole levels as the EX Org keeps them; nil stays nil.
func Languageset(list []Assignment) []model.Assigned {
	return assigned(list, model.Proficiency.Whole)
}

func assigned(list []Assignment, level func(model.Proficiency) model.Proficiency) []model.Assigned {
	if list == nil {
		return nil
	}
	out := make([]model.Assigned, 0, len(list))
	for _, a := range list {
		if a.State == StateDeleted {
			continue
		}
		out = append(out, model.Assigned{EXID: a.ID, Name: a.Name, Level: level(model.ProficiencyOf(a.Proficiency))})
	}
	return out
}

// Observed reduces the skill to what EXCS controls.
func (s Skill) Observed() model.Observed {
	return model.Observed{Kind: model.KindSkill, EXID: s.ID, Name: s.Name, Deleted: s.State == StateDeleted}
}

// Observed reduces the language to what EXCS controls.
func (l Language) Observed() model.Observed {
	return model.Observed{Kind: model.KindLanguage, EXID: l.ID, Name: l.Name, Deleted: l.State == StateDeleted}
}

// Observed reduces the queue to what EXCS controls.
func (q Queue) Observed() model.Observed {
	return model.Observed{Kind: model.KindQueue, EXID: q.ID, Name: q.Name, DivisionID: q.Division.ID, PeerID: q.PeerID}
}

// Observed reduces the wrap-up code to what EXCS controls.
func (w WrapUpCode) Observed() model.Observed {
	return model.Observed{Kind: model.KindWrapUpCode, EXID: w.ID, Name: w.Name, DivisionID: w.Division.ID}
}

// Observed reduces the source to what EXCS controls.
func (s Source) Observed() model.Observed {
	return model.Observed{Kind: model.KindSource, EXID: s.ID, Name: s.Name, Deactivated: s.Deactivated}
}

// MembersObserved reduces the member list of a queue.
func MembersObserved(queue string, users []string) model.Observed {
	return model.Observed{Kind: model.KindMembers, EXID: queue, Members: users}
}
