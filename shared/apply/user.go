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
	if l.sameAsBefore(refs.absent) {
		return refs.restAs(l.now, l.row.Reason)
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
	u, p := l.Settings.Users, l.newParts()
	if err := l.spare(ctx, refs); err != nil {
		return err
	}
	if err := p.tried(ctx, l.externalPart(), l.addExternalKey(ctx, b.exID)); err != nil {
		return err
	}
	if u.Skills != rules.SetIgnored {
		if err := p.addAll(ctx, skillSet(p, b.exID), refs.skills(l.row.Desired, nil)); err != nil {
			return err
		}
	}
	if u.Languages != rules.SetIgnored {
		if err := p.addAll(ctx, languageSet(p, b.exID), refs.languages(l.row.Desired, nil)); err != nil {
			return err
		}
	}
	l.evaluated = true
	return p.first
}

// repair compares a user that is there and writes what differs, each part on its own, what takes access away first.
func (l *look) repair(ctx context.Context, b bound, refs refs) error {
	if b.seen.Deleted && plan.StaysDeleted(l.row.Desired, l.Settings.Users) {
		return l.leaveDeleted()
	}
	p := l.newParts()
	l.left = l.rested(map[string]string{
		model.FieldName: l.row.Desired.Name, model.FieldEmail: l.row.Desired.Email, model.FieldState: string(l.row.Desired.State),
		model.FieldExternalID: l.row.Desired.ExternalKey,
	})
	if err := p.spare(ctx, refs); err != nil {
		return err
	}
	seen, err := p.access(ctx, b)
	if err != nil {
		return err
	}
	if seen.Deleted { // it can not be restored: of a deleted user nothing can be read or written
		l.evaluated = true
		return p.first
	}
	b.seen = seen
	if seen, err = p.readMore(ctx, b, refs); err != nil {
		return err
	}
	if err := p.details(ctx, b, seen, refs); err != nil {
		return err
	}
	l.evaluated = true
	return p.first
}

// leaveDeleted is what becomes of a deleted user whom nobody is to bring back: it is right as it is.
func (l *look) leaveDeleted() error {
	why := "deleted in the EX Org, disabled in Engage"
	if l.Settings.Users.State != rules.Controlled {
		why = "deleted in the EX Org, and the setting of the state leaves that to its administrators"
	}
	l.out.State, l.out.Reason, l.out.Applied = mapping.StateConverged, mapping.LeftDeleted+why, l.row.Desired.Fingerprint()
	l.evaluated = true
	return nil
}

// stateChange is what makes a user's state right.
type stateChange struct {
	field model.Field
	write func(ctx context.Context, b bound, f model.Field) (model.Observed, error)
}

// stateDue gives the change that the state needs; without a write it needs none.
func (p *parts) stateDue(seen model.Observed) stateChange {
	want := p.row.Desired.State
	c := stateChange{field: model.Field{Name: model.FieldState, Before: string(seen.State), After: string(want)}}
	switch {
	case seen.Deleted:
		c.field.Before, c.field.After = "deleted", string(model.StateActive)
		c.write = p.restore
	case p.Settings.Users.State != rules.Controlled || seen.State == want:
	case want == model.StateActive:
		c.write = p.activate
	case want == model.StateInactive:
		c.write = p.deactivate
	}
	return c
}

// access makes the state right: it switches off, restores or activates, before anything else is read or written. It gives
// the user as it is then; one that stays deleted could not be restored.
func (p *parts) access(ctx context.Context, b bound) (model.Observed, error) {
	seen, change := b.seen, p.stateDue(b.seen)
	if change.write == nil || leaves(p.left, model.FieldState, "") {
		return seen, nil
	}
	refusal := mapping.Refusal{Part: model.FieldState, Value: string(p.row.Desired.State)}
	if err := p.mayChangeState(ctx, b.exID, seen, change.field); err != nil {
		return seen, p.tried(ctx, refusal, err)
	}
	after, err := change.write(ctx, b, change.field)
	if seen.Deleted && isRefusal(err) {
		refusal.Gone = true
		p.refuse(ctx, refusal, fmt.Errorf("the EX user was deleted and can not be restored (erased?): forget %s, and the next run makes a new user: %w", p.row.Key, err))
		return after, nil
	}
	return after, p.tried(ctx, refusal, err)
}

