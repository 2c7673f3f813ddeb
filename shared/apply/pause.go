package apply

import (
	"context"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
)

// unlessPaused stops a look at what an operator paused: the row waits, its message is done, no attempt is spent. It is asked
// before anything is read of the EX Org, and by mayWrite again before the first write.
func (l *look) unlessPaused(ctx context.Context, keys ...model.Key) error {
	p, is, err := l.pauses.Of(ctx, keys...)
	if err != nil {
		return err
	}
	if !is {
		return nil
	}
	l.out.Cause = l.hinted()
	return paused(p, l.now)
}

// hinted keeps why a converged row is looked at: when the pause is over the look must be as thorough as it would have been.
func (l *look) hinted() model.Cause {
	if l.row.State == mapping.StateConverged {
		return l.msg.Cause
	}
	return ""
}

// mayWrite is asked right before each write, and told what it is about to change. A pause that came since the look began stops it before its
// first write; what has been begun is finished, because half an object is worse than a whole one. What was there before is on record when the
// write is sent.
func (l *look) mayWrite(ctx context.Context, w mapping.Wrote) error {
	if !l.begun {
		if err := l.unlessPaused(ctx, l.row.Key, l.row.From); err != nil {
			return err
		}
		l.begun = true
	}
	w.Key, w.Run, w.At, w.EXID, w.Cause = l.row.Key, l.row.Run, l.now, l.row.EXID, l.msg.Cause
	w.Name = l.row.Desired.Name
	return l.Rows.PutWrote(ctx, w)
}

// unlessOwnersPaused stops a look at an EX object that other keys have too, or had, if one of them is paused: a write would
// reach what it stands for.
func (l *look) unlessOwnersPaused(ctx context.Context, owners []model.Key) error {
	if l.begun {
		return nil
	}
	return l.unlessPaused(ctx, owners...)
}

// leaveAlone takes users whom an operator paused out of what is to be added to a queue or removed from it: neither joins nor
// leaves. stands is the first of them.
func (l *look) leaveAlone(ctx context.Context, add, remove []string, c crowd, owners mapping.Owners) (joins, leaves []string, err error) {
	pauses, err := l.pauses.All(ctx)
	if err != nil || len(pauses) == 0 {
		return add, remove, err
	}
	is := func(keys []model.Key) bool {
		i := slices.IndexFunc(keys, pauses.Covers)
		if i >= 0 && l.stands.IsZero() {
			l.stands = keys[i]
		}
		return i >= 0
	}
	keysOf := map[string][]model.Key{}
	for dbid, id := range c.ids {
		keysOf[id] = append(keysOf[id], model.Key{Kind: model.KindUser, DBID: dbid})
	}
	for _, keys := range keysOf {
		slices.SortFunc(keys, model.Key.Compare)
	}
	joins = slices.DeleteFunc(slices.Clone(add), func(id string) bool { return is(keysOf[id]) })
	leaves = slices.DeleteFunc(slices.Clone(remove), func(id string) bool { return is(owners.Keys(id)) })
	return joins, leaves, nil
}

// untilAllIsDone keeps a member list unconverged while users of it are paused. rest is the wait for users who are not in the EX
// Org: of both it goes on with that one, under a reason of its own, so that the next look does everything.
func (l *look) untilAllIsDone(rest error) error {
	if l.stands.IsZero() {
		return rest
	}
	reason := mapping.Paused + l.stands.String() + " neither joins nor leaves the queue while it is paused; everything else is done"
	if s, waits := asStop(rest); waits {
		return waitFor(s.waitsFor, s.until, reason+" but for others: "+s.reason)
	}
	return waitFor(l.stands, l.now.Add(stuckWait), reason)
}

// stillStands says that an earlier look did everything for this desired state but for users who are still paused. Such a list
// costs no call and no read of its users.
func (l *look) stillStands(ctx context.Context) (bool, error) {
	if !l.row.AtRest() || l.row.WaitsFor.IsZero() || hints(l.msg.Cause) {
		return false, nil
	}
	_, is, err := l.pauses.Of(ctx, l.row.WaitsFor)
	if is {
		l.stands = l.row.WaitsFor
	}
	return is, err
}
