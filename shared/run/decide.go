package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// Decision says what an operator's approve or discard did.
type Decision struct {
	// Changes are the keys that it covers.
	Changes []model.Key `json:"changes"`
	// Released rows were held by a worker and are on the queue again.
	Released int `json:"released,omitempty"`
	// Source says that a source that went back was accepted.
	Source bool `json:"source,omitempty"`
	// FirstPlan says that the tenant's first plan was approved.
	FirstPlan bool      `json:"firstPlan,omitempty"`
	Until     time.Time `json:"until,omitzero"`
	Next      string    `json:"next"`
}

// Approve lets the changes that the last run held under the hash pass, once, for as long as an approval lasts: those of
// the given kinds, or of all that the hash covers. The hash is one that a plan shows: of one kind, of everything held, or
// of the whole plan (which alone accepts a source that went back). Changes that came since are not covered, and do not
// void the approval of the others.
//
// Errors: not_found when nothing is held under the hash; conflict while a run holds the lease.
func (r *Runner) Approve(ctx context.Context, hash string, kinds []model.Kind) (Decision, error) {
	lease, err := r.patientLease(ctx)
	if err != nil {
		return Decision{}, err
	}
	d, err := r.approve(ctx, lease, hash, kinds)
	if released := r.Table.ReleaseLease(context.WithoutCancel(ctx), lease); err == nil {
		err = released
	}
	return d, err
}

func (r *Runner) approve(ctx context.Context, lease mapping.Lease, hash string, kinds []model.Kind) (Decision, error) {
	var held heldDocument
	if err := load(ctx, r.Table, docHeld, &held); err != nil {
		return Decision{}, err
	}
	items, err := held.under("approve", hash, kinds)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Until: r.Now().Add(r.Settings.Approval), Next: "the next run makes these changes; invoke sync to have it now"}
	var a approvals
	if err := load(ctx, r.Table, docApprovals, &a); err != nil {
		return Decision{}, err
	}
	for _, i := range items {
		d.Changes = append(d.Changes, i.Key)
		if i.Row {
			if err := r.releaseHeld(ctx, lease.Run, i.Key); err != nil {
				return d, err
			}
			d.Released++
			continue
		}
		a.Items = append(a.Items, approval{ID: i.ID, Kind: i.Key.Kind, Until: d.Until})
	}
	if held.WentBack != "" && hash == held.Hash {
		a.Source, d.Source = true, true
	}
	if held.First && len(kinds) == 0 {
		if err := r.approveFirst(ctx, lease.Run, hash); err != nil {
			return d, err
		}
		d.FirstPlan = true
	}
	r.Log.InfoContext(ctx, "approved", "run", lease.Run, "hash", hash, "kinds", kinds, "changes", len(d.Changes), "source", d.Source, "firstPlan", d.FirstPlan)
	return d, save(ctx, r.Table, docApprovals, lease.Run, a)
}

// under gives the held changes that the hash and the kinds cover.
func (h heldDocument) under(op, hash string, kinds []model.Kind) ([]heldItem, error) {
	covered := func(k model.Kind) bool { return hash == h.Hash || hash == h.All || hash == h.Kinds[k] }
	var items []heldItem
	for _, i := range h.Items {
		if i.Code.Approvable() && covered(i.Key.Kind) && (len(kinds) == 0 || slices.Contains(kinds, i.Key.Kind)) {
			items = append(items, i)
		}
	}
	if len(items) == 0 && (h.WentBack == "" || hash != h.Hash || hash == "") {
		return nil, model.Errorf(model.CodeNotFound, op, "nothing is held under the hash %q%s: see sync list for what is held, and sync plan for today's hashes", hash, forKinds(kinds))
	}
	return items, nil
}

func forKinds(kinds []model.Kind) string {
	if len(kinds) == 0 {
		return ""
	}
	return fmt.Sprintf(" for %v", kinds)
}

func (r *Runner) approveFirst(ctx context.Context, run int64, hash string) error {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return err
	}
	site.FirstPlan, site.FirstPlanHash, site.Table = r.Now(), hash, r.TableName
	return save(ctx, r.Table, docSite, run, site)
}

// releaseHeld lets a row that a worker held pass the guard and sends its message.
func (r *Runner) releaseHeld(ctx context.Context, run int64, key model.Key) error {
	row, err := r.Table.Release(ctx, key, 0, true, model.CauseApproval, r.Now())
	if model.CodeOf(err) == model.CodeNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", key, err)
	}
	m, err := r.message(ctx, run, row, model.CauseApproval, queuedLost)
	if err != nil || m == nil {
		return err
	}
	return r.Queue.Send(ctx, []queue.Message{*m})
}

// Discard takes approvals that were not used yet back and forgets what the last run held: waits for a second read begin
// anew, and what Engage still asks for is held again by the next run.
func (r *Runner) Discard(ctx context.Context, hash string, kinds []model.Kind) (Decision, error) {
	lease, err := r.patientLease(ctx)
	if err != nil {
		return Decision{}, err
	}
	d, err := r.discard(ctx, lease.Run, hash, kinds)
	if released := r.Table.ReleaseLease(context.WithoutCancel(ctx), lease); err == nil {
		err = released
	}
	return d, err
}

func (r *Runner) discard(ctx context.Context, run int64, hash string, kinds []model.Kind) (Decision, error) {
	var held heldDocument
	if err := load(ctx, r.Table, docHeld, &held); err != nil {
		return Decision{}, err
	}
	items, err := held.under("discard", hash, kinds)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Next: "the next run holds again what Engage still asks for"}
	gone := map[string]bool{}
	for _, i := range items {
		d.Changes = append(d.Changes, i.Key)
		gone[i.ID] = true
	}
	var a approvals
	if err := load(ctx, r.Table, docApprovals, &a); err != nil {
		return d, err
	}
	a.Items = slices.DeleteFunc(a.Items, func(i approval) bool { return gone[i.ID] })
	held.Items = slices.DeleteFunc(held.Items, func(i heldItem) bool { return gone[i.ID] })
	if err := save(ctx, r.Table, docApprovals, run, a); err != nil {
		return d, err
	}
	r.Log.InfoContext(ctx, "discarded", "run", run, "hash", hash, "kinds", kinds, "changes", len(d.Changes))
	return d, save(ctx, r.Table, docHeld, run, held)
}

const (
	leasePatience = time.Minute
	leaseAsk      = 2 * time.Second
)

// patientLease waits for a run that is under way: an operator should not have to guess when it ends.
func (r *Runner) patientLease(ctx context.Context) (mapping.Lease, error) {
	deadline := r.Now().Add(leasePatience)
	for {
		lease, err := r.Table.TakeLease(ctx, r.Holder, r.Now(), leaseTime)
		if model.CodeOf(err) != model.CodeConflict || r.Now().After(deadline) {
			return lease, err
		}
		timer := time.NewTimer(leaseAsk)
		select {
		case <-ctx.Done():
			timer.Stop()
			return mapping.Lease{}, fmt.Errorf("wait for the run under way: %w", err)
		case <-timer.C:
		}
	}
}
