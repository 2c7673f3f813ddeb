package run

import (
	"context"
	"errors"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
)

// LinkRequest binds a key to an EX object.
type LinkRequest struct {
	Key  model.Key
	EXID string
	By
}

// Linked says what a link did.
type Linked struct {
	Key  model.Key `json:"key"`
	EXID string    `json:"exId"`
	// Former is the EX object that the key had, and Left the key of the orphan that stands for it in lists now.
	Former string    `json:"former,omitempty"`
	Left   model.Key `json:"left,omitzero"`
	// TakenFrom are keys whose rows had the EX object and are gone from Engage.
	TakenFrom []model.Key `json:"takenFrom,omitempty"`
	Next      string      `json:"next"`

	side side
}

// Link binds a key to an EX object that EXCS does not match by itself: a person with two addresses, say. Nothing is written
// to the EX Org by it. What has a row is looked at next, and made what Engage says, within the guard's limits; a key that
// Engage has and the table has not gets the EX object with the next run, whose plan shows what changes. The EX object that
// the key had before is left as an orphan.
//
// Errors: not_found when the EX Org does not show an object of the key's kind under the id, or neither Engage nor the table
// has the key; conflict when a living key owns the object, while the tenant has no approved first plan, or while a run holds
// the lease; invalid for member lists; those of the table, Engage and the EX Org.
func (r *Runner) Link(ctx context.Context, req LinkRequest) (Linked, error) {
	if req.Key.Kind == model.KindMembers {
		return Linked{}, &model.Error{Code: model.CodeInvalid, Key: req.Key, Err: errors.New("a member list is a part of its queue: link the queue")}
	}
	if r.Org == nil {
		return Linked{}, &model.Error{Code: model.CodeInternal, Key: req.Key, Err: errNoOrg}
	}
	lease, err := r.patientLease(ctx)
	if err != nil {
		return Linked{}, err
	}
	var out Linked
	err = r.under(ctx, lease, func(ctx context.Context) error {
		out, err = r.link(ctx, lease, req)
		return err
	})
	return out, err
}

func (r *Runner) link(ctx context.Context, lease mapping.Lease, req LinkRequest) (Linked, error) {
	ctx, side, err := r.enter(ctx)
	out := Linked{Key: req.Key, EXID: req.EXID, side: side}
	if err == nil && side.foreign {
		err = &model.Error{Code: model.CodeConflict, Key: req.Key, Err: errors.New(side.foreignReason())}
	}
	if err != nil {
		return out, err
	}
	seen, err := r.linkable(ctx, req)
	if err != nil {
		return out, err
	}
	stale, orphans, err := r.formerOwners(ctx, req)
	if err != nil {
		return out, err
	}
	rows, err := r.Table.GetMany(ctx, []model.Key{req.Key})
	if err != nil {
		return out, fmt.Errorf("read the row of %s: %w", req.Key, err)
	}
	if row, there := rows[req.Key]; there {
		err = r.rebind(ctx, lease.Run, row, req, stale, &out)
	} else {
		err = r.bindNew(ctx, lease.Run, seen, req, stale, &out)
	}
	if err != nil {
		return out, err
	}
	for _, key := range orphans {
		if err := r.Table.Forget(ctx, key); err != nil {
			return out, fmt.Errorf("drop the row of %s: %w", key, err)
		}
	}
	out.TakenFrom = orphans
	r.acted(ctx, mapping.ActionLink, fmt.Sprintf("%s to %s", req.Key, req.EXID), req.By)
	r.Log.InfoContext(ctx, "linked", "run", lease.Run, "key", req.Key, "exId", req.EXID, "former", out.Former, "takenFrom", orphans, "who", req.Who, "note", req.Note)
	return out, nil
}

// linkable reads the EX object.
func (r *Runner) linkable(ctx context.Context, req LinkRequest) (model.Observed, error) {
	seen, _, err := r.Org.Get(ctx, req.Key.Kind, req.EXID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound, model.CodeOf(err) == model.CodeInvalid:
		return seen, &model.Error{Code: model.CodeNotFound, Key: req.Key, Err: fmt.Errorf("the EX Org shows no %s with the id %s: copy the id from its address in the EX Org's administration; if it is there, the OAuth client's role lacks its division", req.Key.Kind, req.EXID)}
	case err != nil:
		return seen, fmt.Errorf("read the EX object %s: %w", req.EXID, err)
	case seen.Deleted && req.Key.Kind != model.KindUser:
		return seen, &model.Error{Code: model.CodeConflict, Key: req.Key, Err: fmt.Errorf("the %s %s is deleted in the EX Org, and can not be brought back", req.Key.Kind, req.EXID)}
	}
	return seen, nil
}

