package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
)

// nameAndAddress writes both in one call and, if that is refused, each by itself.
func (p *parts) nameAndAddress(ctx context.Context, b bound, version int, fields []model.Field) error {
	var name, email *string
	if touches(fields, model.FieldName) {
		name = &p.row.Desired.Name
	}
	if touches(fields, model.FieldEmail) {
		email = &p.row.Desired.Email
	}
	if name != nil && email != nil {
		_, err := p.withVersion(ctx, b.exID, version, func(v int) (int, error) { return p.Writer.PatchUser(ctx, b.exID, v, name, email) })
		if err == nil {
			p.didField(b, fields, model.FieldName, model.FieldEmail)
			return nil
		}
		if !isRefusal(err) {
			return p.tried(ctx, mapping.Refusal{Part: model.FieldName, Value: *name}, fmt.Errorf("patch %s: %w", p.row.Key, err))
		}
	}
	if name != nil {
		v, err := p.patch(ctx, b.exID, version, name, nil)
		if err == nil {
			p.didField(b, fields, model.FieldName)
		}
		if err := p.tried(ctx, mapping.Refusal{Part: model.FieldName, Value: *name}, err); err != nil {
			return err
		}
		version = v
	}
	if email == nil {
		return nil
	}
	_, err := p.patch(ctx, b.exID, version, nil, email)
	if err == nil {
		p.didField(b, fields, model.FieldEmail)
	}
	return p.tried(ctx, mapping.Refusal{Part: model.FieldEmail, Value: *email}, err)
}

func (p *parts) division(ctx context.Context, b bound, fields []model.Field) error {
	if !touches(fields, model.FieldDivision) {
		return nil
	}
	err := p.moveHome(ctx, b.exID)
	if err == nil {
		p.didField(b, fields, model.FieldDivision)
	}
	return p.tried(ctx, mapping.Refusal{Part: model.FieldDivision}, err)
}

func (p *parts) external(ctx context.Context, b bound, seen model.Observed, fields []model.Field) error {
	if !touches(fields, model.FieldExternalID) {
		return nil
	}
	err := p.setExternalKey(ctx, b.exID, seen.ExternalKeys)
	if err == nil {
		p.didField(b, fields, model.FieldExternalID)
	}
	return p.tried(ctx, p.externalPart(), err)
}

func (l *look) externalPart() mapping.Refusal {
	return mapping.Refusal{Part: model.FieldExternalID, Value: l.row.Desired.ExternalKey}
}

func (l *look) moveHome(ctx context.Context, exID string) error {
	home, err := l.homeDivisionID(ctx)
	if err != nil {
		return fmt.Errorf("read the home division: %w", err)
	}
	if err := l.Writer.MoveUser(ctx, exID, home); err != nil {
		return fmt.Errorf("move %s to the home division: %w", l.row.Key, err)
	}
	return nil
}

// versionTries is how often a stale version is read again (FACTS X3: up to 10 times).
const versionTries = 10

// unmoved is a write that was refused as stale although the version did not move: another user holds the address (the EX
// Org answers that in the same form), or the read is old.
type unmoved struct{ err error }

func (u *unmoved) Error() string { return "the version is the current one: " + u.err.Error() }
func (u *unmoved) Unwrap() error { return u.err }

// withVersion runs a write under the optimistic lock and reads the version again when it was stale.
func (l *look) withVersion(ctx context.Context, exID string, version int, write func(version int) (int, error)) (int, error) {
	for try := 1; ; try++ {
		next, err := write(version)
		if model.CodeOf(err) != model.CodeStale || try == versionTries {
			return next, err
		}
		seen, _, rerr := l.Org.Get(ctx, model.KindUser, exID)
		if rerr != nil {
			return version, rerr
		}
		if seen.Version <= version {
			return version, &unmoved{err}
		}
		version = seen.Version
	}
}

func (l *look) patch(ctx context.Context, exID string, version int, name, email *string) (int, error) {
	v, err := l.withVersion(ctx, exID, version, func(v int) (int, error) { return l.Writer.PatchUser(ctx, exID, v, name, email) })
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, new(*unmoved)) && email != nil:
		return version, l.addressTaken(ctx, exID, version, err)
	default:
		return version, fmt.Errorf("patch %s: %w", l.row.Key, err)
	}
}

