package apply

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// user makes a user right: the account, its external id, its skills and languages.
func (l *look) user(ctx context.Context) error {
	refs, err := l.resolve(ctx)
	if err != nil {
		return err
	}
	if l.sameAsBefore(refs.absent) {
		return refs.rest(l.now)
	}
	if l.row.EXID == "" && l.row.Adopt == "" && l.row.From.IsZero() {
		if wait := refs.mayCome(l.now); wait != nil {
			return wait
		}
	}
	ctx, err = l.prepay(ctx)
	if err != nil {
		return err
	}
	b, err := l.bind(ctx)
	if err != nil {
		return err
	}
	if b.created {
		err = l.equip(ctx, b, refs)
	} else {
		err = l.repair(ctx, b, refs)
	}
	if err != nil {
		return err
	}
	return refs.rest(l.now)
}

// prepay reserves the calls that a creation is known to need in one go, so that a worker does not stop halfway for want
// of budget.
func (l *look) prepay(ctx context.Context) (context.Context, error) {
	if l.row.EXID != "" || l.row.Adopt != "" || l.row.Intent != nil {
		return ctx, nil
	}
	// The home division is read before, once in the life of the process: it must not use up what is reserved.
	if _, err := l.homeDivisionID(ctx); err != nil {
		return ctx, fmt.Errorf("read the home division: %w", err)
	}
	calls := 2
	if len(l.row.Desired.Skills) > 0 {
		calls++
	}
	if len(l.row.Desired.Languages) > 0 {
		calls++
	}
	return l.Org.Reserve(ctx, calls, l.bulk())
}

// equip gives a user that was just created what a create does not take. Nothing is read: it is known to be empty.
func (l *look) equip(ctx context.Context, b bound, refs refs) error {
	o, u := l.row.Desired, l.Settings.Users
	if err := l.addExternalKey(ctx, b.exID); err != nil {
		return err
	}
	if skills := refs.skills(o, nil); len(skills) > 0 && u.Skills != rules.SetIgnored {
		if err := l.Writer.AddSkills(ctx, b.exID, skills); err != nil {
			return l.setFailed(ctx, model.KindSkill, o.Skills, skills, err)
		}
	}
	if languages := refs.languages(o, nil); len(languages) > 0 && u.Languages != rules.SetIgnored {
		if err := l.Writer.AddLanguages(ctx, b.exID, languages); err != nil {
			return l.setFailed(ctx, model.KindLanguage, o.Languages, languages, err)
		}
	}
	return nil
}

// repair compares a user that is there and writes what differs.
func (l *look) repair(ctx context.Context, b bound, refs refs) error {
	target, err := l.target(ctx, refs)
	if err != nil {
		return err
	}
	seen := b.seen
	if !seen.Deleted { // of a deleted user nothing can be read
		if seen, err = l.readMore(ctx, b); err != nil {
			return err
		}
	}
	fields := plan.Diff(target, seen, refs.patient(l.Settings), false)
	if len(fields) == 0 {
		return nil
	}
	if err := l.mayChange(ctx, seen, fields); err != nil {
		return err
	}
	if err := l.mayWriteTo(ctx, b.exID); err != nil {
		return err
	}
	return l.write(ctx, b, seen, target, refs, fields)
}

// readMore reads what does not come with a user: its sets, and its external ids if they are not known.
func (l *look) readMore(ctx context.Context, b bound) (model.Observed, error) {
	seen := b.seen
	var err error
	if seen.ExternalKeys = nil; l.knowsLittle(b) {
		if seen.ExternalKeys, err = l.Org.ExternalKeys(ctx, b.exID); err != nil {
			return seen, fmt.Errorf("read the external ids of %s: %w", l.row.Key, err)
		}
	}
	if seen.Skills, seen.Languages, err = l.Org.Sets(ctx, b.exID); err != nil {
		return seen, fmt.Errorf("read the skills and languages of %s: %w", l.row.Key, err)
	}
	return seen, nil
}

// knowsLittle says whether the external ids must be read: a user that EXCS has made right before has its key, unless
// something happened in the EX Org.
func (l *look) knowsLittle(b bound) bool {
	return l.row.Applied == 0 || b.adopted || hints(l.msg.Cause) || !l.row.From.IsZero()
}

