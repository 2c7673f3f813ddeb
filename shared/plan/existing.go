package plan

import (
	"fmt"

	"excs/shared/model"
	"excs/shared/rules"
)

// draftExisting decides on an object that has an EX object: update, deactivate, refresh, or make a renamed skill anew.
func (s *site) draftExisting(o model.Object, known model.Known) {
	fields := DiffObjects(known.Object, o, s.in.Settings)
	if known.Orphan || known.Leaving {
		fields = append(fields, goalField(known))
	}
	d := &draft{touches: true, change: model.Change{Key: o.Key, Action: model.ActionUpdate, Fields: fields, Object: o}}
	switch {
	case len(fields) == 0:
		// Only what EXCS remembers differs, or the index alone: a crash came between row and index.
		d.change.Action = model.ActionRefresh
	case s.parts(o, known.Object):
		d.change.Action = model.ActionCreate
		if !s.heldByNamesake(o.Key.Kind, known.Object.Name) {
			s.note(o.Key, fmt.Sprintf("renamed from '%s' to '%s': the EX object is not renamed but made anew, and '%s' (%s) stays in the EX Org as an orphan",
				known.Object.Name, o.Name, known.Object.Name, known.EXID))
		}
	case deactivates(fields):
		d.change.Action = model.ActionDeactivate
	}
	if reason := anotherObject(known.Object, o); reason != "" {
		d.holds = append(d.holds, hold{code: HeldIdentity, reason: reason})
	}
	s.add(d)
}

func goalField(known model.Known) model.Field {
	before := "orphan"
	if known.Leaving {
		before = "leaving"
	}
	return model.Field{Name: FieldGoal, Before: before, After: "present"}
}

// parts says whether the object leaves the EX object that it has had: a skill or language that got another name, because
// the EX Org can not rename them, and a wrap-up code that shared its EX code with others or is to share one.
func (s *site) parts(o, before model.Object) bool {
	if !sharesNames(o.Key.Kind) || model.SameName(o.Name, before.Name) {
		return false
	}
	return o.Key.Kind != model.KindWrapUpCode || o.SameAs != 0 || before.SameAs != 0 || s.heldByNamesake(o.Key.Kind, before.Name)
}

// deactivates says whether a user goes from active to inactive.
func deactivates(fields []model.Field) bool {
	for _, f := range fields {
		if f.Name == model.FieldState && f.Before == string(model.StateActive) && f.After == string(model.StateInactive) {
			return true
		}
	}
	return false
}

// anotherObject says in a sentence that a mapped DBID names something else than before: all its identifying fields
// changed at once (RULES 4.20). One field alone proves nothing about a Person; a DN's number can not be edited, so there
// it does.
func anotherObject(before, after model.Object) string {
	b, a := before.Identity, after.Identity
	switch after.Key.Kind {
	case model.KindUser:
		had, changed := compare([][2]string{
			{b.EmployeeID, a.EmployeeID},
			{model.Fold(b.UserName), model.Fold(a.UserName)},
			{model.Fold(before.Email), model.Fold(after.Email)},
		})
		if had >= 2 && had == changed {
			return fmt.Sprintf("Person %d was '%s' (employee id %s, user name %s, %s) and is '%s' (%s, %s, %s) now: this is another person, or the database was restored or migrated",
				after.Key.DBID, before.Name, b.EmployeeID, b.UserName, before.Email, after.Name, a.EmployeeID, a.UserName, after.Email)
		}
	case model.KindQueue:
		had, changed := compare([][2]string{{b.Number, a.Number}, {b.Switch, a.Switch}})
		if b.Number != "" && had == changed {
			return fmt.Sprintf("DN %d was %s@%s and is %s@%s now: this is another queue, or the database was restored or migrated",
				after.Key.DBID, b.Number, b.Switch, a.Number, a.Switch)
		}
	default:
	}
	return ""
}

// compare counts the pairs that had a value, and of those the ones whose value is another now.
func compare(pairs [][2]string) (had, changed int) {
	for _, p := range pairs {
		if p[0] == "" {
			continue
		}
		had++
		if p[0] != p[1] {
			changed++
		}
	}
	return had, changed
}

// ClassOf says what the guard counts a change as: a deactivation is a removal whatever action brings it, because an
// inactive user loses its roles for good; so is a user that becomes an orphan, because its memberships go; an adoption that
// changes something is an update.
func ClassOf(c model.Change) Class {
	switch {
	case c.Action.Removes(), c.Action == model.ActionOrphan && c.Key.Kind == model.KindUser:
		return ClassRemovals
	case c.Action == model.ActionCreate, c.Action == model.ActionOrphan, c.Action == model.ActionRefresh:
		return ClassNone
	case deactivates(c.Fields):
		return ClassRemovals
	case c.Action == model.ActionAdopt && len(c.Fields) == 0:
		return ClassNone
	default:
		return ClassUpdates
	}
}

// controlsState says whether a deactivation can be written at all.
func controlsState(s rules.Settings) bool { return s.Users.State == rules.Controlled }
