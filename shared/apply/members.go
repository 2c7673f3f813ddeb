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

// members makes the member list of one queue right: adds who is missing, removes mapped users who do not belong. Users
// that Engage does not know, put into the queue by hand, stay.
func (l *look) members(ctx context.Context) error {
	if l.Settings.Members.Control == rules.SetIgnored {
		return nil
	}
	stands, err := l.stillStands(ctx)
	if err != nil {
		return err
	}
	if stands {
		return l.untilAllIsDone(nil)
	}
	q, err := l.memberQueue(ctx)
	if err != nil {
		return err
	}
	if q.EXID == "" {
		return nil
	}
	l.out.EXID = q.EXID
	c, err := l.resolveUsers(ctx)
	if err != nil {
		return err
	}
	if l.sameAsBefore(c.absent) {
		return c.restAs(l.now, l.row.Reason)
	}
	if err := l.setMembers(ctx, q, c); err != nil {
		return err
	}
	return l.untilAllIsDone(c.rest(l.now))
}

// memberQueue gives the row of the queue, once that is in the EX Org; the zero row of one that will not be made and needs no
// emptying.
func (l *look) memberQueue(ctx context.Context) (mapping.Row, error) {
	key := model.Key{Kind: model.KindQueue, DBID: l.row.Key.DBID}
	q, there, err := l.rowOf(ctx, key)
	switch {
	case err != nil:
		return q, err
	case len(l.row.Desired.Members) == 0 && (!there || q.EXID == "" && q.Goal != mapping.GoalPresent):
		return mapping.Row{}, nil // it was never made, so it has no members
	case !there:
		return q, waitFor(key, l.now.Add(stuckWait), key.String()+" has no row: it was forgotten, and the next run finds it again")
	case q.Goal == mapping.GoalAbsent:
		return q, waitFor(key, l.now.Add(stuckWait), key.String()+" is gone from Engage, and its members go with it")
	case q.EXID == "" && stuck(q):
		return q, waitFor(key, l.now.Add(stuckWait), key.String()+" could not be made in the EX Org")
	case q.EXID == "":
		return q, waitFor(key, l.now.Add(dependencyWait), key.String()+" is not in the EX Org yet")
	}
	return q, nil
}

// crowd is who belongs into a queue: the EX ids of the users, and who is not in the EX Org.
type crowd struct {
	ids map[int64]string
	absent
	// desired are the keys that belong, and those whose EX user a desired one is about to take over; adopts are EX users
	// that a desired one is about to adopt.
	desired map[model.Key]bool
	adopts  map[string]bool
}

func (l *look) resolveUsers(ctx context.Context) (crowd, error) {
	c := crowd{ids: map[int64]string{}, desired: map[model.Key]bool{}, adopts: map[string]bool{}}
	keys := make([]model.Key, 0, len(l.row.Desired.Members))
	for _, dbid := range l.row.Desired.Members {
		keys = append(keys, model.Key{Kind: model.KindUser, DBID: dbid})
	}
	rows, err := l.Rows.GetMany(ctx, keys)
	if err != nil {
		return c, fmt.Errorf("read the users of %s: %w", l.row.Key, err)
	}
	l.saw(rows, keys...)
	for _, key := range keys {
		row, there := rows[key]
		c.desired[key] = true
		if isDeletedFor(row) {
			continue
		}
		if row.EXID != "" {
			c.ids[key.DBID] = row.EXID
			continue
		}
		c.desired[row.From] = true
		c.adopts[row.Adopt] = true
		c.absent = append(c.absent, absenteeOf(key, row, there))
		l.missed = append(l.missed, key)
	}
	return c, nil
}

// isDeletedFor says that the user of a row is deleted in the EX Org and does not come back by itself: no queue takes it, and
// none waits for it.
func isDeletedFor(user mapping.Row) bool {
	return user.LeftDeleted() || slices.ContainsFunc(user.Refused, func(r mapping.Refusal) bool { return r.Part == model.FieldState && r.Gone })
}

// leaves says whether a member of a queue who is none of the known desired ones must leave: a mapped user who does not
// belong. One whose EX user goes over to a desired key stays: nobody leaves for the sake of a new DBID.
func (c crowd) leaves(id string, owners []model.Key) bool {
	return len(owners) > 0 && !c.adopts[id] && !slices.ContainsFunc(owners, func(k model.Key) bool { return c.desired[k] })
}

