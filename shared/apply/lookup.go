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

// lookUp finds an object that is this one and adopts it, if the rule of adoption lets it; an empty bound means that there is
// none.
func (l *look) lookUp(ctx context.Context) (bound, error) {
	return l.lookUpBy(ctx, l.Org.Find)
}

// lookUpBy is lookUp with one of the two ways to find an object.
func (l *look) lookUpBy(ctx context.Context, find func(context.Context, model.Object) ([]model.Observed, error)) (bound, error) {
	found, err := find(ctx, l.row.Desired)
	if err != nil {
		return bound{}, fmt.Errorf("look %s up: %w", l.row.Key, err)
	}
	best, by := plan.Best(l.row.Desired, l.withoutLost(found))
	if by == "" {
		return bound{}, nil
	}
	if err := l.mayAdopt(ctx, best); err != nil {
		return bound{}, err
	}
	if err := l.claim(ctx, best); err != nil {
		return bound{}, err
	}
	b, err := l.readFound(ctx, best)
	b.origin = originBy(by)
	return b, err
}

// originBy says how a row comes by an object that was found: EXCS's own mark says that EXCS made it.
func originBy(by plan.By) mapping.Origin {
	if by == plan.ByExternalID || by == plan.ByPeerID {
		return mapping.OriginMade
	}
	return mapping.OriginAdopted
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

// mayAdopt asks the rule of adoption about an object that is there, with all that the rule wants to know of it. It gives nil
// when the object may become this key's now; what needs an approval is held, and nothing is written.
func (l *look) mayAdopt(ctx context.Context, o model.Observed) error {
	o, err := l.knowMore(ctx, o)
	if err != nil {
		return err
	}
	holders, err := l.holders(ctx, o)
	if err != nil {
		return err
	}
	m := plan.Meeting{Want: l.row.Desired, Seen: o, Holders: holders, Own: l.mayBeOwn(o), Settings: l.Settings}
	if l.row.Key.Kind == model.KindUser && l.Settings.Users.Division == rules.Controlled {
		if m.Home, err = l.homeDivisionID(ctx); err != nil {
			return fmt.Errorf("read the home division: %w", err)
		}
	}
	if m.Skills, m.Languages, err = l.abilities(ctx); err != nil {
		return err
	}
	switch a := plan.Adoptable(m); {
	case a.May == plan.MayNot:
		return &notAdoptable{a.Reason}
	case a.May == plan.MayApproved && !l.approved():
		return held(a.Reason + ": " + plan.ApproveKey(l.row.Key))
	}
	return nil
}

// notAdoptable says that an EX object is not the key's.
type notAdoptable struct{ reason string }

func (n *notAdoptable) Error() string { return n.reason }

// knowMore reads what a search does not show of a user: its external ids, skills and languages. Of a deleted user nothing
// can be read.
func (l *look) knowMore(ctx context.Context, o model.Observed) (model.Observed, error) {
	if l.row.Key.Kind != model.KindUser || o.Deleted {
		return o, nil
	}
	keys, err := l.Org.ExternalKeys(ctx, o.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("read the external ids of the EX user %s: %w", o.EXID, err)
	}
	if o.ExternalKeys = keys; l.approved() {
		return o, nil
	}
	if o.Skills, o.Languages, err = l.Org.Sets(ctx, o.EXID); err != nil && model.CodeOf(err) != model.CodeNotFound {
		return o, fmt.Errorf("read the skills and languages of the EX user %s: %w", o.EXID, err)
	}
	return o, nil
}

// abilities gives the EX ids of the skills and languages of a user, as far as they are there.
func (l *look) abilities(ctx context.Context) (skills, languages map[int64]string, err error) {
	if l.row.Key.Kind != model.KindUser {
		return nil, nil, nil
	}
	refs, err := l.resolve(ctx)
	return refs.skillIDs, refs.languageIDs, err
}

// holders judges the keys that the object belongs to, by the mapping table and by its marks. One that lives ends the
// question: if it is to get another name or address, this key's turn comes, else the object is refused.
func (l *look) holders(ctx context.Context, o model.Observed) ([]plan.Holder, error) {
	owners, err := l.owners(ctx, o.EXID)
	if err != nil {
		return nil, err
	}
	var holders []plan.Holder
	for _, key := range owners {
		if key == l.row.Key {
			continue
		}
		row, standing, err := l.standing(ctx, key, o.EXID)
		if err != nil {
			return nil, err
		}
		h := plan.Holder{Key: key, Owner: true, Stale: standing != mapping.OwnerLives, Shares: row.Desired.SameAs == l.row.Key.DBID && row.Version > 0}
		if !h.Stale && !h.Shares {
			return nil, l.heldBy(ctx, o, row)
		}
		holders = append(holders, h)
	}
	for _, key := range plan.MarkHolders(l.row.Key, o) {
		if slices.Contains(owners, key) {
			continue
		}
		row, there, err := l.rowOf(ctx, key)
		if err != nil {
			return nil, err
		}
		if there && row.Goal == mapping.GoalPresent && (row.EXID == o.EXID || row.EXID == "") {
			return nil, l.heldBy(ctx, o, row)
		}
		holders = append(holders, plan.Holder{Key: key, Stale: true})
	}
	return holders, nil
}

// standing judges an owner of an EX object.
func (l *look) standing(ctx context.Context, key model.Key, exID string) (mapping.Row, mapping.Standing, error) {
	row, there, err := l.rowOf(ctx, key)
	if err != nil || !there {
		return mapping.Row{}, mapping.OwnerStale, err
	}
	var from mapping.Row
	if row.EXID == "" && !row.From.IsZero() {
		if from, _, err = l.rowOf(ctx, row.From); err != nil {
			return row, mapping.OwnerStale, err
		}
	}
	return row, mapping.StandingOf(row, from, exID, l.now), nil
}

// approved says that an operator let the desired state of this version pass. An approval is for one time: a row that has
// converged has used it up.
func (l *look) approved() bool { return l.row.Approved && l.row.State != mapping.StateConverged }
