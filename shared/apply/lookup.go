package apply

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// lookUp finds an object that is this one and adopts it; an empty bound means that there is none.
func (l *look) lookUp(ctx context.Context) (bound, error) {
	return l.lookUpBy(ctx, l.Org.Find)
}

// lookUpBy is lookUp with one of the two ways to find an object.
func (l *look) lookUpBy(ctx context.Context, find func(context.Context, model.Object) ([]model.Observed, error)) (bound, error) {
	found, err := find(ctx, l.row.Desired)
	if err != nil {
		return bound{}, fmt.Errorf("look %s up: %w", l.row.Key, err)
	}
	best, by := pick(l.withoutLost(found), l.row.Desired)
	if best.EXID == "" {
		return bound{}, nil
	}
	if err := l.isNobodyElses(ctx, best, by); err != nil {
		return bound{}, err
	}
	if err := l.claim(ctx, best); err != nil {
		return bound{}, err
	}
	return l.readFound(ctx, best)
}

// readFound reads what a list or a search showed. They lag, and so does the read: one that answers 404 decides nothing.
func (l *look) readFound(ctx context.Context, o model.Observed) (bound, error) {
	seen, raw, err := l.Org.Get(ctx, l.row.Key.Kind, o.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		return bound{}, l.untilIndexed("a list of the EX Org shows it and a read does not: one of them is old")
	}
	if err != nil {
		return bound{}, fmt.Errorf("read %s: %w", l.row.Key, err)
	}
	return bound{exID: o.EXID, seen: seen, raw: raw, adopted: true}, nil
}

// The marks by which an existing object is known, strongest first.
const (
	byExternalID = iota + 1
	byPeerID
	byEmail
	byName
)

// pick chooses the object that is the desired one: by external key, peer id, e-mail, name; a living one before a deleted
// one. A deleted skill, language or queue can not be revived, so it is none.
func pick(found []model.Observed, want model.Object) (model.Observed, int) {
	best, rank := model.Observed{}, byName+1
	for _, o := range found {
		r := likeness(o, want)
		if r == 0 || (o.Deleted && want.Key.Kind != model.KindUser) {
			continue
		}
		if r < rank || (r == rank && best.Deleted && !o.Deleted) {
			best, rank = o, r
		}
	}
	if best.EXID == "" {
		return model.Observed{}, 0
	}
	return best, rank
}

func likeness(o model.Observed, want model.Object) int {
	switch {
	case want.ExternalKey != "" && slices.Contains(o.ExternalKeys, want.ExternalKey):
		return byExternalID
	case want.PeerID != "" && o.PeerID == want.PeerID:
		return byPeerID
	case want.Key.Kind == model.KindUser:
		if model.SameName(o.Email, want.Email) {
			return byEmail
		}
	case model.SameName(o.Name, want.Name):
		return byName
	}
	return 0
}

// isNobodyElses refuses an object that carries the mark of another key that lives, and holds the adoption of a user whose
// address alone says who it is, if it would be renamed or deactivated or was another Person's: addresses are recycled.
func (l *look) isNobodyElses(ctx context.Context, o model.Observed, by int) error {
	if by == byEmail && !o.Deleted { // of a deleted user nothing can be read
		keys, err := l.Org.ExternalKeys(ctx, o.EXID)
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return fmt.Errorf("read the external ids of the EX user %s: %w", o.EXID, err)
		}
		o.ExternalKeys = keys
	}
	if err := l.carriesMark(ctx, o); err != nil {
		return err
	}
	if by == byEmail && !l.approved() && !l.mayBeOwn(o) {
		return l.recycled(ctx, o)
	}
	return nil
}

// carriesMark refuses an object whose external id or peer id is that of another key that lives and has no other object.
func (l *look) carriesMark(ctx context.Context, o model.Observed) error {
	for _, id := range append(slices.Clone(o.ExternalKeys), o.PeerID) {
		dbid, err := strconv.ParseInt(id, 10, 64)
		key := model.Key{Kind: l.row.Key.Kind, DBID: dbid}
		if err != nil || key == l.row.Key {
			continue
		}
		row, there, err := l.rowOf(ctx, key)
		if err != nil {
			return err
		}
		if there && row.Goal == mapping.GoalPresent && (row.EXID == o.EXID || row.EXID == "") {
			return l.heldBy(ctx, o, row)
		}
	}
	return nil
}

// recycled holds the adoption of a user by its address alone if it would be more than a confirmation.
func (l *look) recycled(ctx context.Context, o model.Observed) error {
	owners, err := l.owners(ctx, o.EXID)
	if err != nil {
		return err
	}
	for _, key := range owners {
		if key == l.row.Key {
			continue
		}
		row, there, err := l.rowOf(ctx, key)
		switch {
		case err != nil:
			return err
		case !there:
		case row.Goal == mapping.GoalPresent && row.EXID == o.EXID:
			return l.heldBy(ctx, o, row)
		default:
			return heldForApproval(o, fmt.Sprintf("take it from %s", key))
		}
	}
	if what := l.wouldChange(o); what != "" {
		return heldForApproval(o, what)
	}
	return nil
}

func (l *look) wouldChange(o model.Observed) string {
	u, want := l.Settings.Users, l.row.Desired
	switch {
	case u.Name == rules.Controlled && o.Name != want.Name:
		return "rename it"
	case u.State == rules.Controlled && o.State == model.StateActive && want.State == model.StateInactive:
		return "deactivate it"
	case len(o.ExternalKeys) > 0 && !slices.Contains(o.ExternalKeys, want.ExternalKey):
		return "replace its external id " + o.ExternalKeys[0]
	default:
		return ""
	}
}

func heldForApproval(o model.Observed, what string) error {
	return held(fmt.Sprintf("the EX user %s has nothing but the address in common with it, and adopting it would %s: approve with sync approve if they are one person", o.EXID, what))
}

// approved says that an operator let the desired state of this version pass. An approval is for one time: a row that has
// converged has used it up.
func (l *look) approved() bool { return l.row.Approved && l.row.State != mapping.StateConverged }