// mayChangeState asks whether the state may be written: nobody fights over it, the guard lets it pass (a deactivation counts
// as a removal, because an inactive user loses its roles for good), and the user is this key's.
func (l *look) mayChangeState(ctx context.Context, exID string, seen model.Observed, field model.Field) error {
	if err := l.fights(ctx, []model.Field{field}); err != nil {
		return err
	}
	class := plan.ClassUpdates
	if !seen.Deleted && seen.State == model.StateActive {
		class = plan.ClassRemovals
	}
	if err := l.allowRow(ctx, class); err != nil {
		return err
	}
	action := model.ActionUpdate
	switch {
	case seen.Deleted:
		action = model.ActionRestore
	case class == plan.ClassRemovals:
		action = model.ActionDeactivate
	}
	return l.mayWriteTo(ctx, exID, mapping.Wrote{Action: action, Fields: []model.Field{field}, Before: &seen})
}

// details makes right what is not the state: name and address, division, external id, skills, languages.
func (p *parts) details(ctx context.Context, b bound, seen model.Observed, refs refs) error {
	target, err := p.target(ctx, refs)
	if err != nil {
		if err := p.tried(ctx, mapping.Refusal{Part: model.FieldDivision}, err); err != nil {
			return err
		}
	}
	settings := refs.patient(p.Settings)
	if p.unread(model.FieldSkills) {
		settings.Users.Skills, settings.Users.Languages = rules.SetIgnored, rules.SetIgnored
	}
	settings.Users.State = rules.Ignored // access has made it right
	want, have := plan.Without(target, seen, partsOf(p.left))
	p.dropMended(target, seen, settings)
	fields, err := p.unfought(ctx, plan.Diff(want, have, settings, false))
	if err != nil || len(fields) == 0 {
		return err
	}
	if p.action == "" || p.action == model.ActionAdopt {
		for _, class := range plan.FieldClasses(fields) {
			if err := p.allowRow(ctx, class); err != nil {
				return err
			}
		}
	}
	if err := p.mayWriteTo(ctx, b.exID, mapping.Wrote{Action: actionFor(b), Fields: fields, Before: &seen}); err != nil {
		return err
	}
	return p.write(ctx, b, seen, have, settings, refs, fields)
}

// unfought leaves out the fields that somebody keeps changing back: the row waits for them, the others are written.
func (p *parts) unfought(ctx context.Context, fields []model.Field) ([]model.Field, error) {
	var free []model.Field
	for _, f := range fields {
		err := p.fights(ctx, []model.Field{f})
		if err == nil {
			free = append(free, f)
			continue
		}
		if err := p.tried(ctx, mapping.Refusal{Part: f.Name}, err); err != nil {
			return nil, err
		}
	}
	return free, nil
}

// dropMended forgets refused parts that need nothing any more: somebody else made them right, or Engage wants them no longer.
func (p *parts) dropMended(want plan.Target, have model.Observed, s rules.Settings) {
	p.left = slices.DeleteFunc(p.left, func(r mapping.Refusal) bool {
		others := slices.DeleteFunc(slices.Clone(p.left), func(o mapping.Refusal) bool { return samePart(o, r) })
		w, h := plan.Without(want, have, partsOf(others))
		with := plan.Diff(w, h, s, false)
		w, h = plan.Without(w, h, partsOf([]mapping.Refusal{r}))
		return r.Part != model.FieldState && !p.unread(r.Part) && slices.EqualFunc(with, plan.Diff(w, h, s, false), sameField)
	})
}

func sameField(a, b model.Field) bool {
	return a.Name == b.Name && a.Before == b.Before && a.After == b.After && slices.Equal(a.Added, b.Added) && slices.Equal(a.Removed, b.Removed)
}

// unread says whether this look could not read the part.
func (l *look) unread(part string) bool { return slices.Contains(l.unreadable, part) }

// readMore reads what does not come with a user: its sets, and its external ids if they are not known. What can not be read
// is a part that is not right, and holds up no other.
func (p *parts) readMore(ctx context.Context, b bound, refs refs) (model.Observed, error) {
	seen := b.seen
	var err error
	if seen.ExternalKeys = nil; p.knowsLittle(b) {
		if seen.ExternalKeys, err = p.Org.ExternalKeys(ctx, b.exID); err != nil {
			seen.ExternalKeys = nil
			p.unreadable = append(p.unreadable, model.FieldExternalID)
			if err := p.tried(ctx, p.externalPart(), p.notYet(fmt.Errorf("read the external ids of %s: %w", p.row.Key, err))); err != nil {
				return seen, err
			}
		}
	}
	if p.restored { // what a restore brings back shows with the set's own call first
		seen.Skills, seen.Languages = nil, nil
	}
	for _, set := range []struct {
		kind model.Kind
		part string
		have *[]model.Assigned
		want []model.Assigned
		loss bool
	}{
		{model.KindSkill, model.FieldSkills, &seen.Skills, refs.skills(p.row.Desired, seen.Skills), p.Settings.Users.Skills == rules.Exact},
		{model.KindLanguage, model.FieldLanguages, &seen.Languages, refs.languages(p.row.Desired, seen.Languages), p.Settings.Users.Languages == rules.Exact},
	} {
		// What came with the user is best effort (FACTS X): it may lack the set, and a set that would lose something is read again.
		if *set.have != nil && !(set.loss && len(surplus(*set.have, set.want)) > 0) {
			continue
		}
		if *set.have, err = p.Org.SetOf(ctx, set.kind, b.exID); err != nil {
			p.unreadable = append(p.unreadable, model.FieldSkills, model.FieldLanguages)
			return seen, p.tried(ctx, mapping.Refusal{Part: set.part}, p.notYet(fmt.Errorf("read the %ss of %s: %w", set.kind, p.row.Key, err)))
		}
	}
	return seen, nil
}