func (l *look) setMembers(ctx context.Context, q mapping.Row, c crowd) error {
	var have []string
	if !l.knownEmpty(q) {
		var err error
		if have, err = l.Org.Members(ctx, q.EXID); err != nil {
			return l.queueTrouble(ctx, q, "read the members of", err)
		}
	}
	add, remove, err := l.moves(ctx, have, c)
	if err != nil {
		return err
	}
	add, remove = l.withoutRested(add, remove)
	l.evaluated = true
	if len(add)+len(remove) == 0 {
		return nil
	}
	if err := l.mayMove(ctx, q, add, remove); err != nil {
		return err
	}
	bad, err := l.addMembers(ctx, q, add)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		add = slices.DeleteFunc(add, func(id string) bool {
			return slices.ContainsFunc(bad, func(b refusedOne[string]) bool { return b.one == id })
		})
	}
	if len(add) > 0 {
		l.didMembers(add, nil, c)
	}
	if err := l.removeMembers(ctx, q, remove); err != nil {
		return err
	}
	remove = slices.DeleteFunc(remove, func(id string) bool {
		return slices.ContainsFunc(l.refusals, func(r mapping.Refusal) bool { return r.EXID == id })
	})
	if len(remove) > 0 {
		l.didMembers(nil, remove, c)
	}
	return l.badMembers(ctx, q, bad)
}

// withoutRested leaves out the users whom the EX Org refused to take or to let go a short while ago.
func (l *look) withoutRested(add, remove []string) (joins, leavers []string) {
	rested := l.rested(nil)
	is := func(id string) bool { return leaves(rested, model.FieldMembers, id) }
	l.left = slices.DeleteFunc(slices.Clone(rested), func(r mapping.Refusal) bool {
		return !slices.Contains(add, r.EXID) && !slices.Contains(remove, r.EXID)
	})
	return slices.DeleteFunc(add, is), slices.DeleteFunc(remove, is)
}

// mayMove says whether the list may be written: nobody fights over it, and its queue is still this key's.
func (l *look) mayMove(ctx context.Context, q mapping.Row, add, remove []string) error {
	if err := l.fights(ctx, []model.Field{{Name: model.FieldMembers}}); err != nil {
		return err
	}
	if err := l.queueOwned(ctx, q); err != nil {
		return err
	}
	action := model.ActionUpdate
	if len(l.row.Desired.Members) == 0 {
		action = model.ActionEmpty
	}
	return l.mayWrite(ctx, mapping.Wrote{Action: action, Joined: add, Left: remove})
}

// removeMembers takes users out, if the guard lets it. Who joins has joined before: a held removal holds nobody up.
func (l *look) removeMembers(ctx context.Context, q mapping.Row, remove []string) error {
	if len(remove) == 0 {
		return nil
	}
	if l.row.Applied == 0 && l.row.From.IsZero() && q.Origin == mapping.OriginAdopted && !l.approved() {
		return held(fmt.Sprintf("the EX queue was there before EXCS and was adopted, and %d of its members would leave it: %s", len(remove), plan.ApproveKey(l.row.Key)))
	}
	if err := l.allowLeaving(ctx, remove); err != nil {
		return err
	}
	if err := l.queueOwned(ctx, q); err != nil {
		return err
	}
	err := l.Writer.RemoveMembers(ctx, q.EXID, remove)
	if !isRefusal(err) && err != nil {
		return l.queueTrouble(ctx, q, "remove members from", err)
	}
	if err == nil {
		return nil
	}
	if _, _, gone := l.Org.Get(ctx, model.KindQueue, q.EXID); gone != nil {
		return l.queueTrouble(ctx, q, "read", gone)
	}
	search := search[string]{accepted: &l.accepted, do: func(ctx context.Context, ids []string) error { return l.Writer.RemoveMembers(ctx, q.EXID, ids) }}
	if err := search.run(ctx, remove); err != nil {
		return l.queueTrouble(ctx, q, "remove members from", err)
	}
	for _, b := range search.bad {
		l.refuse(ctx, mapping.Refusal{Part: model.FieldMembers, EXID: b.one}, b.err)
	}
	return nil
}

// allowLeaving asks the guard for each of those who leave, by the name under which the plan counts it.
func (l *look) allowLeaving(ctx context.Context, remove []string) error {
	owners, err := l.usersOf(ctx, remove)
	if err != nil {
		return fmt.Errorf("tell who leaves %s: %w", l.row.Key, err)
	}
	names := make([]string, 0, len(remove))
	for _, id := range remove {
		if owners.Owned(id) {
			names = append(names, plan.MembershipName(l.row.Key, slices.MinFunc(owners.Keys(id), model.Key.Compare).DBID))
		}
	}
	return l.allow(ctx, plan.ClassMemberships, names...)
}