func (l *look) target(ctx context.Context, refs refs) (plan.Target, error) {
	t := plan.Target{Object: l.row.Desired, Skills: refs.skillIDs, Languages: refs.languageIDs}
	if l.Settings.Users.Division == rules.Controlled {
		home, err := l.homeDivisionID(ctx)
		if err != nil {
			return t, fmt.Errorf("read the home division: %w", err)
		}
		t.Home = home
	}
	return t, nil
}

// mayChange asks the guard. A deactivation counts as a removal, because an inactive user loses its roles for good.
func (l *look) mayChange(ctx context.Context, seen model.Observed, fields []model.Field) error {
	if err := l.fights(ctx, fields); err != nil {
		return err
	}
	if !seen.Deleted && seen.State == model.StateActive && touches(fields, model.FieldState) {
		return l.allowRow(ctx, plan.ClassRemovals)
	}
	return l.allowRow(ctx, plan.ClassUpdates)
}

func touches(fields []model.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f model.Field) bool { return f.Name == name })
}

// write writes what differs, in the order that loses least: bring the user back to life, edit it, and only then switch it
// off.
func (l *look) write(ctx context.Context, b bound, seen model.Observed, target plan.Target, refs refs, fields []model.Field) error {
	action := actionFor(b)
	var err error
	if seen.Deleted {
		action = model.ActionRestore
		if seen, fields, err = l.restore(ctx, b, seen, target, refs); err != nil {
			return err
		}
	}
	off := touches(fields, model.FieldState) && l.row.Desired.State == model.StateInactive
	if touches(fields, model.FieldState) && !off {
		if seen.Version, err = l.activate(ctx, b.exID, seen, action); err != nil {
			return err
		}
	}
	if seen.Version, err = l.writeFields(ctx, b.exID, seen, fields); err != nil {
		return err
	}
	if err := l.writeSets(ctx, b.exID, seen, refs, fields); err != nil {
		return err
	}
	if off {
		return l.deactivate(ctx, b.exID, seen.Version, action, fields)
	}
	l.did(action, fields)
	return nil
}

func (l *look) activate(ctx context.Context, exID string, seen model.Observed, action model.Action) (version int, err error) {
	if version, err = l.setState(ctx, exID, seen.Version, model.StateActive); err != nil {
		return version, err
	}
	l.did(action, []model.Field{{Name: model.FieldState, Before: string(seen.State), After: string(model.StateActive)}})
	l.note("made active again; the EX Org does not give roles back: grant them again or through groups")
	return version, nil
}

func (l *look) deactivate(ctx context.Context, exID string, version int, action model.Action, fields []model.Field) error {
	if _, err := l.setState(ctx, exID, version, model.StateInactive); err != nil {
		return err
	}
	if action == model.ActionUpdate {
		action = model.ActionDeactivate
	}
	l.did(action, fields)
	return nil
}

// restore brings a deleted user back under its id and tells what differs then: what it lost shows only now. The member
// lists that hold it are asked for a look first: a crash after the restore would leave nothing that tells of it.
func (l *look) restore(ctx context.Context, b bound, seen model.Observed, target plan.Target, refs refs) (model.Observed, []model.Field, error) {
	user := l.row.Key.DBID
	if err := l.lookAtAll(ctx, model.KindMembers, func(r mapping.Row) bool { return serves(r, user) }); err != nil {
		return seen, nil, err
	}
	version, err := l.setState(ctx, b.exID, seen.Version, model.StateActive)
	if err != nil {
		return seen, nil, err
	}
	l.did(model.ActionRestore, []model.Field{{Name: model.FieldState, Before: "deleted", After: string(model.StateActive)}})
	l.note("restored; the EX Org does not give roles back: grant them again or through groups")
	b.adopted = true
	again, _, err := l.Org.Get(ctx, model.KindUser, b.exID)
	if err != nil {
		return seen, nil, fmt.Errorf("read %s after its restore: %w", l.row.Key, err)
	}
	// A read this close to the write may still show the user as it was: what was written is known.
	again.Deleted, again.State, again.Version = false, model.StateActive, version
	b.seen = again
	if again, err = l.readMore(ctx, b); err != nil {
		return seen, nil, err
	}
	return again, plan.Diff(target, again, refs.patient(l.Settings), false), nil
}