func (l *look) setState(ctx context.Context, exID string, version int, state model.UserState) (int, error) {
	v, err := l.withVersion(ctx, exID, version, func(v int) (int, error) { return l.Writer.SetUserState(ctx, exID, v, state) })
	if err != nil {
		return version, fmt.Errorf("set the state of %s to %s: %w", l.row.Key, state, err)
	}
	return v, nil
}

// addressTaken deals with a change of address that the EX Org refuses. It is nameTaken for users: two Persons that exchange
// their addresses keep their EX users.
func (l *look) addressTaken(ctx context.Context, exID string, version int, refusal error) error {
	found, err := l.Org.Find(ctx, model.Object{Key: l.row.Key, Email: l.row.Desired.Email})
	if err != nil {
		return fmt.Errorf("look for who has the address of %s: %w", l.row.Key, err)
	}
	for _, o := range found {
		if o.EXID == exID {
			continue
		}
		holder, err := l.holder(ctx, o.EXID)
		if err != nil {
			return err
		}
		return l.taken(ctx, heldName{
			what: "e-mail address", mend: "free the address there, or correct it in Engage", by: o.EXID, holder: holder,
			wish: holder.Desired.Email, want: l.row.Desired.Email, aside: func() error { return l.stepAsideUser(ctx, exID, version) },
		}, refusal)
	}
	return fmt.Errorf("patch %s: %w", l.row.Key, refusal)
}

// stepAsideUser gives the user an address in between, so that the one who is to get the old one can go on.
func (l *look) stepAsideUser(ctx context.Context, exID string, version int) error {
	address := fmt.Sprintf("excs-%d-%s", l.row.Key.DBID, l.row.Desired.Email)
	if _, err := l.Writer.PatchUser(ctx, exID, version, nil, &address); err != nil {
		return fmt.Errorf("give %s an address in between: %w", l.row.Key, err)
	}
	l.did(model.ActionUpdate, []model.Field{{Name: model.FieldEmail, After: address}})
	l.note("has an address in between, because two Persons exchange theirs")
	return waitUntil(l.now.Add(dependencyWait), "it waits until the address that it is to get is free")
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
	if err == nil {
		return nil
	}
	if model.CodeOf(err) != model.CodeConflict {
		return fmt.Errorf("give %s its external id: %w", l.row.Key, err)
	}
	holders, ferr := l.Org.Find(ctx, model.Object{Key: l.row.Key, ExternalKey: l.row.Desired.ExternalKey})
	if ferr != nil {
		return ferr
	}
	for _, h := range holders {
		if h.EXID == exID {
			return nil
		}
		former, err := l.wasOwn(ctx, h.EXID)
		if err != nil {
			return err
		}
		if former {
			return l.moveExternalKey(ctx, h.EXID, exID)
		}
		if !h.Deleted {
			return forGood("the EX user %s holds its external id: merge the two users in the EX Org, or bind the key to one with sync link", h.EXID)
		}
	}
	return fmt.Errorf("give %s its external id (a deleted EX user may hold it): %w", l.row.Key, err)
}

// wasOwn says whether an EX user is the one that this key had until an operator linked the key to another: the orphan that
// stands for it is this key's own.
func (l *look) wasOwn(ctx context.Context, exID string) (bool, error) {
	owners, err := l.owners(ctx, exID)
	if err != nil {
		return false, err
	}
	return slices.Contains(owners, mapping.Leftover(l.row.Key, exID)), nil
}

// moveExternalKey takes the key's own mark off the EX user that it had and gives it to the one that it has: the mark says which
// user is the Person, and two can not carry it.
func (l *look) moveExternalKey(ctx context.Context, from, to string) error {
	if err := l.Writer.RemoveExternalKey(ctx, from, l.row.Desired.ExternalKey); err != nil && model.CodeOf(err) != model.CodeNotFound {
		return fmt.Errorf("take the external id of %s off the EX user %s that it had: %w", l.row.Key, from, err)
	}
	l.note("its external id was taken off the EX user " + from + " that it had before")
	if err := l.Writer.AddExternalKey(ctx, to, l.row.Desired.ExternalKey); err != nil {
		return fmt.Errorf("give %s its external id: %w", l.row.Key, err)
	}
	return nil
}
