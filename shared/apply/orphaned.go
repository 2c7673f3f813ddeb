package apply

import (
	"context"
	"fmt"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// orphaned finds out what became of a creation whose outcome was open when its Engage object went, so that the administrator
// is shown the EX object, and somebody who comes back finds it. Nothing is written to the EX Org.
//
//	found, and nobody's else     the row has its id and is an orphan
//	nothing, for indexLag        wait: searches lag behind writes
//	nothing after that           there is no EX object to list: the row goes
//
// A row that has no EX object and began none goes too.
func (l *look) orphaned(ctx context.Context) error {
	if err := l.finishBegun(ctx); err != nil {
		return err
	}
	switch {
	case l.row.EXID != "":
		l.out.State = mapping.StateOrphan
		return nil
	case l.row.Intent == nil:
		return l.Rows.Forget(ctx, l.row.Key) // nothing was made, and what it was to adopt or take over is not its own
	}
	exID, err := l.madeBefore(ctx)
	if err != nil {
		return err
	}
	switch {
	case exID != "":
		l.out.EXID, l.out.Origin, l.out.ClearIntent = exID, mapping.OriginMade, true
		l.out.State, l.out.Reason = mapping.StateOrphan, "gone from Engage while it was being created"
		return nil
	case l.now.Sub(l.row.Intent.At) < l.Settings.IndexLag:
		return l.untilIndexed("gone from Engage while it was being created: it is looked up until the index has caught up")
	default:
		return l.Rows.Forget(ctx, l.row.Key)
	}
}

// madeBefore looks up the EX object that the unfinished creation made and owns it; "" when there is none, or when what is there
// may be somebody else's.
func (l *look) madeBefore(ctx context.Context) (string, error) {
	if strings.HasPrefix(l.row.Intent.Token, refusedMark) {
		return "", nil // the POST was refused
	}
	as, _ := postedAs(l.row.Desired, *l.row.Intent)
	found, err := l.Org.Find(ctx, as)
	if err != nil {
		return "", fmt.Errorf("look %s up: %w", l.row.Key, err)
	}
	best, by := plan.Best(as, found)
	if best.EXID == "" {
		return "", nil
	}
	if by == plan.ByEmail {
		if best.ExternalKeys, err = l.Org.ExternalKeys(ctx, best.EXID); err != nil && model.CodeOf(err) != model.CodeNotFound {
			return "", fmt.Errorf("read the external ids of the EX user %s: %w", best.EXID, err)
		}
		if !l.mayBeOwn(best) {
			return "", nil
		}
	}
	taken, err := l.ownedByOthers(ctx, best.EXID)
	if err != nil || taken {
		return "", err
	}
	owners, err := l.owners(ctx, best.EXID)
	if err != nil {
		return "", err
	}
	err = l.Rows.Own(ctx, l.row.Key.Kind, best.EXID, l.row.Key, owners, false)
	if model.CodeOf(err) == model.CodeConflict {
		return "", nil
	}
	return best.EXID, err
}
