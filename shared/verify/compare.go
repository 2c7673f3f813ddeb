package verify

import (
	"context"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

const controlled = rules.Controlled

// loadRefs reads what a comparison of users needs: the rows of skills and languages, and the home division.
func (w *sweep) loadRefs(ctx context.Context) error {
	for _, kind := range []model.Kind{model.KindSkill, model.KindLanguage} {
		if _, err := w.loadRows(ctx, kind); err != nil {
			return err
		}
	}
	return w.homeDivision(ctx)
}

// sureOf says whether an object can be relied on by what refers to it: it is made, nothing says that it may be gone, and
// no worker is about to look at it.
func (w *sweep) sureOf(row mapping.Row) bool {
	return converged(row) && !w.staysDeleted(row) && row.Queued == nil && !w.suspect(row.Key)
}

// userFields lists the controlled fields of a user that differ. A set that the read did not give is not compared. Skills
// and languages that are in question themselves (not made yet, renamed, perhaps gone) are left out on both sides: they
// are put right first, and the users that hold them are found by that or by the next sweep.
func (w *sweep) userFields(row mapping.Row, seen model.Observed) []model.Field {
	settings := w.Settings
	if seen.Skills == nil {
		settings.Users.Skills = rules.SetIgnored
	}
	if seen.Languages == nil {
		settings.Users.Languages = rules.SetIgnored
	}
	t := plan.Target{Object: row.Desired.Clone(), Home: w.home}
	t.Object.Skills, seen.Skills, t.Skills = w.sure(model.KindSkill, t.Object.Skills, seen.Skills)
	t.Object.Languages, seen.Languages, t.Languages = w.sure(model.KindLanguage, t.Object.Languages, seen.Languages)
	t, seen = plan.Without(t, seen, refusedParts(row))
	return plan.Diff(t, seen, settings, false)
}

// sure gives the assignments on both sides whose skill or language is not in question, and the EX ids of the wanted ones.
// Of two wanted ones that share an EX object, as during a merge of names, the higher level counts.
func (w *sweep) sure(kind model.Kind, want []model.Assignment, have []model.Assigned) ([]model.Assignment, []model.Assigned, map[int64]string) {
	ids := make(map[int64]string, len(want))
	doubtful := map[string]bool{} // EX ids and folded names
	want = slices.DeleteFunc(want, func(a model.Assignment) bool {
		row, ok := w.byKey[model.Key{Kind: kind, DBID: a.DBID}]
		if ok && w.sureOf(row) {
			ids[a.DBID] = row.EXID
			return false
		}
		doubtful[row.EXID], doubtful[model.Fold(a.Name)] = true, true
		return true
	})
	if len(doubtful) > 0 {
		have = slices.DeleteFunc(slices.Clone(have), func(h model.Assigned) bool { return doubtful[h.EXID] || doubtful[model.Fold(h.Name)] })
	}
	return want, have, ids
}

// externalFields compares a user's external ids alone.
func (w *sweep) externalFields(row mapping.Row, keys []string) []model.Field {
	alone := w.Settings
	alone.Users = rules.Users{
		Name: rules.Ignored, Email: rules.Ignored, State: rules.Ignored, Division: rules.Ignored, Skills: rules.SetIgnored, Languages: rules.SetIgnored,
	}
	t, seen := plan.Without(plan.Target{Object: row.Desired}, model.Observed{Kind: model.KindUser, ExternalKeys: keys}, refusedParts(row))
	return plan.Diff(t, seen, alone, false)
}

// memberTarget is a member list with what is sure of it: users that are being made, or may be gone, are left out. owners
// are those of the members that are too much: only users of EXCS leave a queue.
func (w *sweep) memberTarget(row mapping.Row, owners mapping.Owners) plan.Target {
	t := plan.Target{
		Object: row.Desired.Clone(), Members: make(map[int64]string, len(row.Desired.Members)),
		Removable: owners.Owned, Label: owners.Label,
	}
	t.Object.Members = slices.DeleteFunc(t.Object.Members, func(dbid int64) bool {
		user, ok := w.byKey[model.Key{Kind: model.KindUser, DBID: dbid}]
		if !ok || !w.sureOf(user) {
			return true
		}
		t.Members[dbid] = user.EXID
		return false
	})
	return t
}

// extra gives the members that the row does not want.
func (w *sweep) extra(row mapping.Row, have []string) []string {
	wanted := make(map[string]bool, len(row.Desired.Members))
	for _, dbid := range row.Desired.Members {
		wanted[w.byKey[model.Key{Kind: model.KindUser, DBID: dbid}].EXID] = true
	}
	return slices.DeleteFunc(slices.Clone(have), func(id string) bool { return wanted[id] })
}