// formerOwners finds who has the EX object: a living key keeps it; the others are replaced, and the rows of orphans go.
func (r *Runner) formerOwners(ctx context.Context, req LinkRequest) (stale, orphans []model.Key, err error) {
	items, err := r.Table.Owners(ctx, req.Key.Kind, []string{req.EXID})
	if err != nil {
		return nil, nil, fmt.Errorf("read the owners of the EX object: %w", err)
	}
	stale = without(items[req.EXID].Unjudged(), req.Key)
	rows, err := r.Table.GetMany(ctx, stale)
	if err != nil {
		return nil, nil, fmt.Errorf("read the rows of its owners: %w", err)
	}
	for _, key := range stale {
		standing, err := r.standing(ctx, rows[key], req.EXID)
		switch {
		case err != nil:
			return nil, nil, err
		case standing == mapping.OwnerLives:
			return nil, nil, &model.Error{Code: model.CodeConflict, Key: req.Key, Err: fmt.Errorf("the %s %s belongs to %s, which Engage has: link or forget that one first", req.Key.Kind, req.EXID, key)}
		case standing == mapping.OwnerOrphan:
			orphans = append(orphans, key)
		}
	}
	return stale, orphans, nil
}

// standing judges an owner of an EX object by its row and the one that it takes over from.
func (r *Runner) standing(ctx context.Context, row mapping.Row, exID string) (mapping.Standing, error) {
	if row.From.IsZero() || row.EXID != "" {
		return mapping.StandingOf(row, mapping.Row{}, exID, r.Now()), nil
	}
	rows, err := r.Table.GetMany(ctx, []model.Key{row.From})
	if err != nil {
		return mapping.OwnerStale, fmt.Errorf("read the row of %s: %w", row.From, err)
	}
	return mapping.StandingOf(row, rows[row.From], exID, r.Now()), nil
}

// rebind maps an existing row to the EX object and has it looked at. The owner item is written first: a crash after it
// leaves a row whose next look says whose object it has, and the link can be made again.
func (r *Runner) rebind(ctx context.Context, run int64, row mapping.Row, req LinkRequest, stale []model.Key, out *Linked) error {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return err
	}
	present := row.Goal == mapping.GoalPresent
	switch {
	case row.Goal == mapping.GoalAbsent:
		return &model.Error{Code: model.CodeConflict, Key: row.Key, Err: errors.New("it is gone from Engage, and its EX object is deleted")}
	case present && out.side.of(site).FirstPlan.IsZero():
		return &model.Error{Code: model.CodeConflict, Key: row.Key, Err: errors.New("the tenant has no approved first plan, so nothing may be written: approve that first")}
	case r.beingCreated(row):
		return r.mayBeMadeTwice(row, "link")
	case row.EXID == req.EXID:
		out.Next = "nothing: it is bound to this EX object already"
		return r.Table.Own(ctx, row.Key.Kind, req.EXID, row.Key, stale, false)
	}
	if err := r.Table.Own(ctx, row.Key.Kind, req.EXID, row.Key, stale, false); err != nil {
		return err
	}
	if row.EXID != "" {
		out.Former = row.EXID
		if out.Left, err = r.leaveFormer(ctx, run, row); err != nil {
			return err
		}
	}
	bound, err := r.Table.Bind(ctx, row.Key, row.Version, req.EXID, r.settled(), r.linkEntry(req, row.EXID))
	if err != nil {
		return err
	}
	if !present {
		out.Next = "nothing for now: it is an orphan, and taken up when Engage has it again"
		return nil
	}
	return r.lookAtLinked(ctx, bound, out)
}

func (r *Runner) lookAtLinked(ctx context.Context, row mapping.Row, out *Linked) error {
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return err
	}
	if p, paused := pauses.Of(row.Key); paused {
		out.Next = "it is made what Engage says when its pause ends: " + p.Why()
		return nil
	}
	out.Next = "a worker makes it what Engage says now"
	return r.sendFor(ctx, row, r.line())
}