// notYet turns the 404 of a read that may lag behind a restore, or another own write, into a wait.
func (l *look) notYet(failure error) error {
	if model.CodeOf(errors.Unwrap(failure)) != model.CodeNotFound || !l.restored && l.now.Sub(l.row.Written) >= l.Settings.IndexLag {
		return failure
	}
	return waitUntil(l.now.Add(lagWait), "written a short while ago and not visible yet")
}

// knowsLittle says whether the external ids must be read: a user that EXCS has made right before has its key, unless
// something happened in the EX Org.
func (l *look) knowsLittle(b bound) bool {
	return l.row.Applied == 0 || b.adopted || l.restored || hints(l.msg.Cause) || !l.row.From.IsZero()
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

func touches(fields []model.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f model.Field) bool { return f.Name == name })
}

// write writes what differs, each part on its own.
func (p *parts) write(ctx context.Context, b bound, seen, have model.Observed, s rules.Settings, refs refs, fields []model.Field) error {
	for _, part := range []func() error{
		func() error { return p.nameAndAddress(ctx, b, seen.Version, fields) },
		func() error { return p.division(ctx, b, fields) },
		func() error { return p.external(ctx, b, seen, fields) },
		func() error { return p.skills(ctx, b, have, s, refs, fields) },
		func() error { return p.languages(ctx, b, have, s, refs, fields) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// didField notes that a part was written.
func (p *parts) didField(b bound, fields []model.Field, names ...string) {
	for _, f := range fields {
		if slices.Contains(names, f.Name) {
			p.did(actionFor(b), []model.Field{f})
		}
	}
}

func (p *parts) activate(ctx context.Context, b bound, field model.Field) (model.Observed, error) {
	version, err := p.setState(ctx, b.exID, b.seen.Version, model.StateActive)
	if err != nil {
		return b.seen, err
	}
	p.did(actionFor(b), []model.Field{field})
	p.note("made active again; the EX Org does not give roles back: grant them again or through groups")
	b.seen.State, b.seen.Version = model.StateActive, version
	return b.seen, nil
}

func (p *parts) deactivate(ctx context.Context, b bound, field model.Field) (model.Observed, error) {
	version, err := p.setState(ctx, b.exID, b.seen.Version, model.StateInactive)
	if err != nil {
		return b.seen, err
	}
	action := actionFor(b)
	if action == model.ActionUpdate {
		action = model.ActionDeactivate
	}
	p.did(action, []model.Field{field})
	b.seen.State, b.seen.Version = model.StateInactive, version
	return b.seen, nil
}

// restore brings a deleted user back under its id. What it lost shows only then. The member lists that hold it are asked for a
// look first: a crash after the restore would leave nothing that tells of it.
func (p *parts) restore(ctx context.Context, b bound, field model.Field) (model.Observed, error) {
	user := p.row.Key.DBID
	if err := p.lookAtAll(ctx, model.KindMembers, func(r mapping.Row) bool { return serves(r, user) }); err != nil {
		return b.seen, err
	}
	version, err := p.setState(ctx, b.exID, b.seen.Version, model.StateActive)
	if err != nil {
		return b.seen, err
	}
	p.did(model.ActionRestore, []model.Field{field})
	p.note("restored; the EX Org does not give roles back: grant them again or through groups")
	p.restored = true
	again, _, err := p.Org.Get(ctx, model.KindUser, b.exID)
	if model.CodeOf(err) == model.CodeNotFound {
		again, err = b.seen, nil // the read lags behind the write
	}
	if err != nil {
		return b.seen, fmt.Errorf("read %s after its restore: %w", p.row.Key, err)
	}
	// A read this close to the write may still show the user as it was: what was written is known.
	again.Deleted, again.State, again.Version = false, model.StateActive, version
	return again, nil
}
