package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// markSeparator stands in an intent's token before the mark under which the object was posted. Engage may give the object
// another name or address before anybody finds out whether the POST was done.
const markSeparator = " "

// mark is what an object without an external key or peer id of its own is found by: a user's address, a name.
func mark(o model.Object) string {
	if o.Key.Kind == model.KindUser {
		return o.Email
	}
	return o.Name
}

// lookUpBegun finds the object of an unfinished creation that was posted under another name or address than the one that is
// wanted by now. An empty bound means that there is none, or that it is to be looked up as any other.
func (l *look) lookUpBegun(ctx context.Context, intent mapping.Intent) (bound, error) {
	as, other := postedAs(l.row.Desired, intent)
	if !other {
		return bound{}, nil
	}
	found, err := l.Org.Find(ctx, as)
	if err != nil {
		return bound{}, fmt.Errorf("look %s up under what it was posted as: %w", l.row.Key, err)
	}
	best, by := plan.Best(as, l.withoutLost(found))
	if best.EXID == "" || by == plan.ByEmail && !l.mayBeOwn(best) && !l.mayBeOwnDeleted(best) {
		return bound{}, nil
	}
	taken, err := l.ownedByOthers(ctx, best.EXID)
	if err != nil || taken {
		return bound{}, err
	}
	if err := l.claim(ctx, best); err != nil {
		return bound{}, err
	}
	b, err := l.readFound(ctx, best)
	b.origin = mapping.OriginMade
	return b, err
}

// postedAs gives the object with the mark under which it was posted; other is false if that is the one it has now, or if
// the POST was refused.
func postedAs(o model.Object, intent mapping.Intent) (as model.Object, other bool) {
	_, posted, _ := strings.Cut(intent.Token, markSeparator)
	if posted == "" || strings.HasPrefix(intent.Token, refusedMark) || model.SameName(posted, mark(o)) {
		return o, false
	}
	if o.Key.Kind == model.KindUser {
		o.Email = posted
	} else {
		o.Name = posted
	}
	return o, true
}

// withoutLost leaves out the object that is gone and that lists may show for a while.
func (l *look) withoutLost(found []model.Observed) []model.Observed {
	return slices.DeleteFunc(found, func(o model.Observed) bool { return l.lost != "" && o.EXID == l.lost })
}

// mayBeOwn says that a user found by its address may be the one that this key's unfinished creation made: it is as new as
// can be and has no external id, and the EX Org did not refuse the POST.
func (l *look) mayBeOwn(o model.Observed) bool {
	intent := l.row.Intent
	return intent != nil && !strings.HasPrefix(intent.Token, refusedMark) && o.Version <= 1 && len(o.ExternalKeys) == 0 && !o.Deleted
}

// mayBeOwnDeleted says the same of a user that somebody deleted before anybody knew that it was made: one version later, and
// still under the name that it was posted with. While it lies there it holds an address that others may be waiting for.
func (l *look) mayBeOwnDeleted(o model.Observed) bool {
	intent := l.row.Intent
	return intent != nil && !strings.HasPrefix(intent.Token, refusedMark) && o.Deleted && o.Version <= 2 && len(o.ExternalKeys) == 0 &&
		model.SameName(o.Name, l.row.Desired.Name)
}