func (r *Runner) linkEntry(req LinkRequest, former string) mapping.Entry {
	e := r.entry(mapping.ActionLink, req.By)
	e.Fields = []model.Field{{Name: fieldEXID, Before: former, After: req.EXID}}
	return e
}

// fieldEXID is what a link changes in a row.
const fieldEXID = "exId"

// leaveFormer keeps the EX object that a row had as an orphan, so that it stays in the administrator's list.
func (r *Runner) leaveFormer(ctx context.Context, run int64, row mapping.Row) (model.Key, error) {
	items, err := r.Table.Owners(ctx, row.Key.Kind, []string{row.EXID})
	if err != nil {
		return model.Key{}, fmt.Errorf("read the owners of the EX object that it had: %w", err)
	}
	owners, err := mapping.JudgeOwners(ctx, r.Table, items, r.Now())
	if err != nil {
		return model.Key{}, fmt.Errorf("read the owners of the EX object that it had: %w", err)
	}
	seen, _, err := r.Org.Get(ctx, row.Key.Kind, row.EXID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return model.Key{}, fmt.Errorf("read the EX object that it had: %w", err)
	}
	if err != nil || seen.Deleted || len(without(owners.Keys(row.EXID), row.Key)) > 0 {
		return model.Key{}, r.Table.Disown(ctx, row.Key.Kind, row.EXID, row.Key)
	}
	key := mapping.Leftover(row.Key, row.EXID)
	return key, r.adoptAsOrphan(ctx, run, objectOf(key, seen), row.EXID, row.MadeOrAdopted(), fmt.Sprintf("left when %s was linked to another EX object", row.Key), []model.Key{row.Key}, nil)
}

// objectOf writes down what an EX object is, for a row that Engage has not said anything of.
func objectOf(key model.Key, seen model.Observed) model.Object {
	return model.Object{Key: key, Name: seen.Name, Email: seen.Email, State: seen.State, PeerID: seen.PeerID}
}

// adoptAsOrphan makes the row of an EX object that Engage has no say in (yet).
func (r *Runner) adoptAsOrphan(ctx context.Context, run int64, o model.Object, exID string, origin mapping.Origin, reason string, from []model.Key, history []mapping.Entry) error {
	row, err := r.Table.PutDesired(ctx, run, mapping.Wish{Key: o.Key, Goal: mapping.GoalOrphan, Desired: o, Cause: model.CauseManual})
	if err != nil {
		return err
	}
	_, err = r.Table.Record(ctx, mapping.Outcome{
		Key: o.Key, Version: row.Version, EXID: exID, Origin: origin, ClearIntent: true, State: mapping.StateOrphan, Reason: reason, History: history,
	}, r.Now())
	if err != nil {
		return err
	}
	return r.Table.Own(ctx, o.Key.Kind, exID, o.Key, from, false)
}

// bindNew makes the row of a key that Engage has and the table has not: an orphan with the EX object, which the next run finds
// as it finds an object that came back. So the link is planned, held and guarded as every other change.
func (r *Runner) bindNew(ctx context.Context, run int64, seen model.Observed, req LinkRequest, stale []model.Key, out *Linked) error {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return err
	}
	d, err := r.draft(ctx, out.side, site, Request{Keys: []model.Key{req.Key}}, nil, nil)
	if err != nil {
		return err
	}
	out.Next = "the next run adopts it: see plan"
	if _, desired := d.desired(req.Key); !desired {
		reason, rejected := d.rejected(req.Key)
		if !rejected {
			return &model.Error{Code: model.CodeNotFound, Key: req.Key, Err: errors.New("neither Engage, within the scope of the settings, nor the mapping table has it")}
		}
		out.Next = "the run after Engage's object is mended adopts it: it is rejected now: " + reason
	}
	entry := r.linkEntry(req, "")
	return r.adoptAsOrphan(ctx, run, objectOf(req.Key, seen), req.EXID, mapping.OriginAdopted, "linked: the next run takes it up", stale, []mapping.Entry{entry})
}

// rejected says why Engage's object can not become one of the EX Org as it is.
func (d *draft) rejected(key model.Key) (reason string, rejected bool) {
	for _, j := range d.result.Rejects {
		if j.Key == key {
			return j.Reason, true
		}
	}
	return "", false
}
