package apply

import (
	"context"
	"errors"
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
	if wait := refs.mayCome(); l.row.EXID == "" && l.row.Adopt == "" && l.row.From.IsZero() && wait != nil {
		return wait
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
	return refs.stillMissing(l.now)
}

// prepay reserves the calls that a creation is known to need in one go, so that a worker does not stop halfway for want
// of budget.
func (l *look) prepay(ctx context.Context) (context.Context, error) {
	if l.row.EXID != "" {
		return ctx, nil
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

// bulk says whether the work can stand back behind people's changes.
func (l *look) bulk() bool {
	return slices.Contains([]model.Cause{model.CauseDrift, model.CauseRequeue, model.CauseReplay}, l.msg.Cause)
}

// equip gives a user that was just created what a create does not take. Nothing is read: it is known to be empty.
func (l *look) equip(ctx context.Context, b bound, refs refs) error {
	o := l.row.Desired
	if err := l.addExternalKey(ctx, b.exID); err != nil {
		return err
	}
	if skills := refs.skills(o); len(skills) > 0 && l.Settings.Users.Skills != rules.SetIgnored {
		if err := l.Writer.ReplaceSkills(ctx, b.exID, skills); err != nil {
			return l.setFailed(ctx, "skills", err)
		}
	}
	if languages := refs.languages(o); len(languages) > 0 && l.Settings.Users.Languages != rules.SetIgnored {
		if err := l.Writer.AddLanguages(ctx, b.exID, languages); err != nil {
			return l.setFailed(ctx, "languages", err)
		}
	}
	return nil
}

// repair compares a user that is there and writes what differs, in the order that loses least: bring it back to life,
// edit it, and only then switch it off.
func (l *look) repair(ctx context.Context, b bound, refs refs) error {
	target, err := l.target(ctx, refs)
	if err != nil {
		return err
	}
	seen := b.seen
	if l.knowsLittle(b) {
		if seen.ExternalKeys, err = l.Org.ExternalKeys(ctx, b.exID); err != nil {
			return fmt.Errorf("read the external ids of %s: %w", l.row.Key, err)
		}
	}
	if seen.Skills, seen.Languages, err = l.Org.Sets(ctx, b.exID); err != nil {
		return fmt.Errorf("read the skills and languages of %s: %w", l.row.Key, err)
	}
	fields := plan.Diff(target, seen, l.Settings, false)
	if len(fields) == 0 {
		return nil
	}
	if err := l.mayChange(ctx, b, seen, fields); err != nil {
		return err
	}
	return l.write(ctx, b, seen, target, refs, fields)
}

// knowsLittle says whether the external ids must be read: a user that EXCS has made right before has its key, unless
// something happened in the EX Org.
func (l *look) knowsLittle(b bound) bool {
	return l.row.Applied == 0 || b.adopted || b.seen.Deleted || l.msg.Cause != model.CauseEngage
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

// mayChange asks the guard; an adoption by e-mail alone that would rename or deactivate somebody waits for an operator.
func (l *look) mayChange(ctx context.Context, b bound, seen model.Observed, fields []model.Field) error {
	deactivates := !seen.Deleted && seen.State == model.StateActive && touches(fields, model.FieldState)
	if b.byEmail && !l.row.Approved && (deactivates || touches(fields, model.FieldName)) {
		return held("it would adopt an EX user by its e-mail address alone and rename or deactivate it: approve with sync approve")
	}
	if deactivates {
		return l.allow(ctx, plan.ClassRemovals, 1)
	}
	return l.allow(ctx, plan.ClassUpdates, 1)
}

func touches(fields []model.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f model.Field) bool { return f.Name == name })
}

func (l *look) write(ctx context.Context, b bound, seen model.Observed, target plan.Target, refs refs, fields []model.Field) error {
	action := actionFor(b)
	if seen.Deleted {
		action = model.ActionRestore
	}
	wantActive := l.row.Desired.State != model.StateInactive
	if touches(fields, model.FieldState) && (wantActive || seen.Deleted) {
		version, err := l.setState(ctx, b.exID, seen.Version, model.StateActive)
		if err != nil {
			return err
		}
		seen.Version = version
		l.did(action, nil)
		if seen.Deleted {
			var err error
			if seen, fields, err = l.afterRestore(ctx, b, target, fields); err != nil {
				return err
			}
		}
	}
	version, err := l.writeFields(ctx, b.exID, seen, fields)
	if err != nil {
		return err
	}
	if err := l.writeSets(ctx, b.exID, seen, refs, fields); err != nil {
		return err
	}
	if touches(fields, model.FieldState) && !wantActive {
		action = model.ActionDeactivate
		if _, err := l.setState(ctx, b.exID, version, model.StateInactive); err != nil {
			return err
		}
	}
	l.did(action, fields)
	return nil
}

// afterRestore reads the user again once it is back: what it lost shows only now.
func (l *look) afterRestore(ctx context.Context, b bound, target plan.Target, before []model.Field) (model.Observed, []model.Field, error) {
	seen, _, err := l.Org.Get(ctx, model.KindUser, b.exID)
	if err != nil {
		return seen, nil, fmt.Errorf("read %s after its restore: %w", l.row.Key, err)
	}
	// A read this close to the write may still show the user as deleted: what was written is known.
	seen.Deleted, seen.State = false, model.StateActive
	if seen.Skills, seen.Languages, err = l.Org.Sets(ctx, b.exID); err != nil {
		return seen, nil, fmt.Errorf("read the skills and languages of %s after its restore: %w", l.row.Key, err)
	}
	if seen.ExternalKeys, err = l.Org.ExternalKeys(ctx, b.exID); err != nil {
		return seen, nil, fmt.Errorf("read the external ids of %s after its restore: %w", l.row.Key, err)
	}
	l.note = "restored; the EX Org does not give roles back: grant them again or through groups"
	l.fields = append(l.fields, before...)
	return seen, plan.Diff(target, seen, l.Settings, false), l.lookAtQueues(ctx)
}

// writeFields writes name, e-mail, division and external id, and gives the user's version afterwards.
func (l *look) writeFields(ctx context.Context, exID string, seen model.Observed, fields []model.Field) (int, error) {
	version := seen.Version
	var name, email *string
	if touches(fields, model.FieldName) {
		name = &l.row.Desired.Name
	}
	if touches(fields, model.FieldEmail) {
		email = &l.row.Desired.Email
	}
	if name != nil || email != nil {
		v, err := l.patch(ctx, exID, version, name, email)
		if err != nil {
			return version, err
		}
		version = v
	}
	if touches(fields, model.FieldDivision) {
		home, err := l.homeDivisionID(ctx)
		if err != nil {
			return version, err
		}
		if err := l.Writer.MoveUser(ctx, exID, home); err != nil {
			return version, fmt.Errorf("move %s to the home division: %w", l.row.Key, err)
		}
	}
	if touches(fields, model.FieldExternalID) {
		return version, l.setExternalKey(ctx, exID, seen.ExternalKeys)
	}
	return version, nil
}

// versionTries is how often a stale version is read again (facts/exorg.md: up to 10 times).
const versionTries = 10

// withVersion runs a write under the optimistic lock and reads the version again when it was stale. The EX Org answers a
// taken e-mail address in the same form; a version that did not move tells the two apart.
func (l *look) withVersion(ctx context.Context, exID string, version int, write func(version int) (int, error)) (int, error) {
	for try := 1; ; try++ {
		next, err := write(version)
		if model.CodeOf(err) != model.CodeStale || try == versionTries {
			return next, err
		}
		seen, _, err := l.Org.Get(ctx, model.KindUser, exID)
		if err != nil {
			return version, err
		}
		if seen.Version == version {
			return version, &model.Error{Code: model.CodeConflict, Op: "write the user", Key: l.row.Key, Err: err409}
		}
		version = seen.Version
	}
}

var err409 = errors.New("the EX Org refuses the write although the version is the current one")

func (l *look) patch(ctx context.Context, exID string, version int, name, email *string) (int, error) {
	v, err := l.withVersion(ctx, exID, version, func(v int) (int, error) { return l.Writer.PatchUser(ctx, exID, v, name, email) })
	if model.CodeOf(err) == model.CodeConflict && email != nil {
		return v, forGood("another EX user holds its new e-mail address: free the address there, or correct it in Engage")
	}
	if err != nil {
		return v, fmt.Errorf("patch %s: %w", l.row.Key, err)
	}
	return v, nil
}

func (l *look) setState(ctx context.Context, exID string, version int, state model.UserState) (int, error) {
	v, err := l.withVersion(ctx, exID, version, func(v int) (int, error) { return l.Writer.SetUserState(ctx, exID, v, state) })
	if err != nil {
		return v, fmt.Errorf("set the state of %s to %s: %w", l.row.Key, state, err)
	}
	return v, nil
}

// setExternalKey adds the key first and takes the others away afterwards: a crash in between leaves the user findable.
func (l *look) setExternalKey(ctx context.Context, exID string, keys []string) error {
	if !slices.Contains(keys, l.row.Desired.ExternalKey) {
		if err := l.addExternalKey(ctx, exID); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if key == l.row.Desired.ExternalKey {
			continue
		}
		if err := l.Writer.RemoveExternalKey(ctx, exID, key); err != nil && model.CodeOf(err) != model.CodeNotFound {
			return fmt.Errorf("take the old external id off %s: %w", l.row.Key, err)
		}
	}
	return nil
}

func (l *look) addExternalKey(ctx context.Context, exID string) error {
	err := l.Writer.AddExternalKey(ctx, exID, l.row.Desired.ExternalKey)
	if model.CodeOf(err) != model.CodeConflict {
		if err != nil {
			return fmt.Errorf("give %s its external id: %w", l.row.Key, err)
		}
		return nil
	}
	holders, ferr := l.Org.Find(ctx, model.Object{Key: l.row.Key, ExternalKey: l.row.Desired.ExternalKey})
	if ferr != nil {
		return ferr
	}
	for _, h := range holders {
		if h.EXID == exID {
			return nil
		}
		if !h.Deleted {
			return forGood("the EX user %s holds its external id: merge the two users in the EX Org, or bind the key to one with sync link", h.EXID)
		}
	}
	return fmt.Errorf("give %s its external id: %w", l.row.Key, err)
}

// lookAtQueues asks for a look at the member list of every queue the user may serve. It is used when a user came back
// from the dead, so the lists of all queues are asked; they cost nothing where nothing is missing.
func (l *look) lookAtQueues(ctx context.Context) error {
	keys, err := l.Serving(ctx, l.row.Key.DBID)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := l.lookAt(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Serving lists the member lists whose desired members hold the user.
func (w *Worker) Serving(ctx context.Context, user int64) ([]model.Key, error) {
	if w.Lists == nil {
		return nil, nil
	}
	rows, err := w.Lists.Rows(ctx, model.KindMembers)
	if err != nil {
		return nil, err
	}
	var keys []model.Key
	for _, row := range rows {
		if _, ok := slices.BinarySearch(row.Desired.Members, user); ok && row.Goal == mapping.GoalPresent {
			keys = append(keys, row.Key)
		}
	}
	return keys, nil
}
