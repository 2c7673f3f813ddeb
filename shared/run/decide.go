package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/queue"
	"excs/shared/sides"
)

// Decision says what an operator's approve or discard did.
type Decision struct {
	// Changes are the keys that it covers.
	Changes []model.Key `json:"changes"`
	// Released rows were held by a worker and are on the queue again.
	Released int `json:"released,omitempty"`
	// Paused objects stay held: approve them when their pause has ended.
	Paused []model.Key `json:"paused,omitempty"`
	// Source says that a source that went back was accepted.
	Source bool `json:"source,omitempty"`
	// Database says that another database was accepted.
	Database bool `json:"database,omitempty"`
	// FirstPlan says that the tenant's first plan was approved.
	FirstPlan bool `json:"firstPlan,omitempty"`
	// Earlier is the approval of the very same that was given before.
	Earlier *Act      `json:"earlier,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Next    string    `json:"next"`
}

// which is what an operator decides on: what a plan held under a hash, of some kinds or keys or all of it; or, without a hash,
// what is held of a single key.
type which struct {
	op    string
	hash  string
	kinds []model.Kind
	keys  []model.Key
}

// narrow says that it is not all that the hash covers: whatever stands or falls as a whole is not decided by it.
func (w which) narrow() bool { return len(w.kinds)+len(w.keys) > 0 }

func (w which) covers(k model.Key) bool {
	return (len(w.kinds) == 0 || slices.Contains(w.kinds, k.Kind)) && (len(w.keys) == 0 || slices.Contains(w.keys, k))
}

// check refuses what names nothing.
func (w which) check() error {
	if w.hash == "" && len(w.keys) != 1 {
		return model.Errorf(model.CodeNotFound, w.op, "nothing is held without a hash: give the one that the plan shows, or a single key")
	}
	return nil
}

// nothing is the error of an operator who named what nobody holds.
func (w which) nothing() error {
	of := ""
	if w.narrow() {
		of = fmt.Sprintf(" for %v", append(namesOf(w.kinds), namesOf(w.keys)...))
	}
	if w.hash == "" {
		return model.Errorf(model.CodeNotFound, w.op, "nothing is held%s that can be approved: see sync list for what is held", of)
	}
	return model.Errorf(model.CodeNotFound, w.op, "nothing is held under the hash %q%s: see sync list for what is held, and sync plan for today's hashes", w.hash, of)
}

// String names it in the list of acts.
func (w which) String() string {
	var words []string
	if w.hash != "" {
		words = append(words, "plan "+w.hash)
	}
	return strings.Join(append(append(words, namesOf(w.kinds)...), namesOf(w.keys)...), ", ")
}

// namesOf writes kinds or keys.
func namesOf[T any](of []T) []string {
	names := make([]string, 0, len(of))
	for _, x := range of {
		names = append(names, fmt.Sprint(x))
	}
	return names
}

// Approve lets the changes that a plan held under the hash pass, once, for as long as an approval lasts: those of
// the given kinds and keys, or all that the hash covers. The hash is one that a plan of the last 24 hours showed: of the whole
// plan, of everything held, or of one kind. A single key needs no hash: what is held of it now passes. The hash of a source
// that went back accepts the source, and nothing else does. What came since is not covered, and does not void the approval of
// what Engage still wants.
//
// Errors: not_found when nothing is held under the hash; conflict while a run holds the lease.
func (r *Runner) Approve(ctx context.Context, hash string, kinds []model.Kind, by By, keys ...model.Key) (Decision, error) {
	return r.decide(ctx, which{op: "approve", hash: hash, kinds: kinds, keys: keys}, by, r.approve)
}

// decide carries a decision out under the lease.
func (r *Runner) decide(ctx context.Context, w which, by By, do func(context.Context, int64, which, By) (Decision, error)) (Decision, error) {
	if err := w.check(); err != nil {
		return Decision{}, err
	}
	lease, err := r.patientLease(ctx)
	if err != nil {
		return Decision{}, err
	}
	var d Decision
	err = r.under(ctx, lease, func(ctx context.Context) error {
		d, err = do(ctx, lease.Run, w, by)
		return err
	})
	return d, err
}

func (r *Runner) approve(ctx context.Context, run int64, w which, by By) (Decision, error) {
	ctx, side, err := r.enter(ctx)
	if err != nil {
		return Decision{}, err
	}
	held, err := r.loadHeld(ctx, side)
	if err != nil {
		return Decision{}, err
	}
	if !w.narrow() {
		if d, is, err := r.acceptDatabase(ctx, run, w.hash, by); is || err != nil {
			return d, err
		}
	}
	earlier, err := r.approvedBefore(ctx, w)
	if err != nil {
		return Decision{}, err
	}
	items, err := r.heldUnder(ctx, held, w)
	if model.CodeOf(err) == model.CodeNotFound && earlier != nil {
		return Decision{}, model.Errorf(model.CodeNotFound, w.op, "it was already approved%s at %s, and nothing of it is held any more: see history for what became of it", byWhom(earlier.By), earlier.At.UTC().Format(time.RFC3339))
	}
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Earlier: earlier, Until: r.Now().Add(r.Settings.Approval), Source: held.acceptsSource(w), Next: "the next run makes these changes; invoke sync to have it now"}
	// The hash of one kind approves that kind's part of the first plan and no more.
	d.FirstPlan = held.isFirstPlan(w)
	if err := mayApprove(d, held, side); err != nil {
		return Decision{}, err
	}
	if err := r.grant(ctx, run, side.table, items, &d, by); err != nil {
		return d, err
	}
	// Last, so that a crash leaves a tenant that only plans, not one that goes on without what was approved.
	if d.FirstPlan {
		if err := r.approveFirst(ctx, run, side, w.hash); err != nil {
			return d, err
		}
	}
	r.acted(ctx, mapping.ActionApprove, w.String(), by)
	r.Log.InfoContext(ctx, "approved", "run", run, "hash", w.hash, "kinds", w.kinds, "keys", w.keys, "changes", len(d.Changes), "source", d.Source, "firstPlan", d.FirstPlan, "who", by.Who, "note", by.Note)
	return d, nil
}

// mayApprove refuses to approve a first plan that is not complete, and to approve a part of one for another organisation.
func mayApprove(d Decision, held heldDocument, side side) error {
	n := held.count(plan.HeldLooking)
	switch {
	case d.FirstPlan && n > 0:
		return model.Errorf(model.CodeConflict, "approve", "the first plan is not complete: %d objects are still looked up in the EX Org; approve the plan of a later run, in which nothing is looking any more", n)
	case side.unknown:
		return model.Errorf(model.CodeConflict, "approve", "%s", side.foreignReason())
	case side.foreign && !d.FirstPlan:
		return model.Errorf(model.CodeConflict, "approve", "%s: it is approved whole, by the hash of the whole plan", side.foreignReason())
	default:
		return nil
	}
}

// grant notes the approvals and lets the rows go that workers held.
func (r *Runner) grant(ctx context.Context, run int64, table string, items []heldItem, d *Decision, by By) error {
	a, err := loadApprovals(ctx, r.Table, table)
	if err != nil {
		return err
	}
	for _, i := range items {
		d.Changes = append(d.Changes, i.Key)
		if i.Version == 0 {
			a.Items = append(a.Items, approval{ID: i.ID, Parts: i.Parts, Kind: i.Key.Kind, Until: d.Until, By: by})
		}
	}
	if d.Source {
		a.SourceUntil, a.SourceBy = d.Until, by
	}
	if err := save(ctx, r.Table, docApprovals, run, a); err != nil {
		return err
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return err
	}
	line := r.line()
	for _, i := range items {
		if i.Version == 0 {
			continue
		}
		if pauses.Covers(i.Key) {
			d.Paused = append(d.Paused, i.Key)
			continue // its approval would outlive the hour that approvals last
		}
		released, err := r.releaseHeld(ctx, run, i, by, line)
		if err != nil {
			return err
		}
		d.Released += released
	}
	return nil
}

// loadHeld reads what the last whole run held. What was planned for another table or another organisation is not approved: a run
// must plan first.
func (r *Runner) loadHeld(ctx context.Context, side side) (heldDocument, error) {
	var held heldDocument
	if err := load(ctx, r.Table, docHeld, &held); err != nil {
		return held, err
	}
	if side.approved || held.Hash == "" {
		return held, nil
	}
	switch {
	case held.Table != side.table:
		return held, model.Errorf(model.CodeConflict, "approve", "the mapping table was restored from a backup and no run has planned on it yet: invoke sync, then approve the hash of that plan")
	case held.Org != side.org.ID:
		return held, model.Errorf(model.CodeConflict, "approve", "the credentials lead to the organisation %s, and the plan was made for another one: invoke sync, then approve the hash of that plan", side.org)
	}
	return held, nil
}

// isFirstPlan reports whether the operator means the whole of a first plan.
func (h heldDocument) isFirstPlan(w which) bool {
	return h.First && !w.narrow() && (w.hash == h.Hash || w.hash == h.All)
}

func (h heldDocument) acceptsSource(w which) bool {
	return h.WentBack != "" && w.hash != "" && w.hash == h.Source && !w.narrow()
}

// heldUnder gives what a plan of the last day held under the hash, as far as the operator means it. A first plan is approved
// as it stands: the hash of an earlier one would open the door for what nobody was shown.
func (r *Runner) heldUnder(ctx context.Context, held heldDocument, w which) ([]heldItem, error) {
	items, latest := held.under(w)
	switch {
	case latest == nil || held.First:
		return items, latest
	case w.hash == "":
		return r.heldRow(ctx, w, latest)
	}
	var shown shownDocument
	if err := load(ctx, r.Table, docShown, &shown); err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(shown.under(w.hash, r.Now()), func(i heldItem) bool { return !i.grantable() || !w.covers(i.Key) })
	if len(items) == 0 {
		return nil, latest
	}
	return items, nil
}

// heldRow gives the row of a single key that a worker held since the last run.
func (r *Runner) heldRow(ctx context.Context, w which, none error) ([]heldItem, error) {
	rows, err := r.Table.GetMany(ctx, w.keys)
	if err != nil {
		return nil, err
	}
	row := rows[w.keys[0]]
	if row.State != mapping.StateHeld {
		return nil, none
	}
	return []heldItem{{Key: row.Key, Code: plan.HeldGuard, Version: row.Version}}, nil
}

// grantable says whether an approval has anything to say to it: what waits with a held change is approved beside that.
func (h heldItem) grantable() bool { return h.Code.Approvable() || h.Code == plan.HeldDepends }

// under gives the held changes that the operator means. A first plan has no part that goes without its hash.
func (h heldDocument) under(w which) ([]heldItem, error) {
	covered := func(k model.Kind) bool {
		if w.hash == "" {
			return !h.First
		}
		return w.hash == h.Hash || w.hash == h.All || w.hash == h.Kinds[k]
	}
	var items []heldItem
	for _, i := range h.Items {
		if i.grantable() && covered(i.Key.Kind) && w.covers(i.Key) {
			items = append(items, i)
		}
	}
	open := slices.ContainsFunc(items, func(i heldItem) bool { return i.Code.Approvable() })
	if !open && !h.acceptsSource(w) && !(h.Unfinished && h.isFirstPlan(w)) {
		return nil, w.nothing()
	}
	return items, nil
}

func (r *Runner) approveFirst(ctx context.Context, run int64, side side, hash string) error {
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return err
	}
	site.FirstPlan, site.FirstPlanHash, site.Table = r.Now(), hash, r.TableName
	if err := save(ctx, r.Table, docSite, run, site); err != nil {
		return err
	}
	return sides.Save(ctx, r.Table, run, side.accepted(r.Now()))
}

// releaseHeld lets a row that a worker held pass the guard and sends its message. A row that has moved on since it was
// shown, or is gone, is not what the operator approved: it is left alone.
func (r *Runner) releaseHeld(ctx context.Context, run int64, i heldItem, by By, line *dispatch.Line) (int, error) {
	row, err := r.Table.Release(ctx, i.Key, i.Version, true, model.CauseApproval, r.Now())
	if code := model.CodeOf(err); code == model.CodeNotFound || code == model.CodeStale {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("release %s: %w", i.Key, err)
	}
	if err := r.note(ctx, row, mapping.ActionApprove, by); err != nil {
		return 1, err
	}
	_, err = line.Dispatch(ctx, queue.Message{Key: row.Key, Version: row.Version, Token: r.NewToken(), Cause: model.CauseApproval, Run: run})
	return 1, err
}

// Discard takes approvals that were not used yet back and forgets what the last run held: waits for a second read begin
// anew, and what Engage still asks for is held again by the next run.
func (r *Runner) Discard(ctx context.Context, hash string, kinds []model.Kind, by By, keys ...model.Key) (Decision, error) {
	return r.decide(ctx, which{op: "discard", hash: hash, kinds: kinds, keys: keys}, by, r.discard)
}

func (r *Runner) discard(ctx context.Context, run int64, w which, by By) (Decision, error) {
	ctx, side, err := r.enter(ctx)
	if err != nil {
		return Decision{}, err
	}
	held, err := r.loadHeld(ctx, side)
	if err != nil {
		return Decision{}, err
	}
	items, err := held.under(w)
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
	if held.acceptsSource(w) {
		a.SourceUntil = time.Time{}
	}
	held.Items = slices.DeleteFunc(held.Items, func(i heldItem) bool { return gone[i.ID] })
	if err := save(ctx, r.Table, docApprovals, run, a); err != nil {
		return d, err
	}
	r.acted(ctx, mapping.ActionDiscard, w.String(), by)
	r.Log.InfoContext(ctx, "discarded", "run", run, "hash", w.hash, "kinds", w.kinds, "keys", w.keys, "changes", len(d.Changes), "who", by.Who, "note", by.Note)
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
		if ended := r.Sleep(ctx, leaseAsk); ended != nil {
			return mapping.Lease{}, fmt.Errorf("wait for the run under way: %w", ended)
		}
	}
}

// sleep waits by the wall clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("sleep: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
