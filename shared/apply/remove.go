package apply

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// remove deletes the EX queue whose Engage queue is gone. Nothing else is ever deleted. The row stays for a while without
// an EX id: what was seen of the queue is the base for making it again for a DN that takes its place.
func (l *look) remove(ctx context.Context) error {
	if l.row.Key.Kind != model.KindQueue {
		return forGood("objects of kind %s are never deleted in the EX Org", l.row.Key.Kind)
	}
	if err := l.finishBegun(ctx); err != nil {
		return err
	}
	if err := l.findBegun(ctx); err != nil {
		return err
	}
	if l.row.EXID != "" {
		if err := l.deleteQueue(ctx); err != nil {
			return err
		}
		if err := l.Rows.Disown(ctx, l.row.Key.Kind, l.row.EXID, l.row.Key); err != nil {
			return err
		}
	}
	l.out.State, l.out.Reason = mapping.StateGone, "deleted in Engage"
	l.out.ClearEXID, l.out.ClearIntent = true, true
	return nil
}

// findBegun finds the EX queue of a creation whose outcome is not known, so that it is not left behind. Only the peer id
// says that it is this key's.
func (l *look) findBegun(ctx context.Context) error {
	if l.row.EXID != "" || l.row.Intent == nil {
		return nil
	}
	found, err := l.Org.Find(ctx, l.row.Desired)
	if err != nil {
		return fmt.Errorf("look %s up: %w", l.row.Key, err)
	}
	best, by := plan.Best(l.row.Desired, found)
	if by == plan.ByPeerID {
		if err := l.claim(ctx, best); err != nil {
			return err
		}
		l.row.EXID, l.row.Origin, l.action = best.EXID, mapping.OriginMade, ""
		return nil
	}
	if l.now.Sub(l.row.Intent.At) < l.Settings.IndexLag {
		return l.untilIndexed("its creation was begun and the outcome is not known: it is looked up until the index has caught up")
	}
	return nil
}

// deleteQueue deletes the EX queue unless another key owns it by now: a delete then only concerns this row.
func (l *look) deleteQueue(ctx context.Context) error {
	other, err := l.otherOwner(ctx)
	if err != nil || !other.IsZero() {
		return err
	}
	if err := l.mayDelete(); err != nil {
		return err
	}
	if err := l.allowRow(ctx, plan.ClassRemovals); err != nil {
		return err
	}
	if other, err = l.otherOwner(ctx); err != nil || !other.IsZero() {
		return err
	}
	if err := l.mayWrite(ctx, mapping.Wrote{Action: model.ActionDelete, Before: &model.Observed{Kind: model.KindQueue, EXID: l.row.EXID, Name: l.row.Desired.Name, PeerID: l.row.Desired.PeerID}}); err != nil {
		return err
	}
	err = l.Writer.DeleteQueue(ctx, l.row.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		err = l.unlessInvisible(ctx)
	}
	if _, stops := asStop(err); stops {
		return err
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", l.row.Key, err)
	}
	l.did(model.ActionDelete, nil)
	return nil
}

// neighbours is how many queues of the same division are asked for.
const neighbours = 3

// unlessInvisible tells a queue that is gone from one that the OAuth client's role does not let EXCS see: both answer 404, and the second one would
// live on for ever. It asks for other queues of the division in which the queue was seen last. Where none of them is seen either, the queue is
// invisible until one is; a division without others says nothing, and the 404 is believed.
func (l *look) unlessInvisible(ctx context.Context) error {
	division := exorg.DivisionOf(l.row.Seen)
	if division == "" {
		return nil
	}
	rows, err := l.Lists.Rows(ctx, model.KindQueue)
	if err != nil {
		return fmt.Errorf("read the queues beside %s: %w", l.row.Key, err)
	}
	slices.SortFunc(rows, func(a, b mapping.Row) int { return a.Key.Compare(b.Key) })
	asked := 0
	for _, row := range rows {
		if row.Key == l.row.Key || row.EXID == "" || row.State != mapping.StateConverged || exorg.DivisionOf(row.Seen) != division {
			continue
		}
		_, _, err := l.Org.Get(ctx, model.KindQueue, row.EXID)
		if err == nil {
			return nil
		}
		if model.CodeOf(err) != model.CodeNotFound {
			return fmt.Errorf("read %s, to tell whether %s can be seen: %w", row.Key, l.row.Key, err)
		}
		if asked++; asked == neighbours {
			break
		}
	}
	if asked == 0 {
		return nil
	}
	return invisible(l.now, fmt.Sprintf("the EX queue %s is to be deleted and answers 404, as the others of its division do", l.row.EXID))
}

// otherOwner gives a key that has the object by now, or is about to: a stale owner keeps nobody from deleting it.
func (l *look) otherOwner(ctx context.Context) (model.Key, error) {
	owners, err := l.owners(ctx, l.row.EXID)
	if err != nil {
		return model.Key{}, err
	}
	for _, key := range owners {
		if key == l.row.Key {
			continue
		}
		_, standing, err := l.standing(ctx, key, l.row.EXID)
		if err != nil {
			return model.Key{}, err
		}
		if standing != mapping.OwnerStale {
			l.note("its EX object belongs to " + key.String() + " now")
			return key, nil
		}
	}
	return model.Key{}, nil
}

// mayDelete holds the delete of a queue that EXCS did not make, unless that was approved: the plan asks for it too, but it
// may not have known yet where the queue came from.
func (l *look) mayDelete() error {
	if l.row.Origin != mapping.OriginAdopted || l.Settings.Queues.AdoptedDelete != rules.AdoptedApprove || l.approved() {
		return nil
	}
	return held("the EX queue was there before EXCS and was adopted, so its delete needs an approval of its own: " + plan.ApproveKey(l.row.Key))
}