func (l *look) didMembers(added, removed []string, c crowd) {
	action := model.ActionUpdate
	if len(l.row.Desired.Members) == 0 {
		action = model.ActionEmpty
	}
	f := model.Field{Name: model.FieldMembers, Removed: removed}
	for _, dbid := range l.row.Desired.Members {
		if slices.Contains(added, c.ids[dbid]) {
			f.Added = append(f.Added, model.Key{Kind: model.KindUser, DBID: dbid}.String())
		}
	}
	l.did(action, []model.Field{f})
}

// queueOwned is stillOwns for the queue of a member list.
func (l *look) queueOwned(ctx context.Context, q mapping.Row) error {
	items, err := l.Rows.Owners(ctx, model.KindQueue, []string{q.EXID})
	if err != nil {
		return err
	}
	if !items[q.EXID].Names(q.Key) {
		return waitFor(q.Key, l.now.Add(secondLook), fmt.Sprintf("the EX queue %s is not owned by %s: nothing is written to it", q.EXID, q.Key))
	}
	return nil
}

// queueTrouble tells a queue that is not there (yet) from a call that failed.
func (l *look) queueTrouble(ctx context.Context, q mapping.Row, what string, failure error) error {
	if model.CodeOf(failure) != model.CodeNotFound {
		return fmt.Errorf("%s %s: %w", what, q.Key, failure)
	}
	if l.now.Sub(q.Written) < l.Settings.IndexLag {
		return waitFor(q.Key, l.now.Add(lagWait), q.Key.String()+" was written a short while ago and is not visible yet")
	}
	if err := l.lookAt(ctx, q.Key); err != nil {
		return err
	}
	return waitFor(q.Key, l.now.Add(secondLook), q.Key.String()+" answered 404: it is looked at first")
}

// knownEmpty says that the queue was made by EXCS for the same desired state as this list and never given members, so that
// nothing needs to be read.
func (l *look) knownEmpty(q mapping.Row) bool {
	return l.row.Applied == 0 && l.row.Run == q.Run && len(l.row.History) == 0 && !hints(l.msg.Cause) &&
		slices.ContainsFunc(q.History, func(e mapping.Entry) bool { return e.Action == model.ActionCreate })
}

// joining gives the EX users that are wanted, and those of them that are not there yet, each once.
func (c crowd) joining(desired []int64, have []string) (wanted map[string]bool, add []string) {
	there := make(map[string]bool, len(have))
	for _, id := range have {
		there[id] = true
	}
	wanted = make(map[string]bool, len(c.ids))
	for _, dbid := range desired {
		id := c.ids[dbid]
		if id == "" || wanted[id] {
			continue
		}
		wanted[id] = true
		if !there[id] {
			add = append(add, id)
		}
	}
	return wanted, add
}

// moves gives the EX users to add and to remove. Only mapped users are removed, under control exact; while the desired
// set may be incomplete, only those who left on their own account.
func (l *look) moves(ctx context.Context, have []string, c crowd) (add, remove []string, err error) {
	wanted, add := c.joining(l.row.Desired.Members, have)
	if l.Settings.Members.Control != rules.Exact {
		return l.leaveAlone(ctx, add, nil, c, nil)
	}
	extra := slices.DeleteFunc(slices.Clone(have), func(id string) bool { return wanted[id] })
	if len(extra) == 0 {
		return l.leaveAlone(ctx, add, nil, c, nil)
	}
	owners, err := l.usersOf(ctx, extra)
	if err != nil {
		return nil, nil, fmt.Errorf("tell mapped members of %s from others: %w", l.row.Key, err)
	}
	for _, id := range extra {
		if c.leaves(id, owners.Keys(id)) {
			remove = append(remove, id)
		}
	}
	if l.row.Desired.AddOnly {
		remove = gone(remove, owners)
	}
	return l.leaveAlone(ctx, add, remove, c, owners)
}

// usersOf says which keys have EX users, or are about to have them.
func (l *look) usersOf(ctx context.Context, ids []string) (mapping.Owners, error) {
	items, err := l.Rows.Owners(ctx, model.KindUser, ids)
	if err != nil {
		return nil, err
	}
	return mapping.JudgeOwners(ctx, l.Rows, items, l.now)
}

// gone keeps those of the EX users whose Persons are all disabled, deleted or out of scope, by their rows: a row that
// holds its user active, because the deactivation is held or comes later, keeps him in the queue.
func gone(users []string, owners mapping.Owners) []string {
	stays := func(o mapping.Owner) bool { return !o.Orphan && o.Row.Desired.State != model.StateInactive }
	return slices.DeleteFunc(users, func(id string) bool { return slices.ContainsFunc(owners[id], stays) })
}
